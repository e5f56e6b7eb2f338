"""Lead a sales file through orders and invoices."""

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError
from rich.console import Console

from core.text import visible
from invoicing.imports.documents import Omission, Outcome
from invoicing.imports.importing import BATCH_SIZE, SalesImport
from invoicing.imports.lines import NotASalesFile
from invoicing.imports.rates import EXPORT, STANDARD, NoSuchRates, SalesRates, sales_rates
from invoicing.imports.tally import Tally
from ledger.management.arguments import add_organization, organization_of
from ledger.management.files import (
    Source,
    batch_size,
    inert,
    open_list,
    progress_bar,
    refuse_same_file,
)
from organizations.actors import Actor
from organizations.models import Organization

SHOWN_REFUSALS = 20


class Command(BaseCommand):
    help = (
        "Bring the sales of a CSV file into the books (- is standard input): each InvoiceNo an "
        "order that is locked and invoiced, each cancellation a credit note. What is there already "
        "stays; what cannot come in is named. Exit status 1 if anything was refused."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="CSV; - for standard input")
        add_organization(parser)
        parser.add_argument(
            "--currency", metavar="CODE", help="of the prices; the organization's unless given"
        )
        parser.add_argument(
            "--payments",
            choices=("none", "sample"),
            default="none",
            help="sample: two of three customers pay within a week, and are refunded what they do "
            "not owe; none: customers owe (%(default)s)",
        )
        parser.add_argument(
            "--standard-rate",
            nargs="+",
            metavar="CODE",
            default=(),
            help=f"tax rates of sales at home, one for each time ({' '.join(STANDARD)})",
        )
        parser.add_argument(
            "--export-rate", metavar="CODE", default="", help=f"of all others ({EXPORT})"
        )
        parser.add_argument("--batch-size", type=batch_size, default=BATCH_SIZE)
        parser.add_argument(
            "--report", type=Path, metavar="FILE", help="write what was left out here, as CSV"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        organization = organization_of(options)
        refuse_same_file(options["file"], "sales file", options["report"], "--report")
        try:
            rates = sales_rates(
                organization, standard=options["standard_rate"], export=options["export_rate"]
            )
            tally = self._import(organization, rates, options)
        except (NotASalesFile, NoSuchRates) as error:
            raise CommandError(f"{error}.") from error
        except OperationalError as error:
            raise CommandError(
                f"It broke off: {error}\nRun this again: nothing comes in twice."
            ) from error
        except OSError as error:
            raise CommandError(
                f"{error.strerror or error}\nRun this again: nothing comes in twice."
            ) from error
        for line in summary(tally):
            self.stdout.write(line)
        if not tally.is_complete:
            sys.exit(1)

    def _import(
        self, organization: Organization, rates: SalesRates, options: dict[str, Any]
    ) -> Tally:
        with ExitStack() as stack:
            source = Source(stack, options["file"])
            omissions = _Omissions(stack, options["report"], Console(stderr=True))
            progress = stack.enter_context(progress_bar())
            bar = progress.add_task("importing", total=source.size, what="")

            def show(tally: Tally) -> None:
                progress.update(
                    bar,
                    completed=source.bytes,
                    what=f"{tally.invoices + tally.credit_notes} imported, "
                    f"{tally.there_already} there already, {tally.refused} refused",
                )

            tally = SalesImport(
                Actor.system(organization, "import_sales"),
                options["currency"] or organization.currency,
                rates,
                sample_payments=options["payments"] == "sample",
                batch_size=options["batch_size"],
                on_omission=omissions.add,
                on_batch=show,
            ).run(source)
        omissions.close_list()
        return tally


def summary(tally: Tally) -> list[str]:
    """What came of the file, in lines that a program can find its figures in."""
    return [
        (
            f"imported {tally.invoices} invoices and {tally.credit_notes} credit notes,"
            f" there already {tally.there_already}"
        ),
        f"customers {tally.customers}, payments {tally.payments}, refunds {tally.refunds}",
        f"left out without money: {tally.left_out} documents, {tally.lines_left_out} lines",
        f"refused {tally.refused} documents, {tally.lines_refused} lines",
    ]


class _Omissions:
    """Where it is said what did not come in: all of it in the file, the first refusals on the
    screen."""

    def __init__(self, stack: ExitStack, path: Path | None, screen: Console) -> None:
        self.screen = screen
        self.refusals = 0
        self.rows: Any = None
        if path is not None:
            columns = ("line", "document", "scope", "outcome", "code", "reason")
            self.rows = open_list(stack, path, columns)

    def add(self, omission: Omission) -> None:
        if self.rows is not None:
            reason = inert(visible(omission.reason))
            self.rows.writerow(
                (
                    omission.line,
                    omission.document,
                    omission.scope,
                    omission.outcome,
                    omission.code,
                    reason,
                )
            )
        if omission.outcome is Outcome.REFUSED:
            self.refusals += 1
            if self.refusals <= SHOWN_REFUSALS:
                where = f"line {omission.line}"
                if omission.document:
                    where += f", {omission.document}"
                self.screen.print(
                    visible(f"{where}: {omission.code}: {omission.reason}"),
                    markup=False,
                    soft_wrap=True,
                )

    def close_list(self) -> None:
        if self.refusals > SHOWN_REFUSALS:
            where = "are in the report" if self.rows else "not shown (--report FILE)"
            self.screen.print(f"… {self.refusals - SHOWN_REFUSALS} more {where}", markup=False)
