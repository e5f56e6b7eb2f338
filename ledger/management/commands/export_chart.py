"""Write an organization's chart of accounts as CSV."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ledger.management.arguments import add_organization, organization_of
from ledger.services.charts import export_chart


class Command(BaseCommand):
    help = "Write the chart of accounts as CSV, in the shape that import_chart reads."

    def add_arguments(self, parser: CommandParser) -> None:
        add_organization(parser)
        parser.add_argument("--output", metavar="FILE", help="write here, not to standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        lines = export_chart(organization_of(options))
        if options["output"] is None:
            self.stdout.writelines(lines)
            return
        try:
            with open(options["output"], "w", encoding="utf-8", newline="") as file:
                file.writelines(lines)
        except OSError as error:
            raise CommandError(f"{options['output']}: {error.strerror}") from error
