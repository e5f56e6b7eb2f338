"""What holds for every request: credentials, request ids, errors in one shape, throttling."""

import json
import time
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone
from django_redis.cache import RedisCache

from core.api import throttling
from core.api.errors import Throttled
from core.read_through.back_off import BackOff
from organizations.actors import Actor
from organizations.models import ApiKey
from organizations.services.keys import revoke_api_key
from tests.api import ROOT, SALE, code_of, send
from tests.core.redis_servers import SilentServer
from tests.factories import UserFactory


def with_key(text: str, scheme: str = "Api-Key") -> Client:
    return Client(headers={"Authorization": f"{scheme} {text}"})


@pytest.mark.django_db
class TestCredentials:
    @pytest.mark.parametrize(
        "authorization",
        [
            "",
            "Api-Key",
            "Api-Key ",
            "Api-Key nonsense",
            "Api-Key ch_aaaaaaaa_bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
            "Api-Key \u00fc\u00fc\u00fc",
            "Api-Key " + "x" * 5000,
            "Bearer token",
            "Basic YTpi",
        ],
    )
    def test_refuses_a_bad_one(self, authorization):
        answer = send(Client(headers={"Authorization": authorization}), "GET", "/accounts")

        assert answer.status_code == 401
        assert code_of(answer) == "authentication_failed"
        assert answer["WWW-Authenticate"] == 'Api-Key realm="api"'

    def test_refuses_a_key_with_another_secret(self, key_text):
        assert send(with_key(key_text[:-1] + "~"), "GET", "/accounts").status_code == 401

    def test_takes_the_scheme_in_any_case(self, key_text):
        assert send(with_key(key_text, "api-key"), "GET", "/accounts").status_code == 200

    def test_refuses_a_key_from_the_moment_it_is_revoked(self, acme, make_key):
        key, text = make_key(acme)
        assert send(with_key(text), "GET", "/accounts").status_code == 200

        revoke_api_key(actor=Actor.system(acme), api_key=key)

        assert send(with_key(text), "GET", "/accounts").status_code == 401
        assert send(with_key(text), "POST", "/journal-entries", SALE).status_code == 401

    def test_refuses_a_key_from_the_moment_it_expires(self, acme, make_key):
        key, text = make_key(acme, expires_at=timezone.now() + timedelta(hours=1))
        assert send(with_key(text), "GET", "/accounts").status_code == 200

        ApiKey.objects.of(acme).filter(pk=key.pk).update(expires_at=timezone.now())

        assert send(with_key(text), "GET", "/accounts").status_code == 401

    def test_notes_when_a_key_was_last_used(self, acme, make_key):
        key, text = make_key(acme)

        send(with_key(text), "GET", "/accounts")

        key.refresh_from_db()
        assert timezone.now() - key.last_used_at < timedelta(minutes=1)

    def test_a_key_that_is_sent_counts_and_not_the_session_beside_it(self, signed_in, alice):
        client = signed_in(alice)

        answer = client.get(f"{ROOT}/accounts", headers={"Authorization": "Api-Key nonsense"})

        assert answer.status_code == 401

    def test_a_user_without_an_organization_is_told_so(self, signed_in):
        answer = send(signed_in(UserFactory()), "GET", "/accounts")

        assert answer.status_code == 403
        assert code_of(answer) == "no_organization"

    def test_a_user_who_was_switched_off_is_not_let_in(self, signed_in, alice):
        client = signed_in(alice)
        alice.is_active = False
        alice.save()

        assert send(client, "GET", "/accounts").status_code == 401


@pytest.mark.django_db
class TestCsrf:
    def browser(self, user: Any) -> Client:
        client = Client(enforce_csrf_checks=True)
        client.force_login(user)
        return client

    def test_a_session_writes_only_with_its_token(self, alice):
        browser = self.browser(alice)

        answer = send(browser, "POST", "/journal-entries", SALE)

        assert answer.status_code == 403
        assert code_of(answer) == "csrf_failed"

    def test_a_session_reads_without(self, alice):
        assert send(self.browser(alice), "GET", "/accounts").status_code == 200

    def test_a_session_writes_with_its_token(self, alice):
        browser = self.browser(alice)
        token = "a" * 32
        browser.cookies["csrftoken"] = token

        answer = send(browser, "POST", "/journal-entries", SALE, X_CSRFToken=token)

        assert answer.status_code == 201

    def test_a_key_needs_no_token(self, key_text):
        client = Client(enforce_csrf_checks=True, headers={"Authorization": f"Api-Key {key_text}"})

        assert send(client, "POST", "/journal-entries", SALE).status_code == 201


@pytest.mark.django_db
class TestRequestIds:
    def test_says_the_callers_own_back_and_keeps_it_in_the_audit_trail(self, api):
        answer = send(api, "POST", "/journal-entries", SALE, X_Request_ID="order-17:retry.2")

        assert answer["X-Request-ID"] == "order-17:retry.2"
        [event] = send(api, "GET", "/audit-events", {"action": "post_entries"}).json()["results"]
        assert event["request_id"] == "order-17:retry.2"

    @pytest.mark.parametrize("given", ["", "a b", "a\u00fc", "x" * 101, "<script>"])
    def test_makes_one_where_the_callers_is_not_sane(self, api, given):
        answer = send(api, "GET", "/ping", X_Request_ID=given)

        assert answer["X-Request-ID"] != given
        assert len(answer["X-Request-ID"]) == 36

    def test_stands_in_every_error(self, api):
        answer = send(api, "GET", "/nothing", X_Request_ID="mine")

        assert answer.json()["request_id"] == "mine"


@pytest.mark.django_db
class TestErrors:
    @pytest.mark.parametrize(
        "path",
        [
            "/api/v1/nothing",
            "/api/v1/",
            "/api/v1/accounts/",
            "/api/v1/journal-entries/not-a-uuid",
            "/api/v1/accounts/a%00b",
            "/api/v1/accounts/a%2Fb",
            "/api/v1/reports/nothing",
            "/api/v2/accounts",
            "/api/",
        ],
    )
    def test_an_unknown_route_is_404_in_the_one_shape(self, api, path):
        answer = api.get(path)

        assert answer.status_code == 404
        assert answer["Content-Type"] == "application/json"
        assert answer.json()["type"] == "client_error"
        assert code_of(answer) in ("not_found", "account_not_found")

    @pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "LINK"])
    def test_an_unknown_method_is_405_and_names_those_that_there_are(self, api, method):
        answer = send(api, method, "/accounts", {})

        assert answer.status_code == 405
        assert code_of(answer) == "method_not_allowed"
        assert answer["Allow"] == "GET, POST, HEAD"

    def test_a_head_is_like_a_get_without_its_body(self, api):
        answer = api.head(f"{ROOT}/accounts")

        assert answer.status_code == 200
        assert answer.content == b""

    def test_a_bug_is_500_in_the_one_shape_and_says_nothing_of_itself(self, api, monkeypatch):
        def fail(*_: Any, **__: Any) -> None:
            raise RuntimeError("a secret detail")

        monkeypatch.setattr("ledger.api.accounts.list_accounts", fail)

        answer = send(api, "GET", "/accounts")

        assert answer.status_code == 500
        assert answer.json()["type"] == "server_error"
        assert code_of(answer) == "internal_error"
        assert b"secret" not in answer.content

    def test_a_lost_database_is_503_on_a_read(self, api, monkeypatch):
        def fail(*_: Any, **__: Any) -> None:
            raise OperationalError("connection refused")

        monkeypatch.setattr("organizations.api.callers.find_api_key", fail)

        answer = send(api, "GET", "/accounts")

        assert answer.status_code == 503
        assert code_of(answer) == "database_unavailable"
        assert answer["Retry-After"] == "1"

    def test_a_host_that_is_not_ours_is_refused_in_the_one_shape(self, api):
        answer = api.get(f"{ROOT}/accounts", headers={"Host": "evil.example"})

        assert answer.status_code == 400
        assert answer.json()["errors"][0]["code"] == "bad_request"

    def test_other_pages_keep_their_own_errors(self, client):
        answer = client.get("/nothing")

        assert answer.status_code == 404
        assert answer["Content-Type"].startswith("text/html")


@pytest.mark.django_db
class TestThrottling:
    @pytest.fixture(autouse=True)
    def anew(self, monkeypatch: Any) -> None:
        monkeypatch.setattr(throttling, "_here", throttling.Counter())

    def test_refuses_beyond_the_limit_and_says_when_to_go_on(self, api, settings):
        settings.API_REQUESTS_PER_MINUTE = 3

        answers = [send(api, "GET", "/periods") for _ in range(4)]

        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert code_of(answers[3]) == "throttled"
        assert 1 <= int(answers[3]["Retry-After"]) <= 61

    def test_counts_each_caller_alone(self, api, mallorys_api, settings):
        settings.API_REQUESTS_PER_MINUTE = 1
        send(api, "GET", "/periods")

        assert send(api, "GET", "/periods").status_code == 429
        assert send(mallorys_api, "GET", "/periods").status_code == 200

    def test_begins_anew_each_minute(self, settings):
        settings.API_REQUESTS_PER_MINUTE = 1
        throttling.throttle("a", now=60.0)
        with pytest.raises(Throttled) as refused:
            throttling.throttle("a", now=100.0)

        throttling.throttle("a", now=120.0)

        assert refused.value.headers["Retry-After"] == "21"

    def test_is_without_a_limit_where_that_is_0(self, api, settings):
        settings.API_REQUESTS_PER_MINUTE = 0

        assert {send(api, "GET", "/periods").status_code for _ in range(5)} == {200}

    @pytest.mark.redis
    def test_counts_in_redis_for_all_processes(self, settings, monkeypatch):
        settings.API_REQUESTS_PER_MINUTE = 2
        settings.API_THROTTLE_IN_REDIS = True
        from uuid import uuid4

        caller = f"test:{uuid4()}"
        throttling.throttle(caller, now=60.0)
        # Another process counts from nothing by itself.
        monkeypatch.setattr(throttling, "_here", throttling.Counter())
        throttling.throttle(caller, now=60.0)
        monkeypatch.setattr(throttling, "_here", throttling.Counter())

        with pytest.raises(Throttled):
            throttling.throttle(caller, now=60.0)

    def test_hardly_waits_for_a_redis_that_hangs_and_counts_here(self, settings, monkeypatch):
        settings.API_REQUESTS_PER_MINUTE = 2
        settings.API_THROTTLE_IN_REDIS = True
        monkeypatch.setattr(throttling, "_back_off", BackOff())
        with closing(SilentServer()) as silent:
            address = f"{silent.url}&socket_timeout=0.06&socket_connect_timeout=0.06"
            cache = RedisCache(address, settings.CACHES["figures"])
            monkeypatch.setattr(throttling, "caches", {"figures": cache})
            began = time.monotonic()
            throttling.throttle("a", now=60.0)
            throttling.throttle("a", now=60.0)
            waited_s = time.monotonic() - began

            with pytest.raises(Throttled):
                throttling.throttle("a", now=60.0)

        assert waited_s < 0.2
        assert len(silent.connections) == 1


@pytest.mark.django_db
class TestOpenPages:
    def test_ping_answers_everybody(self, client):
        answer = send(client, "GET", "/ping")

        assert answer.json() == {
            "status": "ok",
            "version": "1",
            "organization": None,
            "caller": None,
        }

    def test_ping_says_whose_key_it_is(self, api):
        assert send(api, "GET", "/ping").json()["organization"] == "acme"

    def test_ping_checks_a_key_that_is_sent(self):
        assert send(with_key("nonsense"), "GET", "/ping").status_code == 401

    def test_the_schema_needs_no_key(self, client):
        answer = send(client, "GET", "/schema")

        assert answer.json()["openapi"].startswith("3.")
        assert f"{ROOT}/journal-entries/bulk" in answer.json()["paths"]

    def test_the_schema_comes_as_yaml_too(self, client):
        import yaml

        described = yaml.safe_load(send(client, "GET", "/schema", {"format": "yaml"}).content)

        assert described == json.loads(send(client, "GET", "/schema").content)

    def test_the_documentation_runs_no_script_but_our_own(self, client):
        answer = client.get(f"{ROOT}/docs")

        assert answer.status_code == 200
        page = answer.content.decode()
        assert "https://" not in page
        assert "<script>" not in page
        assert "script-src 'self'" in answer["Content-Security-Policy"]
        script = client.get(f"{ROOT}/docs?script=")
        assert script["Content-Type"].startswith("application/javascript")
        assert "/api/v1/schema" in script.content.decode()
