"""What Redis holds of snapshots and funnels follows the rows: dropped at once, filled again by a
worker. docs/why/caching.md"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import date, datetime
from typing import Any
from uuid import UUID

from analytics.errors import SnapshotNotFound
from analytics.models import FunnelSnapshot
from analytics.selectors.funnels import FUNNELS, FUNNELS_GROUP
from analytics.selectors.snapshots import (
    SNAPSHOTS,
    get_snapshot,
    recently_recorded,
    snapshot_group,
)
from core.read_through.store import CacheAway
from organizations.models import Organization
from organizations.services import outbox
from organizations.services.jobs import recorded_job

SNAPSHOT_RECORDED = "funnel_snapshot_recorded"
JOB = "keep recent figures"


def register_topics() -> None:
    outbox.register(SNAPSHOT_RECORDED, _deliver)


def keep_recorded(snapshot: FunnelSnapshot) -> None:
    """Have what changed with this row forgotten after the commit, and the row kept anew; a part of
    the use case that has written it."""
    organization = snapshot.organization
    outbox.enqueue(
        organization,
        SNAPSHOT_RECORDED,
        event=str(snapshot.event_id),
        campaign=snapshot.campaign,
        snapshot_on=snapshot.snapshot_on.isoformat(),
    )
    group = snapshot_group(snapshot.event_id, snapshot.snapshot_on)
    SNAPSHOTS.forget_after_commit(organization.pk, [group])
    FUNNELS.forget_after_commit(organization.pk, [FUNNELS_GROUP])


def keep_recent(organization: Organization, now: datetime, most: int = 10_000) -> None:
    """Keep anew what was recorded within the life of what is kept.

    Whatever went wrong before, nothing outdated is left after it: what is older than its row was
    kept before the row was recorded, so within that time.
    """
    with recorded_job(organization, JOB, now=now) as job:
        try:
            FUNNELS.forget_surely(organization.pk, [FUNNELS_GROUP])
            for row in recently_recorded(organization, now)[:most]:
                _keep(organization, row.event_id, row.snapshot_on, row.campaign)
                job.count(snapshots=1)
        except CacheAway:
            # Reads come from the database; nothing is wrong, and the next run comes soon.
            job.count(cache_away=1)


def _deliver(organization: Organization, payload: Mapping[str, Any]) -> None:
    """Told twice or late, it does no harm: it is the row as it stands that is kept.

    Raises:
        CacheAway
    """
    FUNNELS.forget_surely(organization.pk, [FUNNELS_GROUP])
    day = date.fromisoformat(payload["snapshot_on"])
    _keep(organization, UUID(payload["event"]), day, payload["campaign"])


def _keep(organization: Organization, event_id: UUID, day: date, campaign: str) -> None:
    SNAPSHOTS.forget_surely(organization.pk, [snapshot_group(event_id, day)])
    with suppress(SnapshotNotFound):
        get_snapshot(organization, event=event_id, snapshot_on=day, campaign=campaign)
