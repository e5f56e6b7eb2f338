"""Accounts line by line: opening, every line, closing, of one account, of a group or of all.

One SELECT gives the opening totals, what the period's months say was moved, and the lines, so that
all three are of one moment and the lines can be held against the months.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from django.db import connection

from ledger.drafts import FIRST_DATE
from ledger.models import Account
from ledger.selectors.spans import Part, Span, day_before, totals_sql
from ledger.selectors.totals import NOTHING, Totals


@dataclass(frozen=True, slots=True)
class AccountLine:
    """One line as its account's keeper reads it; `balance` stands after it, in normal sign.

    `account` is the code of the account that the line itself stands on.
    """

    entry_id: UUID
    account: str
    reference: str
    effective_on: date
    posted_at: datetime
    status: str
    position: int
    entry_description: str
    description: str
    debit: int
    credit: int
    balance: int


@dataclass(frozen=True, slots=True)
class AccountMovement:
    """An account or a group in a period: gross totals before it and within it, and lines, once.

    `lines` must be read before the next account is asked for.
    """

    account_id: UUID
    before: Totals
    within: Totals
    lines: Callable[[int], Iterator[AccountLine]]


_OPENING, _MOVED, _LINE = 0, 1, 2

_ROWS = """
SELECT r.account_id, a.code, r.kind, r.debits, r.credits, r.entry_id, r.position, r.description,
       e.effective_on, e.reference, e.posted_at, e.status, e.description AS entry_description
  FROM ({rows}) r
  JOIN ledger_account a
    ON a.organization_id = %(organization)s AND a.id = r.account_id
  LEFT JOIN ledger_journalentry e
    ON e.organization_id = %(organization)s AND e.id = r.entry_id
 ORDER BY {order}r.kind, e.effective_on, r.entry_id, r.position
"""

# An account and all below it, at any depth.
_GROUP = """
WITH RECURSIVE below (id, currency) AS (
  SELECT a.id, a.currency FROM ledger_account a
   WHERE a.organization_id = %(organization)s AND a.id = %(account)s
   UNION
  SELECT a.id, a.currency
    FROM below b
    JOIN ledger_account a ON a.organization_id = %(organization)s AND a.parent_id = b.id
)
SELECT id FROM below WHERE currency = %(currency)s
"""

_SUMS = """
SELECT t.account_id, {kind} AS kind, t.debits, t.credits, NULL::uuid AS entry_id,
       NULL::smallint AS position, NULL::text AS description
  FROM ({totals}) t{only}"""

_LINES = """
SELECT l.account_id, 2, l.debit::numeric, l.credit::numeric, l.entry_id, l.position, l.description
  FROM ledger_journalline l
  JOIN ledger_journalentry e ON e.organization_id = l.organization_id AND e.id = l.entry_id
 WHERE l.organization_id = %(organization)s AND e.organization_id = %(organization)s{only}
   AND e.effective_on BETWEEN %(first)s AND %(last)s{known}"""


def account_movements(
    organization_id: UUID,
    since: date | None,
    until: date | None,
    *,
    known_at: datetime | None = None,
    accounts: Iterable[UUID] | None = None,
) -> Generator[AccountMovement, None, None]:
    """Every account with a line up to the last day, by code, streamed in bounded memory.

    `accounts` asks for some of them only.
    """
    span = Span.of(since, until, known_at)
    if span is None:
        return
    wanted = None if accounts is None else list(accounts)
    sql, parameters = _sql(organization_id, span, wanted, order="a.code, ")
    rows = stream(sql, parameters)
    for account_id, group in groupby(rows, key=lambda row: row["account_id"]):
        yield _movement(account_id, group)


def group_movement(
    account: Account, since: date | None, until: date | None, *, known_at: datetime | None = None
) -> Generator[AccountMovement, None, None]:
    """An account and those below it in its currency as if they were one; nothing without a day.

    The lines of all of them are in one order, by date, entry and position.
    """
    span = Span.of(since, until, known_at)
    if span is None:
        return
    # Asked beforehand: knowing the accounts, the planner knows how many lines to expect.
    sql, parameters = _sql(account.organization_id, span, _group(account), order="")
    yield _movement(account.pk, stream(sql, parameters))


def _group(account: Account) -> list[UUID]:
    """The account and those below it that are kept in its currency."""
    given = {
        "organization": account.organization_id,
        "account": account.pk,
        "currency": account.currency,
    }
    with connection.cursor() as cursor:
        cursor.execute(_GROUP, given)
        return [row[0] for row in cursor.fetchall()]


def _sql(
    organization_id: UUID, span: Span, accounts: list[UUID] | None, *, order: str
) -> tuple[str, dict[str, Any]]:
    before = None
    if span.first > FIRST_DATE:
        before = Span.of(None, day_before(span.first), span.known_at)
    opening: list[Part] = before.parts(organization_id) if before else []
    moved, moved_parameters = totals_sql(span.parts(organization_id), prefix="m")
    parameters: dict[str, Any] = {
        "organization": organization_id,
        "first": span.first,
        "last": span.last,
        **moved_parameters,
    }
    only = ""
    known = ""
    if accounts is not None:
        only = "account_id = ANY(%(accounts)s)"
        parameters["accounts"] = accounts
    if span.known_at is not None:
        known = " AND e.posted_at <= %(known_at)s"
        parameters["known_at"] = span.known_at
    where = f" WHERE t.{only}" if only else ""
    selects = [_SUMS.format(kind=_MOVED, totals=moved, only=where)]
    if opening:
        totals, opening_parameters = totals_sql(opening, prefix="o")
        parameters |= opening_parameters
        selects.append(_SUMS.format(kind=_OPENING, totals=totals, only=where))
    selects.append(_LINES.format(only=f" AND l.{only}" if only else "", known=known))
    return _ROWS.format(rows="\nUNION ALL\n".join(selects), order=order), parameters


def _movement(account_id: UUID, rows: Iterator[Mapping[str, Any]]) -> AccountMovement:
    sums = {_OPENING: NOTHING, _MOVED: NOTHING}
    first_line: Mapping[str, Any] | None = None
    for row in rows:
        if row["kind"] == _LINE:
            first_line = row
            break
        sums[row["kind"]] += Totals(int(row["debits"]), int(row["credits"]))
    before = sums[_OPENING]

    def lines(normal_sign: int) -> Iterator[AccountLine]:
        balance = before.net * normal_sign
        row = first_line
        while row is not None:
            line = _line(row, balance, normal_sign)
            balance = line.balance
            yield line
            row = next(rows, None)

    return AccountMovement(account_id, before, sums[_MOVED], lines)


def _line(row: Mapping[str, Any], balance: int, normal_sign: int) -> AccountLine:
    debit, credit = int(row["debits"]), int(row["credits"])
    return AccountLine(
        entry_id=row["entry_id"],
        account=row["code"],
        reference=row["reference"],
        effective_on=row["effective_on"],
        posted_at=row["posted_at"],
        status=row["status"],
        position=row["position"],
        entry_description=row["entry_description"],
        description=row["description"],
        debit=debit,
        credit=credit,
        balance=balance + normal_sign * (debit - credit),
    )


def stream(sql: str, parameters: Mapping[str, Any], size: int = 2_000) -> Iterator[dict[str, Any]]:
    """The rows of a SELECT, by a cursor on the server, so that memory does not grow with them."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql, parameters)
        names: list[str] = []
        while rows := cursor.fetchmany(size):
            names = names or [column[0] for column in cursor.description]
            for row in rows:
                yield dict(zip(names, row, strict=True))
