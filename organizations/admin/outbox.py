"""The outbox: what was to be delivered, whether it was, and why not."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.contrib.filters.admin import DropdownFilter, RangeDateTimeFilter
from unfold.decorators import display

from organizations.admin.base import AuditedAdmin
from organizations.admin.reading import spoken
from organizations.models import OutboxMessage

STATE_LABELS = {"delivered": "success", "waiting": "info", "failing": "danger"}


class StateFilter(DropdownFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name.capitalize()) for name in STATE_LABELS]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() == "delivered":
            return queryset.filter(delivered_at__isnull=False)
        if self.value() == "waiting":
            return queryset.filter(delivered_at__isnull=True, last_error="")
        if self.value() == "failing":
            return queryset.filter(delivered_at__isnull=True).exclude(last_error="")
        return queryset


@admin.register(OutboxMessage)
class OutboxMessageAdmin(AuditedAdmin[OutboxMessage]):
    """Messages deliver themselves; here one sees what keeps one."""

    list_display = ("created_at", "about", "state", "attempts", "next_attempt", "last_error")
    list_filter = (StateFilter, ("created_at", RangeDateTimeFilter))
    ordering = ("-created_at", "-id")
    fields = (
        "about",
        "state",
        "created_at",
        "attempts",
        "next_attempt",
        "delivered_at",
        "last_error",
        "payload",
    )
    readonly_fields = fields
    empty_title = "Nothing was to be delivered"
    empty_text = "Alerts and other messages stand here until a week after their delivery."

    @display(description="Message", ordering="topic")
    def about(self, row: OutboxMessage) -> str:
        return spoken(row.topic)

    @display(description="State", label=STATE_LABELS)
    def state(self, row: OutboxMessage) -> str:
        if row.delivered_at is not None:
            return "delivered"
        return "failing" if row.last_error else "waiting"

    @display(description="Next attempt", ordering="next_attempt_at", empty_value="none")
    def next_attempt(self, row: OutboxMessage) -> Any:
        return None if row.delivered_at is not None else row.next_attempt_at
