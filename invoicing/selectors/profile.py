"""How an organization appears on its documents, and its choices about them."""

from invoicing.models import InvoicingProfile
from organizations.models import Organization


def get_profile(organization: Organization) -> InvoicingProfile:
    """The profile; where there is no row yet, an unsaved one that holds the defaults."""
    profile: InvoicingProfile | None = InvoicingProfile.objects.of(organization).first()
    return profile or InvoicingProfile(organization=organization)
