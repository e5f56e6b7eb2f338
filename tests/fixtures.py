"""The cast. Alice keeps Acme's books, Carol approves, Bob may only look, Dan takes the money, Olga
owns it all; Mallory belongs to another organization.

Acme keeps its books in GBP on the chart `retail`: 1000 cash, 1010 bank, 1100 receivable, 2200 tax
payable, 4000 sales revenue, 4080 sales returns, 6000 general expenses.
"""

from collections.abc import Callable
from datetime import date
from itertools import count
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from core.db import use_case_transaction
from ledger.drafts import EntryDraft, LineDraft
from ledger.models import JournalEntry
from ledger.services.charts import install_chart
from ledger.services.posting import post_entries
from organizations.actors import Actor
from organizations.models import ApiKey, Organization, Role, User
from organizations.services.keys import create_api_key
from organizations.services.members import add_member
from organizations.services.organizations import create_organization
from tests.factories import UserFactory

Post = Callable[..., JournalEntry]


def make_organization(
    slug: str, name: str, currency: str = "GBP", chart: str = "retail", **others: Any
) -> Organization:
    """An organization with its chart, made by the services."""
    organization, _ = create_organization(slug=slug, name=name, currency=currency, **others)
    install_chart(actor=Actor.system(organization), chart=chart)
    return organization


def make_member(organization: Organization, name: str, role: str) -> User:
    """A user of this name (Alice is `alice`) in the role given."""
    user = UserFactory.create(username=name.lower(), first_name=name)
    add_member(actor=Actor.system(organization), user=user, role=role)
    return user


@pytest.fixture
def acme(db: None) -> Organization:
    return make_organization("acme", "Acme Ltd")


@pytest.fixture
def mallory_ltd(db: None) -> Organization:
    return make_organization("mallory-ltd", "Mallory Ltd")


@pytest.fixture
def olga(acme: Organization) -> User:
    """Owner of Acme."""
    return make_member(acme, "Olga", Role.OWNER)


@pytest.fixture
def carol(acme: Organization) -> User:
    """Controller of Acme."""
    return make_member(acme, "Carol", Role.CONTROLLER)


@pytest.fixture
def alice(acme: Organization) -> User:
    """Accountant of Acme."""
    return make_member(acme, "Alice", Role.ACCOUNTANT)


@pytest.fixture
def dan(acme: Organization) -> User:
    """Cashier of Acme."""
    return make_member(acme, "Dan", Role.CASHIER)


@pytest.fixture
def bob(acme: Organization) -> User:
    """Auditor of Acme."""
    return make_member(acme, "Bob", Role.AUDITOR)


@pytest.fixture
def mallory(mallory_ltd: Organization) -> User:
    """Owner of Mallory Ltd, and nobody at Acme."""
    return make_member(mallory_ltd, "Mallory", Role.OWNER)


@pytest.fixture
def cast(
    olga: User, carol: User, alice: User, dan: User, bob: User, mallory: User
) -> dict[str, User]:
    """Everybody, by role; `stranger` is Mallory."""
    return {
        Role.OWNER.value: olga,
        Role.CONTROLLER.value: carol,
        Role.ACCOUNTANT.value: alice,
        Role.CASHIER.value: dan,
        Role.AUDITOR.value: bob,
        "stranger": mallory,
    }


@pytest.fixture
def system(acme: Organization) -> Actor:
    """A command that works for Acme."""
    return Actor.system(acme)


@pytest.fixture
def as_alice(acme: Organization, alice: User) -> Actor:
    return Actor.of_user(acme, alice)


@pytest.fixture
def as_carol(acme: Organization, carol: User) -> Actor:
    return Actor.of_user(acme, carol)


@pytest.fixture
def as_olga(acme: Organization, olga: User) -> Actor:
    return Actor.of_user(acme, olga)


@pytest.fixture
def as_mallory(mallory_ltd: Organization, mallory: User) -> Actor:
    return Actor.of_user(mallory_ltd, mallory)


@pytest.fixture
def make_key() -> Callable[..., tuple[ApiKey, str]]:
    """make_key(organization, "ledger:read", …, expires_at=None) → the key and its text."""

    def make(organization: Organization, *scopes: str, **options: Any) -> tuple[ApiKey, str]:
        return create_api_key(
            actor=Actor.system(organization), name="Shop", scopes=scopes or ("*",), **options
        )

    return make


@pytest.fixture
def api_key(acme: Organization, make_key: Any) -> ApiKey:
    """A key of Acme that may do everything."""
    key: ApiKey = make_key(acme)[0]
    return key


@pytest.fixture
def key_text(acme: Organization, make_key: Any) -> str:
    """What the shop sends: `Authorization: Api-Key KEY`."""
    text: str = make_key(acme)[1]
    return text


@pytest.fixture
def api(key_text: str) -> Client:
    """A client with a key of Acme that may do everything."""
    return Client(headers={"Authorization": f"Api-Key {key_text}"})


@pytest.fixture
def mallorys_api(mallory_ltd: Organization, make_key: Any) -> Client:
    """A client with a key of Mallory Ltd that may do everything there."""
    return Client(headers={"Authorization": f"Api-Key {make_key(mallory_ltd)[1]}"})


@pytest.fixture
def signed_in() -> Callable[[User], Client]:
    """signed_in(alice) → a browser in which Alice has signed in."""

    def sign_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture
def post(acme: Organization) -> Post:
    """post(debit("1000", 10_00), credit("4000", 10_00)) posts an entry, in a transaction of its
    own; `on`, `reference`, `organization` and whatever else an EntryDraft takes may be given."""
    numbers = count(1)

    def post_lines(
        *lines: LineDraft,
        on: date = date(2026, 1, 15),
        reference: str = "",
        organization: Organization = acme,
        actor: Actor | None = None,
        now: Any = None,
        **others: Any,
    ) -> JournalEntry:
        draft = EntryDraft(
            reference=reference or f"entry-{next(numbers)}", effective_on=on, lines=lines, **others
        )
        with use_case_transaction():
            [entry] = post_entries(organization, [draft], actor=actor, now=now)
        return entry

    return post_lines


@pytest.fixture
def by_force(db: None) -> Callable[..., None]:
    """by_force(sql, *parameters) with all triggers off, foreign keys among them: what only a
    superuser could do to the books, and what verification must find."""

    def execute(sql: str, *parameters: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica")
            try:
                cursor.execute(sql, parameters or None)
            finally:
                cursor.execute("RESET session_replication_role")

    return execute
