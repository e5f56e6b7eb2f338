"""Organizations: made once, with values that make sense, and audited."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from ledger.models import Account
from organizations.errors import (
    InvalidCountry,
    InvalidFiscalYearStart,
    InvalidName,
    InvalidSlug,
    OrganizationNotFound,
    UnknownCurrency,
    UnknownTimeZone,
)
from organizations.models import AuditEvent, Organization
from organizations.selectors import get_organization
from organizations.services.organizations import create_organization

pytestmark = pytest.mark.django_db


def create(**values):
    given = {"slug": "acme", "name": "Acme Ltd", "currency": "GBP"} | values
    return create_organization(**given)


def command(*arguments):
    out = StringIO()
    call_command("create_organization", *arguments, stdout=out)
    return out.getvalue()


def test_makes_an_organization_and_says_that_it_is_new():
    organization, is_new = create(country="GB", time_zone="Europe/London")

    assert is_new
    assert get_organization("acme") == organization
    assert organization.closed_through is None


def test_leaves_one_that_exists_as_it_is():
    first, _ = create()
    again, is_new = create(name="Another name", currency="USD")

    assert (again.pk, is_new) == (first.pk, False)
    assert (again.name, again.currency) == ("Acme Ltd", "GBP")
    assert AuditEvent.objects.of(first).count() == 1


def test_leaves_an_audit_row():
    organization, _ = create()

    event = AuditEvent.objects.of(organization).get()
    assert event.action == "create_organization"
    assert event.after["currency"] == "GBP"


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"slug": ""}, InvalidSlug),
        ({"slug": "a b"}, InvalidSlug),
        ({"slug": "../acme"}, InvalidSlug),
        ({"slug": "acme\n"}, InvalidSlug),
        ({"slug": "a" * 64}, InvalidSlug),
        ({"name": "  "}, InvalidName),
        ({"name": "a\x00b"}, InvalidName),
        ({"name": "a" * 201}, InvalidName),
        ({"currency": ""}, UnknownCurrency),
        ({"currency": "gbp"}, UnknownCurrency),
        ({"currency": "GBX"}, UnknownCurrency),
        ({"country": "gb"}, InvalidCountry),
        ({"country": "GBR"}, InvalidCountry),
        ({"time_zone": "Mars/Olympus"}, UnknownTimeZone),
        ({"time_zone": "../../etc/passwd"}, UnknownTimeZone),
        ({"time_zone": ""}, UnknownTimeZone),
        ({"fiscal_year_start_month": 13}, InvalidFiscalYearStart),
        ({"fiscal_year_start_month": 0}, InvalidFiscalYearStart),
    ],
)
def test_refuses_a_value_that_makes_no_sense_and_writes_nothing(values, error):
    with pytest.raises(error):
        create(**values)

    assert not Organization.objects.exists()


@pytest.mark.parametrize("slug", ["nobody", "", "a\x00b"])
def test_an_unknown_organization_is_not_found(slug):
    with pytest.raises(OrganizationNotFound):
        get_organization(slug)


def test_the_command_makes_it_with_its_chart():
    said = command("acme", "--name", "Acme", "--currency", "KES", "--chart", "school")

    organization = get_organization("acme")
    accounts = Account.objects.of(organization)
    assert f"{accounts.count()} accounts" in said
    assert set(accounts.values_list("currency", flat=True)) == {"KES"}


def test_the_command_says_so_and_changes_nothing_when_it_exists():
    command("acme", "--name", "Acme", "--currency", "GBP", "--chart", "retail")
    accounts = Account.objects.count()

    said = command("acme", "--name", "Other", "--currency", "USD", "--chart", "school")

    assert "exists already" in said
    assert get_organization("acme").name == "Acme"
    assert Account.objects.count() == accounts


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--currency", "GBX", "--chart", "retail"), "GBX"),
        (("--currency", "GBP", "--chart", "bakery"), "bakery"),
        (("--currency", "GBP", "--time-zone", "Nowhere"), "Nowhere"),
    ],
)
def test_the_command_names_what_is_wrong_and_makes_nothing(arguments, message):
    with pytest.raises(CommandError, match=message) as refused:
        command("acme", "--name", "Acme", *arguments)

    assert refused.value.returncode == 1
    assert not Organization.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_command_is_all_or_nothing(monkeypatch):
    def refuse(**_):
        raise UnknownCurrency(currency="XYZ")

    monkeypatch.setattr("ledger.services.charts.import_chart", refuse)

    with pytest.raises(CommandError, match="XYZ"):
        command("acme", "--name", "Acme", "--currency", "GBP", "--chart", "retail")

    assert not Organization.objects.exists()
