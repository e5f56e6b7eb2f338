"""Members: who belongs to an organization, and as what."""

from organizations.actors import Actor
from organizations.errors import AlreadyAMember, LastOwner, NotAMember, UnknownRole
from organizations.models import Membership, Organization, Role, User
from organizations.selectors import active_owners
from organizations.services.auditing import atomic_use_case
from organizations.services.organizations import lock_organization


def add_member(*, actor: Actor, user: User, role: str) -> Membership:
    """Make a user a member; one who was removed comes back, in the role given.

    Raises:
        UnknownRole, AlreadyAMember
    """
    role = _check_role(role)
    with atomic_use_case(actor, "add_member") as audit:
        lock_organization(actor.organization)
        membership = _membership(actor.organization, user)
        if membership is None:
            membership = Membership(organization=actor.organization, user=user)
        elif membership.is_active:
            raise AlreadyAMember(user=user.username)
        membership.role = role
        membership.is_active = True
        membership.save()
        audit(membership, after=_as_audited(membership))
    return membership


def change_role(*, actor: Actor, user: User, role: str) -> Membership:
    """Give a member another role.

    Raises:
        UnknownRole, NotAMember, LastOwner
    """
    role = _check_role(role)
    with atomic_use_case(actor, "change_role") as audit:
        membership = _active_membership(actor.organization, user)
        before = _as_audited(membership)
        if role != Role.OWNER:
            _keep_an_owner(membership)
        if membership.role != role:
            membership.role = role
            membership.save(update_fields=["role"])
            audit(membership, before=before, after=_as_audited(membership))
    return membership


def remove_member(*, actor: Actor, user: User) -> Membership:
    """End a membership. Its row stays, inactive: it says who belonged here.

    Raises:
        NotAMember, LastOwner
    """
    with atomic_use_case(actor, "remove_member") as audit:
        membership = _active_membership(actor.organization, user)
        before = _as_audited(membership)
        _keep_an_owner(membership)
        membership.is_active = False
        membership.save(update_fields=["is_active"])
        audit(membership, before=before, after=_as_audited(membership))
    return membership


def _check_role(role: str) -> Role:
    try:
        return Role(role)
    except ValueError:
        raise UnknownRole(role=repr(role), known=", ".join(Role.values)) from None


def _membership(organization: Organization, user: User) -> Membership | None:
    return (
        Membership.objects.filter(organization_id=organization.pk, user_id=user.pk)
        .select_related("user")
        .first()
    )


def _active_membership(organization: Organization, user: User) -> Membership:
    # So that two owners cannot each remove the other.
    lock_organization(organization)
    membership = _membership(organization, user)
    if membership is None or not membership.is_active:
        raise NotAMember(user=user.username)
    return membership


def _keep_an_owner(membership: Membership) -> None:
    """Raises LastOwner if there is no active owner beside this member, and the member is one."""
    owners = active_owners(membership.organization).exclude(pk=membership.pk)
    if membership.role == Role.OWNER and not owners.exists():
        raise LastOwner()


def _as_audited(membership: Membership) -> dict[str, object]:
    return {
        "user": membership.user.username,
        "role": str(membership.role),
        "is_active": membership.is_active,
    }
