"""What the clock does about organizations, and that it is on the clock."""

from datetime import timedelta
from uuid import UUID

import pytest
from celery import current_app
from django.db import transaction
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from organizations import tasks
from organizations.models import IdempotencyKey, JobRun, OutboxMessage
from organizations.services.alerts import raise_alert
from organizations.services.idempotency import (
    Answer,
    Claim,
    answer_once,
    delete_expired_keys,
    organizations_with_expired_keys,
)
from organizations.tasks import delete_expired_idempotency_keys

pytestmark = pytest.mark.django_db


def answered(organization, key, now):
    answer = Answer(201, "application/json", b"{}")
    claim = Claim(organization.pk, key, "f" * 64)
    answer_once(claim, lambda: answer, lambda refusal: answer, now)


def test_deletes_what_has_expired_of_every_organization(acme, mallory_ltd, monkeypatch):
    monkeypatch.setattr(tasks, "MOST", 2)
    now = timezone.now()
    for number in range(5):
        answered(acme, f"old-{number}", now - timedelta(days=2))
    answered(mallory_ltd, "old", now - timedelta(days=2))
    answered(acme, "new", now)

    delete_expired_idempotency_keys()

    assert list(IdempotencyKey.objects.values_list("key", flat=True)) == ["new"]


def test_every_seeded_schedule_names_a_task_that_there_is():
    current_app.loader.import_default_modules()

    seeded = PeriodicTask.objects.exclude(task__startswith="celery.").values_list("task", flat=True)

    assert "organizations.tasks.delete_expired_idempotency_keys" in seeded
    assert set(seeded) <= set(current_app.tasks)


def test_deleting_keys_is_recorded_where_there_were_any(acme, mallory_ltd):
    answered(acme, "old", timezone.now() - timedelta(days=2))

    delete_expired_idempotency_keys()
    delete_expired_idempotency_keys()

    run = JobRun.objects.get()
    assert (run.organization_id, run.counts) == (acme.pk, {"deleted": 1})


def test_one_organizations_failure_is_recorded_and_the_others_have_their_turn(
    acme, mallory_ltd, monkeypatch
):
    for organization in (acme, mallory_ltd):
        answered(organization, "old", timezone.now() - timedelta(days=2))

    def delete(organization, now, *, most):
        if organization == first:
            raise RuntimeError("broken")
        return delete_expired_keys(organization, now, most=most)

    first = organizations_with_expired_keys(timezone.now())[0]
    monkeypatch.setattr(tasks, "delete_expired_keys", delete)

    delete_expired_idempotency_keys()

    [left] = IdempotencyKey.objects.all()
    assert left.organization_id == first.pk
    assert JobRun.objects.get(organization_id=first.pk).outcome == "failed"


def test_deletes_what_was_delivered_a_week_ago(acme, mallory_ltd, monkeypatch):
    monkeypatch.setattr(tasks, "MOST", 2)
    for organization in (acme, acme, acme, mallory_ltd):
        alert_of(organization)
    OutboxMessage.objects.all().update(delivered_at=timezone.now() - timedelta(days=8))
    alert_of(acme)

    tasks.delete_delivered_messages()

    assert OutboxMessage.objects.count() == 2
    assert JobRun.objects.get(organization=acme).counts == {"deleted": 6}


def test_delivers_and_goes_on_while_there_is_more(acme, monkeypatch):
    monkeypatch.setattr(tasks, "MOST_MESSAGES", 2)
    again: list[UUID] = []
    monkeypatch.setattr(tasks, "deliver_soon", again.append)
    alert_of(acme)

    tasks.deliver_outbox(str(acme.pk))
    tasks.deliver_outbox(str(acme.pk))

    assert again == [acme.pk]
    assert not OutboxMessage.objects.filter(delivered_at__isnull=True).exists()


def test_a_message_about_nobody_is_dropped(db):
    tasks.deliver_outbox("01890000-0000-7000-8000-000000000000")


def test_finds_lost_runs_of_every_organization(acme, mallory_ltd):
    for organization in (acme, mallory_ltd):
        JobRun.objects.create(
            organization=organization,
            name="settle",
            started_at=timezone.now() - timedelta(hours=1),
        )

    tasks.sweep_lost_runs()

    assert set(JobRun.objects.values_list("outcome", flat=True)) == {"lost"}


def alert_of(organization):
    with transaction.atomic():
        raise_alert(organization, "mismatches", message="3 mismatches")


def test_every_schedule_says_what_it_is_for():
    silent = PeriodicTask.objects.exclude(task__startswith="celery.").filter(description="")

    assert set(silent.filter(task__startswith="organizations.").values_list("name")) == set()
