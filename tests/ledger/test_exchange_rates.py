"""Dated exchange rates."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from ledger.errors import BadRate, RateMissing
from ledger.models import ExchangeRate
from ledger.selectors.exchange import UsedRate, rates_into
from ledger.services.exchange import set_exchange_rate
from organizations.models import AuditEvent

DAY = date(2026, 6, 1)


def set_rate(actor, rate="0.75", valid_on=DAY, currency="USD", quote_currency="GBP"):
    return set_exchange_rate(
        actor=actor, currency=currency, quote_currency=quote_currency, rate=rate, valid_on=valid_on
    )


def test_sets_a_rate_and_audits_it(acme, as_olga):
    rate = set_rate(as_olga)

    assert rate.rate == Decimal("0.75")
    [event] = AuditEvent.objects.of(acme).filter(action="set_exchange_rate")
    assert event.subject_ids == [rate.pk]
    assert event.before is None


def test_replaces_the_rate_of_the_same_day_and_audits_what_it_was(acme, as_olga):
    set_rate(as_olga)
    set_rate(as_olga, rate="0.76")

    [rate] = ExchangeRate.objects.of(acme)
    assert rate.rate == Decimal("0.76")
    event = (
        AuditEvent.objects.of(acme).filter(action="set_exchange_rate").latest("occurred_at", "id")
    )
    assert event.before["rate"] == "0.750000000000"


@pytest.mark.parametrize(
    "rate", ["0", "-1", "NaN", "Infinity", "x", "1e400", "1000000000000", "0.0000000000001", 0.75]
)
def test_refuses_what_is_no_rate(as_olga, acme, rate):
    with pytest.raises(BadRate):
        set_rate(as_olga, rate=rate)

    assert not ExchangeRate.objects.of(acme).exists()


@pytest.mark.parametrize(("one", "other"), [("USD", "USD"), ("usd", "GBP"), ("USD", "XYZ")])
def test_refuses_what_are_no_two_currencies(as_olga, one, other):
    with pytest.raises(BadRate):
        set_rate(as_olga, currency=one, quote_currency=other)


@pytest.mark.parametrize(
    ("on", "rate"),
    [
        (date(2026, 6, 1), "0.75"),
        (date(2026, 6, 9), "0.75"),
        (date(2026, 6, 10), "0.80"),
        (date(2030, 1, 1), "0.80"),
    ],
)
def test_the_latest_on_or_before_the_day_counts(acme, as_olga, on, rate):
    set_rate(as_olga)
    set_rate(as_olga, rate="0.80", valid_on=date(2026, 6, 10))

    [used] = rates_into(acme, "GBP", ["USD"], on).used

    assert used.rate == Fraction(rate)


def test_a_later_rate_does_not_count(acme, as_olga):
    set_rate(as_olga)

    with pytest.raises(RateMissing):
        rates_into(acme, "GBP", ["USD"], date(2026, 5, 31))


def test_another_organizations_rate_does_not_count(acme, as_mallory):
    set_rate(as_mallory)

    with pytest.raises(RateMissing):
        rates_into(acme, "GBP", ["USD"], DAY)


def test_the_direct_rate_comes_before_the_inverse(acme, as_olga):
    set_rate(as_olga)
    set_rate(as_olga, rate="1.40", currency="GBP", quote_currency="USD")

    [used] = rates_into(acme, "USD", ["GBP"], DAY).used

    assert (used.rate, used.is_inverse) == (Fraction("1.40"), False)


@pytest.mark.parametrize(
    ("amount", "currency", "into", "rate", "expected"),
    [
        (1, "USD", "GBP", "0.5", 1),  #          0.5 of a penny: half up
        (-1, "USD", "GBP", "0.5", -1),  #        and away from zero below it
        (1, "USD", "GBP", "0.499999", 0),
        (100_00, "USD", "JPY", "155.25", 15_525),  # cents to yen
        (1_000, "JPY", "USD", "0.0065", 6_50),  #   yen to cents
        (1_234, "KWD", "GBP", "2.5", 3_09),  #      1.234 × 2.5 = 3.085
        (2**62, "USD", "GBP", "2", 2**63),
    ],
)
def test_translates_exactly_and_rounds_half_up(amount, currency, into, rate, expected):
    assert UsedRate(currency, into, Fraction(rate), DAY).translate(amount) == expected


@pytest.mark.parametrize("rate", ["1_000", "\uff11", " 1", "1e3", "+1", ".5", "NaN", ""])
def test_takes_a_rate_only_as_a_plain_number(as_carol, rate):
    with pytest.raises(BadRate):
        set_rate(as_carol, rate)


@pytest.mark.parametrize("day", [date(1, 1, 1), date(2200, 1, 1)])
def test_takes_no_rate_for_a_day_that_no_entry_can_have(as_carol, day):
    with pytest.raises(BadRate):
        set_rate(as_carol, valid_on=day)
