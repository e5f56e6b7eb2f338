"""Settlements over HTTP: what is answered, listed, refused, and replayed."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from ledger.models import JournalEntry
from settlements.api import settlement_shapes
from settlements.api import settlements as settlement_views
from settlements.models import Payout, Settlement
from settlements.services.settling import calculating
from tests.api import code_of, send
from tests.invoicing.api import made, refusal
from tests.invoicing.selling import statements_of
from tests.settlements.market import CUTOFF, DAY, IBAN

pytestmark = pytest.mark.django_db

PAID_ON = (CUTOFF + timedelta(days=2)).isoformat()
THROUGH = {"payee": "ana", "through": CUTOFF.isoformat()}


@pytest.fixture
def ana(market):
    return market.payee(iban=IBAN)


@pytest.fixture
def other_api(market, make_key):
    """A client with another key of Market: it approves what the first one has prepared."""
    return Client(headers={"Authorization": f"Api-Key {make_key(market.organization)[1]}"})


@pytest.fixture
def pending(market_api, market, ana):
    """A settlement of 90.00, as it was answered."""
    market.sell(ana, 100_00)
    return made(send(market_api, "POST", "/settlements/calculate", THROUGH))


@pytest.fixture
def do(market_api, other_api, pending):
    """do("pay", {…}) with the settlement; approvals are the other key's."""

    def act(what, content=None, client=None, **headers):
        client = client or (other_api if what == "approve" else market_api)
        path = f"/settlements/{pending['id']}/{what}"
        return send(client, "POST", path, content or {}, **headers)

    return act


class TestCalculating:
    def test_answers_with_the_figures_and_the_lines(self, market_api, market, ana):
        concert = market.event(ana)
        sale = market.sell(ana, 100_00, on=DAY, event=concert, quantity=2)
        refund = market.refund(sale, 20_00, reason="ill")
        adjustment = market.adjust(ana, -3_00, on=CUTOFF, reason="posters")

        answer = made(send(market_api, "POST", "/settlements/calculate", THROUGH))

        assert {
            name: answer[name]
            for name in (
                *("payee", "sequence", "through", "currency", "status", "item_count"),
                *("sales_amount", "refunds_amount", "adjustments_amount"),
                *("carried_forward_amount", "reserve_held_amount", "reserve_released_amount"),
                *("reserve_release_on", "total_amount", "line_count", "payouts", "approved_by"),
            )
        } == {
            "payee": "ana",
            "sequence": 1,
            "through": CUTOFF.isoformat(),
            "currency": "EUR",
            "status": "pending",
            "item_count": 3,
            "sales_amount": 90_00,
            "refunds_amount": 18_00,
            "adjustments_amount": -3_00,
            "carried_forward_amount": 0,
            "reserve_held_amount": 0,
            "reserve_released_amount": 0,
            "reserve_release_on": None,
            "total_amount": 69_00,
            "line_count": 3,
            "payouts": [],
            "approved_by": None,
        }
        assert answer["prepared_by_key"] is not None
        first, second, third = answer["lines"]
        assert first == {
            "kind": "sale",
            "id": str(sale.pk),
            "occurred_on": DAY.isoformat(),
            "reference": sale.reference,
            "event": "concert",
            "sale": str(sale.pk),
            "description": "",
            "quantity": 2,
            "total_amount": 100_00,
            "ticket_revenue": 0,
            "platform_fee": 10_00,
            "tax_amount": 0,
            "amount": 90_00,
            "journal_entry": str(sale.entry_id),
        }
        assert (second["kind"], second["id"], second["sale"]) == (
            *("refund", str(refund.pk)),
            str(sale.pk),
        )
        assert (second["total_amount"], second["platform_fee"], second["amount"]) == (
            *(-20_00, -2_00),
            -18_00,
        )
        assert second["description"] == "ill"
        assert (third["kind"], third["id"], third["amount"], third["sale"]) == (
            *("adjustment", str(adjustment.pk)),
            *(-3_00, None),
        )

    def test_one_below_zero_is_completed(self, market_api, market, ana):
        market.adjust(ana, -3_00)

        answer = made(send(market_api, "POST", "/settlements/calculate", THROUGH))

        assert (answer["status"], answer["total_amount"]) == ("completed", -3_00)

    def test_the_same_request_is_carried_out_once(self, market_api, market, ana):
        market.sell(ana)

        first = send(market_api, "POST", "/settlements/calculate", THROUGH, Idempotency_Key="a")
        again = send(market_api, "POST", "/settlements/calculate", THROUGH, Idempotency_Key="a")

        assert again["Idempotency-Replayed"] == "true"
        assert first.json() == again.json()
        assert Settlement.objects.of(market.organization).count() == 1

    def test_the_same_request_may_go_through_where_the_first_met_new_sales(
        self, market_api, market, ana, monkeypatch
    ):
        market.sell(ana)
        with monkeypatch.context() as patch:
            patch.setattr(calculating, "MOST_COUNTS", 0)
            first = send(market_api, "POST", "/settlements/calculate", THROUGH, Idempotency_Key="a")

        again = send(market_api, "POST", "/settlements/calculate", THROUGH, Idempotency_Key="a")

        assert refusal(first, 409)[0] == "settlements_busy"
        assert again.status_code == 201

    @pytest.mark.parametrize(
        ("content", "code", "attr"),
        [
            ({"payee": "nobody"}, "unknown_payee", "payee"),
            ({"through": "2026-01-01"}, "nothing_to_settle", "through"),
            ({"through": "1066-10-14"}, "implausible_cutoff", "through"),
        ],
    )
    def test_what_cannot_be_settled_is_refused(self, market_api, market, ana, content, code, attr):
        market.sell(ana)

        answer = send(market_api, "POST", "/settlements/calculate", {**THROUGH, **content})

        assert refusal(answer, 422)[:2] == (code, attr)

    def test_a_suspended_payee_and_one_below_the_minimum_are_refused(self, market_api, market, ana):
        market.sell(ana)
        market.change(ana, minimum_payout_amount=1_000_00)
        below = send(market_api, "POST", "/settlements/calculate", THROUGH)
        market.suspend(ana)
        suspended = send(market_api, "POST", "/settlements/calculate", THROUGH)

        assert refusal(below, 422)[0] == "below_minimum_payout"
        assert refusal(suspended, 422)[0] == "payee_suspended"

    @pytest.mark.parametrize(
        "content",
        [{"through": "2026-02-31"}, {"through": None}, {"payee": 7}, {"reserve": "none"}],
    )
    def test_what_is_malformed_is_a_400(self, market_api, ana, content):
        answer = send(market_api, "POST", "/settlements/calculate", {**THROUGH, **content})

        assert answer.status_code == 400

    def test_another_organizations_payee_is_unknown(self, mallorys_api, ana):
        answer = send(
            mallorys_api, "POST", "/settlements/calculate", {**THROUGH, "payee": str(ana.pk)}
        )

        assert refusal(answer, 422)[0] == "unknown_payee"


class TestTheLifeCycle:
    def test_from_approval_to_payment(self, do, market):
        approved = made(do("approve"), 200)
        paid = made(do("pay", {"paid_on": PAID_ON}), 200)

        assert (approved["status"], paid["status"]) == ("processing", "completed")
        [payout] = paid["payouts"]
        assert (payout["attempt"], payout["status"], payout["iban"]) == (1, "paid", IBAN)
        assert (payout["paid_on"], payout["amount"]) == (PAID_ON, 90_00)
        entry = JournalEntry.objects.of(market.organization).get(pk=payout["journal_entry"])
        assert entry.reference == f"payout:{payout['end_to_end_id']}"

    def test_from_failure_to_the_second_attempt(self, do):
        do("approve")
        failed = made(do("fail", {"reason": "Account closed", "code": "AC04"}), 200)
        again = made(do("retry"), 200)

        assert (failed["status"], again["status"]) == ("failed", "processing")
        [first] = failed["payouts"]
        assert (first["status"], first["failure_reason"], first["failure_code"]) == (
            "failed",
            "Account closed",
            "AC04",
        )
        assert [p["attempt"] for p in again["payouts"]] == [2, 1]
        assert again["payouts"][0]["end_to_end_id"] != first["end_to_end_id"]

    def test_what_came_back_names_the_entry_that_says_so(self, do, market):
        do("approve")
        do("pay", {"paid_on": PAID_ON})

        returned = made(do("fail", {"reason": "No such account", "failed_on": PAID_ON}), 200)

        [payout] = returned["payouts"]
        assert (payout["status"], payout["failed_on"]) == ("returned", PAID_ON)
        entry = JournalEntry.objects.of(market.organization).get(pk=payout["return_journal_entry"])
        assert entry.reference == f"payout-return:{payout['end_to_end_id']}"

    def test_the_key_that_prepared_it_does_not_approve_it(self, do, market_api):
        assert refusal(do("approve", client=market_api), 422)[0] == "own_approval"

    def test_a_person_approves_what_another_person_prepared(self, market, signed_in, ana):
        market.sell(ana)
        petra, anton = signed_in(market.prepares), signed_in(market.approves)
        settlement = made(send(petra, "POST", "/settlements/calculate", THROUGH))
        path = f"/settlements/{settlement['id']}/approve"

        assert send(petra, "POST", path, {}).status_code == 403
        approved = made(send(anton, "POST", path, {}), 200)
        assert approved["prepared_by"] == str(market.prepares.pk)
        assert approved["approved_by"] == str(market.approves.pk)

    def test_what_is_not_its_turn_is_refused(self, do):
        assert refusal(do("pay", {"paid_on": PAID_ON}), 422)[0] == "settlement_not_approved"
        assert refusal(do("fail", {"reason": "x"}), 409)[0] == "settlement_not_paying"
        assert refusal(do("retry"), 409)[0] == "settlement_not_failed"
        do("approve")
        assert refusal(do("approve"), 409)[0] == "settlement_not_pending"
        early = refusal(do("pay", {"paid_on": DAY.isoformat()}), 422)
        assert early[:2] == ("payout_date_refused", "paid_on")
        do("pay", {"paid_on": PAID_ON})
        assert refusal(do("pay", {"paid_on": PAID_ON}), 409)[0] == "settlement_already_paid"

    def test_a_payment_is_recorded_once_however_often_it_is_sent(self, do, market):
        do("approve")

        first = do("pay", {"paid_on": PAID_ON}, Idempotency_Key="p")
        again = do("pay", {"paid_on": PAID_ON}, Idempotency_Key="p")

        assert again["Idempotency-Replayed"] == "true"
        assert first.content == again.content
        assert market.owed() == 0

    @pytest.mark.parametrize(
        ("what", "content"),
        [
            ("pay", {}),
            ("pay", {"paid_on": "yesterday"}),
            ("fail", {}),
            ("fail", {"reason": ""}),
            ("fail", {"reason": "x" * 501}),
            ("approve", {"by": "me"}),
        ],
    )
    def test_what_is_malformed_is_a_400(self, do, market, what, content):
        assert do(what, content).status_code == 400
        assert not Payout.objects.of(market.organization).exists()


class TestDiscarding:
    def test_its_items_are_open_again(self, market_api, market, ana, pending):
        answer = send(market_api, "DELETE", f"/settlements/{pending['id']}")

        assert (answer.status_code, answer.content) == (204, b"")
        assert send(market_api, "GET", f"/settlements/{pending['id']}").status_code == 404
        assert market.settle(ana).item_count == 1

    def test_one_that_was_approved_stays(self, do, market_api, pending):
        do("approve")

        answer = send(market_api, "DELETE", f"/settlements/{pending['id']}")

        assert refusal(answer, 409)[0] == "settlement_not_pending"


class TestReading:
    def test_one_is_read_as_it_was_answered(self, market_api, pending):
        assert made(send(market_api, "GET", f"/settlements/{pending['id']}"), 200) == pending

    def test_one_that_is_not_there(self, market_api):
        assert code_of(send(market_api, "GET", f"/settlements/{uuid4()}")) == "settlement_not_found"

    def test_they_are_listed_the_latest_first_and_filtered(self, market_api, market, ana):
        bob = market.payee("bob")
        for number, payee in enumerate((ana, bob, ana)):
            market.sell(payee, on=CUTOFF + timedelta(days=number))
            market.settle(payee, CUTOFF + timedelta(days=number))
        market.approve(Settlement.objects.of(market.organization).get(payee=bob))

        def listed(**query):
            answer = made(send(market_api, "GET", "/settlements", query), 200)
            return [(row["payee"], row["sequence"]) for row in answer["results"]]

        assert listed() == [("ana", 2), ("bob", 1), ("ana", 1)]
        assert listed(payee="ana") == [("ana", 2), ("ana", 1)]
        assert listed(status="processing") == [("bob", 1)]
        assert listed(**{"from": (CUTOFF + timedelta(days=2)).isoformat()}) == [("ana", 2)]
        assert listed(to=CUTOFF.isoformat()) == [("ana", 1)]
        assert send(market_api, "GET", "/settlements", {"payee": "nobody"}).status_code == 404

    def test_a_page_costs_as_many_statements_as_one_settlement(self, market_api, market, ana):
        def asked():
            return len(statements_of(lambda: send(market_api, "GET", "/settlements")))

        def settled(first, last):
            for number in range(first, last):
                market.sell(ana, on=CUTOFF + timedelta(days=number))
                market.approve(market.settle(ana, CUTOFF + timedelta(days=number)))

        settled(0, 1)
        asked()
        one = asked()
        settled(1, 6)

        assert asked() == one

    def test_many_lines_are_cut_off_and_listed_page_by_page(
        self, market_api, market, ana, monkeypatch
    ):
        monkeypatch.setattr(settlement_views, "MOST_LINES", 4)
        for number in range(9):
            sale = market.sell(ana, on=DAY + timedelta(days=number % 3))
            market.refund(sale, 1_00, on=DAY + timedelta(days=number % 4 + 3))
        settlement = made(send(market_api, "POST", "/settlements/calculate", THROUGH))
        path = f"/settlements/{settlement['id']}/lines"

        whole = made(send(market_api, "GET", path), 200)["results"]

        assert (len(settlement["lines"]), settlement["line_count"], len(whole)) == (4, 18, 18)
        assert settlement["lines"] == whole[:4]
        assert whole == sorted(whole, key=lambda line: (line["occurred_on"], line["id"]))
        forth: dict[str, Any] = {}
        pages, page = [], {"next": f"http://testserver/api/v1{path}?page_size=5"}
        while page["next"]:
            page = market_api.get(page["next"]).json()
            pages.append(page["results"])
            forth = page
        assert [line for page in pages for line in page] == whole
        back = [forth["results"]]
        while forth["previous"]:
            forth = market_api.get(forth["previous"]).json()
            back.insert(0, forth["results"])
        assert [line for page in back for line in page] == whole

    def test_a_cursor_of_another_list_is_refused(self, market_api, pending):
        path = f"/settlements/{pending['id']}/lines"

        answer = send(market_api, "GET", path, {"cursor": "W251bGwsMV0"})

        assert refusal(answer, 400)[0] == "invalid_cursor"

    def test_at_most_a_thousand_lines_are_in_an_answer(self):
        assert settlement_shapes.MOST_LINES == 1_000
