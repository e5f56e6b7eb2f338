"""Reports as PDF, set by typst on A4 from templates/documents/report.typ."""

import json
from datetime import date, datetime
from typing import Any

import typst

from core.money import format_amount
from core.servers import PROJECT
from core.typesetting import fonts
from ledger.exports.document import Document, Row, RowKind

# Room for about 150 pages; a longer one is for a machine, and those have csv and xlsx.
MOST_ROWS = 6_000

_TEMPLATE = PROJECT / "templates" / "documents" / "report.typ"


def write_pdf(document: Document, rows: list[Row]) -> bytes:
    """The file. What is written in it arrives as data, never as typst's markup."""
    content = json.dumps(_content(document, rows), ensure_ascii=False)
    pdf = typst.compile(
        _TEMPLATE, font_paths=fonts(), sys_inputs={"document": content}, format="pdf"
    )
    assert isinstance(pdf, bytes)  # noqa: S101
    return pdf


def _content(document: Document, rows: list[Row]) -> dict[str, Any]:
    columns = document.printed_columns
    checks = [next(iter(row.cells.values())) for row in rows if row.kind is RowKind.CHECK]
    ties = [next(iter(row.cells.values())) for row in rows if row.kind is RowKind.TIES]
    said_apart = (RowKind.CHECK, RowKind.TIES)
    printed = (row for row in rows if row.kind not in said_apart)
    return {
        "organization": document.organization,
        "title": document.title,
        "period": document.period,
        "notes": list(document.notes),
        "printed_at": document.printed_at,
        "printed_by": document.printed_by,
        "ties": sorted({str(words) for words in ties}),
        "problems": [str(check) for check in checks] or list(document.problems),
        "columns": [{"title": c.title, "kind": c.kind, "key": c.key} for c in columns],
        "wide": len(columns) > 5,
        "tables": [
            {"currency": currency, "rows": [_row(document, row) for row in part]}
            for currency, part in document.tables(printed)
        ],
    }


def _row(document: Document, row: Row) -> dict[str, Any]:
    if row.kind is RowKind.HEADING:
        heading = next(iter(row.cells.values()))
        return {"kind": row.kind.value, "text": str(heading), "cells": [], "depth": 0}
    cells = [_cell(row.cells.get(c.key), c.kind, row.currency) for c in document.printed_columns]
    return {"kind": row.kind.value, "text": "", "cells": cells, "depth": row.depth}


def _cell(value: Any, kind: str, currency: str) -> str:
    if value is None:
        return ""
    if kind == "amount" and isinstance(value, int):
        return format_amount(value, currency)
    if isinstance(value, datetime | date):
        return value.isoformat()[:10]
    return str(value)
