"""Payments, credit notes without an invoice, and number series over HTTP."""

from typing import Any

import pytest

from ledger.models import JournalEntry
from ledger.selectors.balances import balance_at
from tests.api import send
from tests.invoicing.api import MUGS, NET, TAX, TOTAL, made, refusal
from tests.invoicing.selling import statements_of

pytestmark = pytest.mark.django_db

RETURN = {"currency": "GBP", "items": [MUGS], "reason": "Sold last year", "country": "GB"}


class TestPayments:
    def test_are_given_by_id(self, shop):
        payment = shop.paid()["payment"]

        assert shop.get(f"/payments/{payment['id']}") == payment

    def test_are_listed_the_latest_first_and_filtered(self, shop, lindqvist):
        bank = shop.paid(customer="17850", issued_on="2026-01-05")
        till = shop.invoice(issued_on="2026-01-05")
        cash = made(
            shop.post(
                f"/invoices/{till['id']}/payments",
                {"method": "cash", "amount": 5_00, "on": "2026-01-06"},
            )
        )

        def ids(**query: str) -> list[str]:
            return [row["id"] for row in shop.get("/payments", **query)["results"]]

        assert ids() == [bank["payment"]["id"], cash["payment"]["id"]]
        assert ids(method="cash") == [cash["payment"]["id"]]
        assert ids(customer="17850") == [bank["payment"]["id"]]
        assert ids(invoice=till["number"]) == ids(invoice=till["id"]) == [cash["payment"]["id"]]
        assert ids(type="refund") == []
        assert ids(**{"from": "2026-01-06", "to": "2026-01-06"}) == [cash["payment"]["id"]]

    def test_expand_customer_and_invoice(self, shop, lindqvist):
        paid = shop.paid(customer="17850")

        [row] = shop.get("/payments", expand="invoice,customer")["results"]

        assert (row["invoice"], row["customer"]) == (paid["invoice"], lindqvist)

    def test_leave_events_for_whoever_delivers_them(self, shop):
        paid = shop.paid()

        def told(name: str) -> list[dict[str, Any]]:
            return [row["facts"] for row in shop.get("/audit-events", action=name)["results"]]

        [issued], [settled], [ordered] = map(told, ("invoice_issued", "invoice_paid", "order_paid"))

        assert issued["invoice"] == settled["invoice"] == paid["invoice"]["id"]
        assert ordered["order"] == paid["invoice"]["order"]
        assert (settled["total_amount"], settled["currency"]) == (TOTAL, "GBP")

    def test_are_listed_by_as_many_statements_for_many_as_for_one(self, shop, lindqvist):
        def statements() -> int:
            return len(statements_of(lambda: shop.get("/payments", expand="invoice,customer")))

        shop.paid(customer="17850")
        few = statements()
        for _ in range(4):
            shop.paid(customer="17850")

        assert statements() == few

    def test_are_taken_back_whole(self, shop, acme):
        paid = shop.paid()

        answer = made(
            shop.post(f"/payments/{paid['payment']['id']}/reverse", {"reason": "Bounced"})
        )

        assert answer["reversal"]["type"] == "debit"
        assert answer["reversal"]["reverses"] == paid["payment"]["id"]
        assert answer["reversal"]["amount"] == TOTAL
        assert answer["reversal"]["reason"] == "Bounced"
        assert answer["payment"]["status"] == "reversed"
        assert (answer["invoice"]["status"], answer["invoice"]["open_amount"]) == ("open", TOTAL)
        assert balance_at(acme, "1010") == 0

    def test_are_taken_back_once(self, shop):
        path = f"/payments/{shop.paid()['payment']['id']}/reverse"
        made(shop.post(path, {"reason": "Bounced"}))

        assert refusal(shop.post(path, {"reason": "Bounced"}), 409)[0] == "payment_already_reversed"

    def test_that_are_refunds_are_not_taken_back(self, shop):
        invoice = shop.paid()["invoice"]
        refund = made(shop.post(f"/invoices/{invoice['id']}/refunds", {"reason": "Broken"}))

        refused = shop.post(f"/payments/{refund['refund']['id']}/reverse", {"reason": "Bounced"})

        assert refusal(refused, 422)[0] == "not_a_payment"


class TestCreditNotesWithoutAnInvoice:
    def test_are_issued_and_answered_whole(self, shop, acme, lindqvist):
        content = {**RETURN, "customer": "17850", "reference": "R-1", "on": "2026-01-05"}

        credit_note = made(shop.post("/credit-notes", content))

        assert (credit_note["number"], credit_note["series"]) == ("CN-2026-00001", "main")
        assert (credit_note["invoice"], credit_note["customer"]) == (None, lindqvist["id"])
        assert (credit_note["reference"], credit_note["reason"]) == ("R-1", "Sold last year")
        assert (
            credit_note["subtotal_amount"],
            credit_note["tax_amount"],
            credit_note["total_amount"],
        ) == (NET, TAX, TOTAL)
        [item] = credit_note["items"]
        assert (item["order_position"], item["quantity"], item["net_amount"]) == (None, "6", NET)
        assert credit_note["snapshot"]["buyer"]["name"] == "Lindqvist Ltd"
        assert JournalEntry.objects.of(acme).filter(pk=credit_note["journal_entry"]).exists()
        assert balance_at(acme, "1100") == -TOTAL

    @pytest.mark.parametrize("by", ["id", "number"])
    def test_are_given_by_id_and_by_number(self, shop, by):
        credit_note = made(shop.post("/credit-notes", RETURN))

        assert shop.get(f"/credit-notes/{credit_note[by]}") == credit_note

    def test_are_listed_and_filtered_beside_those_of_invoices(self, shop, lindqvist):
        alone = made(
            shop.post("/credit-notes", {**RETURN, "customer": "17850", "on": "2026-01-05"})
        )
        invoice = shop.invoice()
        other = made(
            shop.post(f"/invoices/{invoice['id']}/credit-notes", {"amount": 1, "reason": "x"})
        )

        def ids(**query: str) -> list[str]:
            return [row["id"] for row in shop.get("/credit-notes", **query)["results"]]

        assert ids() == [other["id"], alone["id"]]
        assert ids(customer="17850") == [alone["id"]]
        assert ids(invoice=invoice["number"]) == [other["id"]]
        assert ids(number=alone["number"]) == [alone["id"]]
        assert ids(to="2026-01-05") == [alone["id"]]
        [row] = shop.get("/credit-notes", invoice=invoice["id"], expand="invoice")["results"]
        assert row["invoice"] == other["invoice"]

    def test_are_listed_by_as_many_statements_for_many_as_for_one(self, shop, lindqvist):
        def statements() -> int:
            return len(statements_of(lambda: shop.get("/credit-notes", expand="invoice,customer")))

        def credit() -> None:
            items = [{"position": 1, "quantity": 1}]
            invoice = shop.invoice(customer="17850")
            made(
                shop.post(
                    f"/invoices/{invoice['id']}/credit-notes", {"items": items, "reason": "x"}
                )
            )

        credit()
        few = statements()
        for _ in range(4):
            credit()

        assert statements() == few

    def test_are_refunded_in_parts(self, shop, acme):
        credit_note = made(shop.post("/credit-notes", RETURN))
        path = f"/credit-notes/{credit_note['id']}/refunds"

        part = made(shop.post(path, {"method": "cash", "amount": 2_00, "reason": "Half"}))
        rest = made(shop.post(path, {"method": "bank", "reason": "Rest"}))

        assert set(part) == {"refund", "credit_note"}
        assert part["refund"]["credit_note"] == credit_note["id"]
        assert part["refund"]["invoice"] is None
        assert part["credit_note"]["refunded_amount"] == 2_00
        assert rest["refund"]["amount"] == TOTAL - 2_00
        assert rest["credit_note"]["refunded_amount"] == TOTAL
        assert balance_at(acme, "1100") == 0

    def test_are_refunded_no_further_than_they_go(self, shop):
        credit_note = made(shop.post("/credit-notes", RETURN))
        content = {"method": "cash", "amount": TOTAL + 1, "reason": "Too much"}

        refused = refusal(shop.post(f"/credit-notes/{credit_note['id']}/refunds", content), 422)

        assert refused[:2] == ("over_refund", "amount")


class TestNumberSeries:
    SHOP = {"kind": "invoice", "code": "shop", "prefix": "S{yy}-", "width": 3}

    def test_are_created_and_given(self, shop):
        series = made(shop.post("/number-series", self.SHOP))

        assert {**series, "id": ""} == {"id": "", **self.SHOP, "counters": []}
        assert shop.get(f"/number-series/{series['id']}") == series

    def test_tell_the_last_number_of_each_fiscal_year(self, shop):
        for day in ("2025-06-30", "2026-01-05", "2026-01-06"):
            shop.invoice(issued_on=day)

        [series] = shop.get("/number-series")["results"]

        assert (series["kind"], series["code"]) == ("invoice", "main")
        assert sorted((c["fiscal_year"], c["last_number"]) for c in series["counters"]) == [
            (2025, 1),
            (2026, 2),
        ]

    def test_change_how_the_next_numbers_look(self, shop):
        first = shop.invoice(issued_on="2026-01-05")
        [series] = shop.get("/number-series")["results"]

        changes = {"prefix": "A/{year}/", "width": 2}
        changed = made(send(shop.client, "PATCH", f"/number-series/{series['id']}", changes), 200)
        second = shop.invoice(issued_on="2026-01-05")

        assert {name: changed[name] for name in changes} == changes
        assert [first["number"], second["number"]] == ["INV-2026-00001", "A/2026/02"]
        # A number with a slash does not fit into a path; the list finds it.
        assert shop.get("/invoices", number="A/2026/02")["results"] == [second]

    def test_keep_their_kind_and_code(self, shop):
        series = made(shop.post("/number-series", self.SHOP))

        for name in ("kind", "code"):
            answer = send(shop.client, "PATCH", f"/number-series/{series['id']}", {name: "main"})
            assert refusal(answer, 400)[:2] == ("unknown_field", name)

    @pytest.mark.parametrize(
        ("change", "status", "attr"),
        [
            ({"prefix": "<b>"}, 422, "prefix"),
            ({"code": "a b"}, 422, "code"),
            ({"width": 13}, 400, "width"),
            ({"width": 0}, 400, "width"),
            ({"kind": "receipt"}, 400, "kind"),
            ({"prefix": None}, 400, "prefix"),
        ],
    )
    def test_refuse_what_is_no_series(self, shop, change, status, attr):
        answer = shop.post("/number-series", {**self.SHOP, **change})

        assert refusal(answer, status)[1] == attr
        assert shop.get("/number-series")["results"] == []

    def test_refuse_a_code_that_is_taken(self, shop):
        made(shop.post("/number-series", self.SHOP))

        refused = refusal(shop.post("/number-series", self.SHOP), 409)

        assert refused[:2] == ("series_code_taken", "code")
