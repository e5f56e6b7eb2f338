"""Every read of people, organizations and keys."""

import hmac
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from django.db.models import Q, QuerySet

from organizations.errors import OrganizationNotFound, UserNotFound
from organizations.keys import parse_key, secret_hash
from organizations.models import ApiKey, ApiKeyPrefix, Membership, Organization, Role, User


def get_organization(slug: str) -> Organization:
    """Raises OrganizationNotFound."""
    try:
        return Organization.objects.get(slug=slug)
    except (Organization.DoesNotExist, ValueError):
        raise OrganizationNotFound(organization=slug) from None


def get_user(username: str) -> User:
    """Raises UserNotFound."""
    try:
        return User.objects.get(username=username)
    except (User.DoesNotExist, ValueError):
        raise UserNotFound(user=username) from None


def memberships_of(user: User) -> QuerySet[Membership]:
    """The user's active memberships, oldest first, each with its organization."""
    return (
        Membership.objects.filter(user_id=user.pk, is_active=True)
        .select_related("organization")
        .order_by("created_at", "id")
    )


def members_of(organization: Organization) -> QuerySet[Membership]:
    """Everybody who belongs to the organization, or did."""
    return (
        Membership.objects.filter(organization_id=organization.pk)
        .select_related("user")
        .order_by("user__username")
    )


def active_owners(organization: Organization) -> QuerySet[Membership]:
    """The owners who can sign in."""
    return Membership.objects.filter(
        organization_id=organization.pk, role=Role.OWNER, is_active=True, user__is_active=True
    )


def list_api_keys(organization: Organization) -> QuerySet[ApiKey]:
    keys: QuerySet[ApiKey] = ApiKey.objects.of(organization).order_by("created_at", "id")
    return keys


def find_api_key(text: str, now: datetime) -> ApiKey | None:
    """The key whose text this is, with its organization; None unless it is valid at `now`."""
    parsed = parse_key(text)
    if parsed is None:
        return None
    prefix, secret = parsed
    try:
        organization_id = _organization_of(prefix)
    except ApiKeyPrefix.DoesNotExist:
        return None
    api_key: ApiKey | None = (
        ApiKey.objects.of(organization_id)
        .filter(Q(expires_at__isnull=True) | Q(expires_at__gt=now))
        .filter(prefix=prefix, revoked_at__isnull=True)
        .select_related("organization")
        .first()
    )
    if api_key is None or not hmac.compare_digest(api_key.secret_hash, secret_hash(secret)):
        return None
    return api_key


@lru_cache(maxsize=10_000)
def _organization_of(prefix: str) -> UUID:
    """Whose key a prefix is. It never changes, so each process asks once; what is not there
    raises and is not remembered."""
    return ApiKeyPrefix.objects.values_list("organization_id", flat=True).get(prefix=prefix)
