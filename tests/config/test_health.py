"""What watches the program gets its answer, whatever else is wrong."""

import json
from typing import Any
from unittest.mock import patch

import pytest
from django.db import OperationalError, connection


def test_says_that_the_process_lives_without_asking_the_database(client):
    answer = client.get("/healthz")

    assert answer.status_code == 200
    assert answer.json() == {"status": "ok"}


@pytest.mark.django_db
def test_is_ready_when_the_database_answers(client):
    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()["database"]) == (200, "ok")


def test_is_not_ready_when_the_database_is_away(client):
    with patch.object(connection, "cursor", side_effect=OperationalError):
        answer = client.get("/readyz")

    assert (answer.status_code, answer.json()["database"]) == (503, "away")


def test_answers_a_probe_that_calls_it_by_its_address(client, settings):
    settings.ALLOWED_HOSTS = ["books.example.com"]
    settings.SECURE_SSL_REDIRECT = True

    assert client.get("/healthz", headers={"host": "10.1.2.3:8000"}).status_code == 200


@pytest.mark.parametrize(
    ("token", "sent", "status"),
    [("", "", 404), ("secret", "", 401), ("secret", "Bearer guess", 401)],
)
def test_keeps_its_figures_to_itself_in_production(client, settings, token, sent, status):
    settings.PRODUCTION, settings.METRICS_TOKEN = True, token

    assert client.get("/metrics", headers={"authorization": sent}).status_code == status


def test_gives_its_figures_to_who_knows_the_token(client, settings):
    settings.METRICS_TOKEN = "secret"

    answer = client.get("/metrics", headers={"authorization": "Bearer secret"})

    assert b"django_http_requests" in answer.content


@pytest.mark.django_db
class TestRequestId:
    def test_says_back_the_callers_own(self, client):
        assert ask(client, "checkout-7f3a:1")["X-Request-ID"] == "checkout-7f3a:1"

    @pytest.mark.parametrize("hostile", ["", "a b", 'x"}\n{"', "x" * 101, "é"])
    def test_replaces_one_that_could_forge_a_log_line(self, client, hostile):
        given = ask(client, hostile)["X-Request-ID"]

        assert given != hostile
        assert len(given) == 36

    def test_is_the_one_in_the_logs(self, client, caplog):
        with caplog.at_level("INFO", "django_structlog"):
            ask(client, "checkout-1")

        assert {event["request_id"] for event in map(event_of, caplog.records)} == {"checkout-1"}


@pytest.mark.django_db
def test_only_the_admin_may_evaluate_scripts(client):
    assert "'unsafe-eval'" in ask(client, "x")["Content-Security-Policy"]
    assert "'unsafe-eval'" not in client.get("/elsewhere")["Content-Security-Policy"]


def ask(client: Any, request_id: str) -> Any:
    return client.get("/admin/login/", headers={"x-request-id": request_id})


def event_of(record: Any) -> dict[str, Any]:
    event: dict[str, Any] = record.msg if isinstance(record.msg, dict) else json.loads(record.msg)
    return event
