"""A head and its rows of items, as one page shows and sends them."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse

from core.errors import Refusal
from core.forms import DateInput, PageForm, dress
from invoicing.admin.countries import country_choices
from invoicing.admin.customer_choice import CustomerField
from invoicing.admin.documents import sent
from invoicing.admin.item_forms import EXPONENTS, Offer, currency_sent, initial_rows, item_rows
from invoicing.models import DocumentKind, OrderItem
from invoicing.selectors.numbering import list_series
from invoicing.services.numbering import MAIN
from ledger.admin.accounts import CURRENCIES
from organizations.admin.once import page_name
from organizations.models import Organization


class OrderHead(PageForm):
    """To whom is sold, and in which currency the rows are written."""

    currency = forms.ChoiceField(choices=CURRENCIES)
    reference = forms.CharField(
        max_length=100, required=False, help_text="Your own name for it, taken once. May be empty."
    )

    def __init__(self, *args: Any, organization: Organization, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.put_first(
            "customer",
            CustomerField(
                organization=organization,
                required=False,
                help_text="Empty: a sale over the counter.",
            ),
        )

    def put_first(self, name: str, field: forms.Field) -> None:
        self.fields[name] = field
        self.order_fields([name])
        dress(self)


class CreditNoteHead(OrderHead):
    """Who gets the credit, why, and where the taxes are those of."""

    reason = forms.CharField(
        max_length=500, widget=forms.TextInput, help_text="Printed on the credit note."
    )
    country = forms.ChoiceField(
        choices=lambda: country_choices("As the customer, or else the organization"),
        required=False,
        help_text="Whose taxes are given back, for rows that say “By place”.",
    )
    region = forms.CharField(max_length=20, required=False)
    on = forms.DateField(
        label="Issued on", required=False, widget=DateInput, help_text="Empty: today."
    )
    taxed_on = forms.DateField(
        label="Taxed as on",
        required=False,
        widget=DateInput,
        help_text="The day whose rates hold: that of the sale. Empty: the day of the issue.",
    )

    def __init__(self, *args: Any, organization: Organization, **kwargs: Any) -> None:
        super().__init__(*args, organization=organization, **kwargs)
        add_series(self, organization, DocumentKind.CREDIT_NOTE)


def add_series(form: PageForm, organization: Organization, kind: str) -> None:
    """Ask for the series of numbers, where there is more than one."""
    codes = [series.code for series in list_series(organization, kind=kind)]
    if not [code for code in codes if code != MAIN]:
        return
    choices = [(code, code) for code in dict.fromkeys((MAIN, *codes))]
    field = forms.ChoiceField(label="Number series", choices=choices, initial=MAIN)
    form.fields["series"] = field
    dress(form)


class Sheet:
    """Head and rows together."""

    def __init__(
        self,
        request: HttpRequest,
        organization: Organization,
        head: type[OrderHead],
        *,
        initial: dict[str, Any],
        items: Iterable[OrderItem] = (),
    ) -> None:
        data = sent(request)
        items = list(items)
        currency = initial["currency"]
        self.request = request
        self.offer = Offer.of(
            organization, [code for item in items for code in item.tax_codes or ()]
        )
        self.head = head(data, organization=organization, initial=initial)
        self.rows: Any = item_rows(
            self.offer, currency_sent(data, currency), data, initial_rows(items, currency)
        )
        if data is not None and "_rows" in data:
            self.rows = self.rows.with_more(data, self.offer)

    def is_complete(self) -> bool:
        """Whether it was sent to be written, and can be read."""
        if self.request.method != "POST" or "_rows" in self.request.POST:
            return False
        return all([self.head.is_valid(), self.rows.is_valid()])

    def refuse(self, refusal: Refusal) -> None:
        """Say what a service had against it: at the row, at the field, or above."""
        if not self.rows.refuse(refusal):
            self.head.refuse(refusal)

    def place(self) -> dict[str, Any]:
        """Country and region, where one is said: otherwise the service finds them."""
        given = self.head.cleaned_data
        return {name: given[name] or None for name in ("country", "region") if name in given}

    def render(self, admin: Any, title: str, **context: Any) -> HttpResponse:
        page: HttpResponse = admin.render_page(
            self.request,
            "admin/invoicing/sheet.html",
            title,
            head=self.head,
            rows=self.rows,
            accounts=self.offer.accounts.choices,
            exponents=EXPONENTS,
            once=page_name(self.request),
            **context,
        )
        return page
