"""Record what was counted on a day, and correct it."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.utils import timezone

from analytics.models import FunnelSnapshot
from analytics.rules import check_campaign, check_counts, check_day, check_metadata
from analytics.services.keeping import keep_recorded
from organizations.actors import Actor
from organizations.rules import check_currency
from organizations.services.auditing import Audit, atomic_use_case
from settlements.models import Event

FIELDS = (
    "visitor_count",
    "checkout_started_count",
    "checkout_completed_count",
    "revenue_total",
    "currency",
    "metadata",
)


def record_snapshot(
    *,
    actor: Actor,
    event: Event,
    snapshot_on: date,
    visitor_count: int,
    checkout_started_count: int,
    checkout_completed_count: int,
    revenue_total: int,
    currency: str,
    campaign: str = "",
    metadata: Mapping[str, Any] | None = None,
    now: datetime | None = None,
) -> tuple[FunnelSnapshot, bool]:
    """Record the snapshot of an event, a campaign and a day; what was there before is replaced.

    Returns the row, and whether it is new. To record the same again changes nothing and leaves no
    trace.

    Raises:
        NegativeCount, CompletedExceedsStarted, NegativeRevenue, InvalidCampaign, ImplausibleDay,
        InvalidSnapshotMetadata, UnknownCurrency
        SnapshotCurrencyMismatch: the event's payee is paid in another currency.
        UnknownEvent: it is another organization's.
    """
    check_day(snapshot_on)
    check_counts(visitor_count, checkout_started_count, checkout_completed_count, revenue_total)
    check_currency(currency)
    check_metadata(metadata if metadata is not None else {})
    given = FunnelSnapshot(
        organization=actor.organization,
        event_id=event.pk,
        campaign=check_campaign(campaign),
        snapshot_on=snapshot_on,
        visitor_count=visitor_count,
        checkout_started_count=checkout_started_count,
        checkout_completed_count=checkout_completed_count,
        revenue_total=revenue_total,
        currency=currency,
        metadata=dict(metadata or {}),
        created_at=(moment := now or timezone.now()),
        updated_at=moment,
    )
    with atomic_use_case(actor, "record_snapshot") as audit:
        row, is_new = _locked_or_inserted(given)
        row.organization = actor.organization
        if is_new:
            key = {"event": row.event_id, "campaign": row.campaign, "snapshot_on": row.snapshot_on}
            audit(row, after={**key, **_as_audited(row)})
        if is_new or _corrected(audit, row, given):
            keep_recorded(row)
    return row, is_new


def _corrected(audit: Audit, row: FunnelSnapshot, given: FunnelSnapshot) -> bool:
    """Whether the row said something else until now."""
    before, after = _as_audited(row), _as_audited(given)
    changed = [name for name in FIELDS if before[name] != after[name]]
    if changed:
        for name in changed:
            setattr(row, name, after[name])
        row.updated_at = given.updated_at
        row.save(update_fields=[*changed, "updated_at"])
        audit(
            row,
            before={name: before[name] for name in changed},
            after={name: after[name] for name in changed},
        )
    return bool(changed)


def _locked_or_inserted(given: FunnelSnapshot) -> tuple[FunnelSnapshot, bool]:
    """The row of that event, campaign and day, locked, and whether it is the given one."""
    row = _locked(given)
    if row is None:
        # Of two who insert it, one waits here for the other and then finds their row.
        FunnelSnapshot.objects.bulk_create([given], ignore_conflicts=True)
        row = _locked(given)
    if row is None:
        raise RuntimeError("a snapshot that was there is gone; no use case deletes one")
    return row, row.pk == given.pk


def _locked(given: FunnelSnapshot) -> FunnelSnapshot | None:
    rows = FunnelSnapshot.objects.of(given.organization_id).select_for_update(no_key=True)
    row: FunnelSnapshot | None = rows.filter(
        event_id=given.event_id, campaign=given.campaign, snapshot_on=given.snapshot_on
    ).first()
    return row


def _as_audited(row: FunnelSnapshot) -> dict[str, Any]:
    return {name: getattr(row, name) for name in FIELDS}
