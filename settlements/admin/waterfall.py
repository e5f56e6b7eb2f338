"""A settlement's amounts, from what was carried forward to the total, each with its bar."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core.money import format_amount
from settlements.models import Settlement

# The width of the picture in units of its own.
WIDTH = 1_000
_THINNEST = 4


@dataclass(frozen=True, slots=True)
class Bar:
    """One amount; its bar goes from where the amounts before it end to where it leads."""

    name: str
    amount: str
    css: str
    x: int
    width: int
    is_sum: bool = False


def waterfall(settlement: Settlement) -> Sequence[Bar]:
    """The amounts in the order in which they are added up; those that are nothing are left out."""
    steps = list(_steps(settlement))
    running = 0
    spans = []
    for _, amount in steps:
        spans.append((running, running + amount))
        running += amount
    spans.append((0, running))
    ends = [end for span in spans for end in span]
    least, most = min(ends), max(ends)
    currency = settlement.currency
    bars: list[Bar] = []
    for (name, amount), (since, until) in zip([*steps, ("Total", running)], spans, strict=True):
        x, width = _place(since, until, least, most)
        is_sum = len(bars) == len(steps)
        css = "ch-bar-sum" if is_sum else "ch-bar-more" if amount >= 0 else "ch-bar-less"
        bars.append(Bar(name, format_amount(amount, currency), css, x, width, is_sum))
    return bars


def zero_at(settlement: Settlement) -> int:
    """Where the line of nothing is, from the left."""
    running, ends = 0, [0]
    for _, amount in _steps(settlement):
        running += amount
        ends.append(running)
    return _place(0, 0, min(ends), max(ends))[0]


def _steps(settlement: Settlement) -> Iterator[tuple[str, int]]:
    for name, amount, always in (
        ("Carried forward", settlement.carried_forward_amount, False),
        ("Sales", settlement.sales_amount, True),
        ("Refunds", -settlement.refunds_amount, False),
        ("Adjustments", settlement.adjustments_amount, False),
        ("Released from reserve", settlement.reserve_released_amount, False),
        ("Held in reserve", -settlement.reserve_held_amount, False),
    ):
        if amount or always:
            yield name, int(amount)


def _place(since: int, until: int, least: int, most: int) -> tuple[int, int]:
    span = (most - least) or 1
    left = (min(since, until) - least) * WIDTH // span
    right = (max(since, until) - least) * WIDTH // span
    width = max(right - left, _THINNEST)
    return min(left, WIDTH - width), width
