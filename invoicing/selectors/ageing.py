"""Ageing: what customers owed at the end of any day, by how long it was overdue then.

docs/why/ageing.md
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from operator import attrgetter
from typing import Any, ClassVar, NamedTuple
from uuid import UUID

from django.db import connection

from invoicing.models import Customer
from invoicing.open_items import Aged, OpenItem, open_item
from invoicing.selectors.movements import movements_sql
from ledger.selectors.spans import Span, totals_sql
from organizations.models import Organization

WALK_IN = "Walk-in sales"


@dataclass(frozen=True, slots=True)
class AgeingRow:
    """One customer in one currency; without a `customer_id`, all that was sold to nobody by name.

    Items are in the order in which they were issued.
    """

    customer_id: UUID | None
    code: str
    name: str
    amounts: Aged
    items: tuple[OpenItem, ...]


@dataclass(frozen=True, slots=True)
class AgeingOfCurrency:
    """`ledger_amount` is the balance of the receivable accounts on that day; None where the ageing
    is of one customer, whom the ledger does not know."""

    currency: str
    rows: tuple[AgeingRow, ...]
    totals: Aged
    ledger_amount: int | None = None

    @property
    def ties(self) -> bool:
        return self.ledger_amount is None or self.ledger_amount == self.totals.total_amount


@dataclass(frozen=True)
class Ageing:
    """Who owed what at the end of a day; amounts are minor units of each part's currency."""

    name: ClassVar[str] = "ageing"
    title: ClassVar[str] = "Ageing"

    organization: Organization
    as_of: date
    known_at: datetime | None
    customer: Customer | None
    currencies: tuple[AgeingOfCurrency, ...]

    @property
    def ties(self) -> bool:
        return all(part.ties for part in self.currencies)


def ageing(
    organization: Organization,
    *,
    as_of: date,
    customer: Customer | None = None,
    known_at: datetime | None = None,
) -> Ageing:
    """The figures as they stood at the end of a day, of one customer or of all.

    Facts count by their effective dates; `known_at` leaves out what was posted later than that
    moment. The items and what the ledger says come from one statement, and so are of one moment:
    over all customers they tie, or the ageing says that they do not.
    """
    sql, parameters = _sql(organization, as_of, customer, known_at)
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        found = [_Found._make(row) for row in cursor.fetchall()]
    by_currency: dict[str, list[_Found]] = {}
    for row in found:
        by_currency.setdefault(row.currency, []).append(row)
    parts = (_of_currency(as_of, code, rows) for code, rows in sorted(by_currency.items()))
    return Ageing(organization, as_of, known_at, customer, tuple(parts))


class _Found(NamedTuple):
    """An open item with its customer, or the ledger's balance."""

    currency: str
    kind: str
    amount: Decimal
    customer_id: UUID | None
    code: str | None
    name: str | None
    item_id: UUID
    number: str
    issued_on: date
    due_on: date | None
    total_amount: int


def _of_currency(day: date, currency: str, found: Sequence[_Found]) -> AgeingOfCurrency:
    """Customers by name, the walk-in sales last; and what the ledger says, if it was asked."""
    ledger_amount = None
    by_customer: dict[UUID | None, list[_Found]] = {}
    for row in found:
        if row.kind == _LEDGER:
            ledger_amount = int(row.amount)
        else:
            by_customer.setdefault(row.customer_id, []).append(row)
    rows = [_row(day, own) for own in by_customer.values()]
    rows.sort(key=lambda row: (row.customer_id is None, row.name.casefold(), str(row.customer_id)))
    totals = sum((row.amounts for row in rows), Aged())
    return AgeingOfCurrency(currency, tuple(rows), totals, ledger_amount)


def _row(day: date, rows: list[_Found]) -> AgeingRow:
    rows.sort(key=attrgetter("issued_on", "number"))
    items = tuple(
        open_item(
            day,
            row.kind,
            row.item_id,
            row.number,
            row.issued_on,
            row.due_on,
            row.total_amount,
            int(row.amount),
        )
        for row in rows
    )
    first = rows[0]
    return AgeingRow(
        first.customer_id, first.code or "", first.name or WALK_IN, Aged.of(items), items
    )


# --- SQL ------------------------------------------------------------------------------------------

_LEDGER = "ledger"

# An item may be open before it was issued: paid in advance, by the dates.
_OPEN_ITEMS = """
SELECT m.currency, CASE WHEN i.id IS NULL THEN 'credit_note' ELSE 'invoice' END AS kind,
       m.open_amount AS amount, k.id AS customer_id, k.code, k.name, m.item_id,
       coalesce(i.number, c.number) AS number, coalesce(i.issued_on, c.issued_on) AS issued_on,
       i.due_on, coalesce(i.total_amount, c.total_amount) AS total_amount
  FROM (SELECT currency, item_id, sum(amount) AS open_amount
          FROM ({movements}) moved GROUP BY 1, 2 HAVING sum(amount) <> 0) m
  LEFT JOIN invoicing_invoice i
    ON i.organization_id = %(organization)s AND i.id = m.item_id
  LEFT JOIN invoicing_creditnote c
    ON c.organization_id = %(organization)s AND c.id = m.item_id
  LEFT JOIN invoicing_customer k
    ON k.organization_id = %(organization)s AND k.id = coalesce(i.customer_id, c.customer_id)
"""

# Also the accounts that had the role once: documents stay on the account of their day.
_RECEIVABLE = """
SELECT a.currency, 'ledger', sum(t.debits - t.credits), NULL, NULL, NULL, NULL, NULL, NULL::date,
       NULL::date, NULL::bigint
  FROM ({totals}) t
  JOIN ledger_account a ON a.organization_id = %(organization)s AND a.id = t.account_id
 WHERE a.role = 'accounts_receivable'
    OR a.id IN (SELECT i.receivable_id FROM invoicing_invoice i
                 WHERE i.organization_id = %(organization)s
                 UNION SELECT c.receivable_id FROM invoicing_creditnote c
                        WHERE c.organization_id = %(organization)s)
 GROUP BY a.currency
"""


def _sql(
    organization: Organization, as_of: date, customer: Customer | None, known_at: datetime | None
) -> tuple[str, dict[str, Any]]:
    movements, parameters = movements_sql(
        organization.pk,
        as_of,
        customer_id=customer.pk if customer is not None else None,
        known_at=known_at,
    )
    selects = [_OPEN_ITEMS.format(movements=movements)]
    span = Span.of(None, as_of, known_at)
    if customer is None and span is not None:
        totals, more = totals_sql(span.parts(organization.pk))
        parameters |= more
        selects.append(_RECEIVABLE.format(totals=totals))
    # Unsorted: by a collation the database would take a third of its time for it.
    return " UNION ALL ".join(selects), parameters
