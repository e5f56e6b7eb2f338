"""What a settlement holds back for refunds to come, and what it releases of what was held.

Pure calculation in minor units; a percentage of 10 means 10 %.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from core.money import MOST_MINOR_UNITS
from core.rounding import round_half_up
from invoicing.rules import is_whole, plain_number, shown
from settlements.errors import InvalidReserve

MOST_DAYS = 730

_PERCENTAGE = re.compile(r"\d{1,3}(\.\d{1,4})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class ReservePolicy:
    """A percentage of what was sold, for so many days; or what is held at all times; or nothing.

    Raises:
        InvalidReserve: it is more than one of them, or out of range.
    """

    percentage: Decimal | None = None
    days: int | None = None
    floor_amount: int | None = None

    def __post_init__(self) -> None:
        if self.floor_amount is not None:
            if self.percentage is not None or self.days is not None:
                raise InvalidReserve(problem='"floor_amount" stands alone, without a percentage')
            _check_floor(self.floor_amount)
        elif (self.percentage is None) != (self.days is None):
            raise InvalidReserve(problem='"percentage" and "days" go together')
        elif self.percentage is not None:
            _check_percentage(self.percentage)
            _check_days(self.days)


@dataclass(frozen=True, slots=True)
class Hold:
    """What an earlier settlement held and none has released; `release_on` None: for a floor."""

    settlement_id: UUID
    amount: int
    release_on: date | None


@dataclass(frozen=True, slots=True)
class SettlementFigures:
    """total = items + carried forward (at most zero) − reserve held + reserve released.

    `released` are the settlements whose holds it releases, each as a whole; on `release_on` what
    it holds is released in turn, None if it holds nothing or holds it for a floor.
    """

    items_amount: int
    carried_forward_amount: int
    reserve_held_amount: int
    reserve_released_amount: int
    total_amount: int
    released: tuple[UUID, ...]
    release_on: date | None


def parse_reserve(value: object) -> ReservePolicy:
    """A reserve as the API takes it: `{"percentage": "10", "days": 30}`, `{"floor_amount": 50000}`,
    or `{}` and None for none. A percentage is text or a whole number, never a float.

    0 percent, and a floor of 0, hold nothing: they are read as none.

    Raises:
        InvalidReserve: it is no reserve, with the value at fault.
    """
    if value is None:
        return ReservePolicy()
    if not isinstance(value, Mapping):
        raise InvalidReserve(
            problem=f'{shown(value)} is not an object like {{"percentage": "10", "days": 30}}'
        )
    for name, part in value.items():
        if name not in ("percentage", "days", "floor_amount"):
            raise InvalidReserve(problem=f"a reserve knows no {shown(name)}")
        if part is None:
            raise InvalidReserve(problem=f'"{name}" is null')
    percentage = value.get("percentage")
    policy = ReservePolicy(
        None if percentage is None else _percentage(percentage),
        value.get("days"),
        value.get("floor_amount"),
    )
    return policy if policy.percentage or policy.floor_amount else ReservePolicy()


def as_json(policy: ReservePolicy) -> dict[str, Any]:
    """As the API gives it; `parse_reserve` reads it again."""
    if policy.floor_amount is not None:
        return {"floor_amount": policy.floor_amount}
    if policy.percentage is not None:
        return {"percentage": plain_number(policy.percentage), "days": policy.days}
    return {}


def settlement_figures(
    policy: ReservePolicy,
    *,
    through: date,
    items_amount: int,
    sales_amount: int,
    carried_forward_amount: int,
    holds: Sequence[Hold],
) -> SettlementFigures:
    """What a settlement through that day comes to, by the policy as it now stands.

    `items_amount` is what all its items are for the organizer; `sales_amount` only sales less
    refunds, of which a percentage is held, rounded half up. Never more is held than there is, so
    holding makes no settlement negative. `holds` are all of the payee's that are not yet released.

    Raises:
        ValueError: something above zero is carried forward.
    """
    if carried_forward_amount > 0:
        raise ValueError(f"{carried_forward_amount} is carried forward, which is not below zero.")
    for_floor = _for_floor(holds)
    released = [hold for hold in holds if _is_released(hold, policy, through, for_floor)]
    released_amount = sum(hold.amount for hold in released)
    before_holding = items_amount + carried_forward_amount + released_amount
    kept_for_floor = for_floor - _for_floor(released)
    wanted = _wanted(policy, sales_amount, kept_for_floor)
    held = min(wanted, max(0, before_holding))
    return SettlementFigures(
        items_amount=items_amount,
        carried_forward_amount=carried_forward_amount,
        reserve_held_amount=held,
        reserve_released_amount=released_amount,
        total_amount=before_holding - held,
        released=tuple(hold.settlement_id for hold in released),
        release_on=through + timedelta(days=policy.days) if held and policy.days else None,
    )


def _is_released(hold: Hold, policy: ReservePolicy, through: date, for_floor: int) -> bool:
    """A floor that was lowered releases all that it held, and what it still needs is held anew:
    a hold is released as a whole."""
    if hold.release_on is not None:
        return hold.release_on <= through
    return policy.floor_amount is None or policy.floor_amount < for_floor


def _for_floor(holds: Sequence[Hold]) -> int:
    return sum(hold.amount for hold in holds if hold.release_on is None)


def _wanted(policy: ReservePolicy, sales_amount: int, kept_for_floor: int) -> int:
    """What would be held if there were enough."""
    if policy.floor_amount is not None:
        return policy.floor_amount - kept_for_floor
    if policy.percentage is not None:
        return round_half_up(Fraction(policy.percentage) * max(0, sales_amount) / 100)
    return 0


def _percentage(value: object) -> Decimal:
    is_written = isinstance(value, str) and _PERCENTAGE.fullmatch(value)
    if not is_written and not is_whole(value):
        raise InvalidReserve(
            problem=f'"percentage" is text like "10" or "2.5", with at most 4 decimals, not '
            f"{shown(value)}"
        )
    return Decimal(str(value))


def _check_percentage(percentage: Decimal) -> None:
    if not percentage.is_finite() or not 0 <= percentage <= 100:
        raise InvalidReserve(problem=f'"percentage" is from 0 to 100, not {shown(percentage)}')
    if percentage != round(percentage, 4):
        raise InvalidReserve(
            problem=f'"percentage" has at most 4 decimals, not {shown(percentage)}'
        )


def _check_days(days: object) -> None:
    if not is_whole(days) or not 1 <= days <= MOST_DAYS:  # type: ignore[operator]
        raise InvalidReserve(
            problem=f'"days" is a whole number from 1 to {MOST_DAYS}, not {shown(days)}'
        )


def _check_floor(floor_amount: object) -> None:
    if not is_whole(floor_amount) or not 0 <= floor_amount <= MOST_MINOR_UNITS:  # type: ignore[operator]
        raise InvalidReserve(
            problem=f'"floor_amount" is a whole number of minor units, not {shown(floor_amount)}'
        )
