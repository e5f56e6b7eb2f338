"""Settlements that meet: real connections, real threads.

Whatever meets, every item is settled at most once, a settlement is paid at most once, and the books
verify.
"""

from datetime import UTC, datetime, timedelta

import pytest
from django.db.models import Sum

from core.errors import Refusal
from ledger.selectors.integrity import verify_books
from settlements.errors import NothingToSettle, SettlementsBusy
from settlements.models import Payout, Refund, Sale, Settlement
from settlements.services.running import run_settlements
from settlements.services.settling import calculating
from settlements.services.settling.counting import count_open
from tests.settlements.market import CUTOFF, DAY, PAYABLE, at_once, fresh, outcomes

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = range(4)
NOTHING_OR_BUSY = {NothingToSettle, SettlementsBusy}
NOW = datetime(2026, 4, 1, 12, tzinfo=UTC)
DAILY = {"every": "day"}


@pytest.fixture(autouse=True)
def books_are_whole(market):
    """Whatever met, the ledger says what the rows say, and the books verify."""
    yield
    organization = market.organization
    owed = sum_of(Sale.objects.of(organization), "organizer_amount")
    owed -= sum_of(Refund.objects.of(organization), "organizer_amount")
    owed -= sum_of(Payout.objects.of(organization).filter(status="paid"), "amount")
    assert market.balance(PAYABLE) == owed
    for made in Settlement.objects.of(organization):
        assert sum_of(made.sales, "organizer_amount") == made.sales_amount
        assert sum_of(made.refunds, "organizer_amount") == made.refunds_amount
    assert verify_books(organization).ties


def sum_of(rows, column):
    return rows.aggregate(sum=Sum(column))["sum"] or 0


@pytest.mark.parametrize("turn", ROUNDS)
def test_two_that_settle_a_payee_settle_it_once(market, turn):
    payee = market.payee()
    for _ in range(5):
        market.sell(payee)

    results = at_once(*[lambda: market.settle(payee)] * 2)

    assert outcomes(results) == ["NothingToSettle", "done"]
    assert Settlement.objects.of(market.organization).get().item_count == 5


def test_two_runs_at_once_settle_everything_once(market):
    payees = [market.payee(f"payee-{number}", schedule=DAILY) for number in range(8)]
    for payee in payees * 3:
        market.sell(payee)

    runs = at_once(*[lambda: run_settlements(market.organization, now=NOW)] * 2)

    assert sum(run.counts["settled"] for run in runs) == 8
    assert [run.failed for run in runs] == [[], []]
    settlements = Settlement.objects.of(market.organization)
    assert sorted(settlements.values_list("item_count", flat=True)) == [3] * 8
    assert not Sale.objects.of(market.organization).filter(settlement=None).exists()


def test_sales_that_come_in_meanwhile_are_in_this_one_or_in_the_next(market):
    payee = market.payee()
    market.sell(payee)

    def sell():
        return [market.sell(payee, 1_00) for _ in range(25)]

    def settle():
        return [attempt(lambda: market.settle(payee)) for _ in range(8)]

    _, tried, _ = at_once(sell, settle, sell)

    assert isinstance(tried, list)
    made = [each for each in tried if isinstance(each, Settlement)]
    assert {type(each) for each in tried if isinstance(each, Refusal)} <= NOTHING_OR_BUSY
    rest = attempt(lambda: market.settle(payee))
    settled = [*made, *([rest] if isinstance(rest, Settlement) else [])]
    assert sum(each.item_count for each in settled) == 51
    assert sum(each.total_amount for each in settled) == 90_00 + 50 * 90


def attempt(work):
    try:
        return work()
    except Refusal as refusal:
        return refusal


def test_a_sale_between_the_count_and_the_statement_is_counted_with_the_rest(market, monkeypatch):
    payee = market.payee()
    market.sell(payee)
    sells_in = in_between(market, payee, monkeypatch, times=1)

    settlement = market.settle(payee)

    assert sells_in.asked == 2
    assert (settlement.item_count, settlement.total_amount) == (2, 90_00 + 90)


def test_where_sales_keep_coming_in_it_is_to_be_repeated(market, monkeypatch):
    payee = market.payee()
    market.sell(payee)
    in_between(market, payee, monkeypatch, times=1_000)

    with pytest.raises(SettlementsBusy):
        market.settle(payee)

    assert not Settlement.objects.of(market.organization).exists()


class in_between:  # noqa: N801  # reads as a verb
    """Sells something by another connection each time that the items have been counted."""

    def __init__(self, market, payee, monkeypatch, *, times):
        self.asked = 0

        def and_sell(*arguments):
            counted = count_open(*arguments)
            self.asked += 1
            if self.asked <= times:
                [sold] = at_once(lambda: market.sell(payee, 1_00))
                assert isinstance(sold, Sale)
            return counted

        monkeypatch.setattr(calculating, "count_open", and_sell)


@pytest.mark.parametrize("turn", ROUNDS)
def test_a_refund_meanwhile_is_in_this_one_or_in_the_next(market, turn):
    payee = market.payee()
    sales = [market.sell(payee) for _ in range(6)]

    results = at_once(
        lambda: market.settle(payee),
        *[lambda sale=sale: market.refund(sale, 10_00, on=DAY) for sale in sales],
    )

    assert outcomes(results) == ["done"] * 7
    rest = attempt(lambda: market.settle(payee))
    total = results[0].total_amount
    total += rest.total_amount if isinstance(rest, Settlement) else 0
    assert total == 6 * 90_00 - 6 * 9_00


@pytest.mark.parametrize("turn", ROUNDS)
def test_two_that_approve_make_one_payout(market, turn):
    payee = market.payee()
    market.sell(payee)
    settlement = market.settle(payee)

    results = at_once(*[lambda: market.approve(settlement)] * 2)

    assert outcomes(results) == ["SettlementNotPending", "done"]
    assert Payout.objects.of(market.organization).count() == 1


@pytest.mark.parametrize("turn", ROUNDS)
def test_many_that_pay_pay_once(market, turn):
    payee = market.payee()
    market.sell(payee)
    settlement = market.approve(market.settle(payee))

    results = at_once(*[lambda: market.pay(settlement)] * 4)

    assert outcomes(results) == ["SettlementAlreadyPaid"] * 3 + ["done"]
    assert market.owed() == 0


@pytest.mark.parametrize("turn", ROUNDS)
def test_of_paying_and_failing_either_comes_first(market, turn):
    payee = market.payee()
    market.sell(payee)
    settlement = market.approve(market.settle(payee))

    paid, failed = at_once(
        lambda: market.pay(settlement), lambda: market.fail(settlement, failed_on=CUTOFF)
    )

    # Paid first, it then came back.
    payout = Payout.objects.of(market.organization).get()
    assert isinstance(failed, Settlement)
    assert payout.status == ("failed" if isinstance(paid, Refusal) else "returned")
    assert outcomes([paid]) in (["SettlementNotPaying"], ["done"])
    assert fresh(settlement).status == "failed"
    assert market.owed() == 90_00


@pytest.mark.parametrize("turn", ROUNDS)
def test_two_that_try_again_make_one_attempt(market, turn):
    payee = market.payee()
    market.sell(payee)
    settlement = market.fail(market.approve(market.settle(payee)))

    results = at_once(*[lambda: market.retry(settlement)] * 2)

    assert outcomes(results) == ["SettlementNotFailed", "done"]
    assert Payout.objects.of(market.organization).count() == 2


@pytest.mark.parametrize("turn", ROUNDS)
def test_what_is_discarded_is_not_approved_and_the_other_way_round(market, turn):
    payee = market.payee()
    sale = market.sell(payee)
    settlement = market.settle(payee)

    discarded, approved = at_once(
        lambda: market.discard(settlement), lambda: market.approve(settlement)
    )

    if isinstance(approved, Refusal):
        assert outcomes([discarded, approved]) == ["SettlementNotFound", "done"]
        assert fresh(sale).settlement_id is None
    else:
        assert outcomes([discarded]) == ["SettlementNotPending"]
        assert fresh(sale).settlement_id == settlement.pk


@pytest.mark.parametrize("turn", ROUNDS)
def test_a_payee_that_is_suspended_meanwhile_is_settled_before_it_or_not_at_all(market, turn):
    payee = market.payee()
    market.sell(payee)

    settled, suspended = at_once(lambda: market.settle(payee), lambda: market.suspend(payee))

    assert not isinstance(suspended, Refusal)
    assert outcomes([settled]) in (["done"], ["PayeeSuspended"])


def test_everything_at_once_on_a_few_payees_deadlocks_nowhere(market):
    """Sell, refund, settle, discard, approve, pay, fail and retry, each thread over all of them
    and in its own order."""
    payees = [market.payee(f"payee-{number}") for number in range(3)]
    for payee in payees:
        market.sell(payee, 50_00)

    acts = {
        0: lambda payee, _: market.sell(payee, 10_00),
        1: lambda payee, _: market.refund(first_sale(market, payee), 1_00, on=DAY),
        2: lambda payee, _: market.settle(payee),
        3: lambda _, latest: market.discard(latest),
        4: lambda _, latest: market.approve(latest),
        5: lambda _, latest: market.pay(latest),
        6: lambda _, latest: market.fail(latest, failed_on=CUTOFF + timedelta(days=9)),
        7: lambda _, latest: market.retry(latest),
    }

    def act(what, payee):
        latest = Settlement.objects.of(market.organization).filter(payee=payee).last()
        return acts[what](payee, latest) if latest or what < 3 else None

    def work(thread):
        turns = payees if thread % 2 else payees[::-1]
        for turn in range(10):
            for payee in turns:
                attempt(lambda payee=payee, turn=turn: act((thread + turn) % 8, payee))
        return True

    results = at_once(*[lambda thread=thread: work(thread) for thread in range(8)])

    assert results == [True] * 8


def first_sale(market, payee):
    return Sale.objects.of(market.organization).filter(payee=payee).last()
