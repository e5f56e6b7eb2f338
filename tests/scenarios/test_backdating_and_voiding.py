"""What was known when: a bill that comes in late, and a sale that is voided.

10 January   sale of 100.00 in cash, entered on the same day
 3 February  a bill of 30.00 for January comes in, and is dated 31 January
20 February  the sale turns out to be a mistake: voided, dated 10 January as the sale was
"""

from datetime import UTC, date, datetime

import pytest

from ledger.drafts import credit, debit
from ledger.selectors.accounts import get_account
from ledger.selectors.balances import account_statement, balance_at
from ledger.selectors.reports import income_statement, journal_report, trial_balance
from ledger.services.entries import void_entry

JANUARY = date(2026, 1, 1), date(2026, 1, 31)
SALE_ENTERED = datetime(2026, 1, 10, 15, tzinfo=UTC)
BILL_ENTERED = datetime(2026, 2, 3, 9, tzinfo=UTC)
VOIDED = datetime(2026, 2, 20, 9, tzinfo=UTC)

AT_MONTH_END = datetime(2026, 1, 31, 23, tzinfo=UTC)
ON_5_FEBRUARY = datetime(2026, 2, 5, tzinfo=UTC)


@pytest.fixture
def books(acme, post, as_carol):
    sale = post(
        debit("1000", 100_00),
        credit("4000", 100_00),
        on=date(2026, 1, 10),
        now=SALE_ENTERED,
        reference="sale",
    )
    post(
        debit("6000", 30_00),
        credit("2000", 30_00),
        on=date(2026, 1, 31),
        now=BILL_ENTERED,
        reference="bill",
    )
    void_entry(actor=as_carol, entry=sale, on=date(2026, 1, 10), reason="mistake", now=VOIDED)
    return acme


@pytest.mark.parametrize(
    ("known_at", "net_income"),
    [
        (SALE_ENTERED.replace(hour=14), None),  # before the sale was entered: nothing
        (SALE_ENTERED, 100_00),  #                 from that moment on
        (AT_MONTH_END, 100_00),  #                 the bill is not known yet
        (ON_5_FEBRUARY, 70_00),  #                 the bill is dated back into January
        (None, -30_00),  #                         the sale never was
    ],
)
def test_january_as_it_was_known(books, known_at, net_income):
    report = income_statement(books, since=JANUARY[0], until=JANUARY[1], known_at=known_at)

    assert [part.net_income for part in report.currencies] == (
        [] if net_income is None else [net_income]
    )
    assert report.ties


def test_cash_in_the_middle_of_january(books):
    cash = get_account(books, "1000")

    assert balance_at(books, cash, date(2026, 1, 15)) == 0
    assert balance_at(books, cash, date(2026, 1, 15), AT_MONTH_END) == 100_00
    assert balance_at(books, cash, date(2026, 1, 9), AT_MONTH_END) == 0


def test_the_trial_balance_ties_at_every_moment(books):
    for known_at in (SALE_ENTERED, AT_MONTH_END, ON_5_FEBRUARY, VOIDED, None):
        assert trial_balance(books, as_of=JANUARY[1], known_at=known_at).ties


def test_the_journal_shows_the_sale_and_its_reversal(books):
    items = journal_report(books, since=JANUARY[0], until=JANUARY[1]).items

    sale, reversal, bill = items
    assert (sale.reference, sale.status) == ("sale", "voided")
    assert reversal.reverses == sale.id
    assert bill.reference == "bill"


def test_the_cash_account_line_by_line(books):
    statement = account_statement(get_account(books, "1000"), date(2026, 1, 5), date(2026, 1, 20))

    assert statement.opening == 0
    assert [(line.debit, line.credit, line.balance) for line in statement.lines()] == [
        (100_00, 0, 100_00),
        (0, 100_00, 0),
    ]
    assert statement.closing == 0
