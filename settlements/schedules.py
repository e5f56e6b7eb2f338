"""When a payee is settled, and through which day.

Pure calculation. Weekday and day name the last day of a period: a settlement takes in everything
through that day, once the day is over. `through` is always the last day that is over in the
organization's time zone.
"""

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from invoicing.rules import is_whole, shown
from settlements.errors import InvalidSchedule


class Every(StrEnum):
    """How often a payee is settled."""

    MANUAL = "manual"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    EVENT = "event"


# Not those of `calendar`, which follow the machine's locale.
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
# What a schedule says besides how often, from and to.
_NUMBERS = {
    Every.WEEK: ("weekday", 1, 7),
    Every.MONTH: ("day", 1, 31),
    Every.EVENT: ("days", 0, 365),
}


@dataclass(frozen=True, slots=True)
class Schedule:
    """`weekday`: 1 Monday to 7 Sunday, of a weekly one. `day`: 1 to 31, of a monthly one; a month
    that is shorter ends on its last day. `days`: how many after an event's end, 0 to 365.

    Raises:
        InvalidSchedule: it would never come due, or says what its kind does not know.
    """

    every: Every
    weekday: int | None = None
    day: int | None = None
    days: int | None = None

    def __post_init__(self) -> None:
        needed, least, most = _NUMBERS.get(self.every, ("", 0, 0))
        for name in ("weekday", "day", "days"):
            number = getattr(self, name)
            if name != needed:
                if number is not None:
                    raise InvalidSchedule(problem=_foreign(name, self.every))
            elif number is None:
                raise InvalidSchedule(
                    problem=f'every "{self.every}" needs "{needed}", {least} to {most}'
                )
            elif not is_whole(number) or not least <= number <= most:
                raise InvalidSchedule(
                    problem=f'"{name}" is a number from {least} to {most}, not {shown(number)}'
                )


def parse_schedule(value: object) -> Schedule:
    """A schedule as the API takes it: `{"every": "week", "weekday": 3}`.

    Raises:
        InvalidSchedule: it is none, with the value at fault.
    """
    if not isinstance(value, Mapping):
        raise InvalidSchedule(
            problem=f'{shown(value)} is not an object like {{"every": "week", "weekday": 3}}'
        )
    given = dict(value)
    every = _every(given.pop("every", None))
    numbers = {name: given.pop(name) for name in ("weekday", "day", "days") if name in given}
    for name in given:
        raise InvalidSchedule(problem=_foreign(name, every))
    for name, number in numbers.items():
        # Left out is not the same as null.
        if number is None:
            raise InvalidSchedule(problem=f'"{name}" is null')
    return Schedule(every, **numbers)


def as_json(schedule: Schedule) -> dict[str, Any]:
    """As the API gives it; `parse_schedule` reads it again."""
    said: dict[str, Any] = {"every": schedule.every.value}
    if schedule.every in _NUMBERS:
        name = _NUMBERS[schedule.every][0]
        said[name] = getattr(schedule, name)
    return said


def describe(schedule: Schedule) -> str:
    """The schedule in plain English: Weekly, through Wednesday."""
    match schedule:
        case Schedule(Every.DAY):
            return "Daily"
        case Schedule(Every.WEEK, weekday=int(weekday)):
            return f"Weekly, through {WEEKDAYS[weekday - 1]}"
        case Schedule(Every.MONTH, day=31):
            return "Monthly, through the last day of the month"
        case Schedule(Every.MONTH, day=int(day)):
            shorter = ", or the last day of a shorter month" if day > 28 else ""
            return f"Monthly, through the {_ordinal(day)}{shorter}"
        case Schedule(Every.EVENT, days=0):
            return "Right after each event"
        case Schedule(Every.EVENT, days=int(days)):
            return f"{days} {'day' if days == 1 else 'days'} after each event"
    return "By hand"


def latest_cutoff(schedule: Schedule, through: date) -> date | None:
    """The last period's end that is not after `through`; None where only people settle."""
    match schedule:
        case Schedule(Every.DAY | Every.EVENT):
            return through
        case Schedule(Every.WEEK, weekday=int(weekday)):
            return through - timedelta(days=(through.isoweekday() - weekday) % 7)
        case Schedule(Every.MONTH, day=int(day)):
            this_month = _day_in_month(through, day)
            if this_month <= through:
                return this_month
            return _day_in_month(through.replace(day=1) - timedelta(days=1), day)
    return None


def next_cutoff(schedule: Schedule, after: date) -> date | None:
    """The first period's end after a day; None where people or events decide."""
    match schedule:
        case Schedule(Every.DAY):
            return after + timedelta(days=1)
        case Schedule(Every.WEEK, weekday=int(weekday)):
            return after + timedelta(days=(weekday - after.isoweekday() - 1) % 7 + 1)
        case Schedule(Every.MONTH, day=int(day)):
            this_month = _day_in_month(after, day)
            if this_month > after:
                return this_month
            return _day_in_month(after.replace(day=28) + timedelta(days=4), day)
    return None


def is_due(schedule: Schedule, *, last_through: date | None, through: date) -> date | None:
    """The day to settle through, None if no period has ended since the payee's last settlement.

    What counts is the last settlement's cut-off, by whatever schedule it was made. So one that
    changes in the middle of a period goes on by the new one: from weekly to monthly it waits for
    the month's end, from monthly to weekly for the next such weekday.
    """
    cutoff = latest_cutoff(schedule, through)
    if cutoff is None or (last_through is not None and cutoff <= last_through):
        return None
    return cutoff


def event_is_due(schedule: Schedule, *, ends_on: date, through: date) -> bool:
    """Whether an event that ends then is to be settled; never by a schedule of another kind."""
    latest_end = latest_event_end(schedule, through)
    return latest_end is not None and ends_on <= latest_end


def latest_event_end(schedule: Schedule, through: date) -> date | None:
    """The events that end until then are due; None by a schedule that does not go by events."""
    match schedule:
        case Schedule(Every.EVENT, days=int(days)):
            return through - timedelta(days=days)
    return None


def last_day_over(now: datetime, time_zone: str) -> date:
    """The day before today, where the organization is.

    Raises:
        ValueError: `now` has no time zone of its own.
    """
    if now.tzinfo is None:
        raise ValueError(f"{now} could be anywhere: it has no time zone.")
    return now.astimezone(ZoneInfo(time_zone)).date() - timedelta(days=1)


def _every(value: object) -> Every:
    if value is None:
        raise InvalidSchedule(problem=f'"every" is missing: one of {", ".join(Every)}')
    try:
        return Every(value)  # type: ignore[arg-type]  # whatever it is, it says so
    except ValueError:
        raise InvalidSchedule(
            problem=f'"every" is one of {", ".join(Every)}, not {shown(value)}'
        ) from None


def _foreign(name: object, every: Every) -> str:
    return f'every "{every}" knows no {shown(name)}'


def _day_in_month(month: date, day: int) -> date:
    """That day of the month in which a date lies, or the month's last one."""
    return month.replace(day=min(day, monthrange(month.year, month.month)[1]))


def _ordinal(day: int) -> str:
    ending = "th" if 11 <= day <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"{day}{ending}"
