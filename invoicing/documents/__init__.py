"""Invoices, credit notes, receipts and statements as people get them."""

from invoicing.documents.html import render_html
from invoicing.documents.pdf import render_pdf
from invoicing.documents.receipts import receipt_document, receipt_token
from invoicing.documents.sales import credit_note_document, invoice_document
from invoicing.documents.statements import statement_document
from invoicing.documents.tokens import read_receipt_token

__all__ = [
    "credit_note_document",
    "invoice_document",
    "read_receipt_token",
    "receipt_document",
    "receipt_token",
    "render_html",
    "render_pdf",
    "statement_document",
]
