"""A customer's statement: what was owed, what moved it, and what is owed then."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from typing import ClassVar, NamedTuple
from uuid import UUID

from django.db import connection

from invoicing.models import Customer, PaymentMethod
from invoicing.open_items import Aged, OpenItem, open_item
from invoicing.selectors.movements import MovementKind, movements_sql
from ledger.errors import PeriodReversed
from organizations.models import Organization


@dataclass(frozen=True, slots=True)
class Movement:
    """One fact on the customer's account; `balance` stands after it.

    `amount` is signed: positive is owed by the customer. `number` is the document's own; a
    payment or a refund has that of what it settles. `id` is the invoice's, credit note's or
    payment's; an invoice over nothing has no journal entry.
    """

    kind: MovementKind
    id: UUID
    entry_id: UUID | None
    occurred_on: date
    due_on: date | None
    number: str
    description: str
    amount: int
    balance: int

    @property
    def debit(self) -> int:
        return max(self.amount, 0)

    @property
    def credit(self) -> int:
        return max(-self.amount, 0)


@dataclass(frozen=True, slots=True)
class StatementOfCurrency:
    """`open_items` and `aged` are what is open at the end of the last day, the oldest first."""

    currency: str
    opening_amount: int
    movements: tuple[Movement, ...]
    open_items: tuple[OpenItem, ...]
    aged: Aged

    @property
    def debit_amount(self) -> int:
        return sum(movement.debit for movement in self.movements)

    @property
    def credit_amount(self) -> int:
        return sum(movement.credit for movement in self.movements)

    @property
    def closing_amount(self) -> int:
        return self.movements[-1].balance if self.movements else self.opening_amount

    @property
    def ties(self) -> bool:
        """Whether what is open adds up to the closing balance."""
        return self.aged.total_amount == self.closing_amount


@dataclass(frozen=True)
class Statement:
    """From one day to another, both included; `since` None is from the beginning.

    Without a customer it is of all that was sold to nobody by name.
    """

    name: ClassVar[str] = "statement"
    title: ClassVar[str] = "Statement"

    organization: Organization
    customer: Customer | None
    since: date | None
    until: date
    currencies: tuple[StatementOfCurrency, ...]

    @property
    def ties(self) -> bool:
        return all(part.ties for part in self.currencies)


def customer_statement(
    organization: Organization,
    customer: Customer | None,
    *,
    since: date | None,
    until: date,
    currency: str | None = None,
) -> Statement:
    """Movements by date and then as they came into the books, and what is open at the end.

    All of it comes from one statement, and so is of one moment. Currencies that never moved are
    not in it, but for the one that is asked for.

    Raises:
        PeriodReversed
    """
    if since is not None and since > until:
        raise PeriodReversed(since=since.isoformat(), until=until.isoformat())
    movements, parameters = movements_sql(
        organization.pk,
        until,
        customer_id=customer.pk if customer is not None else None,
        walk_in=customer is None,
        currency=currency,
    )
    # Before anything: the opening balance is that of no days.
    parameters["since"] = since or date.min
    with connection.cursor() as cursor:
        cursor.execute(_STATEMENT.format(movements=movements), parameters)
        rows = [_Found._make(row) for row in cursor.fetchall()]
    parts = [
        _of_currency(until, code, list(part))
        for code, part in groupby(rows, key=lambda row: row.currency)
    ]
    if currency is not None and not parts:
        parts = [StatementOfCurrency(currency, 0, (), (), Aged())]
    return Statement(organization, customer, since, until, tuple(parts))


class _Found(NamedTuple):
    """A row of the statement below; what its `part` has no use for is empty."""

    currency: str
    part: int
    kind: str
    id: UUID
    entry_id: UUID | None
    on: date
    due_on: date | None
    number: str
    method: str
    text: str
    total_amount: int
    amount: Decimal
    created_at: datetime


def _of_currency(day: date, currency: str, rows: Sequence[_Found]) -> StatementOfCurrency:
    opening = sum(int(row.amount) for row in rows if row.part == _OPENING)
    items = tuple(_open_item(day, row) for row in rows if row.part == _ITEM)
    moved = (row for row in rows if row.part == _MOVEMENT)
    return StatementOfCurrency(
        currency, opening, tuple(_movements(opening, moved)), items, Aged.of(items)
    )


def _movements(balance: int, rows: Iterable[_Found]) -> Iterator[Movement]:
    for row in rows:
        amount = int(row.amount)
        balance += amount
        said = [str(PaymentMethod(row.method).label)] if row.method else []
        yield Movement(
            kind=MovementKind(row.kind),
            id=row.id,
            entry_id=row.entry_id,
            occurred_on=row.on,
            due_on=row.due_on,
            number=row.number,
            description=", ".join([*said, row.text] if row.text else said),
            amount=amount,
            balance=balance,
        )


def _open_item(day: date, row: _Found) -> OpenItem:
    total, left = row.total_amount, int(row.amount)
    return open_item(day, row.kind, row.id, row.number, row.on, row.due_on, total, left)


# --- SQL ------------------------------------------------------------------------------------------

_OPENING, _MOVEMENT, _ITEM = 0, 1, 2

# Ids are made by time, so that they order what came in at one moment.
_STATEMENT = """
WITH moved AS MATERIALIZED ({movements})
SELECT m.currency, 0 AS part, '' AS kind, NULL::uuid AS id, NULL::uuid AS entry_id,
       NULL::date AS moved_on, NULL::date AS due_on, '' AS number, '' AS method,
       '' AS text, NULL::bigint AS total_amount, sum(m.amount) AS amount,
       NULL::timestamptz AS created_at
  FROM moved m WHERE m.moved_on < %(since)s
 GROUP BY m.currency
UNION ALL
SELECT m.currency, 1, m.kind, m.id, m.entry_id, m.moved_on,
       CASE m.kind WHEN 'invoice' THEN i.due_on END,
       CASE m.kind WHEN 'credit_note' THEN c.number ELSE coalesce(i.number, n.number) END,
       coalesce(t.method, ''),
       CASE m.kind WHEN 'invoice' THEN o.reference WHEN 'credit_note' THEN c.reason
                   ELSE concat_ws(', ', nullif(t.provider_reference, ''), nullif(t.reason, ''))
       END,
       NULL, m.amount, m.created_at
  FROM moved m
  LEFT JOIN invoicing_invoice i
    ON i.organization_id = %(organization)s AND i.id = m.item_id
  LEFT JOIN invoicing_order o
    ON o.organization_id = %(organization)s AND o.id = i.order_id
  LEFT JOIN invoicing_creditnote n
    ON n.organization_id = %(organization)s AND n.id = m.item_id
  LEFT JOIN invoicing_creditnote c
    ON c.organization_id = %(organization)s AND c.id = m.id
  LEFT JOIN invoicing_financialtransaction t
    ON t.organization_id = %(organization)s AND t.id = m.id
 WHERE m.moved_on >= %(since)s
UNION ALL
SELECT s.currency, 2, CASE WHEN i.id IS NULL THEN 'credit_note' ELSE 'invoice' END, s.item_id,
       NULL, coalesce(i.issued_on, c.issued_on), i.due_on, coalesce(i.number, c.number), '',
       '', coalesce(i.total_amount, c.total_amount), s.open_amount,
       coalesce(i.created_at, c.created_at)
  FROM (SELECT m.currency, m.item_id, sum(m.amount) AS open_amount
          FROM moved m GROUP BY 1, 2 HAVING sum(m.amount) <> 0) s
  LEFT JOIN invoicing_invoice i
    ON i.organization_id = %(organization)s AND i.id = s.item_id
  LEFT JOIN invoicing_creditnote c
    ON c.organization_id = %(organization)s AND c.id = s.item_id
 ORDER BY currency, part, moved_on, created_at, id
"""
