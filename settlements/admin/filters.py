"""What the lists of settlements are narrowed by."""

from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from unfold.contrib.filters.admin import DropdownFilter

from organizations.admin.base import organization_of
from settlements.models import SettlementStatus


class SettledFilter(DropdownFilter):
    """Whether a settlement has taken an item in."""

    title = "settled"
    parameter_name = "settled"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("no", "Not settled yet"), ("yes", "Settled")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        wanted = {"no": True, "yes": False}
        if self.value() in wanted:
            return queryset.filter(settlement_id__isnull=wanted[self.value()])
        return queryset


class SettlementStatusFilter(DropdownFilter):
    """The four statuses, and what one mostly wants to know of them."""

    title = "status"
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("pending", "Waiting for approval"),
            ("open", "Not paid yet"),
            ("overdue", "Due and not paid"),
            ("processing", SettlementStatus.PROCESSING.label),
            ("completed", SettlementStatus.COMPLETED.label),
            ("failed", SettlementStatus.FAILED.label),
            ("nothing", "Nothing was to be paid"),
        ]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        is_open = ~Q(status=SettlementStatus.COMPLETED)
        chosen = {
            "open": is_open,
            "overdue": is_open & Q(due_on__lt=organization_of(request).today()),
            "nothing": Q(total_amount__lte=0),
            **{status.value: Q(status=status.value) for status in SettlementStatus},
        }
        return queryset.filter(chosen[self.value()]) if self.value() in chosen else queryset
