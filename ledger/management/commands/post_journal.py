"""Stream JSON lines into the books."""

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError
from rich.console import Console

from core.text import visible
from ledger.line_files import RefusedLine
from ledger.management.arguments import add_organization, organization_of
from ledger.management.files import (
    Source,
    batch_size,
    inert,
    open_list,
    progress_bar,
    refuse_same_file,
)
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
        parser.add_argument("--batch-size", type=batch_size, default=1000)
        parser.add_argument(
            "--refused", type=Path, metavar="FILE", help="write refused lines here, as CSV"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        organization = organization_of(options)
        refuse_same_file(options["file"], "journal", options["refused"], "--refused")
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
            source = Source(stack, options["file"])
            refused = _RefusedLines(stack, options["refused"], Console(stderr=True))
            progress = stack.enter_context(progress_bar())
            bar = progress.add_task("posting", total=source.size, what="")

            def show(counts: ImportCounts) -> None:
                progress.update(
                    bar,
                    completed=source.bytes,
                    what=f"{counts.posted} posted, {counts.replayed} replayed, "
                    f"{counts.refused} refused",
                )

            counts = import_journal(
                actor=Actor.system(organization, "post_journal"),
                lines=source,
                batch_size=options["batch_size"],
                on_refused=refused.add,
                on_batch=show,
            )
        refused.close_list()
        return counts


class _RefusedLines:
    """Where refused lines go: all of them into the file, the first ones onto the screen."""

    def __init__(self, stack: ExitStack, path: Path | None, screen: Console) -> None:
        self.screen = screen
        self.count = 0
        self.rows: Any = None
        if path is not None:
            self.rows = open_list(stack, path, ("line", "reference", "code", "reason"))

    def add(self, line: RefusedLine) -> None:
        self.count += 1
        if self.rows is not None:
            self.rows.writerow((line.number, inert(line.reference), line.code, line.reason))
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
