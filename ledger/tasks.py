"""What the clock does about the books."""

from celery import shared_task

from ledger.services.scheduled import organizations_to_reconcile, reconcile_if_due
from organizations.models import Organization


@shared_task
def reconcile_all() -> None:
    """Have every organization reconciled whose books were not reconciled today."""
    for organization in organizations_to_reconcile():
        reconcile_organization.delay(str(organization.pk))


@shared_task
def reconcile_organization(organization_id: str) -> None:
    """Hold an organization's facts against its books, once a day."""
    organization = Organization.objects.filter(pk=organization_id).first()
    if organization is not None:
        reconcile_if_due(organization)
