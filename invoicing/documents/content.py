"""What stands on a document, word for word: PDF and page set the same words.

Everything that a reader sees is text here, figures included; only pictures are bytes.
"""

import re
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import date

SVG = "image/svg+xml"

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def safe_filename(name: str) -> str:
    return _UNSAFE.sub("-", name).strip("-.").lower()


@dataclass(frozen=True, slots=True)
class Logo:
    """A picture that `set_logo` has taken."""

    content: bytes
    type: str

    @property
    def data_url(self) -> str:
        """The picture as an address of its own; in an `<img>` not even an SVG can run anything."""
        return f"data:{self.type};base64,{b64encode(self.content).decode()}"


@dataclass(frozen=True, slots=True)
class Letterhead:
    """The seller, as it was when the document was issued; logo and paper as they are now."""

    name: str
    address: tuple[str, ...] = ()
    tax_id: str = ""
    contact: tuple[str, ...] = ()
    footer: tuple[str, ...] = ()
    paper: str = "a4"
    logo: Logo | None = None


@dataclass(frozen=True, slots=True)
class Buyer:
    name: str
    address: tuple[str, ...] = ()
    tax_id: str = ""
    code: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """A label and what it says: “Due date”, “4 January 2011”."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Item:
    """A line of what was sold. `discount` and `total` are empty where no line has any."""

    position: str
    description: str
    quantity: str
    unit: str
    net: str
    sku: str = ""
    discount: str = ""
    rates: str = ""
    total: str = ""


@dataclass(frozen=True, slots=True)
class TaxRow:
    """What one rate charged, on how much."""

    name: str
    percentage: str
    taxable: str
    tax: str


@dataclass(frozen=True, slots=True)
class Sum:
    """A line under the table; the strong ones are what a reader looks for."""

    label: str
    text: str
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Notice:
    """What has happened to it since: paid, credited, taken back. `tone`: good, bad or plain."""

    text: str
    tone: str = "plain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What all have in common. `kind` names the templates, `dated` the day of the file."""

    kind: str
    title: str
    number: str
    dated: date
    letterhead: Letterhead
    buyer: Buyer | None = None
    facts: tuple[Fact, ...] = ()
    notices: tuple[Notice, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def filename(self) -> str:
        """A name for the file, without its ending, that every system takes."""
        return safe_filename(f"{self.kind}-{self.number}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SalesDocument(Document):
    """An invoice or a credit note."""

    currency: str
    items: tuple[Item, ...] = ()
    taxes: tuple[TaxRow, ...] = ()
    sums: tuple[Sum, ...] = ()

    @property
    def has_skus(self) -> bool:
        return any(item.sku for item in self.items)

    @property
    def has_discounts(self) -> bool:
        return any(item.discount for item in self.items)

    @property
    def has_rates(self) -> bool:
        return any(item.rates for item in self.items)

    @property
    def has_totals(self) -> bool:
        return any(item.total for item in self.items)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptDocument(Document):
    """That a payment was taken. `link` leads to the page that confirms it; `qr` is its QR code as
    SVG; `check` is what page and paper have in common, for people to compare."""

    amount: str
    sums: tuple[Sum, ...] = ()
    link: str
    qr: bytes = field(repr=False)
    check: str


@dataclass(frozen=True, slots=True)
class Movement:
    """A line of a statement; `charged` is what the customer owes by it, `settled` what no more."""

    day: str
    what: str
    number: str = ""
    details: str = ""
    charged: str = ""
    settled: str = ""
    balance: str = ""


@dataclass(frozen=True, slots=True)
class Account:
    """A customer's account in one currency over a period. `ageing` is how old the open part of the
    closing balance is."""

    currency: str
    opening: Movement
    movements: tuple[Movement, ...]
    closing: Movement
    ageing: tuple[Fact, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementDocument(Document):
    """What a customer was charged and paid, and what they owe."""

    accounts: tuple[Account, ...]

    @property
    def filename(self) -> str:
        return safe_filename(f"{self.kind}-{self.number}-{self.dated}")
