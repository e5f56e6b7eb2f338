"""Orders that are locked as they are made: what was sold is settled, and nobody edits a draft."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.utils import timezone

from core.db import require_transaction
from invoicing.errors import OrderIsEmpty
from invoicing.models import Customer, Order
from invoicing.selectors.profile import rounding_of
from invoicing.services.orders.accounts import revenue_accounts
from invoicing.services.orders.creating import (
    as_audited_draft,
    check_customer,
    check_metadata,
    check_order_currency,
    check_reference,
)
from invoicing.services.orders.drafts import ItemDraft, check_items
from invoicing.services.orders.locking import as_audited_lock, freeze, work_out
from invoicing.services.orders.places import place_of_sale
from invoicing.services.orders.rows import insert_taxed_order, new_items
from organizations.actors import Actor
from organizations.services.auditing import Audit


def add_locked_order(
    audit: Audit,
    actor: Actor,
    *,
    currency: str,
    items: Sequence[ItemDraft],
    customer: Customer | None = None,
    reference: str = "",
    metadata: Mapping[str, Any] | None = None,
    country: str | None = None,
    region: str | None = None,
    on: date | None = None,
    now: datetime | None = None,
) -> Order:
    """What `add_order` and `lock` come to, by half as many statements: items go in with their
    amounts, and nothing has to be read again that no other can have changed.

    Raises:
        What `create_order` and `lock_order` raise.
    """
    require_transaction()
    now = now or timezone.now()
    organization = actor.organization
    on = on or organization.today(now)
    drafts = check_items(items)
    if not drafts:
        raise OrderIsEmpty(order=reference or "without a name")
    place = place_of_sale(organization, check_customer(organization, customer), country, region)
    order = Order(
        organization=organization,
        currency=check_order_currency(currency),
        customer=customer,
        reference=check_reference(reference),
        metadata=check_metadata(metadata or {}),
    )
    rows = new_items(order, drafts, revenue_accounts(organization, drafts, currency))
    tax_lines = work_out(order, rows, place=place, on=on, rounding=rounding_of(organization))
    order.locked_at = now
    insert_taxed_order(order, rows, tax_lines)
    freeze(order)
    audit(order, after=as_audited_draft(order, len(rows)))
    audit.event("order_locked", order, **as_audited_lock(order))
    return order
