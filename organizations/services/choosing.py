"""Choosing whose books a session is about."""

from typing import Any

from organizations.errors import OrganizationNotFound
from organizations.models import Membership
from organizations.selectors import get_organization, memberships_of

SESSION_KEY = "organization_id"


def choose_organization(request: Any, slug: str) -> Membership:
    """From now on the session is about this organization, for a user who belongs to it.

    Raises:
        OrganizationNotFound: it does not exist, or is not the user's: they cannot tell which.
    """
    membership = memberships_of(request.user).filter(organization=get_organization(slug)).first()
    if membership is None:
        raise OrganizationNotFound(organization=ascii(slug[:100]))
    request.session[SESSION_KEY] = str(membership.organization_id)
    return membership
