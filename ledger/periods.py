"""Fiscal years as pure calculation."""

import calendar
from dataclasses import dataclass
from datetime import date, timedelta

# The reference type of closing entries, which income statements leave out.
YEAR_END = "year-end-closing"


@dataclass(frozen=True, slots=True)
class FiscalYear:
    """A fiscal year, named after the calendar year in which it ends."""

    year: int
    starts_on: date
    ends_on: date


def fiscal_year(year: int, start_month: int) -> FiscalYear:
    """The fiscal year of that name; `start_month` is 1 to 12.

    With start month 4, fiscal year 2026 runs from 2025-04-01 to 2026-03-31.
    """
    first_year = year if start_month == 1 else year - 1
    starts_on = date(first_year, start_month, 1)
    end_month = 12 if start_month == 1 else start_month - 1
    return FiscalYear(year, starts_on, _last_day(year, end_month))


def fiscal_year_of(day: date, start_month: int) -> FiscalYear:
    """The fiscal year in which a day lies."""
    later = start_month != 1 and day.month >= start_month
    return fiscal_year(day.year + 1 if later else day.year, start_month)


def _last_day(year: int, month: int) -> date:
    return date(year, month, calendar.monthrange(year, month)[1])


def day_before(day: date) -> date:
    return day - timedelta(days=1)
