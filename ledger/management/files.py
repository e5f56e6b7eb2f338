"""What commands that read a file line by line have in common: the stream, the bar, the list of
what did not come in."""

import csv
import sys
from argparse import ArgumentTypeError
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

from django.core.management.base import CommandError
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn

from ledger.line_files import bounded_lines


class Source:
    """The lines of a file (`-` is standard input), counting bytes for the progress bar."""

    def __init__(self, stack: ExitStack, name: str) -> None:
        """Raises CommandError where it cannot be opened."""
        self.bytes = 0
        self.size: int | None = None
        self._stream: BinaryIO = sys.stdin.buffer
        if name != "-":
            try:
                path = Path(name)
                self._stream = stack.enter_context(path.open("rb"))
                self.size = path.stat().st_size
            except OSError as error:
                raise CommandError(f"{name}: {error.strerror}") from error

    def __iter__(self) -> Iterator[bytes]:
        for line in bounded_lines(self._stream):
            self.bytes += len(line)
            yield line


def refuse_same_file(source: str, what: str, list_path: Path | None, option: str) -> None:
    """A list is begun anew each time: it would empty the file that is to be read, a `what`.

    Raises:
        CommandError: they are the same.
    """
    if source == "-" or list_path is None:
        return
    path = Path(source)
    if path.is_file() and list_path.exists() and path.samefile(list_path):
        raise CommandError(f"{option} {list_path} is the {what} itself; name another file.")


def open_list(stack: ExitStack, path: Path, columns: tuple[str, ...]) -> Any:
    """A CSV writer that has written its heading.

    Raises:
        CommandError: the file cannot be written.
    """
    try:
        handle = stack.enter_context(path.open("w", newline="", encoding="utf-8"))
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}") from error
    rows = csv.writer(handle)
    rows.writerow(columns)
    return rows


def inert(text: str) -> str:
    """A cell that a spreadsheet does not run as a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def batch_size(text: str) -> int:
    """For `type=` of an argument."""
    if not text.isdigit() or not 1 <= int(text) <= 10_000:
        raise ArgumentTypeError(f"{text} is not between 1 and 10000")
    return int(text)


def progress_bar() -> Progress:
    """On a terminal; elsewhere nothing is shown. `what` says how far it is."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[what]}"),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
    )
