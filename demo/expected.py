"""The figures that the books must show, worked out from the file alone.

Deliberately apart from `invoicing` and from the ledger: whole pennies and plain sums, no shared
rule, so that a mistake there is not repeated here. What was sold and cancelled is in the file; who
pays, when, and what is refunded follows from the rules in `docs/how-to/importing-sales.md`.
"""

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

# Debits positive, credits negative, by the role of the account; zeros left out.
Effects = dict[str, int]
# What an entry is of: ("issued", "536365"), ("paid", "536365"), ("credited", …), ("refunded", …).
Fact = tuple[str, str]
Goods = Counter[tuple[str, int]]

PAYMENT_TERMS = timedelta(days=30)


@dataclass(slots=True)
class Document:
    """An invoice of the file, or a cancellation: its net in pennies, above zero.

    `goods` counts pieces by stock code and price. `paid_on` and `credited` tell what became of an
    invoice, `refunded` and `invoice` what became of a cancellation.
    """

    number: str
    day: date
    customer: str
    country: str
    net: int = 0
    goods: Goods = field(default_factory=Counter)
    paid_on: date | None = None
    credited: dict[date, int] = field(default_factory=dict)
    invoice: "Document | None" = None
    refunded: int = 0

    @property
    def is_cancellation(self) -> bool:
        return self.number[0] == "C"

    @property
    def vat(self) -> int:
        """17.5 % is 7/40; half up is the whole part of one half more."""
        return (self.net * 7 * 2 + 40) // 80 if self.country == "United Kingdom" else 0

    @property
    def gross(self) -> int:
        return self.net + self.vat

    @property
    def effects(self) -> Effects:
        """What each account takes, by role: debits positive, credits negative."""
        if self.is_cancellation:
            return _without_zeros(
                sales_returns=self.net, tax_payable=self.vat, accounts_receivable=-self.gross
            )
        return _without_zeros(
            accounts_receivable=self.gross, sales_revenue=-self.net, tax_payable=-self.vat
        )

    @property
    def payment(self) -> Effects:
        taken = "bank" if self.customer else "cash"
        return {taken: self.gross, "accounts_receivable": -self.gross}

    @property
    def refund(self) -> Effects:
        taken = "bank" if self.customer else "cash"
        return _without_zeros(**{taken: -self.refunded, "accounts_receivable": self.refunded})

    def open_on(self, day: date) -> int:
        """What of an invoice is neither paid nor credited at the end of a day."""
        if self.paid_on is not None and self.paid_on <= day:
            return 0
        return self.gross - sum(amount for on, amount in self.credited.items() if on <= day)


@dataclass(slots=True)
class Expected:
    """All documents of the file that carry money, in its order, and how much of it does not."""

    documents: list[Document] = field(default_factory=list)
    lines: int = 0
    lines_without_money: int = 0
    documents_without_money: int = 0

    @property
    def invoices(self) -> list[Document]:
        return [document for document in self.documents if not document.is_cancellation]

    @property
    def credit_notes(self) -> list[Document]:
        return [document for document in self.documents if document.is_cancellation]

    @property
    def bank_payments(self) -> list[Document]:
        return [invoice for invoice in self.invoices if invoice.paid_on and invoice.customer]

    @property
    def refunds(self) -> list[Document]:
        return [note for note in self.credit_notes if note.refunded]

    def postings(self) -> dict[Fact, tuple[date, Effects]]:
        """What each fact does to the accounts, and when; one entry each."""
        posted: dict[Fact, tuple[date, Effects]] = {}
        for document in self.documents:
            what = "credited" if document.is_cancellation else "issued"
            posted[what, document.number] = document.day, document.effects
            if document.paid_on is not None:
                posted["paid", document.number] = document.paid_on, document.payment
            if document.refunded:
                posted["refunded", document.number] = document.day, document.refund
        return posted

    def balances(self, *, through: date) -> Effects:
        """Debits less credits per role at the end of a day."""
        total: Counter[str] = Counter()
        for day, effects in self.postings().values():
            if day <= through:
                total.update(effects)
        return _without_zeros(**total)

    def cash_taken(self, *, through: date) -> int:
        return self.balances(through=through).get("cash", 0)

    def owed(self, *, through: date) -> dict[str, int]:
        """What each customer owes at the end of a day, negative where it is owed to them."""
        customers = {document.number: document.customer for document in self.documents}
        total: Counter[str] = Counter()
        for (_, number), (day, effects) in self.postings().items():
            if day <= through:
                total[customers[number]] += effects.get("accounts_receivable", 0)
        return _without_zeros(**total)

    def ageing(self, *, as_of: date) -> dict[str, int]:
        """What is open at the end of a day, by how many days it is overdue; `unapplied` is what
        credit notes without an invoice leave to the customers' good."""
        total: Counter[str] = Counter()
        for invoice in self.invoices:
            if invoice.day <= as_of:
                total[_bucket(as_of, invoice.day + PAYMENT_TERMS)] += invoice.open_on(as_of)
        for note in self.credit_notes:
            if note.day <= as_of and note.invoice is None:
                total["unapplied"] += note.gross - note.refunded
        return _without_zeros(**total)


def expected_of(path: Path) -> Expected:
    """Add the file up, and follow what becomes of each document."""
    expected = Expected()
    documents: dict[str, Document] = {}
    for row in _rows(path):
        number, day = row["InvoiceNo"], row["InvoiceDate"].split()[0].split("/")
        document = documents.setdefault(
            number,
            Document(
                number,
                date(int(day[2]), int(day[0]), int(day[1])),
                row["CustomerID"],
                row["Country"],
            ),
        )
        pieces, price = abs(int(row["Quantity"])), _pence(row["UnitPrice"])
        document.net += pieces * price
        expected.lines += 1
        if pieces * price:
            document.goods[row["StockCode"], price] += pieces
        else:
            expected.lines_without_money += 1
    expected.documents = [document for document in documents.values() if document.net]
    expected.documents_without_money = len(documents) - len(expected.documents)
    _follow(expected.documents)
    return expected


def _follow(documents: Iterable[Document]) -> None:
    """Who pays, what is credited and refunded, document by document."""
    sold: dict[str, list[Document]] = defaultdict(list)
    cancelled: dict[str, list[Document]] = defaultdict(list)
    for document in documents:
        if not document.is_cancellation:
            document.paid_on = _pays_on(document)
            sold[document.customer].append(document)
            continue
        owed = sum(invoice.open_on(document.day) for invoice in sold[document.customer])
        owed -= sum(n.gross - n.refunded for n in cancelled[document.customer] if not n.invoice)
        document.invoice = _cancelled_by(document, sold[document.customer])
        if document.invoice is not None:
            _credit(document.invoice, document)
        elif not document.customer:
            document.refunded = document.gross
        else:
            document.refunded = min(document.gross, max(0, document.gross - owed))
        cancelled[document.customer].append(document)


def _pays_on(invoice: Document) -> date | None:
    """Walk-ins at once; of the others two in three, after three to seven days."""
    if not invoice.customer:
        return invoice.day
    number = int(invoice.number)
    return invoice.day + timedelta(days=3 + number % 5) if number % 3 else None


def _cancelled_by(note: Document, invoices: list[Document]) -> Document | None:
    """The customer's latest unpaid invoice that has all the goods, at those prices."""
    if not note.customer:
        return None
    for invoice in reversed(invoices):
        is_unpaid = invoice.paid_on is None or invoice.paid_on > note.day
        has_goods = all(invoice.goods[good] >= pieces for good, pieces in note.goods.items())
        is_before = invoice.day <= note.day and invoice.country == note.country
        if is_unpaid and has_goods and is_before and invoice.open_on(note.day) >= note.gross:
            return invoice
    return None


def _credit(invoice: Document, note: Document) -> None:
    """What was credited is not sold any more, and nobody pays the rest of a cancelled invoice."""
    invoice.credited[note.day] = invoice.credited.get(note.day, 0) + note.gross
    invoice.goods.subtract(note.goods)
    invoice.paid_on = None


def _bucket(as_of: date, due: date) -> str:
    days = (as_of - due).days
    if days <= 0:
        return "current"
    for last, name in ((30, "days_1_30"), (60, "days_31_60"), (90, "days_61_90")):
        if days <= last:
            return name
    return "over_90"


def _without_zeros(**amounts: int) -> dict[str, int]:
    return {name: amount for name, amount in amounts.items() if amount}


def _rows(path: Path) -> Iterable[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _pence(price: str) -> int:
    """ "2.1" is 210. A price with fractions of a penny has no place in this file."""
    pounds, _, decimals = price.partition(".")
    if len(decimals) > 2:
        raise ValueError(f"{price} has fractions of a penny")
    return int(pounds) * 100 + int(decimals.ljust(2, "0"))
