"""What the clock does about settlements.

Both tasks may run twice, also at once, and may be killed at any point: what is due is found in the
database, and each payee is settled in a transaction of their own.
"""

from celery import shared_task

from organizations.models import Organization
from settlements.services.running import organizations_to_settle, run_recorded


@shared_task
def run_due_settlements() -> None:
    """Have every organization settle the payees that are due."""
    for organization in organizations_to_settle():
        settle_organization.delay(str(organization.pk))


@shared_task
def settle_organization(organization_id: str) -> None:
    """Settle the payees of one organization that are due."""
    organization = Organization.objects.filter(pk=organization_id).first()
    if organization is not None:
        run_recorded(organization)
