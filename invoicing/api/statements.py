"""Customers' statements and ageing over HTTP."""

from typing import Any

from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema

from core.api.answers import json_answer
from invoicing.api import READ
from invoicing.api.documents import document_answer
from invoicing.api.statement_shapes import (
    AgeingOutput,
    AgeingQuery,
    CustomerStatementOutput,
    StatementQuery,
)
from invoicing.api.views import InvoicingView
from invoicing.documents import statement_document
from invoicing.exports import FORMATS, Report, as_json, export, file_name
from invoicing.selectors.ageing import ageing
from invoicing.selectors.customers import get_customer
from invoicing.selectors.statements import customer_statement
from organizations.api.callers import access


def _responses(shape: Any, *formats: str) -> dict[Any, Any]:
    media_types = [FORMATS[form].content_type.partition(";")[0] for form in formats]
    files = {(200, media_type): OpenApiTypes.BINARY for media_type in media_types}
    return {(200, "application/json"): shape, **files}


class StatementView(InvoicingView):
    tag = "Statements"
    names_rows = True
    refuses_reads = True
    access = {"GET": access(READ, "invoicing.view_statements")}

    def report_answer(self, report: Report, form: str) -> HttpResponseBase:
        """As JSON, or as a file."""
        if form == "json":
            return json_answer(as_json(report))
        return StreamingHttpResponse(
            export(report, form, printed_by=self.actor.name, now=self.now),
            content_type=FORMATS[form].content_type,
            headers={"Content-Disposition": f'attachment; filename="{file_name(report, form)}"'},
        )


class Statements(StatementView):
    @extend_schema(
        operation_id="get_statement",
        parameters=[StatementQuery],
        responses={
            **_responses(CustomerStatementOutput, "csv", "xlsx", "pdf"),
            (200, "text/html"): OpenApiTypes.STR,
        },
    )
    def get(self, request: HttpRequest) -> HttpResponseBase:
        """Read a customer's statement.

        Opening balance, movements with the running balance, closing balance and what is open, per
        currency. Without `from` it begins at the beginning, without `to` it ends today.
        """
        given = self.query(StatementQuery)
        form = given.pop("format")
        customer = get_customer(self.organization, given["customer"])
        statement = customer_statement(
            self.organization,
            customer,
            since=given.get("since"),
            until=given.get("until", self.today),
            currency=given.get("currency"),
        )
        if form in ("pdf", "html"):
            return document_answer(statement_document(statement), form)
        return self.report_answer(statement, form)


class Ageing(StatementView):
    @extend_schema(
        operation_id="get_ageing",
        parameters=[AgeingQuery],
        responses=_responses(AgeingOutput, "csv", "xlsx", "pdf"),
    )
    def get(self, request: HttpRequest) -> HttpResponseBase:
        """Read who owes what, by how long it is overdue.

        The figures are those of the end of the day, whatever was paid since. Over all customers
        they are held against the receivable accounts of the ledger: `ties`.
        """
        given: dict[str, Any] = self.query(AgeingQuery)
        form = given.pop("format")
        if "customer" in given:
            given["customer"] = get_customer(self.organization, given["customer"])
        given.setdefault("as_of", self.today)
        return self.report_answer(ageing(self.organization, **given), form)
