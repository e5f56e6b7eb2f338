"""How an organization appears on its documents, and its choices about them."""

from core.db import prepared_cursor
from invoicing.models import InvoicingProfile
from invoicing.tax import Rounding
from organizations.models import Organization


def get_profile(organization: Organization) -> InvoicingProfile:
    """The profile with its logo; where there is no row yet, an unsaved one that holds the
    defaults."""
    profile: InvoicingProfile | None = InvoicingProfile.objects.of(organization).first()
    return profile or InvoicingProfile(organization=organization)


def rounding_of(organization: Organization) -> Rounding:
    """Where the organization rounds tax. Asked for at each sale, so without the logo beside it."""
    with prepared_cursor() as cursor:
        cursor.execute(_ROUNDING, (organization.pk,))
        row = cursor.fetchone()
    return Rounding(row[0]) if row else Rounding.DOCUMENT


_ROUNDING = "SELECT p.rounding FROM invoicing_invoicingprofile p WHERE p.organization_id = %s"
