"""Whole units out of fractions: parts of a total, and halves."""

from decimal import Decimal
from fractions import Fraction

import pytest

from core.rounding import allocate, round_half_up


class TestAllocate:
    @pytest.mark.parametrize(
        ("total", "weights", "parts"),
        [
            (1_00, [1, 1, 1], [34, 33, 33]),
            (2_00, [1, 1, 1], [67, 67, 66]),
            (10, [1, 2, 7], [1, 2, 7]),
            (10, [3, 3, 1], [4, 4, 2]),  # 4.29, 4.29 and 1.43: one is left, for the third
            (1, [1, 3, 3], [0, 1, 0]),
            (7, [0, 1, 0, 1], [0, 4, 0, 3]),
            (0, [5, 3], [0, 0]),
            (0, [0, 0], [0, 0]),
            (0, [], []),
            (10, [Fraction(1, 3), Fraction(2, 3)], [3, 7]),
            (-1_00, [1, 1, 1], [-34, -33, -33]),
            (1_00, [-1, -1, -1], [34, 33, 33]),
            (5, [10, -5], [10, -5]),
            (0, [1, -1], [0, 0]),
        ],
    )
    def test_splits(self, total, weights, parts):
        assert allocate(total, weights) == parts

    @pytest.mark.parametrize("weights", [[], [0, 0], [1, -1]])
    def test_refuses_to_split_something_by_nothing(self, weights):
        with pytest.raises(ValueError, match="1 cannot be split"):
            allocate(1, weights)


class TestRoundHalfUp:
    @pytest.mark.parametrize(
        ("value", "rounded"),
        [
            (Fraction(1, 2), 1),
            (Fraction(-1, 2), -1),
            (Fraction(49, 100), 0),
            (Fraction(-49, 100), 0),
            (Fraction(3, 2), 2),
            (Fraction(5, 2), 3),  # not the even one
            (Decimal("2.5"), 3),
            (Decimal("-2.5"), -3),
            (Decimal("2.4999999999999999999999999999999999"), 2),
            (Decimal("1E+3"), 1000),
            (7, 7),
            (-7, -7),
            (10**30, 10**30),
        ],
    )
    def test_takes_halves_away_from_zero(self, value, rounded):
        assert round_half_up(value) == rounded
