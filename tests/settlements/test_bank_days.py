"""On which days payouts are due, by country."""

from datetime import date, timedelta

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlements.bank_days import is_bank_day, next_bank_day


class TestIsBankDay:
    @pytest.mark.parametrize(
        ("country", "day", "is_one"),
        [
            ("DE", date(2026, 3, 4), True),
            ("DE", date(2026, 3, 7), False),  # Saturday
            ("DE", date(2026, 3, 8), False),
            ("DE", date(2026, 10, 3), False),
            ("DE", date(2025, 10, 3), False),  # German Unity Day, a Friday
            ("FR", date(2025, 10, 3), True),
            ("FR", date(2026, 7, 14), False),
            ("GB", date(2026, 4, 6), False),  # Easter Monday, in England but not in Scotland
            ("GB", date(2026, 8, 31), False),
            ("GB", date(2026, 12, 28), False),  # for Boxing Day, a Saturday
            ("GB", date(2026, 12, 29), True),
            ("US", date(2026, 7, 3), False),  # for 4 July, a Saturday
            ("US", date(2027, 12, 31), False),  # for New Year's Day of the next year
            ("ZA", date(2026, 9, 24), False),
            ("KE", date(2026, 12, 12), False),
            ("JP", date(2026, 1, 2), False),  # only the banks are closed
            ("SE", date(2026, 6, 19), False),  # Midsummer Eve
            ("SA", date(2026, 3, 6), False),  # Friday and Saturday are the weekend
            ("SA", date(2026, 3, 7), False),
            ("SA", date(2026, 3, 8), True),
            ("SA", date(2010, 6, 3), False),  # until 2013 it was Thursday and Friday
            ("SA", date(2010, 6, 5), True),
            ("DE", date(2028, 2, 29), True),
            ("CN", date(2026, 2, 28), False),  # a Saturday on which people work
        ],
    )
    def test_knows_the_countrys_weekends_and_holidays(self, country, day, is_one):
        assert is_bank_day(day, country) is is_one

    def test_takes_the_country_in_small_letters(self):
        assert not is_bank_day(date(2026, 7, 14), "fr")

    @pytest.mark.parametrize("country", ["", "XX", "ZZ", "HolidayBase", "X" * 1_000])
    def test_counts_only_weekends_where_the_country_is_unknown(self, country):
        assert is_bank_day(date(2026, 12, 25), country)
        assert not is_bank_day(date(2026, 12, 26), country)
        assert not is_bank_day(date(2026, 12, 27), country)


class TestIsBankDayOfSepa:
    @pytest.mark.parametrize(
        ("country", "day", "is_one"),
        [
            ("NL", date(2026, 5, 1), False),  # TARGET rests on Labour Day, the Netherlands do not
            ("NL", date(2026, 4, 3), False),  # Good Friday
            ("NL", date(2026, 4, 27), False),  # King's Day, for which TARGET is open
            ("NL", date(2026, 5, 4), True),
            ("", date(2026, 4, 6), False),
            ("", date(2026, 4, 27), True),
            ("", date(2026, 5, 2), False),
            ("SA", date(2026, 3, 8), False),  # a Sunday, on which TARGET rests
            ("SA", date(2026, 3, 6), False),
        ],
    )
    def test_needs_target_and_the_country_to_be_open(self, country, day, is_one):
        assert is_bank_day(day, country, sepa=True) is is_one

    def test_is_the_countrys_own_without_sepa(self):
        assert is_bank_day(date(2026, 5, 1), "NL")


class TestNextBankDay:
    @pytest.mark.parametrize(
        ("country", "day", "next_one"),
        [
            ("DE", date(2026, 3, 4), date(2026, 3, 4)),
            ("DE", date(2026, 3, 7), date(2026, 3, 9)),
            ("DE", date(2026, 4, 3), date(2026, 4, 7)),  # over Easter
            ("DE", date(2026, 12, 25), date(2026, 12, 28)),
            ("GB", date(2026, 12, 25), date(2026, 12, 29)),
            ("US", date(2027, 12, 31), date(2028, 1, 3)),  # over the year's end
            ("SA", date(2026, 3, 6), date(2026, 3, 8)),
            ("", date(2026, 12, 26), date(2026, 12, 28)),
        ],
    )
    def test_is_that_day_or_the_first_one_after(self, country, day, next_one):
        assert next_bank_day(day, country) == next_one

    def test_of_sepa_waits_for_target(self):
        assert next_bank_day(date(2026, 5, 1), "NL", sepa=True) == date(2026, 5, 4)

    @pytest.mark.parametrize("country", ["DE", "IL", ""])
    @pytest.mark.parametrize("day", [date(2199, 12, 28), date(2400, 1, 1), date(9999, 12, 30)])
    def test_is_found_in_far_years(self, day, country):
        assert next_bank_day(day, country) - day <= timedelta(days=3)

    def test_is_found_within_two_weeks_in_every_country(self):
        new_year = date(2026, 1, 1)
        longest = {
            country: max(
                next_bank_day(day, country, sepa=True) - day
                for day in (new_year + timedelta(days=number) for number in range(365))
            )
            for country in holidays.list_supported_countries(include_aliases=False)
        }

        assert len(longest) > 200
        assert max(longest.values()) <= timedelta(days=14)


@given(
    st.dates(date(1900, 1, 1), date(2199, 12, 31)), st.sampled_from(["DE", "GB", "US", "SA", ""])
)
def test_the_next_bank_day_is_one_and_none_lies_between(day, country):
    found = next_bank_day(day, country)

    assert is_bank_day(found, country)
    assert not any(
        is_bank_day(day + timedelta(days=ahead), country) for ahead in range((found - day).days)
    )
