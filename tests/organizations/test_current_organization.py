"""Whose books a signed-in user sees: the chosen organization's, and only their own."""

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection
from django.http import HttpResponse
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from organizations.actors import Actor
from organizations.errors import OrganizationNotFound
from organizations.middleware import CurrentOrganizationMiddleware
from organizations.models import Role
from organizations.permissions import may
from organizations.services.choosing import SESSION_KEY, choose_organization
from organizations.services.members import add_member, remove_member

pytestmark = pytest.mark.django_db

SWITCH = "switch-organization"


@pytest.fixture
def browse(settings):
    """browse(user, session) → the request as a view sees it."""

    def through_the_middleware(user, session=None, with_cookie=True):
        request: Any = RequestFactory().get("/")
        if with_cookie:
            request.COOKIES[settings.SESSION_COOKIE_NAME] = "anything"
        request.user = user
        request.session = session if session is not None else SessionStore()
        CurrentOrganizationMiddleware(lambda _: HttpResponse())(request)
        return request

    return through_the_middleware


@pytest.fixture
def in_both(alice, mallory_ltd):
    """Alice also looks at Mallory's books."""
    add_member(actor=Actor.system(mallory_ltd), user=alice, role=Role.AUDITOR)
    return alice


def test_is_the_first_to_which_the_user_belongs(acme, in_both, browse):
    request = browse(in_both)

    assert request.organization == acme
    assert request.membership.role == Role.ACCOUNTANT
    assert request.user.active_organization == acme


def test_is_the_one_that_the_session_names(mallory_ltd, in_both, browse):
    request = browse(in_both, {SESSION_KEY: str(mallory_ltd.pk)})

    assert request.organization == mallory_ltd
    assert in_both.has_perm("ledger.view_reports")
    assert not in_both.has_perm("ledger.post_journalentry")


@pytest.mark.parametrize("named", ["mallory_ltd", "nonsense"])
def test_is_never_one_to_which_the_user_does_not_belong(named, acme, alice, browse, request):
    named_id = named if named == "nonsense" else str(request.getfixturevalue(named).pk)

    assert browse(alice, {SESSION_KEY: named_id}).organization == acme


def test_is_no_longer_one_that_the_user_has_left(acme, mallory_ltd, in_both, browse):
    remove_member(actor=Actor.system(mallory_ltd), user=in_both)

    assert browse(in_both, {SESSION_KEY: str(mallory_ltd.pk)}).organization == acme


def test_is_none_for_a_user_who_belongs_nowhere(alice, acme, browse):
    remove_member(actor=Actor.system(acme), user=alice)

    request = browse(alice)
    assert (request.organization, request.membership) == (None, None)
    assert not request.user.has_perm("ledger.view_account")


def test_is_none_for_somebody_unknown(browse):
    assert browse(AnonymousUser()).organization is None


def test_costs_nothing_without_a_session(alice, browse, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert browse(alice, with_cookie=False).organization is None


def test_costs_one_statement_with_a_session(alice, browse, django_assert_num_queries):
    with django_assert_num_queries(1):
        browse(alice, {})


def test_permissions_do_not_ask_for_the_membership_again(alice, browse, django_assert_num_queries):
    request = browse(alice, {})

    with django_assert_num_queries(1):
        assert may(request.user, request.organization, "ledger.post_journalentry")
        assert request.user.has_perm("ledger.post_journalentry")


def test_its_membership_counts_in_no_other_organization(mallory_ltd, alice, browse):
    request = browse(alice, {})

    assert not may(request.user, mallory_ltd, "ledger.view_account")


def test_a_page_looks_memberships_up_once(in_both, signed_in):
    client = signed_in(in_both)

    with CaptureQueriesContext(connection) as captured:
        page = client.get(reverse("admin:index"))

    asked = [q["sql"] for q in captured if 'FROM "organizations_membership"' in q["sql"]]
    assert len(asked) == 1
    assert [one.organization.slug for one in page.context["memberships"]] == ["acme", "mallory-ltd"]


def test_a_user_switches_between_their_organizations(mallory_ltd, in_both, signed_in):
    client = signed_in(in_both)

    answer = client.post(reverse(SWITCH), {"organization": "mallory-ltd", "next": "/admin/ledger/"})

    assert (answer.status_code, answer["Location"]) == (302, "/admin/ledger/")
    assert client.session[SESSION_KEY] == str(mallory_ltd.pk)


@pytest.mark.parametrize("slug", ["mallory-ltd", "nobody", "", "a\x00b"])
def test_a_stranger_cannot_tell_whether_an_organization_exists(
    slug, acme, mallory, alice, signed_in
):
    client = signed_in(alice)

    answer = client.post(reverse(SWITCH), {"organization": slug})

    assert answer.status_code == 404
    assert SESSION_KEY not in client.session


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:x", ""])
def test_switching_leads_nowhere_else(target, acme, alice, signed_in):
    answer = signed_in(alice).post(reverse(SWITCH), {"organization": "acme", "next": target})

    assert answer["Location"] == reverse("admin:index")


def test_switching_takes_a_post(alice, signed_in):
    assert signed_in(alice).get(reverse(SWITCH)).status_code == 405


def test_switching_takes_a_signed_in_user(acme, client):
    answer = client.post(reverse(SWITCH), {"organization": "acme"})

    assert answer["Location"].startswith(reverse("admin:login"))


def test_choosing_raises_for_a_stranger(acme, mallory, browse):
    request = browse(mallory)

    with pytest.raises(OrganizationNotFound, match="acme"):
        choose_organization(request, "acme")
