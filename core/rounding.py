"""Whole units out of fractions: halves, and parts of a total."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from core.money import divide_half_up


def round_half_up(value: Fraction | Decimal | int) -> int:
    """The nearest whole number, halves away from zero, so that negatives mirror positives."""
    return divide_half_up(*value.as_integer_ratio())


def allocate(total: int, weights: Sequence[int | Fraction]) -> list[int]:
    """Split a total in proportion to weights, so that the parts sum to it exactly.

    Each part is within 1 of its exact share: what rounding leaves over goes to the largest
    fractions, of equal ones to the first. Where all is below zero it mirrors what is above.

    Raises:
        ValueError: there is something to split, and the weights sum to zero.
    """
    whole = sum(weights)
    if not whole:
        if total:
            raise ValueError(f"{total} cannot be split by weights that sum to zero.")
        return [0] * len(weights)
    ratio = Fraction(total) / whole
    return whole_parts(total, [ratio * weight for weight in weights])


def whole_parts(total: int, shares: Sequence[Fraction]) -> list[int]:
    """Whole parts that sum to the total, each within 1 of its share.

    The shares sum to the total, or to what was rounded to it; so there are always enough with a
    fraction for what is left over, and whole ones stay as they are.
    """
    parts = [int(share) for share in shares]  # towards zero, which mirrors negatives
    left = total - sum(parts)
    if left:
        step = 1 if left > 0 else -1
        fractions = [step * (share - part) for share, part in zip(shares, parts, strict=True)]
        # Sorting keeps equal fractions in their order.
        largest_first = sorted(range(len(parts)), key=fractions.__getitem__, reverse=True)
        for index in largest_first[: abs(left)]:
            parts[index] += step
    return parts
