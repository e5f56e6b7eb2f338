"""From which account of the organization payouts leave."""

from organizations.models import Organization
from settlements.models import PayoutProfile


def get_payout_profile(organization: Organization) -> PayoutProfile | None:
    """The profile; None where nobody has said yet."""
    profile: PayoutProfile | None = PayoutProfile.objects.of(organization).first()
    return profile
