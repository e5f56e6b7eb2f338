"""Documents as pages: the same words as the PDF, with one stylesheet and no script."""

from django.template.loader import render_to_string
from django.utils.safestring import mark_safe

from invoicing.documents.content import Document, ReceiptDocument


def render_html(document: Document) -> str:
    """A whole page, fit to be printed. Pictures are inside; only the stylesheet is not."""
    logo = document.letterhead.logo
    context = {
        "doc": document,
        "logo": logo.data_url if logo else None,
        # Made by `qr_code`, from nothing but the link's own characters.
        "qr": mark_safe(document.qr.decode())  # noqa: S308
        if isinstance(document, ReceiptDocument)
        else None,
    }
    return render_to_string(f"invoicing/documents/{document.kind}.html", context)
