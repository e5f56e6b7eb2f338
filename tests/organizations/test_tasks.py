"""What the clock does about organizations, and that it is on the clock."""

from datetime import timedelta

import pytest
from celery import current_app
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from organizations import tasks
from organizations.models import IdempotencyKey
from organizations.services.idempotency import Answer, Claim, answer_once
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
