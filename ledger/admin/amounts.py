"""Figures as the pages show them: in the currency's own decimals, summed per currency."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from core.money import format_amount


@dataclass(frozen=True, slots=True)
class AmountCell:
    """An amount in a table; a zero is left empty, as on paper."""

    amount: int
    currency: str

    def __str__(self) -> str:
        return format_amount(self.amount, self.currency) if self.amount else ""

    @property
    def figure(self) -> str:
        """With its zero."""
        return format_amount(self.amount, self.currency)

    @property
    def is_negative(self) -> bool:
        return self.amount < 0


@dataclass(frozen=True, slots=True)
class Sums:
    """An entry's debits and credits in one currency."""

    currency: str
    debit: AmountCell
    credit: AmountCell

    @property
    def difference(self) -> AmountCell:
        return AmountCell(self.debit.amount - self.credit.amount, self.currency)


def sums(lines: Iterable[Any]) -> list[Sums]:
    """Per currency, in the order in which the currencies appear."""
    debited: dict[str, int] = {}
    credited: dict[str, int] = {}
    for line in lines:
        currency = line.account.currency
        debited[currency] = debited.get(currency, 0) + line.debit
        credited[currency] = credited.get(currency, 0) + line.credit
    return [
        Sums(currency, AmountCell(debit, currency), AmountCell(credited[currency], currency))
        for currency, debit in debited.items()
    ]
