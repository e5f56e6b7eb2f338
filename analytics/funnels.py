"""Funnels: how many went on from step to step, exactly. Nothing here knows a database."""

from dataclasses import dataclass
from datetime import date

from core.money import divide_half_up

_PLACES = 4


@dataclass(frozen=True, slots=True)
class Rate:
    """How many of `of` went on. More may begin a checkout than have visited: then it is above 1."""

    count: int
    of: int

    @property
    def text(self) -> str | None:
        """As a decimal with four places, rounded half up; None where there was nobody."""
        return None if not self.of else decimal_text(self.count, self.of)


@dataclass(frozen=True, slots=True)
class Steps:
    """How many visited, began a checkout and completed it."""

    visitors: int = 0
    started: int = 0
    completed: int = 0

    def __add__(self, other: "Steps") -> "Steps":
        return Steps(
            self.visitors + other.visitors,
            self.started + other.started,
            self.completed + other.completed,
        )

    @property
    def visit_to_start(self) -> Rate:
        return Rate(self.started, self.visitors)

    @property
    def start_to_complete(self) -> Rate:
        return Rate(self.completed, self.started)

    @property
    def visit_to_complete(self) -> Rate:
        return Rate(self.completed, self.visitors)

    @property
    def rates(self) -> dict[str, Rate]:
        return {
            "visit_to_start": self.visit_to_start,
            "start_to_complete": self.start_to_complete,
            "visit_to_complete": self.visit_to_complete,
        }


@dataclass(frozen=True, slots=True)
class CurrencySteps:
    """The part of a range whose payees are paid in one currency."""

    currency: str
    steps: Steps
    revenue: int


@dataclass(frozen=True, slots=True)
class FunnelRange:
    """A range of days, both ends included. Days without a snapshot count as nothing:
    `days_with_data` says how many have one."""

    since: date
    until: date
    days_with_data: int
    currencies: tuple[CurrencySteps, ...]

    @property
    def days(self) -> int:
        return (self.until - self.since).days + 1

    @property
    def steps(self) -> Steps:
        """All currencies together: people can be added up where money cannot."""
        return sum((one.steps for one in self.currencies), Steps())

    def revenue(self, currency: str) -> int:
        return sum(one.revenue for one in self.currencies if one.currency == currency)


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a figure since the range before."""

    now: int
    before: int

    @property
    def difference(self) -> int:
        return self.now - self.before

    @property
    def relative(self) -> str | None:
        """The difference as a part of what was before; None where there was nothing."""
        return None if not self.before else decimal_text(self.difference, self.before)


@dataclass(frozen=True, slots=True)
class Funnel:
    """A range, and the range of equal length just before it."""

    range: FunnelRange
    before: FunnelRange

    @property
    def counts(self) -> dict[str, Change]:
        now, before = self.range.steps, self.before.steps
        return {
            "visitor_count": Change(now.visitors, before.visitors),
            "checkout_started_count": Change(now.started, before.started),
            "checkout_completed_count": Change(now.completed, before.completed),
        }

    @property
    def rates(self) -> dict[str, str | None]:
        """By how much each rate has changed; None where one of the two is none."""
        before = self.before.steps.rates
        return {name: _apart(rate, before[name]) for name, rate in self.range.steps.rates.items()}

    @property
    def revenues(self) -> dict[str, Change]:
        """By currency, also of one that only the range before has."""
        ranges = (self.range, self.before)
        found = sorted({one.currency for part in ranges for one in part.currencies})
        return {
            currency: Change(self.range.revenue(currency), self.before.revenue(currency))
            for currency in found
        }


def _apart(now: Rate, before: Rate) -> str | None:
    if not now.of or not before.of:
        return None
    return decimal_text(now.count * before.of - before.count * now.of, now.of * before.of)


def decimal_text(numerator: int, denominator: int) -> str:
    """A quotient with four places, rounded half away from zero; the denominator is above zero."""
    rounded = divide_half_up(numerator * 10**_PLACES, denominator)
    whole, fraction = divmod(abs(rounded), 10**_PLACES)
    return f"{'-' if rounded < 0 else ''}{whole}.{fraction:0{_PLACES}d}"
