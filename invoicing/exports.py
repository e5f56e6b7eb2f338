"""Statements and ageing as files: CSV, XLSX, PDF, JSON, and tables on a terminal."""

import json
import zoneinfo
from collections.abc import Generator, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone

from core.api.answers import moment
from invoicing.open_items import Aged, Bucket, OpenItem
from invoicing.selectors.ageing import WALK_IN, Ageing, AgeingOfCurrency
from invoicing.selectors.statements import Movement, Statement, StatementOfCurrency
from ledger.exports import FORMATS, write
from ledger.exports.document import Column, Document, Row, RowKind

Report = Statement | Ageing
Rows = Generator[Row, None, None]

__all__ = ["FORMATS", "Report", "as_json", "export", "file_name", "lay_out"]


def export(
    report: Report, format: str, *, printed_by: str = "", now: datetime | None = None
) -> Iterator[bytes]:
    """The file, piece by piece.

    Raises:
        ReportTooLong: too many rows for pdf or table.
    """
    if format == "json":
        return iter([json.dumps(as_json(report), ensure_ascii=False, indent=2).encode() + b"\n"])
    return write(lay_out(report, printed_by=printed_by, now=now), format)


def file_name(report: Report, format: str) -> str:
    """A name to save it under: acme-ageing-2010-12-31.csv, acme-statement-17850-2010-12-31.pdf."""
    if isinstance(report, Ageing):
        parts = [report.name, report.as_of.isoformat()]
    else:
        customer = (report.customer.code or str(report.customer.pk)) if report.customer else ""
        parts = [report.name, customer or "walk-in", report.until.isoformat()]
    return f"{'-'.join([report.organization.slug, *parts])}.{FORMATS[format].extension}"


# --- Files ----------------------------------------------------------------------------------------


def lay_out(report: Report, *, printed_by: str = "", now: datetime | None = None) -> Document:
    """Columns and rows; times are shown in the organization's time zone."""
    zone = zoneinfo.ZoneInfo(report.organization.time_zone)
    ageing = isinstance(report, Ageing)
    return Document(
        name=report.name,
        title=report.title,
        organization=report.organization.name,
        slug=report.organization.slug,
        period=f"As of {report.as_of}" if isinstance(report, Ageing) else _period(report),
        notes=list(_notes(report, zone)),
        columns=_AGEING_COLUMNS if ageing else _STATEMENT_COLUMNS,
        rows=_ageing_rows(report) if isinstance(report, Ageing) else _statement_rows(report),
        printed_at=f"{(now or timezone.now()).astimezone(zone):%Y-%m-%d %H:%M %Z}",
        printed_by=printed_by,
        problems=[f"Does not tie in {p.currency}" for p in report.currencies if not p.ties],
    )


def _period(statement: Statement) -> str:
    if statement.since is None:
        return f"To {statement.until}"
    return f"From {statement.since} to {statement.until}"


def _notes(report: Report, zone: zoneinfo.ZoneInfo) -> Iterator[str]:
    if isinstance(report, Statement) or report.customer is not None:
        yield str(report.customer) if report.customer else WALK_IN
    if isinstance(report, Ageing) and report.known_at is not None:
        known_at = report.known_at.astimezone(zone)
        yield f"As the books stood at {known_at:%Y-%m-%d %H:%M:%S %Z}"


_AGEING_COLUMNS: Sequence[Column] = (
    Column("code", "Customer", "code", width=12),
    Column("name", "Name", width=30),
    *(Column(bucket.value, bucket.label, "amount", width=14) for bucket in Bucket),
    Column("total", "Total", "amount", width=16),
)

_STATEMENT_COLUMNS: Sequence[Column] = (
    Column("date", "Date", "date", width=11),
    Column("kind", "What", width=18),
    Column("number", "Document", "code", width=16),
    Column("description", "Description", width=36),
    Column("due", "Due", "date", width=11),
    Column("debit", "Charged", "amount", width=14),
    Column("credit", "Credited", "amount", width=14),
    Column("balance", "Balance", "amount", width=16),
)


def _ageing_rows(report: Ageing) -> Rows:
    for part in report.currencies:
        for row in part.rows:
            cells = {"code": row.code or None, "name": row.name, **_aged_cells(row.amounts)}
            yield Row(RowKind.LINE, cells, part.currency)
        cells = {"name": "Total", **_aged_cells(part.totals)}
        yield Row(RowKind.RESULT, cells, part.currency)
        if part.ledger_amount is not None:
            yield from _verdict(part)


def _aged_cells(aged: Aged) -> dict[str, Any]:
    """Blank where there is nothing; what is unapplied reduces the total, and shows it."""
    cells: dict[str, Any] = {bucket.value: aged.amount(bucket) or None for bucket in Bucket}
    cells[Bucket.UNAPPLIED.value] = -aged.unapplied_amount or None
    return {**cells, "total": aged.total_amount}


def _verdict(part: AgeingOfCurrency) -> Iterator[Row]:
    """That it agrees with the ledger, or by how much it does not."""
    if part.ties:
        yield Row(RowKind.TIES, {"name": "Ties: total = receivable in the ledger"}, part.currency)
        return
    off = {"name": "DOES NOT TIE: total = receivable in the ledger"}
    yield Row(RowKind.TOTAL, {"name": "In the ledger", "total": part.ledger_amount}, part.currency)
    yield Row(RowKind.CHECK, off, part.currency)


def _statement_rows(report: Statement) -> Rows:
    for part in report.currencies:
        opening = {
            "date": report.since,
            "kind": "Opening balance",
            "balance": part.opening_amount,
        }
        yield Row(RowKind.OPENING, opening, part.currency)
        for movement in part.movements:
            yield Row(RowKind.LINE, _movement_cells(movement), part.currency)
        closing = {
            "date": report.until,
            "kind": "Closing balance",
            "debit": part.debit_amount,
            "credit": part.credit_amount,
            "balance": part.closing_amount,
        }
        yield Row(RowKind.CLOSING, closing, part.currency)
        words = "open items = closing balance"
        kind, verdict = (
            (RowKind.TIES, f"Ties: {words}")
            if part.ties
            else (RowKind.CHECK, f"DOES NOT TIE: {words}")
        )
        yield Row(kind, {"kind": verdict}, part.currency)


def _movement_cells(movement: Movement) -> Mapping[str, Any]:
    return {
        "date": movement.occurred_on,
        "kind": movement.kind.label,
        "number": movement.number,
        "description": movement.description or None,
        "due": movement.due_on,
        "debit": movement.debit or None,
        "credit": movement.credit or None,
        "balance": movement.balance,
    }


# --- JSON -----------------------------------------------------------------------------------------


def as_json(report: Report) -> dict[str, Any]:
    """In the API's shape, as JSON values; dates are ISO texts, amounts are minor units."""
    head: dict[str, Any] = {
        "report": report.name,
        "organization": report.organization.slug,
        "customer": _customer(report),
    }
    if isinstance(report, Ageing):
        head |= {"as_of": report.as_of.isoformat(), "known_at": moment(report.known_at)}
        parts = [_ageing_part(part) for part in report.currencies]
    else:
        since = report.since.isoformat() if report.since else None
        head |= {"from": since, "to": report.until.isoformat()}
        parts = [_statement_part(part) for part in report.currencies]
    return {**head, "ties": report.ties, "currencies": parts}


def _customer(report: Report) -> dict[str, str] | None:
    if report.customer is None:
        return None
    customer = report.customer
    return {"id": str(customer.pk), "code": customer.code, "name": customer.name}


def _ageing_part(part: AgeingOfCurrency) -> dict[str, Any]:
    return {
        "currency": part.currency,
        "rows": [
            {
                "customer": str(row.customer_id) if row.customer_id else None,
                "code": row.code,
                "name": row.name,
                **_aged(row.amounts),
                "items": [_item(item) for item in row.items],
            }
            for row in part.rows
        ],
        "totals": _aged(part.totals),
        "ledger_amount": part.ledger_amount,
        "ties": part.ties,
    }


def _aged(aged: Aged) -> dict[str, int]:
    amounts = {f"{bucket.value}_amount": aged.amount(bucket) for bucket in Bucket}
    return {**amounts, "total_amount": aged.total_amount}


def _item(item: OpenItem) -> dict[str, Any]:
    return {
        "kind": item.kind,
        "id": str(item.id),
        "number": item.number,
        "issued_on": item.issued_on.isoformat(),
        "due_on": item.due_on.isoformat() if item.due_on else None,
        "total_amount": item.total_amount,
        "open_amount": item.open_amount,
        "days_overdue": item.days_overdue,
        "bucket": item.bucket.value,
    }


def _statement_part(part: StatementOfCurrency) -> dict[str, Any]:
    return {
        "currency": part.currency,
        "opening_amount": part.opening_amount,
        "movements": [_movement(movement) for movement in part.movements],
        "debit_amount": part.debit_amount,
        "credit_amount": part.credit_amount,
        "closing_amount": part.closing_amount,
        "open_items": [_item(item) for item in part.open_items],
        "ageing": _aged(part.aged),
        "ties": part.ties,
    }


def _movement(movement: Movement) -> dict[str, Any]:
    return {
        "kind": movement.kind.value,
        "id": str(movement.id),
        "number": movement.number,
        "occurred_on": movement.occurred_on.isoformat(),
        "due_on": movement.due_on.isoformat() if movement.due_on else None,
        "description": movement.description,
        "debit": movement.debit,
        "credit": movement.credit,
        "balance": movement.balance,
        "journal_entry": str(movement.entry_id) if movement.entry_id else None,
    }
