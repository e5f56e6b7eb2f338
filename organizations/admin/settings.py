"""The organization's own settings: one row, its own."""

import calendar
import zoneinfo
from typing import Any

import moneyed
from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.cache import add_never_cache_headers
from unfold.decorators import action

from core.admin import BooksForm
from core.errors import Refusal
from core.forms import AmountInput, dress
from core.money import AmountError, format_amount, is_currency, parse_amount
from organizations.admin.base import AuditedAdmin, actor_of, organization_of
from organizations.errors import InvalidWebhookUrl
from organizations.models import Organization
from organizations.rules import LONGEST_URL, MOST_MISMATCHES, check_webhook_url
from organizations.services.settings import (
    base_currency_is_used,
    change_settings,
    renew_webhook_secret,
)

MONTHS = [calendar.month_name[month] for month in range(1, 13)]


class SettingsForm(BooksForm):
    """Everything that an owner may set; the threshold as an amount of the base currency."""

    threshold = forms.CharField(
        label="Approval threshold",
        required=False,
        max_length=40,
        widget=AmountInput,
        help_text="In the base currency. Manual entries above it need a second person. "
        "Empty: none does.",
    )
    time_zone = forms.ChoiceField(
        choices=[(name, name) for name in sorted(zoneinfo.available_timezones())],
        help_text="Decides which day it is for these books.",
    )
    currency = forms.ChoiceField(
        label="Base currency",
        choices=[
            (code, f"{code} – {moneyed.CURRENCIES[code].name}")
            for code in sorted(filter(is_currency, moneyed.CURRENCIES))
        ],
        help_text="Can be changed while nothing is posted.",
    )
    fiscal_year_start_month = forms.TypedChoiceField(
        label="Fiscal year starts in",
        coerce=int,
        choices=list(enumerate(MONTHS, start=1)),
    )

    alert_threshold_count = forms.IntegerField(
        label="Mismatches without an alert",
        required=False,
        min_value=0,
        max_value=MOST_MISMATCHES,
        help_text="A job that finds more than this raises an alert. Empty: the first one does.",
    )
    operations_webhook_url = forms.CharField(
        label="Operations webhook",
        required=False,
        max_length=LONGEST_URL,
        help_text="Alerts are posted to this address, signed; make the secret by “New webhook "
        "secret” above. Empty: they are only logged.",
    )

    class Meta:
        model = Organization
        fields = (
            "name",
            "country",
            "currency",
            "time_zone",
            "fiscal_year_start_month",
            "alert_threshold_count",
            "operations_webhook_url",
        )
        help_texts = {"country": "Two letters, such as GB."}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        threshold = self.instance.approval_threshold_amount
        if threshold is not None:
            self.initial["threshold"] = format_amount(threshold, self.instance.currency)
        if "currency" in self.fields and base_currency_is_used(self.request.organization):
            self.fields["currency"].disabled = True
            self.fields["currency"].help_text = "Stays as it is: there are lines in the books."
        dress(self)

    def clean_operations_webhook_url(self) -> str:
        """Here already, since the table's own constraint would be told in its own name."""
        try:
            return check_webhook_url(self.cleaned_data["operations_webhook_url"])
        except InvalidWebhookUrl as refusal:
            raise forms.ValidationError(refusal.message) from refusal

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        written = cleaned.get("threshold", "").strip()
        currency = cleaned.get("currency", self.instance.currency)
        cleaned["threshold"] = None
        if written and is_currency(currency):
            try:
                cleaned["threshold"] = parse_amount(written, currency)
            except AmountError as error:
                self.add_error("threshold", str(error))
            else:
                if cleaned["threshold"] < 0:
                    self.add_error("threshold", "A threshold is not negative.")
        return cleaned


@admin.register(Organization)
class OrganizationAdmin(AuditedAdmin[Organization]):
    """The chosen organization and no other; opening the list opens its page."""

    form = SettingsForm
    organization_lookup = "pk"
    fields = (
        "slug",
        "name",
        "country",
        "time_zone",
        "fiscal_year_start_month",
        "currency",
        "threshold",
        "threshold_shown",
        "alert_threshold_count",
        "operations_webhook_url",
        "closed_through",
        "created_at",
    )
    actions_detail = ("renew_secret",)
    readonly_fields = ("slug", "closed_through", "created_at", "threshold_shown")

    def get_queryset(self, request: HttpRequest) -> Any:
        organization = getattr(request, "organization", None)
        rows = Organization.objects.all()
        return rows.filter(pk=organization.pk) if organization else rows.none()

    def get_fields(self, request: HttpRequest, obj: Organization | None = None) -> Any:
        hidden = "threshold_shown" if self.has_change_permission(request, obj) else "threshold"
        return [name for name in self.fields if name != hidden]

    @admin.display(description="Approval threshold", empty_value="none")
    def threshold_shown(self, row: Organization) -> str | None:
        amount = row.approval_threshold_amount
        if amount is None:
            return None
        return f"{format_amount(amount, row.currency)} {row.currency}"

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return HttpResponseRedirect(self.url_of(organization_of(request)))

    def update(self, request: HttpRequest, row: Organization, form: Any) -> Organization:
        return change_settings(
            actor=actor_of(request),
            **form.given("name", "country", "currency", "time_zone", "fiscal_year_start_month"),
            approval_threshold_amount=form.cleaned_data["threshold"],
            alert_threshold_count=form.cleaned_data["alert_threshold_count"] or 0,
            operations_webhook_url=form.cleaned_data["operations_webhook_url"],
        )

    def has_renew_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return self.has_permission_of(request, "organizations.change_organization")

    def offers(self, row: Organization, action: str) -> bool:
        return bool(row.operations_webhook_url)

    @action(description="New webhook secret", icon="key", permissions=["renew"])
    def renew_secret(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self.get_row(request, object_id)
        if request.method != "POST":
            return self.render_page(
                request,
                "admin/books/confirm.html",
                "Make a new webhook secret?",
                row=row,
                what="Alerts are signed with it from now on; one made before is no longer used.",
                submit="Make it",
                back=self.url_of(row),
            )
        try:
            secret = renew_webhook_secret(actor=actor_of(request))
        except Refusal as refusal:
            messages.error(request, refusal.message)
            return HttpResponseRedirect(self.url_of(row))
        response = self.render_page(
            request,
            "admin/organizations/organization/secret.html",
            "The webhook's secret",
            row=row,
            secret=secret,
            back=self.url_of(row),
        )
        add_never_cache_headers(response)
        return response
