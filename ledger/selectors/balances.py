"""Balances at any date, and as the books stood at any posting time, without summing all lines.

Pending entries have proposed lines only, so they count nowhere. A voided entry and its reversal
both count: the books say that both were posted.
"""

from datetime import date, datetime
from uuid import UUID

from django.db import connection

from ledger.models import Account
from ledger.selectors.spans import Span, totals_sql
from ledger.selectors.statements import AccountStatement, account_statement
from ledger.selectors.totals import NOTHING, Totals
from organizations.models import Organization

__all__ = [
    "NOTHING",
    "AccountStatement",
    "Totals",
    "account_statement",
    "account_totals",
    "balance_at",
    "balances_at",
    "totals_between",
]


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
