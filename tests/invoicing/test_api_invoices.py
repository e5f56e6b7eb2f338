"""Invoices over HTTP: issued, paid, credited, voided, refunded, listed."""

from typing import Any

import pytest

from invoicing.models import FinancialTransaction
from ledger.models import JournalEntry
from ledger.selectors.balances import balance_at
from tests.api import send
from tests.invoicing.api import MUGS, NET, ORDER, TAX, TOTAL, made, refusal
from tests.invoicing.selling import statements_of

pytestmark = pytest.mark.django_db


# --- Issue ----------------------------------------------------------------------------------------


def test_issues_the_invoice_of_a_locked_order_and_answers_it_whole(shop, acme, lindqvist):
    order = shop.locked(customer="17850")

    invoice = made(
        shop.post(
            "/invoices",
            {"order": order["id"], "issued_on": "2026-01-05", "due_on": "2026-01-31"},
        )
    )

    assert invoice.pop("id")
    assert invoice.pop("created_at").endswith("Z")
    snapshot = invoice.pop("snapshot")
    assert snapshot["seller"]["name"] == "Acme Ltd"
    assert snapshot["buyer"]["name"] == "Lindqvist Ltd"
    entry = JournalEntry.objects.of(acme).get()
    assert invoice == {
        "number": "INV-2026-00001",
        "series": "main",
        "fiscal_year": 2026,
        "status": "open",
        "issued_on": "2026-01-05",
        "due_on": "2026-01-31",
        "order": order["id"],
        "customer": lindqvist["id"],
        "currency": "GBP",
        "subtotal_amount": NET,
        "tax_amount": TAX,
        "total_amount": TOTAL,
        "paid_amount": 0,
        "refunded_amount": 0,
        "credited_amount": 0,
        "open_amount": TOTAL,
        "journal_entry": str(entry.pk),
    }
    assert balance_at(acme, "1100") == TOTAL
    assert balance_at(acme, "4000") == NET
    assert balance_at(acme, "2200") == TAX


def test_creates_locks_and_issues_in_one_call(shop, lindqvist):
    content = {
        **ORDER,
        "customer": "17850",
        "reference": "536365",
        "metadata": {"till": 3},
        "country": "GB",
        "issued_on": "2026-01-05",
        "due_on": "2026-02-04",
    }

    invoice = made(shop.post("/invoices", content))

    order = shop.get(f"/orders/{invoice['order']}")
    assert (invoice["total_amount"], invoice["customer"]) == (TOTAL, lindqvist["id"])
    assert (invoice["issued_on"], invoice["due_on"]) == ("2026-01-05", "2026-02-04")
    assert (order["status"], order["reference"], order["metadata"]) == (
        "pending",
        "536365",
        {"till": 3},
    )
    assert order["invoice"] == invoice["id"]


def test_creates_locks_issues_and_pays_in_one_call(shop, acme):
    payment = {"method": "cash", "provider_reference": "till 7"}

    invoice = shop.invoice(payment=payment, issued_on="2026-01-05")

    [paid] = shop.get(f"/invoices/{invoice['id']}/payments")["results"]
    assert (invoice["status"], invoice["paid_amount"]) == ("paid", TOTAL)
    assert (paid["method"], paid["amount"], paid["occurred_on"]) == ("cash", TOTAL, "2026-01-05")
    assert paid["provider_reference"] == "till 7"
    assert shop.get(f"/orders/{invoice['order']}")["status"] == "paid"
    assert balance_at(acme, "1000") == TOTAL


def test_writes_nothing_of_one_call_where_the_issue_is_refused(shop):
    answer = shop.post("/invoices", {**ORDER, "issued_on": "2026-01-05", "due_on": "2026-01-04"})

    assert refusal(answer, 422)[:2] == ("due_before_issue", "due_on")
    assert shop.get("/orders")["results"] == shop.get("/invoices")["results"] == []


def test_numbers_without_gaps_over_refusals(shop):
    first = shop.invoice(issued_on="2026-01-05")
    shop.post("/invoices", {**ORDER, "issued_on": "2026-01-05", "due_on": "2026-01-04"})
    second = shop.invoice(issued_on="2026-01-05")

    assert [first["number"], second["number"]] == ["INV-2026-00001", "INV-2026-00002"]


def test_issues_in_another_series(shop):
    made(shop.post("/number-series", {"kind": "invoice", "code": "shop", "prefix": "S{yy}-"}))

    invoice = shop.invoice(series="shop", issued_on="2026-01-05")

    assert (invoice["number"], invoice["series"]) == ("S26-00001", "shop")


def test_the_same_key_issues_once(shop):
    first = shop.post("/invoices", ORDER, Idempotency_Key="order-1")
    again = shop.post("/invoices", ORDER, Idempotency_Key="order-1")

    assert made(again) == made(first)
    assert len(shop.get("/invoices")["results"]) == 1


@pytest.mark.parametrize("by", ["id", "number"])
def test_gives_an_invoice_by_id_and_by_number(shop, by):
    invoice = shop.invoice()

    assert shop.get(f"/invoices/{invoice[by]}") == invoice


def test_expands_customer_and_order(shop, lindqvist):
    invoice = shop.invoice(customer="17850")

    expanded = shop.get(f"/invoices/{invoice['id']}", expand="order,customer")

    assert expanded["customer"] == lindqvist
    assert expanded["order"] == shop.get(f"/orders/{invoice['order']}")


def test_lists_the_latest_first_and_filters(shop, lindqvist):
    old = shop.invoice(customer="17850", issued_on="2026-01-05", due_on="2026-01-10")
    new = shop.invoice(issued_on="2026-02-05", due_on="2026-03-05")
    shop.post(f"/invoices/{new['id']}/payments", {"method": "cash", "on": "2026-02-05"})

    def numbers(**query: str) -> list[str]:
        return [row["number"] for row in shop.get("/invoices", **query)["results"]]

    assert numbers() == [new["number"], old["number"]]
    assert numbers(status="paid") == [new["number"]]
    assert numbers(customer="17850") == [old["number"]]
    assert numbers(customer=lindqvist["id"], status="paid") == []
    assert numbers(order=new["order"]) == [new["number"]]
    assert numbers(number=old["number"]) == [old["number"]]
    assert numbers(**{"from": "2026-01-05", "to": "2026-01-05"}) == [old["number"]]
    assert numbers(overdue_on="2026-01-10") == []
    assert numbers(overdue_on="2026-01-11") == [old["number"]]
    assert numbers(overdue_on="2026-12-31") == [old["number"]]


def test_pages_through_a_list(shop):
    for day in ("2026-01-05", "2026-01-05", "2026-01-06"):
        shop.invoice(issued_on=day)

    pages, path = [], "/api/v1/invoices?page_size=1"
    while path:
        page = shop.client.get(path).json()
        pages += [row["number"] for row in page["results"]]
        path = page["next"]

    assert pages == ["INV-2026-00003", "INV-2026-00002", "INV-2026-00001"]


def test_lists_by_as_many_statements_for_many_invoices_as_for_one(shop, lindqvist):
    def statements() -> int:
        return len(statements_of(lambda: shop.get("/invoices", expand="customer,order")))

    shop.invoice(customer="17850", items=[{**MUGS, "revenue_account": "4000"}])
    few = statements()
    for _ in range(4):
        shop.invoice(customer="17850", items=[{**MUGS, "revenue_account": "4000"}] * 3)

    assert statements() == few


# --- Payments -------------------------------------------------------------------------------------


def test_records_a_payment_and_answers_payment_invoice_and_receipt(shop, acme):
    invoice = shop.invoice(issued_on="2026-01-05")
    content = {
        "amount": 10_00,
        "method": "bank",
        "provider_reference": "BACS 0042",
        "on": "2026-01-07",
    }

    answer = made(shop.post(f"/invoices/{invoice['id']}/payments", content))

    payment = answer["payment"]
    assert set(answer) == {"payment", "invoice", "receipt"}
    assert {name: payment[name] for name in ("amount", "method", "provider_reference")} == {
        "amount": 10_00,
        "method": "bank",
        "provider_reference": "BACS 0042",
    }
    assert (payment["type"], payment["status"]) == ("credit", "completed")
    assert (payment["currency"], payment["occurred_on"]) == ("GBP", "2026-01-07")
    assert (payment["invoice"], payment["credit_note"]) == (invoice["id"], None)
    assert answer["invoice"] == {
        **invoice,
        "status": "partially_paid",
        "paid_amount": 10_00,
        "open_amount": TOTAL - 10_00,
    }
    assert answer["receipt"]["id"] == payment["id"]
    assert answer["receipt"]["url"].endswith(f"/r/{answer['receipt']['token']}")
    entry = JournalEntry.objects.of(acme).get(pk=payment["journal_entry"])
    assert entry.reference == f"invoice-{invoice['id']}-payment-{payment['id']}"
    assert balance_at(acme, "1010") == 10_00


def test_pays_all_that_is_open_without_an_amount(shop):
    paid = shop.paid()

    assert paid["payment"]["amount"] == TOTAL
    assert (paid["invoice"]["status"], paid["invoice"]["open_amount"]) == ("paid", 0)


def test_the_same_key_records_a_payment_once_and_posts_once(shop, acme):
    invoice = shop.invoice()
    path = f"/invoices/{invoice['id']}/payments"

    first = shop.post(path, {"method": "cash", "amount": 5_00}, Idempotency_Key="k")
    again = shop.post(path, {"method": "cash", "amount": 5_00}, Idempotency_Key="k")

    assert made(again) == made(first)
    assert again["Idempotency-Replayed"] == "true"
    assert FinancialTransaction.objects.count() == 1
    assert balance_at(acme, "1000") == 5_00


def test_the_same_key_answers_a_refusal_again(shop):
    invoice = shop.invoice()
    path = f"/invoices/{invoice['id']}/payments"

    first = shop.post(path, {"method": "cash", "amount": TOTAL + 1}, Idempotency_Key="k")
    made(shop.post(path, {"method": "cash"}))
    again = shop.post(path, {"method": "cash", "amount": TOTAL + 1}, Idempotency_Key="k")

    assert refusal(first, again.status_code)[0] == "over_payment"
    assert again.content == first.content


def test_lists_the_payments_of_one_invoice(shop):
    invoice = shop.paid()["invoice"]
    shop.paid()
    made(shop.post(f"/invoices/{invoice['id']}/refunds", {"amount": 1_00, "reason": "Broken"}))

    rows = shop.get(f"/invoices/{invoice['id']}/payments")["results"]

    assert sorted((row["type"], row["amount"]) for row in rows) == [
        ("credit", TOTAL),
        ("refund", 1_00),
    ]
    assert {row["invoice"] for row in rows} == {invoice["id"]}


# --- Credit notes, voiding, refunds ---------------------------------------------------------------


def test_credits_an_amount_and_answers_the_credit_note_with_its_invoice(shop, acme):
    invoice = shop.invoice(issued_on="2026-01-05")
    content = {"amount": 5_00, "reason": "Agreed by telephone", "on": "2026-01-09"}

    credit_note = made(shop.post(f"/invoices/{invoice['id']}/credit-notes", content))

    assert credit_note["number"] == "CN-2026-00001"
    assert (credit_note["issued_on"], credit_note["reason"]) == (
        "2026-01-09",
        "Agreed by telephone",
    )
    assert credit_note["total_amount"] == 5_00
    assert credit_note["subtotal_amount"] + credit_note["tax_amount"] == 5_00
    assert (credit_note["items"], credit_note["refunded_amount"]) == ([], 0)
    [tax_line] = credit_note["tax_lines"]
    assert (tax_line["code"], tax_line["tax_amount"]) == ("GB-S", credit_note["tax_amount"])
    assert credit_note["invoice"] == {
        **invoice,
        "status": "partially_paid",
        "credited_amount": 5_00,
        "open_amount": TOTAL - 5_00,
    }
    assert balance_at(acme, "1100") == TOTAL - 5_00


def test_credits_items_by_their_position(shop):
    invoice = shop.invoice()
    content = {"items": [{"position": 1, "quantity": "2"}], "reason": "Two arrived broken"}

    credit_note = made(shop.post(f"/invoices/{invoice['id']}/credit-notes", content))

    [item] = credit_note["items"]
    assert (item["order_position"], item["quantity"], item["sku"]) == (1, "2", "85123A")
    # 2 × 2.55 and 17.5 % of it.
    assert (item["net_amount"], item["tax_amount"], item["total_amount"]) == (5_10, 89, 5_99)
    assert credit_note["total_amount"] == 5_99


def test_takes_the_reference_of_a_credit_note_once(shop):
    invoice = shop.invoice()
    content = {"amount": 1_00, "reason": "Agreed by telephone", "reference": "R-1"}

    credit_note = made(shop.post(f"/invoices/{invoice['id']}/credit-notes", content))
    again = shop.post(f"/invoices/{invoice['id']}/credit-notes", content)

    assert credit_note["reference"] == "R-1"
    assert refusal(again, 409)[:2] == ("credit_note_reference_taken", "reference")


def test_lists_the_credit_notes_of_one_invoice(shop):
    invoice, other = shop.invoice(), shop.invoice()
    for path in (invoice["id"], other["id"]):
        made(shop.post(f"/invoices/{path}/credit-notes", {"amount": 1, "reason": "Rounding"}))

    [row] = shop.get(f"/invoices/{invoice['id']}/credit-notes")["results"]

    assert row["invoice"] == invoice["id"]


def test_voids_an_invoice_by_a_credit_note_over_what_is_left(shop, acme):
    invoice = shop.invoice()

    credit_note = made(shop.post(f"/invoices/{invoice['id']}/void", {"reason": "Wrong customer"}))

    assert (credit_note["total_amount"], credit_note["reason"]) == (TOTAL, "Wrong customer")
    assert credit_note["invoice"]["status"] == "credited"
    assert credit_note["invoice"]["open_amount"] == 0
    assert balance_at(acme, "1100") == 0


def test_refunds_all_that_was_paid_without_an_amount(shop, acme):
    invoice = shop.paid()["invoice"]

    answer = made(shop.post(f"/invoices/{invoice['id']}/refunds", {"reason": "Returned"}))

    assert set(answer) == {"refund", "invoice"}
    assert (answer["refund"]["type"], answer["refund"]["amount"]) == ("refund", TOTAL)
    assert answer["refund"]["method"] == "bank"
    assert answer["invoice"]["refunded_amount"] == answer["invoice"]["credited_amount"] == TOTAL
    assert balance_at(acme, "1010") == balance_at(acme, "1100") == 0


def test_refunds_by_another_method_under_a_provider_reference(shop):
    invoice = shop.paid()["invoice"]
    content = {
        "amount": 3_00,
        "reason": "Broken",
        "method": "cash",
        "provider_reference": "till 7",
        "on": "2030-01-01",
    }

    refund = made(shop.post(f"/invoices/{invoice['id']}/refunds", content))["refund"]

    assert (refund["method"], refund["provider_reference"]) == ("cash", "till 7")
    assert refund["occurred_on"] == "2030-01-01"


# --- Documents are final --------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_no_method_changes_an_invoice(shop, method):
    invoice = shop.invoice()

    answer: Any = send(shop.client, method, f"/invoices/{invoice['id']}", {"due_on": "2030-01-01"})

    assert answer.status_code == 405
    assert shop.get(f"/invoices/{invoice['id']}") == invoice
