"""On which days banks move money, by country.

What is known of holidays ends with 2100; from then on, and where a country is unknown, only
weekends count.
"""

from datetime import date, timedelta
from functools import cache, lru_cache

import holidays

# Payments in the United Kingdom stand still on the holidays of England and Wales.
_SUBDIVISIONS = {"GB": "ENG"}
_TARGET = "XECB"
# Money in it moves only while TARGET is open.
SEPA_CURRENCY = "EUR"
# The longest run of days off is 11; further than that there is a mistake in the calendar.
_MOST_DAYS_OFF = 60


def is_bank_day(day: date, country: str, *, sepa: bool = False) -> bool:
    """Whether banks of the country (ISO 3166, two letters) are open: no weekend there, no public
    and no bank holiday.

    `sepa`: and the euro's payment system TARGET is open as well.
    """
    if sepa and (day.isoweekday() > 5 or day in _target_holidays(day.year)):
        return False
    return day not in _days_off(country.strip().upper(), day.year)


def next_bank_day(day: date, country: str, *, sepa: bool = False) -> date:
    """That day itself if it is a bank day, else the first one after it."""
    for ahead in range(_MOST_DAYS_OFF):
        candidate = day + timedelta(days=ahead)
        if is_bank_day(candidate, country, sepa=sepa):
            return candidate
    raise ValueError(f"{country} has no bank day within {_MOST_DAYS_OFF} days from {day}.")


@lru_cache(maxsize=1000)
def _days_off(country: str, year: int) -> frozenset[date]:
    """Weekends and holidays of a year."""
    days = map(
        date.fromordinal, range(date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal() + 1)
    )
    if country not in _countries():
        return frozenset(day for day in days if day.isoweekday() > 5)
    known = holidays.country_holidays(
        country,
        subdiv=_SUBDIVISIONS.get(country),
        years=year,
        # The calendar grows by each year that it is asked about; this one is to be read only.
        expand=False,
        categories=_categories(country),
    )
    # Some have had their weekend on other days in earlier years.
    return frozenset(day for day in days if day in known or known.is_weekend(day))


@lru_cache(maxsize=300)
def _target_holidays(year: int) -> frozenset[date]:
    return frozenset(holidays.financial_holidays(_TARGET, years=year, expand=False))


@cache
def _countries() -> frozenset[str]:
    return frozenset(holidays.list_supported_countries(include_aliases=False))


@cache
def _categories(country: str) -> tuple[str, ...]:
    """Public holidays, and those of banks where the country has some of its own."""
    supported = holidays.country_holidays(country).supported_categories
    return tuple(kind for kind in (holidays.PUBLIC, holidays.BANK) if kind in supported)
