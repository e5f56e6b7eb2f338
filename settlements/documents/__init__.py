"""Settlement statements as organizers get them: as a page, and as PDF."""

from settlements.documents.rendering import render_html, render_pdf
from settlements.documents.statements import statement_document

__all__ = ["render_html", "render_pdf", "statement_document"]
