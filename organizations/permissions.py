"""What a user may do: the permissions of their role, organization by organization."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Permission

from organizations.models import Organization, User
from organizations.selectors import memberships_of


def may(user: Any, organization: Organization | None, permission: str) -> bool:
    """Whether the user has the permission ("ledger.void_journalentry") in the organization.

    A superuser has every permission where they are a member, and nothing elsewhere.
    """
    return permission in permissions_of(user, organization)


def permissions_of(user: Any, organization: Organization | None) -> frozenset[str]:
    """All permissions of the user in the organization; remembered on the user, so that a request
    asks once."""
    user = _unwrapped(user)
    if organization is None or not isinstance(user, User) or not user.is_active:
        return frozenset()
    remembered: dict[Any, frozenset[str]] = user.__dict__.setdefault("_permissions_by_id", {})
    if organization.pk not in remembered:
        remembered[organization.pk] = _ask(user, organization)
    return remembered[organization.pk]


def forget_permissions(user: User) -> None:
    """Ask again: the user's role has changed."""
    user.__dict__.pop("_permissions_by_id", None)
    user.active_membership = None


def _ask(user: User, organization: Organization) -> frozenset[str]:
    membership = user.active_membership
    if membership is None or membership.organization_id != organization.pk:
        membership = memberships_of(user).filter(organization_id=organization.pk).first()
    if membership is None:
        return frozenset()
    permissions = Permission.objects.order_by()
    if not user.is_superuser:
        permissions = permissions.filter(group__name=membership.role)
    pairs = permissions.values_list("content_type__app_label", "codename")
    return frozenset(f"{app}.{codename}" for app, codename in pairs)


def _unwrapped(user: Any) -> Any:
    """The user behind a request's lazy one."""
    return getattr(user, "_wrapped", user)


class OrganizationBackend(ModelBackend):
    """Signs users in, and answers `has_perm` for the organization chosen on the request.

    Groups and permissions that a user has directly count nowhere: a role is held in one
    organization. Django itself lets a superuser do everything without asking a backend; which
    books they see is decided by the current organization, and they have none but their own.
    """

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        organization = getattr(user_obj, "active_organization", None)
        if obj is not None and not _is_of(obj, organization):
            return set()
        return set(permissions_of(user_obj, organization))

    def get_user_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        return set()

    def get_group_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        return self.get_all_permissions(user_obj, obj)

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        return user_obj.is_active and perm in self.get_all_permissions(user_obj, obj)

    def has_module_perms(self, user_obj: Any, app_label: str) -> bool:
        permissions = self.get_all_permissions(user_obj)
        return any(permission.startswith(f"{app_label}.") for permission in permissions)


def _is_of(obj: Any, organization: Organization | None) -> bool:
    """Whether a row belongs to the organization; one that belongs to none is everybody's."""
    if isinstance(obj, Organization):
        return organization is not None and obj.pk == organization.pk
    organization_id = getattr(obj, "organization_id", None)
    if organization_id is None:
        return True
    return organization is not None and bool(organization_id == organization.pk)
