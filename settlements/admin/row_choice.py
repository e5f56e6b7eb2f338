"""Choosing a payee or an event: by code or name, with what fits offered while one types."""

from typing import Any, ClassVar, TypeVar

from django import forms
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, path, reverse_lazy
from unfold.contrib.filters.admin import TextFilter
from unfold.contrib.filters.forms import SearchForm

from invoicing.admin.documents import DocumentAdmin
from organizations.admin.base import organization_of
from organizations.models import Organization
from settlements.models import Event, Payee

MOST_OFFERED = 20
MOST_ALIKE = 1_000

_Row = TypeVar("_Row", Payee, Event)


def text_of(row: Payee | Event) -> str:
    """What is typed to mean this row and no other."""
    return f"{row.name} ({row.code})"


def asked(request: HttpRequest, name: str) -> str:
    """What a link or a field asks for, as PostgreSQL can store it."""
    return request.GET.get(name, "")[:300].replace("\x00", "")


def offered(rows: QuerySet[Any], typed: str) -> list[str]:
    """The first whose code or name holds what was typed."""
    text = typed.strip()
    if text:
        rows = rows.filter(Q(name__icontains=text) | Q(code__istartswith=text))
    return [text_of(row) for row in rows.order_by("name", "id")[:MOST_OFFERED]]


def named(rows: QuerySet[Any], typed: str) -> list[Any]:
    """The rows that are meant: by the code, alone or in brackets at the end, or by the name.

    More than one where a name stands for several.
    """
    text = " ".join(typed.split())
    token = text[text.rfind("(") + 1 : -1] if text.endswith(")") else text
    for code in dict.fromkeys((text, token)):
        found = list(rows.filter(code=code)) if code else []
        if found:
            return found
    return list(rows.filter(name__iexact=text)[:2]) if text else []


class SuggestingAdmin(DocumentAdmin[_Row]):
    """Of rows that other pages let one choose by what one types."""

    def get_urls(self) -> list[URLPattern]:
        own = path(
            "suggest/",
            self.admin_site.admin_view(self.suggest_view),
            name=self._name_of("suggest"),
        )
        return [own, *super().get_urls()]

    def suggest_view(self, request: HttpRequest) -> HttpResponse:
        """Which rows the letters typed so far may mean."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        rows: Any = self.model
        found = rows.objects.of(organization_of(request))
        return JsonResponse({"offered": offered(found, asked(request, "q"))})


class RowInput(forms.TextInput):
    """The field asks for what fits while one types (static/countinghouse/admin.js)."""

    def __init__(self, suggest: Any) -> None:
        super().__init__(
            {"data-suggest": suggest, "autocomplete": "off", "placeholder": "Code or name"}
        )


class RowField(forms.CharField):
    """Cleans to a row of the organization, or to None where nothing is typed."""

    model: ClassVar[type[Payee] | type[Event]]
    suggest: ClassVar[Any]
    what: ClassVar[str]

    def __init__(self, *, organization: Organization, **kwargs: Any) -> None:
        self.organization = organization
        super().__init__(max_length=300, widget=RowInput(self.suggest), **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return text_of(value) if isinstance(value, Payee | Event) else value

    def clean(self, value: Any) -> Any:
        typed = super().clean(value)
        if not typed:
            return None
        found = named(self.model.objects.of(self.organization), typed)
        if len(found) > 1:
            raise forms.ValidationError(
                f"Several {self.what}s are called “{typed}”: choose one, or write its code."
            )
        if not found:
            raise forms.ValidationError(f"No {self.what} is called “{typed}”.")
        return found[0]


class PayeeField(RowField):
    model = Payee
    suggest = reverse_lazy("admin:settlements_payee_suggest")
    what = "payee"


class EventField(RowField):
    model = Event
    suggest = reverse_lazy("admin:settlements_event_suggest")
    what = "event"


class _SearchForm(SearchForm):
    suggest: ClassVar[Any]

    def __init__(self, name: str, label: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(name, label, *args, **kwargs)
        self.fields[name].widget.attrs.update({"data-suggest": self.suggest, "autocomplete": "off"})


class _PayeeSearch(_SearchForm):
    suggest = PayeeField.suggest


class _EventSearch(_SearchForm):
    suggest = EventField.suggest


class _RowFilter(TextFilter):
    """Rows of those that are named, or whose name holds what is typed."""

    model: ClassVar[type[Payee] | type[Event]]
    column: ClassVar[str]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        typed = (self.value() or "").strip()
        if not typed:
            return queryset
        rows = self.model.objects.of(organization_of(request))
        found = [row.pk for row in named(rows, typed)]
        if not found:
            # The ids first: PostgreSQL then reads the rows by their index.
            alike = rows.filter(Q(name__icontains=typed) | Q(code__icontains=typed))
            found = list(alike.values_list("pk", flat=True)[:MOST_ALIKE])
        return queryset.filter(**{f"{self.column}__in": found})


class PayeeFilter(_RowFilter):
    title = "payee"
    parameter_name = "payee"
    form_class = _PayeeSearch
    model = Payee
    column = "payee_id"


class EventFilter(_RowFilter):
    title = "event"
    parameter_name = "event"
    form_class = _EventSearch
    model = Event
    column = "event_id"
