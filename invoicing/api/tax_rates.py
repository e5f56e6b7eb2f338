"""Tax rates over HTTP."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from core.api.answers import json_answer
from core.api.schema import asked
from core.api.serializers import Day, Exact, Flag, Paged, StrictSerializer, Text
from core.api.views import empty_answer
from invoicing.api import READ, WRITE
from invoicing.api.answers import tax_rate_as_json
from invoicing.api.views import InvoicingView
from invoicing.models import TaxCategory
from invoicing.selectors.tax_rates import get_tax_rate, list_tax_rates
from invoicing.services.tax_rates import change_tax_rate, create_tax_rate, delete_tax_rate
from organizations.api.callers import access

TAG = "Tax rates"

RATE_EXAMPLE = {"code": "GB-S", "name": "VAT", "percentage": "17.5", "country": "GB"}


class TaxRateInput(StrictSerializer):
    """A rate. What was locked with an earlier version of it keeps that version."""

    code = Text(max_length=50, help_text="Letters, digits and `.:-_`; unique.")
    name = Text(max_length=100, help_text="As documents show it.")
    percentage = Exact(help_text="17.5 means 17.5 %; up to five decimals, as text or as a number.")
    country = Text(
        required=False, allow_blank=True, max_length=60, help_text="ISO 3166; empty: everywhere."
    )
    region = Text(
        required=False, allow_blank=True, max_length=20, help_text="Empty: the whole country."
    )
    inclusive = Flag(required=False, help_text="Prices contain this tax.")
    compound = Flag(required=False, help_text="Charged on the net and the taxes before it.")
    category = serializers.ChoiceField(
        TaxCategory.choices,
        required=False,
        help_text="EN 16931's. Without it `standard` above 0 %, and `zero` at 0 %.",
    )
    valid_from = Day(required=False, allow_null=True, help_text="The first day.")
    valid_to = Day(required=False, allow_null=True, help_text="The last day.")
    active = Flag(required=False)


class TaxRatePatch(TaxRateInput):
    """What changes; the rest stays."""


class TaxRateOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    code = serializers.CharField()
    name = serializers.CharField()
    percentage = serializers.CharField(help_text='As text, so that it is exact: "17.5".')
    country = serializers.CharField(allow_blank=True)
    region = serializers.CharField(allow_blank=True)
    inclusive = serializers.BooleanField()
    compound = serializers.BooleanField()
    category = serializers.ChoiceField(TaxCategory.choices)
    valid_from = serializers.DateField(allow_null=True)
    valid_to = serializers.DateField(allow_null=True)
    active = serializers.BooleanField()


class TaxRatePage(serializers.Serializer[Any]):
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = TaxRateOutput(many=True)


class TaxRateFilters(Paged):
    active = serializers.BooleanField(required=False, help_text="Only those that are, or are not.")
    country = serializers.CharField(
        required=False, max_length=60, help_text="Only this country's: ISO 3166."
    )


class TaxRateView(InvoicingView):
    tag = TAG


class TaxRateList(TaxRateView):
    access = {
        "GET": access(READ, "invoicing.view_taxrate"),
        "POST": access(WRITE, "invoicing.add_taxrate"),
    }

    @extend_schema(
        operation_id="list_tax_rates", parameters=[TaxRateFilters], responses=TaxRatePage
    )
    def get(self, request: HttpRequest) -> HttpResponse:
        """List tax rates, by code.

        Those that apply to an order are chosen by its country and region when it is locked,
        unless its items name theirs.
        """
        given = self.query(TaxRateFilters)
        rows = list_tax_rates(
            self.organization, active=given.get("active"), country=given.get("country")
        )
        page = self.page(request, rows, given, "code")
        return json_answer(page.as_json([tax_rate_as_json(rate) for rate in page.rows]))

    @extend_schema(
        operation_id="create_tax_rate",
        request=TaxRateInput,
        responses={201: TaxRateOutput},
        examples=[
            asked(RATE_EXAMPLE),
            asked(
                {
                    "code": "CA-QC-QST",
                    "name": "QST",
                    "percentage": "9.975",
                    "country": "CA",
                    "region": "QC",
                    "compound": True,
                },
                "Compound",
            ),
        ],
    )
    def post(self, request: HttpRequest) -> HttpResponse:
        """Create a tax rate."""
        self.no_query()
        rate = create_tax_rate(actor=self.actor, **self.read(TaxRateInput))
        return json_answer(tax_rate_as_json(rate), 201)


class TaxRateDetail(TaxRateView):
    access = {
        "GET": access(READ, "invoicing.view_taxrate"),
        "PATCH": access(WRITE, "invoicing.change_taxrate"),
        "DELETE": access(WRITE, "invoicing.delete_taxrate"),
    }

    @extend_schema(operation_id="get_tax_rate", responses=TaxRateOutput)
    def get(self, request: HttpRequest, tax_rate: str) -> HttpResponse:
        """Read a tax rate."""
        self.no_query()
        return json_answer(tax_rate_as_json(get_tax_rate(self.organization, tax_rate)))

    @extend_schema(
        operation_id="change_tax_rate",
        request=TaxRatePatch,
        responses=TaxRateOutput,
        examples=[
            asked({"valid_to": "2011-01-03"}),
            asked({"active": False}, "Not for anything new"),
        ],
    )
    def patch(self, request: HttpRequest, tax_rate: str) -> HttpResponse:
        """Change a tax rate.

        Nothing that is locked changes with it: orders and invoices keep what they were taxed with.
        """
        self.no_query()
        changes = self.read(TaxRatePatch, partial=True)
        found = get_tax_rate(self.organization, tax_rate)
        return json_answer(
            tax_rate_as_json(change_tax_rate(actor=self.actor, tax_rate=found, **changes))
        )

    @extend_schema(operation_id="delete_tax_rate", request=None, responses={204: None})
    def delete(self, request: HttpRequest, tax_rate: str) -> HttpResponse:
        """Delete a tax rate.

        Nothing that is locked changes with it.
        """
        self.no_query()
        self.read(StrictSerializer)
        delete_tax_rate(actor=self.actor, tax_rate=get_tax_rate(self.organization, tax_rate))
        return empty_answer()
