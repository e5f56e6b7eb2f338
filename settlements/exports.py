"""Settlement statements and payees' balances as files: CSV, XLSX, PDF and JSON."""

import zoneinfo
from collections.abc import Generator, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone

from core.api.answers import dumps, moment
from ledger.exports import FORMATS, write
from ledger.exports.csv_file import plain_amount
from ledger.exports.document import Column, Document, Row, RowKind
from settlements.models import Payout
from settlements.selectors.positions import PayeeBalances, PayeePosition
from settlements.selectors.statements import (
    SettlementStatement,
    StatementLine,
    statement_lines,
)

Report = SettlementStatement | PayeeBalances
Rows = Generator[Row, None, None]

__all__ = ["FORMATS", "Report", "as_json", "export", "file_name", "lay_out"]

_LINES_A_PIECE = 500


def export(
    report: Report, format: str, *, printed_by: str = "", now: datetime | None = None
) -> Iterator[bytes]:
    """The file, piece by piece; but for pdf in bounded memory.

    Raises:
        ReportTooLong: too many rows for pdf.
    """
    if format == "json":
        return _json_pieces(report)
    return write(lay_out(report, printed_by=printed_by, now=now), format)


def file_name(report: Report, format: str) -> str:
    """A name to save it under: acme-settlement-ana-3.csv, acme-payee-balances-2026-03-31.csv."""
    if isinstance(report, PayeeBalances):
        name = f"{report.name}-{report.as_of}"
    else:
        name = f"settlement-{report.settlement.payee.code}-{report.settlement.sequence}"
    plain = name.replace(":", "-")
    return f"{report.organization.slug}-{plain}.{FORMATS[format].extension}"


# --- Files ----------------------------------------------------------------------------------------


def lay_out(report: Report, *, printed_by: str = "", now: datetime | None = None) -> Document:
    """Columns and rows; times are shown in the organization's time zone."""
    zone = zoneinfo.ZoneInfo(report.organization.time_zone)
    is_statement = isinstance(report, SettlementStatement)
    return Document(
        name=report.name,
        title=report.title,
        organization=report.organization.name,
        slug=report.organization.slug,
        period=_period(report),
        notes=_notes(report),
        columns=_STATEMENT_COLUMNS if is_statement else _BALANCE_COLUMNS,
        rows=_statement_rows(report)
        if isinstance(report, SettlementStatement)
        else _balance_rows(report),
        printed_at=f"{(now or timezone.now()).astimezone(zone):%Y-%m-%d %H:%M %Z}",
        printed_by=printed_by,
        problems=[] if report.ties else ["It does not tie"],
    )


def _period(report: Report) -> str:
    if isinstance(report, PayeeBalances):
        return f"As of {report.as_of}"
    return f"Through {report.settlement.through}"


def _notes(report: Report) -> Sequence[str]:
    if isinstance(report, PayeeBalances):
        return []
    settlement = report.settlement
    return [f"{settlement.payee}, settlement {settlement.sequence}, {settlement.status}"]


_STATEMENT_COLUMNS: Sequence[Column] = (
    Column("date", "Date", "date", width=11),
    Column("what", "What", width=20),
    Column("reference", "Reference", "code", width=20),
    Column("sale", "Sale", "code", width=20),
    Column("event", "Event", "code", width=14),
    Column("description", "Description", width=30),
    Column("quantity", "Quantity", width=9),
    Column("gross", "Gross", "amount", width=14),
    Column("ticket_revenue", "Ticket revenue", "amount", width=14),
    Column("platform_fee", "Platform fee", "amount", width=14),
    Column("tax", "Tax", "amount", width=14),
    Column("net", "Net", "amount", width=14),
    Column("balance", "Balance", "amount", width=14),
    Column("entry", "Journal entry", "code", width=24),
    Column("entry_id", "Journal entry id", "code", data_only=True, width=36),
    Column("sale_id", "Sale id", "code", data_only=True, width=36),
)


def _statement_rows(statement: SettlementStatement) -> Rows:
    """The balance runs from the opening over the lines and the payout to the closing."""
    currency, settlement = statement.currency, statement.settlement
    for what, amount in (
        ("Carried forward", settlement.carried_forward_amount),
        ("In reserve before", statement.reserve_before_amount),
    ):
        yield Row(RowKind.OPENING, {"what": what, "net": amount}, currency)
    opening = {"what": "Opening balance", "balance": statement.opening_amount}
    yield Row(RowKind.OPENING, opening, currency)
    for line in statement_lines(statement):
        yield Row(RowKind.LINE, _line_cells(line), currency)
    for what, amount in _parts(statement):
        yield Row(RowKind.TOTAL, {"what": what, "net": amount}, currency)
    yield Row(RowKind.RESULT, {"what": "Payout", "net": statement.payout_amount}, currency)
    for payout in statement.payouts:
        yield Row(RowKind.TOTAL, _payout_cells(payout), currency)
    for what, amount in (
        ("In reserve after", statement.reserve_after_amount),
        ("Carried to the next", statement.carried_on_amount),
    ):
        yield Row(RowKind.CLOSING, {"what": what, "net": amount}, currency)
    closing = {
        "date": settlement.through,
        "what": "Closing balance",
        "balance": statement.closing_amount,
    }
    yield Row(RowKind.CLOSING, closing, currency)
    yield _verdict(statement.ties, "what", "opening + lines - payout = closing", currency)


def _verdict(ties: bool, column: str, words: str, currency: str) -> Row:
    if ties:
        return Row(RowKind.TIES, {column: f"Ties: {words}"}, currency)
    return Row(RowKind.CHECK, {column: f"DOES NOT TIE: {words}"}, currency)


def _parts(statement: SettlementStatement) -> Sequence[tuple[str, int]]:
    settlement = statement.settlement
    return (
        ("Sales", settlement.sales_amount),
        ("Refunds", -settlement.refunds_amount),
        ("Adjustments", settlement.adjustments_amount),
        ("Held in reserve", -settlement.reserve_held_amount),
        ("Released from reserve", settlement.reserve_released_amount),
    )


def _line_cells(line: StatementLine) -> Mapping[str, Any]:
    item = line.line
    return {
        "date": item.occurred_on,
        "what": item.kind,
        "reference": item.reference,
        "sale": line.sale_reference or None,
        "event": item.event or None,
        "description": item.description or None,
        "quantity": item.quantity or None,
        "gross": item.total_amount,
        "ticket_revenue": -item.ticket_revenue,
        "platform_fee": -item.platform_fee,
        "tax": -item.tax_amount,
        "net": item.amount,
        "balance": line.balance,
        "entry": line.entry_reference,
        "entry_id": item.journal_entry_id,
        "sale_id": item.sale_id,
    }


def _payout_cells(payout: Payout) -> Mapping[str, Any]:
    amount = f"{plain_amount(payout.amount, payout.currency)} {payout.currency}"
    return {
        "date": payout.failed_on or payout.paid_on,
        "what": f"Payout {payout.attempt}",
        "reference": payout.end_to_end_id,
        "description": " ".join(
            part for part in (amount, payout.status, payout.failure_reason) if part
        ),
        "entry": f"payout:{payout.end_to_end_id}" if payout.entry_id else None,
        "entry_id": payout.entry_id,
    }


_BALANCE_COLUMNS: Sequence[Column] = (
    Column("code", "Payee", "code", width=14),
    Column("name", "Name", width=30),
    Column("unsettled", "Unsettled", "amount", width=14),
    Column("reserve", "Reserve", "amount", width=14),
    Column("carried", "Carried forward", "amount", width=14),
    Column("awaiting", "Awaiting payout", "amount", width=14),
    Column("open", "Open", "amount", width=16),
    Column("ledger", "In the ledger", "amount", width=16),
)


def _balance_rows(report: PayeeBalances) -> Rows:
    for currency, positions in _by_currency(report):
        for position in positions:
            cells = {
                "code": position.payee.code,
                "name": position.payee.name,
                **_amount_cells(position),
            }
            yield Row(RowKind.LINE, cells, currency)
        total = {
            name: sum(_amount_cells(position)[name] for position in positions)
            for name in ("unsettled", "reserve", "carried", "awaiting", "open", "ledger")
        }
        yield Row(RowKind.RESULT, {"name": "Total", **total}, currency)
        ties = all(position.ties for position in positions)
        yield _verdict(ties, "name", "open = payable in the ledger, payee by payee", currency)


def _by_currency(report: PayeeBalances) -> Iterator[tuple[str, list[PayeePosition]]]:
    for currency in sorted({position.payee.currency for position in report.positions}):
        yield currency, [p for p in report.positions if p.payee.currency == currency]


def _amount_cells(position: PayeePosition) -> dict[str, int]:
    return {
        "unsettled": position.unsettled_amount,
        "reserve": position.reserve_amount,
        "carried": position.carried_forward_amount,
        "awaiting": position.awaiting_payout_amount,
        "open": position.open_amount,
        "ledger": position.ledger_amount,
    }


# --- JSON -----------------------------------------------------------------------------------------


def as_json(report: Report) -> dict[str, Any]:
    """In the API's shape, without a statement's lines, which come piece by piece."""
    head: dict[str, Any] = {"report": report.name, "organization": report.organization.slug}
    if isinstance(report, PayeeBalances):
        return head | _balances_as_json(report)
    return head | _statement_as_json(report)


def _json_pieces(report: Report) -> Iterator[bytes]:
    """The whole of it; a statement's lines are its last member."""
    head = dumps(as_json(report))
    if isinstance(report, PayeeBalances):
        yield head.encode()
        return
    yield head[:-1].encode() + b',"lines":['
    piece: list[str] = []
    is_first = True
    for line in statement_lines(report):
        piece.append(dumps(_line_as_json(line)))
        if len(piece) == _LINES_A_PIECE:
            yield ("" if is_first else ",").encode() + ",".join(piece).encode()
            piece, is_first = [], False
    if piece:
        yield ("" if is_first else ",").encode() + ",".join(piece).encode()
    yield b"]}"


def _statement_as_json(statement: SettlementStatement) -> dict[str, Any]:
    settlement = statement.settlement
    payee = settlement.payee
    return {
        "settlement": settlement.pk,
        "sequence": settlement.sequence,
        "payee": {"id": payee.pk, "code": payee.code, "name": payee.name},
        "through": settlement.through,
        "due_on": settlement.due_on,
        "status": settlement.status,
        "currency": statement.currency,
        "ties": statement.ties,
        "opening_amount": statement.opening_amount,
        "reserve_before_amount": statement.reserve_before_amount,
        "carried_forward_amount": settlement.carried_forward_amount,
        "sales_amount": settlement.sales_amount,
        "refunds_amount": settlement.refunds_amount,
        "adjustments_amount": settlement.adjustments_amount,
        "reserve_held_amount": settlement.reserve_held_amount,
        "reserve_released_amount": settlement.reserve_released_amount,
        "total_amount": settlement.total_amount,
        "payout_amount": statement.payout_amount,
        "reserve_after_amount": statement.reserve_after_amount,
        "carried_on_amount": statement.carried_on_amount,
        "closing_amount": statement.closing_amount,
        "line_count": statement.sums.item_count,
        "payouts": [_payout_as_json(payout) for payout in statement.payouts],
    }


def _payout_as_json(payout: Payout) -> dict[str, Any]:
    return {
        "attempt": payout.attempt,
        "end_to_end_id": payout.end_to_end_id,
        "status": payout.status,
        "amount": payout.amount,
        "account_holder": payout.account_holder,
        "iban": payout.iban,
        "initiated_at": moment(payout.initiated_at),
        "paid_on": payout.paid_on,
        "failed_on": payout.failed_on,
        "failure_reason": payout.failure_reason,
        "failure_code": payout.failure_code,
        "journal_entry": payout.entry_id,
        "return_journal_entry": payout.return_entry_id,
    }


def _line_as_json(line: StatementLine) -> dict[str, Any]:
    item = line.line
    return {
        "kind": item.kind,
        "id": item.id,
        "occurred_on": item.occurred_on,
        "reference": item.reference,
        "event": item.event or None,
        "sale": item.sale_id,
        "sale_reference": line.sale_reference or None,
        "description": item.description,
        "quantity": item.quantity,
        "total_amount": item.total_amount,
        "ticket_revenue": item.ticket_revenue,
        "platform_fee": item.platform_fee,
        "tax_amount": item.tax_amount,
        "amount": item.amount,
        "balance": line.balance,
        "journal_entry": item.journal_entry_id,
        "entry_reference": line.entry_reference,
    }


def _balances_as_json(report: PayeeBalances) -> dict[str, Any]:
    return {
        "as_of": report.as_of,
        "ties": report.ties,
        "currencies": [
            {
                "currency": currency,
                "rows": [_position_as_json(position) for position in positions],
                "total_open_amount": sum(position.open_amount for position in positions),
                "total_ledger_amount": sum(position.ledger_amount for position in positions),
                "ties": all(position.ties for position in positions),
            }
            for currency, positions in _by_currency(report)
        ],
    }


def _position_as_json(position: PayeePosition) -> dict[str, Any]:
    return {
        "payee": position.payee.pk,
        "code": position.payee.code,
        "name": position.payee.name,
        "unsettled_amount": position.unsettled_amount,
        "reserve_amount": position.reserve_amount,
        "carried_forward_amount": position.carried_forward_amount,
        "awaiting_payout_amount": position.awaiting_payout_amount,
        "open_amount": position.open_amount,
        "ledger_amount": position.ledger_amount,
        "ties": position.ties,
    }
