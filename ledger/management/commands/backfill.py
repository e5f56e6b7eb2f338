"""Bring legacy transactions and legacy references into the books."""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.errors import Refusal
from ledger.checksums import Checksum
from ledger.legacy import MalformedLegacyFile, read_legacy_file
from ledger.line_files import RefusedLine
from ledger.management.arguments import add_organization, organization_of
from ledger.services.backfill import Backfill, BookTotals, backfill
from organizations.actors import Actor

SHOWN_REFUSALS = 100


class Command(BaseCommand):
    help = (
        "Bring legacy transactions and legacy references into the books from JSON lines or CSV "
        "(docs/how-to/backfill.md). A rehearsal unless --confirm is given: everything is "
        "checked by posting it and taking it back. Safe to run twice. Exit status 1 if lines "
        "were refused or the checksums do not agree."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="JSON lines, or CSV where it ends in .csv")
        add_organization(parser)
        parser.add_argument("--confirm", action="store_true", help="write; otherwise rehearse")
        parser.add_argument("--dry-run", action="store_true", help="rehearse: the default")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["confirm"] and options["dry_run"]:
            raise CommandError("--dry-run and --confirm exclude each other.")
        organization = organization_of(options)
        self.refused = 0
        try:
            run = backfill(
                actor=Actor.system(organization, "backfill"),
                rows=read_legacy_file(options["file"]),
                confirm=options["confirm"],
                on_refused=self._write_refused,
            )
        except Refusal as refusal:
            raise CommandError(f"{refusal.message} Batches before this one are in.") from refusal
        except OSError as error:
            raise CommandError(f"{options['file']}: {error.strerror}") from error
        except MalformedLegacyFile as error:
            raise CommandError(f"{options['file']}: {error}") from error
        self._write(organization.slug, run)
        if run.refused or not run.ties:
            sys.exit(1)

    def _write_refused(self, line: RefusedLine) -> None:
        self.refused += 1
        if self.refused <= SHOWN_REFUSALS:
            name = f" {line.reference}" if line.reference else ""
            self.stderr.write(f"line {line.number}{name}: {line.code}: {line.reason}")
        elif self.refused == SHOWN_REFUSALS + 1:
            self.stderr.write("… more lines are refused; they are counted below")

    def _write(self, slug: str, run: Backfill) -> None:
        would = "" if run.confirmed else "would be "
        write = self.stdout.write
        write(f"{slug}: {'backfill' if run.confirmed else 'rehearsal, nothing is written'}")
        if run.opened_on:
            write(f"  opening balances of {run.opened_on}: nothing is taken from before")
        write(f"  transactions and references read  {run.rows}")
        write(f"  {would + 'posted':<32}  {run.posted}")
        write(f"  {'names ' + would + 'added':<32}  {run.aliased}")
        write(f"  in the books already              {run.already}")
        write(f"  repeated in the file              {run.repeated}")
        write(f"  refused                           {run.refused}")
        if run.accounts:
            write(f"control totals of what {'was' if run.confirmed else 'would be'} posted")
            for (code, currency), (debit, credit) in sorted(run.accounts.items()):
                write(f"  {code:<20} {currency}  debits {debit:>16}  credits {credit:>16}")
        write("checksums of the sound transactions")
        self._write_checksum("in the file", run.file)
        self._write_checksum("in the books before", run.before)
        name = "in the books after" if run.confirmed else "in the books afterwards"
        self._write_checksum(name, run.after)
        write("all books")
        self._write_totals("before", run.books_before)
        self._write_totals("after", run.books_after)
        write(self._verdict(run))

    def _write_checksum(self, name: str, checksum: Checksum) -> None:
        self.stdout.write(
            f"  {name:<24} {checksum.entries} entries, debits {_amounts(checksum.debits)}, "
            f"sha256 {checksum.sha256}"
        )

    def _write_totals(self, name: str, totals: BookTotals) -> None:
        self.stdout.write(
            f"  {name:<24} {totals.entries} entries, debits {_amounts(totals.debits)}"
        )

    def _verdict(self, run: Backfill) -> str:
        if not run.ties:
            return "The books do not say what the file says: see the checksums."
        if not run.confirmed:
            return "Nothing was written; --confirm does it."
        return "The books say what the file says."


def _amounts(debits: Any) -> str:
    return ", ".join(f"{amount} {currency}" for currency, amount in sorted(debits.items())) or "0"
