"""The cashbook over HTTP."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, time
from typing import Any, ClassVar
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from core.api.answers import json_answer, moment
from core.api.pagination import page_of
from core.api.schema import answered, asked
from core.api.serializers import (
    CurrencyCode,
    Day,
    MinorUnits,
    Moment,
    Paged,
    Span,
    StrictSerializer,
    Text,
)
from core.errors import Refusal
from ledger.api import READ, WRITE
from ledger.models import CashEntry, CashKind
from ledger.selectors.cashbook import cash_metrics, get_cash_entry, list_cash_entries
from ledger.services.cashbook import record_cash_entry, settle_debt
from organizations.api.callers import access
from organizations.api.views import OrganizationView
from organizations.selectors import get_member

TAG = "Cashbook"


class CashEntryInput(StrictSerializer):
    """One movement; without a user, the organization's own."""

    kind = serializers.ChoiceField(CashKind.choices)
    amount = MinorUnits(
        help_text="Signed minor units: positive is money in, or owed to us. Revenue is positive, "
        "an expense negative."
    )
    currency = CurrencyCode()
    occurred_at = Moment(required=False, help_text="Now, unless it is given.")
    user = serializers.UUIDField(required=False, allow_null=True, help_text="A member's id.")
    memo = Text(required=False, allow_blank=True, max_length=1000)


class SettleInput(StrictSerializer):
    settled_at = Moment(required=False, help_text="Now, unless it is given.")


class CashEntryOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(CashKind.choices)
    amount = serializers.IntegerField(help_text="Signed minor units.")
    currency = serializers.CharField()
    occurred_at = serializers.DateTimeField()
    settled_at = serializers.DateTimeField(allow_null=True)
    settled_by = serializers.UUIDField(allow_null=True, help_text="The payment of a debt.")
    user = serializers.UUIDField(allow_null=True)
    memo = serializers.CharField(allow_blank=True)
    journal_entry = serializers.UUIDField(help_text="The entry that backs it.")


class CashEntryPage(serializers.Serializer[Any]):
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = CashEntryOutput(many=True)


class CashFilters(Paged, Span):
    kind = serializers.ChoiceField(CashKind.choices, required=False, help_text="Only this kind.")
    user = serializers.UUIDField(required=False, help_text="Only this member's.")
    settled = serializers.BooleanField(required=False, help_text="Of debts: settled or not.")


class MetricsQuery(StrictSerializer):
    user = serializers.UUIDField(required=False, help_text="That member's; else everybody's.")
    as_of = Day(required=False, help_text="At the end of that day; today, unless it is given.")


class CurrencyMetrics(serializers.Serializer[Any]):
    currency = serializers.CharField()
    current_balance = serializers.IntegerField(help_text="All entries but debts.")
    loan_balance = serializers.IntegerField(help_text="Unsettled debts.")
    mtd_revenue = serializers.IntegerField(help_text="The revenue of the month so far.")


class MetricsOutput(serializers.Serializer[Any]):
    as_of = serializers.DateField()
    user = serializers.UUIDField(allow_null=True)
    currencies = CurrencyMetrics(many=True)


def _as_json(entry: CashEntry) -> dict[str, Any]:
    return {
        "id": entry.pk,
        "kind": str(entry.kind),
        "amount": entry.amount,
        "currency": entry.currency,
        "occurred_at": moment(entry.occurred_at),
        "settled_at": moment(entry.settled_at),
        "settled_by": entry.settled_by_id,
        "user": entry.user_id,
        "memo": entry.memo,
        "journal_entry": entry.entry_id,
    }


class CashView(OrganizationView):
    """Names the body's own field where the posting behind it is refused."""

    tag = TAG
    # What the body calls the attributes of a journal entry; it has none of the others.
    said_as: ClassVar[Mapping[str, str]] = {}

    def refused(self, refusal: Refusal) -> HttpResponse:
        if refusal.attr in ("effective_on", "lines"):
            refusal.attr = self.said_as.get(refusal.attr)
        return super().refused(refusal)


class CashEntries(CashView):
    said_as = {"effective_on": "occurred_at"}
    names_rows = True
    access = {
        "GET": access(READ, "ledger.view_cashentry"),
        "POST": access(WRITE, "ledger.add_cashentry"),
    }

    @extend_schema(
        operation_id="list_cash_entries", parameters=[CashFilters], responses=CashEntryPage
    )
    def get(self, request: HttpRequest) -> HttpResponse:
        """List cash entries, the latest first.

        `from` and `to` are days in the organization's time zone, both included.
        """
        given = self.query(CashFilters)
        cursor, page_size = given.pop("cursor", None), given.pop("page_size")
        if "user" in given:
            given["user"] = get_member(self.organization, given["user"]).user
        zone = ZoneInfo(self.organization.time_zone)
        if "since" in given:
            given["since"] = datetime.combine(given["since"], time.min, zone)
        if "until" in given:
            given["until"] = datetime.combine(given["until"], time.max, zone)
        page = page_of(
            request,
            list_cash_entries(self.organization, **given),
            ordering="-occurred_at",
            page_size=page_size,
            cursor=cursor,
        )
        return json_answer(page.as_json([_as_json(entry) for entry in page.rows]))

    @extend_schema(
        operation_id="record_cash_entry",
        request=CashEntryInput,
        responses={201: CashEntryOutput},
        examples=[asked({"kind": "REVENUE", "amount": 12500, "currency": "GBP", "memo": "Stall"})],
    )
    def post(self, request: HttpRequest) -> HttpResponse:
        """Record a cash entry.

        It is backed by a balanced journal entry, and never changes.
        """
        self.no_query()
        given = self.read(CashEntryInput)
        entry = record_cash_entry(actor=self.actor, now=self.now, **given)
        return json_answer(_as_json(entry), 201)


class SettleCashEntry(CashView):
    said_as = {"effective_on": "settled_at"}
    access = {"POST": access(WRITE, "ledger.change_cashentry")}

    @extend_schema(
        operation_id="settle_debt",
        request=SettleInput,
        responses={200: CashEntryOutput},
        examples=[asked({"settled_at": "2010-12-31T12:00:00Z"})],
    )
    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:
        """Settle a debt.

        Records the payment that clears it, once and for all; the answer is the debt, and
        `settled_by` its payment.
        """
        self.no_query()
        given = self.read(SettleInput)
        debt = settle_debt(
            actor=self.actor,
            cash_entry=get_cash_entry(self.organization, id),
            settled_at=given.get("settled_at"),
            now=self.now,
        )
        return json_answer(_as_json(debt))


class CashMetrics(OrganizationView):
    tag = TAG
    names_rows = True
    access = {"GET": access(READ, "ledger.view_cashentry")}

    @extend_schema(
        operation_id="get_cash_metrics",
        parameters=[MetricsQuery],
        responses=MetricsOutput,
        examples=[
            answered(
                {
                    "as_of": "2010-12-31",
                    "user": None,
                    "currencies": [
                        {
                            "currency": "GBP",
                            "current_balance": 12500,
                            "loan_balance": 0,
                            "mtd_revenue": 12500,
                        }
                    ],
                }
            )
        ],
    )
    def get(self, request: HttpRequest) -> HttpResponse:
        """Read the cash metrics per currency."""
        given = self.query(MetricsQuery)
        as_of = given.get("as_of") or self.today
        user = given.get("user")
        if user is not None:
            get_member(self.organization, user)
        metrics = cash_metrics(self.organization, user=user, as_of=as_of)
        currencies = [{"currency": name, **asdict(found)} for name, found in metrics.items()]
        return json_answer({"as_of": as_of, "user": user, "currencies": currencies})
