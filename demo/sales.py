"""What the shop sold: invoices and credit notes, read from the lines of the sales file.

Pure functions over the file's text; amounts become whole pennies here and stay so.
"""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from pathlib import Path

SALES_FILE = Path(__file__).parent / "data" / "online_retail_2010_12.csv"
CURRENCY = "GBP"

# United Kingdom, until 3 January 2011. Sales to other countries are exports, zero-rated.
VAT_RATE = Decimal("0.175")
VAT_COUNTRY = "United Kingdom"


class UnreadableSale(ValueError):
    """A line of the file that cannot be what it should be; says which line, and why."""


@dataclass(frozen=True, slots=True)
class SaleLine:
    """One line of the file. `net` is in pounds, exact, and negative on a credit note."""

    invoice: str
    stock_code: str
    description: str
    quantity: int
    unit_price: Decimal
    sold_on: date
    customer: str
    country: str

    @property
    def net(self) -> Decimal:
        return self.quantity * self.unit_price


@dataclass(frozen=True, slots=True)
class Document:
    """An invoice or a credit note. Its amounts are pennies, and never negative."""

    number: str
    sold_on: date
    customer: str
    country: str
    lines: tuple[SaleLine, ...]
    net_amount: int
    tax_amount: int

    @property
    def is_credit_note(self) -> bool:
        return is_cancellation(self.number)

    @property
    def gross_amount(self) -> int:
        return self.net_amount + self.tax_amount

    @property
    def reference(self) -> str:
        return f"{'credit-note' if self.is_credit_note else 'invoice'}-{self.number}"


@dataclass(frozen=True, slots=True)
class Sales:
    """Everything that a sales file says."""

    documents: tuple[Document, ...]
    line_count: int
    lines_without_money: int
    documents_without_money: int


def read_sales(path: Path = SALES_FILE) -> Sales:
    """The documents of a sales file, in its order.

    Raises:
        UnreadableSale: a line is not a sale; nothing of the file is returned.
    """
    with path.open(encoding="utf-8", newline="") as file:
        return sales_of(read_lines(file))


def read_lines(file: Iterable[str]) -> Iterator[SaleLine]:
    rows = csv.DictReader(file)
    for row in rows:
        try:
            yield _line(row)
        except (KeyError, TypeError, ValueError, InvalidOperation) as error:
            raise UnreadableSale(f"line {rows.line_num}: {error!r} in {row}") from error


def _line(row: dict[str, str]) -> SaleLine:
    unit_price = Decimal(row["UnitPrice"])
    if not unit_price.is_finite():
        raise ValueError(f"the price {unit_price} is no number")
    return SaleLine(
        invoice=row["InvoiceNo"],
        stock_code=row["StockCode"],
        description=row["Description"].strip(),
        quantity=int(row["Quantity"]),
        unit_price=unit_price,
        # UK time, which is the shop's own: the date is the one on the invoice.
        sold_on=datetime.strptime(row["InvoiceDate"], "%m/%d/%Y %H:%M").date(),  # noqa: DTZ007
        customer=row["CustomerID"],
        country=row["Country"],
    )


def sales_of(lines: Iterable[SaleLine]) -> Sales:
    """Gather lines into documents; leave out, and count, what carries no money."""
    by_invoice: dict[str, list[SaleLine]] = {}
    line_count = 0
    for line in lines:
        by_invoice.setdefault(line.invoice, []).append(line)
        line_count += 1
    documents = []
    lines_without_money = 0
    for all_lines in by_invoice.values():
        with_money = tuple(line for line in all_lines if line.net)
        lines_without_money += len(all_lines) - len(with_money)
        document = _document(with_money) if with_money else None
        if document is not None and document.net_amount:
            documents.append(document)
    return Sales(
        documents=tuple(documents),
        line_count=line_count,
        lines_without_money=lines_without_money,
        documents_without_money=len(by_invoice) - len(documents),
    )


def _document(lines: tuple[SaleLine, ...]) -> Document:
    """One document of its lines; an invoice dated over two minutes has the first one's date.

    Prices may have more than two decimals: the lines add up exactly, and their sum is rounded.
    """
    first = lines[0]
    for line in lines:
        if (line.customer, line.country) != (first.customer, first.country):
            raise UnreadableSale(f"invoice {first.invoice} has more than one customer or country")
    net = sum((line.net for line in lines), Decimal(0))
    if (net < 0) != is_cancellation(first.invoice) and net:
        raise UnreadableSale(f"invoice {first.invoice} has the wrong sign: its net is {net}")
    net_amount = pennies(abs(net))
    return Document(
        number=first.invoice,
        sold_on=first.sold_on,
        customer=first.customer,
        country=first.country,
        lines=lines,
        net_amount=net_amount,
        tax_amount=vat_amount(net_amount, first.country),
    )


def is_cancellation(number: str) -> bool:
    return number.startswith("C")


def vat_amount(net_amount: int, country: str) -> int:
    """VAT on a document's net, in pennies, rounded half up on the document.

    A credit note is given the absolute net, so that it takes back exactly what was charged.
    """
    if country != VAT_COUNTRY:
        return 0
    return round_half_up(net_amount * VAT_RATE)


def pennies(pounds: Decimal) -> int:
    return round_half_up(pounds * 100)


def round_half_up(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), rounding=ROUND_HALF_UP))
