"""The clock holds every organization's books against the facts once a day, and makes up for a
run that was lost or failed."""

from datetime import UTC, datetime, timedelta

import pytest

from ledger import reconciliation
from ledger.models import ReconciliationRun
from ledger.reconciliation import CheckResult, Finding
from ledger.services.scheduled import organizations_to_reconcile, reconcile_if_due
from ledger.tasks import reconcile_organization
from organizations.models import JobOutcome, JobRun, OutboxMessage

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
FOUND = Finding("acme", "sale", "1", "sale-1", "off", "1", "2", "", "sale-1 is off")


@pytest.fixture
def checks(monkeypatch):
    """Two checks that pass."""
    both = {name: lambda _, name=name: CheckResult(name) for name in ("integrity", "sales")}
    monkeypatch.setattr(reconciliation, "_checks", both)
    return both


def slugs(now):
    return {organization.slug for organization in organizations_to_reconcile(now)}


def outcomes(organization):
    return [run.outcome for run in JobRun.objects.of(organization).order_by("id")]


def test_runs_every_check_and_keeps_what_each_found(acme, checks):
    checks["sales"] = lambda _: CheckResult("sales", [FOUND], 7)

    assert reconcile_if_due(acme, NOON)

    run = JobRun.objects.of(acme).get()
    assert (run.name, run.outcome) == ("reconcile", JobOutcome.MISMATCHED)
    assert run.counts == {"checks": 2, "ties": 1}
    assert (run.mismatch_count, run.mismatches) == (7, [{"check": "sales", **FOUND.as_json()}])
    kept = ReconciliationRun.objects.of(acme).values_list("check_name", "mismatch_count")
    assert set(kept) == {("integrity", 0), ("sales", 7)}
    assert OutboxMessage.objects.of(acme).filter(topic="alert").count() == 1


def test_once_a_day_of_the_organization(acme, mallory_ltd, checks):
    acme.time_zone = "Asia/Tokyo"
    acme.save()
    assert slugs(NOON) == {"acme", "mallory-ltd"}

    reconcile_if_due(acme, NOON)
    reconcile_if_due(mallory_ltd, NOON)

    assert not reconcile_if_due(acme, NOON + timedelta(hours=2))
    assert slugs(NOON + timedelta(hours=2, minutes=59)) == set()
    assert slugs(NOON + timedelta(hours=3)) == {"acme"}
    assert slugs(NOON + timedelta(hours=12)) == {"acme", "mallory-ltd"}


def test_a_run_that_failed_is_made_up_for(acme, checks):
    def fail(_):
        raise ZeroDivisionError

    checks["sales"] = fail
    with pytest.raises(ZeroDivisionError):
        reconcile_if_due(acme, NOON)
    checks["sales"] = lambda _: CheckResult("sales")

    assert reconcile_if_due(acme, NOON + timedelta(hours=1))

    assert outcomes(acme) == [JobOutcome.FAILED, JobOutcome.SUCCEEDED]


@pytest.mark.parametrize("outcome", [JobOutcome.RUNNING, JobOutcome.LOST])
def test_a_run_that_did_not_end_is_made_up_for(acme, checks, outcome):
    ended_at = None if outcome == JobOutcome.RUNNING else NOON
    JobRun.objects.create(
        organization=acme, name="reconcile", started_at=NOON, ended_at=ended_at, outcome=outcome
    )

    assert reconcile_if_due(acme, NOON)


def test_another_job_of_today_is_no_reconciliation(acme, checks):
    JobRun.objects.create(
        organization=acme, name="settle", started_at=NOON, ended_at=NOON, outcome="succeeded"
    )

    assert slugs(NOON) == {"acme"}


def test_a_message_about_nobody_is_dropped(acme, checks):
    reconcile_organization("01890000-0000-7000-8000-000000000000")

    assert not JobRun.objects.of(acme).exists()
