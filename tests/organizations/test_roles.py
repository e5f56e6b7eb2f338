"""The role matrix: what each role may do, and that database, table and page say the same."""

from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import AnonymousUser, Group, Permission
from django.db import connection

from organizations.models import Membership, Role
from organizations.permissions import OrganizationBackend, forget_permissions, may, permissions_of
from organizations.roles import CAPABILITIES, SCOPES, as_markdown, granted, scope_allows
from organizations.seeding import seed_roles, unseed_roles
from organizations.services.members import change_role, remove_member
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

DOCUMENT = Path(__file__).parents[2] / "docs" / "reference" / "roles.md"

# Written out once more, by hand, so that a slip in the table is seen.
MAY = {
    "ledger.void_journalentry": {"owner", "controller"},
    "ledger.approve_journalentry": {"owner", "controller"},
    "ledger.post_journalentry": {"owner", "controller", "accountant"},
    "ledger.add_journalentry": {"owner", "accountant"},
    "ledger.change_journalentry": {"owner", "accountant"},
    "ledger.delete_journalentry": {"owner", "accountant"},
    "ledger.view_journalentry": {"owner", "controller", "accountant", "auditor"},
    "ledger.view_reports": {"owner", "controller", "accountant", "auditor"},
    "ledger.view_account": {"owner", "controller", "accountant", "cashier", "auditor"},
    "ledger.change_account": {"owner", "controller", "accountant"},
    "ledger.add_cashentry": {"owner", "accountant", "cashier"},
    "ledger.view_cashentry": {"owner", "controller", "accountant", "cashier", "auditor"},
    "ledger.import_journal": {"owner", "accountant"},
    "ledger.verify_books": {"owner", "controller", "accountant"},
    "ledger.add_exchangerate": {"owner", "accountant"},
    "organizations.close_books": {"owner", "controller"},
    "organizations.reopen_books": {"owner", "controller"},
    "organizations.close_year": {"owner", "controller"},
    "organizations.view_auditevent": {"owner", "controller", "auditor"},
    "organizations.add_membership": {"owner"},
    "organizations.add_apikey": {"owner"},
    "organizations.change_organization": {"owner"},
}


def seeding(function, app_label="ledger"):
    """Run a function of the migrations against the present state."""
    function(apps, SimpleNamespace(connection=connection), app_label)


@pytest.mark.parametrize("role", Role.values)
def test_migrations_seed_each_group_with_its_column_of_the_table(role):
    group = Group.objects.get(name=role)
    pairs = group.permissions.values_list("content_type__app_label", "codename")

    assert {f"{app}.{codename}" for app, codename in pairs} == granted(role)


@pytest.mark.parametrize("permission", MAY)
def test_each_role_may_do_its_part_in_its_own_organization_alone(
    permission, acme, mallory_ltd, cast
):
    allowed = {role for role, user in cast.items() if may(user, acme, permission)}

    assert allowed == MAY[permission]
    assert not any(may(cast[role], mallory_ltd, permission) for role in Role.values)


def test_every_permission_of_the_table_exists():
    pairs = Permission.objects.values_list("content_type__app_label", "codename")
    known = {f"{app}.{codename}" for app, codename in pairs}

    assert {p for capability in CAPABILITIES for p in capability.permissions} <= known


def test_an_auditor_has_nothing_but_views():
    assert {p.split(".")[1].split("_")[0] for p in granted(Role.AUDITOR)} == {"view"}


def test_the_page_is_the_table():
    assert DOCUMENT.read_text() == as_markdown(), "write organizations.roles.as_markdown() there"


def test_seeding_again_keeps_what_an_operator_has_edited():
    group = Group.objects.get(name=Role.CASHIER)
    group.permissions.remove(Permission.objects.get(codename="add_cashentry"))

    seeding(seed_roles)

    assert not group.permissions.filter(codename="add_cashentry").exists()


def test_seeding_can_be_taken_back_and_done_again():
    apps = tuple(reversed(settings.APPS))
    for app in apps:
        seeding(unseed_roles, app)
    assert not Group.objects.filter(name__in=Role.values).exists()

    for app in reversed(apps):
        seeding(seed_roles, app)

    for role in Role.values:
        assert Group.objects.get(name=role).permissions.count() == len(granted(role))


def test_both_migrations_go_backwards():
    for app in settings.APPS:
        [operation] = import_module(f"{app}.migrations.0003_seed_roles").Migration.operations
        assert operation.reversible


def test_an_edited_group_counts_at_once(acme, bob):
    group = Group.objects.get(name=Role.AUDITOR)
    group.permissions.add(Permission.objects.get(codename="verify_books"))

    assert may(bob, acme, "ledger.verify_books")


def test_groups_and_permissions_of_the_user_count_nowhere(acme, dan):
    dan.groups.add(Group.objects.get(name=Role.OWNER))
    dan.user_permissions.add(Permission.objects.get(codename="void_journalentry"))
    dan.active_organization = acme

    assert not may(dan, acme, "ledger.void_journalentry")
    assert not dan.has_perm("ledger.void_journalentry")


def test_a_new_role_counts_once_it_is_asked_again(acme, alice, system, olga):
    assert not may(alice, acme, "ledger.void_journalentry")

    change_role(actor=system, user=alice, role=Role.CONTROLLER)
    forget_permissions(alice)

    assert may(alice, acme, "ledger.void_journalentry")


def test_a_removed_member_has_nothing(acme, alice, system):
    remove_member(actor=system, user=alice)

    assert permissions_of(alice, acme) == frozenset()


def test_an_inactive_user_has_nothing(acme, olga):
    olga.is_active = False

    assert not may(olga, acme, "ledger.view_account")


def test_a_superuser_may_do_everything_where_they_belong_and_nothing_elsewhere(acme, mallory_ltd):
    operator = UserFactory.create(is_superuser=True)
    Membership.objects.create(organization=acme, user=operator, role=Role.CASHIER)

    assert may(operator, acme, "ledger.void_journalentry")
    assert not may(operator, mallory_ltd, "ledger.view_account")


def test_nobody_may_do_anything_nowhere(alice):
    assert not may(alice, None, "ledger.view_account")
    assert not may(AnonymousUser(), None, "ledger.view_account")


def test_somebody_unknown_may_do_nothing(acme):
    assert not may(AnonymousUser(), acme, "ledger.view_account")


def test_the_backend_answers_for_the_active_organization(acme, mallory_ltd, alice):
    assert not alice.has_perm("ledger.view_account")

    alice.active_organization = acme
    assert alice.has_perm("ledger.view_account")
    assert alice.has_module_perms("ledger")
    assert not alice.has_perm("ledger.void_journalentry")

    alice.active_organization = mallory_ltd
    assert not alice.has_perm("ledger.view_account")
    assert not alice.has_module_perms("ledger")


def test_the_backend_refuses_rows_of_another_organization(acme, mallory_ltd, alice):
    alice.active_organization = acme
    backend = OrganizationBackend()

    assert backend.has_perm(alice, "organizations.view_organization", acme)
    assert not backend.has_perm(alice, "organizations.view_organization", mallory_ltd)


def test_permissions_are_asked_for_once_per_user(acme, alice, django_assert_num_queries):
    with django_assert_num_queries(2):
        assert may(alice, acme, "ledger.view_account")
        assert may(alice, acme, "ledger.view_reports")


def test_writing_does_not_include_reading():
    assert scope_allows(["ledger:write"], "ledger:write")
    assert not scope_allows(["ledger:write"], "ledger:read")


@pytest.mark.parametrize("scope", SCOPES)
def test_a_star_allows_every_scope(scope):
    assert scope_allows(["*"], scope)
