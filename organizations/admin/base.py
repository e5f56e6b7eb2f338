"""Who acts in the back-office, and the admin whose rows have their history in the audit trail."""

from typing import Any, TypeVar, cast

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse

from core.admin import BooksAdmin, BooksSite, may
from organizations.actors import Actor
from organizations.admin.reading import Event, history_of
from organizations.models import Organization, User

Row = TypeVar("Row", bound=models.Model)

site = cast(BooksSite, admin.site)


def organization_of(request: HttpRequest) -> Organization:
    """The chosen organization; 403 for an operator who belongs to none."""
    organization: Organization | None = getattr(request, "organization", None)
    if organization is None:
        raise PermissionDenied
    return organization


def actor_of(request: HttpRequest) -> Actor:
    """The signed-in member, with the request's id and address for the audit trail."""
    return Actor.of_user(
        organization_of(request),
        cast(User, request.user),
        request_id=request.META.get("HTTP_X_REQUEST_ID", ""),
        ip_address=request.META.get("REMOTE_ADDR") or None,
    )


def may_read_trail(request: HttpRequest) -> bool:
    """Who did what, and from which address, is not everybody's to know."""
    return may(request, "organizations.view_auditevent")


class AuditedAdmin(BooksAdmin[Row]):
    """Its history button shows, to who may read it, what the audit trail says of the row."""

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        shown = {"show_history": may_read_trail(request), **(extra_context or {})}
        return super().changeform_view(request, object_id, form_url, shown)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        row = self.get_row(request, object_id)
        if not self.has_view_permission(request, row) or not may_read_trail(request):
            raise PermissionDenied
        return self.render_page(
            request,
            "admin/books/history.html",
            f"History of {row}",
            row=row,
            events=self.history(request, row),
            back=self.url_of(row),
        )

    def history(self, request: HttpRequest, row: Row) -> list[Event]:
        return history_of(organization_of(request), row.pk)
