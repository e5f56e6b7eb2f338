"""Naming a customer: typed by code or name, offered while one types, and as a filter of lists.

There may be more customers than a list to choose from can hold, so none is sent with the page.
Where no script runs, the code or the whole name does as well.
"""

from typing import Any
from uuid import UUID

from django import forms
from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse_lazy
from unfold.contrib.filters.admin import TextFilter
from unfold.contrib.filters.forms import SearchForm

from invoicing.models import Customer
from organizations.admin.base import organization_of
from organizations.models import Organization

MOST_OFFERED = 20
SUGGEST = reverse_lazy("admin:invoicing_customer_suggest")


def text_of(customer: Customer) -> str:
    """What is typed to mean this customer and no other: the name, and the code or the id."""
    return f"{customer.name} ({customer.code or customer.pk})"


def offered(organization: Organization, typed: str) -> list[str]:
    """The first customers whose code or name holds what was typed."""
    text = typed.strip()
    rows = Customer.objects.of(organization).filter(active=True)
    if text:
        rows = rows.filter(Q(name__icontains=text) | Q(code__istartswith=text))
    return [text_of(customer) for customer in rows.order_by("name", "id")[:MOST_OFFERED]]


def named(organization: Organization, typed: str) -> list[Customer]:
    """The customers that are meant: by code or id, alone or in brackets at the end, or by name.

    More than one where a name stands for several.
    """
    text = " ".join(typed.split())
    token = text[text.rfind("(") + 1 : -1] if text.endswith(")") else text
    rows = Customer.objects.of(organization)
    by_id = _id(token)
    if by_id is not None:
        return list(rows.filter(pk=by_id))
    for code in dict.fromkeys((text, token)):
        found = list(rows.filter(code__iexact=code)[:2]) if code else []
        if found:
            return found
    return list(rows.filter(name__iexact=text)[:2])


def _id(token: str) -> UUID | None:
    try:
        return UUID(token)
    except ValueError:
        return None


class CustomerInput(forms.TextInput):
    """The field asks for what fits while one types (static/countinghouse/admin.js)."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(
            {
                "data-suggest": SUGGEST,
                "autocomplete": "off",
                "placeholder": "Code or name",
                **(attrs or {}),
            }
        )


class CustomerField(forms.CharField):
    """Cleans to a customer of the organization, or to None where nothing is typed."""

    widget = CustomerInput

    def __init__(self, *, organization: Organization, **kwargs: Any) -> None:
        self.organization = organization
        super().__init__(max_length=300, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return text_of(value) if isinstance(value, Customer) else value

    def clean(self, value: Any) -> Customer | None:
        typed = super().clean(value)
        if not typed:
            return None
        found = named(self.organization, typed)
        if len(found) > 1:
            raise forms.ValidationError(
                f"Several customers are called “{typed}”: choose one, or write its code."
            )
        if not found:
            raise forms.ValidationError(f"No customer is called “{typed}”.")
        return found[0]


class _SearchForm(SearchForm):
    def __init__(self, name: str, label: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(name, label, *args, **kwargs)
        self.fields[name].widget.attrs.update({"data-suggest": SUGGEST, "autocomplete": "off"})


class CustomerFilter(TextFilter):
    """Rows of the customers that are named, or whose name holds what is typed."""

    title = "customer"
    parameter_name = "customer"
    form_class = _SearchForm

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        typed = (self.value() or "").strip()
        if not typed:
            return queryset
        organization = organization_of(request)
        found = named(organization, typed)
        if found:
            return queryset.filter(customer_id__in=[customer.pk for customer in found])
        # The ids first: PostgreSQL then reads the documents by their index.
        alike = Customer.objects.of(organization).filter(name__icontains=typed)
        return queryset.filter(customer_id__in=list(alike.values_list("pk", flat=True)[:1_000]))
