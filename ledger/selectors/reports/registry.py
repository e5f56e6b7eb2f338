"""Which reports there are, what each may be asked for, and how that is read from text."""

import re
import zoneinfo
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Literal

from django.utils.dateparse import parse_datetime

from core.money import is_currency
from ledger.drafts import FIRST_DATE, LAST_DATE
from ledger.errors import BadReportParameter, UnknownReport
from ledger.periods import fiscal_year_of
from ledger.selectors.accounts import get_account
from ledger.selectors.reports.balance_sheet import balance_sheet
from ledger.selectors.reports.base import Report
from ledger.selectors.reports.cash_flow import cash_flow
from ledger.selectors.reports.general_ledger import general_ledger
from ledger.selectors.reports.income_statement import income_statement, revenue_report
from ledger.selectors.reports.journal import journal_report
from ledger.selectors.reports.trial_balance import trial_balance
from organizations.models import Organization

Parameter = Literal["as_of", "from", "to", "known_at", "account", "currency"]

_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)

# `from` is a word of Python.
_ARGUMENTS: Mapping[str, str] = {"from": "since", "to": "until"}


@dataclass(frozen=True, slots=True)
class ReportKind:
    """One report: its name and title, its parameters, and how it is made."""

    name: str
    title: str
    description: str
    parameters: tuple[Parameter, ...]
    make: Callable[..., Report]

    def run(
        self,
        organization: Organization,
        given: Mapping[str, str | date | datetime | None] | None = None,
        *,
        now: datetime | None = None,
    ) -> Report:
        """The report for parameters as they came; empty ones are as good as none.

        Without dates it is as of today, or from the start of the fiscal year to today, in the
        organization's time zone.

        Raises:
            BadReportParameter, PeriodReversed, AccountNotFound, RateMissing
        """
        asked = {name: value for name, value in (given or {}).items() if value not in (None, "")}
        for name in asked:
            if name not in self.parameters:
                known = ", ".join(self.parameters)
                raise BadReportParameter(
                    parameter=name, problem=f"the {self.name} report takes {known}"
                )
        arguments = {name: _read(organization, name, value) for name, value in asked.items()}
        for name, value in self._defaults(organization, arguments, now).items():
            arguments.setdefault(name, value)
        return self.make(
            organization, **{_ARGUMENTS.get(name, name): arg for name, arg in arguments.items()}
        )

    def _defaults(
        self, organization: Organization, arguments: Mapping[str, Any], now: datetime | None
    ) -> dict[str, date]:
        today = organization.today(now)
        if "as_of" in self.parameters:
            return {"as_of": today}
        until = arguments.get("to", max(today, arguments.get("from", today)))
        plausible = min(max(until, FIRST_DATE), LAST_DATE)
        start = fiscal_year_of(plausible, organization.fiscal_year_start_month).starts_on
        return {"from": min(start, until), "to": until}


def _read(organization: Organization, name: str, value: Any) -> Any:
    if name in ("as_of", "from", "to"):
        return _date(name, value)
    if name == "known_at":
        return _moment(organization, value)
    if name == "currency":
        return _currency(str(value))
    return get_account(organization, str(value))


def _date(name: str, value: Any) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    text = str(value)
    try:
        # fromisoformat takes weeks and unpunctuated dates too; we promise one form.
        if not _DATE.fullmatch(text):
            raise ValueError(text)
        return date.fromisoformat(text)
    except ValueError:
        problem = f"{text[:40]!r} is not a date like 2010-12-31"
        raise BadReportParameter(parameter=name, problem=problem) from None


def _moment(organization: Organization, value: Any) -> datetime:
    """A moment; without a zone, in the organization's; a date alone is the end of that day."""
    zone = zoneinfo.ZoneInfo(organization.time_zone)
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=zone)
    text = str(value)
    try:
        moment = parse_datetime(text) if len(text) > len("2010-12-31") else None
        if moment is None:
            moment = datetime.combine(_date("known_at", text), time.max, zone)
    except (ValueError, BadReportParameter):
        problem = f"{text[:40]!r} is not a moment like 2010-12-31T12:00:00Z"
        raise BadReportParameter(parameter="known_at", problem=problem) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _currency(code: str) -> str:
    if not is_currency(code):
        problem = f"{code[:40]!r} is not an ISO 4217 currency"
        raise BadReportParameter(parameter="currency", problem=problem)
    return code


REPORTS: Mapping[str, ReportKind] = {
    kind.name: kind
    for kind in (
        ReportKind(
            "trial-balance",
            "Trial balance",
            "Every account's balance on its side; debits equal credits.",
            ("as_of", "known_at", "currency"),
            trial_balance,
        ),
        ReportKind(
            "balance-sheet",
            "Balance sheet",
            "Assets, liabilities and equity with current earnings.",
            ("as_of", "known_at", "currency"),
            balance_sheet,
        ),
        ReportKind(
            "income-statement",
            "Income statement",
            "Revenue less expense of a period, year-end closing entries left out.",
            ("from", "to", "known_at", "currency"),
            income_statement,
        ),
        ReportKind(
            "revenue",
            "Revenue report",
            "Revenue by account in a period.",
            ("from", "to", "known_at", "currency"),
            revenue_report,
        ),
        ReportKind(
            "general-ledger",
            "General ledger",
            "Opening balance, lines and closing balance of every account, or of one.",
            ("from", "to", "known_at", "account"),
            general_ledger,
        ),
        ReportKind(
            "journal",
            "Journal",
            "Every entry of a period with its lines, or those that touch one account.",
            ("from", "to", "known_at", "account"),
            journal_report,
        ),
        ReportKind(
            "cash-flow",
            "Cash flow",
            "Where cash came from and where it went, by counterpart account.",
            ("from", "to", "known_at", "currency"),
            cash_flow,
        ),
    )
}


def find_report(name: str) -> ReportKind:
    """The report of that name.

    Raises:
        UnknownReport
    """
    if name not in REPORTS:
        raise UnknownReport(report=name[:40], reports=", ".join(REPORTS))
    return REPORTS[name]
