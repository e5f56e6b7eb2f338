"""March of a small shop, from the owner's deposit to the reports at the month's end.

 1 March   the owner pays 5,000.00 into the bank
 2 March   goods bought for 1,800.00 plus 20 % input tax, paid by bank          2,160.00
 5 March   invoice to a customer: 1,000.00 plus 20 % tax                        1,200.00
 5 March   those goods had cost                                                   600.00
12 March   the customer pays 700.00 of it into the bank
14 March   cash sale: 250.00 plus 20 % tax                                        300.00
14 March   those goods had cost                                                   150.00
20 March   goods returned, paid back in cash: 50.00 plus 20 % tax                  60.00
31 March   rent for March, paid by bank                                           400.00
"""

from datetime import date

import pytest

from ledger.drafts import credit, debit
from ledger.selectors.reports import (
    balance_sheet,
    cash_flow,
    general_ledger,
    income_statement,
    journal_report,
    revenue_report,
    trial_balance,
)

FIRST, LAST = date(2026, 3, 1), date(2026, 3, 31)

CASH, BANK, RECEIVABLE, INPUT_TAX, GOODS = "1000", "1010", "1100", "1150", "1200"
TAX, OWNER, SALES, RETURNS, COST, RENT = "2200", "3000", "4000", "4080", "5000", "6150"


@pytest.fixture
def march(acme, post):
    def on(day):
        return date(2026, 3, day)

    post(debit(BANK, 5_000_00), credit(OWNER, 5_000_00), on=on(1))
    post(
        debit(GOODS, 1_800_00),
        debit(INPUT_TAX, 360_00),
        credit(BANK, 2_160_00),
        on=on(2),
        reference="purchase-1",
    )
    post(
        debit(RECEIVABLE, 1_200_00),
        credit(SALES, 1_000_00),
        credit(TAX, 200_00),
        on=on(5),
        reference="invoice-1",
    )
    post(debit(COST, 600_00), credit(GOODS, 600_00), on=on(5))
    post(debit(BANK, 700_00), credit(RECEIVABLE, 700_00), on=on(12), reference="payment-1")
    post(debit(CASH, 300_00), credit(SALES, 250_00), credit(TAX, 50_00), on=on(14))
    post(debit(COST, 150_00), credit(GOODS, 150_00), on=on(14))
    post(debit(RETURNS, 50_00), debit(TAX, 10_00), credit(CASH, 60_00), on=on(20))
    post(debit(RENT, 400_00), credit(BANK, 400_00), on=on(31), reference="rent-march")
    return acme


def test_trial_balance(march):
    report = trial_balance(march, as_of=LAST)

    [gbp] = report.currencies
    assert [(row.code, row.debit, row.credit) for row in gbp.rows] == [
        #  account        debit      credit
        (CASH, 240_00, 0),  #        300 − 60
        (BANK, 3_140_00, 0),  #      5,000 − 2,160 + 700 − 400
        (RECEIVABLE, 500_00, 0),  #  1,200 − 700
        (INPUT_TAX, 360_00, 0),
        (GOODS, 1_050_00, 0),  #     1,800 − 600 − 150
        (TAX, 0, 240_00),  #         200 + 50 − 10
        (OWNER, 0, 5_000_00),
        (SALES, 0, 1_250_00),  #     1,000 + 250
        (RETURNS, 50_00, 0),
        (COST, 750_00, 0),  #        600 + 150
        (RENT, 400_00, 0),
    ]
    assert (gbp.total_debit, gbp.total_credit) == (6_490_00, 6_490_00)
    assert report.ties


def test_income_statement(march):
    report = income_statement(march, since=FIRST, until=LAST)

    [gbp] = report.currencies
    assert amounts(gbp.revenue) == {SALES: 1_250_00, RETURNS: -50_00}
    assert amounts(gbp.expenses) == {COST: 750_00, RENT: 400_00}
    assert gbp.total_revenue == 1_200_00
    assert gbp.total_expenses == 1_150_00
    assert gbp.net_income == 50_00
    assert report.ties


def test_balance_sheet(march):
    report = balance_sheet(march, as_of=LAST)

    [gbp] = report.currencies
    assert amounts(gbp.assets) == {
        CASH: 240_00,
        BANK: 3_140_00,
        RECEIVABLE: 500_00,
        INPUT_TAX: 360_00,
        GOODS: 1_050_00,
    }
    assert amounts(gbp.liabilities) == {TAX: 240_00}
    assert amounts(gbp.equity) == {OWNER: 5_000_00}
    assert gbp.current_earnings == 50_00
    assert gbp.total_assets == 5_290_00
    assert gbp.total_liabilities == 240_00
    assert gbp.total_equity == 5_050_00
    assert gbp.is_balanced
    assert report.ties


def test_accounts_above_show_what_stands_below_them(march):
    [gbp] = balance_sheet(march, as_of=LAST).currencies

    rolled_up = {row.code: row.amount for row in gbp.assets if row.is_rollup}
    assert rolled_up == {
        "1": 5_290_00,  #  all assets
        "10": 3_380_00,  # cash and bank
        "11": 860_00,  #   receivables: 500 + 360
        "12": 1_050_00,  # inventory
    }


def test_revenue_report(march):
    [gbp] = revenue_report(march, since=FIRST, until=LAST).currencies

    assert amounts(gbp.items) == {SALES: 1_250_00, RETURNS: -50_00}
    assert gbp.total_revenue == 1_200_00


def test_revenue_of_the_second_half_of_the_month(march):
    [gbp] = revenue_report(march, since=date(2026, 3, 14), until=date(2026, 3, 30)).currencies

    assert amounts(gbp.items) == {SALES: 250_00, RETURNS: -50_00}


def test_general_ledger_of_the_bank(march):
    from ledger.selectors.accounts import get_account

    report = general_ledger(
        march, since=date(2026, 3, 2), until=LAST, account=get_account(march, BANK)
    )

    [bank] = report.parts
    assert bank.head.opening == 5_000_00
    assert [(line.reference, line.debit, line.credit, line.balance) for line in bank.lines] == [
        ("purchase-1", 0, 2_160_00, 2_840_00),
        ("payment-1", 700_00, 0, 3_540_00),
        ("rent-march", 0, 400_00, 3_140_00),
    ]
    assert (bank.head.debits, bank.head.credits) == (700_00, 2_560_00)
    assert bank.head.closing == 3_140_00
    assert report.ties


def test_journal(march):
    report = journal_report(march, since=date(2026, 3, 2), until=date(2026, 3, 5))

    assert [item.reference for item in report.items][:2] == ["purchase-1", "invoice-1"]
    assert [(line.account, line.debit, line.credit) for line in report.items[1].lines] == [
        (RECEIVABLE, 1_200_00, 0),
        (SALES, 0, 1_000_00),
        (TAX, 0, 200_00),
    ]
    [gbp] = report.check().totals
    assert (gbp.total_debit, gbp.total_credit) == (3_960_00, 3_960_00)
    assert report.ties


def test_cash_flow(march):
    report = cash_flow(march, since=date(2026, 3, 2), until=LAST)

    [gbp] = report.currencies
    assert gbp.opening == 5_000_00
    assert {item.code: (item.inflow, item.outflow) for item in gbp.items} == {
        RECEIVABLE: (700_00, 0),  # what the customer paid
        INPUT_TAX: (0, 360_00),
        GOODS: (0, 1_800_00),
        TAX: (50_00, 10_00),  #     of the cash sale, and of the return
        SALES: (250_00, 0),  #      of the cash sale alone
        RETURNS: (0, 50_00),
        RENT: (0, 400_00),
    }
    assert gbp.total_of("operating") == 180_00
    assert gbp.total_of("assets") == -1_800_00
    assert gbp.total_of("financing") == 0
    assert gbp.closing == 3_380_00  #  240 in the till and 3,140 in the bank
    assert gbp.opening + gbp.net_flow == gbp.closing
    assert report.ties


def amounts(rows):
    return {row.code: row.amount for row in rows if not row.is_rollup}
