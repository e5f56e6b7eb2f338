"""`Idempotency-Key`: the same request is carried out once, and answered as often as it comes."""

import json
import threading
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection, connections
from django.test import Client
from django.utils import timezone

from ledger.errors import BooksBusy
from ledger.models import JournalEntry
from ledger.selectors.balances import balance_at
from ledger.services.entries import submit_entries
from organizations.models import AuditEvent, IdempotencyKey
from organizations.services.idempotency import delete_expired_keys
from tests.api import SALE, code_of, send

KEY = {"Idempotency_Key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}


@pytest.mark.django_db
class TestOneAfterTheOther:
    def test_answers_the_same_request_with_the_stored_answer(self, api):
        first = send(api, "POST", "/journal-entries", SALE, **KEY)
        second = send(api, "POST", "/journal-entries", SALE, **KEY)

        assert (first.status_code, second.status_code) == (201, 201)
        assert first.content == second.content
        assert "Idempotency-Replayed" not in first
        assert second["Idempotency-Replayed"] == "true"
        assert second["Content-Type"] == first["Content-Type"]
        assert JournalEntry.objects.count() == 1

    def test_carries_nothing_out_twice(self, api, acme):
        entry = send(api, "POST", "/journal-entries", SALE).json()
        path = f"/journal-entries/{entry['id']}/void"
        audited = AuditEvent.objects.count()

        first = send(api, "POST", path, {"reason": "Wrong"}, **KEY)
        second = send(api, "POST", path, {"reason": "Wrong"}, **KEY)

        assert (first.status_code, second.status_code) == (201, 201)
        assert first.content == second.content
        assert balance_at(acme, "1100") == 0
        assert AuditEvent.objects.count() == audited + 1

    @pytest.mark.parametrize(
        ("path", "content"),
        [
            ("/journal-entries", {**SALE, "description": "Another"}),
            ("/journal-entries/bulk", {"entries": [SALE]}),
            ("/accounts", SALE),
        ],
    )
    def test_refuses_the_key_with_another_request(self, api, path, content):
        send(api, "POST", "/journal-entries", SALE, **KEY)

        answer = send(api, "POST", path, content, **KEY)

        assert answer.status_code == 422
        assert code_of(answer) == "idempotency_key_reused"

    def test_tells_bodies_apart_by_their_bytes(self, api):
        send(api, "POST", "/journal-entries", SALE, **KEY)

        spaced = json.dumps(SALE, indent=1)
        answer = api.post(
            "/api/v1/journal-entries",
            spaced,
            content_type="application/json",
            headers={"Idempotency-Key": KEY["Idempotency_Key"]},
        )

        assert code_of(answer) == "idempotency_key_reused"

    def test_refuses_the_key_to_another_caller_of_the_same_organization(self, api, acme, make_key):
        _, text = make_key(acme)
        send(api, "POST", "/journal-entries", SALE, **KEY)

        other = Client(headers={"Authorization": f"Api-Key {text}"})

        assert code_of(send(other, "POST", "/journal-entries", SALE, **KEY)) == (
            "idempotency_key_reused"
        )

    def test_keeps_organizations_apart(self, api, mallorys_api):
        ours = send(api, "POST", "/journal-entries", SALE, **KEY)
        theirs = send(mallorys_api, "POST", "/journal-entries", SALE, **KEY)

        assert (ours.status_code, theirs.status_code) == (201, 201)
        assert ours.json()["id"] != theirs.json()["id"]

    def test_repeats_a_refusal_by_the_books_also_when_it_would_pass_by_now(self, api, acme):
        unknown = {**SALE, "lines": [{"account": "n1", "debit": 1}, {"account": "n2", "credit": 1}]}

        first = send(api, "POST", "/journal-entries", unknown, **KEY)
        for code in ("n1", "n2"):
            send(api, "POST", "/accounts", {"code": code, "name": code, "type": "asset"})
        second = send(api, "POST", "/journal-entries", unknown, **KEY)
        anew = send(api, "POST", "/journal-entries", unknown)

        assert (first.status_code, second.status_code, anew.status_code) == (422, 422, 201)
        assert first.content == second.content
        assert second["Idempotency-Replayed"] == "true"

    @pytest.mark.parametrize(
        "content",
        [{**SALE, "colour": "red"}, {**SALE, "effective_on": "2010-02-30"}],
    )
    def test_does_not_keep_what_was_malformed(self, api, content):
        first = send(api, "POST", "/journal-entries", content, **KEY)
        second = send(api, "POST", "/journal-entries", SALE, **KEY)

        assert (first.status_code, second.status_code) == (400, 201)

    def test_does_not_keep_what_was_not_allowed(self, acme, api, make_key):
        _, text = make_key(acme, "ledger:read")
        reader = Client(headers={"Authorization": f"Api-Key {text}"})

        assert send(reader, "POST", "/journal-entries", SALE, **KEY).status_code == 403
        assert not IdempotencyKey.objects.exists()

    def test_does_not_keep_a_failure_of_the_database(self, api, monkeypatch):
        def fail(**_: Any) -> None:
            raise OperationalError("server closed the connection unexpectedly")

        with monkeypatch.context() as patch:
            patch.setattr("ledger.api.entries.submit_entries", fail)
            lost = send(api, "POST", "/journal-entries", SALE, **KEY)
        again = send(api, "POST", "/journal-entries", SALE, **KEY)

        assert lost.status_code == 503
        assert code_of(lost) == "outcome_unknown"
        assert lost["Retry-After"] == "1"
        assert again.status_code == 201

    def test_does_not_keep_a_bug(self, api, monkeypatch):
        def fail(**_: Any) -> None:
            raise ZeroDivisionError

        with monkeypatch.context() as patch:
            patch.setattr("ledger.api.entries.submit_entries", fail)
            broken = send(api, "POST", "/journal-entries", SALE, **KEY)

        assert broken.status_code == 500
        assert code_of(broken) == "internal_error"
        assert send(api, "POST", "/journal-entries", SALE, **KEY).status_code == 201

    def test_keeps_an_answer_without_a_body(self, api):
        pending = send(api, "POST", "/journal-entries", {**SALE, "status": "pending"}).json()
        path = f"/journal-entries/{pending['id']}"

        first = send(api, "DELETE", path, **KEY)
        second = send(api, "DELETE", path, **KEY)

        assert (first.status_code, second.status_code) == (204, 204)
        assert second["Idempotency-Replayed"] == "true"

    def test_forgets_a_key_when_its_time_is_over(self, api, acme):
        send(api, "POST", "/journal-entries", SALE, **KEY)
        IdempotencyKey.objects.of(acme).update(expires_at=timezone.now() - timedelta(seconds=1))

        other = {**SALE, "reference": "another"}
        answer = send(api, "POST", "/journal-entries", other, **KEY)

        assert answer.status_code == 201
        assert answer.json()["reference"] == "another"
        assert send(api, "POST", "/journal-entries", other, **KEY)["Idempotency-Replayed"] == "true"

    def test_keeps_a_key_for_a_day(self, api, acme):
        send(api, "POST", "/journal-entries", SALE, **KEY)

        [stored] = IdempotencyKey.objects.of(acme)
        assert stored.expires_at - stored.created_at == timedelta(hours=24)

    def test_deletes_expired_keys_of_one_organization(self, api, mallorys_api, acme):
        for client in (api, mallorys_api):
            send(client, "POST", "/journal-entries", SALE, **KEY)
        tomorrow = timezone.now() + timedelta(hours=25)

        assert delete_expired_keys(acme, timezone.now()) == 0
        assert delete_expired_keys(acme, tomorrow) == 1
        assert IdempotencyKey.objects.count() == 1

    @pytest.mark.parametrize("key", ["", "k" * 256, "tab\tkey", "schl\u00fcssel"])
    def test_refuses_a_key_that_cannot_be_one(self, api, key):
        answer = send(api, "POST", "/journal-entries", SALE, Idempotency_Key=key)

        assert answer.status_code == 400
        assert code_of(answer) == "invalid_idempotency_key"
        assert not JournalEntry.objects.exists()

    def test_takes_the_longest_key(self, api):
        answer = send(api, "POST", "/journal-entries", SALE, Idempotency_Key="k" * 255)

        assert answer.status_code == 201

    def test_pays_no_heed_to_a_key_on_a_read(self, api):
        assert send(api, "GET", "/journal-entries", **KEY).status_code == 200
        assert not IdempotencyKey.objects.exists()


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def at_once(self, count: int, key_text: str, **headers: str) -> list[Any]:
        """The answers to the same request from that many threads, each with its connection."""
        start = threading.Barrier(count)
        answers: list[Any] = []

        def ask() -> None:
            client = Client(headers={"Authorization": f"Api-Key {key_text}"})
            start.wait()
            try:
                answers.append(send(client, "POST", "/journal-entries", SALE, **headers))
            finally:
                connections.close_all()

        threads = [threading.Thread(target=ask) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
        return answers

    def test_twenty_threads_with_one_key_and_reference_post_once(self, acme, key_text):
        answers = self.at_once(20, key_text, **KEY)

        codes = Counter(answer.status_code for answer in answers)
        assert len(answers) == 20
        assert set(codes) <= {201, 409}
        assert codes[201] >= 1
        posted = [answer for answer in answers if answer.status_code == 201]
        assert len({answer.content for answer in posted}) == 1
        assert sum("Idempotency-Replayed" not in answer for answer in posted) == 1
        running = [answer for answer in answers if answer.status_code == 409]
        assert {code_of(answer) for answer in running} <= {"idempotency_key_in_use"}
        assert JournalEntry.objects.count() == 1
        assert balance_at(acme, "1100") == 163_47
        assert IdempotencyKey.objects.count() == 1
        assert AuditEvent.objects.filter(action="post_entries").count() == 1

    def test_twenty_threads_with_one_reference_and_no_key_post_once(self, acme, key_text):
        answers = self.at_once(20, key_text)

        assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]
        assert len({answer.json()["id"] for answer in answers}) == 1
        assert balance_at(acme, "1100") == 163_47

    def test_the_constraint_alone_keeps_a_key_to_one_request(self, acme, key_text, monkeypatch):
        """Without the courtesy of the advisory lock everybody works, and one stores."""
        monkeypatch.setattr(
            "organizations.services.idempotency._BEGIN",
            """SELECT %s::text || %s::text <> '', k.fingerprint, k.status_code, k.content_type,
                      k.body
                 FROM (SELECT) one
                 LEFT JOIN organizations_idempotencykey k
                   ON k.organization_id = %s AND k.key = %s AND k.expires_at > %s""",
        )

        answers = self.at_once(10, key_text, **KEY)

        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.content for answer in answers}) == 1
        assert sum("Idempotency-Replayed" not in answer for answer in answers) == 1
        assert JournalEntry.objects.count() == 1
        assert IdempotencyKey.objects.count() == 1
        assert balance_at(acme, "1100") == 163_47

    def test_answers_409_at_once_while_the_first_is_running(self, acme, key_text, monkeypatch):
        submit = submit_entries
        is_in, may_go_on = threading.Event(), threading.Event()

        def slowly(**given: Any) -> Any:
            posted = submit(**given)
            is_in.set()
            assert may_go_on.wait(30)
            return posted

        monkeypatch.setattr("ledger.api.entries.submit_entries", slowly)
        answers: list[Any] = []
        first = threading.Thread(target=lambda: answers.extend(self.at_once(1, key_text, **KEY)))
        first.start()
        assert is_in.wait(30)
        try:
            [second] = self.at_once(1, key_text, **KEY)
        finally:
            may_go_on.set()
            first.join(timeout=60)

        assert second.status_code == 409
        assert code_of(second) == "idempotency_key_in_use"
        assert answers[0].status_code == 201
        [third] = self.at_once(1, key_text, **KEY)
        assert third.content == answers[0].content
        assert third["Idempotency-Replayed"] == "true"

    def test_stores_the_answer_in_the_transaction_of_the_work(self, acme, key_text, monkeypatch):
        def fail(*_: Any) -> bool:
            raise OperationalError("the connection went away before the commit")

        monkeypatch.setattr("organizations.services.idempotency._store", fail)

        [answer] = self.at_once(1, key_text, **KEY)

        assert answer.status_code == 503
        assert code_of(answer) == "outcome_unknown"
        assert not JournalEntry.objects.exists()
        assert not AuditEvent.objects.filter(action="post_entries").exists()

    def test_a_connection_that_is_killed_before_its_commit_is_503_and_may_be_repeated(
        self, acme, key_text, monkeypatch
    ):
        def killed(**given: Any) -> Any:
            posted = submit_entries(**given)
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
            return posted

        with monkeypatch.context() as patch:
            patch.setattr("ledger.api.entries.submit_entries", killed)
            [lost] = self.at_once(1, key_text, **KEY)
        before = JournalEntry.objects.count()
        [again] = self.at_once(1, key_text, **KEY)

        assert (lost.status_code, code_of(lost)) == (503, "outcome_unknown")
        assert before == 0
        assert again.status_code == 201
        assert "Idempotency-Replayed" not in again
        assert JournalEntry.objects.count() == 1

    def test_books_that_are_busy_are_503_and_not_kept(self, acme, key_text, monkeypatch):
        def busy(**_: Any) -> None:
            try:
                _give_up_waiting()
            except OperationalError as error:
                raise BooksBusy() from error

        monkeypatch.setattr("ledger.api.periods.close_books", busy)
        client = Client(headers={"Authorization": f"Api-Key {key_text}"})

        answer = send(client, "POST", "/periods/close", {"through": "2010-12-31"}, **KEY)

        assert (answer.status_code, code_of(answer)) == (503, "books_busy")
        assert answer["Retry-After"] == "1"
        assert not IdempotencyKey.objects.exists()

    def test_a_wait_for_a_lock_that_was_given_up_is_503_and_not_kept(
        self, acme, key_text, monkeypatch
    ):
        monkeypatch.setattr(
            "ledger.api.entries.submit_entries",
            lambda **_: _give_up_waiting(),
        )

        [answer] = self.at_once(1, key_text, **KEY)

        assert answer.status_code == 503
        assert code_of(answer) == "busy"
        assert answer["Retry-After"] == "1"
        assert not IdempotencyKey.objects.exists()


def _give_up_waiting() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DO $$ BEGIN RAISE EXCEPTION 'no lock' USING ERRCODE = '55P03'; END $$")
