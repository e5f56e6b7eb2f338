"""What was done last for a payee, as their page shows it."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from invoicing.admin.figures import entry_page, figure
from organizations.models import Organization
from settlements.admin.figures import BADGES, page_of, settlement_name
from settlements.models import (
    Adjustment,
    Payee,
    PayeeItem,
    Refund,
    Sale,
    Settlement,
    SettlementStatus,
)
from settlements.selectors.items import list_adjustments, list_refunds, list_sales
from settlements.selectors.settlements import list_settlements

MOST_RECENT = 8


def recent_settlements(organization: Organization, payee: Payee) -> list[dict[str, Any]]:
    return [
        settlement_line(settlement)
        for settlement in list_settlements(organization, payee=payee)[:MOST_RECENT]
    ]


def settlement_line(settlement: Settlement) -> dict[str, Any]:
    return {
        "url": page_of("settlement", settlement.pk),
        "name": settlement_name(settlement),
        "through": settlement.through,
        "due_on": settlement.due_on,
        "count": settlement.item_count,
        "status": SettlementStatus(settlement.status).label,
        "badge": BADGES[settlement.status],
        "total": figure(settlement.total_amount, settlement.currency),
    }


def recent_items(
    request: HttpRequest, organization: Organization, payee: Payee
) -> list[dict[str, Any]]:
    """The latest sales, refunds and adjustments together."""
    found = [
        (getattr(row, on), row)
        for select, on in (
            (list_sales, "sold_on"),
            (list_refunds, "refunded_on"),
            (list_adjustments, "adjusted_on"),
        )
        for row in _last(select(organization, payee=payee), on)
    ]
    found.sort(key=lambda one: (one[0], one[1].pk), reverse=True)
    return [item_line(request, row, on) for on, row in found[:MOST_RECENT]]


def _last(rows: QuerySet[Any], on: str) -> QuerySet[Any]:
    return rows.select_related("event", "settlement").order_by(f"-{on}", "-id")[:MOST_RECENT]


def item_line(request: HttpRequest, row: Any, on: Any) -> dict[str, Any]:
    kinds: dict[type[PayeeItem], str] = {Sale: "Sale", Refund: "Refund"}
    settlement = row.settlement
    return {
        "url": page_of(row._meta.model_name, row.pk),
        "kind": row.get_kind_display() if isinstance(row, Adjustment) else kinds[type(row)],
        "reference": row.reference,
        "on": on,
        "event": row.event.code if row.event else "",
        "amount": figure(row.payable_amount, row.currency),
        "settlement": settlement_name(settlement) if settlement else "",
        "settlement_url": page_of("settlement", settlement.pk) if settlement else "",
        "entry_url": entry_page(request, row.entry_id),
    }
