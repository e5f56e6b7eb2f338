"""Tax rates: what new orders are charged; what was locked keeps the rate that it had."""

from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter
from unfold.decorators import display

from core.admin import BooksForm
from core.forms import AmountInput, DateInput, dress
from invoicing.admin.countries import country_choices
from invoicing.admin.figures import day, decimals, place
from invoicing.admin.filters import CountryFilter
from invoicing.models import TaxCategory, TaxRate
from invoicing.services.tax_rates import change_tax_rate, create_tax_rate, delete_tax_rate
from organizations.admin.base import AuditedAdmin, actor_of, organization_of

CATEGORY_LABELS = {
    TaxCategory.STANDARD.label: "info",
    TaxCategory.ZERO.label: "success",
    TaxCategory.EXEMPT.label: "warning",
    TaxCategory.REVERSE_CHARGE.label: "warning",
}


class TaxRateForm(BooksForm):
    """A rate; the percentage digit by digit as it is written."""

    percentage = forms.DecimalField(
        max_digits=8,
        decimal_places=5,
        widget=AmountInput,
        help_text="17.5 means 17.5 %. Zero-rated, exempt and reverse charge have 0.",
    )
    country = forms.ChoiceField(
        choices=lambda: country_choices("Everywhere"),
        required=False,
        help_text="Where it applies by itself. The most specific place that has rates wins.",
    )
    valid_from = forms.DateField(required=False, widget=DateInput, help_text="Empty: since ever.")
    valid_to = forms.DateField(
        required=False, widget=DateInput, help_text="The last day. Empty: until further notice."
    )

    class Meta:
        model = TaxRate
        fields = ("code", "name", "category", "region", "inclusive", "compound", "active")
        help_texts = {
            "code": "Letters, digits and . : _ - , such as GB-VAT. Stands on every item.",
            "name": "As it is printed on invoices, such as VAT 17.5 %.",
            "category": "Only a standard rate charges anything. The others are printed as the "
            "reason why nothing is charged.",
            "region": "Such as CA-BC or BC. Empty: the whole country.",
            "active": "New orders can use it.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if isinstance(self.initial.get("percentage"), Decimal):
            self.initial["percentage"] = decimals(self.initial["percentage"])
        dress(self)

    def _post_clean(self) -> None:
        """The services check a rate, and say what is wrong in words."""


class PlaceFilter(CountryFilter):
    nowhere = "Everywhere"


class StateFilter(DropdownFilter):
    """What orders of today are charged, what they are not any more, and what they will be."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("holds", "Holds today"),
            ("expired", "Expired"),
            ("future", "Not valid yet"),
            ("inactive", "Inactive"),
        ]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        today = organization_of(request).today()
        begun = Q(valid_from__isnull=True) | Q(valid_from__lte=today)
        lasting = Q(valid_to__isnull=True) | Q(valid_to__gte=today)
        chosen = {
            "holds": begun & lasting & Q(active=True),
            "expired": Q(valid_to__lt=today),
            "future": Q(valid_from__gt=today),
            "inactive": Q(active=False),
        }
        return queryset.filter(chosen[self.value()]) if self.value() in chosen else queryset


@admin.register(TaxRate)
class TaxRateAdmin(AuditedAdmin[TaxRate]):
    """Rates are made, changed and deleted; what was locked with them stays as it was."""

    form = TaxRateForm
    list_display = (
        "code",
        "name",
        "category_badge",
        "where",
        "how",
        "validity",
        "active",
        "rate_shown",
    )
    list_filter = (StateFilter, ("category", ChoicesDropdownFilter), PlaceFilter)
    search_fields = ("code", "name", "country", "region")
    ordering = ("code",)
    fieldsets = (
        (None, {"fields": (("code", "name"), ("percentage", "category"))}),
        ("Where it applies", {"fields": (("country", "region"),)}),
        ("How it is charged", {"fields": ("inclusive", "compound")}),
        ("When it holds", {"fields": (("valid_from", "valid_to"), "active")}),
    )
    empty_title = "There are no tax rates yet"
    empty_text = (
        "Add the rates of the places to which you sell. An order is charged with those of its "
        "place when it is locked; without any, nothing is charged."
    )
    remove_text = (
        "New orders can no longer use it. Orders and invoices that were charged with it keep it "
        "as it was."
    )

    @display(description="Category", ordering="category", label=CATEGORY_LABELS)
    def category_badge(self, row: TaxRate) -> str:
        return str(row.get_category_display())

    @display(description="Where", ordering="country")
    def where(self, row: TaxRate) -> str:
        return place(row.country, row.region) or "Everywhere"

    @display(description="How", empty_value="on top of the net")
    def how(self, row: TaxRate) -> str | None:
        said = [
            *(["in the price"] if row.inclusive else []),
            *(["compound"] if row.compound else []),
        ]
        return format_html_join(" ", '<span class="ch-tag">{}</span>', ([one] for one in said))

    @display(description="Valid", ordering="valid_from")
    def validity(self, row: TaxRate) -> str:
        return valid_between(row.valid_from, row.valid_to)

    @display(description="Rate", ordering="percentage")
    def rate_shown(self, row: TaxRate) -> str:
        return format_html('<span class="ch-figure">{} %</span>', decimals(row.percentage))

    def create(self, request: HttpRequest, form: Any) -> TaxRate:
        return create_tax_rate(actor=actor_of(request), **form.cleaned_data)

    def update(self, request: HttpRequest, row: TaxRate, form: Any) -> TaxRate:
        return change_tax_rate(actor=actor_of(request), tax_rate=row, **form.cleaned_data)

    def remove(self, request: HttpRequest, row: TaxRate) -> None:
        delete_tax_rate(actor=actor_of(request), tax_rate=row)


def valid_between(since: date | None, until: date | None) -> str:
    if since and until:
        return f"{day(since)} to {day(until)}"
    if since:
        return f"from {day(since)}"
    return f"until {day(until)}" if until else "always"
