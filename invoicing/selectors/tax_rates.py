"""Tax rates as they are now."""

from uuid import UUID

from django.db.models import Q, QuerySet

from invoicing.errors import TaxRateNotFound
from invoicing.models import TaxRate
from ledger.selectors.accounts import as_uuid
from organizations.models import Organization
from organizations.rules import is_storable


def get_tax_rate(organization: Organization, name: str | UUID) -> TaxRate:
    """The rate of this code, or else of this id.

    Raises:
        TaxRateNotFound: there is none, or it is another organization's.
    """
    text = str(name)
    found: list[TaxRate] = []
    if is_storable(text):
        by_id = as_uuid(text)
        wanted = Q(code=text) if by_id is None else Q(code=text) | Q(pk=by_id)
        found = list(TaxRate.objects.of(organization).filter(wanted))
    # A code may look like an id; the code is what its keeper meant.
    found.sort(key=lambda rate: rate.code != text)
    if not found:
        raise TaxRateNotFound(tax_rate=ascii(text[:100]))
    return found[0]


def list_tax_rates(
    organization: Organization, *, active: bool | None = None, country: str | None = None
) -> QuerySet[TaxRate]:
    """The rates by code. `country`: only those of this country; empty, those of anywhere."""
    rates: QuerySet[TaxRate] = TaxRate.objects.of(organization)
    if active is not None:
        rates = rates.filter(active=active)
    if country is not None:
        rates = rates.filter(country=country.strip().upper())
    return rates.order_by("code")
