"""Figures, links and badges as the pages of sales show them."""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from core.admin import may
from core.money import format_amount
from invoicing.models import Customer, InvoiceStatus, OrderStatus
from invoicing.rules import plain_number

INVOICE_LABELS = {
    InvoiceStatus.OPEN.label: "info",
    InvoiceStatus.PARTIALLY_PAID.label: "warning",
    InvoiceStatus.PAID.label: "success",
    InvoiceStatus.CREDITED.label: "danger",
}
ORDER_LABELS = {
    OrderStatus.PENDING.label: "warning",
    OrderStatus.PAID.label: "success",
    OrderStatus.PARTIALLY_REFUNDED.label: "info",
    OrderStatus.REFUNDED.label: "info",
    OrderStatus.CANCELLED.label: "danger",
}
# The same as classes of our own pages' badges.
BADGES = {
    "open": "ch-info",
    "partially_paid": "ch-warn",
    "paid": "ch-good",
    "credited": "ch-bad",
    "pending": "ch-warn",
    "partially_refunded": "ch-info",
    "refunded": "ch-info",
    "cancelled": "ch-bad",
    "reversed": "ch-bad",
    "completed": "ch-good",
}


def money(amount: int, currency: str) -> str:
    """`1,234.50 GBP`, for a sentence or a heading."""
    return f"{format_amount(amount, currency)} {currency}"


def figure(amount: int, currency: str) -> SafeString:
    """An amount in a column of amounts."""
    return format_html(
        '<span class="ch-figure{}">{} <span class="ch-currency">{}</span></span>',
        " ch-negative" if amount < 0 else "",
        format_amount(amount, currency),
        currency,
    )


def decimals(value: Decimal | str) -> str:
    """A quantity or a percentage without the zeros that its column adds: 1.500000 is 1.5."""
    return plain_number(Decimal(value))


def day(value: date | datetime | None) -> str:
    return f"{value:%-d %b %Y}" if value else ""


def cut(text: str) -> SafeString:
    """As much as fits into a list; all of it where one points at it."""
    return format_html('<span class="ch-cut" title="{0}">{0}</span>', text)


def customer_cell(customer: Customer | None) -> SafeString | None:
    return cut(customer.name) if customer else None


def link(url: str, text: Any) -> SafeString:
    return format_html('<a class="ch-link" href="{}">{}</a>', url, text)


def page_of(model: str, row_id: Any, view: str = "change") -> str:
    """The address of a page of one of invoicing's rows."""
    return reverse(f"admin:invoicing_{model}_{view}", args=[row_id])


def entry_page(request: HttpRequest, entry_id: Any) -> str:
    """The address of a journal entry; empty where the user may not read the journal."""
    if entry_id is None or not may(request, "ledger.view_journalentry"):
        return ""
    return reverse("admin:ledger_journalentry_change", args=[entry_id])


def place(country: str, region: str = "") -> str:
    return " ".join(part for part in (country, region) if part)


def per_currency(amounts: Iterable[tuple[str, int]]) -> SafeString:
    """Amounts of several currencies below each other."""
    figures = ((figure(amount, currency),) for currency, amount in amounts)
    return format_html_join(SafeString("<br>"), "{}", figures)
