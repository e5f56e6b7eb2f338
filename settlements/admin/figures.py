"""Figures, links and badges as the pages of settlements show them."""

from typing import Any

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from core.money import format_amount
from invoicing.admin.figures import decimals, link
from settlements.fees import FeeBearer, FeePolicy
from settlements.models import (
    Event,
    Payee,
    PayeeStatus,
    PayoutStatus,
    Settlement,
    SettlementStatus,
)
from settlements.reserves import ReservePolicy

PAYEE_LABELS = {PayeeStatus.ACTIVE.label: "success", PayeeStatus.SUSPENDED.label: "danger"}
SETTLEMENT_LABELS = {
    SettlementStatus.PENDING.label: "warning",
    SettlementStatus.PROCESSING.label: "info",
    SettlementStatus.COMPLETED.label: "success",
    SettlementStatus.FAILED.label: "danger",
}
# The same as classes of our own pages' badges.
BADGES = {
    PayeeStatus.ACTIVE.value: "ch-good",
    PayeeStatus.SUSPENDED.value: "ch-bad",
    SettlementStatus.PENDING.value: "ch-warn",
    SettlementStatus.PROCESSING.value: "ch-info",
    SettlementStatus.COMPLETED.value: "ch-good",
    SettlementStatus.FAILED.value: "ch-bad",
    PayoutStatus.INITIATED.value: "ch-info",
    PayoutStatus.PAID.value: "ch-good",
    PayoutStatus.RETURNED.value: "ch-bad",
}


def page_of(model: str, row_id: Any, view: str = "change") -> str:
    """The address of a page of one of settlements' rows."""
    return reverse(f"admin:settlements_{model}_{view}", args=[row_id])


def list_of(model: str) -> str:
    return reverse(f"admin:settlements_{model}_changelist")


def two_lines(first: str, second: str) -> SafeString:
    """What it is called, and below it quietly what else is to know."""
    return format_html(
        '<span><span class="ch-cut" title="{0}">{0}</span><br>'
        '<span class="ch-quiet ch-small">{1}</span></span>',
        first,
        second,
    )


def payee_cell(payee: Payee) -> SafeString:
    return format_html(
        '<a class="ch-link ch-cut" href="{0}" title="{1}">{1}</a>',
        page_of("payee", payee.pk),
        payee.name,
    )


def event_cell(event: Event | None) -> SafeString | None:
    if event is None:
        return None
    return format_html('<span class="ch-cut" title="{}">{}</span>', event.name, event.code)


def settlement_cell(settlement: Settlement | None) -> SafeString | None:
    if settlement is None:
        return None
    return link(page_of("settlement", settlement.pk), settlement_name(settlement))


def settlement_name(settlement: Settlement) -> str:
    return f"No. {settlement.sequence}"


def signed_cell(amount: int, currency: str) -> SafeString:
    """An amount in a column where most are nothing: that is left empty, as on paper."""
    if not amount:
        return SafeString("")
    return format_html(
        '<span class="ch-figure{}">{}</span>',
        " ch-negative" if amount < 0 else "",
        format_amount(amount, currency),
    )


def in_groups(iban: str) -> str:
    """As it is printed: in groups of four."""
    return " ".join(iban[at : at + 4] for at in range(0, len(iban), 4))


def reserve_in_words(reserve: ReservePolicy, currency: str) -> str:
    if reserve.floor_amount is not None:
        amount = format_amount(reserve.floor_amount, currency)
        return f"{amount} {currency} are held at all times"
    if reserve.percentage is not None:
        days = f"{reserve.days} {'day' if reserve.days == 1 else 'days'}"
        return f"{decimals(reserve.percentage)} % of sales less refunds, for {days}"
    return "Nothing is held back"


def fee_in_words(policy: FeePolicy, currency: str) -> str:
    parts = []
    if policy.percentage:
        parts.append(f"{decimals(policy.percentage)} %")
    if policy.per_ticket_amount:
        amount = format_amount(policy.per_ticket_amount, currency)
        parts.append(f"{amount} {currency} a ticket")
    if not parts:
        return "No fee"
    bearer = "the buyer" if policy.borne_by == FeeBearer.BUYER else "the organizer"
    return f"{' and '.join(parts)}, borne by {bearer}"
