"""What is so of any split and of any rounding."""

from fractions import Fraction

from hypothesis import assume, given
from hypothesis import strategies as st

from core.rounding import allocate, round_half_up

HALF = Fraction(1, 2)

weights = st.lists(
    st.one_of(st.integers(0, 5), st.integers(0, 10**9), st.fractions(0, 100, max_denominator=60)),
    min_size=1,
    max_size=10,
)
signed_weights = st.lists(st.integers(-100, 100), min_size=1, max_size=10)
totals = st.integers(-(10**12), 10**12)


@given(totals, st.one_of(weights, signed_weights))
def test_allocate_places_the_total_exactly_and_each_part_within_1_of_its_share(total, weights):
    assume(sum(weights))

    parts = allocate(total, weights)

    assert sum(parts) == total
    assert all(type(part) is int for part in parts)
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - Fraction(total) * weight / sum(weights)) < 1


@given(totals, st.one_of(weights, signed_weights))
def test_allocate_gives_nothing_to_a_weight_of_zero(total, weights):
    assume(sum(weights))

    parts = allocate(total, weights)

    assert all(part == 0 for part, weight in zip(parts, weights, strict=True) if not weight)


@given(st.integers(0, 10**12), weights)
def test_allocate_gives_no_more_to_a_smaller_weight_and_of_equal_ones_to_the_first(total, weights):
    assume(sum(weights))

    parts = allocate(total, weights)

    # By weight, and of equal weights the first one first, parts only fall.
    order = sorted(range(len(weights)), key=lambda i: (-weights[i], i))
    ordered = [parts[i] for i in order]
    assert ordered == sorted(ordered, reverse=True)


@given(totals, st.one_of(weights, signed_weights))
def test_allocate_mirrors(total, weights):
    assume(sum(weights))

    parts = allocate(total, weights)

    assert allocate(-total, [-weight for weight in weights]) == [-part for part in parts]
    assert allocate(-total, weights) == [-part for part in parts]


@given(st.fractions())
def test_rounding_is_to_the_nearest_and_mirrors(value):
    rounded = round_half_up(value)

    assert abs(rounded - value) <= HALF
    assert round_half_up(-value) == -rounded
