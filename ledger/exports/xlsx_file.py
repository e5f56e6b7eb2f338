"""Reports as XLSX: typed cells in major units, a frozen header, bounded memory."""

import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import xlsxwriter

from core.money import exponent, format_amount
from ledger.exports.document import Column, Document, Row, RowKind

_MOST_ROWS = 1_048_576
# Excel keeps 15 digits of a number; beyond that an exact text is worth more than a rounded number.
_MOST_EXACT = 10**15
_PIECE = 64 * 1024

_STRONG = frozenset({RowKind.TOTAL, RowKind.RESULT, RowKind.HEADING, RowKind.CLOSING})


def write_xlsx(document: Document) -> Iterator[bytes]:
    """The file, piece by piece. Rows go to disk as they come; a full sheet is followed by another.

    Texts are written as texts, so that none runs as a formula or becomes a link.
    """
    with tempfile.TemporaryFile() as file, closing(document.rows):
        workbook = xlsxwriter.Workbook(
            file,
            {
                "constant_memory": True,
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
                "remove_timezone": True,
                "default_date_format": "yyyy-mm-dd",
            },
        )
        workbook.set_properties({"title": document.title, "company": document.organization})
        _Sheets(workbook, document).write()
        workbook.close()
        file.seek(0)
        while piece := file.read(_PIECE):
            yield piece


class _Sheets:
    """The document's rows, spread over as many sheets as they need."""

    def __init__(self, workbook: Any, document: Document) -> None:
        self.workbook = workbook
        self.document = document
        self.columns = document.data_columns
        self.formats: dict[tuple[str, bool, int], Any] = {}
        self.count = 0
        self.sheet: Any = None
        self.next_row = 0

    def write(self) -> None:
        self.begin_sheet()
        for row in self.document.rows:
            if row.kind is RowKind.HEADING and self.document.is_streamed:
                continue
            if self.next_row >= _MOST_ROWS:
                self.begin_sheet()
            self.write_row(row)

    def begin_sheet(self) -> None:
        self.count += 1
        title = self.document.title if self.count == 1 else f"{self.document.title} {self.count}"
        self.sheet = self.workbook.add_worksheet(title[:31])
        self.sheet.set_landscape()
        self.sheet.set_paper(9)
        self.sheet.fit_to_pages(1, 0)
        self.sheet.set_footer("&L&A&RPage &P of &N")
        self.sheet.set_column(0, 0, 9)
        self.sheet.set_column(1, 1, 9)
        for number, column in enumerate(self.columns, start=2):
            self.sheet.set_column(number, number, column.width)
        self.next_row = 0
        if self.count == 1:
            self.write_title()
        header = self.format("header")
        for number, title in enumerate(["Row", "Currency", *(c.title for c in self.columns)]):
            self.sheet.write_string(self.next_row, number, title, header)
        self.next_row += 1
        self.sheet.freeze_panes(self.next_row, 0)
        self.sheet.repeat_rows(self.next_row - 1)

    def write_title(self) -> None:
        document = self.document
        by = f" by {document.printed_by}" if document.printed_by else ""
        lines = [
            (document.organization, "title"),
            (document.title, "title"),
            (document.period, "text"),
            *((note, "text") for note in document.notes),
            (f"Printed {document.printed_at}{by}", "text"),
            *((problem, "check") for problem in document.problems),
        ]
        for text, kind in lines:
            self.sheet.write_string(self.next_row, 0, text, self.format(kind))
            self.next_row += 1
        self.next_row += 1
        if document.problems:
            self.sheet.set_tab_color("#C00000")

    def write_row(self, row: Row) -> None:
        strong = row.kind in _STRONG
        if row.kind is RowKind.CHECK:
            self.sheet.set_tab_color("#C00000")
        kind = "check" if row.kind is RowKind.CHECK else "text"
        plain = self.format(kind, strong)
        self.sheet.write_string(self.next_row, 0, row.kind.value, plain)
        self.sheet.write_string(self.next_row, 1, row.currency, plain)
        for number, column in enumerate(self.columns, start=2):
            value = row.cells.get(column.key)
            if value is not None:
                self.write_cell(number, row, column, value, kind, strong)
        self.next_row += 1

    def write_cell(
        self, number: int, row: Row, column: Column, value: Any, kind: str, strong: bool
    ) -> None:
        at = (self.next_row, number)
        if column.kind == "amount" and isinstance(value, int):
            places = exponent(row.currency)
            if abs(value) >= _MOST_EXACT:
                text = format_amount(value, row.currency)
                self.sheet.write_string(*at, text, self.format("right", strong))
            else:
                exact = Decimal(value).scaleb(-places)
                self.sheet.write_number(*at, exact, self.format("amount", strong, places))
        elif isinstance(value, datetime):
            moment = value.astimezone(UTC).replace(tzinfo=None)
            self.sheet.write_datetime(*at, moment, self.format("moment", strong))
        elif isinstance(value, date):
            self.sheet.write_datetime(*at, value, self.format("date", strong))
        else:
            indent = row.depth if column.key == "name" else 0
            self.sheet.write_string(*at, str(value), self.format(kind, strong, indent))

    def format(self, kind: str, strong: bool = False, number: int = 0) -> Any:
        """A cell format, made once. `number` is decimals for an amount, indents for a text."""
        key = (kind, strong, number)
        if key not in self.formats:
            self.formats[key] = self.workbook.add_format(_properties(kind, strong, number))
        return self.formats[key]


def _properties(kind: str, strong: bool, number: int) -> dict[str, Any]:
    properties: dict[str, Any] = {"bold": strong}
    if kind == "amount":
        decimals = f".{'0' * number}" if number else ""
        properties |= {"num_format": f"#,##0{decimals};[Red]-#,##0{decimals}", "align": "right"}
    elif kind == "date":
        properties |= {"num_format": "yyyy-mm-dd", "align": "left"}
    elif kind == "moment":
        properties |= {"num_format": "yyyy-mm-dd hh:mm:ss", "align": "left"}
    elif kind == "right":
        properties |= {"align": "right"}
    elif kind == "header":
        properties |= {"bold": True, "bottom": 1, "bg_color": "#EEEEEE"}
    elif kind == "title":
        properties |= {"bold": True, "font_size": 14}
    elif kind == "check":
        properties |= {"bold": True, "font_color": "#C00000"}
    elif number:
        properties |= {"indent": min(number, 15)}
    return properties
