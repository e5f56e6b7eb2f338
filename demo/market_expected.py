"""What the marketplace must come to, worked out from the file alone.

Deliberately apart from `settlements`: whole cents and plain sums, no shared rule, so that a mistake
there is not repeated here.
"""

import csv
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from demo.market import (
    DAYS,
    FEE_PERCENTAGE,
    MINIMUM_PAYOUT,
    RESERVE_PERCENTAGE,
    WITH_RESERVE,
)


@dataclass(slots=True)
class Sold:
    """An invoice of the file as a sale: `total` in cents, `left` what is not refunded of it, and
    what of the fee is not given back."""

    number: str
    day: date
    organizer: str
    customer: str
    quantity: int = 0
    total: int = 0
    left: int = 0
    fee_left: int = 0

    @property
    def fee(self) -> int:
        """10 % is 1/10; half up is the whole part of one half more."""
        return (self.total * FEE_PERCENTAGE * 2 + 100) // 200

    @property
    def method(self) -> str:
        return "card" if self.customer else "cash"

    def give_back(self, amount: int) -> "Return":
        """The fee's share in what is left; of the cent that rounding leaves over, the larger
        fraction gets it, and of equal ones the fee, which stands before the organizer's part."""
        exact = amount * self.fee_left
        fee, rest = divmod(exact, self.left)
        if rest * 2 >= self.left:
            fee += 1
        self.left -= amount
        self.fee_left -= fee
        return Return(self.number, amount, fee)


@dataclass(frozen=True, slots=True)
class Return:
    """A part of a cancellation, set against one sale: cents, and the fee in them."""

    sale: str
    amount: int
    fee: int


@dataclass(slots=True)
class Cancellation:
    """A cancellation of the file, which does not say what it cancels: its amount in cents, set
    against sales of the organizer, of the same customer first, the latest first."""

    number: str
    day: date
    organizer: str
    customer: str
    amount: int
    returns: list[Return] = field(default_factory=list)


@dataclass(slots=True)
class ExpectedMarket:
    """All sales and cancellations of the two days, and what each organizer is owed."""

    sales: list[Sold]
    cancellations: list[Cancellation]

    @property
    def returns(self) -> list[Return]:
        return [given for note in self.cancellations for given in note.returns]

    @property
    def fees(self) -> int:
        """What the platform keeps."""
        return sum(sold.fee for sold in self.sales) - sum(given.fee for given in self.returns)

    def owed(self) -> dict[str, int]:
        """Per organizer: their part of the sales, less their part of the refunds."""
        owed: dict[str, int] = defaultdict(int)
        for sold in self.sales:
            owed[sold.organizer] += sold.total - sold.fee
        for note in self.cancellations:
            owed[note.organizer] -= sum(given.amount - given.fee for given in note.returns)
        return dict(owed)

    def reserves(self) -> dict[str, int]:
        """Per organizer what is held: of one of them, a percentage, half up."""
        held = (self.owed()[WITH_RESERVE] * RESERVE_PERCENTAGE * 2 + 100) // 200
        return {WITH_RESERVE: held}

    def payouts(self) -> dict[str, int]:
        """Per organizer what is paid: what is owed less the reserve, from the minimum up."""
        reserves = self.reserves()
        due = {code: owed - reserves.get(code, 0) for code, owed in self.owed().items()}
        return {code: amount for code, amount in due.items() if amount >= MINIMUM_PAYOUT}

    def taken(self, method: str) -> int:
        """What was taken by a method, less what was given back by it."""
        methods = {sold.number: sold.method for sold in self.sales}
        taken = sum(sold.total for sold in self.sales if sold.method == method)
        given = sum(given.amount for given in self.returns if methods[given.sale] == method)
        return taken - given


def expected_market(path: Path) -> ExpectedMarket:
    """The invoices of the last two days of the file that carry money, in its order."""
    sums: dict[str, Sold] = {}
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            # A day in a shop, of no time zone.
            day = datetime.strptime(row["InvoiceDate"], "%m/%d/%Y %H:%M").date()  # noqa: DTZ007
            if day not in DAYS:
                continue
            number = row["InvoiceNo"]
            code = row["Country"].lower().replace(" ", "-")
            sold = sums.setdefault(number, Sold(number, day, code, row["CustomerID"]))
            quantity = int(row["Quantity"])
            sold.quantity += quantity
            sold.total += int(quantity * Decimal(row["UnitPrice"]) * 100)
    market = ExpectedMarket(sales=[], cancellations=[])
    for sold in sums.values():
        if sold.total > 0:
            sold.left, sold.fee_left = sold.total, sold.fee
            market.sales.append(sold)
    for note in sums.values():
        if note.total < 0:
            market.cancellations.append(_cancellation(note, market.sales))
    return market


def _cancellation(note: Sold, sales: list[Sold]) -> Cancellation:
    cancelled = Cancellation(note.number, note.day, note.organizer, note.customer, -note.total)
    of_organizer = [
        sold for sold in sales if sold.organizer == note.organizer and sold.day <= note.day
    ]
    same_first = [sold for sold in reversed(of_organizer) if sold.customer == note.customer] + [
        sold for sold in reversed(of_organizer) if sold.customer != note.customer
    ]
    open_amount = cancelled.amount
    for sold in same_first:
        given = min(open_amount, sold.left)
        if given:
            cancelled.returns.append(sold.give_back(given))
            open_amount -= given
        if not open_amount:
            break
    return cancelled
