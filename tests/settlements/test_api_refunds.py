"""Refunds and adjustments over HTTP: what is answered, listed, refused, and replayed."""

import pytest

from settlements.models import Adjustment, Refund
from tests.api import code_of, send
from tests.invoicing.api import made
from tests.settlements.api import TICKETS, books_of

pytestmark = pytest.mark.django_db

REFUND = {"reference": "refund-1", "refunded_on": "2026-03-12", "amount": 55_00, "fee": "return"}
POSTERS = {"payee": "ana", "amount": -25_00, "reason": "Posters", "adjusted_on": "2026-03-15"}


@pytest.fixture
def ana(market):
    payee = market.payee(fee_policy={"percentage": "10"})
    market.event(payee)
    return payee


@pytest.fixture
def ask(market_api, ana):
    """ask("POST", "/sales", {…}) as Market's key."""

    def ask(method, path, content=None, **headers):
        return send(market_api, method, path, content, **headers)

    return ask


@pytest.fixture
def sale(ask):
    return made(ask("POST", "/sales", TICKETS))


class TestRefunds:
    def test_one_is_recorded(self, ask, sale, market):
        answer = ask("POST", f"/sales/{sale['id']}/refunds", REFUND)

        assert answer.status_code == 201
        said = answer.json()
        [row] = Refund.objects.of(market.organization)
        assert said.pop("created_at").endswith("Z")
        assert said == {
            "id": str(row.pk),
            "reference": "refund-1",
            "payee": "ana",
            "event": "concert",
            "currency": "EUR",
            "settlement": None,
            "journal_entry": str(row.entry_id),
            "sale": sale["id"],
            "sale_reference": "tickets-1",
            "refunded_on": "2026-03-12",
            "method": "card",
            "amount": 55_00,
            "ticket_revenue": 0,
            "platform_fee": 5_00,
            "tax_amount": 0,
            "organizer_amount": 50_00,
            "kept_fee_amount": 0,
            "reason": "",
        }
        assert ask("GET", "/sales/tickets-1").json()["refunded_amount"] == 55_00

    def test_the_very_same_again_is_answered_with_what_is_there(self, ask, sale, market):
        first = made(ask("POST", f"/sales/{sale['id']}/refunds", REFUND))

        again = ask("POST", "/sales/tickets-1/refunds", REFUND)

        assert (again.status_code, again.json()) == (200, first)
        assert Refund.objects.of(market.organization).count() == 1

    def test_they_are_listed_and_narrowed_down(self, ask, sale, market, ana):
        made(ask("POST", f"/sales/{sale['id']}/refunds", REFUND))
        market.refund(market.sell(ana), fee="keep")

        assert len(ask("GET", "/refunds").json()["results"]) == 2
        [row] = ask("GET", "/refunds", {"sale": "tickets-1"}).json()["results"]
        assert row["reference"] == "refund-1"
        [row] = ask("GET", "/refunds", {"event": "concert"}).json()["results"]
        assert row["reference"] == "refund-1"
        assert ask("GET", "/refunds", {"sale": "nothing"}).status_code == 404

    @pytest.mark.parametrize(
        ("changes", "status", "code", "attr"),
        [
            ({"amount": 110_01}, 422, "over_refund", "amount"),
            ({"amount": 0}, 422, "invalid_refund", "amount"),
            ({"amount": 1.0}, 400, "invalid", "amount"),
            ({"amount": 2**63}, 400, "max_value", "amount"),
            ({"refunded_on": "2026-03-09"}, 422, "refund_before_sale", "refunded_on"),
            ({"refunded_on": "9999-12-31"}, 422, "invalid_refund", "refunded_on"),
            ({"fee": "half"}, 400, "invalid_choice", "fee"),
            ({"reason": "a\u0007b"}, 422, "invalid_refund", "reason"),
        ],
    )
    def test_bad_ones_are_refused_and_write_nothing(
        self, ask, sale, market, changes, status, code, attr
    ):
        before = books_of(market.organization)

        answer = ask("POST", f"/sales/{sale['id']}/refunds", {**REFUND, **changes})

        [error] = answer.json()["errors"]
        assert (answer.status_code, error["code"], error["attr"]) == (status, code, attr)
        assert books_of(market.organization) == before

    def test_of_a_sale_that_is_refunded_already_there_are_none(self, ask, sale):
        path = f"/sales/{sale['id']}/refunds"
        made(ask("POST", path, {"reference": "all", "refunded_on": "2026-03-12"}))

        answer = ask("POST", path, {"reference": "more", "refunded_on": "2026-03-12"})

        assert (answer.status_code, code_of(answer)) == (409, "nothing_left_to_refund")

    def test_one_of_another_organizations_sale_is_not_found(self, sale, mallorys_api):
        answer = send(mallorys_api, "POST", f"/sales/{sale['id']}/refunds", REFUND)

        assert (answer.status_code, code_of(answer)) == (404, "sale_not_found")


class TestAdjustments:
    def test_one_is_recorded(self, ask, market):
        answer = ask("POST", "/adjustments", {**POSTERS, "reference": "p", "event": "concert"})

        assert answer.status_code == 201
        said = answer.json()
        [row] = Adjustment.objects.of(market.organization)
        assert said.pop("created_at").endswith("Z")
        assert said == {
            "id": str(row.pk),
            "reference": "p",
            "payee": "ana",
            "event": "concert",
            "currency": "EUR",
            "settlement": None,
            "journal_entry": str(row.entry_id),
            "kind": "adjustment",
            "adjusted_on": "2026-03-15",
            "amount": -25_00,
            "reason": "Posters",
            "account": "4900",
        }

    def test_the_very_same_again_is_answered_with_what_is_there(self, ask):
        content = {**POSTERS, "reference": "p"}
        first = made(ask("POST", "/adjustments", content))

        again = ask("POST", "/adjustments", content)

        assert (again.status_code, again.json()) == (200, first)

    def test_is_of_today_unless_a_day_is_given(self, ask, market):
        content = {k: v for k, v in POSTERS.items() if k != "adjusted_on"}

        said = made(ask("POST", "/adjustments", content))

        assert said["adjusted_on"] == market.organization.today().isoformat()

    def test_they_are_listed_and_narrowed_down(self, ask):
        made(ask("POST", "/adjustments", POSTERS))
        made(ask("POST", "/adjustments", {**POSTERS, "kind": "fee"}))

        assert len(ask("GET", "/adjustments", {"payee": "ana"}).json()["results"]) == 2
        [row] = ask("GET", "/adjustments", {"kind": "fee"}).json()["results"]
        assert row["account"] == "4110"

    @pytest.mark.parametrize(
        ("changes", "status", "code", "attr"),
        [
            ({"amount": 0}, 422, "invalid_adjustment", "amount"),
            ({"amount": -1.0}, 400, "invalid", "amount"),
            ({"kind": "fee", "amount": 1}, 422, "invalid_adjustment", "amount"),
            ({"kind": "gift"}, 400, "invalid_choice", "kind"),
            ({"reason": ""}, 400, "blank", "reason"),
            ({"payee": "nobody"}, 422, "unknown_payee", "payee"),
            ({"event": "nothing"}, 422, "unknown_event", "event"),
            ({"account": "2120"}, 422, "invalid_adjustment", "account"),
            ({"account": "9999"}, 422, "invalid_adjustment", "account"),
            ({"adjusted_on": "1899-12-31"}, 422, "invalid_adjustment", "adjusted_on"),
        ],
    )
    def test_bad_ones_are_refused_and_write_nothing(self, ask, market, changes, status, code, attr):
        before = books_of(market.organization)

        answer = ask("POST", "/adjustments", {**POSTERS, **changes})

        [error] = answer.json()["errors"]
        assert (answer.status_code, error["code"], error["attr"]) == (status, code, attr)
        assert books_of(market.organization) == before

    def test_an_account_of_another_organization_is_unknown(self, ask, market, acme, ana):
        from ledger.models import Account

        theirs = Account.objects.of(acme).get(code="1010")

        answer = ask("POST", "/adjustments", {**POSTERS, "account": str(theirs.pk)})

        assert (answer.status_code, code_of(answer)) == (422, "invalid_adjustment")
