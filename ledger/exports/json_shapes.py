"""Reports as JSON objects, in the shapes that the API promises; amounts are minor units."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from typing import Any

from core.api.answers import moment
from ledger.errors import ReportTooLong
from ledger.selectors.account_lines import AccountLine
from ledger.selectors.reports import (
    BalanceSheet,
    CashFlow,
    GeneralLedger,
    IncomeStatement,
    JournalReport,
    Report,
    ReportAsOf,
    ReportOfPeriod,
    RevenueReport,
    TrialBalance,
)
from ledger.selectors.reports.base import FigureRow
from ledger.selectors.reports.cash_flow import ACTIVITIES
from ledger.selectors.reports.general_ledger import AccountFoot, AccountHead
from ledger.selectors.reports.journal import JournalItem

# A JSON object is made in memory, whole: more lines than this are for csv and xlsx.
MOST_LINES = 100_000


def as_json(report: Report) -> dict[str, Any]:
    """The report as JSON values: dates are ISO texts, ids are texts, amounts are integers.

    Raises:
        ReportTooLong: a general ledger or journal of more than 100,000 lines.
    """
    head: dict[str, Any] = {"report": report.name, "organization": report.organization.slug}
    if isinstance(report, ReportAsOf):
        head["as_of"] = report.as_of.isoformat()
    if isinstance(report, ReportOfPeriod):
        head |= {"from": report.since.isoformat(), "to": report.until.isoformat()}
    head["known_at"] = moment(report.known_at)
    if report.reporting_currency:
        head["reporting_currency"] = report.reporting_currency
        head["rates"] = [
            {
                "currency": rate.currency,
                "quote_currency": rate.quote_currency,
                "rate": _ratio(rate.rate.numerator, rate.rate.denominator),
                "valid_on": rate.valid_on.isoformat(),
            }
            for rate in report.rates
        ]
    return head | _SHAPES[type(report)](report)


def _ratio(numerator: int, denominator: int) -> str:
    """A rate with 12 decimals at most, as the books keep them."""
    scaled = (numerator * 10**12 * 2 + denominator) // (2 * denominator)
    whole, fraction = divmod(scaled, 10**12)
    return f"{whole}.{fraction:012d}".rstrip("0").rstrip(".")


def _trial_balance(report: TrialBalance) -> dict[str, Any]:
    return {
        "ties": report.ties,
        "currencies": [
            {
                "currency": part.currency,
                "total_debit": part.total_debit,
                "total_credit": part.total_credit,
                "translation_difference": part.translation_difference,
                "rows": [
                    {
                        "code": row.code,
                        "name": row.name,
                        "type": row.type,
                        "parent": row.parent,
                        "debit": row.debit,
                        "credit": row.credit,
                    }
                    for row in part.rows
                ],
            }
            for part in report.currencies
        ],
    }


def _balance_sheet(report: BalanceSheet) -> dict[str, Any]:
    return {
        "ties": report.ties,
        "currencies": [
            {
                "currency": part.currency,
                "assets": _rows(part.assets, "balance"),
                "liabilities": _rows(part.liabilities, "balance"),
                "equity": _rows(part.equity, "balance"),
                "current_earnings": part.current_earnings,
                "translation_difference": part.translation_difference,
                "total_assets": part.total_assets,
                "total_liabilities": part.total_liabilities,
                "total_equity": part.total_equity,
                "is_balanced": part.is_balanced,
                "rollups": _rollups([*part.assets, *part.liabilities, *part.equity], "balance"),
            }
            for part in report.currencies
        ],
    }


def _income_statement(report: IncomeStatement) -> dict[str, Any]:
    return {
        "ties": report.ties,
        "currencies": [
            {
                "currency": part.currency,
                "revenue": _rows(part.revenue, "amount"),
                "expenses": _rows(part.expenses, "amount"),
                "total_revenue": part.total_revenue,
                "total_expenses": part.total_expenses,
                "net_income": part.net_income,
                "rollups": _rollups([*part.revenue, *part.expenses], "amount"),
            }
            for part in report.currencies
        ],
    }


def _revenue(report: RevenueReport) -> dict[str, Any]:
    return {
        "ties": report.ties,
        "currencies": [
            {
                "currency": part.currency,
                "items": _rows(part.items, "amount"),
                "total_revenue": part.total_revenue,
                "rollups": _rollups(part.items, "amount"),
            }
            for part in report.currencies
        ],
    }


def _rows(rows: Iterable[FigureRow], amount: str) -> list[dict[str, Any]]:
    return [_figure(row, amount) for row in rows if not row.is_rollup]


def _rollups(rows: Iterable[FigureRow], amount: str) -> list[dict[str, Any]]:
    """The accounts above, with what stands below them added up."""
    return [_figure(row, amount) for row in rows if row.is_rollup]


def _figure(row: FigureRow, amount: str) -> dict[str, Any]:
    return {
        "code": row.code,
        "name": row.name,
        "type": row.type,
        "parent": row.parent,
        "depth": row.depth,
        amount: row.amount,
    }


def _cash_flow(report: CashFlow) -> dict[str, Any]:
    return {
        "ties": report.ties,
        "currencies": [
            {
                "currency": part.currency,
                "opening_cash": part.opening,
                "closing_cash": part.closing,
                "net_flow": part.net_flow,
                "translation_difference": part.translation_difference,
                "accounts": [
                    {"code": a.code, "name": a.name, "opening": a.opening, "closing": a.closing}
                    for a in part.accounts
                ],
                "totals": {activity: part.total_of(activity) for activity in ACTIVITIES},
                "items": [
                    {
                        "code": item.code,
                        "name": item.name,
                        "type": item.type,
                        "activity": item.activity,
                        "inflow": item.inflow,
                        "outflow": item.outflow,
                        "amount": item.amount,
                    }
                    for item in part.items
                ],
            }
            for part in report.currencies
        ],
    }


def _general_ledger(report: GeneralLedger) -> dict[str, Any]:
    check = report.new_check()
    accounts: dict[str, list[dict[str, Any]]] = {}
    sums: dict[str, tuple[int, int]] = {}
    lines: list[dict[str, Any]] = []
    count = 0
    with closing(report.stream()) as pieces:
        for piece in pieces:
            if isinstance(piece, AccountLine):
                count += 1
                _refuse_beyond(count, report)
                lines.append(_ledger_line(piece))
            elif isinstance(piece, AccountFoot):
                check.add(piece)
                currency = piece.head.place.currency
                debit, credit = sums.get(currency, (0, 0))
                sums[currency] = (debit + piece.debits, credit + piece.credits)
                accounts.setdefault(currency, []).append({**_head(piece.head), "lines": lines})
                lines = []
    findings = report.findings(check)
    return {
        "account": report.account.code if report.account else None,
        "ties": not findings,
        "findings": findings,
        "currencies": [
            {
                "currency": currency,
                "total_debit": sums[currency][0],
                "total_credit": sums[currency][1],
                "accounts": rows,
            }
            for currency, rows in sorted(accounts.items())
        ],
    }


def _head(head: AccountHead) -> dict[str, Any]:
    return {
        "code": head.place.code,
        "name": head.place.name,
        "type": head.place.type.value,
        "opening": head.opening,
        "debits": head.debits,
        "credits": head.credits,
        "closing": head.closing,
    }


def _ledger_line(line: AccountLine) -> dict[str, Any]:
    return {
        "entry": str(line.entry_id),
        "reference": line.reference,
        "effective_on": line.effective_on.isoformat(),
        "posted_at": moment(line.posted_at),
        "status": line.status,
        "description": line.description or line.entry_description,
        "debit": line.debit,
        "credit": line.credit,
        "balance": line.balance,
    }


def _journal(report: JournalReport) -> dict[str, Any]:
    check = report.new_check()
    entries: list[dict[str, Any]] = []
    count = 0
    with closing(report.stream()) as items:
        for item in items:
            count += len(item.lines)
            _refuse_beyond(count, report)
            check.add(item)
            entries.append(_entry(item))
    return {
        "account": report.account.code if report.account else None,
        "ties": not check.off,
        "findings": check.off,
        "currencies": [
            {
                "currency": total.currency,
                "total_debit": total.total_debit,
                "total_credit": total.total_credit,
            }
            for total in check.totals
        ],
        "entries": entries,
    }


def _entry(item: JournalItem) -> dict[str, Any]:
    return {
        "id": str(item.id),
        "reference": item.reference,
        "effective_on": item.effective_on.isoformat(),
        "posted_at": moment(item.posted_at),
        "status": item.status,
        "description": item.description,
        "reference_type": item.reference_type,
        "reference_id": item.reference_id,
        "reverses": str(item.reverses) if item.reverses else None,
        "lines": [
            {
                "account": line.account,
                "name": line.account_name,
                "currency": line.currency,
                "debit": line.debit,
                "credit": line.credit,
                "description": line.description,
            }
            for line in item.lines
        ],
    }


def _refuse_beyond(count: int, report: Report) -> None:
    if count > MOST_LINES:
        raise ReportTooLong(report=report.title.lower(), most=f"{MOST_LINES:,}", format="json")


_SHAPES: Mapping[type[Report], Callable[[Any], dict[str, Any]]] = {
    TrialBalance: _trial_balance,
    BalanceSheet: _balance_sheet,
    IncomeStatement: _income_statement,
    RevenueReport: _revenue,
    CashFlow: _cash_flow,
    GeneralLedger: _general_ledger,
    JournalReport: _journal,
}

REPORT_TYPES: Sequence[type[Report]] = tuple(_SHAPES)
