"""What was tried to pay a settlement: each attempt, and the files that asked the bank for it."""

from typing import Any

from django.http import HttpRequest

from invoicing.admin.figures import entry_page, figure
from organizations.models import Organization
from settlements.admin.figures import BADGES, in_groups, page_of
from settlements.models import BatchFormat, PayoutStatus, Settlement
from settlements.selectors.batches import list_batches

MOST_FILES = 50


def attempts_shown(request: HttpRequest, settlement: Settlement) -> list[dict[str, Any]]:
    """The latest first; the settlement comes with them."""
    return [
        {
            "payout": payout,
            "status": PayoutStatus(payout.status).label,
            "badge": BADGES[payout.status],
            "iban": in_groups(payout.iban),
            "amount": figure(payout.amount, payout.currency),
            "entry_url": entry_page(request, payout.entry_id),
            "return_url": entry_page(request, payout.return_entry_id),
        }
        for payout in settlement.payouts.all()
    ]


def files_of(organization: Organization, settlement: Settlement) -> list[dict[str, Any]]:
    """The files that asked the bank to pay it, the latest first."""
    batches = list_batches(organization, settlement=settlement)[:MOST_FILES]
    return [
        {
            "url": page_of("payoutbatch", batch.pk),
            "batch": batch,
            "format": BatchFormat(batch.format).label,
            "download": page_of("payoutbatch", batch.pk, "file"),
            "amount": figure(batch.control_sum_amount, batch.currency),
        }
        for batch in batches
    ]
