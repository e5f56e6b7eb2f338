"""What the lists of sales are narrowed by."""

from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.http import HttpRequest
from unfold.contrib.filters.admin import DropdownFilter, RangeDateFilter
from unfold.utils import parse_date_str

from invoicing.models import InvoiceStatus
from organizations.admin.base import organization_of


class CountryFilter(DropdownFilter):
    """The countries that some row has."""

    title = "country"
    parameter_name = "country"
    nowhere = "Not said"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        rows = model_admin.model.objects.of(organization_of(request)).order_by("country")
        found = rows.values_list("country", flat=True).distinct()
        return [(country or "-", country or self.nowhere) for country in found]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        wanted = self.value()
        return queryset.filter(country=wanted.replace("-", "")) if wanted else queryset


class ActiveFilter(DropdownFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("active", "Active"), ("inactive", "Inactive")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        wanted = {"active": True, "inactive": False}
        if self.value() in wanted:
            return queryset.filter(active=wanted[self.value()])
        return queryset


class InvoiceStatusFilter(DropdownFilter):
    """The four statuses, and what one mostly wants to know of them."""

    title = "status"
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("owed", "Something is owed"),
            ("overdue", "Overdue"),
            ("owing", "Owed to the customer"),
            *InvoiceStatus.choices,
        ]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        today = organization_of(request).today()
        chosen = {
            "owed": Q(open_amount__gt=0),
            "overdue": Q(open_amount__gt=0, due_on__lt=today),
            "owing": Q(open_amount__lt=0),
            **{status.value: Q(status=status.value) for status in InvoiceStatus},
        }
        return queryset.filter(chosen[self.value()]) if self.value() in chosen else queryset


class DaysFilter(RangeDateFilter):
    """Moments by the days of the organization's time zone, both included."""

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        zone = ZoneInfo(organization_of(request).time_zone)
        for name, lookup, at in (("from", "gte", time.min), ("to", "lte", time.max)):
            day = parse_date_str(self.used_parameters.get(f"{self.field_path}_{name}") or "")
            if day is not None:
                moment = datetime.combine(day, at, zone)
                queryset = queryset.filter(**{f"{self.field_path}__{lookup}": moment})
        return queryset
