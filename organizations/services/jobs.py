"""Runs of scheduled jobs: each is recorded, also when it fails or its worker is killed."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from organizations.models import JobOutcome, JobRun, Organization
from organizations.services.alerts import raise_alert

# So many findings are kept with their run; all of them are counted.
MOST_FINDINGS = 1_000
MOST_ERROR_LETTERS = 4_000
# Beyond the time after which a worker kills its task.
LOST_AFTER = timedelta(seconds=settings.CELERY_TASK_TIME_LIMIT + 60)

logger = structlog.get_logger(__name__)


@dataclass(slots=True)
class JobRecord:
    """What a running job tells about itself."""

    run_id: UUID
    counts: dict[str, int] = field(default_factory=dict)
    findings: list[Mapping[str, Any]] = field(default_factory=list)
    mismatch_count: int = 0

    def count(self, **numbers: int) -> None:
        """Add to what was counted: `count(settled=3)`."""
        for name, number in numbers.items():
            self.counts[name] = self.counts.get(name, 0) + number

    def mismatch(self, findings: Iterable[Mapping[str, Any]], total: int) -> None:
        """Add what was found off: `total` of them, of which `findings` are told."""
        room = MOST_FINDINGS - len(self.findings)
        self.findings.extend(_as_json(found) for found in islice(findings, room))
        self.mismatch_count += total


def _as_json(value: Any) -> Any:
    """As it can be kept: days, ids and the like as their text, and no NUL, which jsonb has not."""
    if isinstance(value, Mapping):
        return {str(name): _as_json(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_as_json(inner) for inner in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return str(value).replace("\x00", "")


@contextmanager
def recorded_job(
    organization: Organization, name: str, *, now: datetime | None = None
) -> Iterator[JobRecord]:
    """Record that the job runs, and at the end of the block how it went.

    Both in transactions of their own, so that a job which fails, or is killed, leaves its run. An
    exception is recorded, logged and raised again. More mismatches than the organization tolerates
    raise an alert together with the run's ending.
    """
    started_at = now or timezone.now()
    with transaction.atomic(durable=True):
        run = JobRun.objects.create(organization=organization, name=name, started_at=started_at)
    record = JobRecord(run.pk)
    try:
        yield record
    except Exception as error:
        logger.exception("job_failed", organization=organization.slug, job=name, run=str(run.pk))
        _end_failed(organization, run, record, error)
        raise
    _end(organization, run, record)


def organizations_with_lost_runs(now: datetime | None = None) -> QuerySet[Organization]:
    """Those of which a run has gone on for longer than any task may."""
    lost = JobRun.objects.filter(
        organization_id=OuterRef("pk"),
        outcome=JobOutcome.RUNNING,
        started_at__lt=(now or timezone.now()) - LOST_AFTER,
    )
    return Organization.objects.filter(Exists(lost)).order_by("id")


def mark_lost_runs(organization: Organization, now: datetime | None = None) -> int:
    """End the runs that have gone on for longer than any task may; how many there were.

    Their worker was killed. What they had left to do is found again by a later run.
    """
    at = now or timezone.now()
    with transaction.atomic(durable=True):
        rows = JobRun.objects.of(organization).select_for_update(skip_locked=True)
        lost = list(
            rows.filter(outcome=JobOutcome.RUNNING, started_at__lt=at - LOST_AFTER).order_by("id")
        )
        for run in lost:
            _write_ending(run, JobOutcome.LOST, max(at, run.started_at), error=_LOST)
            raise_alert(
                organization,
                "job_lost",
                message=f"The job “{run.name}” did not end: its worker was killed.",
                job=run.name,
                run=str(run.pk),
                started_at=run.started_at.isoformat(),
            )
    return len(lost)


_LOST = "It did not end in the time that a task may take: its worker was killed."


def _end(organization: Organization, run: JobRun, record: JobRecord) -> None:
    outcome = JobOutcome.MISMATCHED if record.mismatch_count else JobOutcome.SUCCEEDED
    with transaction.atomic(durable=True):
        threshold = Organization.objects.values_list("alert_threshold_count", flat=True).get(
            pk=organization.pk
        )
        ended = _write_ending(run, outcome, _end_of(run), record)
        if ended and record.mismatch_count > threshold:
            raise_alert(
                organization,
                "mismatches",
                message=f"The job “{run.name}” found {record.mismatch_count} mismatches.",
                job=run.name,
                run=str(run.pk),
                mismatch_count=record.mismatch_count,
                threshold=threshold,
                findings=record.findings[:_MOST_TOLD],
            )


# Enough to know where to look; the run has the rest.
_MOST_TOLD = 10


def _end_failed(
    organization: Organization, run: JobRun, record: JobRecord, error: Exception
) -> None:
    told = f"{type(error).__name__}: {error}"[:MOST_ERROR_LETTERS].replace("\x00", "")
    try:
        with transaction.atomic(durable=True):
            _write_ending(run, JobOutcome.FAILED, _end_of(run), record, error=told)
    except DatabaseError:
        # The run will be found lost. What went wrong first is what the caller has to hear.
        logger.exception("job_ending_failed", organization=organization.slug, run=str(run.pk))


def _end_of(run: JobRun) -> datetime:
    return max(run.started_at, timezone.now())


def _write_ending(
    run: JobRun,
    outcome: JobOutcome,
    ended_at: datetime,
    record: JobRecord | None = None,
    error: str = "",
) -> bool:
    """Whether this was the run's ending: one that was found lost has had its."""
    told = record or JobRecord(run.pk)
    running = JobRun.objects.of(run.organization_id).filter(pk=run.pk, outcome=JobOutcome.RUNNING)
    ended = running.update(
        outcome=outcome,
        ended_at=ended_at,
        counts=told.counts,
        mismatch_count=told.mismatch_count,
        mismatches=told.findings,
        error=error,
    )
    if not ended:
        logger.warning("job_had_ended", job=run.name, run=str(run.pk), outcome=outcome.value)
    return bool(ended)
