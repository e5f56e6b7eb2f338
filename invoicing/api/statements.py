"""Customers' statements and ageing over HTTP."""

from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema

from core.api.answers import json_answer
from invoicing.api import READ
from invoicing.api.documents import document_answer
from invoicing.api.statement_shapes import (
    AgeingOutput,
    AgeingQuery,
    CustomerStatementOutput,
    StatementQuery,
    ageing_as_json,
    statement_as_json,
)
from invoicing.api.views import InvoicingView
from invoicing.documents import statement_document
from invoicing.selectors.ageing import ageing
from invoicing.selectors.customers import get_customer
from invoicing.selectors.statements import customer_statement
from organizations.api.callers import access

TAG = "Statements"


class Statements(InvoicingView):
    tag = TAG
    names_rows = True
    refuses_reads = True
    access = {"GET": access(READ, "invoicing.view_statements")}

    @extend_schema(
        operation_id="get_statement",
        parameters=[StatementQuery],
        responses={(200, "application/json"): CustomerStatementOutput},
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
        return json_answer(statement_as_json(statement))


class Ageing(InvoicingView):
    tag = TAG
    names_rows = True
    refuses_reads = True
    access = {"GET": access(READ, "invoicing.view_statements")}

    @extend_schema(
        operation_id="get_ageing",
        parameters=[AgeingQuery],
        responses={(200, "application/json"): AgeingOutput},
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
        found = ageing(self.organization, **given)
        return json_answer(ageing_as_json(found))
