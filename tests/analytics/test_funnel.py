"""The funnel of a range: exact rates with their denominators, and the range before."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.errors import ImplausibleDay, RangeBackwards, RangeTooLong
from analytics.funnels import (
    Change,
    CurrencySteps,
    Funnel,
    FunnelRange,
    Rate,
    Steps,
    decimal_text,
)
from analytics.rules import MOST_DAYS, days_before, last_days
from analytics.selectors.funnels import funnel, funnel_by_day
from analytics.selectors.snapshots import campaigns_of
from tests.analytics.conftest import DAY

WEEK = timedelta(days=7)

# --- Rates ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "of", "text"),
    [
        (1, 3, "0.3333"),
        (2, 3, "0.6667"),
        (1, 20_000, "0.0001"),
        (1, 20_001, "0.0000"),
        (5, 5, "1.0000"),
        (7, 2, "3.5000"),
        (0, 5, "0.0000"),
        (0, 0, None),
        (3, 0, None),
        (2**63 - 1, 2**63 - 1, "1.0000"),
    ],
)
def test_a_rate_is_exact_to_four_places_and_none_of_nobody(count, of, text):
    assert Rate(count, of).text == text


@given(st.integers(-(10**30), 10**30), st.integers(1, 10**30))
def test_a_quotient_is_never_off_by_more_than_half_of_its_last_place(numerator, denominator):
    written = int(decimal_text(numerator, denominator).replace(".", ""))

    assert 2 * abs(written * denominator - numerator * 10**4) <= denominator


def test_changes_are_told_as_difference_and_part():
    assert (Change(150, 100).difference, Change(150, 100).relative) == (50, "0.5000")
    assert (Change(0, 3).difference, Change(0, 3).relative) == (-3, "-1.0000")
    assert (Change(5, 0).difference, Change(5, 0).relative) == (5, None)


def test_the_change_of_a_rate_is_that_of_the_exact_rates():
    def one(steps: Steps) -> FunnelRange:
        return FunnelRange(DAY, DAY, 1, (CurrencySteps("GBP", steps, 0),))

    found = Funnel(one(Steps(3, 2, 0)), one(Steps(3, 1, 1)))

    # 2/3 - 1/3; the two rounded rates are 0.6667 and 0.3333, and 0.3334 apart.
    assert found.rates == {
        "visit_to_start": "0.3333",
        "start_to_complete": "-1.0000",
        "visit_to_complete": "-0.3333",
    }
    assert Funnel(one(Steps(3, 2, 0)), one(Steps())).rates["visit_to_start"] is None


def test_the_range_before_is_as_long_and_ends_the_day_before():
    assert days_before(date(2026, 3, 8), date(2026, 3, 14)) == (date(2026, 3, 1), date(2026, 3, 7))
    assert days_before(DAY, DAY) == (DAY - timedelta(days=1), DAY - timedelta(days=1))
    assert last_days(date(2026, 3, 14), 7) == date(2026, 3, 8)


# --- From the database ----------------------------------------------------------------------------


@pytest.mark.django_db
class TestFunnel:
    def test_adds_up_the_days_and_says_how_many_have_data(self, record, acme):
        record(1000, 100, 60, 600_00)
        record(800, 140, 120, 1200_00, on=DAY + timedelta(days=2))
        record(50, 10, 5, 50_00, campaign="spring")
        record(1500, 210, 150, 1500_00, on=DAY - timedelta(days=1))

        found = funnel(acme, since=DAY, until=DAY + WEEK - timedelta(days=1))

        assert (found.range.days, found.range.days_with_data) == (7, 2)
        assert found.range.steps == Steps(1850, 250, 185)
        assert {name: rate.text for name, rate in found.range.steps.rates.items()} == {
            "visit_to_start": "0.1351",
            "start_to_complete": "0.7400",
            "visit_to_complete": "0.1000",
        }
        assert found.range.revenue("GBP") == 1850_00
        assert (found.before.since, found.before.until) == (DAY - WEEK, DAY - timedelta(days=1))
        assert (found.before.days_with_data, found.before.steps) == (1, Steps(1500, 210, 150))
        assert found.counts["visitor_count"] == Change(1850, 1500)
        assert found.revenues == {"GBP": Change(1850_00, 1500_00)}

    def test_keeps_currencies_apart_and_counts_people_together(self, record, acme, ball):
        record(100, 10, 5, 50_00)
        record(200, 50, 20, 80_00, event=ball, currency="EUR")
        record(1, 1, 1, 9_00, event=ball, currency="EUR", on=DAY - timedelta(days=1))

        found = funnel(acme, since=DAY, until=DAY)

        assert found.range.currencies == (
            CurrencySteps("EUR", Steps(200, 50, 20), 80_00),
            CurrencySteps("GBP", Steps(100, 10, 5), 50_00),
        )
        assert found.range.steps == Steps(300, 60, 25)
        # One day, though two currencies have data on it.
        assert found.range.days_with_data == 1
        assert found.revenues == {"EUR": Change(80_00, 9_00), "GBP": Change(50_00, 0)}

    def test_is_of_one_event_or_one_campaign_if_asked(self, record, acme, fair, ball):
        record(1, 0, 0)
        record(2, 0, 0, campaign="spring")
        record(4, 0, 0, event=ball, currency="EUR", campaign="spring")

        def visitors(**asked):
            return funnel(acme, since=DAY, until=DAY, **asked).range.steps.visitors

        assert visitors() == 7
        assert visitors(event=fair) == 3
        assert visitors(campaign="spring") == 6
        assert visitors(campaign="") == 1
        assert visitors(event=ball, campaign="") == 0

    def test_of_nothing_is_empty(self, acme):
        found = funnel(acme, since=DAY, until=DAY)

        assert found.range.steps == Steps()
        assert found.range.steps.visit_to_start.text is None
        assert (found.range.days_with_data, found.range.currencies) == (0, ())

    def test_knows_nothing_of_another_organization(self, record, mallory_ltd):
        record()

        assert funnel(mallory_ltd, since=DAY, until=DAY).range.steps == Steps()

    def test_adds_up_beyond_64_bits(self, record, acme):
        most = 2**63 - 1
        record(most, most, most, most)
        record(most, most, most, most, campaign="more")

        assert funnel(acme, since=DAY, until=DAY).range.revenue("GBP") == 2 * most

    def test_takes_one_statement(self, record, acme, django_assert_num_queries):
        record()

        with django_assert_num_queries(1):
            funnel(acme, since=DAY - WEEK, until=DAY)

    def test_campaigns_are_offered_by_name_and_once(self, record, acme, mallory_ltd):
        for number, campaign in enumerate(["spring", "autumn", "spring", "", "ärger"]):
            record(campaign=campaign, on=DAY + timedelta(days=number))

        assert sorted(campaigns_of(acme)) == ["autumn", "spring", "ärger"]
        assert len(campaigns_of(acme, most=2)) == 2
        assert campaigns_of(mallory_ltd) == []

    def test_day_by_day_has_the_days_with_data(self, record, acme):
        record(10, 2, 1, on=DAY)
        record(5, 1, 1, on=DAY, campaign="spring")
        record(7, 1, 0, on=DAY + timedelta(days=3))

        days = funnel_by_day(acme, since=DAY, until=DAY + WEEK)

        assert days == {DAY: Steps(15, 3, 2), DAY + timedelta(days=3): Steps(7, 1, 0)}

    @pytest.mark.parametrize(
        ("since", "until", "refusal"),
        [
            (DAY, DAY - timedelta(days=1), RangeBackwards),
            (DAY, DAY + timedelta(days=MOST_DAYS), RangeTooLong),
            (date(1, 1, 1), date(1, 1, 2), ImplausibleDay),
            (date(9999, 12, 30), date(9999, 12, 31), ImplausibleDay),
        ],
    )
    def test_refuses_a_range_that_is_none(self, acme, since, until, refusal):
        with pytest.raises(refusal):
            funnel(acme, since=since, until=until)
