"""Say from which account payouts leave."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.errors import Refusal
from core.text import visible
from ledger.management.arguments import add_organization, organization_of
from organizations.actors import Actor
from settlements.services.profile import save_payout_profile


class Command(BaseCommand):
    help = (
        "Keep the name and the account from which an organization's payouts leave, as its bank "
        "files need them. What was there is replaced."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        add_organization(parser)
        parser.add_argument("--name", required=True, help="who pays, as the bank knows them")
        parser.add_argument("--iban", required=True)
        parser.add_argument("--bic", default="", help="has to be that of the IBAN's bank")

    def handle(self, *args: Any, **options: Any) -> None:
        organization = organization_of(options)
        try:
            profile = save_payout_profile(
                actor=Actor.system(organization, "set_payout_profile"),
                name=options["name"],
                iban=options["iban"],
                bic=options["bic"],
            )
        except Refusal as refusal:
            raise CommandError(refusal.message) from refusal
        account = f"{profile.iban} ({profile.bic})" if profile.bic else profile.iban
        self.stdout.write(
            f"Payouts of {organization.name} leave from {account}, as {visible(profile.name)}."
        )
