"""Who owes what: the statement of a customer, and the ageing of all of them."""

from datetime import date
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse

from core.admin import require_permission
from core.errors import Refusal
from core.forms import DateInput, DateTimeInput, PageForm, dress
from invoicing.admin.customer_choice import CustomerField
from invoicing.admin.figures import page_of
from invoicing.admin.printing import as_response
from invoicing.documents.statements import statement_document
from invoicing.exports import FORMATS, Report, export, file_name
from invoicing.models import Customer
from invoicing.open_items import Aged, Bucket
from invoicing.selectors.ageing import Ageing, AgeingRow, ageing
from invoicing.selectors.movements import MovementKind
from invoicing.selectors.statements import Movement, Statement, customer_statement
from ledger.admin.amounts import AmountCell
from ledger.admin.reports import FILES, file_url
from organizations.admin.base import organization_of, site
from organizations.models import Organization

PERMISSION = "invoicing.view_statements"
MOST_SHOWN = 2_000

# Payments and refunds have their pages in one list.
PAGES = {
    MovementKind.INVOICE: "invoice",
    MovementKind.CREDIT_NOTE: "creditnote",
    MovementKind.PAYMENT: "financialtransaction",
    MovementKind.PAYMENT_TAKEN_BACK: "financialtransaction",
    MovementKind.REFUND: "financialtransaction",
}


class StatementForm(PageForm):
    since = forms.DateField(label="From", required=False, widget=DateInput)
    until = forms.DateField(label="To", required=False, widget=DateInput)


class AgeingForm(PageForm):
    as_of = forms.DateField(label="As of", required=False, widget=DateInput)
    known_at = forms.DateTimeField(
        label="As the books stood at", required=False, widget=DateTimeInput
    )

    def __init__(self, *args: Any, organization: Organization, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["customer"] = CustomerField(organization=organization, required=False)
        self.order_fields(["as_of", "customer"])
        dress(self)


def _files(request: HttpRequest) -> list[tuple[str, str]]:
    return [(name.upper(), file_url(request, name)) for name in FILES]


def _as_file(report: Report, request: HttpRequest) -> HttpResponseBase:
    """The file, piece by piece; a statement as PDF is the letter that the customer gets."""
    user: Any = request.user
    format = request.GET["format"]
    if format == "pdf" and isinstance(report, Statement):
        return as_response(statement_document(report), "pdf")
    try:
        pieces = export(report, format, printed_by=user.display_name)
    except Refusal as refusal:
        return HttpResponse(refusal.message, status=422, content_type="text/plain; charset=utf-8")
    response = StreamingHttpResponse(pieces, content_type=FORMATS[format].content_type)
    response["Content-Disposition"] = f'attachment; filename="{file_name(report, format)}"'
    return response


# --- The statement ----------------------------------------------------------------------------


@site.page("invoicing/customer/<uuid:id>/statement/", "customer_statement")
def statement_page(request: HttpRequest, id: UUID) -> HttpResponseBase:
    organization = organization_of(request)
    customer: Customer | None = Customer.objects.of(organization).filter(pk=id).first()
    if customer is None:
        raise Http404(f"There is no customer {id}.")
    require_permission(request, PERMISSION)
    form = StatementForm(request.GET)
    statement = _statement(organization, customer, form)
    shown: dict[str, Any] = {}
    if statement is not None:
        if request.GET.get("format") in FILES:
            return _as_file(statement, request)
        shown = {"parts": _parts(statement), "files": _files(request), "statement": statement}
    return site.render(
        request,
        "admin/invoicing/statement.html",
        f"Statement of {customer.name}",
        form=form,
        customer=customer,
        customer_url=page_of("customer", customer.pk),
        most=MOST_SHOWN,
        **shown,
    )


def _statement(
    organization: Organization, customer: Customer, form: StatementForm
) -> Statement | None:
    """None where it is refused, and the form says why."""
    if not form.is_valid():
        return None
    given = form.cleaned_data
    try:
        return customer_statement(
            organization,
            customer,
            since=given["since"],
            until=given["until"] or organization.today(),
        )
    except Refusal as refusal:
        form.refuse(refusal)
        return None


def _parts(statement: Statement) -> list[dict[str, Any]]:
    """Each currency's movements and open items, as far as a page can show them."""
    return [
        {
            "currency": part.currency,
            "opening": AmountCell(part.opening_amount, part.currency),
            "closing": AmountCell(part.closing_amount, part.currency),
            "debits": AmountCell(part.debit_amount, part.currency),
            "credits": AmountCell(part.credit_amount, part.currency),
            "movements": [_movement(one, part.currency) for one in part.movements[:MOST_SHOWN]],
            "is_cut": len(part.movements) > MOST_SHOWN,
            "ages": _ages(part.aged, part.currency),
        }
        for part in statement.currencies
    ]


def _movement(movement: Movement, currency: str) -> dict[str, Any]:
    return {
        "on": movement.occurred_on,
        "due_on": movement.due_on,
        "what": movement.kind.label,
        "number": movement.number,
        "url": page_of(PAGES[movement.kind], movement.id),
        "description": movement.description,
        "debit": AmountCell(movement.debit, currency),
        "credit": AmountCell(movement.credit, currency),
        "balance": AmountCell(movement.balance, currency),
    }


def _ages(aged: Aged, currency: str) -> list[tuple[str, AmountCell]]:
    """The buckets in which something is."""
    return [
        (bucket.label, AmountCell(aged.amount(bucket), currency))
        for bucket in Bucket
        if aged.amount(bucket)
    ]


# --- The ageing -------------------------------------------------------------------------------


@site.page("ageing/", "ageing")
def ageing_page(request: HttpRequest) -> HttpResponseBase:
    organization = organization_of(request)
    require_permission(request, PERMISSION)
    form = AgeingForm(request.GET, organization=organization)
    found = _ageing(organization, form)
    shown: dict[str, Any] = {}
    if found is not None:
        if request.GET.get("format") in FILES:
            return _as_file(found, request)
        shown = {
            "found": found,
            "parts": _ageing_parts(found),
            "files": _files(request),
            "buckets": [bucket.label for bucket in Bucket],
        }
    return site.render(
        request, "admin/invoicing/ageing.html", "Ageing", form=form, most=MOST_SHOWN, **shown
    )


def _ageing(organization: Organization, form: AgeingForm) -> Ageing | None:
    """None where it is refused, and the form says why."""
    if not form.is_valid():
        return None
    given = form.cleaned_data
    try:
        return ageing(
            organization,
            as_of=given["as_of"] or organization.today(),
            customer=given["customer"],
            known_at=given["known_at"],
        )
    except Refusal as refusal:
        form.refuse(refusal)
        return None


def _ageing_parts(found: Ageing) -> list[dict[str, Any]]:
    return [
        {
            "currency": part.currency,
            "rows": [
                _ageing_row(row, part.currency, found.as_of) for row in part.rows[:MOST_SHOWN]
            ],
            "is_cut": len(part.rows) > MOST_SHOWN,
            "totals": _cells(part.totals, part.currency),
            "total": AmountCell(part.totals.total_amount, part.currency),
            "ledger": None
            if part.ledger_amount is None
            else AmountCell(part.ledger_amount, part.currency),
            "ties": part.ties,
        }
        for part in found.currencies
    ]


def _ageing_row(row: AgeingRow, currency: str, as_of: date) -> dict[str, Any]:
    return {
        "name": row.name,
        "code": row.code,
        "url": _statement_url(row, as_of),
        "count": len(row.items),
        "cells": _cells(row.amounts, currency),
        "total": AmountCell(row.amounts.total_amount, currency),
        "is_overdue": row.amounts.overdue_amount > 0,
    }


def _statement_url(row: AgeingRow, as_of: date) -> str:
    if row.customer_id is None:
        return ""
    page = reverse("admin:customer_statement", args=[row.customer_id])
    return f"{page}?{urlencode({'until': as_of})}"


def _cells(aged: Aged, currency: str) -> list[AmountCell]:
    """By age; what is unapplied reduces the total, and is shown below zero."""
    return [
        AmountCell(
            -aged.amount(bucket) if bucket is Bucket.UNAPPLIED else aged.amount(bucket), currency
        )
        for bucket in Bucket
    ]
