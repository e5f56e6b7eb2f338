"""An alert is logged, and posted to the organization's operations webhook, signed."""

import base64
import hashlib
import hmac
import json
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from organizations.models import AuditEvent, OutboxMessage
from organizations.services import webhooks
from organizations.services.alerts import WEBHOOK_IS_TRIED_FOR, raise_alert
from organizations.services.outbox import deliver_due
from tests.organizations.webhooks import webhook_server, within

pytestmark = pytest.mark.django_db

SECRET = webhooks.new_webhook_secret()


@pytest.fixture
def webhook():
    with webhook_server() as server:
        yield server


@pytest.fixture
def listening(acme, webhook):
    """Acme, with a webhook that is there."""
    acme.operations_webhook_url = webhook.url + "/hooks/books?team=1"
    acme.operations_webhook_secret = SECRET
    acme.save()
    return acme


def alert(organization, **facts):
    with transaction.atomic():
        raise_alert(organization, "mismatches", message="3 mismatches", **facts)


def posting(organization):
    return OutboxMessage.objects.of(organization).get(topic="alert_webhook")


def deliver(organization, later=timedelta(0)):
    deliver_due(organization, most=10, now=timezone.now() + later)


def test_an_alert_is_logged_as_an_error(acme, caplog):
    alert(acme, run="abc", mismatch_count=3)

    deliver(acme)

    [record] = [r for r in caplog.records if r.levelname == "ERROR"]
    told = record.msg
    assert (told["event"], told["alert"], told["organization"]) == ("alert", "mismatches", "acme")
    assert told["message"] == "3 mismatches"
    assert told["facts"] == {"run": "abc", "mismatch_count": 3}


@pytest.mark.django_db(transaction=True)
def test_an_alert_belongs_to_a_transaction(acme):
    with pytest.raises(RuntimeError):
        raise_alert(acme, "mismatches", message="3 mismatches")


def test_without_a_webhook_nothing_is_posted(acme, webhook):
    alert(acme)

    deliver(acme)

    assert webhook.got == []
    assert posting(acme).delivered_at is not None


def test_the_webhook_gets_the_alert(listening, webhook):
    alert(listening, run="abc")

    deliver(listening)

    assert webhook.paths == ["/hooks/books?team=1"]
    [content] = webhook.contents()
    assert content["type"] == "alert.mismatches"
    assert content["data"] == {
        "organization": "acme",
        "message": "3 mismatches",
        "facts": {"run": "abc"},
    }
    assert posting(listening).delivered_at is not None


def test_the_webhook_can_check_who_sent_it(listening, webhook):
    alert(listening)

    deliver(listening)

    [(headers, body)] = webhook.got
    assert headers["content-type"] == "application/json"
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    assert headers["webhook-signature"] == "v1," + base64.b64encode(digest).decode()
    assert abs(int(headers["webhook-timestamp"]) - timezone.now().timestamp()) < 60


def test_signs_as_the_specification_does():
    """The example of standardwebhooks.com and of its libraries."""
    signature = webhooks.signature_of(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )

    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (500, "answered 500"),
        (404, "answered 404"),
        ("redirect", "answered 302"),
        ("hang up", "no answer"),
        ("nonsense", "no answer: BadStatusLine"),
    ],
)
def test_what_the_webhook_does_not_take_is_posted_again_with_the_same_id(
    listening, webhook, answer, error
):
    webhook.answers = [answer, 204]
    alert(listening)

    deliver(listening)

    assert posting(listening).delivered_at is None
    assert error in posting(listening).last_error

    deliver(listening, later=timedelta(minutes=1))

    assert posting(listening).delivered_at is not None
    first, second = webhook.got
    assert first[0]["webhook-id"] == second[0]["webhook-id"]
    assert first[1] == second[1]


def test_a_redirect_is_not_followed(listening, webhook):
    webhook.answers = ["redirect"]
    alert(listening)

    deliver(listening)

    assert webhook.paths == ["/hooks/books?team=1"]


@pytest.mark.parametrize("answer", ["silent", "drip"])
def test_a_webhook_that_does_not_answer_in_time_is_given_up(
    listening, webhook, answer, monkeypatch
):
    monkeypatch.setattr(webhooks, "ANSWER_TIMEOUT_S", 0.5)
    webhook.answers = [answer]
    alert(listening)

    with within(5):
        deliver(listening)

    assert "no answer" in posting(listening).last_error


def test_a_webhook_that_is_away_delays_no_log_line(listening, caplog):
    listening.operations_webhook_url = "http://127.0.0.1:9/"
    listening.save()
    alert(listening)

    deliver(listening)

    assert any(r.levelname == "ERROR" for r in caplog.records)
    assert "no answer" in posting(listening).last_error


def test_after_three_days_the_webhook_is_tried_no_more(listening, webhook, caplog):
    webhook.answers = [500]
    alert(listening)
    message = posting(listening)
    long_ago = timezone.now() - WEBHOOK_IS_TRIED_FOR - timedelta(minutes=1)
    message.payload["raised_at"] = long_ago.isoformat()
    message.save()

    deliver(listening)

    assert webhook.got == []
    assert posting(listening).delivered_at is not None
    assert "alert_webhook_given_up" in caplog.text


def test_nothing_is_posted_unsigned(listening, webhook):
    listening.operations_webhook_secret = ""
    listening.save()
    alert(listening)

    deliver(listening)

    assert webhook.got == []
    assert "no signing secret" in posting(listening).last_error


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "[::1]", "10.0.0.1", "169.254.169.254", "[::ffff:127.0.0.1]", "localhost"),
        # What a gateway passes on to 169.254.169.254 or 127.0.0.1.
        *("[64:ff9b::a9fe:a9fe]", "[2002:7f00:1::]", "[::127.0.0.1]"),
        # Of a site, and of everybody on it.
        *("[fec0::1]", "[ff02::1]", "224.0.0.1"),
    ],
)
def test_in_production_a_webhook_is_a_public_address(acme, settings, host):
    settings.WEBHOOKS_MAY_BE_PRIVATE = False
    acme.operations_webhook_url = f"http://{host}:9/"
    acme.operations_webhook_secret = SECRET
    acme.save()
    alert(acme)

    deliver(acme)

    assert "is not a public address" in posting(acme).last_error


def test_the_secret_is_in_no_message_and_no_log(listening, webhook, caplog):
    webhook.answers = [500]
    alert(listening)

    deliver(listening)

    told = [json.dumps(m.payload) + m.last_error for m in OutboxMessage.objects.of(listening)]
    assert SECRET not in "".join(told) + caplog.text
    assert not AuditEvent.objects.of(listening).filter(after__icontains=SECRET).exists()
