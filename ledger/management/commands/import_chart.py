"""Import a chart of accounts from CSV."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from typing import Any, TextIO

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from core.errors import Refusal
from ledger.management.arguments import add_organization, organization_of
from ledger.services.charts import COLUMNS, RefusedRow, import_chart
from organizations.actors import Actor

# A longer line is cut, so that no file can fill the memory; its pieces are refused.
LONGEST_LINE = 1_000_000


class Command(BaseCommand):
    help = (
        f"Add the accounts of a CSV file ({','.join(COLUMNS)}) to an organization's chart. Good "
        "rows are in, bad ones are named, and accounts that exist are never changed. Exit status "
        "1 if a row was refused."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", help="a CSV file, or - for standard input")
        add_organization(parser)
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would be done, and do nothing"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        organization = organization_of(options)
        try:
            with _opened(options["file"]) as source:
                imported = import_chart(
                    actor=Actor.system(organization, "import_chart"),
                    lines=iter(lambda: source.readline(LONGEST_LINE), ""),
                    dry_run=options["dry_run"],
                )
        except Refusal as refusal:
            raise CommandError(refusal.message) from refusal
        would = "would be " if options["dry_run"] else ""
        self.stdout.write(
            f"{would}created {imported.created}, unchanged {imported.unchanged}, "
            f"refused {len(imported.refused)}"
        )
        if imported.refused:
            Console(stderr=True).print(_table(imported.refused))
            sys.exit(1)


@contextmanager
def _opened(name: str) -> Iterator[TextIO]:
    """The file's lines. Bytes that are no UTF-8 become letters that the import refuses."""
    if name == "-":
        yield TextIOWrapper(
            sys.stdin.buffer, encoding="utf-8", errors="surrogateescape", newline=""
        )
        return
    try:
        source = open(name, encoding="utf-8", errors="surrogateescape", newline="")  # noqa: SIM115
    except OSError as error:
        raise CommandError(f"{name}: {error.strerror}") from error
    with source:
        yield source


def _table(refused: list[RefusedRow]) -> Table:
    table = Table(title="Refused rows")
    table.add_column("line", justify="right")
    table.add_column("code", overflow="fold")
    table.add_column("why", overflow="fold")
    for row in refused:
        table.add_row(str(row.line), _printable(row.code), _printable(row.reason))
    return table


def _printable(text: str) -> str:
    """Without what a terminal would take for a command, or could not write."""
    return escape("".join(letter if letter.isprintable() else "�" for letter in text))
