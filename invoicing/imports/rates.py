"""Which tax rate a sale of a sales file bears: the standard one at home, the export one abroad."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from invoicing.errors import TaxRateCodeTaken
from invoicing.models import TaxRate
from invoicing.services.tax_rates import create_tax_rate
from organizations.actors import Actor
from organizations.models import Organization

# The United Kingdom's, from 1 January 2010. Made where a sale needs one that is not there.
KNOWN_RATES: dict[str, dict[str, Any]] = {
    "GB-STANDARD": {
        "name": "GB standard 17.5 %",
        "percentage": Decimal("17.5"),
        "country": "GB",
        "category": "standard",
        "valid_from": date(2010, 1, 1),
        "valid_to": date(2011, 1, 3),
    },
    "GB-STANDARD-20": {
        "name": "GB standard 20 %",
        "percentage": Decimal(20),
        "country": "GB",
        "category": "standard",
        "valid_from": date(2011, 1, 4),
    },
    "EXPORT-ZERO": {
        "name": "export zero-rated",
        "percentage": Decimal(0),
        "category": "zero",
    },
}
STANDARD = ("GB-STANDARD", "GB-STANDARD-20")
EXPORT = "EXPORT-ZERO"
HOME = "GB"


class NoSuchRates(ValueError):
    """The rates that were asked for cannot be used."""


@dataclass(slots=True)
class SalesRates:
    """`standard` are those of the `home` country, of which one holds on a day."""

    home: str
    standard: Sequence[TaxRate | str]
    export: TaxRate | str
    _made: dict[str, TaxRate] = field(default_factory=dict)

    def of(self, actor: Actor, country: str, day: date) -> TaxRate | None:
        """The rate for a country and a day, or None; not within a transaction that may fail."""
        for rate in self.standard if country == self.home else [self.export]:
            if _holds_on(rate, day):
                return self._there(actor, rate)
        return None

    def _there(self, actor: Actor, rate: TaxRate | str) -> TaxRate:
        if isinstance(rate, TaxRate):
            return rate
        if rate not in self._made:
            self._made[rate] = _make(actor, rate)
        return self._made[rate]


def sales_rates(
    organization: Organization, *, standard: Sequence[str] = (), export: str = ""
) -> SalesRates:
    """The rates of these codes. Without any, the United Kingdom's, also before they are there.

    Raises:
        NoSuchRates: a code is unknown, or none is given where the home is not the United Kingdom.
    """
    home = organization.country or HOME
    if not standard and home != HOME:
        raise NoSuchRates(f"{organization.slug} is at home in {home}: name its standard rate")
    codes = [*(standard or STANDARD), export or EXPORT]
    found = {rate.code: rate for rate in TaxRate.objects.of(organization).filter(code__in=codes)}
    rates = [found.get(code, code) for code in codes]
    for rate in rates:
        if isinstance(rate, str) and rate not in KNOWN_RATES:
            raise NoSuchRates(f"there is no tax rate {rate} in {organization.slug}")
    return SalesRates(home, rates[:-1], rates[-1])


def _make(actor: Actor, code: str) -> TaxRate:
    try:
        return create_tax_rate(actor=actor, code=code, **KNOWN_RATES[code])
    except TaxRateCodeTaken:
        # By another import, since this one looked.
        made: TaxRate = TaxRate.objects.of(actor.organization).get(code=code)
        return made


def _holds_on(rate: TaxRate | str, day: date) -> bool:
    if isinstance(rate, TaxRate):
        is_active, first, last = rate.active, rate.valid_from, rate.valid_to
    else:
        known = KNOWN_RATES[rate]
        is_active, first, last = True, known.get("valid_from"), known.get("valid_to")
    return is_active and (first is None or first <= day) and (last is None or day <= last)
