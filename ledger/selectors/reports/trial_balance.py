"""The trial balance: every account's balance on the side where it stands, and both sides equal."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar

from ledger.drafts import LAST_DATE
from ledger.models import AccountType
from ledger.selectors.balances import balances_at
from ledger.selectors.reports.base import Nets, ReportAsOf, by_currency
from ledger.selectors.reports.chart import Chart, Place, chart_of
from organizations.models import Organization


@dataclass(frozen=True, slots=True)
class TrialBalanceRow:
    """One account; at most one of `debit` and `credit` is above zero."""

    code: str
    name: str
    type: str
    debit: int
    credit: int
    depth: int = 0
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class TrialBalanceOfCurrency:
    """One currency's rows. `translation_difference` is what roundings left over, as a debit."""

    currency: str
    rows: Sequence[TrialBalanceRow]
    total_debit: int
    total_credit: int
    difference: int
    translation_difference: int = 0

    @property
    def ties(self) -> bool:
        return self.difference == 0 and self.total_debit == self.total_credit


@dataclass(frozen=True, kw_only=True)
class TrialBalance(ReportAsOf):
    """As of the end of a day, one part for each currency."""

    name: ClassVar[str] = "trial-balance"
    title: ClassVar[str] = "Trial balance"

    currencies: Sequence[TrialBalanceOfCurrency]

    @property
    def ties(self) -> bool:
        return all(part.ties for part in self.currencies)


def trial_balance(
    organization: Organization,
    *,
    as_of: date | None = None,
    known_at: datetime | None = None,
    currency: str | None = None,
    zero_rows: bool = False,
) -> TrialBalance:
    """Every account's balance at the end of a day; without one, of everything in the books.

    `currency` translates it into a reporting currency at that day's rates. Accounts at zero are
    left out unless `zero_rows`.

    Raises:
        RateMissing
    """
    totals = balances_at(organization, as_of, known_at=known_at)
    chart = chart_of(organization)
    on = as_of or LAST_DATE
    translated = by_currency(organization, totals, chart, currency, on)
    return TrialBalance(
        organization=organization,
        as_of=on,
        known_at=known_at,
        reporting_currency=currency,
        rates=translated.rates,
        currencies=tuple(_part(nets, chart, zero_rows) for nets in translated.currencies),
    )


def _part(nets: Nets, chart: Chart, zero_rows: bool) -> TrialBalanceOfCurrency:
    rows: Sequence[TrialBalanceRow]
    if zero_rows:
        shown = [p for p in chart.places.values() if p.id in nets.nets]
        rows = tuple(_row(place, nets.nets[place.id]) for place in shown)
    else:
        rows = tuple(_row(place, net) for place, net in nets.of(chart, *AccountType))
    left_over = nets.translation_difference
    return TrialBalanceOfCurrency(
        currency=nets.currency,
        rows=rows,
        total_debit=sum(row.debit for row in rows) + max(left_over, 0),
        total_credit=sum(row.credit for row in rows) + max(-left_over, 0),
        difference=nets.difference,
        translation_difference=left_over,
    )


def _row(place: Place, net: int) -> TrialBalanceRow:
    return TrialBalanceRow(
        code=place.code,
        name=place.name,
        type=place.type.value,
        debit=max(net, 0),
        credit=max(-net, 0),
        depth=place.depth,
        parent=place.parent_code,
    )
