"""What waits to be done: settlements to be approved and paid, payouts that no file asks for."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, OuterRef, QuerySet, Subquery, Sum

from organizations.models import Organization
from settlements.models import (
    PayeeStatus,
    Payout,
    PayoutBatchItem,
    PayoutStatus,
    Settlement,
    SettlementStatus,
)


@dataclass(frozen=True, slots=True)
class OpenSettlements:
    """The settlements of one status and currency that are not paid."""

    status: str
    currency: str
    count: int
    amount: int


def open_settlements(organization: Organization) -> list[OpenSettlements]:
    """By status and currency, in one statement."""
    rows = (
        Settlement.objects.of(organization)
        .exclude(status=SettlementStatus.COMPLETED)
        .order_by("currency", "status")
        .values_list("status", "currency")
        .annotate(count=Count("pk"), amount=Sum("total_amount"))
    )
    # Sums are of type numeric.
    return [
        OpenSettlements(status, currency, count, int(total))
        for status, currency, count, total in rows
    ]


def payouts_under_way(
    organization: Organization, *, currency: str | None = None
) -> QuerySet[Payout]:
    """The payouts that the bank may be asked for, each with settlement and payee; those that no
    file holds come first. `exported_at` is when the last file was made that holds it.

    To a payee who is suspended nothing is sent.
    """
    files = PayoutBatchItem.objects.of(organization).filter(payout_id=OuterRef("pk"))
    latest = files.order_by("-batch__created_at").values("batch__created_at")[:1]
    payouts = _to_be_sent(organization)
    if currency is not None:
        payouts = payouts.filter(currency=currency)
    found: Any = payouts.select_related("settlement__payee").annotate(exported_at=Subquery(latest))
    under_way: QuerySet[Payout] = found.order_by(
        F("exported_at").asc(nulls_first=True),
        "settlement__due_on",
        "settlement__payee__code",
        "id",
    )
    return under_way


def currencies_under_way(organization: Organization) -> list[str]:
    """The currencies of the payouts that the bank may be asked for."""
    payouts = _to_be_sent(organization)
    return list(payouts.order_by("currency").values_list("currency", flat=True).distinct())


def _to_be_sent(organization: Organization) -> QuerySet[Payout]:
    payouts: QuerySet[Payout] = Payout.objects.of(organization).filter(
        status=PayoutStatus.INITIATED, settlement__payee__status=PayeeStatus.ACTIVE
    )
    return payouts
