"""Run reconciliations and keep what they found."""

from collections.abc import Iterable
from datetime import datetime

from django.utils import timezone

from ledger.models import ReconciliationRun
from ledger.reconciliation import chosen_checks, run_checks
from organizations.actors import Actor
from organizations.services.auditing import atomic_use_case


def record_run(
    *, actor: Actor, names: Iterable[str] | None = None, now: datetime | None = None
) -> list[ReconciliationRun]:
    """Run these checks, or all that are registered, and keep a row for each with its findings.

    `started_at` is `now`; of very many mismatches all are counted and the first kept.

    Raises:
        UnknownCheck: nothing was run.
    """
    chosen = chosen_checks(names)
    with atomic_use_case(actor, "reconcile") as audit:
        runs = [_run(actor, name, now) for name in chosen]
        ReconciliationRun.objects.bulk_create(runs)
        if runs:
            audit(*runs, mismatches={run.check_name: run.mismatch_count for run in runs})
    return runs


def _run(actor: Actor, name: str, now: datetime | None) -> ReconciliationRun:
    started_at = now or timezone.now()
    [result] = run_checks(actor.organization, [name])
    return ReconciliationRun(
        organization_id=actor.organization.pk,
        check_name=name,
        started_at=started_at,
        ended_at=max(started_at, timezone.now()),
        ties=result.passed,
        mismatch_count=result.mismatch_count,
        findings=[finding.as_json() for finding in result.findings],
    )
