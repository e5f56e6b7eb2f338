"""Make an API key and print it, once."""

from argparse import ArgumentTypeError
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.errors import Refusal
from organizations.actors import Actor
from organizations.roles import SCOPES
from organizations.selectors import get_organization
from organizations.services.keys import create_api_key


class Command(BaseCommand):
    help = (
        "Make an API key. The key alone goes to standard output; it is kept nowhere and cannot "
        f"be shown again. Scopes: {', '.join(SCOPES)}."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--organization", required=True, metavar="SLUG")
        parser.add_argument("--name", required=True, help="whose key it is, to find it by")
        parser.add_argument("--scopes", required=True, help="separated by commas; '*' for all")
        parser.add_argument(
            "--expires-on", type=_moment, metavar="DATE", help="the first day without it, in UTC"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            organization = get_organization(options["organization"])
            _, text = create_api_key(
                actor=Actor.system(organization, "create_api_key"),
                name=options["name"],
                scopes=[scope.strip() for scope in options["scopes"].split(",") if scope.strip()],
                expires_at=options["expires_on"],
            )
        except Refusal as refusal:
            raise CommandError(refusal.message) from refusal
        self.stdout.write(text)


def _moment(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise ArgumentTypeError(f"{text} is no date such as 2026-12-31") from None
