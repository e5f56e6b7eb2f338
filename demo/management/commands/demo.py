"""The main job on real data."""

from pathlib import Path
from typing import IO, Any, cast

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console

from core.servers import LOCAL
from demo.expected import expected_of
from demo.gift_shop import SALES_FILE
from demo.main_job import MainJob
from demo.output import WIDTH, Output


class Command(BaseCommand):
    help = (
        "Lead five days of a shop's real sales through orders, invoices and payments, prove the "
        "books, report them, print documents, and check every figure against the file. Running it "
        "again changes nothing. Exit status 1 if a check fails."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--output",
            type=Path,
            default=LOCAL / "demo",
            metavar="FOLDER",
            help="where the reports and documents go (%(default)s)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        # From an empty machine: `make demo` is the first thing that is done on it.
        call_command("migrate", interactive=False, verbosity=0)
        job = MainJob(
            expected=expected_of(SALES_FILE),
            output=Output(Console(file=cast(IO[str], self.stdout), width=WIDTH)),
            folder=options["output"],
        )
        failed = job.run().failed
        if failed:
            raise CommandError("; ".join(check.name for check in failed))
