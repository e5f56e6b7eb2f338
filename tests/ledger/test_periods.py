"""Periods: closing, reopening, and the year's end with its undoing."""

from datetime import UTC, date, datetime
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from ledger.drafts import credit, debit
from ledger.errors import (
    BooksClosed,
    CloseGoesBack,
    CloseInTheFuture,
    NotClosed,
    RoleUnfilled,
    YearAlreadyClosed,
    YearNotClosed,
    YearNotOver,
)
from ledger.models import Account, JournalLine
from ledger.periods import fiscal_year, fiscal_year_of
from ledger.selectors.accounts import get_account
from ledger.selectors.balances import balance_at
from ledger.services.periods import close_books, close_year, reopen_books, reopen_year
from organizations.actors import Actor
from organizations.models import AuditEvent, Organization

NOW = datetime(2026, 2, 10, 12, tzinfo=UTC)


def balance(organization: Organization, code: str, on: date = date.max) -> int:
    return balance_at(organization, get_account(organization, code), on)


@pytest.fixture
def year_2025(post: Any) -> None:
    """Sales of 1,000, expenses of 400, in 2025; 50 more in 2026."""
    post(debit("1000", 1000), credit("4000", 1000), on=date(2025, 3, 1))
    post(debit("6000", 400), credit("1000", 400), on=date(2025, 12, 31))
    post(debit("1000", 50), credit("4000", 50), on=date(2026, 1, 1))


def test_closes_through_a_date_and_audits_it(acme: Organization, as_carol: Actor) -> None:
    close_books(actor=as_carol, through=date(2026, 1, 31), now=NOW)

    acme.refresh_from_db()
    assert acme.closed_through == date(2026, 1, 31)
    [event] = AuditEvent.objects.of(acme).filter(action="close_books")
    assert (event.before, event.after) == (
        {"closed_through": None},
        {"closed_through": "2026-01-31"},
    )


def test_closing_again_changes_nothing(acme: Organization, as_carol: Actor) -> None:
    for _ in range(2):
        close_books(actor=as_carol, through=date(2026, 1, 31), now=NOW)

    assert AuditEvent.objects.of(acme).filter(action="close_books").count() == 1


def test_does_not_open_days_by_closing(as_carol: Actor) -> None:
    close_books(actor=as_carol, through=date(2026, 1, 31), now=NOW)

    with pytest.raises(CloseGoesBack):
        close_books(actor=as_carol, through=date(2025, 12, 31), now=NOW)


def test_judges_the_future_by_the_organizations_clock(acme: Organization, as_carol: Actor) -> None:
    acme.time_zone = "Pacific/Auckland"
    acme.save()
    evening = datetime(2026, 2, 10, 20, tzinfo=UTC)  # the 11th in Auckland

    close_books(actor=as_carol, through=date(2026, 2, 11), now=evening)
    with pytest.raises(CloseInTheFuture):
        close_books(actor=as_carol, through=date(2026, 2, 12), now=evening)


def test_reopens_with_a_reason(acme: Organization, as_carol: Actor, post: Any) -> None:
    close_books(actor=as_carol, through=date(2026, 1, 31), now=NOW)

    reopen_books(actor=as_carol, through=date(2026, 1, 15), reason="late bill")

    post(debit("1000", 1), credit("4000", 1), on=date(2026, 1, 16))
    with pytest.raises(BooksClosed):
        post(debit("1000", 1), credit("4000", 1), on=date(2026, 1, 15))
    [event] = AuditEvent.objects.of(acme).filter(action="reopen_books")
    assert event.facts == {"reason": "late bill"}


def test_reopens_everything(acme: Organization, as_carol: Actor) -> None:
    close_books(actor=as_carol, through=date(2026, 1, 31), now=NOW)

    assert reopen_books(actor=as_carol, through=None, reason="start over") is None

    acme.refresh_from_db()
    assert acme.closed_through is None


@pytest.mark.parametrize("through", [None, date(2026, 1, 31), date(2026, 2, 1)])
def test_refuses_to_reopen_what_is_open(as_carol: Actor, through: date | None) -> None:
    if through is not None:
        close_books(actor=as_carol, through=date(2026, 1, 31), now=NOW)

    with pytest.raises(NotClosed):
        reopen_books(actor=as_carol, through=through, reason="why")


@pytest.mark.usefixtures("year_2025")
def test_posts_the_years_result_into_retained_earnings(acme: Organization, as_carol: Actor) -> None:
    entry = close_year(actor=as_carol, year=2025, now=NOW)

    assert entry is not None
    assert (entry.reference, entry.effective_on) == ("year-end-closing-2025", date(2025, 12, 31))
    lines = JournalLine.objects.of(acme).filter(entry_id=entry.pk).order_by("position")
    assert list(lines.values_list("account__code", "debit", "credit")) == [
        ("4000", 1000, 0),
        ("6000", 0, 400),
        (retained(acme).code, 0, 600),
    ]
    assert balance(acme, "4000", date(2025, 12, 31)) == 0
    assert balance(acme, "4000") == 50
    acme.refresh_from_db()
    assert acme.closed_through == date(2025, 12, 31)


def retained(organization: Organization) -> Account:
    account: Account = Account.objects.of(organization).get(role="retained_earnings")
    return account


@pytest.mark.usefixtures("year_2025")
def test_a_loss_is_a_debit_of_retained_earnings(
    acme: Organization, as_carol: Actor, post: Any
) -> None:
    post(debit("6000", 900), credit("1000", 900), on=date(2025, 7, 1))

    close_year(actor=as_carol, year=2025, now=NOW)

    assert balance(acme, retained(acme).code) == -300


@pytest.mark.usefixtures("year_2025")
def test_refuses_a_year_twice_and_one_that_is_not_over(as_carol: Actor) -> None:
    close_year(actor=as_carol, year=2025, now=NOW)

    with pytest.raises(YearAlreadyClosed):
        close_year(actor=as_carol, year=2025, now=NOW)
    with pytest.raises(YearNotOver):
        close_year(actor=as_carol, year=2026, now=NOW)


@pytest.mark.usefixtures("year_2025")
def test_refuses_without_retained_earnings(acme: Organization, as_carol: Actor) -> None:
    account = retained(acme)
    account.role = ""
    account.save()

    with pytest.raises(RoleUnfilled):
        close_year(actor=as_carol, year=2025, now=NOW)


@pytest.mark.usefixtures("year_2025")
def test_can_be_undone_and_done_again(acme: Organization, as_carol: Actor, post: Any) -> None:
    close_year(actor=as_carol, year=2025, now=NOW)

    reversal = reopen_year(actor=as_carol, year=2025, reason="late bill", now=NOW)

    assert reversal.effective_on == date(2025, 12, 31)
    assert balance(acme, "4000", date(2025, 12, 31)) == 1000
    post(debit("6000", 100), credit("1000", 100), on=date(2025, 12, 31))
    again = close_year(actor=as_carol, year=2025, now=NOW)
    assert again is not None
    assert again.reference == "year-end-closing-2025-2"
    assert balance(acme, retained(acme).code) == 500


@pytest.mark.usefixtures("year_2025")
def test_a_taken_reference_does_not_keep_a_year_open(
    acme: Organization, as_carol: Actor, post: Any
) -> None:
    post(debit("1000", 1), credit("1010", 1), reference="year-end-closing-2025")

    entry = close_year(actor=as_carol, year=2025, now=NOW)

    assert entry is not None
    assert balance(acme, "4000", date(2025, 12, 31)) == 0


def test_an_empty_year_is_closed_without_an_entry(acme: Organization, as_carol: Actor) -> None:
    assert close_year(actor=as_carol, year=2025, now=NOW) is None

    acme.refresh_from_db()
    assert acme.closed_through == date(2025, 12, 31)


def test_refuses_to_undo_what_was_not_closed(as_carol: Actor) -> None:
    with pytest.raises(YearNotClosed):
        reopen_year(actor=as_carol, year=2025, reason="why", now=NOW)


def test_a_fiscal_year_is_named_after_the_year_in_which_it_ends() -> None:
    year = fiscal_year(2026, start_month=4)

    assert (year.starts_on, year.ends_on) == (date(2025, 4, 1), date(2026, 3, 31))
    assert fiscal_year(2024, 3).ends_on == date(2024, 2, 29)
    assert fiscal_year(2026, 1).starts_on == date(2026, 1, 1)


@pytest.mark.parametrize("start_month", range(1, 13))
def test_every_day_lies_in_the_fiscal_year_that_is_said_to_hold_it(start_month: int) -> None:
    for day in (date(2025, month, 28) for month in range(1, 13)):
        year = fiscal_year_of(day, start_month)
        assert year.starts_on <= day <= year.ends_on


def test_commands_close_and_reopen(acme: Organization) -> None:
    said = StringIO()

    call_command("close_books", "--organization=acme", "--through=2025-06-30", stdout=said)
    call_command(
        "reopen_books", "--organization=acme", "--through=2025-05-31", "--reason=r", stdout=said
    )
    call_command("close_year", "--organization=acme", "--year=2024", stdout=said)

    assert said.getvalue().splitlines() == [
        "acme: the books are closed through 2025-06-30.",
        "acme: the books are closed through 2025-05-31.",
        "acme: the fiscal year 2024 is closed: there was nothing to close.",
    ]


@pytest.mark.usefixtures("acme")
@pytest.mark.parametrize(
    "arguments",
    [
        ("close_books", "--organization=nobody", "--through=2025-06-30"),
        ("close_books", "--organization=acme", "--through=2025-06-31"),
        ("close_books", "--organization=acme", "--through=2199-06-30"),
        ("reopen_books", "--organization=acme", "--reason=r"),
        ("close_year", "--organization=acme", "--year=99999"),
        ("close_year", "--organization=acme", "--year=2024", "--undo"),
    ],
)
def test_commands_refuse_with_a_reason(arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        call_command(*arguments)
