"""Members: appointed, promoted and removed, while an owner remains."""

from io import StringIO
from threading import Barrier, Thread

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.db import connection

from organizations.actors import Actor
from organizations.errors import AlreadyAMember, LastOwner, NotAMember, UnknownRole
from organizations.models import AuditEvent, Membership, Role, User
from organizations.selectors import active_owners, members_of, memberships_of
from organizations.services.members import add_member, change_role, remove_member
from tests.factories import UserFactory
from tests.fixtures import make_member, make_organization

pytestmark = pytest.mark.django_db


def roles(organization):
    return {m.user.username: m.role for m in members_of(organization) if m.is_active}


def test_adds_a_member_and_leaves_an_audit_row(acme, as_olga):
    user = UserFactory.create(username="erin")

    add_member(actor=as_olga, user=user, role="cashier")

    assert roles(acme) == {"olga": "owner", "erin": "cashier"}
    event = AuditEvent.objects.of(acme).get(user=as_olga.user)
    assert (event.action, event.after) == (
        "add_member",
        {"user": "erin", "role": "cashier", "is_active": True},
    )


def test_refuses_a_second_membership(acme, as_olga, alice):
    with pytest.raises(AlreadyAMember, match="alice"):
        add_member(actor=as_olga, user=alice, role=Role.OWNER)

    assert roles(acme)["alice"] == "accountant"


@pytest.mark.parametrize("role", ["", "Owner", "superuser", "root\x00"])
def test_refuses_an_unknown_role(as_olga, alice, role):
    with pytest.raises(UnknownRole):
        change_role(actor=as_olga, user=alice, role=role)


def test_changes_a_role_with_before_and_after(acme, as_olga, alice):
    change_role(actor=as_olga, user=alice, role=Role.CONTROLLER)

    event = AuditEvent.objects.of(acme).get(action="change_role")
    assert (event.before["role"], event.after["role"]) == ("accountant", "controller")


def test_the_same_role_again_is_no_change(acme, as_olga, alice):
    change_role(actor=as_olga, user=alice, role=Role.ACCOUNTANT)

    assert not AuditEvent.objects.of(acme).filter(action="change_role").exists()


def test_a_removed_member_stays_on_record_and_can_come_back(acme, as_olga, alice):
    remove_member(actor=as_olga, user=alice)
    assert not memberships_of(alice).exists()

    add_member(actor=as_olga, user=alice, role=Role.AUDITOR)

    assert Membership.objects.filter(organization=acme, user=alice).count() == 1
    assert roles(acme)["alice"] == "auditor"


def test_the_last_owner_cannot_be_removed(acme, as_olga, olga):
    with pytest.raises(LastOwner):
        remove_member(actor=as_olga, user=olga)

    assert active_owners(acme).count() == 1


def test_the_last_owner_cannot_become_something_else(acme, as_olga, olga):
    with pytest.raises(LastOwner):
        change_role(actor=as_olga, user=olga, role=Role.AUDITOR)

    assert roles(acme)["olga"] == "owner"


def test_an_owner_who_cannot_sign_in_does_not_count(acme, as_olga, olga):
    gone = make_member(acme, "Gone", Role.OWNER)
    User.objects.filter(pk=gone.pk).update(is_active=False)

    with pytest.raises(LastOwner):
        remove_member(actor=as_olga, user=olga)


def test_an_owner_can_go_once_there_is_another(acme, as_olga, olga):
    make_member(acme, "Oscar", Role.OWNER)

    remove_member(actor=as_olga, user=olga)

    assert roles(acme) == {"oscar": "owner"}


@pytest.mark.parametrize("service", [change_role, remove_member])
def test_a_stranger_is_no_member(as_olga, mallory, service):
    given = {"role": Role.OWNER} if service is change_role else {}

    with pytest.raises(NotAMember, match="mallory"):
        service(actor=as_olga, user=mallory, **given)


@pytest.mark.django_db(transaction=True)
def test_two_owners_cannot_remove_each_other_at_once():
    acme = make_organization("acme", "Acme Ltd")
    owners = [make_member(acme, "Olga", Role.OWNER), make_member(acme, "Oscar", Role.OWNER)]
    start = Barrier(2)
    outcomes = []

    def remove(remover, removed):
        try:
            start.wait(10)
            remove_member(actor=Actor.of_user(acme, remover), user=removed)
            outcomes.append("removed")
        except LastOwner:
            outcomes.append("refused")
        finally:
            connection.close()

    threads = [
        Thread(target=remove, args=owners),
        Thread(target=remove, args=owners[::-1]),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert sorted(outcomes) == ["refused", "removed"]
    assert active_owners(acme).count() == 1


def appoint(*arguments, stdin=None, monkeypatch=None):
    out, err = StringIO(), StringIO()
    if stdin is not None:
        monkeypatch.setattr("sys.stdin", StringIO(stdin))
    call_command("add_member", *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_the_command_makes_a_user_who_can_sign_in(acme, monkeypatch):
    arguments = ("acme", "erin", "--role", "owner", "--password-stdin")
    appoint(*arguments, stdin="correct horse battery\n", monkeypatch=monkeypatch)

    user = authenticate(username="erin", password="correct horse battery")
    assert user is not None
    assert roles(acme) == {"erin": "owner"}


def test_the_command_keeps_the_password_of_a_user_who_exists(acme, alice, monkeypatch):
    alice.set_password("a password of her own")
    alice.save()

    _, said = appoint(
        "acme", "alice", "--role", "auditor", "--password-stdin",
        stdin="correct horse battery\n", monkeypatch=monkeypatch,
    )  # fmt: skip

    assert "unchanged" in said
    assert authenticate(username="alice", password="a password of her own") is not None
    assert roles(acme)["alice"] == "auditor"


def test_the_command_refuses_a_weak_password(acme, monkeypatch):
    arguments = ("acme", "erin", "--role", "owner", "--password-stdin")
    with pytest.raises(CommandError, match="too short"):
        appoint(*arguments, stdin="abc\n", monkeypatch=monkeypatch)

    assert not User.objects.filter(username="erin").exists()


def test_the_command_says_that_a_new_user_has_no_password(acme):
    _, said = appoint("acme", "erin", "--role", "cashier")

    assert "changepassword" in said
    assert not User.objects.get(username="erin").has_usable_password()


@pytest.mark.parametrize(
    ("slug", "username", "message"),
    [("nobody", "erin", "nobody"), ("acme", "er in", "er in"), ("acme", "", "user name")],
)
def test_the_command_names_what_is_wrong(acme, slug, username, message):
    with pytest.raises(CommandError, match=message):
        appoint(slug, username, "--role", "cashier")
