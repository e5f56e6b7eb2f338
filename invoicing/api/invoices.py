"""Invoices over HTTP: issued, listed, read."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema

from core.api.answers import json_answer
from core.api.schema import asked
from invoicing.api import READ, WRITE
from invoicing.api.answers import invoice_as_json, invoices_as_json
from invoicing.api.invoice_shapes import (
    InvoiceExpand,
    InvoiceFilters,
    InvoiceOfOrderInput,
    InvoiceOutput,
    InvoicePage,
    SaleInput,
)
from invoicing.api.order_shapes import ORDER_EXAMPLE, item_drafts
from invoicing.api.views import InvoicingView
from invoicing.models import Invoice
from invoicing.selectors.customers import get_customer
from invoicing.selectors.invoices import get_invoice, list_invoices
from invoicing.selectors.orders import get_order
from invoicing.services.issuing import invoice_order, issue_invoice
from invoicing.services.paying import PaymentDraft
from organizations.api.callers import access

TAG = "Invoices"
ISSUE_EXAMPLE = {"order": "0199e0a4-6a5f-7c3e-8a52-0d7f5c1b2a90", "due_on": "2010-12-31"}


class InvoiceList(InvoicingView):
    tag = TAG
    names_rows = True
    largest_body = 4_000_000
    said_as = {
        "effective_on": "issued_on",
        "on": "issued_on",
        "amount": "payment.amount",
        "method": "payment.method",
        "provider_reference": "payment.provider_reference",
    }
    names_series = True
    access = {
        "GET": access(READ, "invoicing.view_invoice"),
        "POST": access(WRITE, "invoicing.issue_invoice"),
    }

    @extend_schema(operation_id="list_invoices", parameters=[InvoiceFilters], responses=InvoicePage)
    def get(self, request: HttpRequest) -> HttpResponse:
        """List invoices, the latest first.

        `from` and `to` bound the date of issue, both included. Filters are combined.
        """
        given = self.query(InvoiceFilters)
        names = ("status", "number", "since", "until", "overdue_on")
        filters = {name: given[name] for name in names if name in given}
        if "customer" in given:
            filters["customer"] = get_customer(self.organization, given["customer"])
        if "order" in given:
            filters["order"] = get_order(self.organization, given["order"])
        page = self.page(request, list_invoices(self.organization, **filters), given, "-issued_on")
        return json_answer(page.as_json(invoices_as_json(page.rows, given["expand"])))

    @extend_schema(
        operation_id="issue_invoice",
        request=PolymorphicProxySerializer(
            component_name="InvoiceInput",
            serializers=[InvoiceOfOrderInput, SaleInput],
            resource_type_field_name=None,
        ),
        responses={201: InvoiceOutput},
        examples=[
            asked(ISSUE_EXAMPLE, "Of a locked order"),
            asked({**ORDER_EXAMPLE, "country": "GB"}, "Order, lock and issue in one call"),
            asked({**ORDER_EXAMPLE, "payment": {"method": "cash"}}, "And pay"),
        ],
    )
    def post(self, request: HttpRequest) -> HttpResponse:
        """Issue an invoice: of a locked order, or of a whole order in one call.

        It gets its legal number and posts receivable, revenue and tax, all in one transaction.
        """
        self.no_query()
        body = self.json()
        of_order = isinstance(body, dict) and "order" in body
        invoice = self._of_order() if of_order else self._of_sale()
        return json_answer(invoice_as_json(invoice), 201)

    def _of_order(self) -> Invoice:
        given = self.read(InvoiceOfOrderInput)
        order = self.order_named(given.pop("order"))
        return issue_invoice(actor=self.actor, order=order, now=self.now, **given)

    def _of_sale(self) -> Invoice:
        given: dict[str, Any] = self.read(SaleInput)
        for permission in ("invoicing.add_order", "invoicing.lock_order"):
            self.require(permission)
        given["items"] = item_drafts(given["items"])
        if "customer" in given:
            given["customer"] = self.customer_named(given["customer"])
        if "payment" in given:
            self.require("invoicing.record_payment")
            given["payment"] = PaymentDraft(**given["payment"])
        return invoice_order(actor=self.actor, now=self.now, **given)


class InvoiceDetail(InvoicingView):
    tag = TAG
    access = {"GET": access(READ, "invoicing.view_invoice")}

    @extend_schema(operation_id="get_invoice", parameters=[InvoiceExpand], responses=InvoiceOutput)
    def get(self, request: HttpRequest, invoice: str) -> HttpResponse:
        """Read an invoice, by its id or its number.

        A number with a slash in it does not fit into a path: ask for `GET /invoices?number=`.
        """
        given = self.query(InvoiceExpand)
        found = get_invoice(self.organization, invoice)
        return json_answer(invoice_as_json(found, given["expand"]))
