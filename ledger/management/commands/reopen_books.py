"""Take closed days back."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.errors import Refusal
from ledger.management.arguments import add_organization, day, organization_of
from ledger.services.periods import reopen_books
from organizations.actors import Actor


class Command(BaseCommand):
    help = "Reopen the books: afterwards they are closed through the given, earlier date only."

    def add_arguments(self, parser: CommandParser) -> None:
        add_organization(parser)
        parser.add_argument(
            "--through", type=day, metavar="DATE", help="stay closed through; without: open all"
        )
        parser.add_argument("--reason", required=True, help="kept in the audit trail")

    def handle(self, *args: Any, **options: Any) -> None:
        organization = organization_of(options)
        try:
            through = reopen_books(
                actor=Actor.system(organization, "reopen_books"),
                through=options["through"],
                reason=options["reason"],
            )
        except Refusal as refusal:
            raise CommandError(refusal.message) from refusal
        state = f"closed through {through}" if through else "open"
        self.stdout.write(f"{organization.slug}: the books are {state}.")
