"""Amounts as people write them, and the minor units that the books keep; no floats in between."""

import re
from functools import cache

import moneyed

MOST_MINOR_UNITS = 2**63 - 1

# Commas group thousands and nothing else: 1,50 and 1.234,50 are refused instead of guessed at.
_WRITTEN = re.compile(r"([+-]?)((?:\d{1,3}(?:,\d{3})+|\d+)?)(?:\.(\d+))?", re.ASCII)
_SPACES = dict.fromkeys(map(ord, " \u00a0\u202f\u2009"))
_MINUS = {ord("\u2212"): "-"}
# The codes of ISO 4217 for transactions without a currency, and for testing.
_NO_MONEY = frozenset({"XXX", "XTS"})


class AmountError(ValueError):
    """What was written is not an amount of that currency."""


@cache
def exponent(currency: str) -> int:
    """How many decimals an amount of this currency has: JPY 0, USD 2, KWD 3."""
    try:
        sub_unit: int = moneyed.get_currency(currency).sub_unit
    except moneyed.CurrencyDoesNotExist:
        return 2
    return len(str(sub_unit)) - 1


def divide_half_up(numerator: int, denominator: int) -> int:
    """A quotient rounded half up, away from zero, so that negatives mirror positives.

    The denominator is above zero.
    """
    rounded = (2 * abs(numerator) + denominator) // (2 * denominator)
    return rounded if numerator >= 0 else -rounded


def is_currency(code: str) -> bool:
    """Whether ISO 4217 knows this code, and means money by it."""
    return code in moneyed.CURRENCIES and code not in _NO_MONEY


def format_amount(amount: int, currency: str) -> str:
    """Minor units as people read them, grouped, without the currency: 123450 GBP is 1,234.50."""
    places = exponent(currency)
    sign = "-" if amount < 0 else ""
    if not places:
        return f"{sign}{abs(amount):,}"
    whole, fraction = divmod(abs(amount), 10**places)
    return f"{sign}{whole:,}.{fraction:0{places}d}"


def parse_amount(written: str, currency: str) -> int:
    """The minor units of an amount as people write it: 1,234.5 of GBP is 123450.

    Raises:
        AmountError: it is no number, has more decimals than the currency, or exceeds 64 bits.
    """
    text = written.translate(_SPACES).translate(_MINUS)
    found = _WRITTEN.fullmatch(text) if len(text) <= 40 else None
    if found is None or not (found[2] or found[3]):
        raise AmountError(f"“{written[:40]}” is not an amount: write it like 1,234.50.")
    places = exponent(currency)
    fraction = found[3] or ""
    if len(fraction) > places:
        raise AmountError(f"{written}: {currency} has {places} decimals.")
    digits = found[2].replace(",", "") + fraction.ljust(places, "0")
    amount = int(found[1] + digits)
    if abs(amount) > MOST_MINOR_UNITS:
        raise AmountError(f"{written} does not fit into 64 bits of minor units.")
    return amount
