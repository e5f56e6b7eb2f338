"""How figures, days and places are written on documents."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from functools import cache

import pycountry

from core.money import format_amount

# Between a figure and its unit, so that no line ends there.
_NO_BREAK = "\u00a0"

# Where the postcode follows the town.
_TOWN_FIRST = frozenset({"AU", "CA", "GB", "IE", "IN", "NZ", "US", "ZA"})


def written_day(day: date) -> str:
    """5 December 2010: read alike on both sides of the Atlantic."""
    return f"{day.day} {day:%B} {day.year}"


def written_money(amount: int, currency: str) -> str:
    """Minor units with their currency: GBP 1,234.50."""
    return f"{currency}{_NO_BREAK}{format_amount(amount, currency)}"


def written_quantity(quantity: Decimal) -> str:
    """Grouped and without trailing zeros: 1,200 and 0.25."""
    text = f"{quantity:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def written_percentage(percentage: Decimal) -> str:
    """17.5 %, without trailing zeros."""
    return f"{written_quantity(percentage)}{_NO_BREAK}%"


@cache
def country_name(code: str) -> str:
    """The country's everyday name in English; an unknown code stands for itself."""
    country = pycountry.countries.get(alpha_2=code) if code else None
    if country is None:
        return code
    return str(getattr(country, "common_name", country.name))


def address_lines(
    street: str, *, postcode: str = "", city: str = "", region: str = "", country: str = ""
) -> tuple[str, ...]:
    """A postal address in the order that its country is used to."""
    if country in _TOWN_FIRST:
        town = _joined([city, region, postcode])
    else:
        town = _joined([postcode, city, f"({region})" if region and city else region])
    return (*lines_of(street), *lines_of(town), *lines_of(country_name(country)))


def lines_of(text: str) -> tuple[str, ...]:
    """The lines of a text that say something."""
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def _joined(parts: Iterable[str]) -> str:
    return " ".join(part for part in parts if part)
