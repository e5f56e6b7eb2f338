"""Arguments that the ledger's commands share."""

from argparse import ArgumentTypeError
from datetime import date
from typing import Any

from django.core.management.base import CommandError, CommandParser

from organizations.models import Organization


def add_organization(parser: CommandParser) -> None:
    parser.add_argument("--organization", required=True, metavar="SLUG")


def organization_of(options: dict[str, Any]) -> Organization:
    """The organization that was named.

    Raises:
        CommandError: there is none of that slug.
    """
    slug = options["organization"]
    organization = Organization.objects.filter(slug=slug).first()
    if organization is None:
        raise CommandError(f"There is no organization {slug}.")
    return organization


def day(text: str) -> date:
    """An ISO date, for `type=` of an argument."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text} is no date; write one such as 2010-12-31") from None
