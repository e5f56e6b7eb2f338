"""When a payee is settled, and through which day."""

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlements.schedules import (
    Every,
    Schedule,
    event_is_due,
    is_due,
    last_day_over,
    latest_cutoff,
    latest_event_end,
    next_cutoff,
)

MANUAL = Schedule(Every.MANUAL)
DAILY = Schedule(Every.DAY)
WEDNESDAYS = Schedule(Every.WEEK, weekday=3)
SUNDAYS = Schedule(Every.WEEK, weekday=7)
FIFTEENTH = Schedule(Every.MONTH, day=15)
MONTHS_END = Schedule(Every.MONTH, day=31)
THREE_DAYS_AFTER = Schedule(Every.EVENT, days=3)
AT_ONCE = Schedule(Every.EVENT, days=0)


class TestLatestCutoff:
    @pytest.mark.parametrize(
        ("schedule", "through", "cutoff"),
        [
            (DAILY, date(2026, 3, 4), date(2026, 3, 4)),
            # 4 March 2026 is a Wednesday.
            (WEDNESDAYS, date(2026, 3, 3), date(2026, 2, 25)),
            (WEDNESDAYS, date(2026, 3, 4), date(2026, 3, 4)),
            (WEDNESDAYS, date(2026, 3, 10), date(2026, 3, 4)),
            (WEDNESDAYS, date(2026, 3, 11), date(2026, 3, 11)),
            # Over a year's end, out of week 53.
            (WEDNESDAYS, date(2027, 1, 2), date(2026, 12, 30)),
            (SUNDAYS, date(2027, 1, 3), date(2027, 1, 3)),
            (SUNDAYS, date(2027, 1, 2), date(2026, 12, 27)),
            (FIFTEENTH, date(2026, 3, 14), date(2026, 2, 15)),
            (FIFTEENTH, date(2026, 3, 15), date(2026, 3, 15)),
            (FIFTEENTH, date(2026, 1, 14), date(2025, 12, 15)),
            (MONTHS_END, date(2026, 4, 29), date(2026, 3, 31)),
            (MONTHS_END, date(2026, 4, 30), date(2026, 4, 30)),
            (MONTHS_END, date(2026, 12, 31), date(2026, 12, 31)),
            (MONTHS_END, date(2026, 2, 28), date(2026, 2, 28)),
            (MONTHS_END, date(2028, 2, 28), date(2028, 1, 31)),
            (MONTHS_END, date(2028, 2, 29), date(2028, 2, 29)),
            (MONTHS_END, date(2100, 2, 28), date(2100, 2, 28)),
            (Schedule(Every.MONTH, day=30), date(2026, 3, 1), date(2026, 2, 28)),
            (Schedule(Every.MONTH, day=29), date(2028, 2, 28), date(2028, 1, 29)),
            (Schedule(Every.MONTH, day=1), date(2026, 3, 1), date(2026, 3, 1)),
            (THREE_DAYS_AFTER, date(2026, 3, 4), date(2026, 3, 4)),
        ],
    )
    def test_is_the_last_periods_end_that_is_over(self, schedule, through, cutoff):
        assert latest_cutoff(schedule, through) == cutoff

    def test_is_none_where_people_settle_by_hand(self):
        assert latest_cutoff(MANUAL, date(2026, 3, 4)) is None


class TestNextCutoff:
    @pytest.mark.parametrize(
        ("schedule", "after", "cutoff"),
        [
            (DAILY, date(2026, 12, 31), date(2027, 1, 1)),
            (DAILY, date(2028, 2, 28), date(2028, 2, 29)),
            (WEDNESDAYS, date(2026, 3, 3), date(2026, 3, 4)),
            (WEDNESDAYS, date(2026, 3, 4), date(2026, 3, 11)),
            (WEDNESDAYS, date(2026, 12, 31), date(2027, 1, 6)),
            (SUNDAYS, date(2026, 3, 2), date(2026, 3, 8)),
            (FIFTEENTH, date(2026, 3, 14), date(2026, 3, 15)),
            (FIFTEENTH, date(2026, 3, 15), date(2026, 4, 15)),
            (FIFTEENTH, date(2026, 12, 15), date(2027, 1, 15)),
            (MONTHS_END, date(2026, 1, 31), date(2026, 2, 28)),
            (MONTHS_END, date(2028, 1, 31), date(2028, 2, 29)),
            (MONTHS_END, date(2026, 2, 28), date(2026, 3, 31)),
            (MONTHS_END, date(2026, 12, 31), date(2027, 1, 31)),
        ],
    )
    def test_is_the_first_periods_end_after_that_day(self, schedule, after, cutoff):
        assert next_cutoff(schedule, after) == cutoff

    @pytest.mark.parametrize("schedule", [MANUAL, THREE_DAYS_AFTER])
    def test_is_none_where_people_or_events_decide(self, schedule):
        assert next_cutoff(schedule, date(2026, 3, 4)) is None


class TestIsDue:
    def test_through_the_latest_cutoff_where_nothing_was_settled_before(self):
        due = is_due(WEDNESDAYS, last_through=None, through=date(2026, 3, 6))

        assert due == date(2026, 3, 4)

    @pytest.mark.parametrize(
        ("through", "due"),
        [
            (date(2026, 3, 4), None),
            (date(2026, 3, 10), None),
            (date(2026, 3, 11), date(2026, 3, 11)),
            (date(2026, 3, 12), date(2026, 3, 11)),
            # After a standstill, one settlement for all of it.
            (date(2026, 3, 27), date(2026, 3, 25)),
        ],
    )
    def test_once_for_each_period(self, through, due):
        assert is_due(WEDNESDAYS, last_through=date(2026, 3, 4), through=through) == due

    def test_never_by_hand(self):
        assert is_due(MANUAL, last_through=None, through=date(2026, 3, 4)) is None

    def test_every_day_but_not_twice(self):
        assert is_due(DAILY, last_through=date(2026, 3, 3), through=date(2026, 3, 4)) == date(
            2026, 3, 4
        )
        assert is_due(DAILY, last_through=date(2026, 3, 4), through=date(2026, 3, 4)) is None

    def test_not_before_what_was_settled_by_hand_in_the_meantime(self):
        assert is_due(WEDNESDAYS, last_through=date(2026, 3, 6), through=date(2026, 3, 9)) is None
        assert is_due(WEDNESDAYS, last_through=date(2026, 3, 6), through=date(2026, 3, 11))


class TestAScheduleChangedInTheMiddleOfAPeriod:
    """Settled through Wednesday 4 March 2026, or through the end of February, until then."""

    @pytest.mark.parametrize(
        ("through", "due"),
        [
            (date(2026, 3, 11), None),
            (date(2026, 3, 30), None),
            (date(2026, 3, 31), date(2026, 3, 31)),
        ],
    )
    def test_from_weekly_to_monthly_waits_for_the_months_end(self, through, due):
        assert is_due(MONTHS_END, last_through=date(2026, 3, 4), through=through) == due

    @pytest.mark.parametrize(
        ("through", "due"), [(date(2026, 3, 3), None), (date(2026, 3, 4), date(2026, 3, 4))]
    )
    def test_from_monthly_to_weekly_settles_at_the_next_weekday(self, through, due):
        assert is_due(WEDNESDAYS, last_through=date(2026, 2, 28), through=through) == due

    def test_to_another_weekday_settles_a_shorter_week(self):
        assert is_due(SUNDAYS, last_through=date(2026, 3, 4), through=date(2026, 3, 8)) == date(
            2026, 3, 8
        )

    def test_to_daily_settles_at_once(self):
        assert is_due(DAILY, last_through=date(2026, 3, 4), through=date(2026, 3, 6)) == date(
            2026, 3, 6
        )


class TestAfterEachEvent:
    @pytest.mark.parametrize(
        ("schedule", "through", "due"),
        [
            (THREE_DAYS_AFTER, date(2026, 3, 2), False),
            (THREE_DAYS_AFTER, date(2026, 3, 3), True),
            (THREE_DAYS_AFTER, date(2026, 12, 31), True),
            (AT_ONCE, date(2026, 2, 27), False),
            (AT_ONCE, date(2026, 2, 28), True),
            (DAILY, date(2026, 12, 31), False),
            (MANUAL, date(2026, 12, 31), False),
        ],
    )
    def test_one_that_ends_on_28_february_is_due(self, schedule, through, due):
        assert event_is_due(schedule, ends_on=date(2026, 2, 28), through=through) is due

    def test_the_days_go_over_29_february(self):
        assert latest_event_end(THREE_DAYS_AFTER, date(2028, 3, 2)) == date(2028, 2, 28)

    def test_schedules_of_another_kind_name_no_event(self):
        assert latest_event_end(WEDNESDAYS, date(2028, 3, 2)) is None


class TestLastDayOver:
    @pytest.mark.parametrize(
        ("now", "time_zone", "day"),
        [
            (datetime(2026, 3, 4, 12, tzinfo=UTC), "UTC", date(2026, 3, 3)),
            (datetime(2026, 3, 4, 0, 0, tzinfo=UTC), "UTC", date(2026, 3, 3)),
            (datetime(2026, 3, 3, 23, 59, 59, tzinfo=UTC), "UTC", date(2026, 3, 2)),
            # The same moment, where it is another day.
            (datetime(2026, 3, 4, 11, tzinfo=UTC), "Pacific/Kiritimati", date(2026, 3, 4)),
            (datetime(2026, 3, 4, 11, tzinfo=UTC), "Pacific/Pago_Pago", date(2026, 3, 3)),
            (datetime(2026, 3, 4, 10, 59, tzinfo=UTC), "Pacific/Pago_Pago", date(2026, 3, 2)),
            (datetime(2026, 12, 31, 23, 30, tzinfo=UTC), "Africa/Johannesburg", date(2026, 12, 31)),
            # Berlin, when the clock goes forward at 01:00 UTC on 29 March 2026, and back.
            (datetime(2026, 3, 28, 22, 59, tzinfo=UTC), "Europe/Berlin", date(2026, 3, 27)),
            (datetime(2026, 3, 28, 23, 0, tzinfo=UTC), "Europe/Berlin", date(2026, 3, 28)),
            (datetime(2026, 3, 29, 21, 59, tzinfo=UTC), "Europe/Berlin", date(2026, 3, 28)),
            (datetime(2026, 3, 29, 22, 0, tzinfo=UTC), "Europe/Berlin", date(2026, 3, 29)),
            (datetime(2026, 10, 24, 22, 0, tzinfo=UTC), "Europe/Berlin", date(2026, 10, 24)),
            (datetime(2026, 10, 25, 22, 59, tzinfo=UTC), "Europe/Berlin", date(2026, 10, 24)),
            (datetime(2026, 10, 25, 23, 0, tzinfo=UTC), "Europe/Berlin", date(2026, 10, 25)),
            # Samoa had no 30 December 2011: it was skipped, and counts as over.
            (datetime(2011, 12, 30, 9, 59, tzinfo=UTC), "Pacific/Apia", date(2011, 12, 28)),
            (datetime(2011, 12, 30, 10, 0, tzinfo=UTC), "Pacific/Apia", date(2011, 12, 30)),
        ],
    )
    def test_is_yesterday_where_the_organization_is(self, now, time_zone, day):
        assert last_day_over(now, time_zone) == day

    def test_is_asked_at_a_moment_of_any_zone(self):
        noon = datetime(2026, 3, 4, 12, tzinfo=ZoneInfo("Asia/Tokyo"))

        assert last_day_over(noon, "America/New_York") == date(2026, 3, 2)

    def test_refuses_a_moment_that_could_be_anywhere(self):
        with pytest.raises(ValueError, match="no time zone"):
            last_day_over(datetime(2026, 3, 4, 12), "UTC")  # noqa: DTZ001


days = st.dates(date(1900, 1, 1), date(2199, 12, 31))
periodic = st.one_of(
    st.just(DAILY),
    st.builds(Schedule, st.just(Every.WEEK), weekday=st.integers(1, 7)),
    st.builds(Schedule, st.just(Every.MONTH), day=st.integers(1, 31)),
)


def ends_a_period(schedule: Schedule, day: date) -> bool:
    """By the definition, a day at a time."""
    if schedule.weekday is not None:
        return day.isoweekday() == schedule.weekday
    if schedule.day is not None:
        return day.day == min(schedule.day, monthrange(day.year, day.month)[1])
    return True


@given(periodic, days)
def test_the_latest_cutoff_is_the_one_found_by_going_back_day_by_day(schedule, through):
    found = through
    while not ends_a_period(schedule, found):
        found -= timedelta(days=1)

    assert latest_cutoff(schedule, through) == found


@given(periodic, days)
def test_the_next_cutoff_is_the_one_found_by_going_on_day_by_day(schedule, after):
    found = after + timedelta(days=1)
    while not ends_a_period(schedule, found):
        found += timedelta(days=1)

    assert next_cutoff(schedule, after) == found


@given(periodic, st.lists(periodic, min_size=1, max_size=6), days)
def test_daily_questions_settle_each_period_once_whatever_the_schedule_becomes(
    first, changes, start
):
    last, settled = None, []
    for number in range(90):
        schedule = [first, *changes][number * (len(changes) + 1) // 90]
        through = start + timedelta(days=number)
        due = is_due(schedule, last_through=last, through=through)
        if due is not None:
            assert due <= through
            assert ends_a_period(schedule, due)
            settled.append(due)
            last = due

    assert settled == sorted(set(settled))
