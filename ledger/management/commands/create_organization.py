"""Make an organization with its chart of accounts."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.db.transactions import shared_transaction
from core.errors import Refusal
from ledger.services.charts import CHART_NAMES, chart_template, install_chart
from organizations.actors import Actor
from organizations.models import Organization
from organizations.services.organizations import create_organization


class Command(BaseCommand):
    help = "Make an organization with its chart of accounts. One that exists is left as it is."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", metavar="SLUG")
        parser.add_argument("--name", required=True)
        parser.add_argument("--currency", required=True, help="ISO 4217, such as GBP")
        parser.add_argument("--chart", default="general", help=" | ".join(CHART_NAMES))
        parser.add_argument("--country", default="", help="ISO 3166, such as GB")
        parser.add_argument("--time-zone", default="UTC", help="such as Europe/London")
        parser.add_argument(
            "--fiscal-year-start-month", type=int, default=1, metavar="MONTH", help="1 to 12"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            chart_template(options["chart"])
            self._create(options)
        except Refusal as refusal:
            raise CommandError(refusal.message) from refusal

    def _create(self, options: dict[str, Any]) -> None:
        with shared_transaction():
            organization, is_new = create_organization(
                slug=options["slug"],
                name=options["name"],
                currency=options["currency"],
                country=options["country"],
                time_zone=options["time_zone"],
                fiscal_year_start_month=options["fiscal_year_start_month"],
            )
            accounts = self._install(organization, options["chart"]) if is_new else 0
        if is_new:
            self.stdout.write(
                f"created {organization.slug} ({organization.currency}) with {accounts} accounts "
                f"of the chart {options['chart']}"
            )
        else:
            self.stdout.write(f"{organization.slug} exists already; nothing was changed")

    def _install(self, organization: Organization, chart: str) -> int:
        actor = Actor.system(organization, "create_organization")
        return install_chart(actor=actor, chart=chart).created
