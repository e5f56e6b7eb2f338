"""Make a user a member of an organization; a new user where there is none of that name."""

import sys
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.errors import Refusal
from organizations.actors import Actor
from organizations.models import Organization, Role, User
from organizations.selectors import get_organization, memberships_of
from organizations.services.members import add_member, change_role
from organizations.services.users import find_or_create_user


class Command(BaseCommand):
    help = (
        "Make a user a member of an organization, or give a member another role. A user who does "
        "not exist is made, with a password from standard input or without one."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("organization", metavar="SLUG")
        parser.add_argument("username", metavar="USERNAME")
        parser.add_argument("--role", required=True, choices=Role.values)
        parser.add_argument(
            "--password-stdin",
            action="store_true",
            help="read the password of a new user from standard input",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        password = self._password() if options["password_stdin"] else None
        try:
            organization = get_organization(options["organization"])
            user, is_new = find_or_create_user(username=options["username"], password=password)
            self._appoint(organization, user, options["role"])
        except Refusal as refusal:
            raise CommandError(refusal.message) from refusal
        if password is not None and not is_new:
            self.stderr.write(f"{user.username} existed already; their password is unchanged.")
        elif is_new and password is None:
            self.stderr.write(f"{user.username} has no password: manage.py changepassword.")
        self.stdout.write(f"{user.username} is {options['role']} of {organization.slug}")

    def _appoint(self, organization: Organization, user: User, role: str) -> None:
        actor = Actor.system(organization, "add_member")
        if memberships_of(user).filter(organization_id=organization.pk).exists():
            change_role(actor=actor, user=user, role=role)
        else:
            add_member(actor=actor, user=user, role=role)

    def _password(self) -> str:
        password = sys.stdin.readline().rstrip("\r\n")
        try:
            validate_password(password)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        return password
