"""Exchange rates of a day, and amounts translated at them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from django.db import connection
from django.db.models import QuerySet

from core.money import divide_half_up, exponent
from ledger.errors import RateMissing
from ledger.models import ExchangeRate
from organizations.models import Organization


@dataclass(frozen=True, slots=True)
class UsedRate:
    """One unit of `currency` is worth `rate` units of `quote_currency`, as of `valid_on`.

    `is_inverse`: only the rate the other way round is known, and was turned over.
    """

    currency: str
    quote_currency: str
    rate: Fraction
    valid_on: date
    is_inverse: bool = False

    def translate(self, amount: int) -> int:
        """Minor units into minor units, rounded half up (away from zero)."""
        scale = Fraction(10) ** (exponent(self.quote_currency) - exponent(self.currency))
        exact = amount * self.rate * scale
        return divide_half_up(exact.numerator, exact.denominator)


@dataclass(frozen=True, slots=True)
class Rates:
    """The rates of one day into one currency."""

    quote_currency: str
    by_currency: Mapping[str, UsedRate]

    @property
    def used(self) -> Sequence[UsedRate]:
        return tuple(rate for _, rate in sorted(self.by_currency.items()))

    def translate(self, amount: int, currency: str) -> int:
        """An amount in `currency` as one in the quote currency, both in minor units."""
        if currency == self.quote_currency:
            return amount
        return self.by_currency[currency].translate(amount)


def list_exchange_rates(
    organization: Organization,
    *,
    currency: str | None = None,
    quote_currency: str | None = None,
    since: date | None = None,
    until: date | None = None,
) -> "QuerySet[ExchangeRate]":
    """Rates by what they translate and the day from which they are valid, the latest first."""
    filters = {
        "currency": currency,
        "quote_currency": quote_currency,
        "valid_on__gte": since,
        "valid_on__lte": until,
    }
    rates: QuerySet[ExchangeRate] = ExchangeRate.objects.of(organization).filter(
        **{name: value for name, value in filters.items() if value is not None}
    )
    return rates.order_by("-valid_on", "-id")


_LATEST = """
SELECT DISTINCT ON (currency, quote_currency) currency, quote_currency, rate, valid_on
  FROM ledger_exchangerate
 WHERE organization_id = %(organization)s AND valid_on <= %(on)s
   AND ((quote_currency = %(into)s AND currency = ANY(%(currencies)s))
     OR (currency = %(into)s AND quote_currency = ANY(%(currencies)s)))
 ORDER BY currency, quote_currency, valid_on DESC
"""


def rates_into(
    organization: Organization, quote_currency: str, currencies: Collection[str], on: date
) -> Rates:
    """The latest rate on or before a day for each currency, directly or turned over.

    Raises:
        RateMissing: for the first currency that has none.
    """
    foreign = sorted(set(currencies) - {quote_currency})
    if not foreign:
        return Rates(quote_currency, {})
    with connection.cursor() as cursor:
        cursor.execute(
            _LATEST,
            {
                "organization": organization.pk,
                "on": on,
                "into": quote_currency,
                "currencies": foreign,
            },
        )
        rows: list[tuple[str, str, Decimal, date]] = cursor.fetchall()
    known = {(base, quote): (Fraction(rate), day) for base, quote, rate, day in rows}
    return Rates(quote_currency, {c: _rate(known, c, quote_currency, on) for c in foreign})


def _rate(
    known: Mapping[tuple[str, str], tuple[Fraction, date]], currency: str, into: str, on: date
) -> UsedRate:
    if (currency, into) in known:
        rate, day = known[currency, into]
        return UsedRate(currency, into, rate, day)
    if (into, currency) in known:
        rate, day = known[into, currency]
        return UsedRate(currency, into, 1 / rate, day, is_inverse=True)
    raise RateMissing(currency=currency, quote_currency=into, on=on.isoformat())
