"""Organizations: how one comes to be."""

from organizations.actors import Actor
from organizations.models import Organization
from organizations.rules import (
    check_country,
    check_currency,
    check_fiscal_year_start,
    check_name,
    check_slug,
    check_time_zone,
)
from organizations.selectors import get_organization
from organizations.services.auditing import atomic_use_case


def create_organization(
    *,
    slug: str,
    name: str,
    currency: str,
    country: str = "",
    time_zone: str = "UTC",
    fiscal_year_start_month: int = 1,
) -> tuple[Organization, bool]:
    """The organization of this slug, and whether it is new; one that exists is left as it is.

    Raises:
        InvalidSlug, InvalidName, UnknownCurrency, InvalidCountry, UnknownTimeZone,
        InvalidFiscalYearStart
    """
    organization = Organization(
        slug=check_slug(slug),
        name=check_name(name, most=200),
        currency=check_currency(currency),
        country=check_country(country),
        time_zone=check_time_zone(time_zone),
        fiscal_year_start_month=check_fiscal_year_start(fiscal_year_start_month),
    )
    existing = Organization.objects.filter(slug=slug).first()
    if existing is not None:
        return existing, False
    with atomic_use_case(Actor.system(organization), "create_organization") as audit:
        # Two at once: the second waits here, and then finds the first one's.
        [_] = Organization.objects.bulk_create([organization], ignore_conflicts=True)
        if get_organization(slug).pk != organization.pk:
            return get_organization(slug), False
        audit(organization, after=_as_audited(organization))
    organization.refresh_from_db()
    return organization, True


def lock_organization(organization: Organization) -> None:
    """One at a time through what changes an organization's members or its chart.

    Take it first in a transaction. Postings go on: they hold no more than the row's key.
    """
    Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)


def _as_audited(organization: Organization) -> dict[str, object]:
    names = ("slug", "name", "currency", "country", "time_zone", "fiscal_year_start_month")
    return {name: getattr(organization, name) for name in names}
