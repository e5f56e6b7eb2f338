"""How each report is laid out: which columns, which rows, in which order."""

import zoneinfo
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone

from ledger.exports.document import Column, Document, Row, RowKind
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
from ledger.selectors.reports.cash_flow import ACTIVITIES, CashFlowOfCurrency
from ledger.selectors.reports.general_ledger import AccountFoot, AccountHead
from ledger.selectors.reports.journal import JournalItem

TRANSLATION = "Translation difference"

Rows = Generator[Row, None, None]

_CODE = Column("code", "Account", "code", width=12)
_NAME = Column("name", "Name", width=44)
_SECTION = Column("section", "Section", data_only=True, width=16)
_TYPE = Column("type", "Type", width=11)
_DEBIT = Column("debit", "Debit", "amount", width=16)
_CREDIT = Column("credit", "Credit", "amount", width=16)


def lay_out(report: Report, *, printed_by: str = "", now: datetime | None = None) -> Document:
    """The report's document; times are shown in the organization's time zone."""
    layout = _LAYOUTS[type(report)]
    zone = zoneinfo.ZoneInfo(report.organization.time_zone)
    streamed = isinstance(report, GeneralLedger | JournalReport)
    problems = [] if streamed else list(_problems(report))
    return Document(
        name=report.name,
        title=report.title,
        organization=report.organization.name,
        slug=report.organization.slug,
        period=_period(report),
        notes=_notes(report, zone),
        columns=_COLUMNS[type(report)],
        rows=layout(report),
        printed_at=f"{(now or timezone.now()).astimezone(zone):%Y-%m-%d %H:%M %Z}",
        printed_by=printed_by,
        problems=problems,
        is_streamed=streamed,
        table_per_currency=not isinstance(report, JournalReport),
    )


def _period(report: Report) -> str:
    if isinstance(report, ReportAsOf):
        return f"As of {report.as_of.isoformat()}"
    assert isinstance(report, ReportOfPeriod)  # noqa: S101
    return f"From {report.since.isoformat()} to {report.until.isoformat()}"


def _notes(report: Report, zone: zoneinfo.ZoneInfo) -> list[str]:
    notes = []
    if report.known_at is not None:
        moment = report.known_at.astimezone(zone)
        notes.append(f"As the books stood at {moment:%Y-%m-%d %H:%M:%S %Z}")
    if report.reporting_currency:
        day = report.as_of if isinstance(report, ReportAsOf) else report.until  # type: ignore[attr-defined]
        notes.append(f"In {report.reporting_currency}, at the rates of {day.isoformat()}")
    for rate in report.rates:
        exact = Decimal(rate.rate.numerator) / rate.rate.denominator
        shown = f"{exact:.8f}".rstrip("0").rstrip(".")
        how = ", turned over" if rate.is_inverse else ""
        notes.append(f"1 {rate.currency} = {shown} {rate.quote_currency} (of {rate.valid_on}{how})")
    account = getattr(report, "account", None)
    if account is not None:
        notes.append(f"Account {account.code} {account.name}")
    return notes


def _problems(report: Any) -> Iterator[str]:
    for part in report.currencies:
        ties = part.is_balanced if isinstance(report, BalanceSheet) else part.ties
        if not ties:
            yield f"Does not tie in {part.currency}"


# --- Trial balance --------------------------------------------------------------------------------


def _trial_balance(report: TrialBalance) -> Rows:
    for part in report.currencies:
        for row in part.rows:
            cells = {
                "code": row.code,
                "name": row.name,
                "type": row.type,
                "debit": row.debit or None,
                "credit": row.credit or None,
            }
            yield Row(RowKind.LINE, cells, part.currency)
        if part.translation_difference:
            left_over = part.translation_difference
            cells = {
                "name": TRANSLATION,
                "debit": max(left_over, 0) or None,
                "credit": max(-left_over, 0) or None,
            }
            yield Row(RowKind.LINE, cells, part.currency)
        total = {"name": "Total", "debit": part.total_debit, "credit": part.total_credit}
        yield Row(RowKind.RESULT, total, part.currency)
        yield _verdict(part.currency, part.ties, "debits = credits")


# --- Balance sheet, income statement, revenue -----------------------------------------------------


def _balance_sheet(report: BalanceSheet) -> Rows:
    for part in report.currencies:
        code = part.currency
        yield from _section(code, "Assets", part.assets, part.total_assets)
        yield from _section(code, "Liabilities", part.liabilities, part.total_liabilities)
        earnings = [("Current earnings", part.current_earnings)]
        if part.translation_difference:
            earnings.append((TRANSLATION, part.translation_difference))
        yield from _section(code, "Equity", part.equity, part.total_equity, earnings)
        both = part.total_liabilities + part.total_equity
        yield Row(RowKind.RESULT, {"name": "Liabilities and equity", "amount": both}, code)
        yield _verdict(code, part.is_balanced, "assets = liabilities + equity")


def _income_statement(report: IncomeStatement) -> Rows:
    for part in report.currencies:
        code = part.currency
        yield from _section(code, "Revenue", part.revenue, part.total_revenue)
        yield from _section(code, "Expenses", part.expenses, part.total_expenses)
        yield Row(RowKind.RESULT, {"name": "Net income", "amount": part.net_income}, code)
        yield _verdict(code, part.ties, "debits = credits in the period")


def _revenue(report: RevenueReport) -> Rows:
    for part in report.currencies:
        yield from _figures(part.currency, "Revenue", part.items)
        total = {"name": "Total revenue", "amount": part.total_revenue}
        yield Row(RowKind.RESULT, total, part.currency)
        yield _verdict(part.currency, part.ties, "debits = credits in the period")


def _section(
    currency: str,
    title: str,
    rows: Sequence[FigureRow],
    total: int,
    more: Sequence[tuple[str, int]] = (),
) -> Iterator[Row]:
    yield Row(RowKind.HEADING, {"name": title}, currency)
    yield from _figures(currency, title, rows)
    for name, amount in more:
        yield Row(RowKind.LINE, {"section": title, "name": name, "amount": amount}, currency)
    cells = {"section": title, "name": f"Total {title.lower()}", "amount": total}
    yield Row(RowKind.TOTAL, cells, currency)


def _figures(currency: str, section: str, rows: Iterable[FigureRow]) -> Iterator[Row]:
    for row in rows:
        kind = RowKind.ROLLUP if row.is_rollup else RowKind.LINE
        cells = {"section": section, "code": row.code, "name": row.name, "amount": row.amount}
        yield Row(kind, cells, currency, row.depth)


def _verdict(currency: str, ties: bool, words: str, key: str = "name") -> Row:
    """The report's own check, stated whether it holds or not."""
    if ties:
        return Row(RowKind.TIES, {key: f"Ties: {words}"}, currency)
    return Row(RowKind.CHECK, {key: f"DOES NOT TIE: {words}"}, currency)


# --- Cash flow ------------------------------------------------------------------------------------


def _cash_flow(report: CashFlow) -> Rows:
    for part in report.currencies:
        yield from _cash(part, "Opening cash", [(a.code, a.name, a.opening) for a in part.accounts])
        for activity, title in ACTIVITIES.items():
            items = part.of(activity)
            if not items:
                continue
            yield Row(RowKind.HEADING, {"name": title}, part.currency)
            for item in items:
                cells = {
                    "section": title,
                    "code": item.code,
                    "name": item.name,
                    "inflow": item.inflow or None,
                    "outflow": item.outflow or None,
                    "amount": item.amount,
                }
                yield Row(RowKind.LINE, cells, part.currency)
            total = {
                "section": title,
                "name": f"Total {title[0].lower()}{title[1:]}",
                "inflow": sum(item.inflow for item in items),
                "outflow": sum(item.outflow for item in items),
                "amount": part.total_of(activity),
            }
            yield Row(RowKind.TOTAL, total, part.currency)
        if part.translation_difference:
            cells = {"name": TRANSLATION, "amount": part.translation_difference}
            yield Row(RowKind.LINE, cells, part.currency)
        gained = part.closing - part.opening
        yield Row(RowKind.TOTAL, {"name": "Change in cash", "amount": gained}, part.currency)
        yield from _cash(part, "Closing cash", [(a.code, a.name, a.closing) for a in part.accounts])
        yield _verdict(part.currency, part.ties, "opening cash + flows = closing cash")


def _cash(
    part: CashFlowOfCurrency, title: str, accounts: Iterable[tuple[str, str, int]]
) -> Iterator[Row]:
    yield Row(RowKind.HEADING, {"name": title}, part.currency)
    total = 0
    for code, name, amount in accounts:
        total += amount
        cells = {"section": title, "code": code, "name": name, "amount": amount}
        yield Row(RowKind.LINE, cells, part.currency)
    name = f"Total {title.lower()}"
    yield Row(RowKind.RESULT, {"section": title, "name": name, "amount": total}, part.currency)


# --- General ledger and journal -------------------------------------------------------------------


def _general_ledger(report: GeneralLedger) -> Rows:
    check = report.new_check()
    head: AccountHead | None = None
    with closing(report.stream()) as pieces:
        for piece in pieces:
            if isinstance(piece, AccountHead):
                head = piece
                yield from _ledger_head(report, head)
            elif isinstance(piece, AccountFoot):
                check.add(piece)
                yield from _ledger_foot(report, piece)
            elif head is not None:
                yield _ledger_line(head, piece)
    findings = report.findings(check)
    yield _verdict("", not findings, "opening + lines = closing", "description")
    for words in findings:
        yield Row(RowKind.CHECK, {"description": words})


def _of_account(head: AccountHead) -> dict[str, Any]:
    return {"code": head.place.code, "name": head.place.name}


def _ledger_head(report: GeneralLedger, head: AccountHead) -> Iterator[Row]:
    currency = head.place.currency
    title = f"{head.place.code} {head.place.name} ({currency})"
    yield Row(RowKind.HEADING, {"description": title}, currency)
    cells = {
        **_of_account(head),
        "date": report.since,
        "description": "Opening balance",
        "balance": head.opening,
    }
    yield Row(RowKind.OPENING, cells, currency)


def _ledger_line(head: AccountHead, line: AccountLine) -> Row:
    cells = {
        **_of_account(head),
        "date": line.effective_on,
        "reference": line.reference,
        "description": line.description or line.entry_description,
        "debit": line.debit or None,
        "credit": line.credit or None,
        "balance": line.balance,
    }
    return Row(RowKind.LINE, cells, head.place.currency)


def _ledger_foot(report: GeneralLedger, foot: AccountFoot) -> Iterator[Row]:
    cells = {
        **_of_account(foot.head),
        "date": report.until,
        "description": "Closing balance",
        "debit": foot.debits,
        "credit": foot.credits,
        "balance": foot.head.closing,
    }
    yield Row(RowKind.CLOSING, cells, foot.head.place.currency)


def _journal(report: JournalReport) -> Rows:
    check = report.new_check()
    with closing(report.stream()) as items:
        for item in items:
            check.add(item)
            yield from _journal_item(item)
    for total in check.totals:
        cells = {
            "account_name": "Total",
            "currency": total.currency,
            "debit": total.total_debit,
            "credit": total.total_credit,
        }
        yield Row(RowKind.RESULT, cells, total.currency)
    yield _verdict("", not check.off, "debits = credits in every entry", "account_name")
    for words in check.off:
        yield Row(RowKind.CHECK, {"account_name": words})


def _journal_item(item: JournalItem) -> Iterator[Row]:
    voided = " · voided" if item.status == "voided" else ""
    title = f"{item.effective_on}  {item.reference}  {item.description}{voided}"
    yield Row(RowKind.HEADING, {"account_name": title}, item.lines[0].currency)
    head: Mapping[str, Any] = {
        "date": item.effective_on,
        "posted_at": item.posted_at,
        "reference": item.reference,
        "description": item.description,
        "status": item.status,
    }
    for line in item.lines:
        cells = {
            **head,
            "code": line.account,
            "account_name": line.account_name,
            "text": line.description or None,
            "currency": line.currency,
            "debit": line.debit or None,
            "credit": line.credit or None,
        }
        yield Row(RowKind.LINE, cells, line.currency)


_AMOUNT = Column("amount", "Amount", "amount", width=18)

_FIGURES: Sequence[Column] = (_SECTION, _CODE, _NAME, _AMOUNT)

_COLUMNS: Mapping[type[Report], Sequence[Column]] = {
    TrialBalance: (_CODE, _NAME, _TYPE, _DEBIT, _CREDIT),
    BalanceSheet: _FIGURES,
    IncomeStatement: _FIGURES,
    RevenueReport: _FIGURES,
    CashFlow: (
        _SECTION,
        _CODE,
        _NAME,
        Column("inflow", "In", "amount", width=16),
        Column("outflow", "Out", "amount", width=16),
        Column("amount", "Net", "amount", width=16),
    ),
    GeneralLedger: (
        Column("code", "Account", "code", data_only=True, width=12),
        Column("name", "Name", data_only=True, width=30),
        Column("date", "Date", "date", width=11),
        Column("reference", "Reference", width=22),
        Column("description", "Description", width=40),
        _DEBIT,
        _CREDIT,
        Column("balance", "Balance", "amount", width=18),
    ),
    JournalReport: (
        Column("date", "Date", "date", data_only=True, width=11),
        Column("posted_at", "Posted", "date", data_only=True, width=19),
        Column("reference", "Reference", data_only=True, width=22),
        Column("description", "Description", data_only=True, width=36),
        Column("status", "Status", data_only=True, width=9),
        _CODE,
        Column("account_name", "Name", width=36),
        Column("text", "Text", width=24),
        Column("currency", "", "code", print_only=True),
        _DEBIT,
        _CREDIT,
    ),
}

_LAYOUTS: Mapping[type[Report], Callable[[Any], Rows]] = {
    TrialBalance: _trial_balance,
    BalanceSheet: _balance_sheet,
    IncomeStatement: _income_statement,
    RevenueReport: _revenue,
    CashFlow: _cash_flow,
    GeneralLedger: _general_ledger,
    JournalReport: _journal,
}
