"""What organizers are paid, and what each settlement leaves in the books. 1_00 is 1.00.

The reserve       a tenth of each month held back, and released two months later
The rained-out    a month below zero, and the good one that makes up for it
The late refund   a buyer gets money back after their sale was settled and paid
The wrong account a payout that comes back, and the second attempt

All of them are sold for by Market, which keeps a tenth of each sale as its fee.
"""

from datetime import date
from typing import NamedTuple

import pytest

from ledger.models import JournalEntry
from ledger.selectors.integrity import verify_books
from ledger.selectors.reports import trial_balance
from settlements.selectors.positions import payee_positions
from tests.settlements.market import BANK, CARD, FEES, IBAN, OTHER_IBAN, PAYABLE, fresh

pytestmark = pytest.mark.django_db

JAN, FEB, MAR = date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31)


class Position(NamedTuple):
    unsettled: int
    reserve: int
    carried_forward: int
    awaiting_payout: int
    ledger: int


def position(market, on):
    """Where the only payee stands at the end of a day."""
    [found] = payee_positions(market.organization, as_of=on)
    assert found.ties
    return Position(
        found.unsettled_amount,
        found.reserve_amount,
        found.carried_forward_amount,
        found.awaiting_payout_amount,
        found.ledger_amount,
    )


def figures(settlement):
    """As they stand below each other on the statement."""
    return (
        settlement.sales_amount,
        -settlement.refunds_amount,
        settlement.adjustments_amount,
        settlement.carried_forward_amount,
        -settlement.reserve_held_amount,
        settlement.reserve_released_amount,
        settlement.total_amount,
    )


def journal(market, *kinds):
    """Every entry of these kinds, in the order of posting: its date and its lines as (account,
    debit, credit)."""
    entries = JournalEntry.objects.of(market.organization).filter(reference_type__in=kinds)
    return [
        (
            entry.effective_on,
            [(line.account.code, line.debit, line.credit) for line in entry.lines.all()],
        )
        for entry in entries.order_by("posted_at", "id")
    ]


def balances(market, as_of):
    """The trial balance: (account, debit, credit); an account that stands at zero is not in it."""
    report = trial_balance(market.organization, as_of=as_of)
    assert report.ties
    return [(row.code, row.debit, row.credit) for block in report.currencies for row in block.rows]


def books_verify(market):
    return verify_books(market.organization).ties


def test_a_reserve_held_and_released_across_three_settlements(market):
    # A tenth of sales less refunds is held for 59 days.
    ana = market.payee(reserve={"percentage": "10", "days": 59})

    market.sell(ana, 1_000_00, on=date(2026, 1, 10))  # fee 100, Ana 900
    january = market.paid(ana, JAN)
    market.sell(ana, 500_00, on=date(2026, 2, 10))  # fee 50, Ana 450
    market.refund(market.sell(ana, 100_00, on=date(2026, 2, 11)), on=date(2026, 2, 12))
    february = market.paid(ana, FEB)
    market.sell(ana, 200_00, on=date(2026, 3, 10))  # fee 20, Ana 180
    march = market.paid(ana, MAR)

    #                    sales  refunds  adj.  carried     held  released    total
    assert figures(january) == (900_00, 0, 0, 0, -90_00, 0, 810_00)
    assert figures(february) == (540_00, -90_00, 0, 0, -45_00, 0, 405_00)
    assert figures(march) == (180_00, 0, 0, 0, -18_00, 90_00, 252_00)
    # 31 January and 59 days are 31 March.
    assert january.reserve_release_on == MAR
    assert fresh(january).reserve_released_by_id == march.pk
    assert fresh(february).reserve_released_by_id is None

    #                        open  reserve  carried  awaiting   ledger
    assert position(market, JAN) == (0, 90_00, 0, 0, 90_00)
    assert position(market, FEB) == (0, 135_00, 0, 0, 135_00)
    assert position(market, MAR) == (0, 63_00, 0, 0, 63_00)

    # Holding back posts nothing: it is still owed, and only paid later.
    assert journal(market, "payout") == [
        (JAN, [(PAYABLE, 810_00, 0), (BANK, 0, 810_00)]),
        (FEB, [(PAYABLE, 405_00, 0), (BANK, 0, 405_00)]),
        (MAR, [(PAYABLE, 252_00, 0), (BANK, 0, 252_00)]),
    ]
    # Card 1,800 − 100 refunded. Sold for Ana 1,530; paid 1,467; held 63.
    assert balances(market, MAR) == [
        (BANK, 0, 1_467_00),
        (CARD, 1_700_00, 0),
        (PAYABLE, 0, 63_00),
        (FEES, 0, 170_00),
    ]
    assert books_verify(market)


def test_a_month_below_zero_is_carried_into_the_next(market):
    ana = market.payee()

    sale = market.sell(ana, 100_00, on=date(2026, 1, 10))  # fee 10, Ana 90
    market.refund(sale, fee="keep", on=date(2026, 1, 20))  # Ana gives 100 back, the fee stays
    market.adjust(ana, -25_00, on=date(2026, 1, 21), kind="fee", reason="Posters")
    january = market.settle(ana, JAN)
    market.sell(ana, 300_00, on=date(2026, 2, 10))  # fee 30, Ana 270
    february = market.paid(ana, FEB)

    #                    sales  refunds   adj.   carried  held  released   total
    assert figures(january) == (90_00, -100_00, -25_00, 0, 0, 0, -35_00)
    assert figures(february) == (270_00, 0, 0, -35_00, 0, 0, 235_00)
    # There is nothing to approve and nothing to pay.
    assert (january.status, list(january.payouts.all())) == ("completed", [])

    #                        open  reserve  carried  awaiting   ledger
    assert position(market, JAN) == (0, 0, -35_00, 0, -35_00)
    assert position(market, FEB) == (0, 0, 0, 0, 0)

    assert journal(market, "sale-refund", "adjustment", "payout") == [
        (date(2026, 1, 20), [(PAYABLE, 100_00, 0), (CARD, 0, 100_00)]),
        (date(2026, 1, 21), [(PAYABLE, 25_00, 0), (FEES, 0, 25_00)]),
        (FEB, [(PAYABLE, 235_00, 0), (BANK, 0, 235_00)]),
    ]
    # Fees of 10 and 30, and 25 for the posters.
    assert balances(market, FEB) == [
        (BANK, 0, 235_00),
        (CARD, 300_00, 0),
        (FEES, 0, 65_00),
    ]
    assert books_verify(market)


def test_a_refund_after_its_sale_was_settled(market):
    ana = market.payee()

    early = market.sell(ana, 100_00, on=date(2026, 1, 10))  # fee 10, Ana 90
    january = market.paid(ana, JAN)
    refund = market.refund(early, 40_00, on=date(2026, 2, 5))  # fee 4, Ana 36
    market.sell(ana, 200_00, on=date(2026, 2, 10))  # fee 20, Ana 180
    february = market.paid(ana, FEB)

    #                    sales  refunds  adj. carried held released  total
    assert figures(january) == (90_00, 0, 0, 0, 0, 0, 90_00)
    assert figures(february) == (180_00, -36_00, 0, 0, 0, 0, 144_00)
    # The sale stays where it was settled; what was given back is the next one's.
    assert fresh(early).settlement_id == january.pk
    assert fresh(refund).settlement_id == february.pk

    #                                       open  reserve carried awaiting ledger
    assert position(market, date(2026, 2, 5)) == (-36_00, 0, 0, 0, -36_00)
    assert position(market, FEB) == (0, 0, 0, 0, 0)

    assert journal(market, "sale-refund") == [
        (date(2026, 2, 5), [(FEES, 4_00, 0), (PAYABLE, 36_00, 0), (CARD, 0, 40_00)])
    ]
    assert balances(market, FEB) == [
        (BANK, 0, 234_00),
        (CARD, 260_00, 0),
        (FEES, 0, 26_00),
    ]
    assert books_verify(market)


def test_a_payout_that_comes_back(market):
    ana = market.payee(iban=IBAN)
    paid_on, returned_on, paid_again_on = date(2026, 2, 3), date(2026, 2, 6), date(2026, 2, 10)

    market.sell(ana, 100_00, on=date(2026, 1, 10))  # fee 10, Ana 90
    settlement = market.approve(market.settle(ana, JAN))
    settlement = market.pay(settlement, paid_on)
    settlement = market.fail(settlement, "account closed", failed_on=returned_on)
    market.change(ana, iban=OTHER_IBAN)
    settlement = market.pay(market.retry(settlement), paid_again_on)

    second, first = settlement.payouts.all()
    assert (first.status, first.iban, first.failure_reason) == ("returned", IBAN, "account closed")
    assert (second.status, second.iban) == ("paid", OTHER_IBAN)
    assert settlement.status == "completed"

    assert journal(market, "payout", "payout-return") == [
        (paid_on, [(PAYABLE, 90_00, 0), (BANK, 0, 90_00)]),
        (returned_on, [(BANK, 90_00, 0), (PAYABLE, 0, 90_00)]),
        (paid_again_on, [(PAYABLE, 90_00, 0), (BANK, 0, 90_00)]),
    ]
    #                                 open reserve carried awaiting ledger
    assert position(market, JAN) == (0, 0, 0, 90_00, 90_00)
    assert position(market, paid_on) == (0, 0, 0, 0, 0)
    assert position(market, returned_on) == (0, 0, 0, 90_00, 90_00)
    assert position(market, paid_again_on) == (0, 0, 0, 0, 0)
    assert balances(market, paid_again_on) == [
        (BANK, 0, 90_00),
        (CARD, 100_00, 0),
        (FEES, 0, 10_00),
    ]
    assert books_verify(market)
