"""Funnel snapshots: one of them from Redis where it can be, many from PostgreSQL."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet

from analytics.errors import SnapshotNotFound
from analytics.models import FunnelSnapshot
from core.read_through.reading import Kept, ReadThrough
from core.read_through.store import TTL_S
from organizations.models import Organization
from settlements.models import Event


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a row says. The event by its id, as an event's code and name may change."""

    id: UUID
    event_id: UUID
    campaign: str
    snapshot_on: date
    visitor_count: int
    checkout_started_count: int
    checkout_completed_count: int
    revenue_total: int
    currency: str
    metadata: Mapping[str, Any]
    created_at: datetime
    updated_at: datetime


_NAMES = tuple(field.name for field in fields(Snapshot))


def _dump(snapshot: Snapshot | None) -> dict[str, Any]:
    if snapshot is None:
        raise TypeError("that there is no snapshot is not kept")
    return {
        name: value if isinstance(value, int | str | dict) else str(value)
        for name, value in asdict(snapshot).items()
    }


def _load(kept: dict[str, Any]) -> Snapshot:
    return Snapshot(
        **{
            **kept,
            "id": UUID(kept["id"]),
            "event_id": UUID(kept["event_id"]),
            "snapshot_on": date.fromisoformat(kept["snapshot_on"]),
            "created_at": datetime.fromisoformat(kept["created_at"]),
            "updated_at": datetime.fromisoformat(kept["updated_at"]),
        }
    )


SNAPSHOTS: ReadThrough[Snapshot | None] = ReadThrough("snapshot", Kept(_dump, _load))


def snapshot_group(event_id: UUID, on: date) -> str:
    """The snapshots of one event and day, of all campaigns: they are forgotten together."""
    return f"{event_id}:{on.isoformat()}"


def get_snapshot(
    organization: Organization, *, event: Event | UUID, snapshot_on: date, campaign: str = ""
) -> Snapshot:
    """The one snapshot of an event, a day and a campaign, or of no campaign.

    Raises:
        SnapshotNotFound: there is none, or it is another organization's.
    """
    event_id = event.pk if isinstance(event, Event) else event
    found = SNAPSHOTS.read(
        organization.pk,
        snapshot_group(event_id, snapshot_on),
        campaign,
        partial(_from_database, organization, event_id, snapshot_on, campaign),
        # Of what is not there, there is no end.
        keep=lambda snapshot: snapshot is not None,
    )
    if found is None:
        raise SnapshotNotFound(snapshot=f"of {event_id} on {snapshot_on}, campaign {campaign!a}")
    return found


def _from_database(
    organization: Organization, event_id: UUID, on: date, campaign: str
) -> Snapshot | None:
    rows = FunnelSnapshot.objects.of(organization).filter(
        event_id=event_id, campaign=campaign, snapshot_on=on
    )
    found = rows.values_list(*_NAMES).first()
    return None if found is None else Snapshot(*found)


def as_snapshot(row: FunnelSnapshot) -> Snapshot:
    """The same of a row that was read already."""
    return Snapshot(*(getattr(row, name) for name in _NAMES))


def list_snapshots(
    organization: Organization,
    *,
    event: Event | UUID | None = None,
    campaign: str | None = None,
    since: date | None = None,
    until: date | None = None,
) -> "QuerySet[FunnelSnapshot]":
    """Snapshots, the latest day first; `campaign` "" is those of none. Both days count."""
    filters: dict[str, Any] = {
        "event_id": getattr(event, "pk", event),
        "campaign": campaign,
        "snapshot_on__gte": since,
        "snapshot_on__lte": until,
    }
    rows: QuerySet[FunnelSnapshot] = FunnelSnapshot.objects.of(organization).filter(
        **{name: value for name, value in filters.items() if value is not None}
    )
    return rows.select_related("event").order_by("-snapshot_on", "-id")


def recently_recorded(organization: Organization, now: datetime) -> "QuerySet[FunnelSnapshot]":
    """Snapshots that were recorded or corrected within the life of what is kept in Redis, the
    latest first."""
    rows: QuerySet[FunnelSnapshot] = FunnelSnapshot.objects.of(organization)
    since = now - timedelta(seconds=TTL_S)
    return rows.filter(updated_at__gte=since).order_by("-updated_at", "-id")


def organizations_with_recent_snapshots(now: datetime) -> "QuerySet[Organization]":
    """Those of whom `recently_recorded` has any."""
    recent = recently_recorded(OuterRef("pk"), now)  # type: ignore[arg-type]
    return Organization.objects.filter(Exists(recent)).order_by("id")


# From one name to the next by the index, however many snapshots each has.
_CAMPAIGNS = """
WITH RECURSIVE names AS (
  (SELECT f.campaign FROM analytics_funnelsnapshot f
    WHERE f.organization_id = %(organization)s AND f.campaign > '' ORDER BY f.campaign LIMIT 1)
  UNION ALL
  SELECT (SELECT f.campaign FROM analytics_funnelsnapshot f
           WHERE f.organization_id = %(organization)s AND f.campaign > names.campaign
           ORDER BY f.campaign LIMIT 1)
    FROM names WHERE names.campaign IS NOT NULL
)
SELECT names.campaign FROM names WHERE names.campaign IS NOT NULL LIMIT %(most)s
"""


def campaigns_of(organization: Organization, most: int = 500) -> list[str]:
    """The names of the first campaigns, for somebody to choose from."""
    with connection.cursor() as cursor:
        cursor.execute(_CAMPAIGNS, {"organization": organization.pk, "most": most})
        return [name for (name,) in cursor.fetchall()]
