"""Where an organization's alerts go: its owner says so, and gets the secret once."""

import json

import pytest
from django.urls import reverse

from organizations.errors import InvalidAlertThreshold, InvalidWebhookUrl, NoWebhook
from organizations.models import AuditEvent, Organization
from organizations.services.settings import change_settings, renew_webhook_secret
from tests.api import send

pytestmark = pytest.mark.django_db

URL = "https://ops.example.com/hooks?team=books"


def fresh(organization):
    return Organization.objects.get(pk=organization.pk)


def settings_url(organization):
    return reverse("admin:organizations_organization_change", args=[organization.pk])


def secret_url(organization):
    return reverse("admin:organizations_organization_renew_secret", args=[organization.pk])


@pytest.mark.parametrize("url", [URL, "http://10.0.0.8:8080/x", "https://[2001:db8::1]/", ""])
def test_sets_where_alerts_go(acme, as_olga, url):
    change_settings(actor=as_olga, operations_webhook_url="https://old.example.com")

    change_settings(actor=as_olga, operations_webhook_url=url, alert_threshold_count=5)

    found = fresh(acme)
    assert (found.operations_webhook_url, found.alert_threshold_count) == (url, 5)
    event = AuditEvent.objects.of(acme).filter(action="change_settings").first()
    assert event.before["operations_webhook_url"] == "https://old.example.com"
    assert event.after["alert_threshold_count"] == 5


@pytest.mark.parametrize(
    "url",
    [
        "ftp://ops.example.com/",
        "file:///etc/passwd",
        "ops.example.com",
        "https://",
        "https:///path",
        "https://olga:secret@ops.example.com/",
        "https://ops.example.com:99999/",
        "https://ops.example.com/a b",
        "https://ops.example.com/\r\nHost: other",
        "https://öps.example.com/",
        "HTTPS://ops.example.com/",
        "https://ops.example.com/" + "x" * 500,
        "https://[::1/",
        "javascript:alert(1)",
    ],
)
def test_refuses_an_address_that_is_none(acme, as_olga, url):
    with pytest.raises(InvalidWebhookUrl):
        change_settings(actor=as_olga, operations_webhook_url=url)

    assert fresh(acme).operations_webhook_url == ""


@pytest.mark.parametrize("count", [-1, 2**31])
def test_refuses_a_threshold_that_is_none(as_olga, count):
    with pytest.raises(InvalidAlertThreshold):
        change_settings(actor=as_olga, alert_threshold_count=count)


def test_a_secret_is_made_and_is_in_no_audit_event(acme, as_olga):
    change_settings(actor=as_olga, operations_webhook_url=URL)

    first = renew_webhook_secret(actor=as_olga)
    second = renew_webhook_secret(actor=as_olga)

    assert first != second == fresh(acme).operations_webhook_secret
    assert second.startswith("whsec_")
    events = AuditEvent.objects.of(acme).filter(action="renew_webhook_secret")
    assert events.count() == 2
    written = json.dumps([[e.before, e.after, e.facts] for e in AuditEvent.objects.of(acme)])
    assert "whsec_" not in written


def test_without_an_address_there_is_nothing_to_sign(acme, as_olga):
    with pytest.raises(NoWebhook):
        renew_webhook_secret(actor=as_olga)

    assert fresh(acme).operations_webhook_secret == ""


def test_the_owner_sees_the_secret_once(acme, as_olga, olga, signed_in):
    change_settings(actor=as_olga, operations_webhook_url=URL)
    client = signed_in(olga)

    asked = client.get(secret_url(acme))
    answer = client.post(secret_url(acme))

    secret = fresh(acme).operations_webhook_secret
    assert "Make a new webhook secret?" in asked.content.decode()
    assert secret in answer.content.decode()
    assert "no-store" in answer.headers["Cache-Control"]
    assert secret not in client.get(settings_url(acme)).content.decode()


def test_the_button_is_there_when_there_is_an_address(acme, as_olga, olga, signed_in):
    client = signed_in(olga)

    assert "New webhook secret" not in shown_actions(client, acme)

    change_settings(actor=as_olga, operations_webhook_url=URL)

    assert "New webhook secret" in shown_actions(client, acme)


def shown_actions(client, organization):
    return client.get(settings_url(organization)).content.decode().replace("“New webhook", "")


@pytest.mark.parametrize("name", ["carol", "alice", "bob", "mallory"])
def test_nobody_but_the_owner_makes_a_secret(acme, as_olga, name, signed_in, request):
    change_settings(actor=as_olga, operations_webhook_url=URL)

    answer = signed_in(request.getfixturevalue(name)).post(secret_url(acme))

    assert answer.status_code in (403, 404)
    assert fresh(acme).operations_webhook_secret == ""


def test_the_settings_page_sets_both(acme, olga, signed_in):
    form = {
        "name": "Acme Ltd",
        "country": "GB",
        "currency": "GBP",
        "time_zone": "UTC",
        "fiscal_year_start_month": "1",
        "threshold": "",
        "alert_threshold_count": "3",
        "operations_webhook_url": URL,
    }
    client = signed_in(olga)

    client.post(settings_url(acme), form)

    found = fresh(acme)
    assert (found.operations_webhook_url, found.alert_threshold_count) == (URL, 3)

    answer = client.post(settings_url(acme), form | {"operations_webhook_url": "ftp://x"})

    [said] = answer.context["adminform"].form.errors["operations_webhook_url"]
    assert "is no address for a webhook" in said
    assert fresh(acme).operations_webhook_url == URL


def test_the_secret_is_not_in_the_api(acme, as_olga, api):
    change_settings(actor=as_olga, operations_webhook_url=URL)
    secret = renew_webhook_secret(actor=as_olga)

    assert secret not in send(api, "GET", "/organization").content.decode()
