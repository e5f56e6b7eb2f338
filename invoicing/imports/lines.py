"""The lines of a sales file, one after the other; a line that is no sale is said to be none.

A file has a heading with the columns below. A row is one line of the file: a quote that is not
closed spoils its own line and no other.
"""

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from core.money import exponent
from core.text import visible
from ledger.line_files import is_too_long

COLUMNS = (
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
)

_NUMBER = re.compile(r"C?\d{1,20}", re.ASCII)
_QUANTITY = re.compile(r"-?\d{1,11}(\.\d{1,6})?", re.ASCII)
_PRICE = re.compile(r"\d{1,15}(?:\.(\d{1,20}))?", re.ASCII)
_MOMENT = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4}) \d{1,2}:\d{2}(:\d{2})?", re.ASCII)
_CUSTOMER = re.compile(r"[A-Za-z0-9.:_-]{0,50}", re.ASCII)
# Bytes of a broken line among which its InvoiceNo is looked for.
_LOOKED_AT = 10_000
_LONGEST_SKU = 100
_LONGEST_DESCRIPTION = 500
_LONGEST_COUNTRY = 100


class NotASalesFile(Exception):
    """The heading is not that of a sales file: nothing of it can be read."""


@dataclass(frozen=True, slots=True)
class SalesLine:
    """A line that was read. `unit_amount` is in minor units without tax; the quantity is negative
    on a cancellation; the country is named as the file names it."""

    number: int
    document: str
    sku: str
    description: str
    quantity: Decimal
    unit_amount: int
    day: date
    customer: str
    country: str

    @property
    def has_money(self) -> bool:
        return bool(self.quantity and self.unit_amount)


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that could not be read; `document` is empty where not even that could."""

    number: int
    document: str
    code: str
    reason: str


class _Fault(Exception):
    def __init__(self, code: str, reason: str) -> None:
        self.code = code
        self.reason = reason
        super().__init__(reason)


def read_lines(source: Iterable[bytes], currency: str) -> Iterator[SalesLine | BadLine]:
    """Every line below the heading; empty ones are passed over. Prices are of `currency`.

    Raises:
        NotASalesFile: the first line is not the heading.
    """
    lines = iter(source)
    order = _order_of_columns(next(lines, b""))
    read = _reader(order, currency)
    for number, line in enumerate(lines, start=2):
        if line.strip():
            yield read(number, line)


def _order_of_columns(heading: bytes) -> Sequence[int]:
    """Where each of COLUMNS stands."""
    try:
        names = [name.strip() for name in _cells(heading.removeprefix(b"\xef\xbb\xbf"))]
    except _Fault as fault:
        raise NotASalesFile(f"the heading cannot be read: {fault.reason}") from None
    missing = [name for name in COLUMNS if names.count(name) != 1]
    if missing:
        raise NotASalesFile(
            f"the heading needs each of {', '.join(COLUMNS)} once; see to {', '.join(missing)}"
        )
    return [names.index(name) for name in COLUMNS] + [len(names)]


def _reader(order: Sequence[int], currency: str) -> Callable[[int, bytes], SalesLine | BadLine]:
    *places, width = order
    decimals = exponent(currency)

    def read(number: int, line: bytes) -> SalesLine | BadLine:
        # Also of a line that is broken, so that its document does not go in without it.
        document = ""
        try:
            try:
                cells = _cells(line)
            except _Fault:
                document = _document_of_broken(line, places[0])
                raise
            document = _document(cells[places[0]] if places[0] < len(cells) else "")
            if len(cells) != width:
                raise _Fault("wrong_columns", f"{len(cells)} columns instead of {width}")
            _, sku, description, quantity, moment, price, customer, country = (
                cells[place].strip() for place in places
            )
            return SalesLine(
                number,
                document,
                sku=_text("StockCode", sku, _LONGEST_SKU),
                description=_text("Description", description, _LONGEST_DESCRIPTION) or sku,
                quantity=_quantity(quantity),
                unit_amount=_minor_units(price, decimals, currency),
                day=_day(moment),
                customer=_customer(customer),
                country=_text("Country", country, _LONGEST_COUNTRY),
            )
        except _Fault as fault:
            return BadLine(number, document, fault.code, fault.reason)

    return read


def _cells(line: bytes) -> list[str]:
    if is_too_long(line):
        raise _Fault("too_long", "the line is too long")
    try:
        text = line.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise _Fault("not_utf8", "the line is not UTF-8") from None
    try:
        return next(csv.reader([text], strict=True), [])
    except csv.Error as error:
        raise _Fault("not_csv", f"the line is no row: {error}") from None


def _document_of_broken(line: bytes, place: int) -> str:
    """The InvoiceNo of a line that is no row, where it stands before what is broken; or nothing."""
    text = line[:_LOOKED_AT].decode(errors="replace").rstrip("\r\n")
    try:
        cells = next(csv.reader([text]), [])
        return _document(cells[place]) if place < len(cells) else ""
    except (csv.Error, _Fault):
        return ""


def _document(written: str) -> str:
    number = written.strip()
    if _NUMBER.fullmatch(number) is None:
        raise _Fault(
            "invalid_number", f"the InvoiceNo {_shown(number)} is no number, nor C and a number"
        )
    return number


def _quantity(written: str) -> Decimal:
    if _QUANTITY.fullmatch(written) is None:
        raise _Fault("invalid_quantity", f"the quantity {_shown(written)} is no number")
    return Decimal(written)


def _minor_units(written: str, decimals: int, currency: str) -> int:
    found = _PRICE.fullmatch(written)
    if found is None:
        raise _Fault("invalid_price", f"the price {_shown(written)} is no number from 0 up")
    whole, _, fraction = written.partition(".")
    fraction = fraction.rstrip("0")
    if len(fraction) > decimals:
        raise _Fault(
            "price_too_fine",
            f"the price {written} is finer than the {decimals} decimals of {currency}",
        )
    return int(whole + fraction.ljust(decimals, "0"))


def _day(written: str) -> date:
    """InvoiceDate is M/D/YYYY H:MM, in the shop's own time: its date is the document's."""
    found = _MOMENT.fullmatch(written)
    try:
        if found is not None:
            month, day, year = map(int, found.groups()[:3])
            # A week later there has to be a date as well.
            if year < date.max.year:
                return date(year, month, day)
    except ValueError:
        pass
    raise _Fault("invalid_date", f"the date {_shown(written)} is none; it is M/D/YYYY H:MM")


def _customer(written: str) -> str:
    if _CUSTOMER.fullmatch(written) is None:
        raise _Fault("invalid_customer", f"the CustomerID {_shown(written)} is no plain code")
    return written


def _text(column: str, written: str, longest: int) -> str:
    """Words with single blanks between them, without what cannot be printed."""
    text = " ".join(written.split())
    if not text.isprintable():
        text = "".join(letter for letter in text if letter.isprintable())
    if len(text) > longest:
        raise _Fault("too_long", f"the {column} has {len(text)} letters; {longest} are taken")
    return text


def _shown(written: str) -> str:
    return f"“{visible(written[:60])}”"
