"""The cash flow, by the direct method: where money came from and where it went.

Cash is what stands in the accounts with the role cash, bank, card clearing or mobile money, in
those below them, and in those beside them in a group that holds nothing else ("Cash and bank"
with a second bank account). The report names them all.

Of every entry that moves cash, the other lines say what for: their credits are money in, their
debits money out. An entry balances in each currency, so these add up to what cash gained, to the
unit and without any key to share it out by. What moves between two cash accounts is no flow.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, ClassVar, Literal
from uuid import UUID

from django.db import connection

from ledger.drafts import FIRST_DATE
from ledger.models import AccountRole, AccountType
from ledger.selectors.exchange import Rates, UsedRate, rates_into
from ledger.selectors.reports.base import ReportOfPeriod
from ledger.selectors.reports.chart import Chart, Place, chart_of
from ledger.selectors.spans import Span, day_before, totals_sql
from organizations.models import Organization

CASH_ROLES = frozenset(
    {AccountRole.CASH, AccountRole.BANK, AccountRole.CARD_CLEARING, AccountRole.MOBILE_MONEY}
)

Activity = Literal["operating", "assets", "financing"]

ACTIVITIES: Mapping[Activity, str] = {
    "operating": "Operating activities",
    "assets": "Stock, equipment and other assets",
    "financing": "Financing activities",
}


@dataclass(frozen=True, slots=True)
class CashAccount:
    """One of the accounts that count as cash."""

    code: str
    name: str
    opening: int
    closing: int


@dataclass(frozen=True, slots=True)
class CashFlowItem:
    """What one counterpart account brought in and took out."""

    code: str
    name: str
    type: str
    activity: Activity
    inflow: int
    outflow: int

    @property
    def amount(self) -> int:
        return self.inflow - self.outflow


@dataclass(frozen=True, slots=True)
class CashFlowOfCurrency:
    """One currency: opening cash and the flows make closing cash."""

    currency: str
    accounts: Sequence[CashAccount]
    items: Sequence[CashFlowItem]
    opening: int
    closing: int
    difference: int = 0

    @property
    def net_flow(self) -> int:
        return sum(item.amount for item in self.items)

    @property
    def translation_difference(self) -> int:
        """What roundings leave over; zero in the currency in which the books are kept."""
        return self.closing - self.opening - self.net_flow - self.difference

    @property
    def ties(self) -> bool:
        return self.difference == 0

    def of(self, activity: Activity) -> Sequence[CashFlowItem]:
        return [item for item in self.items if item.activity == activity]

    def total_of(self, activity: Activity) -> int:
        return sum(item.amount for item in self.of(activity))


@dataclass(frozen=True, kw_only=True)
class CashFlow(ReportOfPeriod):
    """From one day to another, one part for each currency in which there is cash."""

    name: ClassVar[str] = "cash-flow"
    title: ClassVar[str] = "Cash flow"

    currencies: Sequence[CashFlowOfCurrency]

    @property
    def ties(self) -> bool:
        return all(part.ties for part in self.currencies)


def cash_flow(
    organization: Organization,
    *,
    since: date,
    until: date,
    known_at: datetime | None = None,
    currency: str | None = None,
) -> CashFlow:
    """What moved cash from one day to another, both included.

    `currency` translates all of it, opening cash too, at the rates of the last day.

    Raises:
        PeriodReversed, RateMissing
    """
    chart = chart_of(organization)
    cash = cash_accounts(chart)
    found = _figures(organization, Span.of(since, until, known_at), [place.id for place in cash])
    if found.flows.keys() - chart.places.keys():
        # An account was opened, and took a line, after the chart was read.
        chart = chart_of(organization)
    parts = [_Part(part) for part in sorted({place.currency for place in cash})]
    for part in parts:
        part.read(cash, chart, found)
    used: Sequence[UsedRate] = ()
    if currency is not None:
        rates = rates_into(organization, currency, [p.currency for p in parts if p.moved], until)
        parts = [_translated(parts, rates)]
        used = rates.used
    return CashFlow(
        organization=organization,
        since=since,
        until=until,
        known_at=known_at,
        reporting_currency=currency,
        rates=used,
        currencies=tuple(part.finished() for part in parts if part.moved),
    )


def cash_accounts(chart: Chart) -> list[Place]:
    """The accounts that count as cash (see this module's first words)."""
    groups = {
        place.parent.id
        for place in chart.places.values()
        if place.role in CASH_ROLES and place.parent
    }
    for place in chart.places.values():
        # A group at the top of the chart ("Assets"), or one with anything else in it, is not cash.
        if place.depth == 0:
            groups.discard(place.id)
        if place.role and place.role not in CASH_ROLES:
            groups -= {above.id for above in place.ancestors()}
    top = {place.id for place in chart.places.values() if place.role in CASH_ROLES} | groups
    return [chart.places[account_id] for account_id in chart.below(top)]


def activity_of(place: Place) -> Activity:
    """What kind of activity a counterpart account stands for.

    Owners' money and loans taken are financing. Assets without a role (stock, equipment,
    prepayments) and loans given stand by themselves: the chart does not say which of them are
    held for long. All the rest is operating.
    """
    if place.type is AccountType.EQUITY or place.role == AccountRole.LOANS_PAYABLE:
        return "financing"
    if place.role == AccountRole.LOANS_RECEIVABLE:
        return "assets"
    if place.type is AccountType.ASSET and not place.role:
        return "assets"
    return "operating"


class _Part:
    """One currency's figures on their way into the report."""

    def __init__(self, currency: str) -> None:
        self.currency = currency
        self.accounts: list[CashAccount] = []
        self.items: list[CashFlowItem] = []
        self.difference = 0

    @property
    def moved(self) -> bool:
        return bool(self.accounts or self.items or self.difference)

    def read(self, cash: Sequence[Place], chart: Chart, found: "_Figures") -> None:
        for place in cash:
            opening = found.opening.get(place.id, 0)
            closing = opening + found.moved.get(place.id, 0)
            if place.currency == self.currency and (opening or closing or place.id in found.moved):
                self.accounts.append(CashAccount(place.code, place.name, opening, closing))
        for place in chart.places.values():
            if place.currency == self.currency and place.id in found.flows:
                inflow, outflow = found.flows[place.id]
                self.items.append(
                    CashFlowItem(
                        place.code,
                        place.name,
                        place.type.value,
                        activity_of(place),
                        inflow,
                        outflow,
                    )
                )
        gained = sum(account.closing - account.opening for account in self.accounts)
        self.difference = gained - sum(item.amount for item in self.items)

    def finished(self) -> CashFlowOfCurrency:
        return CashFlowOfCurrency(
            currency=self.currency,
            accounts=tuple(self.accounts),
            items=tuple(self.items),
            opening=sum(account.opening for account in self.accounts),
            closing=sum(account.closing for account in self.accounts),
            difference=self.difference,
        )


def _translated(parts: Sequence[_Part], rates: Rates) -> _Part:
    one = _Part(rates.quote_currency)
    for part in parts:
        if not part.moved:
            continue
        code = part.currency
        one.accounts += [
            CashAccount(
                account.code,
                account.name,
                rates.translate(account.opening, code),
                rates.translate(account.closing, code),
            )
            for account in part.accounts
        ]
        one.items += [
            CashFlowItem(
                item.code,
                item.name,
                item.type,
                item.activity,
                rates.translate(item.inflow, code),
                rates.translate(item.outflow, code),
            )
            for item in part.items
        ]
        one.difference += rates.translate(part.difference, code)
    return one


@dataclass(frozen=True, slots=True)
class _Figures:
    """Debits less credits of the cash accounts, and what the other lines brought and took."""

    opening: Mapping[UUID, int]
    moved: Mapping[UUID, int]
    flows: Mapping[UUID, tuple[int, int]]


# The currencies in which an entry moves cash: its other lines in another one balance themselves.
_FLOWS = """
SELECT 2 AS kind, l.account_id, sum(l.debit) AS debits, sum(l.credit) AS credits
  FROM (SELECT DISTINCT l.entry_id, a.currency
          FROM ledger_journalentry e
          JOIN ledger_journalline l ON l.organization_id = e.organization_id AND l.entry_id = e.id
          JOIN ledger_account a ON a.organization_id = l.organization_id AND a.id = l.account_id
         WHERE e.organization_id = %(organization)s AND l.organization_id = %(organization)s
           AND a.organization_id = %(organization)s
           AND e.effective_on BETWEEN %(first)s AND %(last)s{known}
           AND l.account_id = ANY(%(cash)s)) c
  JOIN ledger_journalline l
    ON l.organization_id = %(organization)s AND l.entry_id = c.entry_id
  JOIN ledger_account a
    ON a.organization_id = %(organization)s AND a.id = l.account_id AND a.currency = c.currency
 WHERE NOT l.account_id = ANY(%(cash)s)
 GROUP BY l.account_id"""


def _figures(organization: Organization, span: Span | None, cash: list[UUID]) -> _Figures:
    """One statement, so that opening, flows and closing are of one moment."""
    found: tuple[dict[UUID, tuple[int, int]], ...] = ({}, {}, {})
    if span is not None and cash:
        sql, parameters = _sql(organization, span)
        with connection.cursor() as cursor:
            cursor.execute(sql, {**parameters, "cash": cash})
            for kind, account_id, debits, credited in cursor.fetchall():
                found[kind][account_id] = (int(debits), int(credited))
    opening, moved, flows = found
    return _Figures(
        opening={account: debit - credit for account, (debit, credit) in opening.items()},
        moved={account: debit - credit for account, (debit, credit) in moved.items()},
        flows={a: (credit, debit) for a, (debit, credit) in flows.items() if debit or credit},
    )


def _sql(organization: Organization, span: Span) -> tuple[str, dict[str, Any]]:
    moved, parameters = totals_sql(span.parts(organization.pk), prefix="m")
    selects = [f"SELECT 1 AS kind, t.* FROM ({moved}) t WHERE t.account_id = ANY(%(cash)s)"]
    if span.first > FIRST_DATE:
        before = Span.of(None, day_before(span.first), span.known_at)
        parts = before.parts(organization.pk) if before else []
        opening, opening_parameters = totals_sql(parts, prefix="o")
        parameters |= opening_parameters
        selects.append(f"SELECT 0, t.* FROM ({opening}) t WHERE t.account_id = ANY(%(cash)s)")
    known = ""
    if span.known_at is not None:
        known = " AND e.posted_at <= %(known_at)s"
        parameters["known_at"] = span.known_at
    selects.append(_FLOWS.format(known=known))
    return "\nUNION ALL\n".join(selects), {
        **parameters,
        "organization": organization.pk,
        "first": span.first,
        "last": span.last,
    }
