"""What is done about an invoice over HTTP: paid, credited, voided, refunded."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from drf_spectacular.utils import extend_schema

from core.api.answers import json_answer
from core.api.schema import asked
from invoicing.api import READ, WRITE
from invoicing.api.answers import (
    credit_note_as_json,
    credit_notes_as_json,
    invoice_as_json,
    payment_as_json,
    payments_as_json,
    receipt_as_json,
)
from invoicing.api.invoice_shapes import (
    CREDIT_EXAMPLE,
    CreditInput,
    CreditNoteOutput,
    CreditNotePage,
    PageQuery,
    PaymentInput,
    VoidInvoiceInput,
)
from invoicing.api.payment_shapes import (
    PAY_EXAMPLE,
    REFUND_EXAMPLE,
    PaidOutput,
    PaymentPage,
    RefundedOutput,
    RefundInput,
)
from invoicing.api.views import InvoicingView
from invoicing.models import Invoice
from invoicing.selectors.invoices import get_invoice, list_credit_notes, list_transactions
from invoicing.services.crediting import CreditItem, credit_invoice, void_invoice
from invoicing.services.payments import record_payment
from invoicing.services.refunds import refund_invoice
from organizations.api.callers import access


class InvoiceActionView(InvoicingView):
    tag = "Invoices"
    said_as = {"effective_on": "on", "issued_on": "on", "occurred_on": "on"}
    names_series = True

    def as_it_stands(self, invoice: Invoice) -> dict[str, Any]:
        """The invoice after something was done about it."""
        return invoice_as_json(get_invoice(self.organization, invoice.pk))


class InvoicePayments(InvoiceActionView):
    access = {
        "GET": access(READ, "invoicing.view_financialtransaction"),
        "POST": access(WRITE, "invoicing.record_payment"),
    }

    @extend_schema(
        operation_id="list_invoice_payments", parameters=[PageQuery], responses=PaymentPage
    )
    def get(self, request: HttpRequest, invoice: str) -> HttpResponse:
        """List the payments of an invoice, the latest first.

        Those that were taken back and refunds are among them; `type` says which is which.
        """
        given = self.query(PageQuery)
        found = get_invoice(self.organization, invoice)
        rows = list_transactions(self.organization, invoice=found)
        page = self.page(request, rows, given, "-occurred_on")
        return json_answer(page.as_json(payments_as_json(page.rows)))

    @extend_schema(
        operation_id="record_payment",
        request=PaymentInput,
        responses={201: PaidOutput},
        examples=[asked(PAY_EXAMPLE)],
    )
    def post(self, request: HttpRequest, invoice: str) -> HttpResponse:
        """Record a payment of an invoice, in full or in part.

        Posts it to the account of its method, and gives its receipt.
        """
        self.no_query()
        given = self.read(PaymentInput)
        found = get_invoice(self.organization, invoice)
        payment = record_payment(actor=self.actor, invoice=found, now=self.now, **given)
        content = {
            "payment": payment_as_json(payment),
            "invoice": self.as_it_stands(found),
            "receipt": receipt_as_json(payment, self.public_root),
        }
        return json_answer(content, 201)


class InvoiceCreditNotes(InvoiceActionView):
    access = {
        "GET": access(READ, "invoicing.view_creditnote"),
        "POST": access(WRITE, "invoicing.add_creditnote"),
    }

    @extend_schema(
        operation_id="list_invoice_credit_notes",
        parameters=[PageQuery],
        responses=CreditNotePage,
    )
    def get(self, request: HttpRequest, invoice: str) -> HttpResponse:
        """List the credit notes of an invoice, the latest first.

        Together they never exceed it, neither as a whole nor in one rate of tax.
        """
        given = self.query(PageQuery)
        found = get_invoice(self.organization, invoice)
        rows = list_credit_notes(self.organization, invoice=found)
        page = self.page(request, rows, given, "-issued_on")
        return json_answer(page.as_json(credit_notes_as_json(page.rows)))

    @extend_schema(
        operation_id="credit_invoice",
        request=CreditInput,
        responses={201: CreditNoteOutput},
        examples=[
            asked(CREDIT_EXAMPLE, "Items"),
            asked({"amount": 510, "reason": "Agreed by telephone"}, "An amount"),
        ],
    )
    def post(self, request: HttpRequest, invoice: str) -> HttpResponse:
        """Credit a part of an invoice; the answer is the credit note.

        Its `invoice` is given whole, as it stands after it. An amount is split over net and taxes
        in proportion to what is left of each.
        """
        self.no_query()
        given = self.read(CreditInput)
        if "items" in given:
            given["items"] = [CreditItem(**item) for item in given["items"]]
        found = get_invoice(self.organization, invoice)
        credit_note = credit_invoice(actor=self.actor, invoice=found, now=self.now, **given)
        content = credit_note_as_json(credit_note)
        return json_answer({**content, "invoice": self.as_it_stands(found)}, 201)


class InvoiceVoid(InvoiceActionView):
    access = {"POST": access(WRITE, "invoicing.add_creditnote")}

    @extend_schema(
        operation_id="void_invoice",
        request=VoidInvoiceInput,
        responses={201: CreditNoteOutput},
        examples=[asked({"reason": "Sent to the wrong customer"})],
    )
    def post(self, request: HttpRequest, invoice: str) -> HttpResponse:
        """Void an invoice by a credit note over all that is left of it.

        The answer is the credit note, with the invoice whole. What was paid is not refunded by it.
        """
        self.no_query()
        given = self.read(VoidInvoiceInput)
        found = get_invoice(self.organization, invoice)
        credit_note = void_invoice(actor=self.actor, invoice=found, now=self.now, **given)
        content = credit_note_as_json(credit_note)
        return json_answer({**content, "invoice": self.as_it_stands(found)}, 201)


class InvoiceRefunds(InvoiceActionView):
    access = {"POST": access(WRITE, "invoicing.refund_payment")}

    @extend_schema(
        operation_id="refund_invoice",
        request=RefundInput,
        responses={201: RefundedOutput},
        examples=[asked(REFUND_EXAMPLE)],
    )
    def post(self, request: HttpRequest, invoice: str) -> HttpResponse:
        """Refund what was paid of an invoice, in full or in part.

        A credit note goes with it for what the customer would owe again otherwise.
        """
        self.no_query()
        given = self.read(RefundInput)
        found = get_invoice(self.organization, invoice)
        refund = refund_invoice(actor=self.actor, invoice=found, now=self.now, **given)
        content = {"refund": payment_as_json(refund), "invoice": self.as_it_stands(found)}
        return json_answer(content, 201)
