"""Close the books through a date."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.errors import Refusal
from ledger.management.arguments import add_organization, day, organization_of
from ledger.services.periods import close_books
from organizations.actors import Actor


class Command(BaseCommand):
    help = "Close the books: nothing is posted with an effective date on or before that day."

    def add_arguments(self, parser: CommandParser) -> None:
        add_organization(parser)
        parser.add_argument("--through", type=day, required=True, metavar="DATE")

    def handle(self, *args: Any, **options: Any) -> None:
        organization = organization_of(options)
        try:
            through = close_books(
                actor=Actor.system(organization, "close_books"), through=options["through"]
            )
        except Refusal as refusal:
            raise CommandError(refusal.message) from refusal
        self.stdout.write(f"{organization.slug}: the books are closed through {through}.")
