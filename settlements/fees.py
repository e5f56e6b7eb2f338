"""What the platform earns on a sale, and which of a sale's parts a refund gives back.

Pure calculation in minor units; a percentage of 2.5 means 2.5 %.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from core.rounding import allocate, round_half_up


class FeeBearer(StrEnum):
    """Who pays the platform's fee: the buyer on top of the price, or the organizer out of it."""

    BUYER = "buyer"
    ORGANIZER = "organizer"


class FeeOnRefund(StrEnum):
    """What becomes of the fee when the sale is taken back."""

    KEEP = "keep"
    RETURN = "return"


class FeeExceedsSale(ValueError):
    """The fee is more than what the sale leaves for fee and organizer."""

    def __init__(self, *, fee_amount: int, available_amount: int) -> None:
        self.fee_amount = fee_amount
        self.available_amount = available_amount
        super().__init__(f"A fee of {fee_amount} exceeds the {available_amount} that there is.")


class PartsExceedSale(ValueError):
    """Tickets of the house and tax are more than the buyer paid."""

    def __init__(self, *, parts_amount: int, total_amount: int) -> None:
        self.parts_amount = parts_amount
        self.total_amount = total_amount
        super().__init__(f"Parts of {parts_amount} exceed the total of {total_amount}.")


class RefundExceedsSale(ValueError):
    """More is asked back than is left to refund; without an amount, nothing is left."""

    def __init__(self, *, amount: int | None, left_amount: int) -> None:
        self.amount = amount
        self.left_amount = left_amount
        asked = "A refund" if amount is None else f"A refund of {amount}"
        super().__init__(f"{asked} exceeds the {left_amount} that is left to refund.")


@dataclass(frozen=True, slots=True)
class FeePolicy:
    """A payee's fee: a percentage of the price, and so much for each ticket.

    Raises:
        ValueError: the percentage is not within 0 and 100, or the amount is below zero.
    """

    percentage: Decimal = Decimal(0)
    per_ticket_amount: int = 0
    borne_by: FeeBearer = FeeBearer.ORGANIZER

    def __post_init__(self) -> None:
        if not self.percentage.is_finite() or not 0 <= self.percentage <= 100:
            raise ValueError(f"A fee of {self.percentage} % is not within 0 and 100 %.")
        if self.per_ticket_amount < 0:
            raise ValueError(f"A fee of {self.per_ticket_amount} per ticket is below zero.")

    @property
    def rate(self) -> Fraction:
        return Fraction(self.percentage) / 100


@dataclass(frozen=True, slots=True)
class SaleParts:
    """What a sale's total consists of; or what is left of it after refunds."""

    ticket_revenue: int
    platform_fee: int
    tax_amount: int
    organizer_amount: int

    @property
    def total(self) -> int:
        return self.ticket_revenue + self.platform_fee + self.tax_amount + self.organizer_amount

    def less(self, refund: "RefundParts") -> "SaleParts":
        """What is left after a refund. A fee that was kept is gone from the fee, and what the
        organizer gave for it never was the sale's organizer part."""
        return SaleParts(
            self.ticket_revenue - refund.ticket_revenue,
            self.platform_fee - refund.platform_fee - refund.kept_fee_amount,
            self.tax_amount - refund.tax_amount,
            self.organizer_amount - (refund.organizer_amount - refund.kept_fee_amount),
        )


@dataclass(frozen=True, slots=True)
class RefundParts:
    """What each gives back; all four together are `amount`.

    `kept_fee_amount` is included in `organizer_amount`: the buyer gets the fee back, the platform
    keeps it, so the organizer pays it.
    """

    amount: int
    ticket_revenue: int
    platform_fee: int
    tax_amount: int
    organizer_amount: int
    kept_fee_amount: int = 0


def sale_parts(
    policy: FeePolicy,
    *,
    total_amount: int,
    quantity: int,
    ticket_revenue: int = 0,
    tax_amount: int = 0,
) -> SaleParts:
    """The parts of what a buyer paid, everything included, for so many tickets.

    A fee that the organizer bears is a percentage of what tax and ticket revenue leave. One that
    the buyer bears was added to the face price, which is worked out of what they leave.

    Raises:
        FeeExceedsSale: the fee is more than there is.
        PartsExceedSale: tax and ticket revenue are more than the total.
        ValueError: an amount or the quantity is below zero.
    """
    if min(total_amount, quantity, ticket_revenue, tax_amount) < 0:
        raise ValueError(
            f"Below zero: total {total_amount}, quantity {quantity}, "
            f"ticket revenue {ticket_revenue} or tax {tax_amount}."
        )
    rest = total_amount - tax_amount - ticket_revenue
    if rest < 0:
        raise PartsExceedSale(parts_amount=tax_amount + ticket_revenue, total_amount=total_amount)
    fee = _fee(policy, rest, quantity)
    if fee > rest:
        raise FeeExceedsSale(fee_amount=fee, available_amount=rest)
    return SaleParts(ticket_revenue, fee, tax_amount, rest - fee)


def refund_parts(left: SaleParts, amount: int | None, *, fee: str, borne_by: str) -> RefundParts:
    """What a refund of that amount, None of all that can be refunded, gives back of which part.

    `left` is what earlier refunds have left of the sale. `fee` is a FeeOnRefund, `borne_by` the
    sale's FeeBearer. A fee to keep is either the organizer's, who pays it in the platform's place,
    or the buyer's, who does not get it back: then a later refund may still return it.

    Raises:
        RefundExceedsSale: it is more than what can be refunded, or nothing can.
        ValueError: the amount is below 1.
    """
    keeps = FeeOnRefund(fee) is FeeOnRefund.KEEP
    buyer_bears = FeeBearer(borne_by) is FeeBearer.BUYER
    fee_left = 0 if keeps and buyer_bears else left.platform_fee
    weights = [left.ticket_revenue, fee_left, left.tax_amount, left.organizer_amount]
    refunded = _refunded_amount(amount, sum(weights))
    ticket_revenue, fee_share, tax_amount, organizer_amount = allocate(refunded, weights)
    kept = fee_share if keeps else 0
    return RefundParts(
        amount=refunded,
        ticket_revenue=ticket_revenue,
        platform_fee=fee_share - kept,
        tax_amount=tax_amount,
        organizer_amount=organizer_amount + kept,
        kept_fee_amount=kept,
    )


def _fee(policy: FeePolicy, rest: int, quantity: int) -> int:
    """The fee within `rest`, in exact fractions until it is rounded once."""
    for_tickets = policy.per_ticket_amount * quantity
    if FeeBearer(policy.borne_by) is FeeBearer.ORGANIZER:
        return round_half_up(rest * policy.rate) + for_tickets
    if for_tickets > rest:
        return for_tickets
    # The face price is what is rounded: so one that was whole comes out as it was.
    return rest - round_half_up((rest - for_tickets) / (1 + policy.rate))


def _refunded_amount(amount: int | None, left: int) -> int:
    if amount is not None and amount < 1:
        raise ValueError(f"{amount} is not an amount to refund: it begins at 1.")
    if not left or (amount is not None and amount > left):
        raise RefundExceedsSale(amount=amount, left_amount=left)
    return left if amount is None else amount
