"""What the clock does about organizations, and what is done as soon as it is committed.

Each task is short, takes ids, may run twice and may be killed at any point: what it has to do is
found in the database, so a sweep does what a lost message has left undone.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from uuid import UUID

from celery import shared_task
from django.utils import timezone

from core.publishing import publish
from organizations.models import Organization
from organizations.services.idempotency import delete_expired_keys, organizations_with_expired_keys
from organizations.services.jobs import (
    mark_lost_runs,
    organizations_with_lost_runs,
    recorded_job,
)
from organizations.services.outbox import (
    delete_delivered,
    deliver_due,
    organizations_with_due_messages,
    organizations_with_old_messages,
)

# Rows deleted by one transaction, and messages delivered by one task.
MOST = 10_000
MOST_MESSAGES = 200
# A message that no worker takes in this time is one that the sweep sends anew.
SWEPT_EVERY_S = 60


@shared_task
def delete_expired_idempotency_keys() -> None:
    """Delete the stored answers whose time is over, of all organizations, in small transactions."""
    now = timezone.now()
    for organization in organizations_with_expired_keys(now):
        delete = partial(delete_expired_keys, organization, now, most=MOST)
        _delete_all(organization, "delete expired idempotency keys", delete)


@shared_task
def deliver_outbox(organization_id: str) -> None:
    """Deliver what waits in an organization's outbox."""
    organization = Organization.objects.filter(pk=organization_id).first()
    if organization is None:
        return
    if deliver_due(organization, most=MOST_MESSAGES) == MOST_MESSAGES:
        deliver_soon(organization.pk)


def deliver_soon(organization_id: UUID) -> None:
    """Have a worker deliver now; where the broker is away, the sweep does it later."""
    publish(deliver_outbox, str(organization_id), expires=SWEPT_EVERY_S)


@shared_task
def sweep_outbox() -> None:
    """Have every message delivered whose time has come."""
    for organization in organizations_with_due_messages():
        deliver_outbox.apply_async((str(organization.pk),), expires=SWEPT_EVERY_S)


@shared_task
def delete_delivered_messages() -> None:
    """Delete the messages that were delivered a week ago, in small transactions."""
    now = timezone.now()
    for organization in organizations_with_old_messages(now):
        delete = partial(delete_delivered, organization, now, most=MOST)
        _delete_all(organization, "delete delivered messages", delete)


def _delete_all(organization: Organization, job_name: str, delete: Callable[[], int]) -> None:
    """Have `delete` take up to `MOST` at a time, each time in a transaction of its own.

    What goes wrong is recorded and logged as the job's end; the next organization has its turn.
    """
    with suppress(Exception), recorded_job(organization, job_name) as job:
        deleted = MOST
        while deleted == MOST:
            deleted = delete()
            job.count(deleted=deleted)


@shared_task
def sweep_lost_runs() -> None:
    """Mark as lost the runs whose worker was killed."""
    for organization in organizations_with_lost_runs():
        mark_lost_runs(organization)
