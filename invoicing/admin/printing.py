"""Documents as files and pages, behind the permission of the page that links to them."""

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path

from invoicing.admin.documents import DocumentAdmin
from invoicing.documents.content import Document
from invoicing.documents.html import render_html
from invoicing.documents.pdf import render_pdf

Row = TypeVar("Row", bound=models.Model)
RENDERERS: dict[str, tuple[str, Callable[[Document], Any]]] = {
    "pdf": ("application/pdf", render_pdf),
    "html": ("text/html; charset=utf-8", render_html),
}


def as_response(document: Document, format: str) -> HttpResponse:
    """The document, to be looked at in the browser and saved under its name."""
    content_type, render = RENDERERS[format]
    response = HttpResponse(render(document), content_type=content_type)
    response["Content-Disposition"] = f'inline; filename="{document.filename}.{format}"'
    # Who may see it may change, and so may what has been paid.
    response["Cache-Control"] = "private, no-store"
    return response


class PrintedAdmin(DocumentAdmin[Row]):
    """Rows that are printed: each has its document as PDF and as a page."""

    formats: ClassVar[tuple[str, ...]] = ("pdf", "html")

    def document_of(self, request: HttpRequest, row: Row) -> Document:
        """What is printed. Raises Http404 where the row is nothing to print."""
        raise NotImplementedError

    def get_urls(self) -> list[URLPattern]:
        own = [
            path(
                f"<uuid:id>/document.{format}",
                self.admin_site.admin_view(partial(self.document_view, format=format)),
                name=self._name_of(format),
            )
            for format in self.formats
        ]
        return own + list(super().get_urls())

    def document_view(self, request: HttpRequest, id: UUID, format: str) -> HttpResponse:
        row = self.get_row(request, str(id))
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        return as_response(self.document_of(request, row), format)
