"""A settlement's statement: from what was open before, by every line, to what is open after it."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, ClassVar, NamedTuple
from uuid import UUID

from django.db import connection

from organizations.models import Organization
from settlements.models import Payout, Sale, Settlement
from settlements.selectors.settlements import CHUNK, SettlementLine, all_settlement_lines

# What the entry of each kind of line is called: settlements/services/postings.py.
_ENTRIES = {
    "sale": "sale",
    "refund": "sale-refund",
    "adjustment": "adjustment",
    "fee": "adjustment",
}


@dataclass(frozen=True, slots=True)
class StatementLine:
    """A line with what it is linked to by name. Amounts count for the payee, as the line's do:
    gross = ticket revenue + platform fee + tax + net."""

    line: SettlementLine
    sale_reference: str
    balance: int

    @property
    def entry_reference(self) -> str:
        return f"{_ENTRIES[self.line.kind]}:{self.line.reference}"

    @property
    def kept_amount(self) -> int:
        """What the platform keeps of it: its fee, and tickets of its own."""
        return self.line.platform_fee + self.line.ticket_revenue


class Sums(NamedTuple):
    """What all lines together make."""

    item_count: int
    total_amount: int
    ticket_revenue: int
    platform_fee: int
    tax_amount: int
    amount: int


@dataclass(frozen=True)
class SettlementStatement:
    """A settlement from opening to closing balance, in minor units of its currency.

    opening + lines − payout = closing. The opening balance is what was carried forward and held in
    reserve before, the closing balance is the same after; the payout is the settlement's total,
    whatever became of its attempts. The lines themselves are `statement_lines`.
    """

    name: ClassVar[str] = "settlement-statement"
    title: ClassVar[str] = "Settlement statement"

    organization: Organization
    settlement: Settlement
    payouts: tuple[Payout, ...]
    reserve_before_amount: int
    sums: Sums

    @property
    def currency(self) -> str:
        return str(self.settlement.currency)

    @property
    def opening_amount(self) -> int:
        return int(self.settlement.carried_forward_amount) + self.reserve_before_amount

    @property
    def payout_amount(self) -> int:
        return max(int(self.settlement.total_amount), 0)

    @property
    def carried_on_amount(self) -> int:
        """What the next settlement has to carry: zero or less."""
        return min(int(self.settlement.total_amount), 0)

    @property
    def reserve_after_amount(self) -> int:
        settlement = self.settlement
        moved = settlement.reserve_held_amount - settlement.reserve_released_amount
        return self.reserve_before_amount + int(moved)

    @property
    def closing_amount(self) -> int:
        return self.carried_on_amount + self.reserve_after_amount

    @property
    def ties(self) -> bool:
        """Whether the lines are all of them, and lead from the opening to the closing balance."""
        return (
            self.sums.item_count == self.settlement.item_count
            and self.opening_amount + self.sums.amount - self.payout_amount == self.closing_amount
        )


def settlement_statement(organization: Organization, settlement: Settlement) -> SettlementStatement:
    """Everything but the lines; `settlement` comes with its payee."""
    payouts = Payout.objects.of(organization).filter(settlement_id=settlement.pk)
    given: dict[str, Any] = {
        "organization": organization.pk,
        "settlement": settlement.pk,
        "payee": settlement.payee_id,
        "sequence": settlement.sequence,
    }
    with connection.cursor() as cursor:
        cursor.execute(_SUMS, given)
        reserve_before, *sums = (int(value) for value in cursor.fetchone())
    return SettlementStatement(
        organization=organization,
        settlement=settlement,
        payouts=tuple(payouts.order_by("attempt")),
        reserve_before_amount=reserve_before,
        sums=Sums(*sums),
    )


def statement_lines(statement: SettlementStatement) -> Iterator[StatementLine]:
    """Every line by date, with the running balance; in bounded memory."""
    organization = statement.organization
    lines = all_settlement_lines(organization, statement.settlement)
    balance = statement.opening_amount
    while part := list(islice(lines, CHUNK)):
        sales = _references(organization, part)
        for line in part:
            balance += line.amount
            sale = line.reference if line.kind == "sale" else sales.get(line.sale_id, "")
            yield StatementLine(line, sale, balance)


def _references(organization: Organization, lines: list[SettlementLine]) -> dict[UUID | None, str]:
    """How the sales are called that were refunded."""
    refunded = {line.sale_id for line in lines if line.kind == "refund"}
    if not refunded:
        return {}
    return dict(
        Sale.objects.of(organization).filter(pk__in=refunded).values_list("pk", "reference")
    )


_SUMS = """
SELECT coalesce((SELECT sum(b.reserve_held_amount - b.reserve_released_amount)
                   FROM settlements_settlement b
                  WHERE b.organization_id = %(organization)s AND b.payee_id = %(payee)s
                    AND b.sequence < %(sequence)s), 0),
       coalesce(sum(m.items), 0), coalesce(sum(m.total), 0), coalesce(sum(m.tickets), 0),
       coalesce(sum(m.fee), 0), coalesce(sum(m.tax), 0), coalesce(sum(m.amount), 0)
  FROM (SELECT count(*) AS items, sum(i.total_amount) AS total, sum(i.ticket_revenue) AS tickets,
               sum(i.platform_fee) AS fee, sum(i.tax_amount) AS tax,
               sum(i.organizer_amount) AS amount
          FROM settlements_sale i
         WHERE i.organization_id = %(organization)s AND i.settlement_id = %(settlement)s
        UNION ALL
        SELECT count(*), -sum(i.amount), -sum(i.ticket_revenue), -sum(i.platform_fee),
               -sum(i.tax_amount), -sum(i.organizer_amount)
          FROM settlements_refund i
         WHERE i.organization_id = %(organization)s AND i.settlement_id = %(settlement)s
        UNION ALL
        SELECT count(*), sum(i.amount), 0, 0, 0, sum(i.amount)
          FROM settlements_adjustment i
         WHERE i.organization_id = %(organization)s AND i.settlement_id = %(settlement)s) m
"""
