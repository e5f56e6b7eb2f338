"""The balance sheet: what is owned and owed at the end of a day, and the check between them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar

from ledger.drafts import LAST_DATE
from ledger.models import AccountType
from ledger.selectors.balances import balances_at
from ledger.selectors.reports.base import (
    FigureRow,
    Nets,
    ReportAsOf,
    by_currency,
    figure_rows,
    sum_of,
)
from ledger.selectors.reports.chart import Chart, chart_of
from organizations.models import Organization


@dataclass(frozen=True, slots=True)
class BalanceSheetOfCurrency:
    """One currency. Equity's total holds the current earnings: revenue less expense, all that no
    year-end closing has moved into retained earnings yet."""

    currency: str
    assets: Sequence[FigureRow]
    liabilities: Sequence[FigureRow]
    equity: Sequence[FigureRow]
    current_earnings: int
    translation_difference: int = 0
    difference: int = 0

    @property
    def total_assets(self) -> int:
        return sum_of(self.assets)

    @property
    def total_liabilities(self) -> int:
        return sum_of(self.liabilities)

    @property
    def total_equity(self) -> int:
        return sum_of(self.equity) + self.current_earnings + self.translation_difference

    @property
    def is_balanced(self) -> bool:
        """Assets = liabilities + equity."""
        return (
            self.difference == 0 and self.total_assets == self.total_liabilities + self.total_equity
        )


@dataclass(frozen=True, kw_only=True)
class BalanceSheet(ReportAsOf):
    """As of the end of a day, one part for each currency."""

    name: ClassVar[str] = "balance-sheet"
    title: ClassVar[str] = "Balance sheet"

    currencies: Sequence[BalanceSheetOfCurrency]

    @property
    def ties(self) -> bool:
        return all(part.is_balanced for part in self.currencies)


def balance_sheet(
    organization: Organization,
    *,
    as_of: date | None = None,
    known_at: datetime | None = None,
    currency: str | None = None,
) -> BalanceSheet:
    """Assets, liabilities and equity at the end of a day; without one, of everything there is.

    Raises:
        RateMissing
    """
    totals = balances_at(organization, as_of, known_at=known_at)
    chart = chart_of(organization)
    on = as_of or LAST_DATE
    translated = by_currency(organization, totals, chart, currency, on)
    return BalanceSheet(
        organization=organization,
        as_of=on,
        known_at=known_at,
        reporting_currency=currency,
        rates=translated.rates,
        currencies=tuple(_part(nets, chart) for nets in translated.currencies),
    )


def _part(nets: Nets, chart: Chart) -> BalanceSheetOfCurrency:
    earned = nets.of(chart, AccountType.REVENUE, AccountType.EXPENSE)
    return BalanceSheetOfCurrency(
        currency=nets.currency,
        assets=figure_rows(nets.of(chart, AccountType.ASSET)),
        liabilities=figure_rows(nets.of(chart, AccountType.LIABILITY)),
        equity=figure_rows(nets.of(chart, AccountType.EQUITY)),
        current_earnings=-sum(net for _, net in earned),
        translation_difference=-nets.translation_difference,
        difference=nets.difference,
    )
