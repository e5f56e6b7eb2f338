"""What recorded reconciliations found."""

from django.db.models import QuerySet

from ledger.models import ReconciliationRun
from organizations.models import Organization


def list_reconciliation_runs(
    organization: Organization, *, check: str | None = None
) -> QuerySet[ReconciliationRun]:
    """Recorded runs, of one check or of all, the latest first."""
    runs: QuerySet[ReconciliationRun] = ReconciliationRun.objects.of(organization)
    if check is not None:
        runs = runs.filter(check_name=check)
    return runs.order_by("-started_at", "-id")
