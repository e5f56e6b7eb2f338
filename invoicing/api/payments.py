"""Payments and refunds over HTTP."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from drf_spectacular.utils import extend_schema

from core.api.answers import json_answer
from core.api.schema import asked
from invoicing.api import READ, WRITE
from invoicing.api.answers import invoice_as_json, payment_as_json, payments_as_json
from invoicing.api.payment_shapes import (
    PaymentExpand,
    PaymentFilters,
    PaymentOutput,
    PaymentPage,
    ReversedOutput,
    ReverseInput,
)
from invoicing.api.views import InvoicingView
from invoicing.selectors.customers import get_customer
from invoicing.selectors.invoices import get_invoice, get_transaction, list_transactions
from invoicing.services.payments import reverse_payment
from organizations.api.callers import access

TAG = "Payments"


class PaymentList(InvoicingView):
    tag = TAG
    names_rows = True
    access = {"GET": access(READ, "invoicing.view_financialtransaction")}

    @extend_schema(operation_id="list_payments", parameters=[PaymentFilters], responses=PaymentPage)
    def get(self, request: HttpRequest) -> HttpResponse:
        """List payments, payments taken back and refunds, the latest first.

        `from` and `to` bound the day on which the money moved, both included. Filters are combined.
        """
        given = self.query(PaymentFilters)
        names = ("type", "method", "since", "until")
        filters = {name: given[name] for name in names if name in given}
        if "customer" in given:
            filters["customer"] = get_customer(self.organization, given["customer"])
        if "invoice" in given:
            filters["invoice"] = get_invoice(self.organization, given["invoice"])
        rows = list_transactions(self.organization, **filters)
        page = self.page(request, rows, given, "-occurred_on")
        return json_answer(page.as_json(payments_as_json(page.rows, given["expand"])))


class PaymentDetail(InvoicingView):
    tag = TAG
    access = {"GET": access(READ, "invoicing.view_financialtransaction")}

    @extend_schema(operation_id="get_payment", parameters=[PaymentExpand], responses=PaymentOutput)
    def get(self, request: HttpRequest, id: UUID) -> HttpResponse:
        """Read a payment or a refund."""
        given = self.query(PaymentExpand)
        found = get_transaction(self.organization, id)
        return json_answer(payment_as_json(found, given["expand"]))


class PaymentReverse(InvoicingView):
    tag = TAG
    said_as = {"effective_on": "on", "occurred_on": "on"}
    access = {"POST": access(WRITE, "invoicing.reverse_payment")}

    @extend_schema(
        operation_id="reverse_payment",
        request=ReverseInput,
        responses={201: ReversedOutput},
        examples=[asked({"reason": "Returned by the bank"})],
    )
    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:
        """Take a payment back that was not one: the cheque bounced, the bank returned it.

        The whole of it, once; the invoice is open again. Money that is given back to the customer
        is a refund instead.
        """
        self.no_query()
        given = self.read(ReverseInput)
        payment = get_transaction(self.organization, id)
        reversal = reverse_payment(actor=self.actor, payment=payment, now=self.now, **given)
        content = {
            "reversal": payment_as_json(reversal),
            "payment": payment_as_json(get_transaction(self.organization, id)),
            "invoice": invoice_as_json(get_invoice(self.organization, str(reversal.invoice_id))),
        }
        return json_answer(content, 201)
