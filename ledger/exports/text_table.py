"""Reports as tables on a terminal."""

import io
from datetime import date, datetime
from typing import Any

from rich import box
from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from core.money import format_amount
from core.text import visible
from ledger.exports.document import Column, Document, Row, RowKind

MOST_ROWS = 20_000

_STYLES = {
    RowKind.HEADING: "bold",
    RowKind.ROLLUP: "dim",
    RowKind.OPENING: "dim",
    RowKind.CLOSING: "bold",
    RowKind.TOTAL: "bold",
    RowKind.RESULT: "bold",
    RowKind.TIES: "green",
    RowKind.CHECK: "bold red",
}


def draw_table(document: Document, rows: list[Row]) -> RenderableType:
    """What `rich` prints, at whatever width the terminal has."""
    parts: list[RenderableType] = [_title(document)]
    said_last = (RowKind.TIES, RowKind.CHECK)
    checks = [row for row in rows if row.kind in said_last]
    drawn = [row for row in rows if row.kind not in said_last]
    for currency, run in document.tables(drawn):
        parts.append(Padding(_table(document, currency, run), (1, 0, 0, 0)))
    if not drawn:
        parts.append(Text("Nothing was posted.", "dim"))
    parts.extend(_said(row) for row in checks)
    return Group(*parts)


def write_text(document: Document, rows: list[Row], width: int = 100) -> bytes:
    """The same as plain text of a fixed width."""
    text = io.StringIO()
    Console(width=width, color_system=None, file=text).print(draw_table(document, rows))
    return text.getvalue().encode()


def _said(row: Row) -> Text:
    words = str(next(iter(row.cells.values())))
    return Text(f"{words} ({row.currency})" if row.currency else words, _STYLES[row.kind])


def _title(document: Document) -> Text:
    named = f"{document.title} · {visible(document.organization)}"
    lines = [named, document.period, *document.notes]
    title = Text("\n".join(lines))
    title.stylize("bold", 0, len(lines[0]))
    for problem in document.problems:
        title.append(f"\n{problem}", "bold red")
    return title


def _table(document: Document, currency: str, rows: list[Row]) -> Table:
    table = Table(
        box=box.SIMPLE_HEAD, pad_edge=False, padding=0, show_edge=False, collapse_padding=True
    )
    columns = _used_columns(document, rows)
    for column in columns:
        title = f"{column.title} {currency}" if column is _last_amount(columns) else column.title
        if column.kind == "amount":
            table.add_column(title, justify="right", no_wrap=True)
        elif column.kind in ("code", "date"):
            table.add_column(title, no_wrap=True)
        else:
            table.add_column(title, overflow="fold", min_width=8)
    for row in rows:
        if row.kind in (RowKind.HEADING, RowKind.RESULT) and table.row_count:
            table.add_section()
        table.add_row(*(_cell(row, column) for column in columns), style=_STYLES.get(row.kind))
    return table


def _last_amount(columns: list[Column]) -> Column | None:
    amounts = [column for column in columns if column.kind == "amount"]
    return amounts[-1] if amounts else None


def _used_columns(document: Document, rows: list[Row]) -> list[Column]:
    """The printed columns in which anything stands."""
    return [
        column
        for column in document.printed_columns
        if any(row.cells.get(column.key) is not None for row in rows)
    ]


def _cell(row: Row, column: Column) -> str:
    value: Any = row.cells.get(column.key)
    if value is None:
        return ""
    if column.kind == "amount" and isinstance(value, int):
        return format_amount(value, row.currency)
    if isinstance(value, date | datetime):
        return value.isoformat()[:10]
    indent = "  " * row.depth if column.key == "name" else ""
    return indent + escape(visible(str(value)))
