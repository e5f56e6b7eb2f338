"""Settlements, their attempts at paying, and their lines."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import date
from uuid import UUID

from django.db import connection
from django.db.models import Prefetch, QuerySet

from organizations.models import Organization
from settlements.errors import SettlementNotFound
from settlements.models import Payee, Payout, Settlement

# So many lines are read at a time where all are asked for.
CHUNK = 2_000


@dataclass(frozen=True, slots=True)
class SettlementLine:
    """One item of a settlement. All amounts are signed as they count for the payee: what a refund
    took back is below zero.

    `amount` is what it adds to the settlement, `total_amount` what the buyer paid or got back; of
    an adjustment both are the same. `sale_id` is the sale itself, or the one that was refunded.
    """

    kind: str  # sale, refund, adjustment, fee
    id: UUID
    occurred_on: date
    reference: str
    event: str
    sale_id: UUID | None
    description: str
    quantity: int
    total_amount: int
    ticket_revenue: int
    platform_fee: int
    tax_amount: int
    amount: int
    currency: str
    journal_entry_id: UUID

    @property
    def place(self) -> tuple[date, UUID]:
        """Where it stands in the order of the lines."""
        return self.occurred_on, self.id


def get_settlement(organization: Organization, id: UUID) -> Settlement:
    """The settlement with its payee and its attempts at paying, the latest first.

    Raises:
        SettlementNotFound: there is none, or it is another organization's.
    """
    found: Settlement | None = list_settlements(organization).filter(pk=id).first()
    if found is None:
        raise SettlementNotFound(settlement=str(id))
    return found


def list_settlements(
    organization: Organization,
    *,
    payee: Payee | None = None,
    status: str | None = None,
    since: date | None = None,
    until: date | None = None,
) -> QuerySet[Settlement]:
    """Settlements, the latest first, each with its payee and its attempts at paying. `since` and
    `until` are of the days through which they go."""
    given = {"payee": payee, "status": status, "through__gte": since, "through__lte": until}
    payouts = Payout.objects.of(organization).order_by("-attempt")
    settlements: QuerySet[Settlement] = (
        Settlement.objects.of(organization)
        .filter(**{name: value for name, value in given.items() if value is not None})
        .select_related("payee")
        .prefetch_related(Prefetch("payouts", queryset=payouts))
    )
    return settlements.order_by("-through", "-id")


def settlement_lines(
    organization: Organization,
    settlement: Settlement,
    *,
    after: tuple[date, UUID] | None = None,
    before: tuple[date, UUID] | None = None,
    most: int,
) -> list[SettlementLine]:
    """Up to so many of its sales, refunds and adjustments, by date and id: the first ones, those
    after a place, or the last ones before one. Costs the same wherever they stand."""
    place = after or before
    sign, order = ("<", "DESC") if before else (">", "ASC")
    beyond = f" AND ({{day}}, i.id) {sign} (%(day)s, %(id)s)" if place else ""
    parts = [
        f"({part} WHERE {_OF_IT}{beyond.format(day=day)} ORDER BY {day} {order}, i.id {order}"
        " LIMIT %(most)s)"
        for day, part in _PARTS
    ]
    day, id = place or (None, None)
    parameters = {
        "organization": organization.pk,
        "settlement": settlement.pk,
        "day": day,
        "id": id,
        "most": most,
    }
    sql = " UNION ALL ".join(parts) + f" ORDER BY occurred_on {order}, id {order} LIMIT %(most)s"
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        lines = [SettlementLine(*row) for row in cursor.fetchall()]
    return lines[::-1] if before else lines


def all_settlement_lines(
    organization: Organization, settlement: Settlement
) -> Iterator[SettlementLine]:
    """Every line in order, in bounded memory."""
    after = None
    while lines := settlement_lines(organization, settlement, after=after, most=CHUNK):
        yield from lines
        after = lines[-1].place


_OF_IT = "i.organization_id = %(organization)s AND i.settlement_id = %(settlement)s"


def _part(table: str, day: str, **values: str) -> tuple[str, str]:
    """The day's column, and a SELECT of one kind of items in the order of a line's fields."""
    told = {
        "id": "i.id",
        "occurred_on": day,
        "reference": "i.reference",
        "event": "coalesce(e.code, '')",
        "currency": "i.currency",
        "journal_entry_id": "i.entry_id",
        **values,
    }
    columns = ", ".join(f"{told[field.name]} AS {field.name}" for field in fields(SettlementLine))
    return day, (
        f"SELECT {columns} FROM {table} i LEFT JOIN settlements_event e"
        " ON e.id = i.event_id AND e.organization_id = i.organization_id"
    )


_PARTS = (
    _part(
        "settlements_sale",
        "i.sold_on",
        kind="'sale'",
        sale_id="i.id",
        description="''",
        quantity="i.quantity",
        total_amount="i.total_amount",
        ticket_revenue="i.ticket_revenue",
        platform_fee="i.platform_fee",
        tax_amount="i.tax_amount",
        amount="i.organizer_amount",
    ),
    _part(
        "settlements_refund",
        "i.refunded_on",
        kind="'refund'",
        sale_id="i.sale_id",
        description="i.reason",
        quantity="0",
        total_amount="-i.amount",
        ticket_revenue="-i.ticket_revenue",
        platform_fee="-i.platform_fee",
        tax_amount="-i.tax_amount",
        amount="-i.organizer_amount",
    ),
    _part(
        "settlements_adjustment",
        "i.adjusted_on",
        kind="i.kind",
        sale_id="NULL::uuid",
        description="i.reason",
        quantity="0",
        total_amount="i.amount",
        ticket_revenue="0",
        platform_fee="0",
        tax_amount="0",
        amount="i.amount",
    ),
)
