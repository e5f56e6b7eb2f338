"""Drafts changed, and orders cancelled."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone

from invoicing.errors import OrderCancelled, OrderHasAnInvoice, OrderLocked
from invoicing.models import Order, OrderItem, OrderStatus
from invoicing.rules import plain_number
from invoicing.selectors.orders import get_order
from invoicing.services.locking import lock_order as hold_order
from invoicing.services.orders.accounts import revenue_accounts
from invoicing.services.orders.creating import (
    check_customer,
    check_metadata,
    check_order_currency,
    check_reference,
)
from invoicing.services.orders.drafts import ItemDraft, check_items
from invoicing.services.orders.rows import insert_items, new_items
from organizations.actors import Actor
from organizations.models import Organization
from organizations.services.auditing import atomic_use_case

FIELDS = ("currency", "customer", "reference", "metadata")


def change_order(*, actor: Actor, order: Order, **changes: Any) -> Order:
    """Change of a draft what is given: `FIELDS`, or `items`, which replaces all of them.

    Raises:
        OrderNotFound, OrderLocked, OrderCancelled: it is no draft of this organization.
        As create_order does.
    """
    unknown = set(changes) - {*FIELDS, "items"}
    if unknown:
        raise TypeError(f"an order has no {', '.join(sorted(unknown))} to change")
    with atomic_use_case(actor, "change_order") as audit:
        draft = _held_draft(actor.organization, order)
        before = _as_audited(draft)
        _apply(draft, changes)
        if "items" in changes:
            _replace_items(draft, changes["items"])
        elif draft.currency != before["currency"]:
            check_revenue_accounts(draft)
        after = _as_audited(draft)
        changed = [name for name in after if after[name] != before[name]]
        if changed:
            audit(
                draft,
                before={name: before[name] for name in changed},
                after={name: after[name] for name in changed},
            )
    return draft


def cancel_order(*, actor: Actor, order: Order, now: datetime | None = None) -> Order:
    """Give up a draft, or a locked order that has not been invoiced; it stays to be read.

    Raises:
        OrderNotFound: there is none, or it is another organization's.
        OrderCancelled: it is cancelled already.
        OrderHasAnInvoice: a credit note takes that back instead.
    """
    with atomic_use_case(actor, "cancel_order") as audit:
        row = hold_order(actor.organization, order.pk)
        if row.status == OrderStatus.CANCELLED:
            raise OrderCancelled(order=row.name)
        if row.invoices.exists():
            raise OrderHasAnInvoice(order=row.name)
        before = row.status
        row.status = OrderStatus.CANCELLED
        row.cancelled_at = now or timezone.now()
        row.save(update_fields=["status", "cancelled_at"])
        audit(row, before={"status": before}, after={"status": row.status})
        return get_order(actor.organization, row.pk)


def _held_draft(organization: Organization, order: Order) -> Order:
    """Raises OrderNotFound, OrderLocked, OrderCancelled."""
    row = hold_order(organization, order.pk)
    if row.status == OrderStatus.CANCELLED:
        raise OrderCancelled(order=row.name)
    if row.status != OrderStatus.DRAFT:
        raise OrderLocked(order=row.name, status=row.status)
    return get_order(organization, row.pk)


def _apply(order: Order, changes: dict[str, Any]) -> None:
    if "currency" in changes:
        order.currency = check_order_currency(changes["currency"])
    if "customer" in changes:
        order.customer = check_customer(order.organization, changes["customer"])
    if "reference" in changes:
        order.reference = check_reference(changes["reference"])
    if "metadata" in changes:
        order.metadata = check_metadata(changes["metadata"])
    changed = [name for name in FIELDS if name in changes]
    if changed:
        order.save(update_fields=changed)


def _replace_items(order: Order, items: Sequence[ItemDraft]) -> None:
    drafts = check_items(items)
    accounts = revenue_accounts(order.organization, drafts, order.currency)
    OrderItem.objects.of(order.organization).filter(order_id=order.pk).delete()
    insert_items(order, new_items(order, drafts, accounts))


def check_revenue_accounts(order: Order) -> None:
    """That the accounts which the items name take revenue in the order's currency. Raises
    InvalidRevenueAccount."""
    revenue_accounts(order.organization, _drafts_of(order.items.all()), order.currency)


def _drafts_of(items: Iterable[OrderItem]) -> list[ItemDraft]:
    return [
        ItemDraft(
            description=item.description,
            quantity=item.quantity,
            unit_amount=item.unit_amount,
            discount_amount=item.discount_amount,
            sku=item.sku,
            tax_codes=item.tax_codes,
            revenue_account=item.revenue_account.code if item.revenue_account else None,
        )
        for item in items
    ]


def _as_audited(order: Order) -> dict[str, Any]:
    return {
        "reference": order.reference,
        "customer": order.customer_id,
        "currency": order.currency,
        "metadata": order.metadata,
        "items": [_item_as_audited(item) for item in order.items.all()],
    }


def _item_as_audited(item: OrderItem) -> dict[str, Any]:
    return {
        "sku": item.sku,
        "description": item.description,
        "quantity": plain_number(item.quantity),
        "unit_amount": item.unit_amount,
        "discount_amount": item.discount_amount,
        "tax_codes": item.tax_codes,
        "revenue_account": item.revenue_account.code if item.revenue_account else None,
    }
