"""Stream JSON lines into the books."""

import csv
import sys
from argparse import ArgumentTypeError
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn

from core.text import visible
from ledger.line_files import RefusedLine, bounded_lines
from ledger.management.arguments import add_organization, organization_of
from ledger.services.importing import ImportCounts, import_journal
from organizations.actors import Actor
from organizations.models import Organization

SHOWN_REFUSALS = 20


class Command(BaseCommand):
    help = (
        "Post journal entries from a file of JSON lines, one entry each (- is standard input). "
        "Good entries are posted, bad ones are named; running it again posts nothing twice. "
        "Exit status 1 if anything was refused."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="JSON lines; - for standard input")
        add_organization(parser)
        parser.add_argument("--batch-size", type=_batch_size, default=1000)
        parser.add_argument(
            "--refused", type=Path, metavar="FILE", help="write refused lines here, as CSV"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        organization = organization_of(options)
        _refuse_same_file(options["file"], options["refused"])
        try:
            counts = self._import(organization, options)
        except OperationalError as error:
            raise CommandError(
                f"It broke off: {error}\nRun this again: nothing is posted twice."
            ) from error
        except OSError as error:
            raise CommandError(
                f"{error.strerror or error}\nRun this again: nothing is posted twice."
            ) from error
        self.stdout.write(
            f"posted {counts.posted}, replayed {counts.replayed}, refused {counts.refused}"
        )
        if counts.refused:
            sys.exit(1)

    def _import(self, organization: Organization, options: dict[str, Any]) -> ImportCounts:
        with ExitStack() as stack:
            source, size = self._open(stack, options["file"])
            refused = _RefusedLines(stack, options["refused"], Console(stderr=True))
            progress = stack.enter_context(_progress())
            bar = progress.add_task("posting", total=size, what="")

            def show(counts: ImportCounts) -> None:
                progress.update(
                    bar,
                    completed=read.bytes,
                    what=f"{counts.posted} posted, {counts.replayed} replayed, "
                    f"{counts.refused} refused",
                )

            read = _Counted(source)
            counts = import_journal(
                actor=Actor.system(organization, "post_journal"),
                lines=read,
                batch_size=options["batch_size"],
                on_refused=refused.add,
                on_batch=show,
            )
        refused.close_list()
        return counts

    def _open(self, stack: ExitStack, name: str) -> tuple[BinaryIO, int | None]:
        if name == "-":
            return sys.stdin.buffer, None
        try:
            path = Path(name)
            return stack.enter_context(path.open("rb")), path.stat().st_size
        except OSError as error:
            raise CommandError(f"{name}: {error.strerror}") from error


def _refuse_same_file(source: str, refused: Path | None) -> None:
    """The list of refused lines is begun anew each time: it would empty the journal."""
    if source == "-" or refused is None:
        return
    path = Path(source)
    if path.is_file() and refused.exists() and path.samefile(refused):
        raise CommandError(f"--refused {refused} is the journal itself; name another file.")


class _Counted:
    """The lines of a stream, counting bytes for the progress bar."""

    def __init__(self, source: BinaryIO) -> None:
        self.source = source
        self.bytes = 0

    def __iter__(self) -> Iterator[bytes]:
        for line in bounded_lines(self.source):
            self.bytes += len(line)
            yield line


class _RefusedLines:
    """Where refused lines go: all of them into the file, the first ones onto the screen."""

    def __init__(self, stack: ExitStack, path: Path | None, screen: Console) -> None:
        self.screen = screen
        self.count = 0
        self.rows: Any = None
        if path is not None:
            try:
                handle = stack.enter_context(path.open("w", newline="", encoding="utf-8"))
            except OSError as error:
                raise CommandError(f"{path}: {error.strerror}") from error
            self.rows = csv.writer(handle)
            self.rows.writerow(("line", "reference", "code", "reason"))

    def add(self, line: RefusedLine) -> None:
        self.count += 1
        if self.rows is not None:
            self.rows.writerow((line.number, _inert(line.reference), line.code, line.reason))
        if self.count <= SHOWN_REFUSALS:
            self.screen.print(
                visible(f"line {line.number}: {line.code}: {line.reason}"),
                markup=False,
                soft_wrap=True,
            )

    def close_list(self) -> None:
        if self.count > SHOWN_REFUSALS:
            where = (
                "are in the file of refused lines" if self.rows else "not shown (--refused FILE)"
            )
            self.screen.print(f"… {self.count - SHOWN_REFUSALS} more {where}", markup=False)


def _inert(text: str) -> str:
    """A cell that a spreadsheet does not run as a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _batch_size(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 10_000:
        raise ArgumentTypeError(f"{text} is not between 1 and 10000")
    return int(text)


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[what]}"),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
    )
