"""Refunds of sales over HTTP."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from core.api.answers import json_answer, moment
from core.api.schema import asked
from core.api.serializers import Day, MinorUnits, StrictSerializer, Text
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
from settlements.api.views import SettlementsView
from settlements.fees import FeeOnRefund
from settlements.item_rules import MOST_REASON, MOST_REFERENCE
from settlements.models import Refund
from settlements.selectors.items import get_refund, get_sale, list_refunds
from settlements.services.refunds import record_refund

TAG = "Sales"

REFUND_EXAMPLE = {
    "reference": "refund-48291",
    "refunded_on": "2026-03-12",
    "amount": 55_00,
    "fee": "return",
    "reason": "One of two could not come",
}

_FEES = [
    (FeeOnRefund.KEEP.value, "The platform keeps it"),
    (FeeOnRefund.RETURN.value, "The platform gives it back"),
]


class SaleRefundInput(StrictSerializer):
    reference = Reference()
    refunded_on = Day()
    amount = MinorUnits(
        required=False, help_text="Minor units; without it all that is left to refund."
    )
    fee = serializers.ChoiceField(
        _FEES,
        required=False,
        help_text="What becomes of the platform's fee in it: `return`, unless given, gives it "
        "back. With `keep` the organizer bears it, or the buyer, who bore it in the price.",
    )
    reason = Text(required=False, allow_blank=True, max_length=MOST_REASON)


class SaleRefundOutput(ItemOutput):
    """What the buyer got back; `amount` is the sum of its parts."""

    sale = serializers.UUIDField()
    sale_reference = serializers.CharField()
    refunded_on = serializers.DateField()
    method = serializers.ChoiceField(PaymentMethod.choices)
    amount = serializers.IntegerField()
    ticket_revenue = serializers.IntegerField()
    platform_fee = serializers.IntegerField(help_text="What the platform gives back.")
    tax_amount = serializers.IntegerField()
    organizer_amount = serializers.IntegerField(help_text="What the payee bears, in all.")
    kept_fee_amount = serializers.IntegerField(
        help_text="What of it is the fee that the platform keeps."
    )
    reason = serializers.CharField(allow_blank=True)


class SaleRefundPage(serializers.Serializer[Any]):
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = SaleRefundOutput(many=True)


class SaleRefundFilters(ItemFilters):
    sale = serializers.CharField(
        required=False, max_length=MOST_REFERENCE, help_text="Only this sale's: id or reference."
    )


_OF_A_REFUND = (
    "refunded_on",
    "method",
    "amount",
    "ticket_revenue",
    "platform_fee",
    "tax_amount",
    "organizer_amount",
    "kept_fee_amount",
    "reason",
)


def refund_as_json(refund: Refund) -> dict[str, Any]:
    return {
        **item_as_json(refund),
        "sale": refund.sale_id,
        "sale_reference": refund.sale.reference,
        **{name: getattr(refund, name) for name in _OF_A_REFUND},
        "created_at": moment(refund.created_at),
    }


class RefundList(ItemsView):
    tag = TAG
    access = {"GET": access(READ, "settlements.view_refund")}

    @extend_schema(
        operation_id="list_sale_refunds", parameters=[SaleRefundFilters], responses=SaleRefundPage
    )
    def get(self, request: HttpRequest) -> HttpResponse:
        """List refunds of sales, the latest first.

        `from` and `to` bound the day of the refund, both included. Filters are combined.
        """
        given = self.query(SaleRefundFilters)
        filters = self.filters(given)
        if "sale" in given:
            filters["sale"] = get_sale(self.organization, given["sale"])
        rows = list_refunds(self.organization, **filters)
        page = self.page(request, rows, given, "-refunded_on")
        return json_answer(page.as_json([refund_as_json(row) for row in page.rows]))


class SaleRefunds(SettlementsView):
    tag = TAG
    said_as = {"effective_on": "refunded_on"}
    access = {"POST": access(WRITE, "settlements.refund_sale")}

    @extend_schema(
        operation_id="refund_sale",
        request=SaleRefundInput,
        responses={200: SaleRefundOutput, 201: SaleRefundOutput},
        examples=[
            asked(REFUND_EXAMPLE),
            asked({**REFUND_EXAMPLE, "fee": "keep"}, "The platform keeps its fee"),
        ],
    )
    def post(self, request: HttpRequest, sale: str) -> HttpResponse:
        """Refund a sale, in part or all that is left of it.

        It is split as what is left of the sale is, and posted as the sale's mirror; the payee is
        owed so much less. The same refund again is answered with 200.
        """
        self.no_query()
        given = self.read(SaleRefundInput)
        found = get_sale(self.organization, sale)
        recorded = record_refund(actor=self.actor, sale=found, now=self.now, **given)
        refund = get_refund(self.organization, recorded.pk)
        return json_answer(refund_as_json(refund), status_of(recorded))
