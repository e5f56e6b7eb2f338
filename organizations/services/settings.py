"""What an organization's owners may change about it."""

from collections.abc import Callable
from typing import Any

from organizations.actors import Actor
from organizations.errors import BaseCurrencyInUse, NoWebhook
from organizations.models import Organization
from organizations.rules import (
    check_alert_threshold,
    check_country,
    check_currency,
    check_fiscal_year_start,
    check_name,
    check_time_zone,
    check_webhook_url,
)
from organizations.services.auditing import atomic_use_case
from organizations.services.webhooks import new_webhook_secret

CHECKS: dict[str, Callable[[Any], Any]] = {
    "name": lambda name: check_name(name, most=200),
    "currency": check_currency,
    "country": check_country,
    "time_zone": check_time_zone,
    "fiscal_year_start_month": check_fiscal_year_start,
    "approval_threshold_amount": lambda amount: amount,
    "alert_threshold_count": check_alert_threshold,
    "operations_webhook_url": check_webhook_url,
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
    approval_threshold_amount (minor units of the base currency; None: no second person),
    alert_threshold_count (mismatches that a job may find before it raises an alert),
    operations_webhook_url (where alerts are posted; empty: nowhere).

    Raises:
        BaseCurrencyInUse: there are lines already.
        InvalidName, UnknownCurrency, InvalidCountry, UnknownTimeZone, InvalidFiscalYearStart,
        InvalidAlertThreshold, InvalidWebhookUrl
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


def renew_webhook_secret(*, actor: Actor) -> str:
    """A new secret with which alerts are signed from now on: show it once.

    It stands in the organization's row, in no audit event and in no answer of the API.

    Raises:
        NoWebhook: there is no address to which they would go.
    """
    secret = new_webhook_secret()
    with atomic_use_case(actor, "renew_webhook_secret") as audit:
        organization = Organization.objects.select_for_update(no_key=True).get(
            pk=actor.organization.pk
        )
        if not organization.operations_webhook_url:
            raise NoWebhook()
        organization.operations_webhook_secret = secret
        organization.save(update_fields=["operations_webhook_secret"])
        audit(organization, operations_webhook_url=organization.operations_webhook_url)
    return secret
