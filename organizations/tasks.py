"""What the clock does about organizations."""

from celery import shared_task
from django.utils import timezone

from organizations.models import Organization
from organizations.services.idempotency import delete_expired_keys

MOST = 10_000


@shared_task
def delete_expired_idempotency_keys() -> None:
    """Delete the stored answers whose time is over, of all organizations, in small transactions."""
    now = timezone.now()
    for organization in Organization.objects.order_by("id"):
        while delete_expired_keys(organization, now, most=MOST) == MOST:
            pass
