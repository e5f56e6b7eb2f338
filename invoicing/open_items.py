"""What is open on a day, and how long it has been overdue then; no database in here."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID


class Bucket(StrEnum):
    """How long a claim is overdue; `unapplied` is what is owed to the customer instead."""

    CURRENT = "current"
    DAYS_1_30 = "days_1_30"
    DAYS_31_60 = "days_31_60"
    DAYS_61_90 = "days_61_90"
    OVER_90 = "over_90"
    UNAPPLIED = "unapplied"

    @property
    def label(self) -> str:
        return _LABELS[self]

    @classmethod
    def of(cls, open_amount: int, days_overdue: int) -> "Bucket":
        """On its due date a claim is not overdue yet."""
        if open_amount < 0:
            return cls.UNAPPLIED
        if days_overdue <= 0:
            return cls.CURRENT
        if days_overdue <= 30:
            return cls.DAYS_1_30
        if days_overdue <= 60:
            return cls.DAYS_31_60
        return cls.DAYS_61_90 if days_overdue <= 90 else cls.OVER_90


_LABELS = {
    Bucket.CURRENT: "Not due",
    Bucket.DAYS_1_30: "1–30 days",
    Bucket.DAYS_31_60: "31–60 days",
    Bucket.DAYS_61_90: "61–90 days",
    Bucket.OVER_90: "Over 90",
    Bucket.UNAPPLIED: "Unapplied",
}


@dataclass(frozen=True, slots=True)
class OpenItem:
    """An invoice that is not settled, or a credit note without an invoice that is not refunded.

    `open_amount` is negative where it is owed to the customer; a credit note is never due.
    """

    kind: str
    id: UUID
    number: str
    issued_on: date
    due_on: date | None
    total_amount: int
    open_amount: int
    days_overdue: int
    bucket: Bucket


def open_item(
    day: date,
    kind: str,
    id: UUID,
    number: str,
    issued_on: date,
    due_on: date | None,
    total_amount: int,
    open_amount: int,
) -> OpenItem:
    """As it stands at the end of a day."""
    days = 0
    if due_on is not None and open_amount > 0 and due_on < day:
        days = (day - due_on).days
    bucket = Bucket.of(open_amount, days)
    return OpenItem(kind, id, number, issued_on, due_on, total_amount, open_amount, days, bucket)


@dataclass(frozen=True, slots=True)
class Aged:
    """Amounts by age. `unapplied_amount` is positive and reduces the total."""

    current_amount: int = 0
    days_1_30_amount: int = 0
    days_31_60_amount: int = 0
    days_61_90_amount: int = 0
    over_90_amount: int = 0
    unapplied_amount: int = 0

    @classmethod
    def of(cls, items: Iterable[OpenItem]) -> "Aged":
        sums = dict.fromkeys(Bucket, 0)
        for item in items:
            sums[item.bucket] += item.open_amount
        sums[Bucket.UNAPPLIED] *= -1
        return cls(*sums.values())

    def __add__(self, other: "Aged") -> "Aged":
        return Aged(*(self.amount(bucket) + other.amount(bucket) for bucket in Bucket))

    def amount(self, bucket: Bucket) -> int:
        amount: int = getattr(self, f"{bucket.value}_amount")
        return amount

    @property
    def overdue_amount(self) -> int:
        return (
            self.days_1_30_amount
            + self.days_31_60_amount
            + self.days_61_90_amount
            + self.over_90_amount
        )

    @property
    def total_amount(self) -> int:
        return self.current_amount + self.overdue_amount - self.unapplied_amount
