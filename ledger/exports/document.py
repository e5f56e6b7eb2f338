"""A report laid out: columns, and rows one after the other, for every file format alike."""

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal


class RowKind(StrEnum):
    """What a row says. Data files carry it in their first column; headings are printed only.

    TIES states the check that holds, CHECK one that does not.
    """

    HEADING = "heading"
    ROLLUP = "rollup"
    OPENING = "opening"
    LINE = "line"
    CLOSING = "closing"
    TOTAL = "total"
    RESULT = "result"
    TIES = "ties"
    CHECK = "check"


@dataclass(frozen=True, slots=True)
class Column:
    """`kind` "amount" holds minor units of the row's currency.

    A column of `data_only` repeats what a printed heading says, so that a data file's rows stand
    by themselves; one of `print_only` repeats what they begin with.
    """

    key: str
    title: str
    kind: Literal["text", "code", "amount", "date"] = "text"
    data_only: bool = False
    print_only: bool = False
    width: int = 14


@dataclass(frozen=True, slots=True)
class Row:
    """Cells by column key; what is missing is blank. `depth` indents the name."""

    kind: RowKind
    cells: Mapping[str, Any]
    currency: str = ""
    depth: int = 0


@dataclass(frozen=True)
class Document:
    """One report on its way into a file.

    `rows` can be gone through once; close them where they are not read to their end. A report that
    streams knows only at its end whether it ties, and then says so in rows of kind CHECK;
    `problems` holds what is known before.
    """

    name: str
    title: str
    organization: str
    slug: str
    period: str
    notes: Sequence[str]
    columns: Sequence[Column]
    rows: Generator[Row, None, None] = field(repr=False)
    printed_at: str = ""
    printed_by: str = ""
    problems: Sequence[str] = ()
    is_streamed: bool = False
    # Off for the journal: an entry may have lines in two currencies, and stays in one piece.
    table_per_currency: bool = True

    @property
    def printed_columns(self) -> Sequence[Column]:
        return [column for column in self.columns if not column.data_only]

    @property
    def data_columns(self) -> Sequence[Column]:
        return [column for column in self.columns if not column.print_only]

    def tables(self, rows: Iterable[Row]) -> Iterator[tuple[str, list[Row]]]:
        """Runs of rows of one currency, each printed as a table under it."""
        run: list[Row] = []
        for row in rows:
            if run and self.table_per_currency and row.currency != run[-1].currency:
                yield run[-1].currency, run
                run = []
            run.append(row)
        if run:
            yield run[-1].currency if self.table_per_currency else "", run
