"""The series of legal numbers."""

from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet

from invoicing.errors import SeriesNotFound
from invoicing.models import NumberCounter, NumberSeries
from ledger.selectors.accounts import as_uuid
from organizations.models import Organization


def get_series(
    organization: Organization, name: str | UUID, kind: str | None = None
) -> NumberSeries:
    """The series of this id, or of this kind and code, with its counters.

    Raises:
        SeriesNotFound
    """
    by_id = as_uuid(str(name))
    wanted = Q(kind=kind, code=str(name)) if kind is not None else Q(pk__in=[])
    if by_id is not None:
        wanted |= Q(pk=by_id)
    found: NumberSeries | None = list_series(organization, kind=kind).filter(wanted).first()
    if found is None:
        raise SeriesNotFound(kind=kind or "number", series=str(name)[:100])
    return found


def list_series(organization: Organization, *, kind: str | None = None) -> QuerySet[NumberSeries]:
    """All series with their counters, the latest fiscal year first; `main` exists once a document
    has been issued in it."""
    series: QuerySet[NumberSeries] = NumberSeries.objects.of(organization)
    if kind is not None:
        series = series.filter(kind=kind)
    counters = NumberCounter.objects.of(organization).order_by("-fiscal_year")
    return series.prefetch_related(Prefetch("counters", counters)).order_by("kind", "code")
