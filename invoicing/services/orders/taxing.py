"""What an order comes to, and the snapshot that says so for good; no database in here."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from core.errors import AmountOutOfRange
from core.money import MOST_MINOR_UNITS
from invoicing.models import Order, OrderItem, OrderTaxLine
from invoicing.rules import plain_number
from invoicing.services.orders.drafts import ItemDraft
from invoicing.tax import Line, Rate, Rounding, Taxed, calculate


def tax_items(
    items: Sequence[OrderItem | ItemDraft],
    rates: Sequence[tuple[Rate, ...]],
    rounding: Rounding,
) -> Taxed:
    """The tax of items, each at its rates.

    Raises:
        AmountOutOfRange: the total exceeds 64 bits.
    """
    lines = [
        Line(item.quantity, item.unit_amount, item.discount_amount, of_item)
        for item, of_item in zip(items, rates, strict=True)
    ]
    taxed = calculate(lines, rounding)
    # Nothing is below zero, so every part of it is smaller.
    if taxed.total_amount > MOST_MINOR_UNITS:
        raise AmountOutOfRange()
    return taxed


def apply_tax(
    order: Order, items: Sequence[OrderItem], rates: Sequence[tuple[Rate, ...]], taxed: Taxed
) -> list[OrderTaxLine]:
    """Put the amounts into the order and its items; the tax lines that go with them."""
    for item, of_item, line in zip(items, rates, taxed.lines, strict=True):
        item.tax_codes = [rate.code for rate in of_item]
        item.net_amount = line.net_amount
        item.tax_amount = line.tax_amount
        item.total_amount = line.total_amount
    order.subtotal_amount = taxed.subtotal_amount
    order.tax_amount = taxed.tax_amount
    order.total_amount = taxed.total_amount
    return [
        OrderTaxLine(
            organization_id=order.organization_id,
            order_id=order.pk,
            position=position,
            code=charged.rate.code,
            name=charged.rate.name,
            percentage=charged.rate.percentage,
            country=charged.rate.country,
            region=charged.rate.region,
            category=charged.rate.category,
            inclusive=charged.rate.inclusive,
            compound=charged.rate.compound,
            taxable_amount=charged.taxable_amount,
            tax_amount=charged.tax_amount,
        )
        for position, charged in enumerate(taxed.rates, start=1)
    ]


def snapshot_of(
    order: Order,
    items: Sequence[OrderItem],
    tax_lines: Sequence[OrderTaxLine],
    taxed: Taxed,
) -> dict[str, Any]:
    """All that the amounts follow from, with the amounts; in JSON's own types."""
    on: date | None = order.taxed_on
    return {
        "currency": order.currency,
        "country": order.country,
        "region": order.region,
        "taxed_on": on.isoformat() if on else None,
        "rounding": order.rounding,
        "items": [
            _item_snapshot(item, line.taxes) for item, line in zip(items, taxed.lines, strict=True)
        ],
        "tax_lines": [_tax_line_snapshot(line) for line in tax_lines],
        "subtotal_amount": order.subtotal_amount,
        "tax_amount": order.tax_amount,
        "total_amount": order.total_amount,
    }


def _item_snapshot(item: OrderItem, taxes: Sequence[int]) -> dict[str, Any]:
    return {
        "position": item.position,
        "sku": item.sku,
        "description": item.description,
        "quantity": plain_number(item.quantity),
        "unit_amount": item.unit_amount,
        "discount_amount": item.discount_amount,
        "net_amount": item.net_amount,
        "tax_amount": item.tax_amount,
        "total_amount": item.total_amount,
        "revenue_account": item.revenue_account.code if item.revenue_account else None,
        "taxes": [
            {"code": code, "tax_amount": amount}
            for code, amount in zip(item.tax_codes or (), taxes, strict=True)
        ],
    }


def _tax_line_snapshot(line: OrderTaxLine) -> dict[str, Any]:
    return {
        "code": line.code,
        "name": line.name,
        "percentage": plain_number(line.percentage),
        "country": line.country,
        "region": line.region,
        "category": line.category,
        "inclusive": line.inclusive,
        "compound": line.compound,
        "taxable_amount": line.taxable_amount,
        "tax_amount": line.tax_amount,
    }
