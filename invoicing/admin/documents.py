"""The frame of orders, invoices, credit notes and payments: a page to read, and steps to take.

A document is never edited in place. What can be done with it are its steps: a button each, where
the user may and the document stands so that it makes sense; behind the button a page that asks
for what is needed, calls one service and says in words why, where that refuses.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path

from core.errors import Refusal
from core.forms import PageForm
from core.money import format_amount
from organizations.admin.base import AuditedAdmin
from organizations.admin.once import do_once, go_on, page_name

Row = TypeVar("Row", bound=models.Model)


@dataclass(frozen=True, slots=True)
class Step:
    """Something that can be done with a document.

    It is answered by the admin's method `<name>_step(request, row)`.
    """

    name: str
    title: str
    icon: str
    permissions: tuple[str, ...]
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Button:
    """A step, or a page, as the page of a row offers it."""

    title: str
    icon: str
    url: str
    kind: str = ""


class DocumentAdmin(AuditedAdmin[Row]):
    """One kind of document of the chosen organization."""

    steps: ClassVar[tuple[Step, ...]] = ()

    def get_urls(self) -> list[URLPattern]:
        own = [
            path(
                f"<uuid:id>/{step.name.replace('_', '-')}/",
                self.admin_site.admin_view(partial(self.step_view, step=step)),
                name=self._name_of(step.name),
            )
            for step in self.steps
        ]
        return own + list(super().get_urls())

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if object_id is None:
            if not self.has_add_permission(request):
                raise PermissionDenied
            return self.form_page(request, None)
        row = self.get_row(request, object_id)
        if not self.has_view_or_change_permission(request, row):
            raise PermissionDenied
        editing = request.method == "POST" or "edit" in request.GET
        if editing and not self.has_change_permission(request, row):
            raise PermissionDenied
        return self.form_page(request, row) if editing else self.row_page(request, row)

    def row_page(self, request: HttpRequest, row: Row) -> HttpResponse:
        """The page to read."""
        raise NotImplementedError

    def form_page(self, request: HttpRequest, row: Row | None) -> HttpResponse:
        """The form of a new row, or of one that can still be edited."""
        raise PermissionDenied

    # --- steps ------------------------------------------------------------------------------------

    def buttons(self, request: HttpRequest, row: Row) -> list[Button]:
        """The steps that the user may take with this row as it stands."""
        return [
            Button(step.title, step.icon, self.url_of(row, step.name), step.kind)
            for step in self.steps
            if self.has_permission_of(request, *step.permissions) and self.offers(row, step.name)
        ]

    def step_view(self, request: HttpRequest, id: UUID, step: Step) -> HttpResponse:
        row = self.get_row(request, str(id))
        if not self.has_permission_of(request, *step.permissions):
            raise PermissionDenied
        answer: HttpResponse = getattr(self, f"{step.name}_step")(request, row)
        return answer

    def ask(
        self,
        request: HttpRequest,
        row: Row | None,
        form: PageForm,
        do: Callable[[dict[str, Any]], tuple[str, str]],
        *,
        question: str,
        what: str,
        submit: str,
        facts: Sequence[str] = (),
        danger: bool = False,
        template: str = "admin/books/confirm.html",
        **context: Any,
    ) -> HttpResponse:
        """Ask with a form, then do it: once, however often it is sent.

        `do` takes what the form says, and returns what to tell and where to go on; a refusal is
        said on the form. Without a row it is about none yet, and its list is where one came from.
        """
        if request.method == "POST" and form.is_valid():
            try:
                done = do_once(request, lambda: do(form.cleaned_data))
            except Refusal as refusal:
                form.refuse(worded(refusal, getattr(row, "currency", "")))
            else:
                return go_on(request, done)
        return self.render_page(
            request,
            template,
            question,
            row=row,
            form=form,
            what=what,
            facts=facts,
            submit=submit,
            danger=danger,
            back=self.list_url if row is None else self.url_of(row),
            once=page_name(request),
            **context,
        )

    def _name_of(self, step: str) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{step}"


_AMOUNTS = (
    "amount",
    "open",
    "left",
    "parts",
    "total",
    "fee",
    "available",
    "minimum",
)


def worded(refusal: Refusal, currency: str) -> Refusal:
    """The same refusal, with its amounts as people write them instead of in minor units; where it
    names a currency, in that one."""
    currency = str(refusal.facts.get("currency", currency))
    facts = {
        name: format_amount(fact, currency) if name in _AMOUNTS and type(fact) is int else fact
        for name, fact in refusal.facts.items()
    }
    return type(refusal)(**facts) if currency and "quantity" not in facts else refusal


class NoForm(PageForm):
    """Nothing is asked but yes or no."""


def sent(request: HttpRequest) -> Any:
    """What a form is bound to: the fields that were sent, or nothing while it is only shown."""
    return request.POST if request.method == "POST" else None
