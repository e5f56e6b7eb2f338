"""What every payee was owed on a day, by what becomes of it, and what the ledger says."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from core.admin import require_permission
from core.errors import Refusal
from core.forms import DateInput, PageForm
from ledger.admin.amounts import AmountCell
from ledger.admin.reports import FILES, file_url
from organizations.admin.base import actor_of, organization_of, site
from settlements.admin.figures import page_of
from settlements.exports import FORMATS, export, file_name
from settlements.selectors.positions import PayeeBalances, PayeePosition, payee_balances

PERMISSION = "settlements.view_payee"
MOST_SHOWN = 2_000
TITLES = ("Not settled", "Reserve", "Carried forward", "To be paid", "Open", "In the ledger")


class AsOfForm(PageForm):
    as_of = forms.DateField(label="As of", required=False, widget=DateInput)


@site.page("settlements/balances/", "payee_balances")
def balances_page(request: HttpRequest) -> HttpResponseBase:
    organization = organization_of(request)
    require_permission(request, PERMISSION)
    form = AsOfForm(request.GET)
    shown: dict[str, Any] = {}
    if form.is_valid():
        as_of = form.cleaned_data["as_of"] or organization.today()
        found = payee_balances(organization, as_of=as_of)
        if request.GET.get("format") in FILES:
            return _as_file(request, found)
        shown = {
            "found": found,
            "parts": [_part(currency, found) for currency in _currencies(found)],
            "files": [(name.upper(), file_url(request, name)) for name in FILES],
        }
    return site.render(
        request,
        "admin/settlements/balances.html",
        "Payees' balances",
        form=form,
        titles=TITLES,
        most=MOST_SHOWN,
        **shown,
    )


def _as_file(request: HttpRequest, found: PayeeBalances) -> HttpResponseBase:
    format = request.GET["format"]
    try:
        pieces = export(found, format, printed_by=actor_of(request).name)
    except Refusal as refusal:
        return HttpResponse(refusal.message, status=422, content_type="text/plain; charset=utf-8")
    response = StreamingHttpResponse(pieces, content_type=FORMATS[format].content_type)
    response["Content-Disposition"] = f'attachment; filename="{file_name(found, format)}"'
    return response


def _currencies(found: PayeeBalances) -> Sequence[str]:
    return sorted({position.payee.currency for position in found.positions})


def _part(currency: str, found: PayeeBalances) -> dict[str, Any]:
    """The payees of one currency, and their sums."""
    positions = [one for one in found.positions if one.payee.currency == currency]
    amounts = [_amounts(one) for one in positions]
    return {
        "currency": currency,
        "rows": [
            {
                "payee": one.payee,
                "url": page_of("payee", one.payee.pk),
                "cells": [AmountCell(amount, currency) for amount in _amounts(one)],
                "ties": one.ties,
            }
            for one in positions[:MOST_SHOWN]
        ],
        "is_cut": len(positions) > MOST_SHOWN,
        "totals": [AmountCell(sum(column), currency) for column in zip(*amounts, strict=True)],
        "ties": all(one.ties for one in positions),
    }


def _amounts(position: PayeePosition) -> tuple[int, ...]:
    """In the order of the titles."""
    return (
        position.unsettled_amount,
        position.reserve_amount,
        position.carried_forward_amount,
        position.awaiting_payout_amount,
        position.open_amount,
        position.ledger_amount,
    )
