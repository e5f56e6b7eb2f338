"""Sales over HTTP."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from core.api.answers import json_answer, moment
from core.api.schema import asked
from core.api.serializers import CurrencyCode, Day, MinorUnits, StrictSerializer, Whole
from invoicing.models import PaymentMethod
from organizations.api.callers import access
from settlements.api import READ, WRITE
from settlements.api.items import (
    ItemFilters,
    ItemOutput,
    ItemsView,
    Reference,
    item_as_json,
    status_of,
)
from settlements.api.views import EventName, PayeeName, SettlementsView
from settlements.models import FeeBearer, Sale
from settlements.selectors.items import get_sale, list_sales
from settlements.services.sales import SaleDraft, record_sale

TAG = "Sales"

SALE_EXAMPLE = {
    "reference": "tickets-48291",
    "payee": "ana",
    "event": "spring-2026",
    "sold_on": "2026-03-10",
    "method": "card",
    "total_amount": 110_00,
    "platform_fee": 10_00,
    "organizer_amount": 100_00,
    "currency": "EUR",
    "quantity": 2,
    "metadata": {"seats": ["A1", "A2"]},
}
BY_POLICY_EXAMPLE = {
    "reference": "tickets-48292",
    "payee": "ana",
    "sold_on": "2026-03-10",
    "method": "mobile_money",
    "total_amount": 55_00,
    "currency": "EUR",
}


class RecordSaleInput(StrictSerializer):
    """What a buyer paid. The parts add up to the total."""

    reference = Reference()
    payee = PayeeName(help_text="For whom it was sold: the payee's code or id.")
    event = EventName(required=False, allow_null=True, help_text="One of the payee's: code or id.")
    sold_on = Day()
    method = serializers.ChoiceField(PaymentMethod.choices, help_text="How the buyer paid.")
    total_amount = MinorUnits(help_text="All that the buyer paid, in minor units.")
    ticket_revenue = MinorUnits(
        required=False, help_text="What of it are the platform's own tickets; 0 unless given."
    )
    platform_fee = MinorUnits(
        required=False,
        help_text="Without it, what the other parts leave; without `organizer_amount` as well, "
        "by the payee's fee policy.",
    )
    tax_amount = MinorUnits(required=False, help_text="Tax in it; 0 unless given.")
    organizer_amount = MinorUnits(
        required=False, help_text="What the payee is owed; without it, what the others leave."
    )
    currency = CurrencyCode(help_text="The payee's.")
    quantity = Whole(required=False, help_text="How many tickets; 1 unless given.")
    metadata = serializers.DictField(required=False, help_text="An object of your own.")


class SaleOutput(ItemOutput):
    sold_on = serializers.DateField()
    method = serializers.ChoiceField(PaymentMethod.choices)
    quantity = serializers.IntegerField()
    total_amount = serializers.IntegerField()
    ticket_revenue = serializers.IntegerField()
    platform_fee = serializers.IntegerField()
    tax_amount = serializers.IntegerField()
    organizer_amount = serializers.IntegerField()
    fee_borne_by = serializers.ChoiceField(
        FeeBearer.choices, help_text="By the payee's fee policy when it was sold."
    )
    refunded_amount = serializers.IntegerField(help_text="What has been given back of the total.")
    metadata = serializers.DictField()


class SalePage(serializers.Serializer[Any]):
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = SaleOutput(many=True)


_OF_A_SALE = (
    "sold_on",
    "method",
    "quantity",
    "total_amount",
    "ticket_revenue",
    "platform_fee",
    "tax_amount",
    "organizer_amount",
    "fee_borne_by",
    "refunded_amount",
    "metadata",
)


def sale_as_json(sale: Sale) -> dict[str, Any]:
    return {
        **item_as_json(sale),
        **{name: getattr(sale, name) for name in _OF_A_SALE},
        "created_at": moment(sale.created_at),
    }


class SaleList(ItemsView):
    tag = TAG
    said_as = {"effective_on": "sold_on"}
    access = {
        "GET": access(READ, "settlements.view_sale"),
        "POST": access(WRITE, "settlements.record_sale"),
    }

    @extend_schema(operation_id="list_sales", parameters=[ItemFilters], responses=SalePage)
    def get(self, request: HttpRequest) -> HttpResponse:
        """List sales, the latest first.

        `from` and `to` bound the day of the sale, both included. Filters are combined.
        """
        given = self.query(ItemFilters)
        rows = list_sales(self.organization, **self.filters(given))
        page = self.page(request, rows, given, "-sold_on")
        return json_answer(page.as_json([sale_as_json(row) for row in page.rows]))

    @extend_schema(
        operation_id="record_sale",
        request=RecordSaleInput,
        responses={200: SaleOutput, 201: SaleOutput},
        examples=[asked(SALE_EXAMPLE), asked(BY_POLICY_EXAMPLE, "Parts by the fee policy")],
    )
    def post(self, request: HttpRequest) -> HttpResponse:
        """Record a sale: it is posted, and the payee is owed their part.

        The method's account is debited with the total; ticket revenue, platform fees, tax and
        what the payee is owed are credited. The same sale again is answered with 200, anything
        else under its reference with 409.
        """
        self.no_query()
        draft = SaleDraft(**self.read(RecordSaleInput))
        recorded = record_sale(actor=self.actor, draft=draft, now=self.now)
        sale = get_sale(self.organization, recorded.pk)
        return json_answer(sale_as_json(sale), status_of(recorded))


class SaleDetail(SettlementsView):
    tag = TAG
    access = {"GET": access(READ, "settlements.view_sale")}

    @extend_schema(operation_id="get_sale", responses=SaleOutput)
    def get(self, request: HttpRequest, sale: str) -> HttpResponse:
        """Read a sale."""
        self.no_query()
        return json_answer(sale_as_json(get_sale(self.organization, sale)))
