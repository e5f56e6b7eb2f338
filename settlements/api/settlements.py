"""Settlements over HTTP: calculated, read, approved, paid, failed, tried again."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from drf_spectacular.utils import extend_schema

from core.api.answers import json_answer
from core.api.pagination import Cursor, page_by, read_cursor
from core.api.schema import asked
from organizations.api.callers import access
from settlements.api import READ, WRITE
from settlements.api.settlement_shapes import (
    CALCULATE_EXAMPLE,
    FAIL_EXAMPLE,
    MOST_LINES,
    PAY_EXAMPLE,
    ApproveInput,
    CalculateInput,
    FailInput,
    LinePages,
    PayInput,
    RetryInput,
    SettlementFilters,
    SettlementLinePage,
    SettlementOutput,
    SettlementPage,
    lines_as_json,
    settlement_as_json,
)
from settlements.api.views import SettlementsView
from settlements.models import Sale, Settlement
from settlements.selectors.payees import get_payee
from settlements.selectors.settlements import (
    SettlementLine,
    get_settlement,
    list_settlements,
    settlement_lines,
)
from settlements.services.settling import (
    approve_settlement,
    calculate_settlement,
    discard_settlement,
    fail_settlement,
    pay_settlement,
    retry_settlement,
)

TAG = "Settlements"


class SettlementView(SettlementsView):
    tag = TAG

    def answer_with(self, settlement: Settlement, status: int = 200) -> HttpResponse:
        """The settlement with its payouts and its first lines."""
        lines = settlement_lines(self.organization, settlement, most=MOST_LINES)
        content = {
            **settlement_as_json(settlement),
            "lines": lines_as_json(lines),
            "line_count": settlement.item_count,
        }
        return json_answer(content, status)


class SettlementList(SettlementView):
    names_rows = True
    access = {"GET": access(READ, "settlements.view_settlement")}

    @extend_schema(
        operation_id="list_settlements", parameters=[SettlementFilters], responses=SettlementPage
    )
    def get(self, request: HttpRequest) -> HttpResponse:
        """List settlements, the latest first.

        `from` and `to` bound the last day of the settlement, both included. Filters are combined.
        """
        given = self.query(SettlementFilters)
        names = ("status", "since", "until")
        filters: dict[str, Any] = {name: given[name] for name in names if name in given}
        if "payee" in given:
            filters["payee"] = get_payee(self.organization, given["payee"])
        page = self.page(request, list_settlements(self.organization, **filters), given, "-through")
        return json_answer(page.as_json([settlement_as_json(row) for row in page.rows]))


class SettlementCalculation(SettlementView):
    names_rows = True
    access = {"POST": access(WRITE, "settlements.calculate_settlement")}

    @extend_schema(
        operation_id="calculate_settlement",
        request=CalculateInput,
        responses={201: SettlementOutput},
        examples=[asked(CALCULATE_EXAMPLE)],
    )
    def post(self, request: HttpRequest) -> HttpResponse:
        """Settle what is open of a payee through a day.

        It takes in the sales, refunds and adjustments that no settlement has taken in yet, holds
        the reserve back and releases what was held long enough. What is to be paid waits for
        somebody else's approval; a total below zero is carried forward; one below the payee's
        minimum payout is refused, and the items wait.
        """
        self.no_query()
        given = self.read(CalculateInput)
        made = calculate_settlement(
            actor=self.actor,
            payee=self.payee_named(given["payee"]),
            through=given["through"],
            now=self.now,
        )
        return self.answer_with(get_settlement(self.organization, made.pk), 201)


class SettlementDetail(SettlementView):
    access = {
        "GET": access(READ, "settlements.view_settlement"),
        "DELETE": access(WRITE, "settlements.calculate_settlement"),
    }

    @extend_schema(operation_id="get_settlement", responses=SettlementOutput)
    def get(self, request: HttpRequest, id: UUID) -> HttpResponse:
        """Read a settlement with its payouts and its lines."""
        self.no_query()
        return self.answer_with(get_settlement(self.organization, id))

    @extend_schema(operation_id="discard_settlement", responses={204: None})
    def delete(self, request: HttpRequest, id: UUID) -> HttpResponse:
        """Discard a settlement that nobody has approved.

        Its items are open again. Only the payee's last one can be discarded.
        """
        self.no_query()
        found = get_settlement(self.organization, id)
        discard_settlement(actor=self.actor, settlement=found)
        return HttpResponse(status=204)


class SettlementLines(SettlementView):
    access = {"GET": access(READ, "settlements.view_settlement")}

    @extend_schema(
        operation_id="list_settlement_lines", parameters=[LinePages], responses=SettlementLinePage
    )
    def get(self, request: HttpRequest, id: UUID) -> HttpResponse:
        """List every sale, refund and adjustment of a settlement, by date."""
        given = self.query(LinePages)
        settlement = get_settlement(self.organization, id)

        def ask(place: Cursor | None, most: int) -> list[SettlementLine]:
            if place is None:
                return settlement_lines(self.organization, settlement, most=most)
            at = (place.value, place.id)
            if place.backwards:
                lines = settlement_lines(self.organization, settlement, before=at, most=most)
                return lines[::-1]
            return settlement_lines(self.organization, settlement, after=at, most=most)

        cursor = given.get("cursor")
        page = page_by(
            request,
            ask,
            field="occurred_on",
            page_size=given["page_size"],
            # Each kind has its own column for the day; all are alike.
            place=read_cursor(Sale, "sold_on", cursor) if cursor else None,
        )
        return json_answer(page.as_json(lines_as_json(page.rows)))


class SettlementApproval(SettlementView):
    access = {"POST": access(WRITE, "settlements.approve_settlement")}

    @extend_schema(
        operation_id="approve_settlement",
        request=ApproveInput,
        responses=SettlementOutput,
        examples=[asked({})],
    )
    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:
        """Approve a settlement that somebody else has prepared.

        It is to be paid now: its payout gets an end-to-end id and the payee's bank details.
        """
        self.no_query()
        self.read(ApproveInput)
        found = get_settlement(self.organization, id)
        return self.answer_with(
            approve_settlement(actor=self.actor, settlement=found, now=self.now)
        )


class SettlementPayment(SettlementView):
    said_as = {"effective_on": "paid_on"}
    access = {"POST": access(WRITE, "settlements.pay_settlement")}

    @extend_schema(
        operation_id="pay_settlement",
        request=PayInput,
        responses=SettlementOutput,
        examples=[asked(PAY_EXAMPLE)],
    )
    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:
        """Record that the bank has paid a settlement.

        Posts what the payee was owed against the bank account.
        """
        self.no_query()
        given = self.read(PayInput)
        found = get_settlement(self.organization, id)
        return self.answer_with(
            pay_settlement(actor=self.actor, settlement=found, now=self.now, **given)
        )


class SettlementFailure(SettlementView):
    said_as = {"effective_on": "failed_on"}
    access = {"POST": access(WRITE, "settlements.pay_settlement")}

    @extend_schema(
        operation_id="fail_settlement",
        request=FailInput,
        responses=SettlementOutput,
        examples=[asked(FAIL_EXAMPLE)],
    )
    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:
        """Record that a payout failed, or that it came back after it was paid.

        What came back is posted again, as owed to the payee.
        """
        self.no_query()
        given = self.read(FailInput)
        given["failure_code"] = given.pop("code", "")
        found = get_settlement(self.organization, id)
        return self.answer_with(
            fail_settlement(actor=self.actor, settlement=found, now=self.now, **given)
        )


class SettlementRetry(SettlementView):
    access = {"POST": access(WRITE, "settlements.approve_settlement")}

    @extend_schema(
        operation_id="retry_settlement",
        request=RetryInput,
        responses=SettlementOutput,
        examples=[asked({})],
    )
    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:
        """Try again to pay a settlement whose payout failed or came back.

        A new attempt with a new end-to-end id, to the bank account that the payee has now.
        """
        self.no_query()
        self.read(RetryInput)
        found = get_settlement(self.organization, id)
        return self.answer_with(retry_settlement(actor=self.actor, settlement=found, now=self.now))
