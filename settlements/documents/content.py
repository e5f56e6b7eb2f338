"""What stands on a settlement's statement, word for word: PDF and page set the same words."""

from dataclasses import dataclass

from invoicing.documents.content import Document, Sum

KIND = "settlement-statement"


@dataclass(frozen=True, slots=True)
class Line:
    """A sale, a refund or an adjustment. `entry` is the journal entry's reference; the links lead
    to the entry and to the sale in the back-office, from the page alone."""

    day: str
    what: str
    entry: str
    details: str
    gross: str
    fees: str
    tax: str
    net: str
    entry_link: str = ""
    sale_link: str = ""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at paying, and what became of it."""

    end_to_end_id: str
    to: str
    status: str
    amount: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementDocument(Document):
    """A settlement from opening to closing balance. `balances` are what was open before and is
    open after it, `sums` what makes its total."""

    currency: str
    lines: tuple[Line, ...]
    total: Line
    balances: tuple[Sum, ...]
    sums: tuple[Sum, ...]
    attempts: tuple[Attempt, ...]
