"""What tests of orders draft: mugs, and the rates that they are sold under."""

from datetime import date
from decimal import Decimal
from typing import Any

from invoicing.models import Customer, Order, TaxRate
from invoicing.services.customers import create_customer
from invoicing.services.orders import ItemDraft, create_order, lock_order
from invoicing.services.tax_rates import create_tax_rate
from organizations.actors import Actor

DAY = date(2026, 3, 10)


def mug(quantity: Any = 1, unit_amount: Any = 10_00, **others: Any) -> ItemDraft:
    """A mug, at 10.00 unless another price is given."""
    number = Decimal(quantity) if isinstance(quantity, str) else quantity
    return ItemDraft(others.pop("description", "Mug"), number, unit_amount, **others)


def rate(actor: Actor, code: str, percentage: str, **others: Any) -> TaxRate:
    return create_tax_rate(
        actor=actor, code=code, name=code, percentage=Decimal(percentage), **others
    )


def vat(actor: Actor, percentage: str = "20", **others: Any) -> TaxRate:
    """GB-S, of Britain."""
    return rate(actor, "GB-S", percentage, country="GB", **others)


def lindqvist(actor: Actor, **others: Any) -> Customer:
    """A customer in Britain."""
    given = {"name": "Lindqvist & Co", "code": "C-1", "country": "GB"}
    return create_customer(actor=actor, **{**given, **others})


def draft(actor: Actor, *items: ItemDraft, **others: Any) -> Order:
    given = {"currency": "GBP", "items": items or [mug()]}
    return create_order(actor=actor, **{**given, **others})


def locked(actor: Actor, *items: ItemDraft, country: str = "GB", **others: Any) -> Order:
    """Drafted and locked on DAY."""
    return lock_order(actor=actor, order=draft(actor, *items, **others), country=country, on=DAY)


def frozen(order: Order) -> dict[str, Any]:
    """The snapshot of a locked order."""
    snapshot: dict[str, Any] | None = order.snapshot
    assert snapshot is not None
    return snapshot
