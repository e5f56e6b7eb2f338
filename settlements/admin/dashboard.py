"""What the overview says of settlements: what is to be paid, and what waits for approval."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest

from core.admin import may
from invoicing.admin.dashboard import dashboard as invoicing_dashboard
from ledger.admin.amounts import AmountCell
from ledger.admin.dashboard import Tile
from organizations.models import Organization
from settlements.admin.figures import list_of
from settlements.models import Payee, SettlementStatus
from settlements.selectors.waiting import OpenSettlements, open_settlements


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Invoicing's overview, with the settlements that are not paid."""
    shown = invoicing_dashboard(request, context)
    organization: Organization | None = getattr(request, "organization", None)
    if organization is not None and may(request, "settlements.view_settlement"):
        shown["tiles"] += settlement_tiles(organization)
    return shown


def settlement_tiles(organization: Organization) -> list[Tile]:
    """None while nobody is a payee."""
    found = open_settlements(organization)
    if not found and not Payee.objects.of(organization).exists():
        return []
    page = list_of("settlement")
    failed = sum(one.count for one in found if one.status == SettlementStatus.FAILED)
    count = sum(one.count for one in found)
    waiting = [one for one in found if one.status == SettlementStatus.PENDING]
    waiting_count = sum(one.count for one in waiting)
    return [
        Tile(
            "Open settlements",
            "account_balance_wallet",
            f"{page}?status=open",
            _amounts(found),
            text="" if found else "None",
            note=_note(count, failed),
            kind="ch-warn" if failed else "",
        ),
        Tile(
            "Waiting for approval",
            "approval",
            f"{page}?status=pending",
            _amounts(waiting),
            text="" if waiting else "None",
            note=f"{waiting_count:,} {_settlements(waiting_count)}"
            if waiting
            else "Everything is approved",
            kind="ch-warn" if waiting else "",
        ),
    ]


def _note(count: int, failed: int) -> str:
    if not count:
        return "Everything is paid"
    said = f"{count:,} {_settlements(count)} not paid"
    return f"{said}, {failed:,} failed" if failed else said


def _settlements(count: int) -> str:
    return "settlement" if count == 1 else "settlements"


def _amounts(found: Sequence[OpenSettlements]) -> list[AmountCell]:
    sums: dict[str, int] = {}
    for one in found:
        sums[one.currency] = sums.get(one.currency, 0) + one.amount
    return [AmountCell(amount, currency) for currency, amount in sums.items()]
