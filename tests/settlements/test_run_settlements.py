"""Settling everybody whose time has come."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django_celery_beat.models import PeriodicTask

from organizations.models import JobOutcome, JobRun
from settlements import tasks
from settlements.models import Settlement
from settlements.services import running
from settlements.services.events import change_event
from settlements.services.running import (
    Outcome,
    due_payees,
    organizations_to_settle,
    run_recorded,
    run_settlements,
)
from settlements.services.settling import calculate_settlement
from tests.invoicing.selling import statements_of
from tests.settlements.market import fresh

ONE_DAY = timedelta(days=1)
# A Wednesday.
WEDNESDAY = date(2026, 3, 11)
WEEKLY = {"every": "week", "weekday": 3}
DAILY = {"every": "day"}


def noon_after(day):
    """Noon of the day after, UTC."""
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC) + ONE_DAY


def ran(market, through, **others):
    """What became of each payee, by code, in a run in which that day was the last one over."""
    run = run_settlements(market.organization, now=noon_after(through), **others)
    assert run.through == through
    return {each.payee: each.outcome.value for each in run.payees}


def settled_through(market):
    """The days through which settlements go, as they were made."""
    settlements = Settlement.objects.of(market.organization).order_by("sequence")
    return list(settlements.values_list("through", flat=True))


# --- Which day it is ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "now", "through"),
    [
        # Dublin keeps summer time from 29 March: midnight there is 23:00 UTC.
        ("Europe/Dublin", datetime(2026, 3, 31, 22, 59, tzinfo=UTC), date(2026, 3, 30)),
        ("Europe/Dublin", datetime(2026, 3, 31, 23, 0, tzinfo=UTC), date(2026, 3, 31)),
        ("Pacific/Kiritimati", datetime(2026, 3, 31, 10, 0, tzinfo=UTC), date(2026, 3, 31)),
        ("America/Los_Angeles", datetime(2026, 4, 1, 6, 59, tzinfo=UTC), date(2026, 3, 30)),
        ("UTC", datetime(2028, 3, 1, 0, 0, tzinfo=UTC), date(2028, 2, 29)),
    ],
)
def test_the_organizations_time_zone_decides_which_day_is_over(market, zone, now, through):
    market.organization.time_zone = zone
    market.organization.save(update_fields=["time_zone"])
    payee = market.payee(schedule=DAILY)
    on_the_day = market.sell(payee, on=through)
    next_day = market.sell(payee, on=through + ONE_DAY)

    run = run_settlements(market.organization, now=now)

    assert run.through == through
    assert fresh(on_the_day).settlement_id is not None
    assert fresh(next_day).settlement_id is None


def test_the_day_that_counts_may_be_given(market):
    market.sell(market.payee(schedule=DAILY), on=WEDNESDAY)

    run = run_settlements(market.organization, through=WEDNESDAY)

    assert [each.through for each in run.payees] == [WEDNESDAY]


# --- Whose time has come --------------------------------------------------------------------------


def test_a_week_is_settled_once_its_last_day_is_over(market):
    payee = market.payee(schedule=WEEKLY)
    market.sell(payee, on=WEDNESDAY)
    thursday = market.sell(payee, on=WEDNESDAY + ONE_DAY)

    assert ran(market, WEDNESDAY - ONE_DAY) == {}
    assert ran(market, WEDNESDAY + ONE_DAY) == {"ana": "settled"}

    assert settled_through(market) == [WEDNESDAY]
    assert fresh(thursday).settlement_id is None
    assert ran(market, WEDNESDAY + 6 * ONE_DAY) == {}
    assert ran(market, WEDNESDAY + 7 * ONE_DAY) == {"ana": "settled"}


def test_weeks_that_nobody_settled_are_made_up_for_by_one_settlement(market):
    payee = market.payee(schedule=WEEKLY)
    for week in range(3):
        market.sell(payee, on=WEDNESDAY + 7 * week * ONE_DAY)

    ran(market, WEDNESDAY + 16 * ONE_DAY)

    [settlement] = Settlement.objects.of(market.organization)
    assert (settlement.through, settlement.item_count) == (WEDNESDAY + 14 * ONE_DAY, 3)


def test_a_month_without_a_31st_ends_on_its_last_day(market):
    payee = market.payee(schedule={"every": "month", "day": 31})
    for day in (date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30)):
        market.sell(payee, on=day)
        assert ran(market, day - ONE_DAY) == {}
        assert ran(market, day) == {"ana": "settled"}

    assert settled_through(market) == [
        *(date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30))
    ]


def test_a_schedule_that_changes_in_the_middle_of_a_period_goes_on_by_the_new_one(market):
    payee = market.payee(schedule=WEEKLY)
    market.sell(payee, on=WEDNESDAY)
    ran(market, WEDNESDAY)
    market.sell(payee, on=WEDNESDAY + ONE_DAY)
    market.change(payee, schedule={"every": "month", "day": 31})
    market.sell(payee, on=WEDNESDAY + 8 * ONE_DAY)

    assert ran(market, WEDNESDAY + 7 * ONE_DAY) == {}
    assert ran(market, date(2026, 3, 31)) == {"ana": "settled"}
    market.change(payee, schedule=WEEKLY)
    market.sell(payee, on=date(2026, 4, 1))

    assert ran(market, date(2026, 4, 1)) == {"ana": "settled"}
    assert settled_through(market) == [WEDNESDAY, date(2026, 3, 31), date(2026, 4, 1)]
    assert Settlement.objects.of(market.organization).get(sequence=2).item_count == 2


def test_an_event_is_settled_its_days_after_its_end(market):
    payee = market.payee(schedule={"every": "event", "days": 3})
    concert = market.event(payee, "concert", ends_on=WEDNESDAY)
    festival = market.event(payee, "festival", ends_on=WEDNESDAY + 10 * ONE_DAY)
    market.sell(payee, on=WEDNESDAY - ONE_DAY, event=concert)
    market.sell(payee, on=WEDNESDAY - ONE_DAY, event=festival)

    assert ran(market, WEDNESDAY + 2 * ONE_DAY) == {}
    assert ran(market, WEDNESDAY + 3 * ONE_DAY) == {"ana": "settled"}
    assert ran(market, WEDNESDAY + 4 * ONE_DAY) == {}
    assert ran(market, WEDNESDAY + 13 * ONE_DAY) == {"ana": "settled"}


def test_an_event_that_is_put_off_is_settled_after_its_new_end(market):
    payee = market.payee(schedule={"every": "event", "days": 0})
    concert = market.event(payee, ends_on=WEDNESDAY)
    market.sell(payee, on=WEDNESDAY, event=concert)
    change_event(actor=market.preparer, event=concert, ends_on=WEDNESDAY + ONE_DAY)

    assert ran(market, WEDNESDAY) == {}
    assert ran(market, WEDNESDAY + ONE_DAY) == {"ana": "settled"}


def test_those_who_are_settled_by_hand_or_suspended_are_left_alone(market):
    by_hand = market.payee("by-hand")
    suspended = market.payee("suspended", schedule=DAILY)
    for payee in (by_hand, suspended):
        market.sell(payee, on=WEDNESDAY)
    market.suspend(suspended)

    assert ran(market, WEDNESDAY) == {}


def test_those_of_whom_nothing_is_open_are_left_alone(market):
    market.payee(schedule=DAILY)

    assert ran(market, WEDNESDAY) == {}
    assert not Settlement.objects.of(market.organization).exists()


def test_a_reserve_whose_time_is_over_is_reason_enough(market):
    payee = market.payee(schedule=DAILY, reserve={"percentage": "10", "days": 5})
    market.sell(payee, on=WEDNESDAY)
    ran(market, WEDNESDAY)

    assert ran(market, WEDNESDAY + 4 * ONE_DAY) == {}
    assert ran(market, WEDNESDAY + 5 * ONE_DAY) == {"ana": "settled"}


def test_a_floor_that_is_full_is_no_reason_and_one_that_is_lowered_is(market):
    payee = market.payee(schedule=DAILY, reserve={"floor_amount": 50_00})
    market.sell(payee, on=WEDNESDAY)
    ran(market, WEDNESDAY)

    assert ran(market, WEDNESDAY + ONE_DAY) == {}
    market.change(payee, reserve={"floor_amount": 20_00})
    assert ran(market, WEDNESDAY + ONE_DAY) == {"ana": "settled"}


def test_a_payment_is_due_on_a_day_on_which_banks_work(market):
    payee = market.payee(schedule=DAILY)
    market.sell(payee, on=date(2026, 4, 2))

    # Calculated on Good Friday; Monday is a holiday as well.
    ran(market, date(2026, 4, 2))

    assert Settlement.objects.of(market.organization).get().due_on == date(2026, 4, 7)


# --- What becomes of them -------------------------------------------------------------------------


def test_tells_who_was_settled_who_waits_and_who_is_carried_forward(market):
    ana = market.payee("ana", schedule=DAILY)
    bob = market.payee("bob", schedule=DAILY, minimum_payout_amount=100_00)
    cleo = market.payee("cleo", schedule=DAILY)
    market.sell(ana, on=WEDNESDAY)
    market.sell(bob, 100_00, on=WEDNESDAY)
    market.adjust(cleo, -5_00, on=WEDNESDAY)

    run = run_settlements(market.organization, now=noon_after(WEDNESDAY))

    assert {each.payee: (each.outcome, each.amount) for each in run.payees} == {
        "ana": (Outcome.SETTLED, 90_00),
        "bob": (Outcome.WAITING, 90_00),
        "cleo": (Outcome.CARRIED, -5_00),
    }
    assert run.counts == {
        **dict.fromkeys((outcome.value for outcome in Outcome), 0),
        "settled": 1,
        "waiting": 1,
        "carried": 1,
    }


def test_what_waited_is_settled_once_it_is_enough(market):
    payee = market.payee(schedule=WEEKLY, minimum_payout_amount=100_00)
    market.sell(payee, on=WEDNESDAY)
    assert ran(market, WEDNESDAY) == {"ana": "waiting"}
    market.sell(payee, on=WEDNESDAY + 7 * ONE_DAY)

    assert ran(market, WEDNESDAY + ONE_DAY) == {"ana": "waiting"}
    assert ran(market, WEDNESDAY + 7 * ONE_DAY) == {"ana": "settled"}


def test_a_second_run_finds_nothing_left(market):
    market.sell(market.payee(schedule=DAILY), on=WEDNESDAY)
    ran(market, WEDNESDAY)

    assert ran(market, WEDNESDAY) == {}
    assert Settlement.objects.of(market.organization).count() == 1


@pytest.mark.parametrize("error", [ZeroDivisionError("by zero"), OSError("gone")])
def test_one_that_fails_stops_no_other(market, monkeypatch, error):
    for code in ("ana", "bob", "cleo"):
        market.sell(market.payee(code, schedule=DAILY), on=WEDNESDAY)

    def fail_for_bob(*, payee, **others):
        if payee.code == "bob":
            raise error
        return calculate_settlement(payee=payee, **others)

    monkeypatch.setattr(running, "calculate_settlement", fail_for_bob)
    run = run_settlements(market.organization, now=noon_after(WEDNESDAY))

    assert {each.payee: each.outcome.value for each in run.payees} == {
        "ana": "settled",
        "bob": "failed",
        "cleo": "settled",
    }
    [failed] = run.failed
    assert failed.reason == f"{type(error).__name__}: {error}"


def test_one_that_is_settled_by_somebody_else_meanwhile_is_no_failure(market, monkeypatch):
    payee = market.payee(schedule=DAILY)
    market.sell(payee, on=WEDNESDAY)
    found = due_payees(market.organization, WEDNESDAY)
    market.settle(payee, WEDNESDAY)
    monkeypatch.setattr(running, "due_payees", lambda *_: found)

    assert ran(market, WEDNESDAY) == {"ana": "nothing"}


def test_finds_a_hundred_due_payees_by_as_many_statements_as_one(market):
    def sold(first, last):
        for number in range(first, last):
            market.sell(market.payee(f"payee-{number:03}", schedule=DAILY), on=WEDNESDAY)

    def asked():
        return len(statements_of(lambda: due_payees(market.organization, WEDNESDAY)))

    sold(0, 1)
    one = asked()
    sold(1, 100)

    assert asked() == one == 2
    assert len(due_payees(market.organization, WEDNESDAY)) == 100


# --- The job and the command ----------------------------------------------------------------------


def test_a_run_is_recorded_with_its_counts(market):
    market.sell(market.payee(schedule=DAILY), on=WEDNESDAY)

    run_recorded(market.organization, now=noon_after(WEDNESDAY))

    job = JobRun.objects.of(market.organization).get(name="run settlements")
    assert (job.outcome, job.counts["settled"]) == (JobOutcome.SUCCEEDED, 1)


def test_a_run_in_which_nobody_is_due_leaves_no_record(market):
    market.payee(schedule=DAILY)

    run = run_recorded(market.organization, now=noon_after(WEDNESDAY))

    assert (run.through, run.payees) == (WEDNESDAY, [])
    assert not JobRun.objects.of(market.organization).exists()


def test_whom_it_could_not_settle_is_recorded_as_a_mismatch(market, monkeypatch):
    market.sell(market.payee(schedule=DAILY), on=WEDNESDAY)

    def fail(**_):
        raise OSError("gone")

    monkeypatch.setattr(running, "calculate_settlement", fail)
    run_recorded(market.organization, now=noon_after(WEDNESDAY))

    job = JobRun.objects.of(market.organization).get(name="run settlements")
    assert (job.outcome, job.mismatch_count) == (JobOutcome.MISMATCHED, 1)
    assert job.mismatches[0]["payee"] == "ana"
    assert job.mismatches[0]["reason"] == "OSError: gone"


@pytest.mark.all_organizations
def test_the_clock_asks_each_organization_that_has_payees_on_a_schedule(
    market, mallory_ltd, monkeypatch
):
    payee = market.payee(schedule=DAILY)
    market.sell(payee, on=WEDNESDAY)
    asked: list[str] = []
    monkeypatch.setattr(tasks.settle_organization, "delay", asked.append)

    tasks.run_due_settlements()

    assert asked == [str(market.organization.pk)]
    assert list(organizations_to_settle()) == [market.organization]
    tasks.settle_organization(asked[0])
    assert Settlement.objects.of(market.organization).get().through > WEDNESDAY
    tasks.settle_organization(str(payee.pk))


@pytest.mark.all_organizations
def test_the_clock_knows_the_task(db):
    task = PeriodicTask.objects.get(name="Run due settlements")

    assert task.enabled
    assert task.task == tasks.run_due_settlements.name == "settlements.tasks.run_due_settlements"
    assert (task.interval.every, task.interval.period) == (1, "hours")
