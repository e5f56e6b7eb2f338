"""What each payee is owed at the end of a day, by what becomes of it, and what the ledger says."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar
from uuid import UUID

from django.db import connection

from organizations.models import Organization
from settlements.models import Payee


@dataclass(frozen=True, slots=True)
class PayeePosition:
    """What a payee is owed, in minor units of their currency; below zero they owe it.

    `unsettled_amount` is of items that no settlement has taken in, `reserve_amount` is held back,
    `carried_forward_amount` is what the last settlement was below zero, and
    `awaiting_payout_amount` is settled and not paid, or came back. `ledger_amount` is what the
    entries of the payee's items and payouts have left on their control account.
    """

    payee: Payee
    unsettled_amount: int
    reserve_amount: int
    carried_forward_amount: int
    awaiting_payout_amount: int
    ledger_amount: int

    @property
    def open_amount(self) -> int:
        return (
            self.unsettled_amount
            + self.reserve_amount
            + self.carried_forward_amount
            + self.awaiting_payout_amount
        )

    @property
    def ties(self) -> bool:
        return self.open_amount == self.ledger_amount


@dataclass(frozen=True)
class PayeeBalances:
    """The positions of all payees at the end of a day, by code."""

    name: ClassVar[str] = "payee-balances"
    title: ClassVar[str] = "Payees' balances"

    organization: Organization
    as_of: date
    positions: tuple[PayeePosition, ...]

    @property
    def ties(self) -> bool:
        return all(position.ties for position in self.positions)


def payee_balances(
    organization: Organization, *, as_of: date, payee: Payee | None = None
) -> PayeeBalances:
    """What every payee, or one, was owed at the end of a day."""
    payees = None if payee is None else [payee.pk]
    positions = payee_positions(organization, as_of=as_of, payees=payees)
    return PayeeBalances(organization, as_of, tuple(positions))


def payee_positions(
    organization: Organization,
    *,
    as_of: date | None = None,
    payees: Collection[UUID] | None = None,
) -> list[PayeePosition]:
    """Where payees stand, by code: all of the organization's, or these.

    `as_of` counts items, payouts and entries dated through that day and settlements that go
    through it; without one everything counts, also what is dated ahead. Two statements, however
    many payees there are; all figures are of one moment.
    """
    rows = Payee.objects.of(organization).order_by("code")
    if payees is not None:
        rows = rows.filter(pk__in=payees)
    with connection.cursor() as cursor:
        given = {"organization": organization.pk, **position_parameters(as_of, payees)}
        cursor.execute(_BY_PAYEE, given)
        found = {payee: [int(part or 0) for part in parts] for payee, *parts in cursor.fetchall()}
    return [PayeePosition(payee, *found.get(payee.pk, _NOTHING)) for payee in rows]


def position_parameters(
    as_of: date | None, payees: Collection[UUID] | None = None
) -> dict[str, Any]:
    """What `POSITIONS` takes beside the organization."""
    return {
        "as_of": as_of or date.max,
        "payees": None if payees is None else list(payees),
    }


_NOTHING = (0, 0, 0, 0, 0)

# One row for each part of a payee's position: (payee_id, part, amount). Items of settlements that
# go beyond the day were not settled then. Of a payee's chain all totals above zero are to be paid;
# what the last one is below zero is carried forward, and that of each before it has been.
_PARTS = """
SELECT i.payee_id, 'unsettled' AS part, sum(i.organizer_amount) AS amount
  FROM settlements_sale i
 WHERE i.organization_id = %(organization)s AND i.settlement_id IS NULL
   AND i.sold_on <= %(as_of)s AND OF_PAYEES(i)
 GROUP BY 1
UNION ALL
SELECT i.payee_id, 'unsettled', -sum(i.organizer_amount)
  FROM settlements_refund i
 WHERE i.organization_id = %(organization)s AND i.settlement_id IS NULL
   AND i.refunded_on <= %(as_of)s AND OF_PAYEES(i)
 GROUP BY 1
UNION ALL
SELECT i.payee_id, 'unsettled', sum(i.amount)
  FROM settlements_adjustment i
 WHERE i.organization_id = %(organization)s AND i.settlement_id IS NULL
   AND i.adjusted_on <= %(as_of)s AND OF_PAYEES(i)
 GROUP BY 1
UNION ALL
SELECT i.payee_id, 'unsettled', sum(i.organizer_amount)
  FROM settlements_settlement s
  JOIN settlements_sale i
    ON i.organization_id = s.organization_id AND i.settlement_id = s.id
 WHERE s.organization_id = %(organization)s AND s.through > %(as_of)s
   AND i.sold_on <= %(as_of)s AND OF_PAYEES(s)
 GROUP BY 1
UNION ALL
SELECT i.payee_id, 'unsettled', -sum(i.organizer_amount)
  FROM settlements_settlement s
  JOIN settlements_refund i
    ON i.organization_id = s.organization_id AND i.settlement_id = s.id
 WHERE s.organization_id = %(organization)s AND s.through > %(as_of)s
   AND i.refunded_on <= %(as_of)s AND OF_PAYEES(s)
 GROUP BY 1
UNION ALL
SELECT i.payee_id, 'unsettled', sum(i.amount)
  FROM settlements_settlement s
  JOIN settlements_adjustment i
    ON i.organization_id = s.organization_id AND i.settlement_id = s.id
 WHERE s.organization_id = %(organization)s AND s.through > %(as_of)s
   AND i.adjusted_on <= %(as_of)s AND OF_PAYEES(s)
 GROUP BY 1
UNION ALL
SELECT s.payee_id, f.part, sum(f.amount)
  FROM settlements_settlement s
 CROSS JOIN LATERAL (VALUES
         ('reserve', s.reserve_held_amount - s.reserve_released_amount),
         ('awaiting', greatest(s.total_amount, 0))) AS f(part, amount)
 WHERE s.organization_id = %(organization)s AND s.through <= %(as_of)s AND OF_PAYEES(s)
 GROUP BY 1, 2
UNION ALL
SELECT l.payee_id, 'carried', least(l.total_amount, 0)
  FROM (SELECT DISTINCT ON (s.payee_id) s.payee_id, s.total_amount
          FROM settlements_settlement s
         WHERE s.organization_id = %(organization)s AND s.through <= %(as_of)s AND OF_PAYEES(s)
         ORDER BY s.payee_id, s.sequence DESC) l
UNION ALL
SELECT s.payee_id, 'awaiting',
       sum(CASE WHEN p.failed_on <= %(as_of)s THEN 0 ELSE -p.amount END)
  FROM settlements_payout p
  JOIN settlements_settlement s
    ON s.organization_id = p.organization_id AND s.id = p.settlement_id
 WHERE p.organization_id = %(organization)s AND p.paid_on <= %(as_of)s AND OF_PAYEES(s)
 GROUP BY 1
UNION ALL
SELECT o.payee_id, 'ledger', sum(l.credit - l.debit)
  FROM (SELECT i.organization_id, i.payee_id, i.entry_id FROM settlements_sale i
         WHERE i.organization_id = %(organization)s AND OF_PAYEES(i)
        UNION ALL
        SELECT i.organization_id, i.payee_id, i.entry_id FROM settlements_refund i
         WHERE i.organization_id = %(organization)s AND OF_PAYEES(i)
        UNION ALL
        SELECT i.organization_id, i.payee_id, i.entry_id FROM settlements_adjustment i
         WHERE i.organization_id = %(organization)s AND OF_PAYEES(i)
        UNION ALL
        SELECT s.organization_id, s.payee_id, f.entry_id
          FROM settlements_payout p
          JOIN settlements_settlement s
            ON s.organization_id = p.organization_id AND s.id = p.settlement_id
         CROSS JOIN LATERAL (VALUES (p.entry_id), (p.return_entry_id)) AS f(entry_id)
         WHERE p.organization_id = %(organization)s AND f.entry_id IS NOT NULL AND OF_PAYEES(s)
       ) o
  JOIN settlements_payee k ON k.organization_id = o.organization_id AND k.id = o.payee_id
  JOIN ledger_journalentry e
    ON e.organization_id = o.organization_id AND e.id = o.entry_id
  JOIN ledger_journalline l
    ON l.organization_id = e.organization_id AND l.entry_id = e.id AND l.account_id = k.payable_id
 WHERE k.organization_id = %(organization)s AND e.effective_on <= %(as_of)s
 GROUP BY 1
"""

# `OF_PAYEES(i)`: of any payee, or of those that are asked for.
POSITIONS = re.sub(
    r"OF_PAYEES\((\w)\)",
    r"(%(payees)s::uuid[] IS NULL OR \1.payee_id = ANY (%(payees)s::uuid[]))",
    _PARTS,
)

_BY_PAYEE = f"""
SELECT m.payee_id, sum(m.amount) FILTER (WHERE m.part = 'unsettled'),
       sum(m.amount) FILTER (WHERE m.part = 'reserve'),
       sum(m.amount) FILTER (WHERE m.part = 'carried'),
       sum(m.amount) FILTER (WHERE m.part = 'awaiting'),
       sum(m.amount) FILTER (WHERE m.part = 'ledger')
  FROM ({POSITIONS}) m
 GROUP BY 1
"""
