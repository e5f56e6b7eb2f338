"""Which organization a signed-in user's request is about."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from organizations.models import Membership, Organization, User
from organizations.selectors import memberships_of
from organizations.services.choosing import SESSION_KEY


class OrganizationRequest(HttpRequest):
    """A request that has passed CurrentOrganizationMiddleware."""

    organization: Organization | None
    membership: Membership | None
    user: User


class CurrentOrganizationMiddleware:
    """Set `request.organization` and `request.membership`, and the user's organization.

    The session names one; where it does not, or the user no longer belongs to that one, it is
    the first to which they belong. A program with an API key has no session: both are None, and
    its organization follows from the key.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: OrganizationRequest) -> HttpResponseBase:
        request.membership = None
        # Without a session's cookie nobody is signed in, and nothing has to be looked up.
        if settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated:
            request.membership = current_membership(request.user, request.session.get(SESSION_KEY))
        request.organization = request.membership.organization if request.membership else None
        if request.membership:
            request.user.active_organization = request.organization
        return self.get_response(request)


def current_membership(user: User, organization_id: str | None) -> Membership | None:
    """The membership in that organization, or else the oldest; None for a user without any."""
    memberships = list(memberships_of(user))
    for membership in memberships:
        if str(membership.organization_id) == organization_id:
            return membership
    return memberships[0] if memberships else None
