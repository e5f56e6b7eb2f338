"""Journal entries over HTTP: posted, proposed, edited, approved, voided, listed."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client

from ledger.models import Account, JournalEntry
from ledger.selectors.balances import balance_at
from ledger.services.accounts import create_account
from tests.api import SALE, code_of, send

pytestmark = pytest.mark.django_db


def test_posts_an_entry_and_answers_it_whole(api, acme, api_key):
    answer = send(api, "POST", "/journal-entries", SALE)

    assert answer.status_code == 201
    entry = answer.json()
    assert entry["reference"] == "invoice-536365"
    assert entry["status"] == "posted"
    assert entry["total_amount"] == 163_47
    assert entry["currency"] == "GBP"
    assert entry["maker"]["type"] == "api_key"
    assert [(line["account"], line["debit"], line["credit"]) for line in entry["lines"]] == [
        ("1100", 163_47, 0),
        ("4000", 0, 139_12),
        ("2200", 0, 24_35),
    ]
    assert balance_at(acme, "1100") == 163_47


def test_answers_the_same_entry_again_with_200(api):
    first = send(api, "POST", "/journal-entries", SALE)
    second = send(api, "POST", "/journal-entries", SALE)

    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    assert JournalEntry.objects.count() == 1


def test_refuses_another_entry_under_a_reference_that_is_taken(api):
    send(api, "POST", "/journal-entries", SALE)

    answer = send(api, "POST", "/journal-entries", {**SALE, "effective_on": "2010-12-02"})

    assert answer.status_code == 409
    [error] = answer.json()["errors"]
    assert error["code"] == "reference_conflict"
    assert error["attr"] == "reference"
    assert "effective_on" in error["detail"]


def test_gives_an_entry_by_its_id(api):
    posted = send(api, "POST", "/journal-entries", SALE).json()

    assert send(api, "GET", f"/journal-entries/{posted['id']}").json() == posted


def test_answers_a_new_entry_just_as_it_is_read_later(api, acme, system):
    """Codes, ids and two currencies: what is told from the draft and what is read are the same."""
    dollars = create_account(actor=system, code="usd", name="$", type="asset", currency="USD")
    owed = create_account(actor=system, code="usd-owed", name="$", type="liability", currency="USD")
    cash, sales = Account.objects.of(acme).filter(code__in=["1000", "4000"]).order_by("code")
    pairs = [
        [{"account": "1000", "debit": 5}, {"account": "4000", "credit": 5}],
        [{"account": str(cash.pk), "debit": 5}, {"account": str(sales.pk).upper(), "credit": 5}],
        [{"account": cash.pk.hex, "debit": 5}, {"account": "4000", "credit": 5}],
        [
            {"account": "1000", "debit": 5},
            {"account": "4000", "credit": 5},
            {"account": "usd", "debit": 7},
            {"account": "usd-owed", "credit": 7, "currency": "USD"},
        ],
        [{"account": dollars.code, "debit": 7}, {"account": owed.code, "credit": 7}],
    ]
    for number, lines in enumerate(pairs):
        entry = {**SALE, "reference": f"sale-{number}", "lines": lines}
        answer = send(api, "POST", "/journal-entries", entry)

        assert answer.status_code == 201
        assert send(api, "GET", f"/journal-entries/{answer.json()['id']}").json() == answer.json()


def test_tells_capital_letters_of_a_code_apart(api, acme, system):
    create_account(actor=system, code="till", name="Till", type="asset")
    lines = [{"account": "till", "debit": 5}, {"account": "TILL", "credit": 5}]

    answer = send(api, "POST", "/journal-entries", {**SALE, "lines": lines})

    assert (answer.status_code, code_of(answer)) == (422, "unknown_account")


def statements_of(ask: Any) -> int:
    asked: list[str] = []

    def listen(execute: Any, sql: str, *arguments: Any) -> Any:
        asked.append(sql)
        return execute(sql, *arguments)

    with connection.execute_wrapper(listen):
        assert ask().status_code == 201
    return sum("SAVEPOINT" not in sql for sql in asked)


def test_the_number_of_statements_does_not_grow_with_entries_or_lines(api):
    """The key, the idempotency key, the accounts, the posting, the audit row, the answer kept."""

    def one(count: int) -> int:
        lines = [{"account": "1100", "debit": 1}] * count + [{"account": "4000", "credit": count}]
        entry = {**SALE, "reference": f"lines-{count}", "lines": lines}
        key = f"lines-{count}"
        return statements_of(
            lambda: send(api, "POST", "/journal-entries", entry, Idempotency_Key=key)
        )

    def many(count: int) -> int:
        entries = [{**SALE, "reference": f"of-{count}-{n}"} for n in range(count)]
        key = f"entries-{count}"
        return statements_of(
            lambda: send(
                api, "POST", "/journal-entries/bulk", {"entries": entries}, Idempotency_Key=key
            )
        )

    send(api, "GET", "/periods")

    assert [one(1), one(500), many(1), many(300)] == [6, 6, 6, 6]


def test_voids_an_entry_and_answers_its_reversal(api, acme):
    posted = send(api, "POST", "/journal-entries", SALE).json()

    answer = send(api, "POST", f"/journal-entries/{posted['id']}/void", {"reason": "Wrong"})

    assert answer.status_code == 201
    reversal = answer.json()
    assert reversal["reverses"] == posted["id"]
    assert balance_at(acme, "1100") == 0
    original = send(api, "GET", f"/journal-entries/{posted['id']}").json()
    assert (original["status"], original["reversed_by"]) == ("voided", reversal["id"])


def test_refuses_to_void_twice(api):
    posted = send(api, "POST", "/journal-entries", SALE).json()
    send(api, "POST", f"/journal-entries/{posted['id']}/void", {"reason": "Wrong"})

    answer = send(api, "POST", f"/journal-entries/{posted['id']}/void", {"reason": "Again"})

    assert answer.status_code == 409
    assert answer.json()["errors"][0]["code"] == "already_voided"


def test_proposes_an_entry_that_counts_nowhere_until_it_is_posted(api, acme):
    answer = send(api, "POST", "/journal-entries", {**SALE, "status": "pending"})

    assert answer.status_code == 201
    pending = answer.json()
    assert (pending["status"], pending["posted_at"]) == ("pending", None)
    assert len(pending["lines"]) == 3
    assert balance_at(acme, "1100") == 0

    posted = send(api, "POST", f"/journal-entries/{pending['id']}/post", {})

    assert posted.status_code == 200
    assert posted.json()["status"] == "posted"
    assert posted.json()["checker"]["type"] == "api_key"
    assert balance_at(acme, "1100") == 163_47


def test_edits_a_pending_entry_in_the_revision_that_was_looked_at(api):
    pending = send(api, "POST", "/journal-entries", {**SALE, "status": "pending"}).json()
    path = f"/journal-entries/{pending['id']}"

    edited = send(api, "PUT", path, {**SALE, "description": "Corrected", "revision": 1})
    late = send(api, "PUT", path, {**SALE, "description": "Late", "revision": 1})

    assert edited.status_code == 200
    assert (edited.json()["description"], edited.json()["revision"]) == ("Corrected", 2)
    assert late.status_code == 409
    assert late.json()["errors"][0]["code"] == "entry_changed"


def test_withdraws_a_pending_entry_but_no_posted_one(api):
    pending = send(api, "POST", "/journal-entries", {**SALE, "status": "pending"}).json()
    posted = send(api, "POST", "/journal-entries", {**SALE, "reference": "other"}).json()

    assert send(api, "DELETE", f"/journal-entries/{pending['id']}").status_code == 204
    assert send(api, "GET", f"/journal-entries/{pending['id']}").status_code == 404
    refused = send(api, "DELETE", f"/journal-entries/{posted['id']}")
    assert refused.status_code == 409
    assert refused.json()["errors"][0]["code"] == "entry_not_pending"


def test_a_maker_may_not_approve_their_own_entry_above_the_threshold(
    acme, alice, olga, carol, signed_in
):
    acme.approval_threshold_amount = 100_00
    acme.save()
    mine = signed_in(olga)

    refused = send(mine, "POST", "/journal-entries", SALE)
    pending = send(mine, "POST", "/journal-entries", {**SALE, "status": "pending"}).json()
    own = send(mine, "POST", f"/journal-entries/{pending['id']}/post", {})
    by_carol = send(signed_in(carol), "POST", f"/journal-entries/{pending['id']}/post", {})

    assert refused.status_code == 422
    assert refused.json()["errors"][0]["code"] == "approval_required"
    assert own.status_code == 422
    assert own.json()["errors"][0]["code"] == "own_approval"
    assert by_carol.status_code == 200
    assert by_carol.json()["checker"] == {"type": "user", "id": str(carol.pk)}


def test_an_accountant_posts_their_own_entry_and_may_not_approve_anothers(
    acme, alice, olga, signed_in
):
    own = send(signed_in(alice), "POST", "/journal-entries", {**SALE, "status": "pending"}).json()
    other = send(
        signed_in(olga),
        "POST",
        "/journal-entries",
        {**SALE, "status": "pending", "reference": "olgas"},
    ).json()

    assert (
        send(signed_in(alice), "POST", f"/journal-entries/{own['id']}/post", {}).status_code == 200
    )
    refused = send(signed_in(alice), "POST", f"/journal-entries/{other['id']}/post", {})
    assert refused.status_code == 403


class TestList:
    @pytest.fixture
    def three(self, api: Client) -> None:
        for day in (1, 2, 3):
            entry = {**SALE, "reference": f"sale-{day}", "effective_on": f"2010-12-0{day}"}
            assert send(api, "POST", "/journal-entries", entry).status_code == 201

    def test_gives_the_latest_first(self, api, three):
        listed = send(api, "GET", "/journal-entries").json()

        assert [entry["reference"] for entry in listed["results"]] == ["sale-3", "sale-2", "sale-1"]
        assert (listed["next"], listed["previous"]) == (None, None)
        assert len(listed["results"][0]["lines"]) == 3

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ({"reference": "sale-2"}, ["sale-2"]),
            ({"from": "2010-12-02"}, ["sale-3", "sale-2"]),
            ({"to": "2010-12-02"}, ["sale-2", "sale-1"]),
            ({"from": "2010-12-02", "to": "2010-12-02"}, ["sale-2"]),
            ({"account": "1100"}, ["sale-3", "sale-2", "sale-1"]),
            ({"account": "1000"}, []),
            ({"status": "pending"}, []),
            (
                {"reference_type": "invoice", "reference_id": "536365"},
                ["sale-3", "sale-2", "sale-1"],
            ),
            ({"reference_id": "other"}, []),
        ],
    )
    def test_filters(self, api, three, query, found):
        listed = send(api, "GET", "/journal-entries", query).json()

        assert [entry["reference"] for entry in listed["results"]] == found

    def test_pages_forwards_and_back(self, api, three):
        first = send(api, "GET", "/journal-entries", {"page_size": 2}).json()
        second = api.get(first["next"]).json()
        back = api.get(second["previous"]).json()

        assert [entry["reference"] for entry in second["results"]] == ["sale-1"]
        assert second["next"] is None
        assert back["results"] == first["results"]
        assert back["previous"] is None

    def test_pages_entries_of_one_day_without_gap_or_repetition(self, api):
        entries = [{**SALE, "reference": f"sale-{n}"} for n in range(7)]
        send(api, "POST", "/journal-entries/bulk", {"entries": entries})

        seen = []
        page = send(api, "GET", "/journal-entries", {"page_size": 3}).json()
        while True:
            seen += [entry["reference"] for entry in page["results"]]
            if page["next"] is None:
                break
            page = api.get(page["next"]).json()

        assert sorted(seen) == [f"sale-{n}" for n in range(7)]

    @pytest.mark.parametrize(
        ("query", "attr"),
        [
            ({"cursor": "nonsense"}, "cursor"),
            ({"cursor": "WyJ4Il0"}, "cursor"),
            ({"page_size": "501"}, "page_size"),
            ({"page_size": "0"}, "page_size"),
            ({"status": "lost"}, "status"),
            ({"from": "2010-13-01"}, "from"),
            ({"from": "20101201"}, "from"),
            ({"from": "2010-12-02", "to": "2010-12-01"}, "from"),
            ({"colour": "red"}, "colour"),
            ({"reference": "a\0b"}, "reference"),
        ],
    )
    def test_refuses_a_filter_that_it_does_not_understand(self, api, query, attr):
        answer = send(api, "GET", "/journal-entries", query)

        assert answer.status_code == 400
        assert answer.json()["errors"][0]["attr"] == attr

    def test_refuses_a_filter_that_is_given_twice(self, api):
        answer = api.get("/api/v1/journal-entries?status=posted&status=pending")

        assert answer.status_code == 400
        assert answer.json()["errors"][0]["code"] == "repeated"
