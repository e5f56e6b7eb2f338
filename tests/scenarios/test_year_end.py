"""A fiscal year is closed into retained earnings, and its income statement still tells its story.

2025   sales 1,000.00, expenses 400.00: a profit of 600.00
2026   in January, sales of 50.00
"""

from datetime import UTC, date, datetime

import pytest

from ledger.drafts import credit, debit
from ledger.selectors.reports import (
    balance_sheet,
    income_statement,
    revenue_report,
    trial_balance,
)
from ledger.services.entries import void_entry
from ledger.services.periods import close_year, reopen_books, reopen_year

YEAR = date(2025, 1, 1), date(2025, 12, 31)
IN_2026 = date(2026, 1, 31)
BEFORE_CLOSING = datetime(2026, 2, 9, tzinfo=UTC)
NOW = datetime(2026, 2, 10, 12, tzinfo=UTC)
LATER = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def books(acme, post):
    early = datetime(2026, 2, 1, tzinfo=UTC)
    post(debit("1000", 1_000_00), credit("4000", 1_000_00), on=date(2025, 3, 1), now=early)
    post(debit("6000", 400_00), credit("1000", 400_00), on=date(2025, 12, 31), now=early)
    post(debit("1000", 50_00), credit("4000", 50_00), on=date(2026, 1, 10), now=early)
    return acme


@pytest.fixture
def closing(books, as_carol):
    return close_year(actor=as_carol, year=2025, now=NOW)


def result(books, since, until, known_at=None):
    [gbp] = income_statement(books, since=since, until=until, known_at=known_at).currencies
    return gbp.total_revenue, gbp.total_expenses, gbp.net_income


def equity(books, on, known_at=None):
    [gbp] = balance_sheet(books, as_of=on, known_at=known_at).currencies
    assert gbp.is_balanced
    retained = sum(row.amount for row in gbp.equity if row.code == "3200")
    return retained, gbp.current_earnings, gbp.total_equity


def test_before_closing_the_profit_is_current_earnings(books):
    assert equity(books, YEAR[1]) == (0, 600_00, 600_00)
    assert equity(books, IN_2026) == (0, 650_00, 650_00)


def test_closing_moves_the_profit_into_retained_earnings(books, closing):
    assert equity(books, YEAR[1]) == (600_00, 0, 600_00)
    assert equity(books, IN_2026) == (600_00, 50_00, 650_00)


def test_the_closed_year_still_shows_what_it_earned(books, closing):
    assert result(books, *YEAR) == (1_000_00, 400_00, 600_00)
    [gbp] = revenue_report(books, since=YEAR[0], until=YEAR[1]).currencies
    assert gbp.total_revenue == 1_000_00


def test_a_period_across_the_year_end_shows_both_years(books, closing):
    assert result(books, date(2025, 12, 1), IN_2026) == (50_00, 400_00, -350_00)


def test_the_new_year_starts_at_nothing(books, closing):
    assert result(books, date(2026, 1, 1), IN_2026) == (50_00, 0, 50_00)


def test_the_trial_balance_after_closing_holds_no_result_of_the_year(books, closing):
    [gbp] = trial_balance(books, as_of=YEAR[1]).currencies

    assert [(row.code, row.debit, row.credit) for row in gbp.rows] == [
        ("1000", 600_00, 0),
        ("3200", 0, 600_00),
    ]
    assert gbp.ties


def test_before_the_closing_was_known_the_profit_was_still_open(books, closing):
    assert equity(books, YEAR[1], BEFORE_CLOSING) == (0, 600_00, 600_00)
    assert result(books, *YEAR, BEFORE_CLOSING) == (1_000_00, 400_00, 600_00)


def test_a_reopened_year_reads_as_before(books, closing, as_carol):
    reopen_year(actor=as_carol, year=2025, reason="a late bill", now=LATER)

    assert equity(books, YEAR[1]) == (0, 600_00, 600_00)
    assert result(books, *YEAR) == (1_000_00, 400_00, 600_00)


def test_a_closing_reversed_in_the_new_year_does_not_touch_the_new_years_result(
    books, closing, as_carol
):
    # The year's last day stays closed, so the reversal is dated into the new year.
    void_entry(actor=as_carol, entry=closing, on=IN_2026, reason="a late bill", now=LATER)

    assert result(books, date(2026, 1, 1), IN_2026) == (50_00, 0, 50_00)
    assert result(books, *YEAR) == (1_000_00, 400_00, 600_00)
    assert equity(books, YEAR[1]) == (600_00, 0, 600_00)
    assert equity(books, IN_2026) == (0, 650_00, 650_00)


def test_closed_again_with_a_late_bill(books, closing, post, as_carol):
    reopen_year(actor=as_carol, year=2025, reason="a late bill", now=LATER)
    reopen_books(actor=as_carol, through=None, reason="a late bill")
    post(debit("6000", 25_00), credit("2000", 25_00), on=date(2025, 12, 31), now=LATER)
    close_year(actor=as_carol, year=2025, now=LATER)

    assert result(books, *YEAR) == (1_000_00, 425_00, 575_00)
    assert equity(books, YEAR[1]) == (575_00, 0, 575_00)
