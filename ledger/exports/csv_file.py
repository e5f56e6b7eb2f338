"""Reports as CSV: one header, one row a line, amounts in major units without grouping."""

import csv
import io
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from typing import Any

from core.money import exponent
from ledger.exports.document import Column, Document, Row, RowKind

# A spreadsheet takes a cell that begins with one of these for a formula (OWASP, CSV injection).
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

_ROWS_A_PIECE = 500


def write_csv(document: Document) -> Iterator[bytes]:
    """The file, piece by piece, in UTF-8. The first column says what the row is."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    titles = [column.title.lower() for column in document.data_columns]
    writer.writerow(["row", "currency", *titles])
    columns = document.data_columns
    with closing(document.rows):
        for number, row in enumerate(document.rows, start=1):
            if row.kind is not RowKind.HEADING:
                cells = [_cell(row, column) for column in columns]
                writer.writerow([row.kind.value, row.currency, *cells])
            if number % _ROWS_A_PIECE == 0:
                yield buffer.getvalue().encode()
                buffer.seek(0)
                buffer.truncate()
    yield buffer.getvalue().encode()


def _cell(row: Row, column: Column) -> str:
    value = row.cells.get(column.key)
    if value is None:
        return ""
    if column.kind == "amount" and isinstance(value, int):
        return plain_amount(value, row.currency)
    return inert(_text(value))


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)


def inert(text: str) -> str:
    """The text, behind an apostrophe where a spreadsheet would run it as a formula."""
    return f"'{text}" if text.lstrip(" \u00a0").startswith(_FORMULA_STARTS) else text


def plain_amount(amount: int, currency: str) -> str:
    """Minor units in major ones, for programs: 123450 GBP is 1234.50."""
    places = exponent(currency)
    sign = "-" if amount < 0 else ""
    if not places:
        return f"{sign}{abs(amount)}"
    whole, fraction = divmod(abs(amount), 10**places)
    return f"{sign}{whole}.{fraction:0{places}d}"
