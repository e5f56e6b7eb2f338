"""What bad input gets: the right status, an error that names the value, and nothing written."""

from datetime import date
from typing import Any
from uuid import uuid4

import pytest

from invoicing.models import CreditNote, FinancialTransaction, Invoice, Order
from ledger.models import JournalEntry
from ledger.services.periods import close_books
from tests.api import send
from tests.invoicing.api import LINDQVIST, MUGS, ORDER, TOTAL, VAT, Shop, made, refusal

pytestmark = pytest.mark.django_db

FORTY_DIGITS = "1" * 40


def with_item(**changes: Any) -> dict[str, Any]:
    return {**ORDER, "items": [{**MUGS, **changes}]}


def counted() -> list[int]:
    rows = (Order, Invoice, CreditNote, FinancialTransaction, JournalEntry)
    return [model.objects.count() for model in rows]


@pytest.fixture
def theirs(mallorys_api: Any) -> Shop:
    """Mallory's own shop, with the same rate and customer codes."""
    made(send(mallorys_api, "POST", "/tax-rates", {**VAT, "code": "EVIL"}))
    made(send(mallorys_api, "POST", "/customers", {**LINDQVIST, "code": "M-1"}))
    return Shop(mallorys_api)


# --- Orders ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/orders", "/invoices", "/credit-notes"])
@pytest.mark.parametrize(
    ("content", "attr", "named"),
    [
        (with_item(quantity="NaN"), "items.0.quantity", "NaN"),
        (with_item(quantity="Infinity"), "items.0.quantity", "Infinity"),
        (with_item(quantity=FORTY_DIGITS), "items.0.quantity", "40"),
        (with_item(quantity=int(FORTY_DIGITS)), "items.0.quantity", "digits"),
        (with_item(quantity="1e3"), "items.0.quantity", "1e3"),
        (with_item(quantity="six"), "items.0.quantity", "six"),
        (with_item(quantity=True), "items.0.quantity", "true"),
        (with_item(quantity=None), "items.0.quantity", "null"),
        (with_item(unit_amount=2.55), "items.0.unit_amount", "integer"),
        (with_item(unit_amount="255"), "items.0.unit_amount", "integer"),
        (with_item(unit_amount=2**63), "items.0.unit_amount", str(2**63 - 1)),
        (with_item(discount_amount=0.5), "items.0.discount_amount", "integer"),
        (with_item(tax_rates="GB-S"), "items.0.tax_rates", "list"),
        (with_item(tax_rates=[17.5]), "items.0.tax_rates.0", "string"),
        (with_item(currency="EUR"), "items.0.currency", "no such field"),
        ({**ORDER, "items": [MUGS, {**MUGS, "price": 1}]}, "items.1.price", "no such field"),
        ({**ORDER, "items": {}}, "items", "list"),
        ({**ORDER, "currency": "pounds"}, "currency", "required pattern"),
        ({**ORDER, "customer": 17850}, "customer", "string"),
        ({**ORDER, "total_amount": 1}, "total_amount", "no such field"),
        ({"currency": "GBP"}, "items", "required"),
        ({"items": [MUGS]}, "currency", "required"),
    ],
)
def test_refuses_a_malformed_sale_and_names_the_place(shop, path, content, attr, named):
    if path == "/credit-notes":
        content = {**content, "reason": "Returned"}

    problem = next(
        error
        for error in shop.post(path, content).json()["errors"]
        if error["attr"].startswith(attr)
    )

    assert shop.post(path, content).status_code == 400
    assert named in problem["detail"] or "null" in named
    assert counted() == [0] * 5


@pytest.mark.parametrize("path", ["/orders", "/invoices"])
@pytest.mark.parametrize(
    ("content", "code", "attr", "named"),
    [
        (with_item(quantity="0"), "invalid_item", "items.0.quantity", "0"),
        (with_item(quantity="-6"), "invalid_item", "items.0.quantity", "-6"),
        (with_item(quantity="1.1234567"), "invalid_item", "items.0.quantity", "1.1234567"),
        (with_item(quantity="1" * 13), "invalid_item", "items.0.quantity", "1" * 13),
        (with_item(unit_amount=-1), "invalid_item", "items.0.unit_amount", "-1"),
        (with_item(discount_amount=-1), "invalid_item", "items.0.discount_amount", "-1"),
        (with_item(discount_amount=15_31), "invalid_item", "items.0.discount_amount", "1531"),
        (with_item(description="", sku=""), "invalid_item", "items.0.description", "description"),
        (
            {**ORDER, "items": [MUGS, {**MUGS, "quantity": 0}]},
            "invalid_item",
            "items.1.quantity",
            "0",
        ),
        (with_item(tax_rates=["NONE"]), "unknown_tax_rate", "items.0.tax_rates", "NONE"),
        (
            with_item(tax_rates=["GB-S", "GB-S"]),
            "tax_rate_repeated",
            "items.0.tax_rates",
            "GB-S",
        ),
        (
            with_item(revenue_account="1000"),
            "invalid_revenue_account",
            "items.0.revenue_account",
            "1000",
        ),
        ({**ORDER, "currency": "XQZ"}, "unknown_currency", "currency", "XQZ"),
        ({**ORDER, "customer": "nobody"}, "unknown_customer", "customer", "nobody"),
        (with_item(unit_amount=2**62, quantity="3"), "amount_out_of_range", None, "64 bits"),
    ],
)
def test_refuses_what_cannot_be_sold_and_names_the_value(shop, path, content, code, attr, named):
    refused = refusal(shop.post(path, content), 422)

    assert refused[:2] == (code, attr)
    assert named in refused[2]
    assert counted() == [0] * 5


def test_refuses_an_order_without_items_at_the_lock(shop):
    order = shop.order(items=[])

    refused = refusal(shop.post(f"/orders/{order['id']}/lock"), 422)

    assert refused[:2] == ("order_is_empty", "items")
    assert shop.get(f"/orders/{order['id']}")["status"] == "draft"


def test_refuses_an_invoice_without_items(shop):
    refused = refusal(shop.post("/invoices", {**ORDER, "items": []}), 422)

    assert refused[:2] == ("order_is_empty", "items")
    assert counted() == [0] * 5


def test_refuses_more_items_than_an_order_takes_and_names_the_limit(shop):
    refused = refusal(shop.post("/orders", {**ORDER, "items": [MUGS] * 5_001}), 422)

    assert refused[:2] == ("too_many_items", "items")
    assert "5000" in refused[2]


def test_refuses_a_rate_that_has_expired(shop):
    made(send(shop.client, "PATCH", "/tax-rates/GB-S", {"valid_to": "2011-01-03"}), 200)
    order = shop.order(items=[{**MUGS, "tax_rates": ["GB-S"]}])

    refused = refusal(shop.post(f"/orders/{order['id']}/lock", {"on": "2011-01-04"}), 422)

    assert refused[:2] == ("tax_rate_not_valid", "items.0.tax_rates")
    assert "GB-S" in refused[2]
    assert "2011-01-04" in refused[2]


@pytest.mark.parametrize("country", ["XX", "Atlantis", "gb\u00e9"])
def test_refuses_a_country_that_does_not_exist(shop, country):
    order = shop.order()

    refused = refusal(shop.post(f"/orders/{order['id']}/lock", {"country": country}), 422)

    assert refused[:2] == ("unknown_country", "country")
    assert country in refused[2] or not country.isascii()


def test_refuses_to_lock_twice_and_to_change_what_is_locked(shop):
    order = shop.locked()

    again = shop.post(f"/orders/{order['id']}/lock")
    change = send(shop.client, "PATCH", f"/orders/{order['id']}", {"items": [MUGS]})

    assert refusal(again, 422)[0] == refusal(change, 422)[0] == "order_locked"
    assert shop.get(f"/orders/{order['id']}") == order


def test_refuses_a_reference_that_is_taken(shop):
    shop.order(reference="536365")

    refused = refusal(shop.post("/orders", {**ORDER, "reference": "536365"}), 409)

    assert refused[:2] == ("order_reference_taken", "reference")
    assert "536365" in refused[2]


def test_refuses_to_cancel_what_was_invoiced(shop):
    invoice = shop.invoice()

    refused = refusal(shop.post(f"/orders/{invoice['order']}/cancel"), 409)

    assert refused[0] == "order_has_an_invoice"


@pytest.mark.parametrize("action", ["pay", "lock"])
def test_refuses_to_go_on_with_what_was_cancelled(shop, action):
    order = shop.locked()
    made(shop.post(f"/orders/{order['id']}/cancel"), 200)
    content = {"method": "cash"} if action == "pay" else {}

    answer = shop.post(f"/orders/{order['id']}/{action}", content)

    assert answer.status_code in (409, 422)
    assert "cancelled" in answer.json()["errors"][0]["detail"]
    assert counted() == [1, 0, 0, 0, 0]


def test_refuses_a_customer_to_whom_nothing_new_is_sold(shop, lindqvist):
    made(send(shop.client, "PATCH", "/customers/17850", {"active": False}), 200)

    refused = refusal(shop.post("/orders", {**ORDER, "customer": "17850"}), 422)

    assert refused[:2] == ("customer_inactive", "customer")


# --- Invoices -------------------------------------------------------------------------------------


def test_refuses_to_invoice_a_draft(shop):
    order = shop.order()

    refused = refusal(shop.post("/invoices", {"order": order["id"]}), 409)

    assert refused[0] == "order_not_locked"
    assert counted() == [1, 0, 0, 0, 0]


def test_refuses_to_invoice_an_order_twice(shop):
    invoice = shop.invoice()

    refused = refusal(shop.post("/invoices", {"order": invoice["order"]}), 409)

    assert refused[:2] == ("order_already_invoiced", "order")
    assert invoice["number"] in refused[2]


def test_refuses_an_order_that_is_not_there(shop):
    missing = str(uuid4())

    refused = refusal(shop.post("/invoices", {"order": missing}), 422)

    assert refused[:2] == ("unknown_order", "order")
    assert missing in refused[2]


@pytest.mark.parametrize("content", [{"order": "536365"}, {"order": None}, {"order": 1}])
def test_refuses_an_order_that_is_no_id(shop, content):
    assert refusal(shop.post("/invoices", content), 400)[1] == "order"


def test_refuses_the_body_of_an_order_beside_the_id_of_one(shop):
    order = shop.locked()

    refused = refusal(shop.post("/invoices", {**ORDER, "order": order["id"]}), 400)

    assert refused[0] == "unknown_field"
    assert counted() == [1, 0, 0, 0, 0]


def test_refuses_a_series_that_is_not_there(shop):
    refused = refusal(shop.post("/invoices", {**ORDER, "series": "web"}), 422)

    assert refused[:2] == ("unknown_series", "series")
    assert "web" in refused[2]
    assert counted() == [0] * 5


def test_refuses_a_date_of_issue_in_closed_books_and_names_the_field(shop, system):
    close_books(actor=system, through=date(2026, 1, 31))

    refused = refusal(shop.post("/invoices", {**ORDER, "issued_on": "2026-01-31"}), 422)

    assert refused[:2] == ("books_closed", "issued_on")
    assert counted() == [0] * 5


# --- Payments -------------------------------------------------------------------------------------


def test_refuses_to_pay_a_draft(shop):
    order = shop.order()

    refused = refusal(shop.post(f"/orders/{order['id']}/pay", {"method": "cash"}), 409)

    assert refused[0] == "order_not_locked"
    assert counted() == [1, 0, 0, 0, 0]


def test_refuses_to_pay_1_more_than_is_owed(shop):
    invoice = shop.invoice()
    content = {"method": "cash", "amount": TOTAL + 1}

    refused = refusal(shop.post(f"/invoices/{invoice['id']}/payments", content), 422)

    assert refused[:2] == ("over_payment", "amount")
    assert str(TOTAL + 1) in refused[2]
    assert str(TOTAL) in refused[2]
    assert shop.get(f"/invoices/{invoice['id']}") == invoice


@pytest.mark.parametrize("reference", ["BACS 1", "BACS 2", ""])
def test_refuses_to_pay_twice(shop, reference):
    invoice = shop.invoice()
    path = f"/invoices/{invoice['id']}/payments"
    paid = made(shop.post(path, {"method": "bank", "provider_reference": "BACS 1"}))

    again = shop.post(path, {"method": "bank", "provider_reference": reference})

    assert again.status_code == 409
    code = "provider_reference_taken" if reference == "BACS 1" else "nothing_owed"
    assert refusal(again, 409)[0] == code
    assert shop.get(f"/invoices/{invoice['id']}") == paid["invoice"]


def test_refuses_a_provider_reference_that_another_invoice_has(shop):
    first, second = shop.invoice(), shop.invoice()
    content = {"method": "card", "amount": 1_00, "provider_reference": "ch_1"}
    made(shop.post(f"/invoices/{first['id']}/payments", content))

    refused = refusal(shop.post(f"/invoices/{second['id']}/payments", content), 409)

    assert refused[:2] == ("provider_reference_taken", "provider_reference")
    assert "ch_1" in refused[2]


@pytest.mark.parametrize("amount", [0, -1])
def test_refuses_an_amount_below_1(shop, amount):
    invoice = shop.paid()["invoice"]
    open_invoice = shop.invoice()
    before = counted()

    for path, content in (
        (f"/invoices/{open_invoice['id']}/payments", {"method": "cash"}),
        (f"/invoices/{invoice['id']}/refunds", {"reason": "x"}),
        (f"/invoices/{invoice['id']}/credit-notes", {"reason": "x"}),
        (f"/orders/{open_invoice['order']}/pay", {"method": "cash"}),
        (f"/orders/{invoice['order']}/refund", {"reason": "x"}),
    ):
        refused = refusal(shop.post(path, {**content, "amount": amount}), 422)
        assert refused[:2] == ("invalid_amount", "amount")
        assert str(amount) in refused[2]
    assert counted() == before


def test_refuses_a_day_in_closed_books_and_names_the_field(shop, system):
    invoice = shop.invoice()
    close_books(actor=system, through=date(2026, 1, 31))
    content = {"method": "cash", "on": "2026-01-31"}

    for path in (f"/invoices/{invoice['id']}/payments", f"/orders/{invoice['order']}/pay"):
        assert refusal(shop.post(path, content), 422)[:2] == ("books_closed", "on")


@pytest.mark.parametrize(
    ("payment", "status", "code", "attr"),
    [
        ({"method": "cash", "amount": TOTAL + 1}, 422, "over_payment", "payment.amount"),
        ({"method": "cash", "amount": 0}, 422, "invalid_amount", "payment.amount"),
        ({"method": "gold"}, 400, "invalid_choice", "payment.method"),
        ({}, 400, "required", "payment.method"),
        (17_98, 400, "invalid", "payment"),
    ],
)
def test_refuses_a_sale_whose_payment_is_refused(shop, payment, status, code, attr):
    refused = refusal(shop.post("/invoices", {**ORDER, "payment": payment}), status)

    assert refused[:2] == (code, attr)
    assert counted() == [0] * 5


# --- Refunds and credit notes ---------------------------------------------------------------------


def test_refuses_to_refund_1_more_than_was_paid(shop):
    invoice = shop.paid()["invoice"]
    content = {"amount": TOTAL + 1, "reason": "Too much"}

    for path in (f"/invoices/{invoice['id']}/refunds", f"/orders/{invoice['order']}/refund"):
        refused = refusal(shop.post(path, content), 422)
        assert refused[:2] == ("over_refund", "amount")
        assert str(TOTAL + 1) in refused[2]
    assert shop.get(f"/invoices/{invoice['id']}") == invoice


def test_refuses_to_refund_what_was_not_paid(shop):
    invoice = shop.invoice()

    answer = shop.post(f"/invoices/{invoice['id']}/refunds", {"amount": 1, "reason": "Too soon"})

    assert answer.status_code in (409, 422)
    assert shop.get(f"/invoices/{invoice['id']}") == invoice


def test_refuses_to_credit_1_more_than_is_left(shop):
    invoice = shop.invoice()
    path = f"/invoices/{invoice['id']}/credit-notes"
    made(shop.post(path, {"amount": 10_00, "reason": "Part"}))
    before = shop.get(f"/invoices/{invoice['id']}")

    refused = refusal(shop.post(path, {"amount": TOTAL - 10_00 + 1, "reason": "Rest"}), 422)

    assert refused[:2] == ("over_credit", "amount")
    assert str(TOTAL - 10_00) in refused[2]
    assert shop.get(f"/invoices/{invoice['id']}") == before


@pytest.mark.parametrize(
    ("item", "status"),
    [
        ({"position": 1, "quantity": "7"}, 422),
        ({"position": 1, "quantity": "0"}, 422),
        ({"position": 1, "quantity": "-1"}, 422),
        ({"position": 2, "quantity": "1"}, 422),
        ({"position": 1, "quantity": "NaN"}, 400),
        ({"position": 0, "quantity": "1"}, 400),
        ({"position": "1", "quantity": "1"}, 400),
        ({"position": 1}, 400),
        ({"position": 1, "quantity": "1", "amount": 1}, 400),
    ],
)
def test_refuses_to_credit_what_is_not_on_the_invoice(shop, item, status):
    invoice = shop.invoice()

    answer = shop.post(
        f"/invoices/{invoice['id']}/credit-notes", {"items": [item], "reason": "Broken"}
    )

    assert str(refusal(answer, status)[1]).startswith("items")
    assert shop.get(f"/invoices/{invoice['id']}") == invoice


@pytest.mark.parametrize(
    "content",
    [
        {"reason": "x"},
        {"reason": "x", "amount": 1, "items": [{"position": 1, "quantity": 1}]},
    ],
)
def test_refuses_both_and_neither_of_amount_and_items(shop, content):
    invoice = shop.invoice()

    refused = refusal(shop.post(f"/invoices/{invoice['id']}/credit-notes", content), 400)

    assert refused[:2] == ("amount_or_items", "amount")


def test_refuses_to_void_twice(shop):
    invoice = shop.invoice()
    made(shop.post(f"/invoices/{invoice['id']}/void", {"reason": "Wrong customer"}))

    refused = refusal(shop.post(f"/invoices/{invoice['id']}/void", {"reason": "Again"}), 409)

    assert refused[0] == "nothing_to_credit"


@pytest.mark.parametrize(
    ("path", "content", "attr"),
    [
        ("/orders/{order}/lock", {"on": "today"}, "on"),
        ("/orders/{order}/lock", {"country": 44}, "country"),
        ("/orders/{order}/pay", {}, "method"),
        ("/orders/{order}/pay", {"method": "gold"}, "method"),
        ("/orders/{order}/pay", {"method": "cash", "amount": "100"}, "amount"),
        ("/orders/{order}/refund", {}, "reason"),
        ("/orders/{order}/refund", {"reason": ""}, "reason"),
        ("/orders/{order}/cancel", {"reason": "x"}, "reason"),
        ("/invoices/{id}/payments", {"method": "cash", "amount": 1.0}, "amount"),
        ("/invoices/{id}/payments", {"method": "cash", "amount": 2**63}, "amount"),
        ("/invoices/{id}/payments", {"method": "cash", "currency": "GBP"}, "currency"),
        ("/invoices/{id}/refunds", {"reason": "x", "amount": True}, "amount"),
        ("/invoices/{id}/credit-notes", {"reason": "x", "items": 1}, "items"),
        ("/invoices/{id}/credit-notes", {"amount": 1}, "reason"),
        ("/invoices/{id}/void", {}, "reason"),
        ("/payments/{payment}/reverse", {}, "reason"),
    ],
)
def test_refuses_malformed_actions_and_names_the_field(shop, path, content, attr):
    paid = shop.paid()
    where = {
        "id": paid["invoice"]["id"],
        "order": paid["invoice"]["order"],
        "payment": paid["payment"]["id"],
    }
    before = counted()

    answer = shop.post(path.format(**where), content)

    assert answer.status_code == 400, answer.content
    assert attr in {error["attr"] for error in answer.json()["errors"]}
    assert counted() == before


# --- Another organization's -----------------------------------------------------------------------


class TestAnotherOrganizations:
    def test_customer_is_unknown(self, shop, theirs):
        customer = theirs.get("/customers/M-1")

        for name in (customer["id"], "M-1"):
            for path in ("/orders", "/invoices"):
                refused = refusal(shop.post(path, {**ORDER, "customer": name}), 422)
                assert refused[:2] == ("unknown_customer", "customer")
        for path in ("/orders", "/invoices", "/payments", "/credit-notes", "/ageing"):
            answer = send(shop.client, "GET", path, {"customer": customer["id"]})
            assert refusal(answer, 404)[0] == "customer_not_found"

    def test_rate_is_unknown(self, shop, theirs):
        content = {**ORDER, "items": [{**MUGS, "tax_rates": ["EVIL"]}]}

        refused = refusal(shop.post("/invoices", content), 422)

        assert refused[:2] == ("unknown_tax_rate", "items.0.tax_rates")
        assert counted() == [0] * 5

    def test_order_is_unknown(self, shop, theirs):
        order = theirs.order()

        assert refusal(shop.post("/invoices", {"order": order["id"]}), 422)[0] == "unknown_order"
        answer = send(shop.client, "GET", "/invoices", {"order": order["id"]})
        assert refusal(answer, 404)[0] == "order_not_found"

    def test_revenue_account_is_unknown(self, shop, theirs):
        account = theirs.get("/accounts/4000")["id"]
        content = {**ORDER, "items": [{**MUGS, "revenue_account": account}]}

        refused = refusal(shop.post("/orders", content), 422)

        assert refused[:2] == ("invalid_revenue_account", "items.0.revenue_account")

    def test_lists_stay_apart(self, shop, theirs):
        theirs.paid()
        shop.paid()

        for path in ("/orders", "/invoices", "/payments"):
            mine = {row["id"] for row in shop.get(path)["results"]}
            other = {row["id"] for row in theirs.get(path)["results"]}
            assert len(mine) == len(other) == 1
            assert not mine & other
