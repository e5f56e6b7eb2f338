"""Re-derive the books and name every row that is off."""

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from ledger.management.arguments import organization_of
from ledger.management.findings import write_checks
from ledger.selectors.integrity import verify_books


class Command(BaseCommand):
    help = (
        "Re-derive the books from their lines: entries balance, balances equal lines, the "
        "accounting equation holds, references are unique, closed periods are untouched, … "
        "Names every row that is off; exit status 1 if one is. Writes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--organization", metavar="SLUG", help="all of them unless given")
        parser.add_argument("--format", choices=["table", "json"], default="table")

    def handle(self, *args: Any, **options: Any) -> None:
        organization = organization_of(options) if options["organization"] else None
        books = verify_books(organization)
        name = organization.slug if organization else None
        if options["format"] == "json":
            shown = {"organization": name, **books.as_json()}
            self.stdout.write(json.dumps(shown, indent=2, ensure_ascii=False))
        else:
            write_checks(self.stdout, f"The books of {name or 'all organizations'}", books.checks)
        if not books.ties:
            sys.exit(1)
