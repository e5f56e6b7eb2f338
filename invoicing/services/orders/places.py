"""Where something is sold, and the rates that hold there."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date

from core.db import prepared_cursor
from core.db.prepared import text_array_parameter
from invoicing.errors import InvalidOrder, ReverseChargeNeedsTaxId, TaxRateNotValid, UnknownTaxRate
from invoicing.models import Customer
from invoicing.rules import MOST_REGION, check_country, check_region, text_problem
from invoicing.tax import Category, Rate, applicable_rates
from organizations.models import Organization


def place_of_sale(
    organization: Organization, customer: Customer | None, country: str | None, region: str | None
) -> tuple[str, str]:
    """Country and region: as given, else the customer's, else the organization's own.

    The customer's region counts in the customer's country only.

    Raises:
        UnknownCountry, RegionWithoutCountry
        InvalidOrder: a region that is too long to be any.
    """
    customers = customer.country if customer is not None else ""
    chosen = check_country(country) if country else customers or organization.country
    if region is None:
        region = customer.region if customer is not None and chosen == customers else ""
    problem = text_problem(region, most=MOST_REGION)
    if problem is not None:
        raise InvalidOrder(field="region", problem=problem)
    return chosen, check_region(region, chosen)


def rates_of_items(
    organization: Organization,
    codes: Sequence[Sequence[str] | None],
    *,
    country: str,
    region: str,
    on: date,
) -> list[tuple[Rate, ...]]:
    """The rates of each item, by one statement: those that it names, or where it names none
    (None) those of the place.

    Raises:
        UnknownTaxRate, TaxRateNotValid: for the first item at fault.
    """
    named = {code for given in codes for code in given or ()}
    rates = _find_rates(organization, named, country)
    by_code = {rate.code: rate for rate in rates}
    of_the_place = applicable_rates(rates, country=country, region=region, on=on)
    return [
        of_the_place if given is None else _named_rates(position, given, by_code, on)
        for position, given in enumerate(codes, start=1)
    ]


def check_reverse_charge(rates: Sequence[Iterable[Rate]], customer: Customer | None) -> None:
    """That who is to pay the tax instead is known to be a business.

    Raises:
        ReverseChargeNeedsTaxId: naming the first item under it.
    """
    if customer is not None and customer.tax_id:
        return
    for position, of_item in enumerate(rates, start=1):
        for rate in of_item:
            if rate.category == Category.REVERSE_CHARGE:
                raise ReverseChargeNeedsTaxId(position=position, tax_rate=rate.code)


def _named_rates(
    position: int, codes: Sequence[str], by_code: dict[str, Rate], on: date
) -> tuple[Rate, ...]:
    for code in codes:
        if code not in by_code:
            raise UnknownTaxRate(position=position, tax_rate=code)
        if not by_code[code].holds_on(on):
            raise TaxRateNotValid(
                position=position, tax_rate=code, on=on, reason=_why_not(by_code[code], on)
            )
    return tuple(by_code[code] for code in codes)


def _why_not(rate: Rate, on: date) -> str:
    if not rate.active:
        return "it is not active"
    if rate.valid_from is not None and on < rate.valid_from:
        return f"it is valid from {rate.valid_from}"
    return f"it was valid to {rate.valid_to}"


def _find_rates(organization: Organization, named: Collection[str], country: str) -> list[Rate]:
    with prepared_cursor() as cursor:
        cursor.execute(_RATES, (organization.pk, text_array_parameter(named), country))
        return [Rate(*row) for row in cursor.fetchall()]


# The columns in the order of Rate's fields.
_RATES = """
SELECT r.code, r.name, r.percentage, r.country, r.region, r.inclusive, r.compound, r.category,
       r.valid_from, r.valid_to, r.active
  FROM invoicing_taxrate r
 WHERE r.organization_id = %s AND (r.code = ANY(%s::text[]) OR r.country IN ('', %s))
 ORDER BY r.code
"""
