"""Capabilities that are rolled out organization by organization."""

import pytest
import waffle
from django.test import RequestFactory

from organizations.features import is_enabled
from organizations.models import FeatureFlag, User

pytestmark = pytest.mark.django_db

FLAGS = "/admin/organizations/featureflag/"


@pytest.fixture
def flag():
    return FeatureFlag.objects.create(name="payouts")


def test_is_off_where_nobody_has_said_anything(acme, flag):
    assert not is_enabled("payouts", acme)
    assert not is_enabled("never heard of", acme)


def test_is_on_for_the_organizations_that_it_names(acme, mallory_ltd, flag):
    flag.organizations.add(acme)

    assert is_enabled("payouts", acme)
    assert not is_enabled("payouts", mallory_ltd)


@pytest.mark.parametrize("everyone", [True, False])
def test_what_is_said_of_everyone_counts_for_those_it_names_too(acme, mallory_ltd, everyone):
    flag = FeatureFlag(name="payouts", everyone=everyone)
    flag.save()
    flag.organizations.add(acme)

    assert is_enabled("payouts", acme) is everyone
    assert is_enabled("payouts", mallory_ltd) is everyone


def test_a_request_is_answered_for_the_chosen_organization(acme, mallory_ltd, alice, flag):
    flag.organizations.add(acme)

    def is_active_in(organization):
        request = RequestFactory().get("/")
        request.user = alice
        alice.active_organization = organization
        return waffle.flag_is_active(request, "payouts")

    assert is_active_in(acme)
    assert not is_active_in(mallory_ltd)


def test_operators_roll_a_capability_out(acme, client):
    client.force_login(User.objects.create_superuser("root"))

    client.post(
        f"{FLAGS}add/", {"name": "payouts", "everyone": "unknown", "organizations": acme.pk}
    )

    assert is_enabled("payouts", acme)
    assert "acme" in client.get(FLAGS).content.decode()


def test_flags_are_not_for_members_not_even_owners(olga, signed_in):
    assert signed_in(olga).get(FLAGS).status_code == 403
