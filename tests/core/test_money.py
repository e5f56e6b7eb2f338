"""Amounts as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.money import (
    MOST_MINOR_UNITS,
    AmountError,
    exponent,
    format_amount,
    is_currency,
    parse_amount,
)


@pytest.mark.parametrize(
    ("written", "currency", "amount"),
    [
        ("1,234.50", "GBP", 123450),
        ("1234.5", "GBP", 123450),
        (".5", "GBP", 50),
        ("5.", "GBP", None),
        ("12", "GBP", 1200),
        ("1 234", "GBP", 123400),
        ("-1,000.01", "GBP", -100001),
        ("−3", "GBP", -300),
        ("1,234", "JPY", 1234),
        ("1.5", "JPY", None),
        ("1.234", "KWD", 1234),
        ("92,233,720,368,547,758.07", "USD", MOST_MINOR_UNITS),
        ("92,233,720,368,547,758.08", "USD", None),
        ("1,23", "GBP", None),
        ("1.234,50", "GBP", None),
        ("1e3", "GBP", None),
        ("١", "GBP", None),
        ("", "GBP", None),
        (".", "GBP", None),
        ("1" * 1_000_000, "GBP", None),
    ],
)
def test_reads_an_amount_exactly_or_not_at_all(written, currency, amount):
    if amount is None:
        with pytest.raises(AmountError):
            parse_amount(written, currency)
    else:
        assert parse_amount(written, currency) == amount


@given(
    st.integers(-MOST_MINOR_UNITS, MOST_MINOR_UNITS), st.sampled_from(["JPY", "USD", "KWD", "CLF"])
)
def test_reads_back_what_it_writes(amount, currency):
    assert parse_amount(format_amount(amount, currency), currency) == amount


def test_knows_the_currencies_own_decimals():
    assert [exponent(code) for code in ("JPY", "USD", "KWD", "CLF")] == [0, 2, 3, 4]


@pytest.mark.parametrize(
    ("code", "is_one"),
    [("GBP", True), ("XAF", True), ("XXX", False), ("XTS", False), ("gbp", False), ("", False)],
)
def test_tells_a_currency_from_the_codes_that_stand_for_none(code, is_one):
    assert is_currency(code) is is_one
