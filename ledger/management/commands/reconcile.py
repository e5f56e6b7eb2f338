"""Run reconciliations and record what they found."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.errors import Refusal
from ledger.management.arguments import organization_of
from ledger.management.findings import SHOWN
from ledger.models import ReconciliationRun
from ledger.reconciliation import check_names
from ledger.services.reconciliation import record_run
from organizations.actors import Actor
from organizations.models import Organization


class Command(BaseCommand):
    help = (
        "Hold the facts against the books, check by check, and record each run with every "
        "mismatch. Exit status 1 if there is one."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--organization", metavar="SLUG", help="all of them unless given")
        parser.add_argument(
            "--check",
            action="append",
            metavar="NAME",
            help=f"one of {', '.join(check_names())}; may be given again; all unless given",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["organization"]:
            organizations = [organization_of(options)]
        else:
            organizations = list(Organization.objects.order_by("slug"))
        ties = True
        for organization in organizations:
            for run in self._record(organization, options["check"]):
                self._write(organization, run)
                ties = ties and run.ties
        if not ties:
            sys.exit(1)

    def _record(
        self, organization: Organization, names: list[str] | None
    ) -> list[ReconciliationRun]:
        try:
            return record_run(actor=Actor.system(organization, "reconcile"), names=names)
        except Refusal as refusal:
            raise CommandError(refusal.message) from refusal

    def _write(self, organization: Organization, run: ReconciliationRun) -> None:
        verdict = "ties" if run.ties else f"{run.mismatch_count} mismatches"
        self.stdout.write(f"{organization.slug}: {run.check_name}: {verdict}")
        for finding in run.findings[:SHOWN]:
            self.stdout.write(f"  {finding['message']} [{finding['id']}]")
        if (hidden := run.mismatch_count - len(run.findings[:SHOWN])) > 0:
            self.stdout.write(f"  … and {hidden} more")
