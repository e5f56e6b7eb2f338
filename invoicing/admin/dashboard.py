"""What the overview says of sales: what is owed on invoices, and what of it is late."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

from core.admin import may
from invoicing.models import Invoice
from invoicing.selectors.balances import open_invoices
from ledger.admin.amounts import AmountCell
from ledger.admin.dashboard import Tile
from ledger.admin.dashboard import dashboard as ledger_dashboard
from organizations.models import Organization


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """The ledger's overview, with the open invoices before what is closed and checked."""
    shown = ledger_dashboard(request, context)
    organization: Organization | None = getattr(request, "organization", None)
    if organization is not None and may(request, "invoicing.view_invoice"):
        shown["tiles"] += invoice_tiles(organization)
    return shown


def invoice_tiles(organization: Organization) -> list[Tile]:
    """None while nothing has been invoiced."""
    found = open_invoices(organization, today=organization.today())
    if not found and not Invoice.objects.of(organization).exists():
        return []
    page = reverse("admin:invoicing_invoice_changelist")
    late = [one for one in found if one.overdue_count]
    count, late_count = (sum(one.open_count for one in found), sum(o.overdue_count for o in late))
    return [
        Tile(
            "Open invoices",
            "receipt_long",
            f"{page}?{urlencode({'status': 'owed'})}",
            [AmountCell(one.open_amount, one.currency) for one in found],
            text="" if found else "None",
            note=f"{count:,} not settled" if found else "Everything is settled",
        ),
        Tile(
            "Overdue",
            "alarm",
            f"{page}?{urlencode({'status': 'overdue'})}",
            [AmountCell(one.overdue_amount, one.currency) for one in late],
            text="" if late else "None",
            note=f"{late_count:,} past the due date" if late else "Nothing is late",
            kind="ch-warn" if late else "",
        ),
    ]
