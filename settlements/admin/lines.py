"""The lines of a settlement on its page: so many at a time, however many there are."""

from datetime import date
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest

from invoicing.admin.figures import entry_page, figure
from ledger.admin.amounts import AmountCell
from organizations.models import Organization
from settlements.admin.figures import page_of, signed_cell
from settlements.models import Settlement
from settlements.selectors.settlements import SettlementLine, settlement_lines

MOST_LINES = 100
_KINDS = {"sale": "Sale", "refund": "Refund", "adjustment": "Adjustment", "fee": "Fee"}
_PAGES = {"sale": "sale", "refund": "refund", "adjustment": "adjustment", "fee": "adjustment"}


def lines_shown(
    request: HttpRequest, organization: Organization, settlement: Settlement
) -> dict[str, Any]:
    """The lines after or before the place that the address names, and where to go on."""
    after, before = _place(request.GET.get("after", "")), _place(request.GET.get("before", ""))
    if before is not None:
        after = None
    # One more than is shown tells whether there is more.
    found = settlement_lines(
        organization, settlement, after=after, before=before, most=MOST_LINES + 1
    )
    is_cut = len(found) > MOST_LINES
    lines = (found[1:] if before else found[:-1]) if is_cut else found
    has_earlier, has_later = (is_cut, True) if before else (after is not None, is_cut)
    return {
        "lines": [_shown(request, line) for line in lines],
        "is_paged": has_earlier or has_later,
        "earlier": _address("before", lines[0]) if lines and has_earlier else "",
        "later": _address("after", lines[-1]) if lines and has_later else "",
    }


def _shown(request: HttpRequest, line: SettlementLine) -> dict[str, Any]:
    is_refund = line.kind == "refund"
    is_of_a_sale = line.kind in ("sale", "refund")
    return {
        "on": line.occurred_on,
        "kind": _KINDS[line.kind],
        "url": page_of(_PAGES[line.kind], line.id),
        "reference": line.reference,
        "sale_url": page_of("sale", line.sale_id) if is_refund else "",
        "event": line.event,
        "description": line.description,
        "total": signed_cell(line.total_amount, line.currency) if is_of_a_sale else "",
        "fee": AmountCell(-line.platform_fee, line.currency),
        "tax": AmountCell(-line.tax_amount, line.currency),
        "amount": figure(line.amount, line.currency),
        "entry_url": entry_page(request, line.journal_entry_id),
    }


def _place(text: str) -> tuple[date, UUID] | None:
    """A place in the order of the lines; None where the text is none."""
    day, _, id = text.partition("_")
    try:
        return date.fromisoformat(day), UUID(id)
    except ValueError:
        return None


def _address(name: str, line: SettlementLine) -> str:
    on, id = line.place
    return f"?{urlencode({name: f'{on.isoformat()}_{id}'})}#lines"
