"""Closing and reopening the books, and the year's end."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from uuid import UUID

from django.db import OperationalError, connection

from core.db import uuid7
from core.db.transactions import shared_transaction
from ledger.drafts import EntryDraft, LineDraft, signed
from ledger.errors import (
    BooksBusy,
    CloseGoesBack,
    CloseInTheFuture,
    NotClosed,
    RoleUnfilled,
    YearAlreadyClosed,
    YearNotClosed,
    YearNotOver,
)
from ledger.models import Account, AccountRole, AccountStatus, EntryStatus, JournalEntry
from ledger.periods import YEAR_END, FiscalYear, day_before, fiscal_year
from ledger.services.entries import void_entry
from ledger.services.posting import post_entries
from organizations.actors import Actor
from organizations.models import Organization
from organizations.services.auditing import atomic_use_case


def close_books(*, actor: Actor, through: date, now: datetime | None = None) -> date:
    """Close the books through a date, so that nothing is dated on or before it any more.

    Closing through the date that is closed already changes nothing.

    Raises:
        CloseInTheFuture: that day has not begun in the organization's time zone.
        CloseGoesBack: a later date is closed already; reopening takes another permission.
    """
    with _waiting(), atomic_use_case(actor, "close_books") as audit:
        organization = lock_books(actor.organization)
        today = organization.today(now)
        if through > today:
            raise CloseInTheFuture(through=through.isoformat(), today=today.isoformat())
        before = organization.closed_through
        if before is not None and through < before:
            raise CloseGoesBack(through=through.isoformat(), closed_through=before.isoformat())
        if before != through:
            _set_closed_through(actor, organization, through)
            audit(
                organization,
                before={"closed_through": before},
                after={"closed_through": through},
            )
    return through


def reopen_books(*, actor: Actor, through: date | None, reason: str) -> date | None:
    """Take closed days back: afterwards the books are closed through `through`, or not at all.

    Raises:
        NotClosed: the books are not closed beyond that date.
    """
    with _waiting(), atomic_use_case(actor, "reopen_books") as audit:
        organization = lock_books(actor.organization)
        before = organization.closed_through
        if before is None or (through is not None and through >= before):
            raise NotClosed(
                through=through.isoformat() if through else "any date",
                closed_through=before.isoformat() if before else "no date",
            )
        _set_closed_through(actor, organization, through)
        audit(
            organization,
            before={"closed_through": before},
            after={"closed_through": through},
            reason=reason,
        )
    return through


def close_year(*, actor: Actor, year: int, now: datetime | None = None) -> JournalEntry | None:
    """Post a fiscal year's revenue and expense into retained earnings, per currency, dated on its
    last day, and close the books through that day. None where there was nothing to close.

    Raises:
        YearNotOver, YearAlreadyClosed, RoleUnfilled (no retained earnings in a currency),
        BooksClosed: the year's last day is closed already; reopen it first.
    """
    with _waiting(), atomic_use_case(actor, "close_year") as audit:
        organization = lock_books(actor.organization)
        period = fiscal_year(year, organization.fiscal_year_start_month)
        if organization.today(now) <= period.ends_on:
            raise YearNotOver(year=year, ends_on=period.ends_on.isoformat())
        closings = _closings(organization, period)
        for closing in closings:
            if closing.status == EntryStatus.POSTED:
                raise YearAlreadyClosed(year=year, reference=closing.reference)
        entry = _post_closing(actor, organization, period, attempt=len(closings) + 1, now=now)
        before = organization.closed_through
        if before is None or before < period.ends_on:
            _set_closed_through(actor, organization, period.ends_on)
        audit(
            organization,
            before={"closed_through": before},
            after={"closed_through": organization.closed_through},
            year=year,
            entry=entry.pk if entry else None,
        )
    return entry


def reopen_year(
    *, actor: Actor, year: int, reason: str, now: datetime | None = None
) -> JournalEntry:
    """Undo `close_year`: reopen the year's last day and void the closing entry on that day.

    Returns the reversal. The books stay closed through the day before, to be reopened further
    where that is wanted.

    Raises:
        YearNotClosed
    """
    period = fiscal_year(year, actor.organization.fiscal_year_start_month)
    with shared_transaction():
        closed = [e for e in _closings(actor.organization, period) if e.status == "posted"]
        if not closed:
            raise YearNotClosed(year=year)
        organization = lock_books(actor.organization)
        if organization.closed_through and organization.closed_through >= period.ends_on:
            reopen_books(actor=actor, through=day_before(period.ends_on), reason=reason)
        return void_entry(actor=actor, entry=closed[0], on=period.ends_on, reason=reason, now=now)


def lock_books(organization: Organization) -> Organization:
    """The organization as it stands, with no posting in flight until the transaction ends.

    Every posting holds FOR SHARE on this row until it commits, so this waits for those that are
    under way, and new ones wait for this: docs/why/closing-under-load.md.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(ledger_queue(%s))", (organization.pk,))
    # NO KEY, as audit rows and their like hold FOR KEY SHARE by their foreign keys.
    return Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)


@contextmanager
def _waiting() -> Iterator[None]:
    """A wait for postings that was given up comes out as a refusal that may be tried again."""
    try:
        yield
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", None) == "55P03":
            raise BooksBusy() from error
        raise


def _set_closed_through(actor: Actor, organization: Organization, through: date | None) -> None:
    organization.closed_through = through
    organization.save(update_fields=["closed_through"])
    actor.organization.closed_through = through


def _closings(organization: Organization, period: FiscalYear) -> list[JournalEntry]:
    return list(
        JournalEntry.objects.of(organization)
        .filter(reference_type=YEAR_END, reference_id=str(period.year), reverses__isnull=True)
        .order_by("posted_at")
    )


def _post_closing(
    actor: Actor, organization: Organization, period: FiscalYear, attempt: int, now: datetime | None
) -> JournalEntry | None:
    lines = _closing_lines(organization, period.ends_on)
    if not lines:
        return None
    draft = EntryDraft(
        reference=_free_reference(organization, f"{YEAR_END}-{period.year}", attempt),
        effective_on=period.ends_on,
        lines=lines,
        description=f"Closing of the fiscal year {period.year}",
        reference_type=YEAR_END,
        reference_id=str(period.year),
    )
    [entry] = post_entries(organization, [draft], actor=actor, now=now)
    return entry


def _free_reference(organization: Organization, name: str, attempt: int) -> str:
    """The name and, but for the first attempt, its number; another where somebody took that."""
    wanted = name if attempt == 1 else f"{name}-{attempt}"
    taken = JournalEntry.objects.of(organization).filter(reference=wanted).exists()
    return f"{name}-{uuid7()}" if taken else wanted


def _closing_lines(organization: Organization, ends_on: date) -> list[LineDraft]:
    """What brings every revenue and expense account to zero, and the rest per currency."""
    lines: list[LineDraft] = []
    rest: dict[str, int] = {}
    for account_id, currency, balance in _unclosed(organization, ends_on):
        lines.append(signed(account_id, -balance))
        rest[currency] = rest.get(currency, 0) + balance
    for currency, balance in sorted(rest.items()):
        if balance:
            lines.append(signed(_retained_earnings(organization, currency), balance))
    return lines


def _retained_earnings(organization: Organization, currency: str) -> UUID:
    account: Account | None = (
        Account.objects.of(organization)
        .filter(role=AccountRole.RETAINED_EARNINGS, currency=currency, status=AccountStatus.ACTIVE)
        .first()
    )
    if account is None:
        raise RoleUnfilled(role=AccountRole.RETAINED_EARNINGS.value, currency=currency)
    return account.pk


def _unclosed(organization: Organization, ends_on: date) -> list[tuple[UUID, str, int]]:
    """(account, currency, debits − credits) of every revenue and expense account that is not at
    zero at the end of that month, which a fiscal year's last day always is."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT a.id, a.currency, (sum(b.debits) - sum(b.credits))::bigint
                 FROM ledger_account a
                 JOIN ledger_accountbalance b
                   ON b.organization_id = a.organization_id AND b.account_id = a.id
                WHERE a.organization_id = %s AND a.type IN ('revenue', 'expense')
                  AND b.month <= %s
                GROUP BY a.id, a.code, a.currency
               HAVING sum(b.debits) <> sum(b.credits)
                ORDER BY a.code""",
            (organization.pk, ends_on),
        )
        return [(row[0], row[1], row[2]) for row in cursor.fetchall()]
