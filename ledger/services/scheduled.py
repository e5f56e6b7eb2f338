"""Reconciliation by the clock: each organization once a day, whatever becomes of a message."""

from datetime import datetime, time
from zoneinfo import ZoneInfo

from django.db.models import OuterRef, QuerySet, Subquery
from django.utils import timezone

from ledger.reconciliation import check_names
from ledger.services.reconciliation import record_run
from organizations.actors import Actor
from organizations.models import JobOutcome, JobRun, Organization
from organizations.services.jobs import recorded_job

JOB = "reconcile"
_DONE = (JobOutcome.SUCCEEDED, JobOutcome.MISMATCHED)


def organizations_to_reconcile(now: datetime | None = None) -> list[Organization]:
    """Those whose books were not reconciled to the end on their own today."""
    return _due(Organization.objects.order_by("id"), now or timezone.now())


def _due(organizations: QuerySet[Organization], at: datetime) -> list[Organization]:
    runs = JobRun.objects.filter(organization_id=OuterRef("pk"), name=JOB, outcome__in=_DONE)
    latest = Subquery(runs.order_by("-started_at").values("started_at")[:1])
    return [
        each
        for each in organizations.annotate(reconciled_at=latest)
        if each.reconciled_at is None or each.reconciled_at < _day_began(each, at)
    ]


def _day_began(organization: Organization, at: datetime) -> datetime:
    zone = ZoneInfo(organization.time_zone)
    return datetime.combine(organization.today(at), time.min, zone)


def reconcile_if_due(organization: Organization, now: datetime | None = None) -> bool:
    """Run every registered check, unless that was done today; whether it was done now.

    Each check keeps its ReconciliationRun; the job has the counts and what was off.
    """
    if not _due(Organization.objects.filter(pk=organization.pk), now or timezone.now()):
        return False
    actor = Actor.system(organization, JOB)
    with recorded_job(organization, JOB, now=now) as job:
        for name in check_names():
            [run] = record_run(actor=actor, names=[name])
            job.count(checks=1, ties=int(run.ties))
            job.mismatch([{"check": name, **found} for found in run.findings], run.mismatch_count)
    return True
