"""A shop with a till in pounds and a bank account in dollars, read in pounds.

    2 June    sale of 100.00 GBP in cash
    3 June    sale of 300.33 USD, paid into the dollar account; 0.33 USD of it is tax
    5 June    fees of 10.01 USD

One dollar is worth 0.75 GBP from 1 June, and 0.80 GBP from 30 June.
"""

from datetime import date

import pytest

from ledger.drafts import credit, debit
from ledger.errors import RateMissing
from ledger.selectors.reports import balance_sheet, cash_flow, income_statement, trial_balance
from ledger.services.accounts import create_account
from ledger.services.exchange import set_exchange_rate

JUNE = date(2026, 6, 1), date(2026, 6, 30)


@pytest.fixture
def books(acme, post, as_olga):
    for code, name, kind, role in [
        ("1011", "Bank in dollars", "asset", "bank"),
        ("2201", "Sales tax in dollars", "liability", "tax_payable"),
        ("4001", "Sales in dollars", "revenue", "sales_revenue"),
        ("6001", "Fees in dollars", "expense", "operating_expense"),
    ]:
        create_account(actor=as_olga, code=code, name=name, type=kind, currency="USD", role=role)
    post(debit("1000", 100_00), credit("4000", 100_00), on=date(2026, 6, 2))
    post(debit("1011", 300_33), credit("4001", 300_00), credit("2201", 33), on=date(2026, 6, 3))
    post(debit("6001", 10_01), credit("1011", 10_01), on=date(2026, 6, 5))
    return acme


@pytest.fixture
def rates(books, as_olga):
    for rate, day in [("0.75", 1), ("0.80", 30)]:
        set_exchange_rate(
            actor=as_olga,
            currency="USD",
            quote_currency="GBP",
            rate=rate,
            valid_on=date(2026, 6, day),
        )


def test_each_currency_stands_and_ties_by_itself(books):
    report = trial_balance(books, as_of=JUNE[1])

    gbp, usd = report.currencies
    assert (gbp.currency, gbp.total_debit, gbp.total_credit) == ("GBP", 100_00, 100_00)
    assert (usd.currency, usd.total_debit, usd.total_credit) == ("USD", 300_33, 300_33)
    assert [(row.code, row.debit, row.credit) for row in usd.rows] == [
        ("1011", 290_32, 0),
        ("2201", 0, 33),
        ("4001", 0, 300_00),
        ("6001", 10_01, 0),
    ]
    assert report.ties


def test_in_pounds_at_the_rate_of_mid_june(books, rates):
    report = trial_balance(books, as_of=date(2026, 6, 15), currency="GBP")

    [gbp] = report.currencies
    assert [(row.code, row.debit, row.credit) for row in gbp.rows] == [
        ("1000", 100_00, 0),
        ("1011", 217_74, 0),  #  290.32 × 0.75 = 217.740
        ("2201", 0, 25),  #        0.33 × 0.75 =   0.2475, rounded half up
        ("4000", 0, 100_00),
        ("4001", 0, 225_00),  #  300.00 × 0.75
        ("6001", 7_51, 0),  #     10.01 × 0.75 =   7.5075
    ]
    # 325.25 of debits, 325.25 of credits: the roundings happen to leave nothing over.
    assert gbp.translation_difference == 0
    assert (gbp.total_debit, gbp.total_credit) == (325_25, 325_25)
    assert report.ties


def test_what_roundings_leave_over_is_stated_and_the_report_ties(books, rates, post):
    post(debit("6001", 1), credit("2201", 1), on=date(2026, 6, 6))

    report = trial_balance(books, as_of=date(2026, 6, 15), currency="GBP")

    [gbp] = report.currencies
    rows = {row.code: (row.debit, row.credit) for row in gbp.rows}
    assert rows["6001"] == (7_52, 0)  # 10.02 × 0.75 = 7.515, half up
    assert rows["2201"] == (0, 26)  #    0.34 × 0.75 = 0.255, half up
    # Debits 100.00 + 217.74 + 7.52 = 325.26, credits 0.26 + 100.00 + 225.00 = 325.26.
    assert gbp.translation_difference == 0

    post(debit("6001", 1), credit("2201", 1), on=date(2026, 6, 7))
    [gbp] = trial_balance(books, as_of=date(2026, 6, 15), currency="GBP").currencies
    # Now 10.03 × 0.75 = 7.5225 → 7.52 and 0.35 × 0.75 = 0.2625 → 0.26: nothing moves, but
    post(debit("6001", 6), credit("1011", 6), on=date(2026, 6, 8))
    report = trial_balance(books, as_of=date(2026, 6, 15), currency="GBP")
    [gbp] = report.currencies
    rows = {row.code: (row.debit, row.credit) for row in gbp.rows}
    # 10.09 × 0.75 = 7.5675 → 7.57, 290.26 × 0.75 = 217.695 → 217.70: debits are a penny more.
    assert rows["6001"] == (7_57, 0)
    assert rows["1011"] == (217_70, 0)
    assert gbp.translation_difference == -1
    assert (gbp.total_debit, gbp.total_credit) == (325_27, 325_27)
    assert report.ties


@pytest.mark.parametrize("cents", range(1, 40))
def test_the_balance_sheet_in_pounds_ties_for_any_rounding(books, rates, post, cents):
    post(debit("6001", cents), credit("2201", cents), on=date(2026, 6, 6))

    sheet = balance_sheet(books, as_of=date(2026, 6, 15), currency="GBP")

    [gbp] = sheet.currencies
    assert gbp.total_assets == gbp.total_liabilities + gbp.total_equity
    assert abs(gbp.translation_difference) <= 2
    assert sheet.ties


def test_the_last_rate_on_or_before_the_day_counts(books, rates):
    [june] = income_statement(books, since=JUNE[0], until=JUNE[1], currency="GBP").currencies

    # 0.80 from 30 June: 100.00 + 240.00, less 10.01 × 0.80 = 8.008.
    assert (june.total_revenue, june.total_expenses) == (340_00, 8_01)


def test_a_rate_known_the_other_way_round_is_turned_over(books, rates):
    report = trial_balance(books, as_of=JUNE[1], currency="USD")

    [usd] = report.currencies
    cash = next(row for row in usd.rows if row.code == "1000")
    assert cash.debit == 125_00  # 100.00 ÷ 0.80
    [rate] = report.rates
    assert rate.is_inverse


def test_without_a_rate_there_is_no_report(books, rates):
    with pytest.raises(RateMissing) as refused:
        trial_balance(books, as_of=date(2026, 6, 30), currency="EUR")

    assert refused.value.facts == {
        "currency": "GBP",
        "quote_currency": "EUR",
        "on": "2026-06-30",
    }


def test_a_currency_that_nobody_uses_needs_no_rate(acme, post):
    post(debit("1000", 100_00), credit("4000", 100_00), on=date(2026, 6, 2))

    [gbp] = trial_balance(acme, as_of=JUNE[1], currency="GBP").currencies

    assert gbp.total_debit == 100_00


def test_cash_flow_in_pounds(books, rates):
    report = cash_flow(books, since=JUNE[0], until=JUNE[1], currency="GBP")

    [gbp] = report.currencies
    assert gbp.opening == 0
    assert gbp.closing == 100_00 + 232_26  # 290.32 × 0.80 = 232.256
    assert gbp.opening + gbp.net_flow + gbp.translation_difference == gbp.closing
    assert report.ties
