"""Reading what is on payees' accounts: sales, refunds, adjustments."""

from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from ledger.selectors.accounts import as_uuid
from organizations.models import Organization
from organizations.rules import is_storable
from settlements.errors import AdjustmentNotFound, RefundNotFound, SaleNotFound
from settlements.models import Adjustment, Event, Payee, Refund, Sale


def get_sale(organization: Organization, name: str | UUID) -> Sale:
    """The sale of this reference, or else of this id, with its payee and event.

    Raises:
        SaleNotFound: no such sale, or another organization's.
    """
    text = str(name)
    by_id = name if isinstance(name, UUID) else as_uuid(text)
    wanted = Q(reference=text) if by_id is None else Q(reference=text) | Q(pk=by_id)
    found: list[Sale] = []
    if is_storable(text):
        rows = Sale.objects.of(organization).filter(wanted)
        found = list(rows.select_related("payee", "event"))
    # A reference may look like an id; the reference is what its keeper meant.
    found.sort(key=lambda sale: sale.reference != text)
    if not found:
        raise SaleNotFound(sale=text[:100])
    return found[0]


def get_refund(organization: Organization, id: UUID) -> Refund:
    """Raises RefundNotFound."""
    found: Refund | None = _refunds(organization).filter(pk=id).first()
    if found is None:
        raise RefundNotFound(refund=id)
    return found


def get_adjustment(organization: Organization, id: UUID) -> Adjustment:
    """Raises AdjustmentNotFound."""
    found: Adjustment | None = _adjustments(organization).filter(pk=id).first()
    if found is None:
        raise AdjustmentNotFound(adjustment=id)
    return found


def list_sales(organization: Organization, **filters: Any) -> QuerySet[Sale]:
    """Sales, for a page to be cut out of; see `_of` for what they can be narrowed to."""
    rows = Sale.objects.of(organization).select_related("payee", "event")
    return _of(rows, "sold_on", **filters)


def list_refunds(
    organization: Organization, *, sale: Sale | None = None, **filters: Any
) -> QuerySet[Refund]:
    """Refunds of all sales or of one; see `_of` for what else they can be narrowed to."""
    rows = _refunds(organization)
    if sale is not None:
        rows = rows.filter(sale_id=sale.pk)
    return _of(rows, "refunded_on", **filters)


def list_adjustments(
    organization: Organization, *, kind: str | None = None, **filters: Any
) -> QuerySet[Adjustment]:
    """Adjustments; see `_of` for what they can be narrowed to."""
    rows = _adjustments(organization)
    if kind is not None:
        rows = rows.filter(kind=kind)
    return _of(rows, "adjusted_on", **filters)


def _refunds(organization: Organization) -> QuerySet[Refund]:
    rows: QuerySet[Refund] = Refund.objects.of(organization)
    return rows.select_related("payee", "event", "sale")


def _adjustments(organization: Organization) -> QuerySet[Adjustment]:
    rows: QuerySet[Adjustment] = Adjustment.objects.of(organization)
    return rows.select_related("payee", "event", "account")


def _of(
    rows: QuerySet[Any],
    occurred_on: str,
    *,
    payee: Payee | None = None,
    event: Event | None = None,
    since: date | None = None,
    until: date | None = None,
    settled: bool | None = None,
    settlement: UUID | None = None,
    reference: str | None = None,
) -> QuerySet[Any]:
    """Of a payee, of an event, of days (both included), settled or not yet, in one settlement."""
    wanted: dict[str, Any] = {
        "payee_id": payee and payee.pk,
        # An event's items are its payee's, whose items have an index.
        "payee": event and event.payee_id,
        "event_id": event and event.pk,
        f"{occurred_on}__gte": since,
        f"{occurred_on}__lte": until,
        "settlement_id": settlement,
        "settlement__isnull": None if settled is None else not settled,
        "reference": reference,
    }
    given = {name: value for name, value in wanted.items() if value is not None}
    return rows.filter(**given)
