"""The documents of a sales file, out of its lines: sales, and cancellations of sales.

One document is held at a time: its lines follow each other in the file.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from core.rounding import round_half_up
from core.text import visible
from invoicing.imports.countries import UnknownPlace, country_code
from invoicing.imports.lines import BadLine, SalesLine

# Held in memory at once; an order takes fewer, and says so.
MOST_LINES = 10_000


class Outcome(StrEnum):
    LEFT_OUT = "left out"
    REFUSED = "refused"


class Scope(StrEnum):
    LINE = "line"
    DOCUMENT = "document"


@dataclass(frozen=True, slots=True)
class Omission:
    """A line or a whole document that does not come into the books, and why.

    `line` is where it stands in the file, or begins; `document` is empty where it cannot be told.
    """

    line: int
    document: str
    scope: Scope
    outcome: Outcome
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class SalesDocument:
    """A sale, or the cancellation of one, with those of its lines that carry money.

    Without a customer it is a walk-in's. `country` is an ISO code, or empty for a place abroad that
    is no single country. `first_line` and `last_line` are where it stands in the file.
    """

    number: str
    day: date
    customer: str
    country: str
    lines: tuple[SalesLine, ...]
    first_line: int
    last_line: int

    @property
    def is_cancellation(self) -> bool:
        return is_cancellation(self.number)

    @property
    def net_amount(self) -> int:
        """Minor units, above zero; each line is rounded to whole ones, as an order's are."""
        return sum(round_half_up(abs(line.quantity) * line.unit_amount) for line in self.lines)

    def refused(self, code: str, reason: str) -> Omission:
        return Omission(self.first_line, self.number, Scope.DOCUMENT, Outcome.REFUSED, code, reason)


def is_cancellation(number: str) -> bool:
    return number.startswith("C")


def documents_of(lines: Iterable[SalesLine | BadLine]) -> Iterator[SalesDocument | Omission]:
    """Documents in the order of the file, and between them what is left out or refused.

    A document of which a line cannot be read is refused whole. So is what comes later under a
    number that was refused: it would be a part of that document.
    """
    refused: set[str] = set()
    gathered: _Gathered | None = None
    for line in lines:
        if isinstance(line, BadLine) and not line.document:
            yield _bad(line)
            continue
        if gathered is None or line.document != gathered.number:
            if gathered is not None:
                yield gathered.close(refused)
            gathered = _Gathered(line.document, line.number)
        yield from gathered.take(line)
    if gathered is not None:
        yield gathered.close(refused)


@dataclass(slots=True)
class _Gathered:
    """The lines of a document so far."""

    number: str
    first_line: int
    last_line: int = 0
    lines: list[SalesLine] = field(default_factory=list)
    fault: tuple[str, str] | None = None

    def take(self, line: SalesLine | BadLine) -> Iterator[Omission]:
        self.last_line = line.number
        if isinstance(line, BadLine):
            self.fault = self.fault or ("unreadable_line", f"line {line.number} cannot be read")
            yield _bad(line)
        elif not line.has_money:
            yield Omission(
                line.number,
                line.document,
                Scope.LINE,
                Outcome.LEFT_OUT,
                "line_without_money",
                "the price is 0" if line.quantity else "the quantity is 0",
            )
        elif len(self.lines) < MOST_LINES:
            self.lines.append(line)
        else:
            self.fault = self.fault or ("too_many_lines", f"it has more than {MOST_LINES} lines")

    def close(self, refused: set[str]) -> SalesDocument | Omission:
        """What the lines come to; the number of a document that is refused joins `refused`."""
        fault = self._fault(refused)
        if fault is not None:
            refused.add(self.number)
            code, reason = fault
            return self._omitted(Outcome.REFUSED, code, f"{reason} ({self._place})")
        if not self.lines:
            return self._omitted(
                Outcome.LEFT_OUT, "document_without_money", f"no line has money ({self._place})"
            )
        first = self.lines[0]
        document = SalesDocument(
            self.number,
            first.day,
            first.customer,
            country_code(first.country),
            tuple(self.lines),
            self.first_line,
            self.last_line,
        )
        if not document.net_amount:
            return self._omitted(
                Outcome.LEFT_OUT, "document_without_money", f"it comes to 0 ({self._place})"
            )
        return document

    def _fault(self, refused: set[str]) -> tuple[str, str] | None:
        if self.number in refused:
            return "comes_back", "a part of it was refused before"
        return (
            self.fault
            or self._difference("customer")
            or self._difference("country")
            or self._place_unknown()
            or self._sign()
        )

    def _difference(self, what: str) -> tuple[str, str] | None:
        values = list(dict.fromkeys(getattr(line, what) for line in self.lines))
        if len(values) < 2:
            return None
        named = " and ".join(value or "none" for value in values[:3])
        return f"mixed_{what}", f"its lines name more than one {what}: {named}"

    def _place_unknown(self) -> tuple[str, str] | None:
        for line in self.lines[:1]:
            try:
                country_code(line.country)
            except UnknownPlace:
                return "unknown_country", f"there is no country “{visible(line.country)}”"
        return None

    def _sign(self) -> tuple[str, str] | None:
        is_negative = is_cancellation(self.number)
        for line in self.lines:
            if (line.quantity < 0) != is_negative:
                wanted = "cancellation's are negative" if is_negative else "sale's are positive"
                return (
                    "wrong_sign",
                    f"line {line.number} has the quantity {line.quantity}; a {wanted}",
                )
        return None

    def _omitted(self, outcome: Outcome, code: str, reason: str) -> Omission:
        return Omission(self.first_line, self.number, Scope.DOCUMENT, outcome, code, reason)

    @property
    def _place(self) -> str:
        if self.first_line == self.last_line:
            return f"line {self.first_line}"
        return f"lines {self.first_line} to {self.last_line}"


def _bad(line: BadLine) -> Omission:
    return Omission(line.number, line.document, Scope.LINE, Outcome.REFUSED, line.code, line.reason)
