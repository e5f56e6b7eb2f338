"""What PostgreSQL itself refuses of the record of jobs."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, connection
from django.utils import timezone

from core.errors import ConstraintRegistry, refusing
from organizations.errors import JobEndsOnce, RowIsFinal
from organizations.models import JobRun, Organization

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(acme):
    return JobRun.objects.create(organization=acme, name="settle", started_at=timezone.now())


def change(run, **values):
    with refusing():
        JobRun.objects.of(run.organization_id).filter(pk=run.pk).update(**values)


def end(run, outcome="succeeded"):
    change(run, outcome=outcome, ended_at=timezone.now())


def test_a_run_ends(run):
    end(run)

    run.refresh_from_db()
    assert run.outcome == "succeeded"


@pytest.mark.parametrize("outcome", ["failed", "lost", "running"])
def test_a_run_ends_once(run, outcome):
    end(run)

    with pytest.raises(JobEndsOnce, match="settle is succeeded"):
        change(run, outcome=outcome)


def test_what_a_run_counted_stays(run):
    end(run)

    with pytest.raises(JobEndsOnce):
        change(run, counts={"settled": 1_000})


@pytest.mark.parametrize(
    "values", [{"name": "other"}, {"started_at": datetime(2026, 3, 1, tzinfo=UTC)}]
)
def test_a_run_is_that_of_its_job(run, values):
    with pytest.raises(JobEndsOnce):
        change(run, outcome="failed", ended_at=timezone.now(), **values)


def test_a_running_run_changes_only_to_end(run):
    with pytest.raises(JobEndsOnce):
        change(run, counts={"settled": 1})


@pytest.mark.parametrize("sql", ["DELETE FROM {}", "TRUNCATE {}"])
def test_runs_are_never_deleted(run, sql):
    def execute():
        with refusing(), connection.cursor() as cursor:
            cursor.execute(sql.format("organizations_jobrun"))

    with pytest.raises(RowIsFinal):
        execute()


@pytest.mark.parametrize(
    ("outcome", "ended_after_s", "constraint"),
    [
        ("odd", 1, "jobrun_outcome_is_known"),
        ("failed", None, "jobrun_ended_unless_running"),
        ("failed", -1, "jobrun_ended_unless_running"),
        ("running", 1, "jobrun_ended_unless_running"),
    ],
)
def test_a_run_has_ended_unless_it_runs(acme, outcome, ended_after_s, constraint):
    now = timezone.now()
    ended_at = None if ended_after_s is None else now + timedelta(seconds=ended_after_s)

    with pytest.raises(IntegrityError, match=constraint):
        JobRun.objects.create(
            organization=acme, name="settle", started_at=now, outcome=outcome, ended_at=ended_at
        )


def test_a_webhook_is_an_address_of_the_web(acme):
    with pytest.raises(IntegrityError, match="organization_webhook_is_http"):
        Organization.objects.filter(pk=acme.pk).update(operations_webhook_url="ftp://x")


def test_the_refusal_is_registered():
    assert "jobrun_ends_once" in ConstraintRegistry._translations
