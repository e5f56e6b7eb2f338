"""A market by plain SQL, for tests that attack the database or watch it under load.

Every step comes twice: as the statements that it needs (`settling`), for a connection of its own,
and as a method that runs them at once (`settle`).
"""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, transaction

from core.db import uuid7
from tests.invoicing.raw_sales import Statement, in_one, run_all
from tests.ledger.raw_books import broken, run
from tests.settlements.raw_items import DAY, FEE, SHARE, RawItems, insert

__all__ = ["DAY", "FEE", "LATER", "SHARE", "THROUGH", "RawMarket", "insert", "refused_by_any"]

THROUGH = date(2025, 3, 31)
LATER = date(2025, 4, 30)

# The items of a payee: each kind's date, and what one adds to what the payee is owed.
ITEMS = {
    "sale": ("sold_on", "organizer_amount"),
    "refund": ("refunded_on", "organizer_amount"),
    "adjustment": ("adjusted_on", "amount"),
}


@contextmanager
def refused_by_any(*truths: str) -> Iterator[None]:
    """The block breaks one of these truths, or fails with one of these codes: which one hangs on
    the order in which PostgreSQL goes."""
    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        yield
    assert str(broken(caught.value)).split()[0] in truths


class RawMarket(RawItems):
    """One organization that sells for others, and pays them."""

    # --- Settlements ------------------------------------------------------------------------------

    def unsettled(self, payee: UUID, through: date = THROUGH) -> dict[str, list[UUID]]:
        return {
            table: [
                id
                for (id,) in run(
                    f"""SELECT id FROM public.settlements_{table}
                         WHERE organization_id = %s AND payee_id = %s AND {day} <= %s
                           AND settlement_id IS NULL ORDER BY id""",
                    [self.id, payee, through],
                )
            ]
            for table, (day, _) in ITEMS.items()
        }

    def settlement_row(
        self,
        payee: UUID,
        items: dict[str, list[UUID]] | None = None,
        released: Sequence[UUID] = (),
        **changes: Any,
    ) -> dict[str, Any]:
        """What the payee's next settlement says when it takes these in: else all unsettled."""
        through = changes.get("through", THROUGH)
        if items is None:
            items = self.unsettled(payee, through)
        before = run(
            """SELECT sequence, least(total_amount, 0) FROM public.settlements_settlement
                WHERE organization_id = %s AND payee_id = %s ORDER BY sequence DESC LIMIT 1""",
            [self.id, payee],
        )
        sequence, carried = before[0] if before else (0, 0)
        row = {
            "organization_id": self.id,
            "id": uuid7(),
            "payee_id": payee,
            "sequence": sequence + 1,
            "through": through,
            "due_on": changes.get("due_on") or max(through, THROUGH) + timedelta(days=1),
            "currency": self.of("payee", "currency", payee),
            "item_count": sum(len(ids) for ids in items.values()),
            "sales_amount": self._sum("sale", items.get("sale", [])),
            "refunds_amount": self._sum("refund", items.get("refund", [])),
            "adjustments_amount": self._sum("adjustment", items.get("adjustment", [])),
            "carried_forward_amount": carried,
            "reserve_held_amount": 0,
            "reserve_released_amount": sum(
                self.of("settlement", "reserve_held_amount", id) for id in released
            ),
            "reserve_release_on": None,
            "prepared_by_id": self.prepares,
            **changes,
        }
        total = (
            row["sales_amount"]
            - row["refunds_amount"]
            + row["adjustments_amount"]
            + row["carried_forward_amount"]
            - row["reserve_held_amount"]
            + row["reserve_released_amount"]
        )
        row.setdefault("total_amount", total)
        return {"status": "pending" if row["total_amount"] > 0 else "completed", **row}

    def settling(
        self,
        payee: UUID,
        items: dict[str, list[UUID]] | None = None,
        released: Sequence[UUID] = (),
        **changes: Any,
    ) -> Statement:
        """A settlement with its items and the reserves that it releases, as one statement."""
        taken = self.unsettled(payee, changes.get("through", THROUGH)) if items is None else items
        row = self.settlement_row(payee, taken, released, **changes)
        return in_one(
            insert("settlement", row),
            *(self.moving_items(table, ids, row["id"]) for table, ids in taken.items() if ids),
            self.releasing(released, row["id"]),
        )

    def settle(self, payee: UUID, **given: Any) -> UUID:
        statement = self.settling(payee, **given)
        run(*statement)
        id: UUID = statement[1]["id"]
        return id

    def moving_items(self, table: str, ids: Sequence[UUID], to: UUID | None) -> Statement:
        return (
            f"""UPDATE settlements_{table} SET settlement_id = %(to)s
                 WHERE organization_id = %(organization)s AND id = ANY (%(ids)s)""",
            {"organization": self.id, "ids": list(ids), "to": to},
        )

    def releasing(self, reserves: Sequence[UUID], by: UUID | None) -> Statement:
        return (
            """UPDATE settlements_settlement SET reserve_released_by_id = %(by)s
                WHERE organization_id = %(organization)s AND id = ANY (%(reserves)s)""",
            {"organization": self.id, "reserves": list(reserves), "by": by},
        )

    def letting_go(self, settlement: UUID) -> list[Statement]:
        """What a settlement has taken in and released, as it was before."""
        given = {"settlement": settlement}
        return [
            *(
                (
                    f"""UPDATE settlements_{table} SET settlement_id = NULL
                         WHERE settlement_id = %(settlement)s""",
                    given,
                )
                for table in ITEMS
            ),
            (
                """UPDATE settlements_settlement SET reserve_released_by_id = NULL
                    WHERE reserve_released_by_id = %(settlement)s""",
                given,
            ),
        ]

    def discarding(self, settlement: UUID) -> Statement:
        return in_one(
            *self.letting_go(settlement),
            ("DELETE FROM settlements_settlement WHERE id = %(id)s", {"id": settlement}),
        )

    def approving(self, settlement: UUID, **changes: Any) -> Statement:
        given = {"approved_by_id": self.approves, **changes}
        columns = ", ".join(f"{name} = %({name})s" for name in given)
        return (
            f"UPDATE settlements_settlement SET approved_at = now(), {columns} WHERE id = %(id)s",
            {**given, "id": settlement},
        )

    # --- Payouts ----------------------------------------------------------------------------------

    def payout_row(self, settlement: UUID, **changes: Any) -> dict[str, Any]:
        amount, currency = self.of("settlement", "total_amount, currency", settlement)
        attempt = changes.get("attempt", self._attempts(settlement) + 1)
        return {
            "organization_id": self.id,
            "id": uuid7(),
            "settlement_id": settlement,
            "attempt": attempt,
            "end_to_end_id": f"{settlement.hex}-{attempt}",
            "amount": amount,
            "currency": currency,
            "account_holder": "Ana",
            **changes,
        }

    def initiate(self, settlement: UUID, **changes: Any) -> UUID:
        row = self.payout_row(settlement, **changes)
        run(*insert("payout", row))
        id: UUID = row["id"]
        return id

    def approve(self, settlement: UUID, **changes: Any) -> UUID:
        """With the first attempt at paying it, whose id is returned."""
        run(*self.approving(settlement, **changes))
        return self.initiate(settlement)

    def payout(self, share: int = SHARE, payee: UUID | None = None) -> UUID:
        """The attempt at paying a settlement of one sale."""
        of = payee or self.payee(f"p-{uuid7()}")
        self.sell(of, share)
        return self.approve(self.settle(of))

    def paying(self, payout: UUID, on: date = LATER, **posted: Any) -> list[Statement]:
        """Its entry, and that it was paid; `posted` changes the entry."""
        posting = self.payout_posting(payout, on, **posted)
        return [posting, self.marking_paid(payout, posting[1]["id"], on)]

    def payout_posting(self, payout: UUID, on: date = LATER, **changes: Any) -> Statement:
        name, amount = self.of("payout", "end_to_end_id, amount", payout)
        return self.moving(f"payout:{name}", -amount, "bank", on=on, **changes)

    def marking_paid(self, payout: UUID, entry: UUID | None, on: date = LATER) -> Statement:
        return (
            """UPDATE settlements_payout SET status = 'paid', paid_on = %(on)s,
                      entry_id = %(entry)s WHERE id = %(id)s""",
            {"id": payout, "on": on, "entry": entry},
        )

    def pay(self, payout: UUID, on: date = LATER) -> None:
        run_all(self.paying(payout, on))

    def failing(self, payout: UUID, on: date = LATER, reason: str = "Closed") -> Statement:
        return (
            """UPDATE settlements_payout SET status = 'failed', failed_on = %(on)s,
                      failure_reason = %(reason)s WHERE id = %(id)s""",
            {"id": payout, "on": on, "reason": reason},
        )

    def returning(self, payout: UUID, on: date = LATER, **posted: Any) -> list[Statement]:
        name, amount = self.of("payout", "end_to_end_id, amount", payout)
        posting = self.moving(f"payout-return:{name}", amount, "bank", on=on, **posted)
        return [
            posting,
            (
                """UPDATE settlements_payout SET status = 'returned', failed_on = %(on)s,
                          failure_reason = 'Closed', return_entry_id = %(entry)s
                    WHERE id = %(id)s""",
                {"id": payout, "on": on, "entry": posting[1]["id"]},
            ),
        ]

    # --- Batches ----------------------------------------------------------------------------------

    def batch_row(self, payouts: Sequence[UUID], **changes: Any) -> dict[str, Any]:
        content = changes.get("content", b"<Document/>")
        return {
            "organization_id": self.id,
            "id": uuid7(),
            "format": "csv",
            "message_id": uuid7().hex,
            "currency": self.of("payout", "currency", payouts[0]) if payouts else "GBP",
            "payout_count": len(payouts),
            "control_sum_amount": sum(self.of("payout", "amount", id) for id in payouts),
            "executes_on": LATER,
            "file_name": "payouts.csv",
            "content": content,
            "content_hash": hashlib.sha256(content).hexdigest(),
            **changes,
        }

    def batch_item(self, batch: UUID, payout: UUID, position: int = 1) -> Statement:
        return insert(
            "payoutbatchitem",
            {
                "organization_id": self.id,
                "id": uuid7(),
                "batch_id": batch,
                "payout_id": payout,
                "position": position,
            },
        )

    def batching(self, *payouts: UUID, **changes: Any) -> Statement:
        row = self.batch_row(payouts, **changes)
        items = [self.batch_item(row["id"], id, n) for n, id in enumerate(payouts, 1)]
        return in_one(insert("payoutbatch", row), *items)

    def batch(self, *payouts: UUID, **changes: Any) -> UUID:
        statement = self.batching(*payouts, **changes)
        run(*statement)
        id: UUID = statement[1]["id"]
        return id

    # --- What is asked ----------------------------------------------------------------------------

    def _attempts(self, settlement: UUID) -> int:
        [(last,)] = run(
            """SELECT coalesce(max(attempt), 0) FROM public.settlements_payout
                WHERE organization_id = %s AND settlement_id = %s""",
            [self.id, settlement],
        )
        return int(last)

    def _sum(self, table: str, ids: Sequence[UUID]) -> int:
        return sum(self.of(table, ITEMS[table][1], id) for id in ids)
