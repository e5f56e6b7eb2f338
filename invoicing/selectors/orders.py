"""Orders, one or many."""

from datetime import date, datetime, time
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db.models import Prefetch, QuerySet

from invoicing.errors import OrderNotFound
from invoicing.models import Customer, Order, OrderItem
from organizations.models import Organization


def get_order(organization: Organization, id: UUID | str) -> Order:
    """The order with its customer, items (with their revenue accounts) and tax lines.

    Raises:
        OrderNotFound: there is none, or it is another organization's.
    """
    items = OrderItem.objects.of(organization).select_related("revenue_account")
    orders = (
        Order.objects.of(organization)
        .select_related("organization", "customer")
        .prefetch_related(Prefetch("items", items), "tax_lines")
    )
    try:
        order: Order = orders.get(pk=id)
    except (Order.DoesNotExist, ValidationError):
        raise OrderNotFound(order=str(id)[:100]) from None
    return order


def list_orders(
    organization: Organization,
    *,
    status: str | None = None,
    customer: Customer | None = None,
    reference: str | None = None,
    since: date | None = None,
    until: date | None = None,
) -> QuerySet[Order]:
    """Orders with their customers, the latest first.

    `since` and `until` are the days on which they were drafted, in the organization's time zone,
    both included.
    """
    zone = ZoneInfo(organization.time_zone)
    filters: dict[str, Any] = {
        "status": status,
        "customer_id": customer.pk if customer is not None else None,
        "reference": reference,
        "created_at__gte": since and datetime.combine(since, time.min, zone),
        "created_at__lte": until and datetime.combine(until, time.max, zone),
    }
    orders: QuerySet[Order] = Order.objects.of(organization).filter(
        **{name: value for name, value in filters.items() if value is not None}
    )
    return orders.select_related("customer").order_by("-created_at", "-id")
