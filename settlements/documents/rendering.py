"""Statements as pages and as PDF, in the look of invoicing's documents."""

from django.template.loader import render_to_string

from invoicing.documents import pdf
from settlements.documents.content import SettlementDocument


def render_html(document: SettlementDocument) -> str:
    """A whole page, fit to be printed."""
    logo = document.letterhead.logo
    context = {"doc": document, "logo": logo.data_url if logo else None}
    return render_to_string("settlements/documents/statement.html", context)


def render_pdf(document: SettlementDocument) -> bytes:
    """The file; the same document gives the same bytes."""
    return pdf.render_pdf(document)
