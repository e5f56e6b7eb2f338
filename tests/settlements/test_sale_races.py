"""Sales and refunds that meet: real connections, real threads.

Of two that are the same both get the one; of two that together would be too much one is refused;
nobody deadlocks, because a sale is locked before the ledger.
"""

from functools import partial

import pytest

from ledger.selectors.integrity import verify_books
from settlements.models import Adjustment, Refund, Sale
from tests.settlements.market import DAY, LATER, at_once, fresh, outcomes

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = range(4)


@pytest.fixture
def ana(market):
    return market.payee()


@pytest.fixture(autouse=True)
def books_are_whole(market):
    """Whatever met, the ledger owes what the items say, and the books verify."""
    yield
    rows = [
        row for model in (Sale, Refund, Adjustment) for row in model.objects.of(market.organization)
    ]
    assert market.owed() == sum(row.payable_amount for row in rows)
    for sale in Sale.objects.of(market.organization):
        given = [row.amount for row in Refund.objects.of(market.organization).filter(sale=sale)]
        assert sale.refunded_amount == sum(given) <= sale.total_amount
    assert verify_books(market.organization).ties


@pytest.mark.parametrize("_", ROUNDS)
def test_the_same_sale_sent_twice_at_once_is_one(market, ana, _):
    sell = partial(market.sell, ana, reference="s")

    sales = at_once(sell, sell, sell)

    assert outcomes(sales) == ["done"] * 3
    assert len({sale.pk for sale in sales}) == 1
    assert sorted(sale.is_replay for sale in sales) == [False, True, True]
    assert Sale.objects.of(market.organization).count() == 1


@pytest.mark.parametrize("_", ROUNDS)
def test_two_sales_under_one_reference_at_once_are_one_and_a_conflict(market, ana, _):
    results = at_once(
        partial(market.sell, ana, 100_00, reference="s"),
        partial(market.sell, ana, 200_00, reference="s"),
    )

    assert outcomes(results) == ["ReferenceConflict", "done"]


@pytest.mark.parametrize("_", ROUNDS)
def test_refunds_that_race_past_what_is_left_stay_within_it(market, ana, _):
    sale = market.sell(ana, 100_00)

    results = at_once(*[partial(market.refund, sale, 40_00, reference=f"r{n}") for n in range(4)])

    assert outcomes(results) == ["OverRefund", "OverRefund", "done", "done"]
    assert fresh(sale).refunded_amount == 80_00


@pytest.mark.parametrize("_", ROUNDS)
def test_of_two_refunds_of_everything_one_finds_nothing_left(market, ana, _):
    sale = market.sell(ana, 100_00)

    results = at_once(*[partial(market.refund, sale, reference=f"r{n}") for n in range(2)])

    assert outcomes(results) == ["NothingLeftToRefund", "done"]


@pytest.mark.parametrize("_", ROUNDS)
def test_the_same_refund_sent_twice_at_once_is_one(market, ana, _):
    sale = market.sell(ana, 100_00)
    refund = partial(market.refund, sale, reference="r")

    results = at_once(refund, refund, refund)

    assert outcomes(results) == ["done"] * 3
    assert len({row.pk for row in results}) == 1


@pytest.mark.parametrize("_", ROUNDS)
def test_refunds_of_two_sales_under_one_reference_are_one_and_a_conflict(market, ana, _):
    sales = [market.sell(ana), market.sell(ana)]

    results = at_once(*[partial(market.refund, sale, reference="r") for sale in sales])

    assert outcomes(results) == ["ReferenceConflict", "done"]


@pytest.mark.parametrize("_", ROUNDS)
def test_the_same_adjustment_sent_twice_at_once_is_one(market, ana, _):
    adjust = partial(market.adjust, ana, 5_00, reference="a")

    results = at_once(adjust, adjust)

    assert outcomes(results) == ["done"] * 2
    assert len({row.pk for row in results}) == 1


@pytest.mark.parametrize("_", ROUNDS)
def test_a_refund_and_a_settlement_of_its_sale_both_come_through(market, ana, _):
    """The refund is in the settlement or waits for the next; the sale is in it either way."""
    sale = market.sell(ana, 100_00)

    refund, settlement = at_once(
        partial(market.refund, sale, 40_00, on=LATER), partial(market.settle, ana)
    )

    assert outcomes([refund, settlement]) == ["done", "done"]
    assert fresh(sale).settlement_id == settlement.pk
    is_in = fresh(refund).settlement_id == settlement.pk
    assert settlement.total_amount == (54_00 if is_in else 90_00)


@pytest.mark.parametrize("_", ROUNDS)
def test_sales_and_a_settlement_come_through_and_nothing_is_lost(market, ana, _):
    market.sell(ana, 100_00, on=DAY)

    *sales, settlement = at_once(
        *[partial(market.sell, ana, 10_00, reference=f"s{n}") for n in range(4)],
        partial(market.settle, ana),
    )

    assert outcomes([*sales, settlement]) == ["done"] * 5
    taken = Sale.objects.of(market.organization).filter(settlement=settlement)
    assert settlement.total_amount == sum(row.organizer_amount for row in taken)
    waiting = Sale.objects.of(market.organization).filter(settlement=None)
    assert taken.count() + waiting.count() == 5


@pytest.mark.parametrize("_", ROUNDS)
def test_a_sale_of_a_payee_that_is_being_changed_comes_through(market, ana, _):
    results = at_once(
        partial(market.sell, ana, reference="s"), partial(market.change, ana, name="Ana B.")
    )

    assert outcomes(results) == ["done", "done"]
