"""Settle the payees that are due, as the clock does."""

import json
import sys
from collections.abc import Iterator
from typing import IO, Any, cast

from django.core.management.base import BaseCommand, CommandParser
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from core.money import format_amount
from ledger.management.arguments import day, organization_of
from organizations.models import Organization
from settlements.services.running import (
    Outcome,
    PayeeRun,
    SettlementRun,
    organizations_to_settle,
    run_recorded,
)

WIDTH = 120

_SAID = {
    Outcome.SETTLED: "settled",
    Outcome.CARRIED: "carried forward",
    Outcome.WAITING: "waits",
    Outcome.NOTHING: "nothing left",
    Outcome.SUSPENDED: "suspended",
    Outcome.FAILED: "failed",
}


class Command(BaseCommand):
    help = (
        "Settle every payee whose period is over, as the clock does every hour. May be repeated: "
        "what is settled stays so. Exit status 1 if a payee could not be settled."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--organization", metavar="SLUG", help="all of them unless given")
        parser.add_argument(
            "--through",
            type=day,
            metavar="D",
            help="the last day that counts; yesterday in the organization's time zone unless given",
        )
        parser.add_argument("--format", choices=["table", "json"], default="table")

    def handle(self, *args: Any, **options: Any) -> None:
        runs = [
            run_recorded(organization, through=options["through"])
            for organization in self._organizations(options)
        ]
        if options["format"] == "json":
            shown = [_as_json(run) for run in runs]
            self.stdout.write(json.dumps(shown, indent=2, ensure_ascii=False))
        else:
            for run in runs:
                self._write(run)
        if any(run.failed for run in runs):
            sys.exit(1)

    def _organizations(self, options: dict[str, Any]) -> list[Organization]:
        if options["organization"]:
            return [organization_of(options)]
        return list(organizations_to_settle())

    def _write(self, run: SettlementRun) -> None:
        self.stdout.write(f"{run.organization.slug} through {run.through}: {_summed_up(run)}")
        if run.payees:
            Console(file=cast(IO[str], self.stdout), width=WIDTH).print(_table(run))


def _as_json(run: SettlementRun) -> dict[str, Any]:
    return {
        "organization": run.organization.slug,
        "through": run.through.isoformat(),
        "counts": run.counts,
        "payees": [payee.as_json() for payee in run.payees],
    }


def _summed_up(run: SettlementRun) -> str:
    counts = run.counts
    told = [f"{counts[outcome]} {said}" for outcome, said in _SAID.items() if counts[outcome]]
    return ", ".join(told) or "no payee is due"


def _table(run: SettlementRun) -> Table:
    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("payee", "through", "", "items", "amount", ""):
        drawn.add_column(title, justify="right" if title in ("items", "amount") else "left")
    for payee in run.payees:
        drawn.add_row(*_cells(payee))
    return drawn


def _cells(payee: PayeeRun) -> Iterator[str]:
    yield payee.payee
    yield payee.through.isoformat()
    yield _SAID[payee.outcome]
    yield "" if payee.item_count is None else f"{payee.item_count:,}"
    if payee.amount is None:
        yield ""
    else:
        yield f"{format_amount(payee.amount, payee.currency)} {payee.currency}"
    yield escape(payee.reason)
