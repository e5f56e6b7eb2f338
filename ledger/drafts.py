"""What is asked to be posted: entries and lines before they are in the books."""

from collections.abc import Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID

from ledger.errors import (
    AmountTooLarge,
    EntryHasTooFewLines,
    EntryHasTooManyLines,
    ImplausibleDate,
    LineNotDebitOrCredit,
)

MOST_MINOR_UNITS = 2**63 - 1
MOST_LINES = 10_000
FIRST_DATE = date(1900, 1, 1)
LAST_DATE = date(2199, 12, 31)

# The reference type of a cash entry's posting.
CASH_ENTRY = "cash-entry"


class LineDraft(NamedTuple):
    """One side: `account` is a code or an id, `debit` or `credit` is in minor units.

    `currency`, where given, must be the account's. A tuple, because thousands are made at a time
    and a frozen dataclass takes three times as long.
    """

    account: str | UUID
    debit: int = 0
    credit: int = 0
    description: str = ""
    currency: str | None = None


class EntryDraft(NamedTuple):
    """One entry: a reference of its own, when it happened, and two lines or more."""

    reference: str
    effective_on: date
    lines: Sequence[LineDraft]
    description: str = ""
    reference_type: str = ""
    reference_id: str = ""
    metadata: Mapping[str, Any] = MappingProxyType({})
    reverses: UUID | None = None

    def check_shape(self) -> None:
        """What an entry must be before the database can be asked.

        Raises:
            EntryHasTooFewLines, EntryHasTooManyLines, LineNotDebitOrCredit, AmountTooLarge,
            ImplausibleDate
        """
        if len(self.lines) < 2:
            raise EntryHasTooFewLines(reference=self.reference, lines=len(self.lines))
        if len(self.lines) > MOST_LINES:
            raise EntryHasTooManyLines(
                reference=self.reference, lines=len(self.lines), most=MOST_LINES
            )
        self.check_date()
        self.check_lines()

    def check_date(self) -> None:
        """A date that a business fact can have."""
        if not FIRST_DATE <= self.effective_on <= LAST_DATE:
            raise ImplausibleDate(
                reference=self.reference, effective_on=self.effective_on.isoformat()
            )

    def check_lines(self) -> None:
        """Each line alone: one side, above zero, within 64 bits."""
        for position, line in enumerate(self.lines, start=1):
            debit, credit = line.debit, line.credit
            if (debit > 0 and credit == 0) or (credit > 0 and debit == 0):
                if debit > MOST_MINOR_UNITS or credit > MOST_MINOR_UNITS:
                    raise AmountTooLarge(
                        reference=self.reference, position=position, amount=debit or credit
                    )
                continue
            raise LineNotDebitOrCredit(
                reference=self.reference, position=position, debit=debit, credit=credit
            )


def debit(account: str | UUID, amount: int, description: str = "") -> LineDraft:
    """A debit of `amount` minor units."""
    return LineDraft(account, debit=amount, description=description)


def credit(account: str | UUID, amount: int, description: str = "") -> LineDraft:
    """A credit of `amount` minor units."""
    return LineDraft(account, credit=amount, description=description)


def signed(account: str | UUID, amount: int) -> LineDraft:
    """A debit where the amount is positive, a credit where it is negative."""
    return LineDraft(account, debit=max(amount, 0), credit=max(-amount, 0))
