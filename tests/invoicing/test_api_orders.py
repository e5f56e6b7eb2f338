"""Orders over HTTP: drafted, changed, locked, paid, refunded, cancelled."""

from typing import Any
from uuid import uuid4

import pytest

from invoicing.models import FinancialTransaction, Invoice
from ledger.selectors.balances import balance_at
from tests.api import send
from tests.invoicing.api import MUGS, NET, ORDER, TAX, TOTAL, made
from tests.invoicing.selling import statements_of

pytestmark = pytest.mark.django_db


def test_creates_a_draft_and_answers_it_whole(shop, lindqvist):
    content = {**ORDER, "customer": "17850", "reference": "536365", "metadata": {"shop": 1.5}}

    order = made(shop.post("/orders", content))

    assert order.pop("id")
    assert order.pop("created_at").endswith("Z")
    assert order == {
        "reference": "536365",
        "status": "draft",
        "customer": lindqvist["id"],
        "currency": "GBP",
        "country": "",
        "region": "",
        "taxed_on": None,
        "rounding": "",
        "subtotal_amount": 0,
        "tax_amount": 0,
        "total_amount": 0,
        "items": [
            {
                "position": 1,
                "sku": "85123A",
                "description": "White mugs",
                "quantity": "6",
                "unit_amount": 2_55,
                "discount_amount": 0,
                "tax_rates": None,
                "revenue_account": None,
                "net_amount": 0,
                "tax_amount": 0,
                "total_amount": 0,
            }
        ],
        "tax_lines": [],
        "snapshot": None,
        "invoice": None,
        "metadata": {"shop": 1.5},
        "locked_at": None,
        "paid_at": None,
        "cancelled_at": None,
    }


def test_takes_everything_that_an_item_can_have(shop):
    item = {
        "sku": "C1",
        "description": "Carriage",
        "quantity": "1.5",
        "unit_amount": 15_00,
        "discount_amount": 5_00,
        "tax_rates": ["GB-S"],
        "revenue_account": "4000",
    }

    order = shop.order(items=[item])

    assert {name: order["items"][0][name] for name in item} == item


@pytest.mark.parametrize("written", ["6", "6.000", 6, 6.0])
def test_takes_a_quantity_as_text_and_as_a_number(shop, written):
    order = shop.order(items=[{**MUGS, "quantity": written}])

    assert order["items"][0]["quantity"] == "6"


def test_loses_no_digit_of_a_quantity_that_is_a_number(shop):
    """123456789012.123457 as a float would be 123456789012.12346."""
    body = (
        '{"currency": "GBP", "items": [{"description": "Dust", "unit_amount": 0,'
        ' "quantity": 123456789012.123457}]}'
    )

    answer = shop.client.generic("POST", "/api/v1/orders", body, "application/json")

    assert made(answer)["items"][0]["quantity"] == "123456789012.123457"


@pytest.mark.parametrize("by", ["code", "id"])
def test_takes_a_customer_by_code_and_by_id(shop, lindqvist, by):
    assert shop.order(customer=lindqvist[by])["customer"] == lindqvist["id"]


def test_changes_only_what_is_given(shop, lindqvist):
    order = shop.order(reference="1")

    changed = made(send(shop.client, "PATCH", f"/orders/{order['id']}", {"customer": "17850"}), 200)

    assert changed == {**order, "customer": lindqvist["id"]}


def test_takes_a_customer_off_again(shop, lindqvist):
    order = shop.order(customer="17850")

    changed = send(shop.client, "PATCH", f"/orders/{order['id']}", {"customer": None})

    assert made(changed, 200)["customer"] is None


def test_replaces_all_items(shop):
    order = shop.order(items=[MUGS, MUGS])
    items = [{"description": "Teapot", "quantity": "1", "unit_amount": 9_99}]

    changed = made(send(shop.client, "PATCH", f"/orders/{order['id']}", {"items": items}), 200)

    assert [item["description"] for item in changed["items"]] == ["Teapot"]


def test_locks_an_order_and_answers_what_was_computed(shop):
    order = shop.order()

    locked = made(
        shop.post(f"/orders/{order['id']}/lock", {"country": "GB", "on": "2010-12-01"}), 200
    )

    assert (locked["status"], locked["country"], locked["taxed_on"]) == (
        "pending",
        "GB",
        "2010-12-01",
    )
    assert (locked["subtotal_amount"], locked["tax_amount"], locked["total_amount"]) == (
        NET,
        TAX,
        TOTAL,
    )
    assert locked["locked_at"].endswith("Z")
    assert locked["tax_lines"] == [
        {
            "position": 1,
            "code": "GB-S",
            "name": "VAT",
            "percentage": "17.5",
            "country": "GB",
            "region": "",
            "category": "standard",
            "inclusive": False,
            "compound": False,
            "taxable_amount": NET,
            "tax_amount": TAX,
        }
    ]
    assert locked["items"][0]["total_amount"] == TOTAL
    assert locked["snapshot"]["total_amount"] == TOTAL
    assert locked["snapshot"]["items"][0]["quantity"] == "6"


def test_locks_by_the_customers_country(shop, lindqvist):
    order = shop.order(customer="17850")

    locked = made(shop.post(f"/orders/{order['id']}/lock"), 200)

    assert (locked["country"], locked["tax_amount"]) == ("GB", TAX)


def test_reads_a_locked_order_just_as_the_lock_answered_it(shop):
    locked = shop.locked()

    assert shop.get(f"/orders/{locked['id']}") == locked


def test_pays_an_order_and_answers_payment_order_invoice_and_receipt(shop, acme):
    order = shop.locked()

    paid = made(
        shop.post(
            f"/orders/{order['id']}/pay",
            {"method": "bank", "provider_reference": "BACS 1", "on": "2026-01-05"},
        )
    )

    assert set(paid) == {"payment", "order", "invoice", "receipt"}
    assert paid["payment"]["amount"] == TOTAL
    assert paid["payment"]["type"] == "credit"
    assert paid["payment"]["occurred_on"] == "2026-01-05"
    assert paid["payment"]["provider_reference"] == "BACS 1"
    assert paid["order"]["status"] == "paid"
    assert paid["order"]["paid_at"]
    assert paid["order"]["invoice"] == paid["invoice"]["id"] == paid["payment"]["invoice"]
    assert (paid["invoice"]["status"], paid["invoice"]["open_amount"]) == ("paid", 0)
    assert paid["receipt"]["id"] == paid["payment"]["id"]
    assert paid["receipt"]["url"] == f"http://testserver/r/{paid['receipt']['token']}"
    assert balance_at(acme, "1010") == TOTAL
    assert balance_at(acme, "1100") == 0


def test_pays_in_parts(shop):
    order = shop.locked()

    first = made(shop.post(f"/orders/{order['id']}/pay", {"method": "cash", "amount": 10_00}))
    second = made(shop.post(f"/orders/{order['id']}/pay", {"method": "card"}))

    assert first["order"]["status"] == "pending"
    assert (first["invoice"]["status"], first["invoice"]["open_amount"]) == (
        "partially_paid",
        TOTAL - 10_00,
    )
    assert second["payment"]["amount"] == TOTAL - 10_00
    assert second["invoice"]["id"] == first["invoice"]["id"]
    assert second["order"]["status"] == "paid"


def test_refunds_in_part_and_then_in_full(shop, acme):
    order = shop.locked()
    made(shop.post(f"/orders/{order['id']}/pay", {"method": "bank"}))

    part = made(shop.post(f"/orders/{order['id']}/refund", {"amount": 2_00, "reason": "Broken"}))
    rest = made(shop.post(f"/orders/{order['id']}/refund", {"reason": "All of it"}))

    assert set(part) == {"refund", "order", "invoice"}
    assert (part["refund"]["type"], part["refund"]["amount"]) == ("refund", 2_00)
    assert part["refund"]["reason"] == "Broken"
    assert part["refund"]["method"] == "bank"
    assert part["order"]["status"] == "partially_refunded"
    assert part["invoice"]["credited_amount"] == part["invoice"]["refunded_amount"] == 2_00
    assert rest["refund"]["amount"] == TOTAL - 2_00
    assert rest["order"]["status"] == "refunded"
    assert balance_at(acme, "1010") == balance_at(acme, "1100") == 0


def test_cancels_a_draft_and_a_locked_order(shop):
    for order in (shop.order(), shop.locked()):
        cancelled = made(shop.post(f"/orders/{order['id']}/cancel"), 200)

        assert cancelled["status"] == "cancelled"
        assert cancelled["cancelled_at"]


def test_the_same_key_pays_once_and_answers_the_same(shop):
    order = shop.locked()
    path = f"/orders/{order['id']}/pay"

    first = shop.post(path, {"method": "cash", "amount": 5_00}, Idempotency_Key="till-1-0042")
    again = shop.post(path, {"method": "cash", "amount": 5_00}, Idempotency_Key="till-1-0042")

    assert made(again) == made(first)
    assert again["Idempotency-Replayed"] == "true"
    assert FinancialTransaction.objects.count() == Invoice.objects.count() == 1


def test_lists_the_latest_first_and_filters(shop, lindqvist):
    draft = shop.order(reference="536365")
    sold = shop.locked(customer="17850")

    def ids(**query: str) -> list[str]:
        return [row["id"] for row in shop.get("/orders", **query)["results"]]

    today = draft["created_at"][:10]
    assert ids() == [sold["id"], draft["id"]]
    assert ids(status="pending") == [sold["id"]]
    assert ids(customer="17850") == [sold["id"]]
    assert ids(reference="536365") == [draft["id"]]
    assert ids(**{"from": today, "to": today}) == [sold["id"], draft["id"]]
    assert ids(to="2010-12-31") == []
    assert ids(**{"from": "2199-01-01"}) == []


def test_expands_customer_and_invoice(shop, lindqvist):
    invoice = shop.invoice(customer="17850")

    order = shop.get(f"/orders/{invoice['order']}", expand="invoice,customer")
    [listed] = shop.get("/orders", expand="customer")["results"]

    assert order["invoice"] == invoice
    assert order["customer"] == listed["customer"] == lindqvist
    assert listed["invoice"] == invoice["id"]


def test_lists_by_as_many_statements_for_many_orders_as_for_one(shop, lindqvist):
    def statements() -> int:
        return len(statements_of(lambda: shop.get("/orders", expand="customer,invoice")))

    item: dict[str, Any] = {**MUGS, "revenue_account": "4000"}
    shop.invoice(customer="17850", items=[item])
    few = statements()
    for _ in range(4):
        shop.invoice(customer="17850", items=[item] * 3)

    assert statements() == few


def test_an_order_that_is_not_there_is_a_404(shop):
    answer = send(shop.client, "GET", f"/orders/{uuid4()}")

    assert answer.status_code == 404
    assert answer.json()["errors"][0]["code"] == "order_not_found"
