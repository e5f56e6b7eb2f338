"""Rows of the table, and how two ways of doing the same thing are compared fairly."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """One measured figure; `ratio` compares it with its baseline, which `at_least` is about.

    Where a promise is about the figure itself, in its unit, it stands in `figure_at_least` or
    `figure_at_most`: what else the machine does falls on it.
    """

    name: str
    figure: float
    unit: str
    ratio: float | None = None
    at_least: float | None = None
    # The other side of the ratio, in the same unit.
    baseline: float | None = None
    note: str = ""
    figure_at_least: float | None = None
    figure_at_most: float | None = None

    @property
    def is_promised(self) -> bool:
        return any(
            limit is not None
            for limit in (self.at_least, self.figure_at_least, self.figure_at_most)
        )

    @property
    def holds(self) -> bool:
        if self.at_least is not None and (self.ratio is None or self.ratio < self.at_least):
            return False
        if self.figure_at_least is not None and self.figure < self.figure_at_least:
            return False
        return self.figure_at_most is None or self.figure <= self.figure_at_most

    @property
    def promise(self) -> str:
        """What was promised, in few words."""
        if self.at_least is not None:
            return f"ratio ≥ {self.at_least}"
        if self.figure_at_least is not None:
            return f"≥ {self.figure_at_least:,.0f} {self.unit}"
        if self.figure_at_most is not None:
            return f"≤ {self.figure_at_most:,.0f} {self.unit}"
        return ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Comparison:
    """The medians of several rounds of two measures, and of their ratio."""

    candidate: float
    baseline: float
    ratio: float


def compare(
    *, candidate: Callable[[], float], baseline: Callable[[], float], rounds: int
) -> Comparison:
    """Run both in turn, `rounds` times after a warm-up, in alternating order.

    What the machine does besides falls on both alike: each round has a ratio of its own, and the
    median of those is the result.
    """
    candidate()
    baseline()
    candidates: list[float] = []
    baselines: list[float] = []
    for number in range(rounds):
        turns = [(candidates, candidate), (baselines, baseline)]
        for figures, measure in turns if number % 2 else reversed(turns):
            figures.append(measure())
    ratios = [c / b for c, b in zip(candidates, baselines, strict=True)]
    return Comparison(median(candidates), median(baselines), median(ratios))


class Stopwatch:
    seconds = 0.0


@contextmanager
def stopwatch() -> Iterator[Stopwatch]:
    watch = Stopwatch()
    start = time.perf_counter()
    yield watch
    watch.seconds = time.perf_counter() - start
