"""Signing in, switching, members, keys, settings and the audit trail in the back-office."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from organizations.models import ApiKey, AuditEvent, Membership, Role, User
from organizations.selectors import find_api_key
from organizations.services.members import add_member
from tests.factories import UserFactory
from tests.fixtures import make_member

KEYS = "/admin/organizations/apikey/"
MEMBERS = "/admin/organizations/membership/"


def login(client, username, password="right"):
    return client.post("/admin/login/", {"username": username, "password": password})


@pytest.fixture
def person(db):
    """Somebody who can sign in and belongs nowhere."""
    return User.objects.create_user("erin", "erin@example.com", "right")


def test_a_member_signs_in_without_being_staff(acme, system, person, client):
    add_member(actor=system, user=person, role=Role.AUDITOR)

    answer = login(client, "erin")

    assert not person.is_staff
    assert answer.headers["Location"] == "/admin/"
    assert "Acme Ltd" in client.get("/admin/").content.decode()


def test_who_belongs_nowhere_does_not_come_in(acme, person, client):
    answer = login(client, "erin")

    assert answer.status_code == 200
    assert client.get("/admin/").status_code == 302


def test_who_was_removed_does_not_come_in(acme, system, person, client):
    membership = add_member(actor=system, user=person, role=Role.AUDITOR)
    login(client, "erin")
    Membership.objects.filter(pk=membership.pk).update(is_active=False)

    assert client.get("/admin/").status_code == 302


def test_an_operator_without_an_organization_sees_no_books(acme, client, db):
    User.objects.create_superuser("root", password="right")
    login(client, "root")

    index = client.get("/admin/")

    assert "You belong to no organization" in index.content.decode()
    assert client.get("/admin/ledger/journalentry/").status_code == 403
    assert client.get("/admin/organizations/user/").status_code == 200
    assert client.get("/admin/auth/group/").status_code == 200


def test_switches_between_organizations(acme, mallory_ltd, olga, as_mallory, signed_in):
    add_member(actor=as_mallory, user=olga, role=Role.AUDITOR)
    client = signed_in(olga)
    before = client.get("/admin/")

    client.post("/admin/switch/", {"organization": "mallory-ltd"})
    after = client.get("/admin/")

    assert (before.context["organization"], after.context["organization"]) == (acme, mallory_ltd)
    assert client.get("/admin/organizations/membership/add/").status_code == 403


def test_a_stranger_cannot_switch_to_it(acme, mallory, signed_in):
    client = signed_in(mallory)

    assert client.post("/admin/switch/", {"organization": "acme"}).status_code == 404
    assert client.get("/admin/switch/").status_code == 405


def test_switching_needs_the_csrf_token(acme, olga):
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(olga)

    assert client.post("/admin/switch/", {"organization": "acme"}).status_code == 403


def test_a_key_is_shown_once(acme, olga, signed_in):
    client = signed_in(olga)
    form = {"name": "Web shop", "scopes": ["ledger:read", "ledger:write"], "expires_at": ""}

    answer = client.post(f"{KEYS}add/", form)

    [text] = set(re.findall(r"ch_[a-z0-9]{12}_[A-Za-z0-9_-]{43}", answer.content.decode()))
    key = find_api_key(text, timezone.now())
    assert key is not None
    assert key.scopes == ["ledger:read", "ledger:write"]
    assert "no-store" in answer.headers["Cache-Control"]
    for url in (KEYS, reverse("admin:organizations_apikey_change", args=[key.pk]), "/admin/"):
        assert text.split("_", 2)[2] not in client.get(url).content.decode()
    assert text.split("_", 2)[2] not in str(dict(client.session))


@pytest.mark.parametrize(
    "given",
    [
        {"scopes": []},
        {"scopes": ["ledger:burn"]},
        {"name": " "},
        {"expires_at": "2001-01-01T00:00"},
    ],
)
def test_makes_no_key_without_name_scopes_or_future(acme, olga, signed_in, given):
    form = {"name": "Web shop", "scopes": ["*"], "expires_at": ""}

    answer = signed_in(olga).post(f"{KEYS}add/", {**form, **given})

    assert answer.status_code == 200
    assert not ApiKey.objects.of(acme).exists()


def test_revokes_a_key(acme, olga, make_key, signed_in):
    key, text = make_key(acme)
    client = signed_in(olga)
    url = reverse("admin:organizations_apikey_revoke", args=[key.pk])
    assert "cannot be undone" in client.get(url).content.decode()

    client.post(url)

    assert find_api_key(text, timezone.now() + timedelta(seconds=1)) is None
    assert "revoked" in client.get(KEYS).content.decode()


@pytest.mark.parametrize("named", ["erin", "erin@example.com", "ERIN@example.com", " erin "])
def test_adds_a_member_by_name_or_address(acme, olga, person, signed_in, named):
    signed_in(olga).post(f"{MEMBERS}add/", {"person": named, "role": "cashier"})

    assert Membership.objects.get(organization=acme, user=person).role == "cashier"


def test_says_that_there_is_no_such_person(acme, olga, signed_in):
    answer = signed_in(olga).post(f"{MEMBERS}add/", {"person": "nobody", "role": "cashier"})

    assert "There is no user nobody" in answer.content.decode()


def test_an_address_of_two_people_is_no_name(acme, olga, person, signed_in):
    UserFactory.create(username="twin", email="erin@example.com")

    answer = signed_in(olga).post(
        f"{MEMBERS}add/", {"person": "erin@example.com", "role": "cashier"}
    )

    assert "Several people" in answer.content.decode()


def test_a_member_is_added_once(acme, olga, alice, signed_in):
    answer = signed_in(olga).post(f"{MEMBERS}add/", {"person": "alice", "role": "cashier"})

    assert "belongs to this organization already" in answer.content.decode()
    assert Membership.objects.get(organization=acme, user=alice).role == "accountant"


def test_changes_a_role(acme, olga, alice, signed_in):
    membership = Membership.objects.get(organization=acme, user=alice)
    url = reverse("admin:organizations_membership_change", args=[membership.pk])

    signed_in(olga).post(url, {"role": "controller"})

    membership.refresh_from_db()
    assert membership.role == "controller"


def test_the_last_owner_stays_one(acme, olga, signed_in):
    membership = Membership.objects.get(organization=acme, user=olga)
    client = signed_in(olga)

    changed = client.post(
        reverse("admin:organizations_membership_change", args=[membership.pk]), {"role": "auditor"}
    )
    ended = client.post(
        reverse("admin:organizations_membership_deactivate", args=[membership.pk]), follow=True
    )

    assert "needs an owner" in changed.content.decode()
    assert "needs an owner" in ended.content.decode()
    membership.refresh_from_db()
    assert (membership.role, membership.is_active) == ("owner", True)


def test_ends_a_membership(acme, olga, alice, signed_in):
    membership = Membership.objects.get(organization=acme, user=alice)
    url = reverse("admin:organizations_membership_deactivate", args=[membership.pk])

    signed_in(olga).post(url)

    membership.refresh_from_db()
    assert not membership.is_active
    assert signed_in(alice).get("/admin/").status_code == 302


def settings_form(**given):
    return {
        "name": "Acme Limited",
        "country": "GB",
        "time_zone": "Europe/London",
        "fiscal_year_start_month": "4",
        "currency": "GBP",
        "threshold": "1,000.00",
        **given,
    }


def settings_url(organization):
    return reverse("admin:organizations_organization_change", args=[organization.pk])


def test_changes_the_settings(acme, olga, signed_in):
    signed_in(olga).post(settings_url(acme), settings_form())

    acme.refresh_from_db()
    assert (acme.name, acme.time_zone) == ("Acme Limited", "Europe/London")
    assert (acme.fiscal_year_start_month, acme.approval_threshold_amount) == (4, 1_000_00)
    event = AuditEvent.objects.of(acme).get(action="change_settings")
    assert event.before["name"] == "Acme Ltd"


def test_an_empty_threshold_is_none(acme, olga, signed_in):
    client = signed_in(olga)
    client.post(settings_url(acme), settings_form())

    client.post(settings_url(acme), settings_form(threshold=""))

    acme.refresh_from_db()
    assert acme.approval_threshold_amount is None


@pytest.mark.parametrize(
    "given",
    [
        {"threshold": "-1"},
        {"threshold": "1.005"},
        {"threshold": "much"},
        {"name": ""},
        {"country": "Great Britain"},
        {"time_zone": "Mars/Olympus"},
        {"currency": "XXQ"},
        {"fiscal_year_start_month": "13"},
    ],
)
def test_refuses_settings_that_are_none(acme, olga, signed_in, given):
    answer = signed_in(olga).post(settings_url(acme), settings_form(**given))

    assert answer.status_code == 200
    acme.refresh_from_db()
    assert acme.name == "Acme Ltd"


def test_the_base_currency_changes_while_nothing_is_posted(acme, olga, signed_in):
    signed_in(olga).post(settings_url(acme), settings_form(currency="EUR"))

    acme.refresh_from_db()
    assert acme.currency == "EUR"


def test_who_may_not_change_the_settings_reads_them(acme, carol, signed_in):
    client = signed_in(carol)

    assert "Acme Ltd" in client.get(settings_url(acme)).content.decode()
    assert client.post(settings_url(acme), settings_form()).status_code == 403


def test_the_trail_shows_before_and_after_and_changes_nothing(acme, olga, bob, signed_in):
    signed_in(olga).post(settings_url(acme), settings_form())
    event = AuditEvent.objects.of(acme).get(action="change_settings")
    url = reverse("admin:organizations_auditevent_change", args=[event.pk])
    client = signed_in(bob)

    shown = client.get(url).content.decode()

    assert "Acme Ltd" in shown
    assert "Acme Limited" in shown
    assert "1,000.00 GBP" in shown
    assert client.post(url, {"actor_name": "nobody"}).status_code == 403
    assert client.post(url.replace("change", "delete")).status_code == 403


@pytest.mark.parametrize("term", ["Carol", "close_books", "127.0.0.1", "{id}", "%"])
def test_the_trail_is_searched_by_what_one_has_in_hand(acme, carol, signed_in, term):
    client = signed_in(carol)
    client.post(reverse("admin:period_step", args=["close"]), {"through": "2026-01-31"})

    answer = client.get("/admin/organizations/auditevent/", {"q": term.format(id=acme.pk)})

    assert answer.status_code == 200
    if term != "%":
        assert "Close books" in answer.content.decode()


def test_the_trail_is_filtered_by_member(acme, carol, bob, signed_in):
    client = signed_in(carol)
    client.post(reverse("admin:period_step", args=["close"]), {"through": "2026-01-31"})
    url = "/admin/organizations/auditevent/"

    hers = client.get(url, {"member": str(carol.pk)}).context["cl"].result_list
    his = client.get(url, {"member": str(bob.pk)}).context["cl"].result_list

    assert [event.action for event in hers] == ["close_books"]
    assert list(his) == []


def test_changes_ones_own_password(acme, client):
    alice = make_member(acme, "Alice", Role.ACCOUNTANT)
    alice.set_password("right")
    alice.save()
    login(client, "alice")
    new = "a longer secret 42"

    client.post(
        "/admin/password_change/",
        {"old_password": "right", "new_password1": new, "new_password2": new},
    )

    alice.refresh_from_db()
    assert alice.check_password(new)
