"""Which organization a signed-in user's request is about."""

from collections.abc import Callable, Sequence

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
    memberships: Sequence[Membership]
    user: User


class CurrentOrganizationMiddleware:
    """Set `request.organization`, `request.membership` and `request.memberships`, and the user's
    organization and membership there: one statement, for whoever asks in this request.

    The session names one; where it does not, or the user no longer belongs to that one, it is
    the first to which they belong. A program with an API key has no session: both are None, and
    its organization follows from the key.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: OrganizationRequest) -> HttpResponseBase:
        request.membership, request.memberships = None, ()
        # Without a session's cookie nobody is signed in, and nothing has to be looked up.
        if settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated:
            request.memberships = tuple(memberships_of(request.user))
            request.membership = current_of(request.memberships, request.session.get(SESSION_KEY))
        request.organization = request.membership.organization if request.membership else None
        if request.membership:
            request.user.active_organization = request.organization
            request.user.active_membership = request.membership
        return self.get_response(request)


def current_of(memberships: Sequence[Membership], organization_id: str | None) -> Membership | None:
    """The membership in that organization, or else the oldest; None for a user without any."""
    for membership in memberships:
        if str(membership.organization_id) == organization_id:
            return membership
    return memberships[0] if memberships else None
