"""Number series: how invoices and credit notes are numbered, and how far they have come."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from core.admin import BooksForm
from core.forms import dress
from invoicing.models import DocumentKind, NumberSeries
from invoicing.selectors.numbering import list_series
from invoicing.services.numbering import change_series, create_series
from ledger.periods import fiscal_year_of
from organizations.admin.base import AuditedAdmin, actor_of
from organizations.models import Organization

KIND_LABELS = {DocumentKind.INVOICE.label: "info", DocumentKind.CREDIT_NOTE.label: "warning"}


class SeriesForm(BooksForm):
    width = forms.IntegerField(
        min_value=1,
        max_value=12,
        initial=5,
        label="Digits",
        help_text="To how many digits the number is filled with zeros.",
    )

    class Meta:
        model = NumberSeries
        fields = ("kind", "code", "prefix")
        help_texts = {
            "code": "What the series is called where it is chosen. Letters, digits and . _ -",
            "prefix": "Such as INV-{year}- or R{yy}/. {year} stands for the fiscal year, {yy} for "
            "its last two digits. Each fiscal year starts at 1: without either, the first document "
            "of the next year would have a number that is taken, and is refused.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        dress(self)

    def _post_clean(self) -> None:
        """The services check a series, and say what is wrong in words."""


@admin.register(NumberSeries)
class NumberSeriesAdmin(AuditedAdmin[NumberSeries]):
    """Prefix and width can change, from the next document on; a series is never deleted."""

    form = SeriesForm
    list_display = ("code", "kind_badge", "prefix", "width", "given", "next_number")
    list_filter = (("kind", ChoicesDropdownFilter),)
    ordering = ("kind", "code")
    empty_title = "No series has been used yet"
    empty_text = (
        "The series main is made with the first invoice. Add it here to begin with a prefix of "
        "your own, or others to number branches apart."
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        organization = getattr(request, "organization", None)
        rows = super().get_queryset(request)
        if organization is None:
            return rows
        return list_series(organization).select_related("organization")

    def get_fields(self, request: HttpRequest, obj: NumberSeries | None = None) -> Any:
        fields = ["kind", "code", "prefix", "width"]
        return [*fields, "given", "next_number"] if obj else fields

    def get_fieldsets(self, request: HttpRequest, obj: NumberSeries | None = None) -> Any:
        return [(None, {"fields": self.get_fields(request, obj)})]

    def get_readonly_fields(self, request: HttpRequest, obj: NumberSeries | None = None) -> Any:
        return ("kind", "code", "given", "next_number") if obj else ()

    @display(description="For", ordering="kind", label=KIND_LABELS)
    def kind_badge(self, row: NumberSeries) -> str:
        return str(row.get_kind_display())

    @display(description="Given so far", empty_value="none")
    def given(self, row: NumberSeries) -> str | None:
        told = [f"{one.last_number:,} in {one.fiscal_year}" for one in row.counters.all()]
        return ", ".join(told) or None

    @display(description="Next number today")
    def next_number(self, row: NumberSeries) -> str:
        return next_number_of(row, row.organization)

    def create(self, request: HttpRequest, form: Any) -> NumberSeries:
        series = create_series(actor=actor_of(request), **form.cleaned_data)
        warn_of_next_year(request, series)
        return series

    def update(self, request: HttpRequest, row: NumberSeries, form: Any) -> NumberSeries:
        series = change_series(actor=actor_of(request), series=row, **form.given("prefix", "width"))
        warn_of_next_year(request, series)
        return series


def warn_of_next_year(request: HttpRequest, series: NumberSeries) -> None:
    """Say that a prefix which is the same every year has the numbers of a year only."""
    if "{year}" in series.prefix or "{yy}" in series.prefix:
        return
    messages.warning(
        request,
        f"The series {series.code} has neither {{year}} nor {{yy}} in its prefix. Each fiscal year "
        "starts at 1, so the first document of the next year is refused until the prefix is "
        "changed.",
    )


def next_number_of(series: NumberSeries, organization: Organization) -> str:
    """What the next document of today will be called, if nobody else issues one before."""
    year = fiscal_year_of(organization.today(), organization.fiscal_year_start_month).year
    given = {one.fiscal_year: one.last_number for one in series.counters.all()}
    sequence = str(given.get(year, 0) + 1).zfill(series.width)
    prefix = series.prefix.replace("{year}", f"{year:04}").replace("{yy}", f"{year % 100:02}")
    return prefix + sequence
