"""Credit notes over HTTP."""

from django.http import HttpRequest, HttpResponse
from drf_spectacular.utils import extend_schema

from core.api.answers import json_answer
from core.api.schema import asked
from invoicing.api import READ, WRITE
from invoicing.api.answers import credit_note_as_json, credit_notes_as_json, payment_as_json
from invoicing.api.invoice_shapes import (
    CreditNoteExpand,
    CreditNoteFilters,
    CreditNoteInput,
    CreditNoteOutput,
    CreditNotePage,
)
from invoicing.api.order_shapes import item_drafts
from invoicing.api.payment_shapes import CreditNoteRefundedOutput, CreditNoteRefundInput
from invoicing.api.views import InvoicingView
from invoicing.selectors.customers import get_customer
from invoicing.selectors.invoices import get_credit_note, get_invoice, list_credit_notes
from invoicing.services.crediting import issue_credit_note
from invoicing.services.refunds import refund_credit_note
from organizations.api.callers import access

TAG = "Credit notes"
RETURN_EXAMPLE = {
    "customer": "17850",
    "currency": "GBP",
    "items": [{"description": "Mug, sold last year", "quantity": "2", "unit_amount": 450}],
    "reason": "Returned",
    "country": "GB",
}


class CreditNoteList(InvoicingView):
    tag = TAG
    names_rows = True
    largest_body = 4_000_000
    said_as = {"effective_on": "on", "issued_on": "on"}
    names_series = True
    access = {
        "GET": access(READ, "invoicing.view_creditnote"),
        "POST": access(WRITE, "invoicing.add_creditnote"),
    }

    @extend_schema(
        operation_id="list_credit_notes", parameters=[CreditNoteFilters], responses=CreditNotePage
    )
    def get(self, request: HttpRequest) -> HttpResponse:
        """List credit notes, the latest first.

        `from` and `to` bound the date of issue, both included. Filters are combined.
        """
        given = self.query(CreditNoteFilters)
        names = ("since", "until")
        filters = {name: given[name] for name in names if name in given}
        if "customer" in given:
            filters["customer"] = get_customer(self.organization, given["customer"])
        if "invoice" in given:
            filters["invoice"] = get_invoice(self.organization, given["invoice"])
        rows = list_credit_notes(self.organization, **filters)
        if "number" in given:
            rows = rows.filter(number=given["number"])
        page = self.page(request, rows, given, "-issued_on")
        return json_answer(page.as_json(credit_notes_as_json(page.rows, given["expand"])))

    @extend_schema(
        operation_id="issue_credit_note",
        request=CreditNoteInput,
        responses={201: CreditNoteOutput},
        examples=[asked(RETURN_EXAMPLE)],
    )
    def post(self, request: HttpRequest) -> HttpResponse:
        """Issue a credit note that has no invoice.

        For a return of what these books did not sell; it stands on the customer's account until it
        is refunded. What has an invoice is credited there: `POST /invoices/{invoice}/credit-notes`.
        """
        self.no_query()
        given = self.read(CreditNoteInput)
        given["items"] = item_drafts(given["items"])
        if "customer" in given:
            given["customer"] = self.customer_named(given["customer"])
        credit_note = issue_credit_note(actor=self.actor, now=self.now, **given)
        return json_answer(credit_note_as_json(credit_note), 201)


class CreditNoteDetail(InvoicingView):
    tag = TAG
    access = {"GET": access(READ, "invoicing.view_creditnote")}

    @extend_schema(
        operation_id="get_credit_note", parameters=[CreditNoteExpand], responses=CreditNoteOutput
    )
    def get(self, request: HttpRequest, credit_note: str) -> HttpResponse:
        """Read a credit note, by its id or its number."""
        given = self.query(CreditNoteExpand)
        found = get_credit_note(self.organization, credit_note)
        return json_answer(credit_note_as_json(found, given["expand"]))


class CreditNoteRefunds(InvoicingView):
    tag = TAG
    said_as = {"effective_on": "on", "occurred_on": "on"}
    access = {"POST": access(WRITE, "invoicing.refund_payment")}

    @extend_schema(
        operation_id="refund_credit_note",
        request=CreditNoteRefundInput,
        responses={201: CreditNoteRefundedOutput},
        examples=[asked({"method": "cash", "reason": "Returned"})],
    )
    def post(self, request: HttpRequest, credit_note: str) -> HttpResponse:
        """Refund a credit note that has no invoice, in full or in part.

        What has an invoice is refunded there: `POST /invoices/{invoice}/refunds`.
        """
        self.no_query()
        given = self.read(CreditNoteRefundInput)
        found = get_credit_note(self.organization, credit_note)
        refund = refund_credit_note(actor=self.actor, credit_note=found, now=self.now, **given)
        after = get_credit_note(self.organization, found.pk)
        content = {"refund": payment_as_json(refund), "credit_note": credit_note_as_json(after)}
        return json_answer(content, 201)
