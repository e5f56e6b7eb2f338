"""What the clock does about figures."""

from celery import shared_task
from django.utils import timezone

from analytics.selectors.snapshots import organizations_with_recent_snapshots
from analytics.services.keeping import keep_recent
from organizations.models import Organization


@shared_task
def keep_recent_figures() -> None:
    """Have the recent snapshots of every organization that has some kept anew."""
    for organization in organizations_with_recent_snapshots(timezone.now()):
        keep_figures_of.delay(str(organization.pk))


@shared_task
def keep_figures_of(organization_id: str) -> None:
    """Keep an organization's recent snapshots anew; where Redis is away the next run does it."""
    organization = Organization.objects.filter(pk=organization_id).first()
    if organization is not None:
        keep_recent(organization, timezone.now())
