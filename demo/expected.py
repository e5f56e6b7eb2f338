"""The figures that the books must show, worked out from the file alone.

Deliberately apart from `demo.sales` and from the ledger: whole pennies and plain sums, no shared
rule, so that a mistake there is not repeated here.
"""

import csv
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path


@dataclass(slots=True)
class Invoice:
    """An invoice of the file: its net in pennies, negative on a cancellation."""

    number: str
    day: date
    customer: str
    country: str
    net: int = 0

    @property
    def vat(self) -> int:
        """17.5 % is 7/40; half up is the whole part of one half more."""
        if self.country != "United Kingdom":
            return 0
        sign = -1 if self.net < 0 else 1
        return sign * ((abs(self.net) * 7 * 2 + 40) // 80)

    @property
    def reference(self) -> str:
        return ("credit-note-" if self.number.startswith("C") else "invoice-") + self.number

    @property
    def effects(self) -> dict[str, int]:
        """What each account takes, by role: debits positive, credits negative."""
        payer = "accounts_receivable" if self.customer else "cash"
        income = "sales_returns" if self.number.startswith("C") else "sales_revenue"
        effects = {payer: self.net + self.vat, income: -self.net, "tax_payable": -self.vat}
        return {role: amount for role, amount in effects.items() if amount}


@dataclass(slots=True)
class Expected:
    """All invoices of the file that carry money, and how many lines and invoices do not."""

    invoices: list[Invoice] = field(default_factory=list)
    lines: int = 0
    lines_without_money: int = 0
    invoices_without_money: int = 0

    @property
    def credit_notes(self) -> int:
        return sum(1 for invoice in self.invoices if invoice.number.startswith("C"))

    def balances(self, *, through: date, moved: dict[str, date]) -> dict[str, int]:
        """Debits less credits per role at the end of a day, zeros left out; `moved` are the
        invoices that count on another day than the file says."""
        total: Counter[str] = Counter()
        for invoice in self.invoices:
            if moved.get(invoice.number, invoice.day) <= through:
                total.update(invoice.effects)
        return {role: amount for role, amount in total.items() if amount}


def expected_of(path: Path) -> Expected:
    """Add the file up."""
    expected = Expected()
    invoices: dict[str, Invoice] = {}
    for row in _rows(path):
        number, day = row["InvoiceNo"], row["InvoiceDate"].split()[0].split("/")
        invoice = invoices.setdefault(
            number,
            Invoice(
                number,
                date(int(day[2]), int(day[0]), int(day[1])),
                row["CustomerID"],
                row["Country"],
            ),
        )
        net = int(row["Quantity"]) * _pence(row["UnitPrice"])
        invoice.net += net
        expected.lines += 1
        expected.lines_without_money += net == 0
    expected.invoices = [invoice for invoice in invoices.values() if invoice.net]
    expected.invoices_without_money = len(invoices) - len(expected.invoices)
    return expected


def _rows(path: Path) -> Iterable[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _pence(price: str) -> int:
    """ "2.1" is 210. A price with fractions of a penny has no place in this file."""
    pounds, _, decimals = price.partition(".")
    if len(decimals) > 2:
        raise ValueError(f"{price} has fractions of a penny")
    return int(pounds) * 100 + int(decimals.ljust(2, "0"))
