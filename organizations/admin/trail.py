"""The audit trail: who did what, when, from where, before and after. It can only be read."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.core.validators import validate_ipv46_address
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.html import format_html
from unfold.contrib.filters.admin import DropdownFilter, FieldTextFilter, RangeDateTimeFilter
from unfold.decorators import display

from organizations.admin.base import AuditedAdmin, organization_of
from organizations.admin.reading import read, spoken, spoken_subject, subject_url
from organizations.models import AuditEvent
from organizations.selectors import members_of

MOST_CHANGES_IN_LIST = 3


class MemberFilter(DropdownFilter):
    """What one member did."""

    title = "member"
    parameter_name = "member"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterator[tuple[str, str]]:
        for membership in members_of(organization_of(request)):
            yield str(membership.user_id), membership.user.display_name

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        known = {value for value, _ in self.lookup_choices}
        return queryset.filter(user_id=self.value()) if self.value() in known else queryset


@admin.register(AuditEvent)
class AuditEventAdmin(AuditedAdmin[AuditEvent]):
    """Searched by what an auditor has in hand: a row's id, a request's id, an address."""

    list_display = ("occurred_at", "actor", "what", "subject", "summary", "address")
    list_filter = (
        ("occurred_at", RangeDateTimeFilter),
        MemberFilter,
        ("action", FieldTextFilter),
        ("subject_type", FieldTextFilter),
    )
    ordering = ("-occurred_at", "-id")
    search_fields = ("actor_name", "action", "request_id")
    search_help_text = "Name, action, request id, row id or IP address"
    fields = (
        "occurred_at",
        "what",
        "actor",
        "subject",
        "reason",
        "change_table",
        "address",
        "request_id",
    )
    readonly_fields = fields
    empty_title = "Nothing was done yet"
    empty_text = "Everything that people and programs write leaves an event here."

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        term = search_term.strip()
        try:
            return queryset.filter(subject_ids__contains=[UUID(term)]), False
        except ValueError:
            pass
        try:
            validate_ipv46_address(term)
        except ValidationError:
            return super().get_search_results(request, queryset, search_term)
        return queryset.filter(ip_address=term), False

    @display(description="By", ordering="actor_name")
    def actor(self, row: AuditEvent) -> str:
        return row.actor_name

    @display(description="Action", ordering="action")
    def what(self, row: AuditEvent) -> str:
        return spoken(row.action)

    @display(description="On")
    def subject(self, row: AuditEvent) -> str:
        name = spoken_subject(row.subject_type)
        if len(row.subject_ids) > 1:
            return f"{len(row.subject_ids):,} × {name}"
        url = subject_url(row)
        return format_html('<a class="ch-link" href="{}">{}</a>', url, name) if url else name

    @display(description="IP address", ordering="ip_address", empty_value="none")
    def address(self, row: AuditEvent) -> str | None:
        return row.ip_address

    @display(description="Reason", empty_value="none")
    def reason(self, row: AuditEvent) -> str:
        return read(row).reason

    @display(description="What changed")
    def summary(self, row: AuditEvent) -> str:
        changes = [change for change in read(row).changes if change.before or change.after]
        parts = [
            f"{change.name}: {change.before} → {change.after}"
            if change.before
            else f"{change.name}: {change.after}"
            for change in changes[:MOST_CHANGES_IN_LIST]
        ]
        return format_html('<span class="ch-cut">{}</span>', "; ".join(parts))

    @display(description="Changes")
    def change_table(self, row: AuditEvent) -> str:
        return render_to_string("admin/books/changes.html", {"changes": read(row).changes})
