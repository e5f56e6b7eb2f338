"""Orders and their items by prepared statements, as many for one item as for a thousand."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import DEFAULT_DB_ALIAS, models

from core.db import prepared_cursor
from core.db.prepared import array_parameter, text_array_parameter
from invoicing.errors import UnknownTaxRate
from invoicing.models import Order, OrderItem, OrderTaxLine
from invoicing.services.orders.drafts import ItemDraft
from ledger.models import Account


def new_items(
    order: Order, drafts: Sequence[ItemDraft], accounts: Sequence[Account | None]
) -> list[OrderItem]:
    """Items that have been checked, as rows that are not in the database yet."""
    return [
        OrderItem(
            organization_id=order.organization_id,
            order_id=order.pk,
            position=position,
            sku=draft.sku,
            description=draft.description,
            quantity=draft.quantity,
            unit_amount=draft.unit_amount,
            discount_amount=draft.discount_amount,
            tax_codes=None if draft.tax_codes is None else list(draft.tax_codes),
            revenue_account=account,
        )
        for position, (draft, account) in enumerate(zip(drafts, accounts, strict=True), start=1)
    ]


def insert_order(order: Order, items: Sequence[OrderItem]) -> None:
    """An order with its items, by one statement.

    Raises:
        UnknownTaxRate: an item names a rate that is not there.
    """
    _insert(_NEW_ORDER, _head(order), order, items)
    _mark_stored(order)


def insert_taxed_order(
    order: Order, items: Sequence[OrderItem], tax_lines: Sequence[OrderTaxLine]
) -> None:
    """A draft whose items have their amounts already, with its tax lines, by one statement."""
    with prepared_cursor() as cursor:
        cursor.execute(
            _TAXED_ORDER,
            (
                *_head(order),
                *_item_columns(order, items),
                array_parameter(item.net_amount for item in items),
                array_parameter(item.tax_amount for item in items),
                order.organization_id,
                *tax_line_columns(tax_lines),
            ),
        )
        [order.created_at] = cursor.fetchone()
    for row in (order, *items, *tax_lines):
        _mark_stored(row)


def insert_items(order: Order, items: Sequence[OrderItem]) -> None:
    """Items of an order that stands already. Raises as insert_order does."""
    _insert(_THE_ORDER, (order.pk, order.created_at), order, items)


def _head(order: Order) -> tuple[object, ...]:
    return (
        order.organization_id,
        order.pk,
        order.customer_id,
        order.reference,
        order.currency,
        json.dumps(order.metadata),
    )


def attach(order: Order, relation: str, rows: Sequence[models.Model]) -> None:
    """Let the order answer with these rows, as if they had been prefetched."""
    known = order.__dict__.get("_prefetched_objects_cache", {})
    if not isinstance(known, _Attached):
        known = order.__dict__["_prefetched_objects_cache"] = _Attached(order, known)
    known.pop(relation, None)
    known.waiting[relation] = rows


class _Attached(dict[str, Any]):
    """Rows that are at hand; the queryset around them, a tenth of a millisecond of Django's work,
    is made when somebody asks for it."""

    def __init__(self, order: Order, known: Mapping[str, Any]) -> None:
        super().__init__(known)
        self.order = order
        self.waiting: dict[str, Sequence[models.Model]] = {}

    def __missing__(self, relation: str) -> Any:
        # Taken out first: the manager that makes the queryset looks here as well.
        rows = self.waiting.pop(relation)
        queryset = getattr(self.order, relation).all()
        queryset._result_cache = list(rows)
        queryset._prefetch_done = True
        self[relation] = queryset
        return queryset

    def pop(self, relation: str, *default: Any) -> Any:
        """What Django does when it writes through the relation: the rows are no longer those."""
        self.waiting.pop(relation, None)
        return super().pop(relation, *default)


def _insert(whose: str, head: tuple[object, ...], order: Order, items: Sequence[OrderItem]) -> None:
    codes = {code for item in items for code in item.tax_codes or ()}
    named = (text_array_parameter(codes), order.organization_id)
    with prepared_cursor() as cursor:
        cursor.execute(whose + _ITEMS, (*head, *_item_columns(order, items), *named))
        order.created_at, unknown = cursor.fetchone()
    for item in items:
        for code in item.tax_codes or ():
            if code in unknown:
                raise UnknownTaxRate(position=item.position, tax_rate=code)
        _mark_stored(item)
    attach(order, "items", items)


def _item_columns(order: Order, items: Sequence[OrderItem]) -> tuple[object, ...]:
    return (
        order.organization_id,
        array_parameter(item.pk for item in items),
        array_parameter(item.position for item in items),
        text_array_parameter(item.sku for item in items),
        text_array_parameter(item.description for item in items),
        array_parameter(format(item.quantity, "f") for item in items),
        array_parameter(item.unit_amount for item in items),
        array_parameter(item.discount_amount for item in items),
        codes_parameter(item.tax_codes for item in items),
        array_parameter(item.revenue_account_id for item in items),
    )


def codes_parameter(lists: Iterable[Sequence[str] | None]) -> str:
    """Lists of codes, each as the text of an array, for `%s::text[]`; none stays NULL.

    Each code is quoted, twice over: without that a rate called NULL would be none.
    """
    return array_parameter(
        None if codes is None else '"{' + ",".join(f'\\"{code}\\"' for code in codes) + '}"'
        for codes in lists
    )


def tax_line_columns(tax_lines: Sequence[OrderTaxLine]) -> tuple[str, ...]:
    return (
        array_parameter(line.pk for line in tax_lines),
        array_parameter(line.position for line in tax_lines),
        text_array_parameter(line.code for line in tax_lines),
        text_array_parameter(line.name for line in tax_lines),
        array_parameter(format(line.percentage, "f") for line in tax_lines),
        text_array_parameter(line.country for line in tax_lines),
        text_array_parameter(line.region for line in tax_lines),
        text_array_parameter(line.category for line in tax_lines),
        array_parameter(str(line.inclusive) for line in tax_lines),
        array_parameter(str(line.compound) for line in tax_lines),
        array_parameter(line.taxable_amount for line in tax_lines),
        array_parameter(line.tax_amount for line in tax_lines),
    )


def _mark_stored(row: models.Model) -> None:
    row._state.adding = False
    row._state.db = DEFAULT_DB_ALIAS


_NEW_ORDER = """
WITH o AS (
  INSERT INTO invoicing_order (organization_id, id, customer_id, reference, currency, metadata)
  VALUES (%s, %s, %s, %s, %s, %s::jsonb)
  RETURNING id, created_at
), """

_THE_ORDER = """
WITH o AS (SELECT %s::uuid AS id, %s::timestamptz AS created_at), """

# The statement trigger on the items fires at the end of it all, and sees the order as well.
_ITEMS = """i AS (
  INSERT INTO invoicing_orderitem
         (organization_id, id, order_id, position, sku, description, quantity, unit_amount,
          discount_amount, tax_codes, revenue_account_id)
  SELECT %s, u.id, o.id, u.position, u.sku, u.description, u.quantity, u.unit_amount,
         u.discount_amount, u.tax_codes::text[], u.revenue_account_id
    FROM o, unnest(%s::uuid[], %s::smallint[], %s::text[], %s::text[], %s::numeric[], %s::bigint[],
                   %s::bigint[], %s::text[], %s::uuid[])
         AS u(id, position, sku, description, quantity, unit_amount, discount_amount, tax_codes,
              revenue_account_id)
)
SELECT o.created_at,
       ARRAY(SELECT n.code FROM unnest(%s::text[]) AS n(code)
              WHERE NOT EXISTS (SELECT FROM invoicing_taxrate r
                                 WHERE r.organization_id = %s AND r.code = n.code))
  FROM o
"""

_TAXED_ORDER = (
    _NEW_ORDER
    + """i AS (
  INSERT INTO invoicing_orderitem
         (organization_id, id, order_id, position, sku, description, quantity, unit_amount,
          discount_amount, tax_codes, revenue_account_id, net_amount, tax_amount, total_amount)
  SELECT %s, u.id, o.id, u.position, u.sku, u.description, u.quantity, u.unit_amount,
         u.discount_amount, u.tax_codes::text[], u.revenue_account_id, u.net_amount, u.tax_amount,
         u.net_amount + u.tax_amount
    FROM o, unnest(%s::uuid[], %s::smallint[], %s::text[], %s::text[], %s::numeric[], %s::bigint[],
                   %s::bigint[], %s::text[], %s::uuid[], %s::bigint[], %s::bigint[])
         AS u(id, position, sku, description, quantity, unit_amount, discount_amount, tax_codes,
              revenue_account_id, net_amount, tax_amount)
), t AS (
  INSERT INTO invoicing_ordertaxline
         (organization_id, order_id, id, position, code, name, percentage, country, region,
          category, inclusive, compound, taxable_amount, tax_amount)
  SELECT %s, o.id, u.*
    FROM o, unnest(%s::uuid[], %s::smallint[], %s::text[], %s::text[], %s::numeric[], %s::text[],
                   %s::text[], %s::text[], %s::boolean[], %s::boolean[], %s::bigint[], %s::bigint[])
         AS u
)
SELECT o.created_at FROM o
"""
)
