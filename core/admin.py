"""The back-office's frame: a site for members, and admins that show and write one organization.

Pages read what `request.organization` owns. Another organization's ids are answered as ids that
do not exist. Whatever is written goes through a service, whose refusals come back as messages on
the form.
"""

from collections.abc import Callable
from functools import cached_property
from typing import Any, ClassVar, Generic, TypeVar
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import BadRequest, PermissionDenied
from django.core.paginator import Paginator
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from unfold.admin import ModelAdmin as UnfoldModelAdmin
from unfold.sites import UnfoldAdminSite
from unfold.views import ChangeList

from core.db import TenantForeignKey
from core.errors import Refusal

Row = TypeVar("Row", bound=models.Model)
View = Callable[..., HttpResponseBase]


class BooksRequest(HttpRequest):
    """A request after the middleware has chosen the organization."""

    organization: Any
    membership: Any
    memberships: Any
    refusal: Refusal | None


class BooksSite(UnfoldAdminSite):
    """The back-office: whoever is an active member of the chosen organization may come in."""

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        self._pages: list[tuple[str, View, str]] = []

    def has_permission(self, request: HttpRequest) -> bool:
        user = request.user
        if not user.is_active:
            return False
        return user.is_superuser or getattr(request, "membership", None) is not None

    def page(self, route: str, name: str) -> Callable[[View], View]:
        """Register a page that belongs to no model."""

        def register(view: View) -> View:
            self._pages.append((route, view, name))
            return view

        return register

    def extra_urls(self) -> list[URLPattern]:
        return [path(route, self.admin_view(view), name=name) for route, view, name in self._pages]

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        organization = getattr(request, "organization", None)
        more: dict[str, Any] = {"organization": organization}
        if organization is not None:
            memberships = getattr(request, "memberships", ())
            more["memberships"] = sorted(memberships, key=lambda one: one.organization.name.lower())
        return {**super().each_context(request), **more}

    def render(
        self, request: HttpRequest, template: str, title: str, **context: Any
    ) -> TemplateResponse:
        """A page in the site's frame."""
        request.current_app = self.name
        return TemplateResponse(
            request, template, {**self.each_context(request), "title": title, **context}
        )


def may(request: HttpRequest, *permissions: str) -> bool:
    """Whether the user has all of these in the chosen organization."""
    if getattr(request, "organization", None) is None:
        return False
    return all(request.user.has_perm(permission) for permission in permissions)


def require_permission(request: HttpRequest, *permissions: str) -> None:
    """Raises PermissionDenied (403) unless the user has all of these here."""
    if not may(request, *permissions):
        raise PermissionDenied


class CappedPaginator(Paginator[Any]):
    """Counts no further than its pages go, so that a journal of millions opens as quickly."""

    most = 50_000

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return int(rows.order_by()[: self.most].count())


class BooksChangeList(ChangeList):
    """Counts once: what the filters leave is what there is to tell."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.full_result_count = self.result_count


class BooksForm(forms.ModelForm[Any]):
    """A row of the chosen organization, and what its service had against it."""

    request: ClassVar[BooksRequest]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if getattr(self.instance, "organization_id", self) is None:
            self.instance.organization_id = self.request.organization.pk

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        refusal = getattr(self.request, "refusal", None)
        if refusal is not None:
            self.add_error(refusal.attr if refusal.attr in self.fields else None, refusal.message)
        return cleaned

    def given(self, *names: str) -> dict[str, Any]:
        """The cleaned values of these fields, of those that the form has."""
        return {name: self.cleaned_data[name] for name in names if name in self.cleaned_data}


class _OpensNoTransaction(admin.ModelAdmin):  # type: ignore[type-arg]
    """Use cases open their own transactions, so the views around them must not."""

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        return self._changeform_view(request, object_id, form_url, extra_context)  # type: ignore[attr-defined]


class BooksAdmin(UnfoldModelAdmin, _OpensNoTransaction, Generic[Row]):
    """One model, of one organization.

    A subclass says how to write by `create`, `update` and `remove`, each of which calls one
    service; what it does not define cannot be done here.
    """

    form = BooksForm
    paginator = CappedPaginator
    show_full_result_count = False
    list_per_page = 50
    list_filter_submit = True
    show_facets = admin.ShowFacets.NEVER
    actions = ()
    # How a row's organization is reached.
    organization_lookup = "organization"
    # What a list says that has no rows: what is missing, and what to do next.
    empty_title = ""
    empty_text = ""
    # How deleting is called here.
    remove_verb = "Delete"
    removed_word = "deleted"
    remove_text = "It will be gone. The audit trail keeps what it said."

    # --- reading ---------------------------------------------------------------------------

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return BooksChangeList

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        # Filters pass on what they are given, and PostgreSQL has no text with a NUL in it.
        if any("\x00" in value for _, values in request.GET.lists() for value in values):
            raise BadRequest("There is a NUL in the address.")
        return super().changelist_view(request, extra_context)

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request)
        organization = getattr(request, "organization", None)
        if organization is None:
            return rows.none()
        return rows.filter(**{self.organization_lookup: organization})

    def get_row(self, request: HttpRequest, object_id: str) -> Row:
        """The row of this id, fresh from the database; 404 where the organization has none."""
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404(f"There is no {self.opts.verbose_name} {object_id}.")
        found: Row = row
        return found

    def _get_obj_does_not_exist_redirect(
        self, request: HttpRequest, opts: Any, object_id: str
    ) -> HttpResponse:
        raise Http404(f"There is no {opts.verbose_name} {object_id}.")

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if isinstance(db_field, TenantForeignKey) and "queryset" not in kwargs:
            organization = getattr(request, "organization", None)
            rows = db_field.remote_field.model._default_manager
            kwargs["queryset"] = rows.filter(organization=organization)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    # --- permissions -----------------------------------------------------------------------

    def has_permission_of(self, request: HttpRequest, *permissions: str) -> bool:
        return may(request, *permissions)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return getattr(request, "organization", None) is not None and bool(
            super().has_module_permission(request)
        )

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return getattr(request, "organization", None) is not None and bool(
            super().has_view_permission(request, obj)
        )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return (
            type(self).create is not BooksAdmin.create
            and getattr(request, "organization", None) is not None
            and bool(super().has_add_permission(request))
        )

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return (
            type(self).update is not BooksAdmin.update
            and getattr(request, "organization", None) is not None
            and bool(super().has_change_permission(request, obj))
        )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return (
            type(self).remove is not BooksAdmin.remove
            and getattr(request, "organization", None) is not None
            and bool(super().has_delete_permission(request, obj))
        )

    def offers(self, row: Row, action: str) -> bool:
        """Whether an action makes sense for a row as it stands; otherwise it has no button."""
        return True

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        row = self.get_object(request, unquote(str(object_id)))
        if row is None:
            return []
        allowed = super().get_actions_detail(request, object_id)
        return [one for one in allowed if self.offers(row, one.method.original_function_name)]

    def get_actions(self, request: HttpRequest) -> Any:
        """Only what a subclass offers: Django's own deletes without asking a service."""
        offered = super().get_actions(request)
        offered.pop("delete_selected", None)
        return offered

    # --- writing, through services -----------------------------------------------------------

    def create(self, request: HttpRequest, form: Any) -> Row:
        """Call the service that makes what the form says; returns the new row."""
        raise PermissionDenied

    def update(self, request: HttpRequest, row: Row, form: Any) -> Row:
        """Call the service that changes `row`, as it stands in the database, to the form."""
        raise PermissionDenied

    def remove(self, request: HttpRequest, row: Row) -> None:
        """Call the service that removes `row`."""
        raise PermissionDenied

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        return type(form.__name__, (form,), {"request": request})

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        if object_id is not None:
            # Whose id it is not, to them it is not there, whatever they may do with their own.
            self.get_row(request, object_id)
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except Refusal as refusal:
            # Nothing was written. The form is read once more, and says what was refused.
            request.refusal = refusal  # type: ignore[attr-defined]
            return super().changeform_view(request, object_id, form_url, extra_context)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change:
            written: Any = self.update(request, self.get_row(request, str(obj.pk)), form)
        else:
            written = self.create(request, form)
        obj.__dict__.update(written.__dict__)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Whatever hangs on a row is written by its service."""

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self.remove(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for row in queryset:
            self.remove(request, row)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        row = self.get_row(request, object_id)
        if not self.has_delete_permission(request, row):
            raise PermissionDenied

        def remove() -> str:
            said = f"{row} is {self.removed_word}."
            self.remove(request, row)
            return said

        return self.confirm(
            request,
            row,
            remove,
            question=f"{self.remove_verb} {row}?",
            what=self.remove_text,
            submit=self.remove_verb,
            danger=True,
            then=self.list_url,
        )

    def confirm(
        self,
        request: HttpRequest,
        row: Row,
        do: Callable[[], str],
        *,
        question: str,
        what: str,
        submit: str,
        danger: bool = False,
        then: str | None = None,
    ) -> HttpResponse:
        """Ask, then do it and say what `do` returns; a refusal is said on the row's page.

        `then` is the page to go to when it is done; without one, the row's.
        """
        if request.method == "POST":
            try:
                messages.success(request, do())
            except Refusal as refusal:
                messages.error(request, refusal.message)
                then = None
            return HttpResponseRedirect(then or self.url_of(row))
        return self.render_page(
            request,
            "admin/books/confirm.html",
            question,
            row=row,
            what=what,
            submit=submit,
            danger=danger,
            back=self.url_of(row),
        )

    # The audit trail says what was done; Django's own log would say it twice and less.
    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        return None

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        return None

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        return None

    # --- pages -------------------------------------------------------------------------------

    @property
    def list_url(self) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")

    def url_of(self, row: Any, view: str = "change") -> str:
        """The address of a row's page."""
        pk: UUID | str = getattr(row, "pk", row)
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{view}", args=[pk])

    def render_page(
        self, request: HttpRequest, template: str, title: str, **context: Any
    ) -> TemplateResponse:
        """A page of this model's own, in the site's frame."""
        site: Any = self.admin_site
        # The frame's breadcrumbs end in `object`.
        context = {"object": context.get("row"), **context}
        page: TemplateResponse = site.render(
            request, template, title, opts=self.opts, media=self.media, **context
        )
        return page
