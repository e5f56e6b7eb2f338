"""Calculating a settlement: what it takes in, what it comes to, and what is refused."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from organizations.models import AuditEvent
from settlements.errors import (
    BelowMinimumPayout,
    CutoffInTheFuture,
    ImplausibleCutoff,
    NothingToSettle,
    PayeeNotFound,
    PayeeSuspended,
    SettledAlready,
)
from tests.invoicing.selling import refused, statements_of
from tests.settlements.market import CUTOFF, DAY, LATER, amounts, fresh

ONE_DAY = timedelta(days=1)


def test_takes_in_what_is_open_through_the_day(market):
    payee = market.payee()
    sale = market.sell(payee, 100_00)
    refund = market.refund(market.sell(payee, 50_00), 20_00)
    adjustment = market.adjust(payee, -3_00)

    settlement = market.settle(payee)

    assert amounts(
        settlement, "item_count", "sales_amount", "refunds_amount", "adjustments_amount"
    ) == {
        "item_count": 4,
        "sales_amount": 135_00,
        "refunds_amount": 18_00,
        "adjustments_amount": -3_00,
    }
    assert settlement.total_amount == 114_00
    assert (settlement.status, settlement.sequence) == ("pending", 1)
    assert (settlement.through, settlement.currency) == (CUTOFF, "EUR")
    assert settlement.prepared_by_id == market.prepares.pk
    for item in (sale, refund, adjustment):
        assert fresh(item).settlement_id == settlement.pk


def test_what_is_dated_later_waits_for_the_next_one(market):
    payee = market.payee()
    market.sell(payee, on=CUTOFF)
    later = market.sell(payee, 50_00, on=CUTOFF + ONE_DAY)

    first = market.settle(payee)
    second = market.settle(payee, CUTOFF + ONE_DAY)

    assert (first.item_count, first.total_amount) == (1, 90_00)
    assert (second.item_count, second.total_amount, second.sequence) == (1, 45_00, 2)
    assert fresh(later).settlement_id == second.pk


def test_what_came_in_late_is_in_the_next_one(market):
    payee = market.payee()
    market.sell(payee)
    market.settle(payee)
    late = market.sell(payee, 10_00, on=DAY)

    again = market.settle(payee)

    assert (again.sequence, again.through, again.total_amount) == (2, CUTOFF, 9_00)
    assert fresh(late).settlement_id == again.pk


def test_another_payees_items_are_not_taken(market):
    ana, bob = market.payee("ana"), market.payee("bob")
    market.sell(ana)
    of_bob = market.sell(bob)

    assert market.settle(ana).item_count == 1
    assert fresh(of_bob).settlement_id is None


def test_a_payment_is_due_on_the_first_bank_day_after_the_cutoff_and_the_calculation(market):
    payee = market.payee()
    market.sell(payee)
    # Good Friday 2026 is 3 April, Easter Monday the 6th.
    calculated = datetime(2026, 4, 2, 12, tzinfo=ZoneInfo("Europe/Dublin"))

    assert market.settle(payee, now=calculated).due_on == date(2026, 4, 7)


def test_a_payment_is_due_after_the_last_day_that_is_in_it(market):
    payee = market.payee(country="DE")
    market.sell(payee)
    calculated = datetime(2026, 4, 30, 12, tzinfo=ZoneInfo("Europe/Dublin"))

    # 1 May is a holiday in Germany, and of TARGET.
    assert market.settle(payee, date(2026, 4, 30), now=calculated).due_on == date(2026, 5, 4)


# --- Nothing to pay -------------------------------------------------------------------------------


def test_one_below_zero_is_completed_and_carried_forward(market):
    payee = market.payee()
    market.adjust(payee, -30_00)
    first = market.settle(payee)
    market.sell(payee, 100_00, on=CUTOFF + ONE_DAY)

    second = market.settle(payee, CUTOFF + ONE_DAY)

    assert (first.status, first.total_amount) == ("completed", -30_00)
    assert (second.carried_forward_amount, second.total_amount) == (-30_00, 60_00)


def test_one_that_comes_to_zero_is_completed(market):
    payee = market.payee()
    market.refund(market.sell(payee))

    settlement = market.settle(payee)

    assert (settlement.status, settlement.total_amount, settlement.item_count) == (
        "completed",
        0,
        2,
    )


def test_what_was_carried_forward_is_carried_on_while_nothing_makes_up_for_it(market):
    payee = market.payee()
    for day, amount in ((1, -30_00), (2, -20_00)):
        market.adjust(payee, amount, on=CUTOFF + day * ONE_DAY)
        last = market.settle(payee, CUTOFF + day * ONE_DAY)

    assert (last.carried_forward_amount, last.total_amount) == (-30_00, -50_00)


def test_what_is_owed_by_the_payee_alone_makes_no_settlement(market):
    payee = market.payee()
    market.adjust(payee, -30_00)
    market.settle(payee)

    with pytest.raises(NothingToSettle):
        market.settle(payee, CUTOFF + ONE_DAY)


def test_without_items_there_is_nothing_to_settle(market):
    payee = market.payee()
    market.sell(payee, on=LATER)

    with refused(NothingToSettle, market.organization) as refusal:
        market.settle(payee, DAY)

    assert (refusal.value.payee, refusal.value.through) == ("ana", str(DAY))


def test_below_the_minimum_the_items_wait(market):
    payee = market.payee(minimum_payout_amount=100_00)
    market.sell(payee, 100_00)

    with refused(BelowMinimumPayout, market.organization) as refusal:
        market.settle(payee)

    assert (refusal.value.total, refusal.value.minimum) == (90_00, 100_00)
    market.sell(payee, 100_00, on=CUTOFF + ONE_DAY)
    assert market.settle(payee, CUTOFF + ONE_DAY).total_amount == 180_00


def test_what_is_exactly_the_minimum_is_paid(market):
    payee = market.payee(minimum_payout_amount=90_00)
    market.sell(payee, 100_00)

    assert market.settle(payee).total_amount == 90_00


def test_below_zero_is_not_below_the_minimum(market):
    payee = market.payee(minimum_payout_amount=100_00)
    market.adjust(payee, -1)

    assert market.settle(payee).total_amount == -1


# --- Reserves -------------------------------------------------------------------------------------


def test_a_percentage_of_sales_less_refunds_is_held_and_released_after_its_days(market):
    payee = market.payee(reserve={"percentage": "10", "days": 30})
    market.sell(payee, 200_00)
    market.refund(market.sell(payee, 100_00), 50_00)
    market.adjust(payee, 7_00)

    first = market.settle(payee)
    market.sell(payee, 100_00, on=CUTOFF + ONE_DAY)
    too_early = market.settle(payee, CUTOFF + 29 * ONE_DAY)
    in_time = market.settle(payee, CUTOFF + 30 * ONE_DAY)

    assert (first.reserve_held_amount, first.reserve_release_on) == (
        22_50,
        CUTOFF + 30 * ONE_DAY,
    )
    assert first.total_amount == 225_00 + 7_00 - 22_50
    assert (too_early.reserve_held_amount, too_early.reserve_released_amount) == (9_00, 0)
    assert amounts(in_time, "item_count", "reserve_released_amount", "total_amount") == {
        "item_count": 0,
        "reserve_released_amount": 22_50,
        "total_amount": 22_50,
    }
    assert fresh(first).reserve_released_by_id == in_time.pk


def test_a_floor_is_filled_by_what_there_is_until_it_is_full(market):
    payee = market.payee(reserve={"floor_amount": 100_00})
    totals = []
    for day in (1, 2, 3):
        market.sell(payee, 70_00, 0, on=CUTOFF + day * ONE_DAY)
        made = market.settle(payee, CUTOFF + day * ONE_DAY)
        totals.append((made.reserve_held_amount, made.reserve_released_amount, made.total_amount))

    assert totals == [(70_00, 0, 0), (30_00, 0, 40_00), (0, 0, 70_00)]


def test_a_floor_that_is_given_up_is_released(market):
    payee = market.payee(reserve={"floor_amount": 50_00})
    market.sell(payee, 80_00, 0)
    market.settle(payee)
    market.change(payee, reserve=None)

    released = market.settle(payee, CUTOFF + ONE_DAY)

    assert (released.item_count, released.total_amount) == (0, 50_00)


# --- Events ---------------------------------------------------------------------------------------


def test_what_is_sold_for_an_event_waits_for_its_end(market):
    payee = market.payee(schedule={"every": "event", "days": 3})
    concert = market.event(payee, "concert", ends_on=date(2026, 3, 20))
    festival = market.event(payee, "festival", ends_on=date(2026, 3, 21))
    of_concert = market.sell(payee, event=concert)
    of_festival = market.sell(payee, event=festival)
    of_none = market.sell(payee)
    refund = market.refund(of_festival, 10_00)

    settlement = market.settle(payee, date(2026, 3, 23))

    assert settlement.item_count == 2
    assert fresh(of_concert).settlement_id == fresh(of_none).settlement_id == settlement.pk
    assert fresh(of_festival).settlement_id is fresh(refund).settlement_id is None


def test_events_do_not_matter_for_a_payee_that_is_settled_by_the_calendar(market):
    payee = market.payee(schedule={"every": "month", "day": 31})
    market.sell(payee, event=market.event(payee, ends_on=date(2026, 12, 31)))

    assert market.settle(payee).item_count == 1


# --- Refusals -------------------------------------------------------------------------------------


def test_a_suspended_payee_is_not_settled(market):
    payee = market.payee()
    market.sell(payee)
    market.suspend(payee)

    with refused(PayeeSuspended, market.organization):
        market.settle(payee)


def test_the_chain_does_not_go_back(market):
    payee = market.payee()
    market.sell(payee)
    market.settle(payee)
    market.sell(payee, on=DAY)

    with refused(SettledAlready, market.organization) as refusal:
        market.settle(payee, CUTOFF - ONE_DAY)

    assert (refusal.value.before, refusal.value.through) == (str(CUTOFF), str(CUTOFF - ONE_DAY))


@pytest.mark.parametrize("day", [date(1899, 12, 31), date(2200, 1, 1)])
def test_a_cutoff_is_a_plausible_day(market, day):
    payee = market.payee()
    market.sell(payee)

    with refused(ImplausibleCutoff, market.organization):
        market.settle(payee, day)


def test_a_cutoff_has_begun_by_the_organizations_clock(market):
    payee = market.payee()
    market.adjust(payee, -1_00)
    evening = datetime(2026, 3, 30, 23, 30, tzinfo=UTC)  # the 31st in Dublin

    with refused(CutoffInTheFuture, market.organization):
        # Completed at once, it could not be discarded, and nothing be settled before that day.
        market.settle(payee, date(2062, 3, 31), now=evening)

    with refused(CutoffInTheFuture, market.organization):
        market.settle(payee, CUTOFF + ONE_DAY, now=evening)
    assert market.settle(payee, CUTOFF, now=evening).total_amount == -1_00


def test_another_organizations_payee_is_as_good_as_none(market, as_mallory):
    payee = market.payee()
    market.sell(payee)

    with pytest.raises(PayeeNotFound):
        market.settle(payee, actor=as_mallory)


# --- How --------------------------------------------------------------------------------------


@pytest.mark.parametrize("schedule", [{"every": "manual"}, {"every": "event", "days": 0}])
def test_asks_as_often_for_one_item_as_for_five_hundred(market, schedule):
    few = market.payee("few", schedule=schedule)
    many = market.payee("many", schedule=schedule)
    market.sell(few)
    for _ in range(500):
        market.sell(many, 1_00)

    assert (
        len(statements_of(lambda: market.settle(few)))
        == len(statements_of(lambda: market.settle(many)))
        == 4
    )


def test_leaves_one_audit_row(market):
    payee = market.payee()
    market.sell(payee)

    settlement = market.settle(payee)

    row = AuditEvent.objects.of(market.organization).get(action="calculate_settlement")
    assert row.subject_ids == [settlement.pk]
    assert row.after == {
        "payee": "ana",
        "sequence": 1,
        "through": CUTOFF.isoformat(),
        "item_count": 1,
        "total_amount": 90_00,
        "currency": "EUR",
        "status": "pending",
    }
