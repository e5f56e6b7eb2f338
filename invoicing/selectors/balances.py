"""What is open now, by customer and in all: sums of the open amounts that the database keeps."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Q, Sum

from invoicing.models import CreditNote, Invoice
from organizations.models import Organization


@dataclass(frozen=True, slots=True)
class Balance:
    """One currency. `open_amount` is what is owed, less what is owed to the customer; negative
    where that is more. `overdue_amount` is the part of it that is past its due date."""

    currency: str
    open_amount: int
    overdue_amount: int = 0


@dataclass(frozen=True, slots=True)
class OpenInvoices:
    """The invoices of one currency on which something is owed."""

    currency: str
    open_count: int
    open_amount: int
    overdue_count: int
    overdue_amount: int


def open_balances(
    organization: Organization, customers: Iterable[UUID], *, today: date
) -> Mapping[UUID, list[Balance]]:
    """Of these customers, by currency; who owes nothing is left out. Two statements."""
    ids = list(customers)
    sums: dict[tuple[UUID, str], list[int]] = {}
    for customer_id, currency, open_amount, overdue in (
        Invoice.objects.of(organization)
        .filter(customer_id__in=ids)
        .exclude(open_amount=0)
        .order_by()
        .values_list("customer_id", "currency")
        .annotate(amount=Sum("open_amount"), overdue=_overdue(today))
    ):
        sums[customer_id, currency] = [int(open_amount), int(overdue or 0)]
    for customer_id, currency, left in (
        CreditNote.objects.of(organization)
        .filter(customer_id__in=ids, invoice__isnull=True)
        .exclude(refunded_amount=F("total_amount"))
        .order_by()
        .values_list("customer_id", "currency")
        .annotate(left=Sum(F("total_amount") - F("refunded_amount")))
    ):
        sums.setdefault((customer_id, currency), [0, 0])[0] -= int(left)
    found: dict[UUID, list[Balance]] = {}
    for (customer_id, currency), (open_amount, overdue) in sorted(sums.items()):
        found.setdefault(customer_id, []).append(Balance(currency, open_amount, overdue))
    return found


def open_invoices(organization: Organization, *, today: date) -> list[OpenInvoices]:
    """What is owed to the organization on invoices, by currency."""
    rows = (
        Invoice.objects.of(organization)
        .filter(open_amount__gt=0)
        .order_by("currency")
        .values_list("currency")
        .annotate(
            count=Count("pk"),
            amount=Sum("open_amount"),
            late=Count("pk", filter=Q(due_on__lt=today)),
            overdue=_overdue(today),
        )
    )
    return [
        OpenInvoices(currency, count, int(amount), late, int(overdue or 0))
        for currency, count, amount, late, overdue in rows
    ]


def _overdue(today: date) -> Any:
    return Sum("open_amount", filter=Q(due_on__lt=today, open_amount__gt=0))
