"""What a file for the bank says, before it is written in one format or another."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from text_unidecode import unidecode

MOST_PAYOUTS = 10_000

# What every bank in SEPA takes (EPC217-08), and what is written instead of some of the rest.
_SEPA = re.compile(r"[^A-Za-z0-9/\-?:().,'+ ]")
_INSTEAD = str.maketrans({"&": "+", "_": "-", "@": "(at)", "*": ".", "#": ".", "%": ".", ";": ","})


@dataclass(frozen=True, slots=True)
class Debtor:
    """Who pays, and from which account."""

    name: str
    iban: str
    bic: str = ""


@dataclass(frozen=True, slots=True)
class PayoutOrder:
    """One payment; `amount` is in minor units of the file's currency."""

    end_to_end_id: str
    payee: str
    account_holder: str
    iban: str
    bic: str
    amount: int
    remittance: str


@dataclass(frozen=True, slots=True)
class PayoutFile:
    """One message to the bank. `created_at` is written as it is, without its zone."""

    message_id: str
    created_at: datetime
    executes_on: date
    currency: str
    orders: Sequence[PayoutOrder]
    debtor: Debtor | None = None

    @property
    def control_sum(self) -> int:
        return sum(order.amount for order in self.orders)


def sepa_text(text: str, most: int) -> str:
    """The text in the letters that every bank in SEPA takes; empty where none of it can be said.

    No slash stands at an end or beside another one: those have a meaning between banks.
    """
    plain = unidecode(unicodedata.normalize("NFC", one_line(text))).translate(_INSTEAD)
    plain = re.sub(r"/{2,}", "/", _SEPA.sub(".", plain))
    plain = plain.strip("/ ")[:most].strip("/ ")
    return plain if any(letter.isalnum() for letter in plain) else ""


def one_line(text: str) -> str:
    """The text without what would begin a new line or not be seen."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
