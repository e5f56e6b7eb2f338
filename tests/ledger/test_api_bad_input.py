"""What bad input gets: the right status, an error that names the value, and nothing written."""

import io
import json
from datetime import date
from typing import Any

import pytest

from ledger.models import JournalEntry, JournalLine
from ledger.services.accounts import archive_account, create_account
from ledger.services.periods import close_books
from organizations.models import AuditEvent
from tests.api import ROOT, SALE, send

pytestmark = pytest.mark.django_db

GREATEST = 2**63 - 1
MANY_FIGURES = "1" + "0" * 5000


def with_lines(*lines: dict[str, Any]) -> dict[str, Any]:
    return {**SALE, "lines": list(lines)}


def with_debit(debit: Any) -> dict[str, Any]:
    return with_lines({"account": "1100", "debit": debit}, {"account": "4000", "credit": 100})


def refusal(answer: Any, status: int) -> dict[str, Any]:
    """The answer's first error, once nothing is seen to be written."""
    assert answer.status_code == status, answer.content
    content = answer.json()
    assert set(content) == {"type", "errors", "request_id"}
    assert content["request_id"] == answer["X-Request-ID"]
    assert not JournalEntry.objects.exists()
    assert not JournalLine.objects.exists()
    error: dict[str, Any] = content["errors"][0]
    assert set(error) == {"code", "detail", "attr"}
    return error


@pytest.fixture
def send_raw(api: Any) -> Any:
    def post(body: bytes, path: str = "/journal-entries", **options: Any) -> Any:
        options.setdefault("content_type", "application/json")
        return api.generic("POST", ROOT + path, body, **options)

    return post


# --- 422: understood, and refused by a rule of the books ------------------------------------------


@pytest.mark.parametrize(
    ("entry", "code", "attr", "named"),
    [
        (
            with_lines({"account": "1100", "debit": 101}, {"account": "4000", "credit": 100}),
            "unbalanced_entry",
            "lines",
            "difference 1",
        ),
        (
            with_lines({"account": "1100", "debit": 100}),
            "entry_has_too_few_lines",
            "lines",
            "at least two",
        ),
        (with_lines(), "entry_has_too_few_lines", "lines", "at least two"),
        (with_debit(0), "line_not_debit_or_credit", "lines", "line 1"),
        (with_debit(-100), "line_not_debit_or_credit", "lines", "-100"),
        (
            with_lines(
                {"account": "1100", "debit": 100, "credit": 100}, {"account": "4000", "credit": 100}
            ),
            "line_not_debit_or_credit",
            "lines",
            "debit 100, credit 100",
        ),
        (
            with_lines({"account": "1100"}, {"account": "4000", "credit": 100}),
            "line_not_debit_or_credit",
            "lines",
            "line 1",
        ),
        (
            with_lines({"account": "9999", "debit": 100}, {"account": "4000", "credit": 100}),
            "unknown_account",
            "lines",
            "9999",
        ),
        (
            with_lines(
                {"account": "1100", "debit": 100, "currency": "USD"},
                {"account": "4000", "credit": 100},
            ),
            "currency_mismatch",
            "lines",
            "keeps GBP, not USD",
        ),
        ({**SALE, "effective_on": "0001-01-01"}, "implausible_date", "effective_on", "0001-01-01"),
        ({**SALE, "effective_on": "9999-12-31"}, "implausible_date", "effective_on", "9999-12-31"),
    ],
)
def test_refuses_what_breaks_a_rule_of_the_books(api, acme, entry, code, attr, named):
    error = refusal(send(api, "POST", "/journal-entries", entry), 422)

    assert (error["code"], error["attr"]) == (code, attr)
    assert named in error["detail"]
    assert "invoice-536365" in error["detail"]


def test_refuses_an_archived_account(api, acme, system):
    account = create_account(actor=system, code="old", name="Old", type="asset")
    archive_account(actor=system, account=account)

    error = refusal(
        send(
            api,
            "POST",
            "/journal-entries",
            with_lines({"account": "old", "debit": 1}, {"account": "4000", "credit": 1}),
        ),
        422,
    )

    assert error["code"] == "account_archived"
    assert "old" in error["detail"]


def test_refuses_a_parent_account(api, acme, system):
    create_account(actor=system, code="top", name="Top", type="asset")
    create_account(actor=system, code="below", name="Below", type="asset", parent="top")

    error = refusal(
        send(
            api,
            "POST",
            "/journal-entries",
            with_lines({"account": "top", "debit": 1}, {"account": "4000", "credit": 1}),
        ),
        422,
    )

    assert error["code"] == "account_has_children"
    assert "top" in error["detail"]


def test_refuses_two_currencies_that_do_not_balance_each(api, acme, system):
    create_account(actor=system, code="usd", name="Dollars", type="asset", currency="USD")

    error = refusal(
        send(
            api,
            "POST",
            "/journal-entries",
            with_lines({"account": "usd", "debit": 100}, {"account": "4000", "credit": 100}),
        ),
        422,
    )

    assert error["code"] == "unbalanced_entry"


def test_refuses_a_date_in_closed_books(api, acme, system):
    close_books(actor=system, through=date(2010, 12, 3))

    error = refusal(send(api, "POST", "/journal-entries", SALE), 422)

    assert (error["code"], error["attr"]) == ("books_closed", "effective_on")
    assert "2010-12-03" in error["detail"]
    assert "2010-12-01" in error["detail"]


def test_refuses_lines_whose_sum_leaves_64_bits(api, acme):
    lines = [
        {"account": "1100", "debit": GREATEST},
        {"account": "1000", "debit": GREATEST},
        {"account": "4000", "credit": GREATEST},
        {"account": "2200", "credit": GREATEST},
    ]

    error = refusal(send(api, "POST", "/journal-entries", with_lines(*lines)), 422)

    assert error["code"] == "amount_out_of_range"


def test_refuses_accounts_of_another_organization(api, acme, mallory_ltd):
    [theirs] = mallory_ltd_accounts(mallory_ltd, "1100")

    by_id = with_lines(
        {"account": str(theirs.pk), "debit": 100}, {"account": "4000", "credit": 100}
    )

    assert refusal(send(api, "POST", "/journal-entries", by_id), 422)["code"] == "unknown_account"


def mallory_ltd_accounts(organization: Any, *codes: str) -> list[Any]:
    from ledger.models import Account

    return list(Account.objects.of(organization).filter(code__in=codes))


# --- 400: malformed -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "attr"),
    [
        (with_debit(1.0), "lines.0.debit"),
        (with_debit("100"), "lines.0.debit"),
        (with_debit(True), "lines.0.debit"),
        (with_debit(None), "lines.0.debit"),
        (with_debit([100]), "lines.0.debit"),
        (with_debit(GREATEST + 1), "lines.0.debit"),
        (with_debit(-GREATEST - 2), "lines.0.debit"),
        ({**SALE, "effective_on": "2010-02-30"}, "effective_on"),
        ({**SALE, "effective_on": "2010-12-01T00:00:00Z"}, "effective_on"),
        ({**SALE, "effective_on": "20101201"}, "effective_on"),
        ({**SALE, "effective_on": 20101201}, "effective_on"),
        ({**SALE, "effective_on": "0000-01-01"}, "effective_on"),
        ({**SALE, "effective_on": "10000-01-01"}, "effective_on"),
        ({**SALE, "effective_on": None}, "effective_on"),
        ({k: v for k, v in SALE.items() if k != "effective_on"}, "effective_on"),
        ({k: v for k, v in SALE.items() if k != "reference"}, "reference"),
        ({k: v for k, v in SALE.items() if k != "lines"}, "lines"),
        ({**SALE, "reference": ""}, "reference"),
        ({**SALE, "reference": 536365}, "reference"),
        ({**SALE, "reference": "r" * 201}, "reference"),
        ({**SALE, "description": "d" * 1_000_000}, "description"),
        ({**SALE, "lines": {}}, "lines"),
        ({**SALE, "lines": [1, 2]}, "lines.0"),
        ({**SALE, "metadata": []}, "metadata"),
        ({**SALE, "metadata": "text"}, "metadata"),
        ({**SALE, "colour": "red"}, "colour"),
        ({**SALE, "organization": "mallory-ltd"}, "organization"),
        ({**SALE, "status": "voided"}, "status"),
        (
            with_lines(
                {"account": "1100", "debit": 100, "amount": 1}, {"account": "4000", "credit": 100}
            ),
            "lines.0.amount",
        ),
        (with_lines({"debit": 100}, {"account": "4000", "credit": 100}), "lines.0.account"),
        (with_lines({"account": 1100, "debit": 100}), "lines.0.account"),
    ],
)
def test_refuses_what_is_malformed_and_names_the_field(api, acme, entry, attr):
    answer = send(api, "POST", "/journal-entries", entry)

    refusal(answer, 400)
    assert attr in [error["attr"] for error in answer.json()["errors"]]
    assert answer.json()["type"] == "validation_error"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'"text"',
        b"null",
        b"12",
        b"not json",
        b"{",
        b'{"reference": "a", "reference": "b"}',
        json.dumps(SALE).encode()[:-20],
        json.dumps(SALE).encode() + b"{}",
        json.dumps(SALE).encode().replace(b"16347", b"1e400"),
        json.dumps(SALE).encode().replace(b"16347", b"NaN"),
        json.dumps(SALE).encode().replace(b"16347", b"Infinity"),
        json.dumps(SALE).encode().replace(b"16347", b"163.47"),
        json.dumps(SALE).encode().replace(b"16347", b"1.6347e4"),
        json.dumps(SALE).encode().replace(b"16347", MANY_FIGURES.encode()),
        json.dumps(SALE).encode().replace(b"Sale", b"Sa\\u0000le"),
        json.dumps(SALE).encode().replace(b"Sale", b"Sa\x00le"),
        json.dumps(SALE).encode().replace(b"Sale", b"Sa\\ud800le"),
        json.dumps(SALE).encode().replace(b"Sale", b"Sa\xffle"),
        json.dumps(SALE).encode().replace(b'"country"', b'"\\u0000"'),
        json.dumps(SALE).encode().replace(b'{"country": "United Kingdom"}', b"[" * 100_000),
        json.dumps(SALE).encode().replace(b'"United Kingdom"', b"[" * 5_000 + b"1" + b"]" * 5_000),
        json.dumps(SALE).encode().replace(b'"United Kingdom"', b'{"a":' * 30 + b"1" + b"}" * 30),
        json.dumps(SALE).encode().replace(b'"United Kingdom"', b"1e999"),
        json.dumps(SALE).encode("utf-16"),
    ],
)
def test_refuses_a_body_that_is_not_json_that_can_be_taken(send_raw, acme, body):
    answer = send_raw(body)

    refusal(answer, 400)
    assert len(answer.content) < 5_000


def test_takes_an_escaped_backslash_before_what_looks_like_a_nul(send_raw):
    answer = send_raw(json.dumps(SALE).encode().replace(b"Sale", b"Sa\\\\u0000le"))

    assert answer.status_code == 201
    assert answer.json()["description"].startswith("Sa\\u0000le")


def test_takes_all_of_unicode(send_raw):
    description = "Ünïcödé 漢字 العربية 🎉"

    answer = send_raw(json.dumps({**SALE, "description": description}).encode())

    assert answer.status_code == 201
    assert answer.json()["description"] == description


def test_refuses_a_body_that_ends_before_its_length(send_raw, acme):
    body = json.dumps(SALE).encode()

    # As a connection reads that was cut: the server's stream just ends.
    stream = {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body) + 10)}
    answer = send_raw(b"", **stream)

    assert refusal(answer, 400)["code"] == "body_cut_short"


class CutStream(io.BytesIO):
    """A connection that breaks after what it has brought."""

    def read(self, size: int | None = -1) -> bytes:
        found = super().read(size)
        if not found:
            raise OSError("No more data")
        return found


def in_chunks(stream: io.BytesIO) -> dict[str, Any]:
    """What gunicorn hands over for Transfer-Encoding: chunked."""
    return {
        "wsgi.input": stream,
        "wsgi.input_terminated": True,
        "CONTENT_TYPE": "application/json",
    }


def test_takes_a_body_in_chunks_of_no_stated_length(send_raw):
    stream = io.BytesIO(json.dumps(SALE).encode())

    assert send_raw(b"", **in_chunks(stream)).status_code == 201


def test_refuses_chunks_that_end_before_the_last_one(send_raw, acme):
    stream = CutStream(json.dumps(SALE).encode())

    assert refusal(send_raw(b"", **in_chunks(stream)), 400)["code"] == "body_cut_short"


def test_refuses_chunks_that_are_too_large_together(send_raw, acme):
    stream = io.BytesIO(b" " * 4_000_001)

    assert refusal(send_raw(b"", **in_chunks(stream)), 413)["code"] == "body_too_large"


def test_refuses_a_body_that_is_too_large_and_names_the_limit(send_raw, acme):
    answer = send_raw(b" " * 4_000_001)

    error = refusal(answer, 413)
    assert error["code"] == "body_too_large"
    assert "4,000,000" in error["detail"]


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "multipart/form-data"])
def test_refuses_another_media_type(send_raw, acme, content_type):
    answer = send_raw(json.dumps(SALE).encode(), content_type=content_type)

    assert refusal(answer, 415)["code"] == "unsupported_media_type"


def test_names_every_fault_at_once(api, acme):
    answer = send(api, "POST", "/journal-entries", {"reference": "", "lines": [], "colour": "red"})

    refusal(answer, 400)
    assert {error["attr"] for error in answer.json()["errors"]} == {
        "reference",
        "effective_on",
        "colour",
    }


def test_leaves_no_audit_row_of_what_was_refused(api, acme):
    before = AuditEvent.objects.count()

    send(api, "POST", "/journal-entries", with_debit(101))
    send(api, "POST", "/journal-entries", with_debit("101"))

    assert AuditEvent.objects.count() == before


# --- Bulk -----------------------------------------------------------------------------------------


def sales(count: int, **others: Any) -> list[dict[str, Any]]:
    return [{**SALE, "reference": f"sale-{n}", **others} for n in range(count)]


def test_refuses_10001_entries_and_names_the_limit(api, acme):
    error = refusal(send(api, "POST", "/journal-entries/bulk", {"entries": [{}] * 10_001}), 400)

    assert error["attr"] == "entries"
    assert "10001" in error["detail"]
    assert "10000" in error["detail"]


@pytest.mark.parametrize(
    ("content", "attr"),
    [
        ({}, "entries"),
        ({"entries": []}, "entries"),
        ({"entries": None}, "entries"),
        ({"entries": {}}, "entries"),
        ({"entries": [1]}, "entries.0"),
        ({"entries": [SALE], "atomic": "yes"}, "atomic"),
        ({"entries": [SALE], "atomic": 1}, "atomic"),
        ({"entries": [SALE], "colour": "red"}, "colour"),
        ({"entries": [SALE, {**SALE, "effective_on": "x"}]}, "entries.1.effective_on"),
        ({"entries": [SALE, with_debit(1.5)]}, "entries.1.lines.0.debit"),
        ({"entries": [{**SALE, "status": "pending"}]}, "entries.0.status"),
    ],
)
def test_refuses_a_malformed_bulk_and_names_the_place(api, acme, content, attr):
    assert refusal(send(api, "POST", "/journal-entries/bulk", content), 400)["attr"] == attr


@pytest.mark.parametrize("content", [[], "text", None, 5])
def test_refuses_a_bulk_that_is_no_object(api, acme, content):
    refusal(send(api, "POST", "/journal-entries/bulk", content), 400)


def test_posts_nothing_of_an_atomic_bulk_with_one_bad_entry_and_names_it(api, acme):
    entries = sales(20)
    entries[17]["lines"] = with_debit(101)["lines"]

    error = refusal(send(api, "POST", "/journal-entries/bulk", {"entries": entries}), 422)

    assert error["code"] == "unbalanced_entry"
    assert error["attr"] == "entries.17.lines"
    assert "sale-17" in error["detail"]


def test_names_every_offender_of_an_atomic_bulk(api, acme):
    entries = sales(5)
    for index in (1, 3):
        entries[index]["lines"] = with_debit(100 + index)["lines"]

    answer = send(api, "POST", "/journal-entries/bulk", {"entries": entries})

    refusal(answer, 422)
    assert [error["attr"] for error in answer.json()["errors"]] == [
        "entries.1.lines",
        "entries.3.lines",
    ]


def test_names_the_entry_with_an_unknown_account(api, acme):
    entries = sales(3)
    entries[2]["lines"] = [{"account": "nope", "debit": 1}, {"account": "4000", "credit": 1}]

    error = refusal(send(api, "POST", "/journal-entries/bulk", {"entries": entries}), 422)

    assert (error["code"], error["attr"]) == ("unknown_account", "entries.2.lines")


def test_refuses_one_reference_with_two_contents_in_one_bulk(api, acme):
    entries = [*sales(3), {**SALE, "reference": "sale-1", "description": "Another"}]

    error = refusal(send(api, "POST", "/journal-entries/bulk", {"entries": entries}), 409)

    assert (error["code"], error["attr"]) == ("reference_conflict", "entries.3.reference")


def test_replays_the_same_entry_twice_in_one_bulk(api):
    answer = send(api, "POST", "/journal-entries/bulk", {"entries": [SALE, SALE]})

    assert answer.status_code == 201
    content = answer.json()
    assert (content["posted"], content["replayed"], content["refused"]) == (1, 1, 0)
    assert [result["status"] for result in content["results"]] == ["posted", "replayed"]
    assert len({result["id"] for result in content["results"]}) == 1
    assert JournalEntry.objects.count() == 1


def test_posts_the_sound_entries_of_a_bulk_that_is_not_atomic_and_names_the_others(api):
    entries = sales(6)
    entries[1]["lines"] = with_debit(101)["lines"]
    entries[2]["effective_on"] = "2010-02-30"
    entries[3]["lines"] = [{"account": "nope", "debit": 1}, {"account": "4000", "credit": 1}]
    entries[4] = dict(entries[0])

    answer = send(api, "POST", "/journal-entries/bulk", {"entries": entries, "atomic": False})

    assert answer.status_code == 201
    content = answer.json()
    assert (content["posted"], content["replayed"], content["refused"]) == (2, 1, 3)
    outcomes = [result.get("status") or result["error"]["code"] for result in content["results"]]
    assert outcomes == [
        "posted",
        "unbalanced_entry",
        "invalid",
        "unknown_account",
        "replayed",
        "posted",
    ]
    assert content["results"][2]["error"]["attr"] == "effective_on"
    assert [result["reference"] for result in content["results"]][1] == "sale-1"
    assert JournalEntry.objects.count() == 2


def test_answers_a_bulk_of_nothing_but_faults_with_each_fault(api, acme):
    answer = send(api, "POST", "/journal-entries/bulk", {"entries": [{}, 1], "atomic": False})

    assert answer.status_code == 201
    assert answer.json()["refused"] == 2
    assert [result["reference"] for result in answer.json()["results"]] == [None, None]


def test_replays_a_bulk_that_is_sent_again(api):
    first = send(api, "POST", "/journal-entries/bulk", {"entries": sales(5)}).json()
    second = send(api, "POST", "/journal-entries/bulk", {"entries": sales(5)}).json()

    assert (first["posted"], second["posted"], second["replayed"]) == (5, 0, 5)
    assert [r["id"] for r in first["results"]] == [r["id"] for r in second["results"]]
    assert JournalEntry.objects.count() == 5


def test_posts_an_entry_of_10000_lines(api):
    lines = [{"account": "1100", "debit": 1}] * 9_999 + [{"account": "4000", "credit": 9_999}]

    answer = send(api, "POST", "/journal-entries", with_lines(*lines))

    assert answer.status_code == 201
    assert answer.json()["total_amount"] == 9_999
    assert len(answer.json()["lines"]) == 10_000


def test_refuses_an_entry_of_10001_lines_and_names_the_limit(api, acme):
    lines = [{"account": "1100", "debit": 1}] * 10_000 + [{"account": "4000", "credit": 10_000}]

    answer = send(api, "POST", "/journal-entries", with_lines(*lines))

    assert answer.status_code in (400, 422)
    assert "10000" in answer.json()["errors"][0]["detail"]
    assert not JournalEntry.objects.exists()


# --- Other bodies ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "content", "attr"),
    [
        ("POST", "/accounts", {"code": "1", "name": "A", "type": "asset", "x": 1}, "x"),
        ("POST", "/accounts", {"code": "1", "name": "A"}, "type"),
        ("POST", "/accounts", {"code": "1", "name": "A", "type": "money"}, "type"),
        ("POST", "/accounts", {"code": 1, "name": "A", "type": "asset"}, "code"),
        (
            "POST",
            "/accounts",
            {"code": "1", "name": "A", "type": "asset", "balance_slots": 1.0},
            "balance_slots",
        ),
        ("POST", "/accounts", {"code": "1", "name": "n" * 201, "type": "asset"}, "name"),
        ("POST", "/periods/close", {}, "through"),
        ("POST", "/periods/close", {"through": "2010-02-30"}, "through"),
        ("POST", "/periods/close-year", {"year": "2010"}, "year"),
        ("POST", "/periods/close-year", {"year": 10**30}, "year"),
        ("POST", "/periods/reopen", {"through": None}, "reason"),
        ("POST", "/cash-entries", {"kind": "REVENUE", "amount": 1.5, "currency": "GBP"}, "amount"),
        ("POST", "/cash-entries", {"kind": "GIFT", "amount": 1, "currency": "GBP"}, "kind"),
        ("POST", "/cash-entries", {"kind": "REVENUE", "amount": 1, "currency": "gbp"}, "currency"),
        (
            "POST",
            "/cash-entries",
            {"kind": "REVENUE", "amount": 2**63, "currency": "GBP"},
            "amount",
        ),
        (
            "POST",
            "/cash-entries",
            {
                "kind": "REVENUE",
                "amount": 1,
                "currency": "GBP",
                "occurred_at": "2010-12-01T12:00:00",
            },
            "occurred_at",
        ),
        ("POST", "/reconciliation/runs", {"checks": []}, "checks"),
        ("POST", "/exchange-rates", {"currency": "EUR"}, "rate"),
    ],
)
def test_refuses_other_malformed_bodies_and_names_the_field(api, acme, method, path, content, attr):
    answer = send(api, method, path, content)

    assert answer.status_code == 400
    assert attr in [error["attr"] for error in answer.json()["errors"]]


def test_refuses_parameters_where_there_are_none(api, acme):
    answer = api.post(f"{ROOT}/journal-entries?dry_run=1", SALE, content_type="application/json")

    assert refusal(answer, 400)["attr"] == "dry_run"
