"""Exchange rates, by which reports read the books in one currency."""

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils.html import format_html
from unfold.contrib.filters.admin import RangeDateFilter
from unfold.decorators import display

from core.admin import BooksForm
from core.forms import AmountInput, DateInput, dress
from ledger.admin.accounts import CURRENCIES
from ledger.models import ExchangeRate
from ledger.services.exchange import set_exchange_rate
from organizations.admin.base import AuditedAdmin, actor_of


class ExchangeRateForm(BooksForm):
    """A rate, digit by digit as it is written."""

    currency = forms.ChoiceField(label="One", choices=CURRENCIES)
    quote_currency = forms.ChoiceField(label="in", choices=CURRENCIES)
    rate = forms.DecimalField(
        label="is worth",
        max_digits=24,
        decimal_places=12,
        widget=AmountInput,
        help_text="Such as 1.1712. A rate that is there for that day is replaced.",
    )
    valid_on = forms.DateField(label="From", widget=DateInput)

    class Meta:
        model = ExchangeRate
        fields = ("source",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "quote_currency" in self.fields:
            self.initial.setdefault("quote_currency", self.request.organization.currency)
            self.initial.setdefault("valid_on", self.request.organization.today())
        dress(self)

    def _post_clean(self) -> None:
        """The service checks the rate; one of the same day is replaced by it."""


@admin.register(ExchangeRate)
class ExchangeRateAdmin(AuditedAdmin[ExchangeRate]):
    """A rate is set for a day, and set again to correct it."""

    form = ExchangeRateForm
    fields = ("currency", "quote_currency", "rate", "valid_on", "source")
    list_display = ("valid_on", "currency", "quote_currency", "source", "rate_shown")
    list_filter = (("valid_on", RangeDateFilter),)
    search_fields = ("currency", "quote_currency", "source")
    ordering = ("-valid_on", "currency", "quote_currency")
    empty_title = "There are no exchange rates"
    empty_text = "They are needed once a report is asked for in one currency for all."

    @display(description="Rate", ordering="rate")
    def rate_shown(self, row: ExchangeRate) -> str:
        return format_html('<span class="ch-figure">{}</span>', plain(row.rate))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def create(self, request: HttpRequest, form: Any) -> ExchangeRate:
        if not self.has_permission_of(request, "ledger.change_exchangerate"):
            raise PermissionDenied
        return set_exchange_rate(actor=actor_of(request), **form.cleaned_data)


def plain(rate: Decimal) -> str:
    """Without the zeros that the column's twelve decimals add."""
    return f"{rate.normalize():f}"
