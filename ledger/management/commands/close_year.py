"""Close a fiscal year, or undo that."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.errors import Refusal
from ledger.management.arguments import add_organization, organization_of
from ledger.services.periods import close_year, reopen_year
from organizations.actors import Actor


class Command(BaseCommand):
    help = (
        "Post a fiscal year's revenue and expense into retained earnings and close the books "
        "through its last day. A fiscal year is named after the year in which it ends."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        add_organization(parser)
        parser.add_argument("--year", type=int, required=True)
        parser.add_argument("--undo", action="store_true", help="void the closing entry instead")
        parser.add_argument("--reason", help="with --undo: kept in the audit trail")

    def handle(self, *args: Any, **options: Any) -> None:
        organization = organization_of(options)
        actor = Actor.system(organization, "close_year")
        year: int = options["year"]
        if not 1901 <= year <= 2199:
            raise CommandError(f"{year} is no fiscal year; take one from 1901 to 2199.")
        if options["undo"] and not options["reason"]:
            raise CommandError("Say why: --undo needs --reason.")
        try:
            if options["undo"]:
                entry = reopen_year(actor=actor, year=year, reason=options["reason"])
                said = f"the fiscal year {year} is open again: {entry.reference}"
            else:
                closing = close_year(actor=actor, year=year)
                what = closing.reference if closing else "there was nothing to close"
                said = f"the fiscal year {year} is closed: {what}"
        except Refusal as refusal:
            raise CommandError(refusal.message) from refusal
        self.stdout.write(f"{organization.slug}: {said}.")
