"""Invoices, credit notes and receipts as people read them: as PDF, or as a page."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from core.api.serializers import StrictSerializer
from invoicing.api import READ
from invoicing.api.views import InvoicingView
from invoicing.documents.content import Document
from invoicing.documents.html import render_html
from invoicing.documents.pdf import render_pdf
from invoicing.documents.receipts import receipt_document
from invoicing.documents.sales import credit_note_document, invoice_document
from invoicing.selectors.invoices import get_credit_note, get_invoice, get_transaction
from organizations.api.callers import access

FILES: dict[Any, Any] = {
    (200, "application/pdf"): OpenApiTypes.BINARY,
    (200, "text/html"): OpenApiTypes.STR,
}


class DocumentQuery(StrictSerializer):
    format = serializers.ChoiceField(
        ["pdf", "html"], required=False, default="pdf", help_text="A file, or a page."
    )


def document_answer(document: Document, form: str) -> HttpResponse:
    """A page to be shown, or a file that is named after the document's number."""
    if form == "html":
        return HttpResponse(render_html(document), content_type="text/html; charset=utf-8")
    return HttpResponse(
        render_pdf(document),
        content_type="application/pdf",
        headers={"Content-Disposition": f'attachment; filename="{document.filename}.pdf"'},
    )


class DocumentView(InvoicingView):
    tag = "Documents"

    def form(self) -> str:
        form: str = self.query(DocumentQuery)["format"]
        return form


class InvoiceDocument(DocumentView):
    access = {"GET": access(READ, "invoicing.view_invoice")}

    @extend_schema(operation_id="get_invoice_document", parameters=[DocumentQuery], responses=FILES)
    def get(self, request: HttpRequest, invoice: str) -> HttpResponse:
        """Print an invoice.

        Seller, buyer and figures are those of its issue; what was paid and credited since is noted
        on it.
        """
        form = self.form()
        return document_answer(invoice_document(get_invoice(self.organization, invoice)), form)


class CreditNoteDocument(DocumentView):
    access = {"GET": access(READ, "invoicing.view_creditnote")}

    @extend_schema(
        operation_id="get_credit_note_document", parameters=[DocumentQuery], responses=FILES
    )
    def get(self, request: HttpRequest, credit_note: str) -> HttpResponse:
        """Print a credit note.

        Seller, buyer and figures are those of its issue.
        """
        form = self.form()
        found = get_credit_note(self.organization, credit_note)
        return document_answer(credit_note_document(found), form)


class ReceiptDocument(DocumentView):
    refuses_reads = True
    access = {"GET": access(READ, "invoicing.view_financialtransaction")}

    @extend_schema(operation_id="get_receipt_document", parameters=[DocumentQuery], responses=FILES)
    def get(self, request: HttpRequest, id: UUID) -> HttpResponse:
        """Print the receipt of a payment; the id is the payment's.

        Its QR code leads to the page that confirms it to anyone, and says so when the payment was
        taken back or refunded since.
        """
        form = self.form()
        payment = get_transaction(self.organization, id)
        return document_answer(receipt_document(payment, base_url=self.public_root), form)
