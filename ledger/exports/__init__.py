"""Reports as files: CSV, XLSX, PDF, JSON, and tables on a terminal."""

import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from ledger.errors import ReportTooLong
from ledger.exports import csv_file, pdf_file, text_table, xlsx_file
from ledger.exports.document import Document, Row
from ledger.exports.json_shapes import as_json
from ledger.exports.layouts import lay_out
from ledger.selectors.reports import Report, ReportAsOf, ReportOfPeriod

__all__ = ["FORMATS", "FileFormat", "as_json", "export", "file_name", "lay_out", "whole", "write"]


@dataclass(frozen=True, slots=True)
class FileFormat:
    """A format by its media type and the ending of its files."""

    name: str
    content_type: str
    extension: str


FORMATS: Mapping[str, FileFormat] = {
    format.name: format
    for format in (
        FileFormat("json", "application/json", "json"),
        FileFormat("csv", "text/csv; charset=utf-8", "csv"),
        FileFormat(
            "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"
        ),
        FileFormat("pdf", "application/pdf", "pdf"),
        FileFormat("table", "text/plain; charset=utf-8", "txt"),
    )
}


def export(
    report: Report, format: str, *, printed_by: str = "", now: datetime | None = None
) -> Iterator[bytes]:
    """The file, piece by piece. csv and xlsx of any length take bounded memory.

    Refusals come at once, not with the first piece.

    Raises:
        ReportTooLong: too many rows for pdf, table or json.
    """
    if format == "json":
        return iter([json.dumps(as_json(report), ensure_ascii=False, indent=2).encode() + b"\n"])
    return write(lay_out(report, printed_by=printed_by, now=now), format)


def write(document: Document, format: str) -> Iterator[bytes]:
    """What is laid out, as csv, xlsx, pdf or table.

    Raises:
        ReportTooLong: too many rows for pdf or table.
    """
    if format == "csv":
        return csv_file.write_csv(document)
    if format == "xlsx":
        return xlsx_file.write_xlsx(document)
    if format == "pdf":
        rows = whole(document, "pdf", pdf_file.MOST_ROWS)
        return iter([pdf_file.write_pdf(document, rows)])
    if format == "table":
        rows = whole(document, "table", text_table.MOST_ROWS)
        return iter([text_table.write_text(document, rows)])
    raise ValueError(f"no such format: {format}")


def whole(document: Document, format: str, most: int) -> list[Row]:
    """All rows in memory.

    Raises:
        ReportTooLong: there are more than that.
    """
    with closing(document.rows):
        rows = list(islice(document.rows, most + 1))
    if len(rows) > most:
        raise ReportTooLong(report=document.title.lower(), most=f"{most:,}", format=format)
    return rows


def file_name(report: Report, format: str) -> str:
    """A name to save it under: acme-trial-balance-2010-12-31.pdf."""
    days = ""
    if isinstance(report, ReportAsOf):
        days = report.as_of.isoformat()
    elif isinstance(report, ReportOfPeriod):
        days = f"{report.since.isoformat()}-{report.until.isoformat()}"
    return f"{report.organization.slug}-{report.name}-{days}.{FORMATS[format].extension}"
