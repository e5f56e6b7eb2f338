"""The parts and rates of a locked order, from its snapshot."""

from decimal import Decimal
from typing import Any

from invoicing.models import Order, OrderItem
from invoicing.parts import Part, parts_of_items
from invoicing.tax import Rate


def parts_of_order(order: Order) -> list[Part]:
    """One part for each item, in the order of their positions.

    The snapshot names revenue accounts by code, which may have changed since: where an item has an
    account of its own, the items are asked for its id.
    """
    snapshot: dict[str, Any] = order.snapshot or {}
    if not any(item["revenue_account"] for item in snapshot["items"]):
        return parts_of_items(snapshot)
    accounts = dict(
        OrderItem.objects.of(order.organization_id)
        .filter(order_id=order.pk, revenue_account__isnull=False)
        .values_list("position", "revenue_account_id")
    )
    return parts_of_items(snapshot, accounts)


def rates_of_order(order: Order) -> dict[str, Rate]:
    """The rates as they were when the order was locked, by code, in its own order."""
    snapshot: dict[str, Any] = order.snapshot or {}
    return {
        line["code"]: Rate(
            code=line["code"],
            name=line["name"],
            percentage=Decimal(line["percentage"]),
            country=line["country"],
            region=line["region"],
            inclusive=line["inclusive"],
            compound=line["compound"],
            category=line["category"],
        )
        for line in snapshot["tax_lines"]
    }
