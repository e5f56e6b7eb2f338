"""Documents, statements and ageing over HTTP."""

import csv
import io
from typing import Any

import pytest
from django.test import Client

from tests.api import send
from tests.invoicing.api import LINDQVIST, TOTAL, made, refusal
from tests.invoicing.selling import statements_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def sold(shop: Any, lindqvist: Any) -> Any:
    """17.98 invoiced to Lindqvist on 5 January, due on the 15th; 10.00 paid on the 20th."""
    invoice = shop.invoice(customer="17850", issued_on="2026-01-05", due_on="2026-01-15")
    content = {"method": "bank", "amount": 10_00, "on": "2026-01-20"}
    paid = made(shop.post(f"/invoices/{invoice['id']}/payments", content))
    credited = shop.post(
        f"/invoices/{invoice['id']}/credit-notes",
        {"amount": 1_00, "reason": "Broken", "on": "2026-01-25"},
    )
    return {**paid, "credit_note": made(credited)}


@pytest.fixture
def paths(sold: Any) -> dict[str, str]:
    """Where each document is, by its number."""
    return {
        sold["invoice"]["number"]: f"/invoices/{sold['invoice']['id']}/document",
        sold["credit_note"]["number"]: f"/credit-notes/{sold['credit_note']['id']}/document",
        sold["receipt"]["id"]: f"/receipts/{sold['receipt']['id']}/document",
    }


def body_of(answer: Any) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


# --- Documents ------------------------------------------------------------------------------------


def test_prints_documents_as_pdf_under_their_numbers(api, paths):
    for number, path in paths.items():
        answer = send(api, "GET", path)

        assert answer.status_code == 200
        assert answer["Content-Type"] == "application/pdf"
        assert number.lower() in answer["Content-Disposition"].lower()
        assert answer.content.startswith(b"%PDF-")


def test_shows_documents_as_pages_that_run_nothing(api, paths):
    for number, path in paths.items():
        answer = send(api, "GET", path, {"format": "html"})

        assert answer.status_code == 200
        assert answer["Content-Type"] == "text/html; charset=utf-8"
        assert "script-src 'self'" in answer["Content-Security-Policy"]
        assert "<script" not in answer.content.decode()
        assert number in answer.content.decode()


def test_prints_an_invoice_by_its_number(api, sold):
    path = f"/invoices/{sold['invoice']['number']}/document"

    assert send(api, "GET", path).status_code == 200


def test_a_receipt_leads_to_the_page_that_confirms_it(api, sold):
    page = send(api, "GET", f"/receipts/{sold['receipt']['id']}/document", {"format": "html"})
    confirmed = Client().get(sold["receipt"]["url"])

    assert sold["receipt"]["url"] in page.content.decode()
    assert confirmed.status_code == 200


def test_refuses_the_receipt_of_a_refund(api, shop, sold):
    path = f"/invoices/{sold['invoice']['id']}/refunds"
    refund = made(shop.post(path, {"amount": 1, "reason": "Broken"}))["refund"]

    answer = send(api, "GET", f"/receipts/{refund['id']}/document")

    assert refusal(answer, 422)[0] == "not_a_payment"


@pytest.mark.parametrize("query", [{"format": "docx"}, {"form": "pdf"}])
def test_refuses_other_formats_and_parameters(api, paths, query):
    for path in paths.values():
        assert refusal(send(api, "GET", path, query), 400)[1] in query


# --- Statements -----------------------------------------------------------------------------------


def test_states_what_a_customer_was_charged_and_paid(api, sold, lindqvist):
    statement = made(
        send(api, "GET", "/statements", {"customer": "17850", "to": "2026-01-31"}), 200
    )

    [part] = statement["currencies"]
    assert statement["customer"] == {
        "id": lindqvist["id"],
        "code": "17850",
        "name": "Lindqvist Ltd",
    }
    assert (statement["from"], statement["to"], statement["ties"]) == (None, "2026-01-31", True)
    assert (part["currency"], part["opening_amount"]) == ("GBP", 0)
    assert [
        (row["kind"], row["occurred_on"], row["debit"], row["credit"], row["balance"])
        for row in part["movements"]
    ] == [
        ("invoice", "2026-01-05", TOTAL, 0, TOTAL),
        ("payment", "2026-01-20", 0, 10_00, TOTAL - 10_00),
        ("credit_note", "2026-01-25", 0, 1_00, TOTAL - 11_00),
    ]
    assert part["movements"][0]["journal_entry"] == sold["invoice"]["journal_entry"]
    assert part["closing_amount"] == TOTAL - 11_00
    [item] = part["open_items"]
    assert (item["number"], item["open_amount"]) == (sold["invoice"]["number"], TOTAL - 11_00)
    assert part["ageing"]["days_1_30_amount"] == TOTAL - 11_00


def test_states_a_period_with_its_opening_balance(api, sold):
    query = {"customer": "17850", "from": "2026-01-20", "to": "2026-01-20"}

    [part] = made(send(api, "GET", "/statements", query), 200)["currencies"]

    assert part["opening_amount"] == TOTAL
    assert [row["kind"] for row in part["movements"]] == ["payment"]
    assert part["closing_amount"] == TOTAL - 10_00


@pytest.mark.parametrize(
    ("form", "content_type", "begins"),
    [
        ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", b"PK"),
        ("pdf", "application/pdf", b"%PDF-"),
    ],
)
@pytest.mark.parametrize("path", ["/statements", "/ageing"])
def test_gives_statement_and_ageing_as_files(api, sold, path, form, content_type, begins):
    answer = send(api, "GET", path, {"customer": "17850", "format": form})

    assert answer.status_code == 200
    assert answer["Content-Type"] == content_type
    assert f'.{form}"' in answer["Content-Disposition"]
    assert body_of(answer).startswith(begins)


def test_gives_statement_and_ageing_as_csv(api, sold):
    for path in ("/statements", "/ageing"):
        answer = send(api, "GET", path, {"customer": "17850", "format": "csv"})

        rows = list(csv.reader(io.StringIO(body_of(answer).decode("utf-8-sig"))))
        assert answer["Content-Type"] == "text/csv; charset=utf-8"
        assert len(rows) > 2


def test_shows_a_statement_as_a_page(api, sold):
    answer = send(api, "GET", "/statements", {"customer": "17850", "format": "html"})

    assert answer["Content-Type"] == "text/html; charset=utf-8"
    assert "Lindqvist Ltd" in answer.content.decode()


@pytest.mark.parametrize(
    ("query", "attr"),
    [
        ({}, "customer"),
        ({"customer": "17850", "from": "2026-02-01", "to": "2026-01-31"}, "from"),
        ({"customer": "17850", "format": "docx"}, "format"),
        ({"customer": "17850", "currency": "pounds"}, "currency"),
        ({"customer": "17850", "as_of": "2026-01-31"}, "as_of"),
    ],
)
def test_refuses_a_malformed_statement_and_names_the_parameter(api, lindqvist, query, attr):
    assert refusal(send(api, "GET", "/statements", query), 400)[1] == attr


def test_a_customer_that_is_not_there_is_a_404(api):
    for path in ("/statements", "/ageing"):
        answer = send(api, "GET", path, {"customer": "nobody"})
        assert refusal(answer, 404)[0] == "customer_not_found"


# --- Ageing ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("as_of", "bucket", "amount"),
    [
        ("2026-01-15", "current_amount", TOTAL),
        ("2026-01-16", "days_1_30_amount", TOTAL),
        ("2026-01-20", "days_1_30_amount", TOTAL - 10_00),
        ("2026-02-28", "days_31_60_amount", TOTAL - 11_00),
        ("2026-12-31", "over_90_amount", TOTAL - 11_00),
    ],
)
def test_ages_what_was_open_at_the_end_of_any_day(api, sold, as_of, bucket, amount):
    ageing = made(send(api, "GET", "/ageing", {"as_of": as_of}), 200)

    [part] = ageing["currencies"]
    [row] = part["rows"]
    assert (ageing["as_of"], ageing["ties"]) == (as_of, True)
    assert (row["name"], row[bucket], row["total_amount"]) == ("Lindqvist Ltd", amount, amount)
    assert part["totals"][bucket] == part["ledger_amount"] == amount
    assert row["items"][0]["number"] == sold["invoice"]["number"]


def test_ages_one_customer(api, shop, sold):
    made(send(api, "POST", "/customers", {**LINDQVIST, "code": "2", "name": "Other"}))
    shop.invoice(customer="2", issued_on="2026-01-05")

    ageing = made(send(api, "GET", "/ageing", {"customer": "2", "as_of": "2026-01-31"}), 200)

    [part] = ageing["currencies"]
    assert [row["name"] for row in part["rows"]] == ["Other"]
    assert part["ledger_amount"] is None


def test_ages_as_the_books_stood_before(api, sold):
    query = {"as_of": "2026-01-31", "known_at": "2000-01-01T00:00:00Z"}

    ageing = made(send(api, "GET", "/ageing", query), 200)

    assert ageing["known_at"] == "2000-01-01T00:00:00Z"
    assert all(part["rows"] == [] for part in ageing["currencies"])


@pytest.mark.parametrize(
    ("query", "attr"),
    [
        ({"as_of": "yesterday"}, "as_of"),
        ({"known_at": "2026-01-31"}, "known_at"),
        ({"format": "html"}, "format"),
        ({"from": "2026-01-31"}, "from"),
    ],
)
def test_refuses_a_malformed_ageing_and_names_the_parameter(api, acme, query, attr):
    assert refusal(send(api, "GET", "/ageing", query), 400)[1] == attr


def test_asks_as_many_statements_for_many_invoices_as_for_one(api, shop, sold):
    def statements(path: str) -> int:
        return len(statements_of(lambda: send(api, "GET", path, {"customer": "17850"}).content))

    few = [statements(path) for path in ("/statements", "/ageing")]
    for _ in range(4):
        shop.invoice(customer="17850")

    assert [statements(path) for path in ("/statements", "/ageing")] == few
