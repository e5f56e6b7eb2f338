"""Every read of people, organizations and keys."""

import hmac
from datetime import date, datetime, time
from functools import lru_cache
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import F, Func, Model, Q, QuerySet

from core.db import prepared_cursor
from organizations.errors import NotAMember, OrganizationNotFound
from organizations.keys import parse_key, secret_hash
from organizations.models import (
    ApiKey,
    ApiKeyPrefix,
    AuditEvent,
    JobRun,
    Membership,
    Organization,
    Role,
    User,
)
from organizations.rules import is_storable

# So many of the rows that an event is about are listed with it.
MOST_SUBJECTS = 100
_FIRST = f"(%(expressions)s)[1:{MOST_SUBJECTS}]"


def get_organization(slug: str) -> Organization:
    """Raises OrganizationNotFound."""
    found = Organization.objects.filter(slug=slug).first() if is_storable(slug) else None
    if found is None:
        raise OrganizationNotFound(organization=ascii(slug[:100]))
    return found


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


def get_member(organization: Organization, user_id: UUID) -> Membership:
    """The user who belongs to the organization, or did.

    Raises:
        NotAMember: nobody, or somebody of another organization's alone.
    """
    membership = members_of(organization).filter(user_id=user_id).first()
    if membership is None:
        raise NotAMember(user=str(user_id))
    return membership


def active_owners(organization: Organization) -> QuerySet[Membership]:
    """The owners who can sign in."""
    return Membership.objects.filter(
        organization_id=organization.pk, role=Role.OWNER, is_active=True, user__is_active=True
    )


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
    api_key = _valid_key(organization_id, prefix, now)
    if api_key is None or not hmac.compare_digest(api_key.secret_hash, secret_hash(secret)):
        return None
    return api_key


def _columns_of(model: type[Model], alias: str) -> tuple[list[str], str]:
    """The attributes of a model's rows, and their columns for a SELECT."""
    fields = model._meta.concrete_fields
    columns = ", ".join(f"{alias}.{field.column}" for field in fields)
    return [field.attname for field in fields], columns


_KEY_ATTRIBUTES, _KEY_COLUMNS = _columns_of(ApiKey, "k")
_ORGANIZATION_ATTRIBUTES, _ORGANIZATION_COLUMNS = _columns_of(Organization, "o")
# Written out, because every request asks this: composing it anew took longer than answering it.
_VALID_KEY = f"""
SELECT {_KEY_COLUMNS}, {_ORGANIZATION_COLUMNS}
  FROM organizations_apikey k JOIN organizations_organization o ON o.id = k.organization_id
 WHERE k.organization_id = %s AND k.prefix = %s AND k.revoked_at IS NULL
   AND (k.expires_at IS NULL OR k.expires_at > %s)
"""


def _valid_key(organization_id: UUID, prefix: str, now: datetime) -> ApiKey | None:
    """The key of this prefix with its organization, unless it was revoked or has expired."""
    with prepared_cursor() as cursor:
        cursor.execute(_VALID_KEY, (organization_id, prefix, now))
        row = cursor.fetchone()
    if row is None:
        return None
    count = len(_KEY_ATTRIBUTES)
    api_key = ApiKey.from_db("default", _KEY_ATTRIBUTES, row[:count])
    api_key.organization = Organization.from_db("default", _ORGANIZATION_ATTRIBUTES, row[count:])
    return api_key


@lru_cache(maxsize=10_000)
def _organization_of(prefix: str) -> UUID:
    """Whose key a prefix is. It never changes, so each process asks once; what is not there
    raises and is not remembered."""
    return ApiKeyPrefix.objects.values_list("organization_id", flat=True).get(prefix=prefix)


def list_audit_events(
    organization: Organization,
    *,
    actor: str | None = None,
    action: str | None = None,
    subject: str | None = None,
    since: date | None = None,
    until: date | None = None,
) -> QuerySet[AuditEvent]:
    """The audit trail, the latest first.

    `actor` is a user's or key's id, a user's or key's name as it is now, or the name under which
    they acted; `subject` a row's id or a kind of row. `since` and `until` are days in the
    organization's time zone, both included. An event may be about 10,000 rows: each has
    `subject_count` and `first_subject_ids`, and the whole list only where it is asked for.
    """
    events: QuerySet[AuditEvent] = AuditEvent.objects.of(organization)
    if actor is not None:
        events = events.filter(_acted(organization, actor))
    if action is not None:
        events = events.filter(action=action)
    if subject is not None:
        subject_id = _as_uuid(subject)
        by_kind = Q(subject_type=subject)
        events = events.filter(
            by_kind if subject_id is None else Q(subject_ids__contains=[subject_id])
        )
    zone = ZoneInfo(organization.time_zone)
    if since is not None:
        events = events.filter(occurred_at__gte=datetime.combine(since, time.min, zone))
    if until is not None:
        events = events.filter(occurred_at__lte=datetime.combine(until, time.max, zone))
    return (
        events.defer("subject_ids")
        .annotate(
            subject_count=F("subject_ids__len"),
            first_subject_ids=Func("subject_ids", template=_FIRST),
        )
        .order_by("-occurred_at", "-id")
    )


def list_job_runs(
    organization: Organization, *, name: str | None = None, outcome: str | None = None
) -> QuerySet[JobRun]:
    """The runs of scheduled jobs, of one or of all, the latest first."""
    runs: QuerySet[JobRun] = JobRun.objects.of(organization)
    if name is not None:
        runs = runs.filter(name=name)
    if outcome is not None:
        runs = runs.filter(outcome=outcome)
    return runs.order_by("-started_at", "-id")


def job_names(organization: Organization) -> list[str]:
    """The jobs of which there are runs."""
    runs = JobRun.objects.of(organization)
    return list(runs.order_by("name").values_list("name", flat=True).distinct())


def _acted(organization: Organization, actor: str) -> Q:
    """That one of this id or name did it."""
    keys = ApiKey.objects.of(organization).filter(name=actor)
    # The events are this organization's, so that a name from elsewhere finds nothing.
    users = User.objects.filter(username=actor)
    acted = (
        Q(actor_name=actor)
        | Q(api_key_id__in=keys.values("id"))
        | Q(user_id__in=users.values("id"))
    )
    actor_id = _as_uuid(actor)
    if actor_id is not None:
        acted |= Q(user_id=actor_id) | Q(api_key_id=actor_id)
    return acted


def _as_uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
