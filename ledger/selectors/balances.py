"""Balances at any date, and as the books stood at any posting time, without summing all lines.

Pending entries have proposed lines only, so they count nowhere. A voided entry and its reversal
both count: the books say that both were posted.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from ledger.models import Account, AccountType
from ledger.selectors.spans import Span, day_before, totals_sql
from organizations.models import Organization


@dataclass(frozen=True, slots=True)
class Totals:
    """Gross debits and credits in minor units of the account's currency."""

    debits: int = 0
    credits: int = 0

    @property
    def net(self) -> int:
        """Debits less credits."""
        return self.debits - self.credits

    def balance(self, account_type: str) -> int:
        """The balance in the normal sign of this type of account."""
        return self.net * AccountType(account_type).normal_sign

    def __add__(self, other: "Totals") -> "Totals":
        return Totals(self.debits + other.debits, self.credits + other.credits)

    def __sub__(self, other: "Totals") -> "Totals":
        return Totals(self.debits - other.debits, self.credits - other.credits)


NOTHING = Totals()


def balances_at(
    organization: Organization, on: date | None = None, *, known_at: datetime | None = None
) -> dict[UUID, Totals]:
    """What every account took through the end of a day; None is everything, also what is ahead.

    `known_at` leaves out what was posted later than that moment. Accounts without a line are not
    in the answer.
    """
    return totals_between(organization, None, on, known_at=known_at)


def totals_between(
    organization: Organization,
    since: date | None,
    until: date | None,
    known_at: datetime | None = None,
    *,
    without_closing: bool = False,
) -> dict[UUID, Totals]:
    """What every account took from the first day to the last, both included.

    `without_closing` leaves out year-end closing entries and their reversals.
    """
    span = Span.of(since, until, known_at)
    if span is None:
        return {}
    parts = span.parts(organization.pk)
    if without_closing:
        parts.append(span.closing_entries())
    sql, parameters = totals_sql(parts)
    with connection.cursor() as cursor:
        cursor.execute(sql, {"organization": organization.pk, **parameters})
        return {
            account_id: Totals(int(debit), int(credit))
            for account_id, debit, credit in cursor.fetchall()
            if debit or credit
        }


def balance_at(
    organization: Organization,
    account: Account | UUID | str,
    on: date | None = None,
    known_at: datetime | None = None,
) -> int:
    """One account's balance at the end of a day, in its normal sign.

    Raises:
        AccountNotFound: no account of this organization has that code or id.
    """
    known = _account(organization, account)
    return account_totals(known, on, known_at).balance(known.type)


def account_totals(
    account: Account, on: date | None = None, known_at: datetime | None = None
) -> Totals:
    """What one account took through the end of a day."""
    span = Span.of(None, on, known_at)
    if span is None:
        return NOTHING
    parts = span.parts(account.organization_id)
    sql, parameters = totals_sql(parts, account=True)
    with connection.cursor() as cursor:
        cursor.execute(
            sql, {"organization": account.organization_id, "account": account.pk, **parameters}
        )
        row = cursor.fetchone()
    return Totals(int(row[1]), int(row[2])) if row else NOTHING


def _account(organization: Organization, account: Account | UUID | str) -> Account:
    if isinstance(account, Account):
        return account
    from ledger.selectors.accounts import get_account

    return get_account(organization, account)


# --- One account, line by line --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One line as the account's keeper reads it; `balance` is after it, in the normal sign."""

    entry_id: UUID
    reference: str
    effective_on: date
    posted_at: datetime
    position: int
    status: str
    entry_description: str
    description: str
    debit: int
    credit: int
    balance: int


@dataclass(frozen=True)
class AccountStatement:
    """An account between two days. Balances are in the account's normal sign.

    `lines()` streams from the database, each call anew; `opening` and `closing` come from the
    months, so that the lines in between can be held against them.
    """

    account: Account
    since: date | None
    until: date | None
    known_at: datetime | None
    opening: int
    closing: int
    debits: int
    credits: int

    def lines(self) -> Iterator[StatementLine]:
        """Every line by date, entry and position, in bounded memory."""
        sign = self.account.normal_sign
        balance = self.opening
        for row in _statement_rows(self.account, self.since, self.until, self.known_at):
            balance += sign * (row["debit"] - row["credit"])
            yield StatementLine(**row, balance=balance)


def account_statement(
    account: Account,
    since: date | None = None,
    until: date | None = None,
    known_at: datetime | None = None,
) -> AccountStatement:
    """An account's opening balance, lines and closing balance, from a day to a day inclusive."""
    before = NOTHING
    if since is not None and since > date.min:
        before = account_totals(account, day_before(since), known_at)
    through = account_totals(account, until, known_at)
    if since is not None and until is not None and since > until:
        through = before
    moved = through - before
    return AccountStatement(
        account=account,
        since=since,
        until=until,
        known_at=known_at,
        opening=before.balance(account.type),
        closing=through.balance(account.type),
        debits=moved.debits,
        credits=moved.credits,
    )


_STATEMENT = """
SELECT l.entry_id, e.reference, e.effective_on, e.posted_at, l.position, e.status,
       e.description AS entry_description, l.description, l.debit, l.credit
  FROM ledger_journalline l
  JOIN ledger_journalentry e ON e.organization_id = l.organization_id AND e.id = l.entry_id
 WHERE l.organization_id = %(organization)s AND l.account_id = %(account)s
   AND e.organization_id = %(organization)s
   AND e.effective_on BETWEEN %(first)s AND %(last)s
   AND (%(known_at)s::timestamptz IS NULL OR e.posted_at <= %(known_at)s)
 ORDER BY e.effective_on, l.entry_id, l.position
"""


def _statement_rows(
    account: Account, since: date | None, until: date | None, known_at: datetime | None
) -> Iterator[Mapping[str, Any]]:
    span = Span.of(since, until, known_at)
    if span is None:
        return
    parameters = {
        "organization": account.organization_id,
        "account": account.pk,
        "first": span.first,
        "last": span.last,
        "known_at": known_at,
    }
    yield from stream(_STATEMENT, parameters)


def stream(sql: str, parameters: Mapping[str, Any], size: int = 2_000) -> Iterator[dict[str, Any]]:
    """The rows of a SELECT, by a cursor on the server, so that memory does not grow with them."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql, parameters)
        while rows := cursor.fetchmany(size):
            names = [column.name for column in cursor.description]
            for row in rows:
                yield dict(zip(names, row, strict=True))
