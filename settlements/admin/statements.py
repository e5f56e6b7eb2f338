"""A settlement's statement: as the page and PDF that the organizer gets, and as files."""

from functools import partial
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path

from core.errors import Refusal
from invoicing.admin.documents import DocumentAdmin
from organizations.admin.base import actor_of, organization_of
from settlements.documents import render_html, render_pdf, statement_document
from settlements.exports import FORMATS, export, file_name
from settlements.models import Settlement
from settlements.selectors.settlements import get_settlement
from settlements.selectors.statements import SettlementStatement, settlement_statement

FILES = ("pdf", "csv", "xlsx", "json")


class StatementAdmin(DocumentAdmin[Settlement]):
    """Settlements have statements."""

    def get_urls(self) -> list[URLPattern]:
        own = [
            path(
                f"<uuid:id>/statement.{format}",
                self.admin_site.admin_view(partial(self.statement_view, format=format)),
                name=self._name_of(f"statement_{format}"),
            )
            for format in ("html", *FILES)
        ]
        return own + list(super().get_urls())

    def files(self, row: Settlement) -> list[tuple[str, str]]:
        """What it can be saved as, and from where."""
        return [(name.upper(), self.url_of(row, f"statement_{name}")) for name in FILES]

    def statement_view(self, request: HttpRequest, id: UUID, format: str) -> HttpResponseBase:
        row = self.get_row(request, str(id))
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        organization = organization_of(request)
        statement = settlement_statement(organization, get_settlement(organization, row.pk))
        try:
            response = _answer(request, statement, format)
        except Refusal as refusal:
            return HttpResponse(
                refusal.message, status=422, content_type="text/plain; charset=utf-8"
            )
        # Who may see it may change, and so may what has been paid.
        response["Cache-Control"] = "private, no-store"
        return response


def _answer(request: HttpRequest, statement: SettlementStatement, format: str) -> HttpResponseBase:
    """Raises ReportTooLong."""
    if format == "html":
        return HttpResponse(render_html(statement_document(statement, format)))
    response: HttpResponseBase
    if format == "pdf":
        content = render_pdf(statement_document(statement, format))
        response = HttpResponse(content, content_type="application/pdf")
    else:
        pieces = export(statement, format, printed_by=str(actor_of(request).name))
        response = StreamingHttpResponse(pieces, content_type=FORMATS[format].content_type)
    where = "inline" if format == "pdf" else "attachment"
    response["Content-Disposition"] = f'{where}; filename="{file_name(statement, format)}"'
    return response
