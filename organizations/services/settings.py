"""What an organization's owners may change about it."""

from collections.abc import Callable
from typing import Any

from organizations.actors import Actor
from organizations.errors import BaseCurrencyInUse
from organizations.models import Organization
from organizations.rules import (
    check_country,
    check_currency,
    check_fiscal_year_start,
    check_name,
    check_time_zone,
)
from organizations.services.auditing import atomic_use_case

CHECKS: dict[str, Callable[[Any], Any]] = {
    "name": lambda name: check_name(name, most=200),
    "currency": check_currency,
    "country": check_country,
    "time_zone": check_time_zone,
    "fiscal_year_start_month": check_fiscal_year_start,
    "approval_threshold_amount": lambda amount: amount,
}

# Whether an organization's base currency can no longer change: asked of the apps above this one.
_currency_is_used: list[Callable[[Organization], bool]] = []


def register_currency_use(is_used: Callable[[Organization], bool]) -> None:
    """Let an app say when an organization's base currency stands in its rows."""
    _currency_is_used.append(is_used)


def base_currency_is_used(organization: Organization) -> bool:
    return any(is_used(organization) for is_used in _currency_is_used)


def change_settings(*, actor: Actor, **changes: Any) -> Organization:
    """Change what is given: name, currency, country, time_zone, fiscal_year_start_month,
    approval_threshold_amount (minor units of the base currency; None: no second person).

    Raises:
        BaseCurrencyInUse: there are lines already.
        InvalidName, UnknownCurrency, InvalidCountry, UnknownTimeZone, InvalidFiscalYearStart
    """
    wanted = {name: CHECKS[name](value) for name, value in changes.items()}
    with atomic_use_case(actor, "change_settings") as audit:
        # Postings hold the row's key until they commit, so none comes in between.
        organization = Organization.objects.select_for_update().get(pk=actor.organization.pk)
        differing = [name for name in wanted if getattr(organization, name) != wanted[name]]
        if not differing:
            return organization
        if "currency" in differing and base_currency_is_used(organization):
            raise BaseCurrencyInUse(currency=organization.currency)
        # With the currency, in which the threshold is.
        told = {"currency": None, **dict.fromkeys(differing)}
        before = {name: getattr(organization, name) for name in told}
        for name in differing:
            setattr(organization, name, wanted[name])
        organization.save(update_fields=differing)
        audit(
            organization, before=before, after={name: getattr(organization, name) for name in told}
        )
    return organization
