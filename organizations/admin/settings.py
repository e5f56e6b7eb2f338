"""The organization's own settings: one row, its own."""

import calendar
import zoneinfo
from typing import Any

import moneyed
from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from core.admin import BooksForm
from core.forms import AmountInput, dress
from core.money import AmountError, format_amount, is_currency, parse_amount
from organizations.admin.base import AuditedAdmin, actor_of, organization_of
from organizations.models import Organization
from organizations.services.settings import base_currency_is_used, change_settings

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

    class Meta:
        model = Organization
        fields = ("name", "country", "currency", "time_zone", "fiscal_year_start_month")
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
        "closed_through",
        "created_at",
    )
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
        )
