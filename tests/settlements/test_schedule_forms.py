"""Which schedules there are, and how they are written and described."""

import pytest

from settlements.errors import InvalidSchedule
from settlements.schedules import Every, Schedule, as_json, describe, parse_schedule

MANUAL = Schedule(Every.MANUAL)
DAILY = Schedule(Every.DAY)
WEDNESDAYS = Schedule(Every.WEEK, weekday=3)
SUNDAYS = Schedule(Every.WEEK, weekday=7)
FIFTEENTH = Schedule(Every.MONTH, day=15)
MONTHS_END = Schedule(Every.MONTH, day=31)
THREE_DAYS_AFTER = Schedule(Every.EVENT, days=3)
AT_ONCE = Schedule(Every.EVENT, days=0)


class TestParseSchedule:
    @pytest.mark.parametrize(
        ("written", "schedule"),
        [
            ({"every": "manual"}, MANUAL),
            ({"every": "day"}, DAILY),
            ({"every": "week", "weekday": 3}, WEDNESDAYS),
            ({"every": "week", "weekday": 7}, SUNDAYS),
            ({"every": "month", "day": 15}, FIFTEENTH),
            ({"every": "month", "day": 31}, MONTHS_END),
            ({"every": "event", "days": 3}, THREE_DAYS_AFTER),
            ({"every": "event", "days": 0}, AT_ONCE),
            ({"days": 365, "every": "event"}, Schedule(Every.EVENT, days=365)),
        ],
    )
    def test_reads_what_is_written_the_same_way_again(self, written, schedule):
        assert parse_schedule(written) == schedule
        assert as_json(schedule) == written

    @pytest.mark.parametrize(
        ("written", "problem"),
        [
            (None, "None is not an object"),
            ("week", "week is not an object"),
            ([["every", "day"]], "is not an object"),
            ({}, '"every" is missing'),
            ({"every": None}, '"every" is missing'),
            ({"weekday": 3}, '"every" is missing'),
            ({"every": "year"}, "not year"),
            ({"every": "Week", "weekday": 3}, "not Week"),
            ({"every": 7}, "not 7"),
            ({"every": ["week"]}, "one of manual, day, week, month, event"),
            ({"every": {"week": 3}}, "one of manual, day, week, month, event"),
            ({"every": "week"}, 'every "week" needs "weekday", 1 to 7'),
            ({"every": "month"}, 'every "month" needs "day", 1 to 31'),
            ({"every": "event"}, 'every "event" needs "days", 0 to 365'),
            ({"every": "week", "weekday": None}, '"weekday" is null'),
            ({"every": "manual", "day": None}, '"day" is null'),
            ({"every": "day", "days": 1}, 'every "day" knows no days'),
            ({"every": "manual", "weekday": 1}, 'every "manual" knows no weekday'),
            ({"every": "week", "weekday": 3, "day": 1}, 'every "week" knows no day'),
            ({"every": "week", "weekday": 3, "hour": 9}, 'every "week" knows no hour'),
            ({"every": "month", "weekday": 3}, 'every "month" knows no weekday'),
            ({"every": "event", "days": 3, 4: 5}, 'every "event" knows no 4'),
        ],
    )
    def test_refuses_what_is_no_schedule(self, written, problem):
        with pytest.raises(InvalidSchedule) as refused:
            parse_schedule(written)

        assert problem in refused.value.problem
        assert "This schedule cannot be followed: " in refused.value.message

    @pytest.mark.parametrize(
        ("every", "name", "number"),
        [
            ("week", "weekday", 0),
            ("week", "weekday", 8),
            ("week", "weekday", 9),
            ("week", "weekday", -1),
            ("week", "weekday", True),
            ("week", "weekday", "3"),
            ("week", "weekday", 3.0),
            ("week", "weekday", "Wednesday"),
            ("month", "day", 0),
            ("month", "day", 32),
            ("month", "day", False),
            ("month", "day", "last"),
            ("event", "days", -1),
            ("event", "days", 366),
            ("event", "days", True),
            ("event", "days", [3]),
        ],
    )
    def test_refuses_a_day_that_never_comes(self, every, name, number):
        with pytest.raises(InvalidSchedule, match=f'"{name}" is a number from') as refused:
            parse_schedule({"every": every, name: number})

        assert str(number) in refused.value.problem

    def test_shows_a_long_value_short(self):
        with pytest.raises(InvalidSchedule) as refused:
            parse_schedule({"every": "x" * 10_000})

        assert len(refused.value.message) < 250


class TestSchedule:
    def test_that_would_never_come_due_cannot_be_made(self):
        with pytest.raises(InvalidSchedule, match='needs "weekday"'):
            Schedule(Every.WEEK)

    def test_says_nothing_that_its_kind_does_not_know(self):
        with pytest.raises(InvalidSchedule, match="knows no day"):
            Schedule(Every.WEEK, weekday=3, day=1)


class TestDescribe:
    @pytest.mark.parametrize(
        ("schedule", "words"),
        [
            (MANUAL, "By hand"),
            (DAILY, "Daily"),
            (Schedule(Every.WEEK, weekday=1), "Weekly, through Monday"),
            (WEDNESDAYS, "Weekly, through Wednesday"),
            (SUNDAYS, "Weekly, through Sunday"),
            (Schedule(Every.MONTH, day=1), "Monthly, through the 1st"),
            (Schedule(Every.MONTH, day=2), "Monthly, through the 2nd"),
            (Schedule(Every.MONTH, day=3), "Monthly, through the 3rd"),
            (Schedule(Every.MONTH, day=11), "Monthly, through the 11th"),
            (Schedule(Every.MONTH, day=12), "Monthly, through the 12th"),
            (Schedule(Every.MONTH, day=13), "Monthly, through the 13th"),
            (FIFTEENTH, "Monthly, through the 15th"),
            (Schedule(Every.MONTH, day=22), "Monthly, through the 22nd"),
            (Schedule(Every.MONTH, day=28), "Monthly, through the 28th"),
            (
                Schedule(Every.MONTH, day=29),
                "Monthly, through the 29th, or the last day of a shorter month",
            ),
            (MONTHS_END, "Monthly, through the last day of the month"),
            (AT_ONCE, "Right after each event"),
            (Schedule(Every.EVENT, days=1), "1 day after each event"),
            (THREE_DAYS_AFTER, "3 days after each event"),
        ],
    )
    def test_says_it_in_plain_english(self, schedule, words):
        assert describe(schedule) == words
