"""The lock: an order's amounts are computed, and from then on nothing about it changes."""

import json
from collections.abc import Sequence
from datetime import date, datetime

from django.utils import timezone

from core.db import prepared_cursor, require_transaction
from core.db.prepared import array_parameter
from core.db.rows import as_instance, columns_of
from invoicing.errors import (
    InvalidRevenueAccount,
    OrderCancelled,
    OrderIsEmpty,
    OrderLocked,
    OrderNotFound,
)
from invoicing.models import Customer, Order, OrderItem, OrderStatus, OrderTaxLine
from invoicing.services.orders.creating import check_customer
from invoicing.services.orders.places import check_reverse_charge, place_of_sale, rates_of_items
from invoicing.services.orders.rows import attach, codes_parameter, tax_line_columns
from invoicing.services.orders.taxing import apply_tax, snapshot_of, tax_items
from invoicing.tax import Rounding
from ledger.models import Account
from organizations.actors import Actor
from organizations.models import Organization
from organizations.services.auditing import Audit, atomic_use_case


def lock_order(
    *,
    actor: Actor,
    order: Order,
    country: str | None = None,
    region: str | None = None,
    on: date | None = None,
    now: datetime | None = None,
) -> Order:
    """Compute subtotal, tax and total and freeze them, with items, tax lines and a snapshot.

    `country` and `region` are where it is sold to: without them the customer's, else the
    organization's own. `on` is the day that decides which rates hold; today, unless given.

    Raises:
        OrderNotFound, OrderLocked, OrderCancelled, OrderIsEmpty
        UnknownTaxRate, TaxRateNotValid: an item names a rate that does not hold on that day.
        ReverseChargeNeedsTaxId, UnknownCountry, RegionWithoutCountry, CustomerInactive,
        InvalidRevenueAccount, AmountOutOfRange
    """
    with atomic_use_case(actor, "lock_order") as audit:
        locked = lock(audit, actor, order, country=country, region=region, on=on, now=now)
        audit(locked, before={"status": OrderStatus.DRAFT}, after=as_audited_lock(locked))
    return locked


def lock(
    audit: Audit,
    actor: Actor,
    order: Order,
    *,
    country: str | None = None,
    region: str | None = None,
    on: date | None = None,
    now: datetime | None = None,
) -> Order:
    """The same inside the caller's transaction, with its event; raises as lock_order does.

    The order comes back with its customer, items and tax lines.
    """
    require_transaction()
    now = now or timezone.now()
    organization = actor.organization
    order, rounding = _draft(organization, order)
    check_customer(organization, order.customer)
    items = _items(order)
    tax_lines = work_out(
        order,
        items,
        place=place_of_sale(organization, order.customer, country, region),
        on=on or organization.today(now),
        rounding=rounding,
    )
    order.locked_at = now
    _write(order, items, tax_lines)
    audit.event("order_locked", order, **as_audited_lock(order))
    return order


def work_out(
    order: Order,
    items: Sequence[OrderItem],
    *,
    place: tuple[str, str],
    on: date,
    rounding: Rounding,
) -> list[OrderTaxLine]:
    """Make a draft what it is when it is locked, by reading its rates; the tax lines that it has.

    Raises:
        UnknownTaxRate, TaxRateNotValid, ReverseChargeNeedsTaxId, AmountOutOfRange
    """
    country, region = place
    codes = [item.tax_codes for item in items]
    rates = rates_of_items(order.organization, codes, country=country, region=region, on=on)
    check_reverse_charge(rates, order.customer)
    taxed = tax_items(items, rates, rounding)
    order.country, order.region = country, region
    order.taxed_on = on
    order.rounding = rounding.value
    tax_lines = apply_tax(order, items, rates, taxed)
    order.snapshot = snapshot_of(order, items, tax_lines, taxed)
    order.status = OrderStatus.PENDING
    return tax_lines


def as_audited_lock(order: Order) -> dict[str, object]:
    return {
        "status": order.status,
        "currency": order.currency,
        "country": order.country,
        "region": order.region,
        "taxed_on": order.taxed_on,
        "subtotal_amount": order.subtotal_amount,
        "tax_amount": order.tax_amount,
        "total_amount": order.total_amount,
    }


def _draft(organization: Organization, order: Order) -> tuple[Order, Rounding]:
    """The draft as it stands, its row locked, with its customer, and where tax is rounded.

    Raises:
        OrderNotFound, OrderLocked, OrderCancelled
    """
    with prepared_cursor() as cursor:
        cursor.execute(_DRAFT, (order.pk, organization.pk))
        row = cursor.fetchone()
    if row is None:
        raise OrderNotFound(order=order.pk)
    columns = len(Order._meta.concrete_fields)
    draft = as_instance(Order, row[:columns])
    if draft.status == OrderStatus.CANCELLED:
        raise OrderCancelled(order=draft.name)
    if draft.status != OrderStatus.DRAFT:
        raise OrderLocked(order=draft.name, status=draft.status)
    draft.organization = organization
    customer = as_instance(Customer, row[columns:-1]) if row[columns] is not None else None
    # Who waited for another's edit reads the order anew, but not what is joined to it.
    if customer is not None and customer.pk == draft.customer_id:
        draft.customer = customer
    return draft, Rounding(row[-1])


def _items(order: Order) -> list[OrderItem]:
    """Raises OrderIsEmpty, InvalidRevenueAccount."""
    with prepared_cursor() as cursor:
        cursor.execute(_ITEMS, (order.currency, order.organization_id, order.pk))
        rows = cursor.fetchall()
    if not rows:
        raise OrderIsEmpty(order=order.name)
    items = []
    for *values, code, takes_revenue in rows:
        item = as_instance(OrderItem, values)
        item.order = order
        if item.revenue_account_id is not None:
            if not takes_revenue:
                raise InvalidRevenueAccount(
                    position=item.position, account=code, currency=order.currency
                )
            item.revenue_account = Account(
                organization_id=order.organization_id, id=item.revenue_account_id, code=code
            )
        items.append(item)
    return items


def _write(order: Order, items: Sequence[OrderItem], tax_lines: Sequence[OrderTaxLine]) -> None:
    """Items and tax lines by one statement, then the order, which is frozen by that."""
    with prepared_cursor() as cursor:
        cursor.execute(_WRITE_PARTS, _parts(order, items, tax_lines))
    freeze(order)
    attach(order, "items", items)
    attach(order, "tax_lines", tax_lines)


def freeze(order: Order) -> None:
    """Write a draft's amounts, snapshot and lock: from then on it stays as it is."""
    with prepared_cursor() as cursor:
        cursor.execute(
            _WRITE_ORDER,
            (
                order.country,
                order.region,
                order.taxed_on,
                order.rounding,
                order.subtotal_amount,
                order.tax_amount,
                order.total_amount,
                json.dumps(order.snapshot),
                order.locked_at,
                order.organization_id,
                order.pk,
            ),
        )


def _parts(
    order: Order, items: Sequence[OrderItem], tax_lines: Sequence[OrderTaxLine]
) -> tuple[object, ...]:
    return (
        array_parameter(item.pk for item in items),
        array_parameter(item.net_amount for item in items),
        array_parameter(item.tax_amount for item in items),
        codes_parameter(item.tax_codes for item in items),
        order.organization_id,
        order.organization_id,
        order.pk,
        *tax_line_columns(tax_lines),
    )


_DRAFT = f"""
SELECT {columns_of(Order, "o")}, {columns_of(Customer, "c")}, coalesce(p.rounding, 'document')
  FROM invoicing_order o
  LEFT JOIN invoicing_customer c
    ON c.id = o.customer_id AND c.organization_id = o.organization_id
  LEFT JOIN invoicing_invoicingprofile p ON p.organization_id = o.organization_id
 WHERE o.id = %s AND o.organization_id = %s
   FOR NO KEY UPDATE OF o
"""

_ITEMS = f"""
SELECT {columns_of(OrderItem, "i")}, a.code,
       a.type = 'revenue' AND a.status = 'active' AND a.currency = %s
       AND NOT EXISTS (SELECT FROM ledger_account b
                        WHERE b.organization_id = a.organization_id AND b.parent_id = a.id)
  FROM invoicing_orderitem i
  LEFT JOIN ledger_account a
    ON a.id = i.revenue_account_id AND a.organization_id = i.organization_id
 WHERE i.organization_id = %s AND i.order_id = %s
 ORDER BY i.position
"""

_WRITE_PARTS = """
WITH i AS (
  UPDATE invoicing_orderitem i
     SET net_amount = u.net_amount, tax_amount = u.tax_amount,
         total_amount = u.net_amount + u.tax_amount, tax_codes = u.tax_codes::text[]
    FROM unnest(%s::uuid[], %s::bigint[], %s::bigint[], %s::text[])
         AS u(id, net_amount, tax_amount, tax_codes)
   WHERE i.id = u.id AND i.organization_id = %s
)
INSERT INTO invoicing_ordertaxline
       (organization_id, order_id, id, position, code, name, percentage, country, region, category,
        inclusive, compound, taxable_amount, tax_amount)
SELECT %s, %s, u.*
  FROM unnest(%s::uuid[], %s::smallint[], %s::text[], %s::text[], %s::numeric[], %s::text[],
              %s::text[], %s::text[], %s::boolean[], %s::boolean[], %s::bigint[], %s::bigint[])
       AS u
"""

_WRITE_ORDER = """
UPDATE invoicing_order
   SET status = 'pending', country = %s, region = %s, taxed_on = %s, rounding = %s,
       subtotal_amount = %s, tax_amount = %s, total_amount = %s, snapshot = %s::jsonb,
       locked_at = %s
 WHERE organization_id = %s AND id = %s
"""
