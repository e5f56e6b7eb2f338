"""Each run of a job is recorded: when, how it ended, what it counted and what it found off."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone

from organizations.models import JobOutcome, JobRun, OutboxMessage
from organizations.services.jobs import (
    LOST_AFTER,
    MOST_FINDINGS,
    mark_lost_runs,
    recorded_job,
)

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)


def only_run(organization):
    return JobRun.objects.of(organization).get()


def alerts(organization):
    return [m.payload for m in OutboxMessage.objects.of(organization).filter(topic="alert")]


def off(number):
    return [{"row": str(one)} for one in range(number)]


def test_a_job_is_recorded_while_it_runs(acme):
    with recorded_job(acme, "reconcile", now=NOW) as job:
        run = only_run(acme)

        assert (run.pk, run.name, run.started_at) == (job.run_id, "reconcile", NOW)
        assert (run.outcome, run.ended_at) == (JobOutcome.RUNNING, None)


def test_a_job_that_ends_has_succeeded_with_what_it_counted(acme):
    with recorded_job(acme, "settle", now=NOW) as job:
        job.count(settled=2, skipped=1)
        job.count(settled=3)

    run = only_run(acme)
    assert run.outcome == JobOutcome.SUCCEEDED
    assert run.counts == {"settled": 5, "skipped": 1}
    assert run.ended_at >= run.started_at
    assert not alerts(acme)


def test_a_job_that_fails_is_recorded_logged_and_raises(acme, caplog):
    def fail():
        with recorded_job(acme, "settle") as job:
            job.count(settled=2)
            raise ZeroDivisionError("division by zero")

    with pytest.raises(ZeroDivisionError):
        fail()

    run = only_run(acme)
    assert (run.outcome, run.error) == (JobOutcome.FAILED, "ZeroDivisionError: division by zero")
    assert run.counts == {"settled": 2}
    assert "job_failed" in caplog.text


def test_mismatches_are_kept_with_their_run(acme):
    acme.alert_threshold_count = 10
    acme.save()

    with recorded_job(acme, "reconcile") as job:
        job.mismatch(off(1), 1)
        job.mismatch(off(2), 2)

    run = only_run(acme)
    assert run.outcome == JobOutcome.MISMATCHED
    assert (run.mismatch_count, run.mismatches) == (3, [{"row": "0"}, {"row": "0"}, {"row": "1"}])
    assert not alerts(acme)


def test_findings_may_hold_what_json_has_not(acme):
    found = {"on": date(2026, 3, 1), "id": acme.pk, "name": "a\x00b", "text": r"\u0000"}

    with recorded_job(acme, "reconcile") as job:
        job.mismatch([found], 1)

    assert only_run(acme).mismatches == [
        {"on": "2026-03-01", "id": str(acme.pk), "name": "ab", "text": r"\u0000"}
    ]


def test_of_very_many_mismatches_all_are_counted_and_the_first_kept(acme):
    with recorded_job(acme, "reconcile") as job:
        job.mismatch(off(MOST_FINDINGS - 1), 5_000)
        job.mismatch(off(10), 10)

    run = only_run(acme)
    assert (run.mismatch_count, len(run.mismatches)) == (5_010, MOST_FINDINGS)


@pytest.mark.parametrize(("found", "is_told"), [(0, False), (2, False), (3, True)])
def test_more_mismatches_than_are_tolerated_raise_an_alert(acme, found, is_told):
    acme.alert_threshold_count = 2
    acme.save()

    with recorded_job(acme, "reconcile") as job:
        job.mismatch(off(found), found)

    told = alerts(acme)
    assert len(told) == is_told
    if told:
        assert told[0]["name"] == "mismatches"
        assert told[0]["facts"]["mismatch_count"] == 3
        assert told[0]["facts"]["run"] == str(job.run_id)


def test_the_threshold_is_the_one_at_the_end(acme):
    with recorded_job(acme, "reconcile") as job:
        type(acme).objects.filter(pk=acme.pk).update(alert_threshold_count=5)
        job.mismatch(off(1), 1)

    assert not alerts(acme)


def test_a_run_that_does_not_end_in_time_is_marked_lost_and_told(acme, mallory_ltd):
    now = timezone.now()
    lost = started(acme, now - LOST_AFTER - timedelta(seconds=1))
    running = started(acme, now - LOST_AFTER + timedelta(seconds=1))
    elsewhere = started(mallory_ltd, now - LOST_AFTER * 2)

    assert mark_lost_runs(acme, now) == 1
    assert mark_lost_runs(acme, now) == 0

    outcomes = {run.pk: run.outcome for run in JobRun.objects.all()}
    assert outcomes == {
        lost.pk: JobOutcome.LOST,
        running.pk: JobOutcome.RUNNING,
        elsewhere.pk: JobOutcome.RUNNING,
    }
    assert [alert["facts"]["run"] for alert in alerts(acme)] == [str(lost.pk)]


def test_a_job_that_was_found_lost_stays_lost(acme, caplog):
    with recorded_job(acme, "settle", now=NOW):
        mark_lost_runs(acme, NOW + LOST_AFTER * 2)

    assert only_run(acme).outcome == JobOutcome.LOST
    assert "job_had_ended" in caplog.text


def started(organization, at):
    return JobRun.objects.create(organization=organization, name="settle", started_at=at)
