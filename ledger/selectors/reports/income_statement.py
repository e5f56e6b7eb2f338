"""The income statement, and the revenue report: what was earned and spent in a period.

Year-end closing entries, and what reverses them, are left out: they move a year's result into
retained earnings, they do not undo its sales. So a closed year still shows what it earned.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar

from ledger.models import AccountType
from ledger.selectors.balances import totals_between
from ledger.selectors.reports.base import (
    FigureRow,
    Nets,
    ReportOfPeriod,
    Translated,
    by_currency,
    figure_rows,
    sum_of,
)
from ledger.selectors.reports.chart import Chart, chart_of
from organizations.models import Organization


@dataclass(frozen=True, slots=True)
class IncomeStatementOfCurrency:
    """One currency. `difference` is by how much all accounts together were off in the period."""

    currency: str
    revenue: Sequence[FigureRow]
    expenses: Sequence[FigureRow]
    difference: int = 0

    @property
    def total_revenue(self) -> int:
        return sum_of(self.revenue)

    @property
    def total_expenses(self) -> int:
        return sum_of(self.expenses)

    @property
    def net_income(self) -> int:
        return self.total_revenue - self.total_expenses

    @property
    def ties(self) -> bool:
        """The result is what assets less liabilities and equity have gained: debits = credits."""
        return self.difference == 0


@dataclass(frozen=True, kw_only=True)
class IncomeStatement(ReportOfPeriod):
    """From one day to another, one part for each currency."""

    name: ClassVar[str] = "income-statement"
    title: ClassVar[str] = "Income statement"

    currencies: Sequence[IncomeStatementOfCurrency]

    @property
    def ties(self) -> bool:
        return all(part.ties for part in self.currencies)


@dataclass(frozen=True, slots=True)
class RevenueOfCurrency:
    """One currency's revenue accounts, contra accounts (returns, discounts) being negative."""

    currency: str
    items: Sequence[FigureRow]
    difference: int = 0

    @property
    def total_revenue(self) -> int:
        return sum_of(self.items)

    @property
    def ties(self) -> bool:
        return self.difference == 0


@dataclass(frozen=True, kw_only=True)
class RevenueReport(ReportOfPeriod):
    """From one day to another, one part for each currency."""

    name: ClassVar[str] = "revenue"
    title: ClassVar[str] = "Revenue report"

    currencies: Sequence[RevenueOfCurrency]

    @property
    def ties(self) -> bool:
        return all(part.ties for part in self.currencies)


def income_statement(
    organization: Organization,
    *,
    since: date,
    until: date,
    known_at: datetime | None = None,
    currency: str | None = None,
) -> IncomeStatement:
    """Revenue and expense from one day to another, both included.

    Raises:
        PeriodReversed, RateMissing
    """
    chart, translated = _moved(organization, since, until, known_at, currency)
    return IncomeStatement(
        organization=organization,
        since=since,
        until=until,
        known_at=known_at,
        reporting_currency=currency,
        rates=translated.rates,
        currencies=tuple(
            IncomeStatementOfCurrency(
                currency=nets.currency,
                revenue=figure_rows(nets.of(chart, AccountType.REVENUE)),
                expenses=figure_rows(nets.of(chart, AccountType.EXPENSE)),
                difference=nets.difference,
            )
            for nets in _earning(translated, chart, AccountType.REVENUE, AccountType.EXPENSE)
        ),
    )


def revenue_report(
    organization: Organization,
    *,
    since: date,
    until: date,
    known_at: datetime | None = None,
    currency: str | None = None,
) -> RevenueReport:
    """Revenue by account from one day to another, both included.

    Raises:
        PeriodReversed, RateMissing
    """
    chart, translated = _moved(organization, since, until, known_at, currency)
    return RevenueReport(
        organization=organization,
        since=since,
        until=until,
        known_at=known_at,
        reporting_currency=currency,
        rates=translated.rates,
        currencies=tuple(
            RevenueOfCurrency(
                currency=nets.currency,
                items=figure_rows(nets.of(chart, AccountType.REVENUE)),
                difference=nets.difference,
            )
            for nets in _earning(translated, chart, AccountType.REVENUE)
        ),
    )


def _moved(
    organization: Organization,
    since: date,
    until: date,
    known_at: datetime | None,
    currency: str | None,
) -> tuple[Chart, Translated]:
    totals = totals_between(organization, since, until, known_at, without_closing=True)
    chart = chart_of(organization)
    return chart, by_currency(organization, totals, chart, currency, until)


def _earning(translated: Translated, chart: Chart, *types: AccountType) -> Sequence[Nets]:
    """The currencies in which something was earned or spent, or in which the books are off."""
    return [n for n in translated.currencies if n.difference or n.of(chart, *types)]
