"""Settlements' statements and payees' balances over HTTP."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from core.api.serializers import Day, StrictSerializer
from organizations.api.callers import access
from settlements.api import READ
from settlements.api.views import PayeeName, SettlementsView
from settlements.documents import render_html, render_pdf, statement_document
from settlements.exports import FORMATS, Report, export, file_name
from settlements.models import AdjustmentKind, PayoutStatus, SettlementStatus
from settlements.selectors.positions import payee_balances
from settlements.selectors.settlements import get_settlement
from settlements.selectors.statements import settlement_statement

Shape = serializers.Serializer[Any]


class StatementQuery(StrictSerializer):
    format = serializers.ChoiceField(
        ["json", "csv", "xlsx", "pdf", "html"],
        required=False,
        default="json",
        help_text="As JSON, as a file, or as a page. PDF and page are what the organizer gets.",
    )


class BalancesQuery(StrictSerializer):
    as_of = Day(required=False, help_text="At the end of that day; today, unless it is given.")
    payee = PayeeName(required=False, help_text="Only this payee's: code or id.")
    format = serializers.ChoiceField(
        ["json", "csv", "xlsx", "pdf"],
        required=False,
        default="json",
        help_text="As JSON, or as a file.",
    )


class StatementPayee(Shape):
    id = serializers.UUIDField()
    code = serializers.CharField()
    name = serializers.CharField()


class StatementPayout(Shape):
    """One attempt at paying."""

    attempt = serializers.IntegerField()
    end_to_end_id = serializers.CharField()
    status = serializers.ChoiceField(PayoutStatus.choices)
    amount = serializers.IntegerField()
    account_holder = serializers.CharField(allow_blank=True)
    iban = serializers.CharField(allow_blank=True)
    initiated_at = serializers.DateTimeField()
    paid_on = serializers.DateField(allow_null=True)
    failed_on = serializers.DateField(allow_null=True)
    failure_reason = serializers.CharField(allow_blank=True)
    failure_code = serializers.CharField(allow_blank=True)
    journal_entry = serializers.UUIDField(allow_null=True)
    return_journal_entry = serializers.UUIDField(allow_null=True)


class SettlementStatementLine(Shape):
    """A sale, refund or adjustment. Amounts are signed as they count for the payee:
    total = ticket revenue + platform fee + tax + amount."""

    kind = serializers.ChoiceField(["sale", "refund", *AdjustmentKind.values])
    id = serializers.UUIDField()
    occurred_on = serializers.DateField()
    reference = serializers.CharField()
    event = serializers.CharField(allow_null=True, help_text="The event's code.")
    sale = serializers.UUIDField(allow_null=True, help_text="Itself, or what was refunded.")
    sale_reference = serializers.CharField(allow_null=True)
    description = serializers.CharField(allow_blank=True)
    quantity = serializers.IntegerField()
    total_amount = serializers.IntegerField()
    ticket_revenue = serializers.IntegerField()
    platform_fee = serializers.IntegerField()
    tax_amount = serializers.IntegerField()
    amount = serializers.IntegerField(help_text="What it adds to the balance.")
    balance = serializers.IntegerField(help_text="After it.")
    journal_entry = serializers.UUIDField()
    entry_reference = serializers.CharField()


class SettlementStatementOutput(Shape):
    """opening + lines − payout = closing."""

    report = serializers.CharField()
    organization = serializers.CharField(help_text="The slug.")
    settlement = serializers.UUIDField()
    sequence = serializers.IntegerField()
    payee = StatementPayee()
    through = serializers.DateField()
    due_on = serializers.DateField()
    status = serializers.ChoiceField(SettlementStatus.choices)
    currency = serializers.CharField()
    ties = serializers.BooleanField(help_text="Whether its lines lead to the closing balance.")
    opening_amount = serializers.IntegerField(help_text="Carried forward, and in reserve.")
    reserve_before_amount = serializers.IntegerField()
    carried_forward_amount = serializers.IntegerField()
    sales_amount = serializers.IntegerField()
    refunds_amount = serializers.IntegerField()
    adjustments_amount = serializers.IntegerField()
    reserve_held_amount = serializers.IntegerField()
    reserve_released_amount = serializers.IntegerField()
    total_amount = serializers.IntegerField()
    payout_amount = serializers.IntegerField(help_text="The total, where it is above zero.")
    reserve_after_amount = serializers.IntegerField()
    carried_on_amount = serializers.IntegerField(help_text="To the next settlement.")
    closing_amount = serializers.IntegerField()
    line_count = serializers.IntegerField()
    payouts = StatementPayout(many=True)
    lines = SettlementStatementLine(many=True)


class PositionOutput(Shape):
    """What a payee is owed, by what becomes of it."""

    payee = serializers.UUIDField()
    code = serializers.CharField()
    name = serializers.CharField()
    unsettled_amount = serializers.IntegerField()
    reserve_amount = serializers.IntegerField()
    carried_forward_amount = serializers.IntegerField()
    awaiting_payout_amount = serializers.IntegerField(help_text="Settled, and not paid.")
    open_amount = serializers.IntegerField(help_text="The four together.")
    ledger_amount = serializers.IntegerField(help_text="The same by the payee's entries.")
    ties = serializers.BooleanField()


class BalancesPart(Shape):
    currency = serializers.CharField()
    rows = PositionOutput(many=True)
    total_open_amount = serializers.IntegerField()
    total_ledger_amount = serializers.IntegerField()
    ties = serializers.BooleanField()


class BalancesOutput(Shape):
    """What organizers were owed at the end of a day."""

    report = serializers.CharField()
    organization = serializers.CharField(help_text="The slug.")
    as_of = serializers.DateField()
    ties = serializers.BooleanField(help_text="Whether ledger and items agree, payee by payee.")
    currencies = BalancesPart(many=True)


def _responses(shape: Any, *formats: str) -> dict[Any, Any]:
    media_types = [FORMATS[form].content_type.partition(";")[0] for form in formats]
    files = {(200, media_type): OpenApiTypes.BINARY for media_type in media_types}
    return {(200, "application/json"): shape, **files}


class ReportView(SettlementsView):
    names_rows = True
    refuses_reads = True

    def report_answer(self, report: Report, form: str) -> HttpResponseBase:
        """As JSON, or as a file."""
        return StreamingHttpResponse(
            export(report, form, printed_by=self.actor.name, now=self.now),
            content_type=FORMATS[form].content_type,
            headers=_saved_as(report, form) if form != "json" else None,
        )


def _saved_as(report: Report, form: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{file_name(report, form)}"'}


class SettlementStatementFile(ReportView):
    tag = "Settlements"
    access = {"GET": access(READ, "settlements.view_settlement")}

    @extend_schema(
        operation_id="get_settlement_statement",
        parameters=[StatementQuery],
        responses={
            **_responses(SettlementStatementOutput, "csv", "xlsx", "pdf"),
            (200, "text/html"): OpenApiTypes.STR,
        },
    )
    def get(self, request: HttpRequest, id: UUID) -> HttpResponseBase:
        """Read a settlement's statement, from its opening to its closing balance.

        Every line names its sale and its journal entry. The balance is what is carried forward and
        what is held in reserve; PDF and page take up to 10,000 lines.
        """
        form = self.query(StatementQuery)["format"]
        statement = settlement_statement(self.organization, get_settlement(self.organization, id))
        if form == "html":
            page = render_html(statement_document(statement, form))
            return HttpResponse(page, content_type="text/html; charset=utf-8")
        if form == "pdf":
            return HttpResponse(
                render_pdf(statement_document(statement, form)),
                content_type="application/pdf",
                headers=_saved_as(statement, form),
            )
        return self.report_answer(statement, form)


class PayeeBalances(ReportView):
    tag = "Payees"
    access = {"GET": access(READ, "settlements.view_settlement")}

    @extend_schema(
        operation_id="get_payee_balances",
        parameters=[BalancesQuery],
        responses=_responses(BalancesOutput, "csv", "xlsx", "pdf"),
    )
    def get(self, request: HttpRequest) -> HttpResponseBase:
        """Read what each payee was owed at the end of a day, by what becomes of it.

        Unsettled, held in reserve, carried forward, settled and not paid; and what the ledger says
        of the payee's entries: `ties`.
        """
        given: dict[str, Any] = self.query(BalancesQuery)
        balances = payee_balances(
            self.organization,
            as_of=given.get("as_of", self.today),
            payee=self.payee_named(given.get("payee")),
        )
        return self.report_answer(balances, given["format"])
