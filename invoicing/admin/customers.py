"""Customers: who they are, what they owe, and everything of theirs one click away."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import URLPattern, path, reverse
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from core.admin import BooksChangeList, BooksForm
from core.forms import dress
from invoicing.admin.countries import country_choices
from invoicing.admin.customer_choice import offered, text_of
from invoicing.admin.figures import BADGES, figure, page_of, per_currency, place
from invoicing.admin.filters import ActiveFilter, CountryFilter
from invoicing.models import Customer, Invoice, InvoiceStatus
from invoicing.selectors.balances import Balance, open_balances
from invoicing.services.customers import change_customer, create_customer, delete_customer
from organizations.admin.base import AuditedAdmin, actor_of, organization_of

MOST_RECENT = 8


class CustomerForm(BooksForm):
    country = forms.ChoiceField(
        choices=lambda: country_choices("Not said"),
        required=False,
        help_text="Decides which taxes their orders are charged with.",
    )

    class Meta:
        model = Customer
        fields = (
            "name",
            "code",
            "email",
            "phone",
            "address",
            "postcode",
            "city",
            "region",
            "tax_id",
            "payment_terms_days",
            "active",
        )
        widgets = {"address": forms.Textarea(attrs={"rows": 2})}
        labels = {"payment_terms_days": "Payment terms (days)"}
        help_texts = {
            "code": "Short, and taken once: by it you find them again. Letters, digits and . : _ -",
            "region": "Such as CA-BC or BC, where taxes differ by region.",
            "active": "Something new can be sold to them.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        dress(self)

    def _post_clean(self) -> None:
        """The services check a customer, and say what is wrong in words."""


class CustomerChangeList(BooksChangeList):
    """Knows what the customers of one page owe, by two statements for all of them."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        organization = organization_of(request)
        page: Any = self
        rows: list[Any] = list(page.result_list)
        owed = open_balances(organization, [row.pk for row in rows], today=organization.today())
        for row in rows:
            row.balances = owed.get(row.pk, [])
        page.result_list = rows


@admin.register(Customer)
class CustomerAdmin(AuditedAdmin[Customer]):
    """Those to whom is sold; whoever has documents stays, and is made inactive instead."""

    form = CustomerForm
    list_display = ("name", "code", "where", "tax_id", "active", "open_shown")
    list_filter = (ActiveFilter, CountryFilter)
    search_fields = ("name", "code", "email", "tax_id")
    search_help_text = "Name, code, email or VAT id"
    ordering = ("name", "id")
    empty_title = "There are no customers yet"
    empty_text = "Add whom you sell to on account. Sales over the counter need none."
    remove_text = "Only somebody without orders and documents can be deleted."
    change_form_outer_before_template = "admin/invoicing/customer/summary.html"
    change_form_outer_after_template = "admin/invoicing/customer/recent.html"
    actions_detail = ("new_order", "orders", "invoices", "statement", "ageing")

    def get_fieldsets(self, request: HttpRequest, obj: Customer | None = None) -> Any:
        # Whoever is new is active.
        state = ("payment_terms_days", "active") if obj else ("payment_terms_days",)
        return (
            (None, {"fields": (("name", "code"), ("email", "phone"))}),
            (
                "Address",
                {"fields": ("address", ("postcode", "city"), ("region", "country"))},
            ),
            ("Invoicing", {"fields": ("tax_id", *state)}),
        )

    # --- the list ---------------------------------------------------------------------------------

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[BooksChangeList]:
        return CustomerChangeList

    @display(description="Where", ordering="city")
    def where(self, row: Customer) -> str:
        return ", ".join(part for part in (row.city, place(row.country, row.region)) if part)

    @display(description="Open")
    def open_shown(self, row: Any) -> str:
        balances: Sequence[Balance] = row.balances
        return per_currency((balance.currency, balance.open_amount) for balance in balances)

    # --- one customer -----------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        own = path(
            "suggest/",
            self.admin_site.admin_view(self.suggest_view),
            name="invoicing_customer_suggest",
        )
        return [own, *super().get_urls()]

    def suggest_view(self, request: HttpRequest) -> HttpResponse:
        """Whom the letters typed so far may mean."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        typed = request.GET.get("q", "")[:200].replace("\x00", "")
        return JsonResponse({"offered": offered(organization_of(request), typed)})

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        more = self.summary(request, object_id) if object_id and request.method == "GET" else {}
        return super().changeform_view(
            request, object_id, form_url, {**more, **(extra_context or {})}
        )

    def summary(self, request: HttpRequest, object_id: str) -> dict[str, Any]:
        """What they owe and the last invoices."""
        customer = self.get_row(request, object_id)
        organization = organization_of(request)
        today = organization.today()
        balances = open_balances(organization, [customer.pk], today=today).get(customer.pk, [])
        recent = (
            Invoice.objects.of(organization)
            .filter(customer_id=customer.pk)
            .order_by("-issued_on", "-id")[:MOST_RECENT]
        )
        return {
            "balances": [
                (
                    figure(balance.open_amount, balance.currency),
                    figure(balance.overdue_amount, balance.currency),
                    bool(balance.overdue_amount),
                )
                for balance in balances
            ],
            "recent": [
                {
                    "url": page_of("invoice", invoice.pk),
                    "number": invoice.number,
                    "issued_on": invoice.issued_on,
                    "due_on": invoice.due_on,
                    "is_overdue": invoice.open_amount > 0 and invoice.due_on < today,
                    "status": InvoiceStatus(invoice.status).label,
                    "badge": BADGES[invoice.status],
                    "total": figure(invoice.total_amount, invoice.currency),
                    "open": figure(invoice.open_amount, invoice.currency),
                }
                for invoice in recent
            ],
            "invoices_url": self.list_of(customer, "invoice"),
        }

    def list_of(self, customer: Customer, model: str) -> str:
        """The list of their documents of one kind."""
        page = reverse(f"admin:invoicing_{model}_changelist")
        return f"{page}?{urlencode({'customer': text_of(customer)})}"

    def has_new_order_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return self.has_permission_of(request, "invoicing.add_order")

    def has_statement_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return self.has_permission_of(request, "invoicing.view_statements")

    def offers(self, row: Customer, action: str) -> bool:
        return row.active or action != "new_order"

    @action(
        description="New order",
        icon="add_shopping_cart",
        variant=ActionVariant.PRIMARY,
        permissions=["new_order"],
    )
    def new_order(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self.get_row(request, object_id)
        query = urlencode({"customer": text_of(row)})
        return HttpResponseRedirect(f"{reverse('admin:invoicing_order_add')}?{query}")

    @action(description="Orders", icon="shopping_cart")
    def orders(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return HttpResponseRedirect(self.list_of(self.get_row(request, object_id), "order"))

    @action(description="Invoices", icon="receipt_long")
    def invoices(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return HttpResponseRedirect(self.list_of(self.get_row(request, object_id), "invoice"))

    @action(description="Statement", icon="summarize", permissions=["statement"])
    def statement(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self.get_row(request, object_id)
        return HttpResponseRedirect(reverse("admin:customer_statement", args=[row.pk]))

    @action(description="Ageing", icon="hourglass_bottom", permissions=["statement"])
    def ageing(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self.get_row(request, object_id)
        query = urlencode({"customer": text_of(row)})
        return HttpResponseRedirect(f"{reverse('admin:ageing')}?{query}")

    # --- writing ----------------------------------------------------------------------------------

    def create(self, request: HttpRequest, form: Any) -> Customer:
        return create_customer(actor=actor_of(request), **form.cleaned_data)

    def update(self, request: HttpRequest, row: Customer, form: Any) -> Customer:
        return change_customer(actor=actor_of(request), customer=row, **form.cleaned_data)

    def remove(self, request: HttpRequest, row: Customer) -> None:
        delete_customer(actor=actor_of(request), customer=row)
