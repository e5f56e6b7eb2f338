"""Customers over HTTP."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from core.api.answers import json_answer
from core.api.schema import asked
from core.api.serializers import Flag, Paged, StrictSerializer, Text, Whole
from core.api.views import empty_answer
from invoicing.api import READ, WRITE
from invoicing.api.answers import customer_as_json
from invoicing.api.views import InvoicingView
from invoicing.selectors.customers import get_customer, list_customers
from invoicing.services.customers import change_customer, create_customer, delete_customer
from organizations.api.callers import access

TAG = "Customers"

CUSTOMER_EXAMPLE = {
    "code": "17850",
    "name": "Lindqvist Ltd",
    "address": "1 Kings Road",
    "postcode": "SW3 4ND",
    "city": "London",
    "country": "GB",
    "email": "accounts@lindqvist.example",
}


class CustomerInput(StrictSerializer):
    """One who buys on account."""

    name = Text(max_length=200)
    code = Text(
        required=False,
        allow_blank=True,
        max_length=50,
        help_text="Letters, digits and `.:-_`; unique where it is given.",
    )
    email = Text(required=False, allow_blank=True, max_length=254)
    phone = Text(required=False, allow_blank=True, max_length=40)
    address = Text(
        required=False, allow_blank=True, max_length=500, help_text="Street and number; with lines."
    )
    postcode = Text(required=False, allow_blank=True, max_length=20)
    city = Text(required=False, allow_blank=True, max_length=100)
    region = Text(required=False, allow_blank=True, max_length=20)
    country = Text(
        required=False,
        allow_blank=True,
        max_length=60,
        help_text="ISO 3166, such as GB. With the region it decides the tax rates of an order.",
    )
    tax_id = Text(
        required=False,
        allow_blank=True,
        max_length=40,
        help_text="The VAT id, checked by the rules of its country; the reverse charge needs it.",
    )
    payment_terms_days = Whole(
        required=False,
        allow_null=True,
        min_value=0,
        max_value=365,
        help_text="Null: as the organization's invoices say.",
    )
    metadata = serializers.DictField(required=False, help_text="An object of your own.")


class CustomerPatch(CustomerInput):
    """What changes; the rest stays."""

    active = Flag(required=False, help_text="false: nothing new is sold to them.")


class CustomerOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    code = serializers.CharField(allow_blank=True)
    name = serializers.CharField()
    email = serializers.CharField(allow_blank=True)
    phone = serializers.CharField(allow_blank=True)
    address = serializers.CharField(allow_blank=True)
    postcode = serializers.CharField(allow_blank=True)
    city = serializers.CharField(allow_blank=True)
    region = serializers.CharField(allow_blank=True)
    country = serializers.CharField(allow_blank=True)
    tax_id = serializers.CharField(allow_blank=True)
    payment_terms_days = serializers.IntegerField(allow_null=True)
    active = serializers.BooleanField()
    metadata = serializers.DictField()
    created_at = serializers.DateTimeField()


class CustomerPage(serializers.Serializer[Any]):
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = CustomerOutput(many=True)


class CustomerFilters(Paged):
    active = serializers.BooleanField(required=False, help_text="Only those that are, or are not.")
    search = serializers.CharField(
        required=False, max_length=200, help_text="A part of the name, code, e-mail or VAT id."
    )


class CustomerView(InvoicingView):
    tag = TAG


class CustomerList(CustomerView):
    access = {
        "GET": access(READ, "invoicing.view_customer"),
        "POST": access(WRITE, "invoicing.add_customer"),
    }

    @extend_schema(
        operation_id="list_customers", parameters=[CustomerFilters], responses=CustomerPage
    )
    def get(self, request: HttpRequest) -> HttpResponse:
        """List customers, by name.

        Filters are combined.
        """
        given = self.query(CustomerFilters)
        rows = list_customers(
            self.organization, active=given.get("active"), search=given.get("search")
        )
        page = self.page(request, rows, given, "name")
        return json_answer(page.as_json([customer_as_json(row) for row in page.rows]))

    @extend_schema(
        operation_id="create_customer",
        request=CustomerInput,
        responses={201: CustomerOutput},
        examples=[asked(CUSTOMER_EXAMPLE)],
    )
    def post(self, request: HttpRequest) -> HttpResponse:
        """Create a customer."""
        self.no_query()
        customer = create_customer(actor=self.actor, **self.read(CustomerInput))
        return json_answer(customer_as_json(customer), 201)


class CustomerDetail(CustomerView):
    access = {
        "GET": access(READ, "invoicing.view_customer"),
        "PATCH": access(WRITE, "invoicing.change_customer"),
        "DELETE": access(WRITE, "invoicing.delete_customer"),
    }

    @extend_schema(operation_id="get_customer", responses=CustomerOutput)
    def get(self, request: HttpRequest, customer: str) -> HttpResponse:
        """Read a customer."""
        self.no_query()
        return json_answer(customer_as_json(get_customer(self.organization, customer)))

    @extend_schema(
        operation_id="change_customer",
        request=CustomerPatch,
        responses=CustomerOutput,
        examples=[
            asked({"address": "2 Kings Road"}),
            asked({"active": False}, "Nothing new is sold to them"),
        ],
    )
    def patch(self, request: HttpRequest, customer: str) -> HttpResponse:
        """Change a customer.

        Issued documents keep the name and the address that they were issued with.
        """
        self.no_query()
        changes = self.read(CustomerPatch, partial=True)
        found = get_customer(self.organization, customer)
        return json_answer(
            customer_as_json(change_customer(actor=self.actor, customer=found, **changes))
        )

    @extend_schema(operation_id="delete_customer", request=None, responses={204: None})
    def delete(self, request: HttpRequest, customer: str) -> HttpResponse:
        """Delete a customer without orders and documents.

        One who has some stays; set `active` to false instead.
        """
        self.no_query()
        self.read(StrictSerializer)
        delete_customer(actor=self.actor, customer=get_customer(self.organization, customer))
        return empty_answer()
