"""Any report, on the terminal or as a file."""

import getpass
import os
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, cast

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console

from core.errors import Refusal
from ledger import exports
from ledger.exports import text_table
from ledger.management.arguments import add_organization, organization_of
from ledger.selectors.reports import REPORTS, Report, find_report

_PARAMETERS: Mapping[str, str] = {
    "as_of": "as_of",
    "since": "from",
    "until": "to",
    "known_at": "known_at",
    "account": "account",
    "currency": "currency",
}

# Exit statuses: a report that was refused is 1 (CommandError), one that does not tie is 3.
DOES_NOT_TIE = 3


class Command(BaseCommand):
    help = (
        "Print a report, or write it to a file. Reports: "
        + ", ".join(REPORTS)
        + ". Without dates: as of today, or from the start of the fiscal year to today. "
        "Exit status 1 where the report is refused, 3 where it does not tie."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME", help=", ".join(REPORTS))
        add_organization(parser)
        parser.add_argument("--as-of", metavar="DATE", help="the day at whose end things stand so")
        parser.add_argument("--from", dest="since", metavar="DATE", help="the period's first day")
        parser.add_argument("--to", dest="until", metavar="DATE", help="the period's last day")
        parser.add_argument("--account", metavar="CODE", help="one account, and those below it")
        parser.add_argument(
            "--known-at", metavar="TIME", help="as the books stood then: 2010-12-31T12:00:00Z"
        )
        parser.add_argument("--currency", metavar="CODE", help="translate all into one currency")
        parser.add_argument("--format", choices=list(exports.FORMATS), default="table")
        parser.add_argument("--output", metavar="FILE", help="write there, not to the terminal")

    def handle(self, *args: Any, **options: Any) -> None:
        organization = organization_of(options)
        given = {name: options[option] for option, name in _PARAMETERS.items()}
        try:
            report = find_report(options["name"]).run(organization, given)
            self.write(report, options["format"], options["output"])
            ties = report.ties
        except Refusal as refusal:
            raise CommandError(refusal.message) from refusal
        if not ties:
            self.stderr.write(self.style.ERROR(f"The {report.title.lower()} does not tie."))
            sys.exit(DOES_NOT_TIE)

    def write(self, report: Report, format: str, output: str | None) -> None:
        if output is None and format == "table":
            self.draw(report)
            return
        if output is None and format in ("xlsx", "pdf") and sys.stdout.isatty():
            raise CommandError(f"A {format} is nothing for a terminal: name a file by --output.")
        pieces = exports.export(report, format, printed_by=_who())
        if output is not None:
            _write_to(Path(output), pieces)
            self.stderr.write(f"{report.title} written to {output}.")
        elif binary := getattr(self.stdout, "buffer", None):
            _write(cast(BinaryIO, binary), pieces)
        else:
            # The caller gave a text stream of its own (call_command).
            for piece in pieces:
                self.stdout.write(piece.decode(), ending="")

    def draw(self, report: Report) -> None:
        document = exports.lay_out(report, printed_by=_who())
        rows = exports.whole(document, "table", text_table.MOST_ROWS)
        console = Console(file=cast(Any, self.stdout))
        console.print(text_table.draw_table(document, rows))


def _who() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


def _write(file: BinaryIO, pieces: Iterable[bytes]) -> None:
    file.writelines(pieces)
    file.flush()


def _write_to(path: Path, pieces: Iterable[bytes]) -> None:
    try:
        # A device or a pipe is written to. Put a file in its place, and there is no /dev/null.
        if path.exists() and not path.is_file():
            with path.open("wb") as device:
                _write(device, pieces)
        else:
            _write_whole(path.resolve(), pieces)
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror or error}") from error


def _write_whole(path: Path, pieces: Iterable[bytes]) -> None:
    """Under its name only when it is whole: what stood there stays if anything fails."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as file:
        try:
            _write(cast(BinaryIO, file), pieces)
            umask = os.umask(0)
            os.umask(umask)
            os.chmod(file.name, 0o666 & ~umask)
            os.replace(file.name, path)
        except BaseException:
            os.unlink(file.name)
            raise
