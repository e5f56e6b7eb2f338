"""Tax rates: made, changed, deleted. What was locked before keeps what it was taxed with."""

from datetime import date
from decimal import Decimal
from typing import Any

from invoicing.errors import (
    InvalidPercentage,
    InvalidTaxRate,
    InvalidTaxRateCode,
    InvalidValidity,
    TaxRateNotFound,
)
from invoicing.models import TaxCategory, TaxRate
from invoicing.rules import (
    MOST_REGION,
    check_country,
    check_region,
    is_code,
    is_whole,
    plain_number,
    shown,
    text_problem,
)
from organizations.actors import Actor
from organizations.models import Organization
from organizations.services.auditing import atomic_use_case, save_changed

FIELDS = (
    "code",
    "name",
    "percentage",
    "country",
    "region",
    "inclusive",
    "compound",
    "category",
    "valid_from",
    "valid_to",
    "active",
)
_LEAST_STEP = Decimal("0.00001")


def create_tax_rate(
    *,
    actor: Actor,
    code: str,
    name: str,
    percentage: Decimal,
    country: str = "",
    region: str = "",
    inclusive: bool = False,
    compound: bool = False,
    category: str | None = None,
    valid_from: date | None = None,
    valid_to: date | None = None,
    active: bool = True,
) -> TaxRate:
    """A new rate; a percentage of 17.5 means 17.5 %. Both ends of its validity count.

    Without a category it is standard, or zero-rated where the percentage is 0.

    Raises:
        InvalidTaxRateCode, InvalidTaxRate, InvalidPercentage, InvalidValidity, UnknownCountry,
        RegionWithoutCountry, TaxRateCodeTaken
    """
    if category is None:
        category = TaxCategory.STANDARD if percentage else TaxCategory.ZERO
    rate = TaxRate(
        organization=actor.organization,
        code=code,
        name=name,
        percentage=percentage,
        country=country,
        region=region,
        inclusive=inclusive,
        compound=compound,
        category=category,
        valid_from=valid_from,
        valid_to=valid_to,
        active=active,
    )
    _check(rate)
    with atomic_use_case(actor, "create_tax_rate") as audit:
        rate.save(force_insert=True)
        audit(rate, after=_as_audited(rate))
    return rate


def change_tax_rate(*, actor: Actor, tax_rate: TaxRate, **changes: Any) -> TaxRate:
    """Change the fields that are given (`FIELDS`); a change to what is there already is none.

    Raises:
        TaxRateNotFound: it is gone, or another organization's.
        As create_tax_rate does.
    """
    unknown = set(changes) - set(FIELDS)
    if unknown:
        raise TypeError(f"a tax rate has no {', '.join(sorted(unknown))} to change")
    with atomic_use_case(actor, "change_tax_rate") as audit:
        rate = _locked(actor.organization, tax_rate)
        before = _as_audited(rate)
        for name, value in changes.items():
            setattr(rate, name, value)
        _check(rate)
        save_changed(audit, rate, before, _as_audited(rate))
    return rate


def delete_tax_rate(*, actor: Actor, tax_rate: TaxRate) -> None:
    """Delete a rate. Nothing refers to it: what was locked has a copy, and a draft that names it is
    refused when it is locked.

    Raises:
        TaxRateNotFound: it is gone, or another organization's.
    """
    with atomic_use_case(actor, "delete_tax_rate") as audit:
        rate = _locked(actor.organization, tax_rate)
        rate.delete()
        audit(rate, before=_as_audited(rate))


def _check(rate: TaxRate) -> None:
    """Each value alone, and those that depend on another; tidied up where that is harmless."""
    if not is_code(rate.code):
        raise InvalidTaxRateCode(tax_rate=shown(rate.code))
    problem = text_problem(rate.name, least=1, most=100)
    if problem is not None:
        raise InvalidTaxRate(field="name", problem=problem)
    problem = text_problem(rate.region, most=MOST_REGION)
    if problem is not None:
        raise InvalidTaxRate(field="region", problem=problem)
    if rate.category not in TaxCategory.values:
        known = ", ".join(TaxCategory.values)
        raise InvalidTaxRate(
            field="category", problem=f"there is no {shown(rate.category)}, only {known}"
        )
    rate.name = rate.name.strip()
    rate.country = check_country(rate.country)
    rate.region = check_region(rate.region, rate.country)
    rate.percentage = _check_percentage(rate.percentage, rate.category)
    if rate.valid_from and rate.valid_to and rate.valid_from > rate.valid_to:
        raise InvalidValidity(valid_from=rate.valid_from, valid_to=rate.valid_to)


def _check_percentage(percentage: object, category: str) -> Decimal:
    """Raises InvalidPercentage."""
    if not is_whole(percentage) and not isinstance(percentage, Decimal):
        raise InvalidPercentage(percentage=shown(percentage))
    number = Decimal(percentage)  # type: ignore[arg-type]
    if (
        not number.is_finite()
        or not 0 <= number <= 100
        or (number > 0) != (category == TaxCategory.STANDARD)
    ):
        raise InvalidPercentage(percentage=shown(percentage))
    rounded = number.quantize(_LEAST_STEP)
    if rounded != number:
        raise InvalidPercentage(percentage=shown(percentage))
    return rounded


def _locked(organization: Organization, tax_rate: TaxRate) -> TaxRate:
    rows = TaxRate.objects.of(organization).select_for_update(no_key=True)
    row: TaxRate | None = rows.filter(pk=tax_rate.pk).first()
    if row is None:
        raise TaxRateNotFound(tax_rate=tax_rate.code)
    return row


def _as_audited(rate: TaxRate) -> dict[str, Any]:
    values = {name: getattr(rate, name) for name in FIELDS}
    return {**values, "percentage": plain_number(rate.percentage), "category": str(rate.category)}
