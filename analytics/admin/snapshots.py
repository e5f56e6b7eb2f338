"""Funnel snapshots: what was counted, of which event, on which day."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import RangeDateFilter
from unfold.decorators import display

from analytics.admin.event_choice import EventInput, event_typed
from analytics.models import MOST_CAMPAIGN, FunnelSnapshot
from analytics.services.snapshots import record_snapshot
from core.admin import BooksForm
from core.forms import AmountInput, DateInput, dress
from core.money import MOST_MINOR_UNITS, AmountError, format_amount, parse_amount
from organizations.admin.base import AuditedAdmin, actor_of
from settlements.models import Event

COUNTS = ("visitor_count", "checkout_started_count", "checkout_completed_count")


class SnapshotForm(BooksForm):
    """What was counted; of which event, campaign and day it is, is fixed once it is recorded."""

    event = forms.CharField(max_length=100, widget=EventInput)
    campaign = forms.CharField(
        required=False, max_length=MOST_CAMPAIGN, help_text="Empty: of no campaign."
    )
    snapshot_on = forms.DateField(label="Day", widget=DateInput)
    visitor_count = forms.IntegerField(label="Visitors", max_value=MOST_MINOR_UNITS)
    checkout_started_count = forms.IntegerField(
        label="Checkouts started", max_value=MOST_MINOR_UNITS
    )
    checkout_completed_count = forms.IntegerField(
        label="Checkouts completed", max_value=MOST_MINOR_UNITS
    )
    revenue_total = forms.CharField(
        label="Revenue",
        max_length=40,
        widget=AmountInput,
        help_text="In the currency of the event's payee.",
    )
    metadata = forms.JSONField(required=False, initial=dict)

    class Meta:
        model = FunnelSnapshot
        fields = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        row = self.instance
        if not row._state.adding:
            for name in (*COUNTS, "metadata"):
                self.initial[name] = getattr(row, name)
            self.initial["revenue_total"] = format_amount(row.revenue_total, row.currency)
        dress(self)

    def clean_event(self) -> Event | None:
        return event_typed(self.request.organization, self.cleaned_data["event"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        event = cleaned.get("event") or (None if self.instance._state.adding else self.of_row())
        written = cleaned.get("revenue_total")
        if event is not None and written is not None:
            currency = event.payee.currency
            cleaned |= {"event": event, "currency": currency}
            try:
                cleaned["revenue_total"] = parse_amount(written, currency)
            except AmountError as error:
                self.add_error("revenue_total", str(error))
        return cleaned

    def of_row(self) -> Event:
        event: Event = self.instance.event
        return event

    def _post_clean(self) -> None:
        """The service checks what was counted."""


@admin.register(FunnelSnapshot)
class FunnelSnapshotAdmin(AuditedAdmin[FunnelSnapshot]):
    """Mostly recorded over the API; here it can be looked up, entered and corrected."""

    form = SnapshotForm
    list_display = ("snapshot_on", "event_code", "campaign_shown", *COUNTS, "revenue_shown")
    list_filter = (("snapshot_on", RangeDateFilter),)
    list_select_related = ("event",)
    search_fields = ("event__code", "event__name", "campaign")
    ordering = ("-snapshot_on", "-id")
    empty_title = "There are no funnel snapshots"
    empty_text = (
        "A shop sends one a day for each event: visitors, checkouts and revenue. They come over "
        "the API, or are entered here."
    )

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return ("event", "campaign", "snapshot_on", *COUNTS, "revenue_total", "metadata")
        if self.has_change_permission(request, obj):
            figures: tuple[str, ...] = (*COUNTS, "revenue_total", "metadata")
        else:
            figures = (*COUNTS, "revenue_shown", "metadata")
        return ("event_code", "campaign", "snapshot_on", *figures, "created_at", "updated_at")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return ()
        shown = ("event_code", "campaign", "snapshot_on", "created_at", "updated_at")
        return (*shown, "event", "revenue_shown")

    @display(description="Event", ordering="event__code")
    def event_code(self, row: FunnelSnapshot) -> str:
        return str(row.event.code)

    @display(description="Campaign", ordering="campaign")
    def campaign_shown(self, row: FunnelSnapshot) -> SafeString:
        return format_html('<span class="ch-cut" title="{0}">{0}</span>', row.campaign)

    @display(description="Revenue", ordering="revenue_total")
    def revenue_shown(self, row: FunnelSnapshot) -> SafeString:
        return format_html(
            '<span class="ch-figure">{} <span class="ch-currency">{}</span></span>',
            format_amount(row.revenue_total, row.currency),
            row.currency,
        )

    def create(self, request: HttpRequest, form: Any) -> FunnelSnapshot:
        return record_snapshot(actor=actor_of(request), **form.cleaned_data)[0]

    def update(self, request: HttpRequest, row: FunnelSnapshot, form: Any) -> FunnelSnapshot:
        return record_snapshot(
            actor=actor_of(request),
            campaign=row.campaign,
            snapshot_on=row.snapshot_on,
            **form.cleaned_data,
        )[0]
