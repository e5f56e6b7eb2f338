"""Adjustments over HTTP."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from core.api.answers import json_answer, moment
from core.api.schema import asked
from core.api.serializers import Day, MinorUnits, StrictSerializer, Text
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
from settlements.api.views import EventName, PayeeName
from settlements.item_rules import MOST_REASON
from settlements.models import Adjustment, AdjustmentKind
from settlements.selectors.items import get_adjustment, list_adjustments
from settlements.services.adjustments import record_adjustment

TAG = "Adjustments"

ADJUSTMENT_EXAMPLE = {
    "payee": "ana",
    "amount": -25_00,
    "reason": "Posters, as agreed",
    "adjusted_on": "2026-03-15",
    "reference": "posters-2026-03",
}


class AdjustmentInput(StrictSerializer):
    """What a payee is owed more, or less, and why."""

    payee = PayeeName()
    amount = MinorUnits(help_text="Minor units: above 0 the payee is owed more, below 0 less.")
    reason = Text(max_length=MOST_REASON, help_text="Stands on the payee's statement.")
    adjusted_on = Day(required=False, help_text="Today, unless it is given.")
    kind = serializers.ChoiceField(
        AdjustmentKind.choices,
        required=False,
        help_text="`adjustment`, unless given; a `fee` is below 0.",
    )
    reference = Reference(required=False)
    event = EventName(required=False, allow_null=True, help_text="One of the payee's: code or id.")
    account = Text(
        required=False,
        max_length=100,
        help_text="Which takes the other side, by code or id. Without it that with the role "
        "`platform_fees` for a fee, else `operating_expense` or `other_income`.",
    )


class AdjustmentOutput(ItemOutput):
    kind = serializers.ChoiceField(AdjustmentKind.choices)
    adjusted_on = serializers.DateField()
    amount = serializers.IntegerField()
    reason = serializers.CharField()
    account = serializers.CharField(help_text="The code of the account on the other side.")


class AdjustmentPage(serializers.Serializer[Any]):
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = AdjustmentOutput(many=True)


class AdjustmentFilters(ItemFilters):
    kind = serializers.ChoiceField(
        AdjustmentKind.choices, required=False, help_text="Only those of this kind."
    )


def adjustment_as_json(adjustment: Adjustment) -> dict[str, Any]:
    return {
        **item_as_json(adjustment),
        "kind": adjustment.kind,
        "adjusted_on": adjustment.adjusted_on,
        "amount": adjustment.amount,
        "reason": adjustment.reason,
        "account": adjustment.account.code,
        "created_at": moment(adjustment.created_at),
    }


class AdjustmentList(ItemsView):
    tag = TAG
    said_as = {"effective_on": "adjusted_on"}
    access = {
        "GET": access(READ, "settlements.view_adjustment"),
        "POST": access(WRITE, "settlements.add_adjustment"),
    }

    @extend_schema(
        operation_id="list_adjustments", parameters=[AdjustmentFilters], responses=AdjustmentPage
    )
    def get(self, request: HttpRequest) -> HttpResponse:
        """List adjustments, the latest first.

        `from` and `to` bound the day of the adjustment, both included. Filters are combined.
        """
        given = self.query(AdjustmentFilters)
        filters = self.filters(given)
        if "kind" in given:
            filters["kind"] = given["kind"]
        rows = list_adjustments(self.organization, **filters)
        page = self.page(request, rows, given, "-adjusted_on")
        return json_answer(page.as_json([adjustment_as_json(row) for row in page.rows]))

    @extend_schema(
        operation_id="record_adjustment",
        request=AdjustmentInput,
        responses={200: AdjustmentOutput, 201: AdjustmentOutput},
        examples=[asked(ADJUSTMENT_EXAMPLE)],
    )
    def post(self, request: HttpRequest) -> HttpResponse:
        """Adjust what a payee is owed, for a reason of its own.

        It is posted against another account, and taken in by the next settlement. The same
        adjustment again under its reference is answered with 200.
        """
        self.no_query()
        given = {"adjusted_on": self.today, **self.read(AdjustmentInput)}
        recorded = record_adjustment(actor=self.actor, now=self.now, **given)
        adjustment = get_adjustment(self.organization, recorded.pk)
        return json_answer(adjustment_as_json(adjustment), status_of(recorded))
