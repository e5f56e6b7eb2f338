"""Tax on the lines of a document, in exact fractions until each figure is rounded once.

Amounts are minor units, those of credit notes below zero. docs/why/tax.md says why it is so.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache

from core.money import divide_half_up
from core.rounding import round_half_up, whole_parts


class Category(StrEnum):
    """What kind of tax a rate is; in EN 16931 S, Z, E and AE."""

    STANDARD = "standard"
    ZERO = "zero"
    EXEMPT = "exempt"
    REVERSE_CHARGE = "reverse_charge"


class Rounding(StrEnum):
    """Where a tax is rounded: once for the document, or on each of its lines."""

    DOCUMENT = "document"
    LINE = "line"


@dataclass(frozen=True, slots=True)
class Rate:
    """A tax as it stands on a line. A percentage of 17.5 means 17.5 %.

    `country`, `region`: where it applies; empty is anywhere. `inclusive`: prices hold it already.
    `compound`: it is charged on the taxes before it as well. Both ends of its validity count.

    Raises:
        ValueError: the percentage is below zero, or not zero where nothing is charged.
    """

    code: str
    name: str
    percentage: Decimal
    country: str = ""
    region: str = ""
    inclusive: bool = False
    compound: bool = False
    category: str = Category.STANDARD.value
    valid_from: date | None = None
    valid_to: date | None = None
    active: bool = True

    def __post_init__(self) -> None:
        if not self.percentage.is_finite() or self.percentage < 0:
            raise ValueError(f"{self.percentage} % of {self.code!r} is no percentage.")
        if self.percentage and Category(self.category) is not Category.STANDARD:
            raise ValueError(f"{self.code!r} is {self.category}: {self.percentage} % must be 0.")

    def holds_on(self, day: date) -> bool:
        """Whether it is active, and valid on that day."""
        return (
            self.active
            and (self.valid_from is None or self.valid_from <= day)
            and (self.valid_to is None or day <= self.valid_to)
        )


@dataclass(frozen=True, slots=True)
class Line:
    """What is sold, before tax is worked out. `unit_amount` is the price as quoted.

    `discount_amount` comes off the line as a whole, and is quoted as the price is: with the taxes
    that the price includes.
    """

    quantity: Decimal
    unit_amount: int
    discount_amount: int = 0
    rates: tuple[Rate, ...] = ()

    @property
    def amount(self) -> int:
        """As priced, with the taxes that the price includes; the product is rounded half up."""
        numerator, denominator = self.quantity.as_integer_ratio()
        return divide_half_up(numerator * self.unit_amount, denominator) - self.discount_amount


@dataclass(frozen=True, slots=True)
class TaxedLine:
    """A line's net amount, and its taxes in the order of its rates."""

    net_amount: int
    taxes: tuple[int, ...]

    @property
    def tax_amount(self) -> int:
        return sum(self.taxes)

    @property
    def total_amount(self) -> int:
        return self.net_amount + self.tax_amount


@dataclass(frozen=True, slots=True)
class TaxedRate:
    """What a document is taxed at one rate.

    `taxable_amount` is its lines' net amounts and, for a compound rate, the taxes before it.
    """

    rate: Rate
    taxable_amount: int
    tax_amount: int


@dataclass(frozen=True, slots=True)
class Taxed:
    """A document with its tax: its lines in their order, its rates in the order of first use."""

    lines: tuple[TaxedLine, ...]
    rates: tuple[TaxedRate, ...]

    @property
    def subtotal_amount(self) -> int:
        return sum(line.net_amount for line in self.lines)

    @property
    def tax_amount(self) -> int:
        return sum(rate.tax_amount for rate in self.rates)

    @property
    def total_amount(self) -> int:
        return self.subtotal_amount + self.tax_amount


def calculate(lines: Sequence[Line], rounding: Rounding = Rounding.DOCUMENT) -> Taxed:
    """Work out the tax of a document.

    Rounded by document, each rate's tax is rounded once, on its lines together (EN 16931
    BR-CO-17), and then placed on them; a line's part is within 1 of its exact tax.

    Raises:
        ValueError: a line has the same rate twice, or two rates share a code.
    """
    rates = _rates_by_code(lines)
    amounts = [line.amount for line in lines]
    exact = [
        [amount * fraction for fraction in _tax_fractions(line.rates)]
        for amount, line in zip(amounts, lines, strict=True)
    ]
    if Rounding(rounding) is Rounding.LINE:
        taxes = [[round_half_up(tax) for tax in row] for row in exact]
    else:
        taxes = _rounded_by_rate(lines, exact)
    taxed = tuple(
        TaxedLine(amount - _included(line, row), tuple(row))
        for amount, line, row in zip(amounts, lines, taxes, strict=True)
    )
    return Taxed(taxed, _taxed_rates(rates, lines, taxed))


def applicable_rates(
    rates: Iterable[Rate], *, country: str, region: str, on: date
) -> tuple[Rate, ...]:
    """The rates of a place on a day, by code, simple ones before compound ones.

    Of region, country and anywhere, the nearest that has rates on that day says them all. Upper
    and lower case, and spaces around, make no difference.
    """
    by_place: dict[tuple[str, str], list[Rate]] = defaultdict(list)
    for rate in rates:
        if rate.holds_on(on):
            by_place[_place(rate.country, rate.region)].append(rate)
    for place in (_place(country, region), _place(country, ""), _place("", "")):
        if place in by_place:
            return tuple(sorted(by_place[place], key=lambda rate: (rate.compound, rate.code)))
    return ()


def _place(country: str, region: str) -> tuple[str, str]:
    return country.strip().casefold(), region.strip().casefold()


def _rates_by_code(lines: Sequence[Line]) -> dict[str, Rate]:
    """The document's rates in the order of first use."""
    known: dict[str, Rate] = {}
    for line in lines:
        for rate in line.rates:
            first = known.setdefault(rate.code, rate)
            if first is not rate and first != rate:
                raise ValueError(f"Two different rates have the code {rate.code!r}.")
    return known


# A document's lines, and an organization's documents, have few combinations of rates.
@lru_cache(maxsize=1024)
def _tax_fractions(rates: tuple[Rate, ...]) -> tuple[Fraction, ...]:
    """Each tax as a fraction of the line's amount as priced.

    A price of 1 before tax is quoted as 1 and its inclusive taxes, so the line's amount is as many
    times that quote.
    """
    taxes = _taxes_on_one(rates)
    quote = 1 + sum(tax for tax, rate in zip(taxes, rates, strict=True) if rate.inclusive)
    return tuple(tax / quote for tax in taxes)


def _taxes_on_one(rates: tuple[Rate, ...]) -> list[Fraction]:
    """Each tax on a net amount of 1."""
    if len({rate.code for rate in rates}) < len(rates):
        raise ValueError(f"A line has a rate twice: {', '.join(rate.code for rate in rates)}.")
    taxes = [Fraction()] * len(rates)
    with_tax = Fraction(1)
    for index in _charging_order(rates):
        base = with_tax if rates[index].compound else 1
        taxes[index] = base * Fraction(rates[index].percentage) / 100
        with_tax += taxes[index]
    return taxes


def _charging_order(rates: tuple[Rate, ...]) -> list[int]:
    """Positions of the rates as they are charged: compound ones after all simple ones."""
    return sorted(range(len(rates)), key=lambda index: rates[index].compound)


def _rounded_by_rate(lines: Sequence[Line], exact: list[list[Fraction]]) -> list[list[int]]:
    """The lines' taxes in whole units, whose sum at each rate is the exact sum rounded half up."""
    taxes = [[0] * len(row) for row in exact]
    cells: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for row, line in enumerate(lines):
        for column, rate in enumerate(line.rates):
            cells[rate.code].append((row, column))
    for places in cells.values():
        shares = [exact[row][column] for row, column in places]
        parts = whole_parts(round_half_up(sum(shares, Fraction())), shares)
        for (row, column), part in zip(places, parts, strict=True):
            taxes[row][column] = part
    return taxes


def _included(line: Line, taxes: Sequence[int]) -> int:
    """How much of the line's amount as priced is tax."""
    return sum(tax for tax, rate in zip(taxes, line.rates, strict=True) if rate.inclusive)


def _taxed_rates(
    rates: dict[str, Rate], lines: Sequence[Line], taxed: Sequence[TaxedLine]
) -> tuple[TaxedRate, ...]:
    taxable = dict.fromkeys(rates, 0)
    tax = dict.fromkeys(rates, 0)
    for line, result in zip(lines, taxed, strict=True):
        with_tax = result.net_amount
        for index in _charging_order(line.rates):
            rate = line.rates[index]
            taxable[rate.code] += with_tax if rate.compound else result.net_amount
            tax[rate.code] += result.taxes[index]
            with_tax += result.taxes[index]
    return tuple(TaxedRate(rate, taxable[code], tax[code]) for code, rate in rates.items())
