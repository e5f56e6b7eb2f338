"""Payees over HTTP."""

from datetime import date
from typing import Any
from uuid import uuid4

import pytest

from organizations.models import AuditEvent
from settlements.models import Payee
from tests.api import send
from tests.invoicing.api import made, refusal
from tests.settlements.market import IBAN, OTHER_IBAN

pytestmark = pytest.mark.django_db

ANA: dict[str, Any] = {"code": "ana", "name": "Ana", "currency": "EUR"}
EVERYTHING: dict[str, Any] = {
    **ANA,
    "email": "ana@concerts.example",
    "country": "IE",
    "payable": "2120",
    "schedule": {"every": "week", "weekday": 3},
    "minimum_payout_amount": 50_00,
    "reserve": {"percentage": "12.5", "days": 30},
    "fee_policy": {"percentage": "7.25", "per_ticket_amount": 50, "borne_by": "buyer"},
    "account_holder": "Ana Byrne",
    "iban": IBAN,
    "bic": "AIBKIE2D",
}


@pytest.fixture
def ana(market_api: Any) -> Any:
    return made(send(market_api, "POST", "/payees", ANA))


class TestCreate:
    def test_answers_everything_that_was_given(self, market_api, market_ltd):
        payee = made(send(market_api, "POST", "/payees", EVERYTHING))

        assert {name: payee[name] for name in EVERYTHING} == EVERYTHING
        assert payee["status"] == "active"
        assert payee["created_at"].endswith("Z")
        cutoff = date.fromisoformat(payee["next_cutoff_on"])
        assert cutoff.isoweekday() == 3
        assert 0 <= (cutoff - market_ltd.today()).days < 7

    def test_needs_no_more_than_code_name_and_currency(self, ana):
        assert ana["schedule"] == {"every": "manual"}
        assert ana["reserve"] is None
        assert ana["fee_policy"] == {
            "percentage": "0",
            "per_ticket_amount": 0,
            "borne_by": "organizer",
        }
        assert (ana["payable"], ana["minimum_payout_amount"]) == ("2120", 0)
        assert (ana["next_cutoff_on"], ana["iban"]) == (None, "")

    def test_takes_an_iban_as_it_is_written_on_paper(self, market_api):
        given = {**ANA, "iban": "ie29 aibk 9311 5212 3456 78", "bic": "aibkie2d"}

        payee = made(send(market_api, "POST", "/payees", given))

        assert (payee["iban"], payee["bic"]) == (IBAN, "AIBKIE2D")

    def test_is_done_once_under_one_idempotency_key(self, market_api):
        answers = [
            send(market_api, "POST", "/payees", ANA, Idempotency_Key="once") for _ in range(2)
        ]

        assert [answer.status_code for answer in answers] == [201, 201]
        assert answers[0].json() == answers[1].json()
        assert answers[1]["Idempotency-Replayed"] == "true"


class TestRead:
    @pytest.mark.parametrize("by", ["code", "id"])
    def test_gives_a_payee_by_code_and_by_id(self, market_api, ana, by):
        assert made(send(market_api, "GET", f"/payees/{ana[by]}"), 200) == ana

    def test_lists_by_code_and_filters(self, market_api, ana):
        made(send(market_api, "POST", "/payees", {**EVERYTHING, "code": "ben", "name": "Ben"}))
        made(send(market_api, "PATCH", "/payees/ana", {"status": "suspended"}), 200)

        def codes(**query: str) -> list[str]:
            page = made(send(market_api, "GET", "/payees", query), 200)
            return [row["code"] for row in page["results"]]

        assert codes() == ["ana", "ben"]
        assert codes(status="suspended") == ["ana"]
        assert codes(every="week", currency="EUR") == ["ben"]
        assert codes(currency="USD") == []
        assert codes(search="BEN") == ["ben"]

    def test_lists_page_by_page(self, market_api):
        for code in ("ana", "ben", "zoe"):
            made(send(market_api, "POST", "/payees", {**ANA, "code": code}))

        first = made(send(market_api, "GET", "/payees", {"page_size": 2}), 200)
        second = made(market_api.get(first["next"]), 200)

        assert [row["code"] for row in first["results"]] == ["ana", "ben"]
        assert [row["code"] for row in second["results"]] == ["zoe"]
        assert (first["previous"], second["next"]) == (None, None)

    def test_a_list_takes_as_many_statements_for_ten_as_for_one(
        self, market_api, ana, django_assert_max_num_queries
    ):
        with django_assert_max_num_queries(20) as of_one:
            send(market_api, "GET", "/payees")
        statements = len(of_one)
        for number in range(9):
            made(send(market_api, "POST", "/payees", {**ANA, "code": f"payee-{number}"}))

        with django_assert_max_num_queries(statements):
            assert len(send(market_api, "GET", "/payees").json()["results"]) == 10

    @pytest.mark.parametrize(
        "query",
        [{"status": "gone"}, {"every": "year"}, {"currency": "eur"}, {"active": "true"}],
    )
    def test_refuses_a_filter_that_there_is_not(self, market_api, query):
        assert send(market_api, "GET", "/payees", query).status_code == 400


class TestChange:
    def test_changes_only_what_is_given(self, market_api, ana):
        changes = {
            "name": "Anna",
            "schedule": {"every": "event", "days": 5},
            "reserve": {"floor_amount": 500_00},
            "iban": OTHER_IBAN,
        }

        changed = made(send(market_api, "PATCH", "/payees/ana", changes), 200)

        assert changed == {**ana, **changes}
        assert made(send(market_api, "GET", f"/payees/{ana['id']}"), 200) == changed

    def test_null_takes_schedule_reserve_and_fee_away(self, market_api):
        made(send(market_api, "POST", "/payees", EVERYTHING))
        changes = {"schedule": None, "reserve": None, "fee_policy": None}

        changed = made(send(market_api, "PATCH", "/payees/ana", changes), 200)

        assert (changed["schedule"], changed["reserve"]) == ({"every": "manual"}, None)
        assert changed["fee_policy"]["percentage"] == "0"

    def test_suspends_and_makes_active_again(self, market_api):
        made(send(market_api, "POST", "/payees", EVERYTHING))

        suspended = made(send(market_api, "PATCH", "/payees/ana", {"status": "suspended"}), 200)
        active = made(send(market_api, "PATCH", "/payees/ana", {"status": "active"}), 200)

        assert (suspended["status"], suspended["next_cutoff_on"]) == ("suspended", None)
        assert active["status"] == "active"
        assert active["next_cutoff_on"] is not None

    def test_keeps_currency_and_account(self, market_api, ana):
        of_currency = refusal(send(market_api, "PATCH", "/payees/ana", {"currency": "USD"}), 409)
        of_account = refusal(send(market_api, "PATCH", "/payees/ana", {"payable": "2150"}), 422)

        assert of_currency[:2] == ("payee_currency_is_fixed", "currency")
        assert of_account[:2] == ("invalid_payee", "payable")
        assert made(send(market_api, "GET", "/payees/ana"), 200) == ana

    def test_has_nothing_to_replace_or_delete(self, market_api, ana):
        assert send(market_api, "PUT", "/payees/ana", ANA).status_code == 405
        assert send(market_api, "DELETE", "/payees/ana").status_code == 405


class TestRefuses:
    @pytest.mark.parametrize(
        ("change", "code", "attr"),
        [
            ({"code": "a/b"}, "invalid_payee", "code"),
            ({"email": "not an address"}, "invalid_payee", "email"),
            ({"country": "XX"}, "unknown_country", "country"),
            ({"currency": "XXX"}, "unknown_currency", "currency"),
            ({"currency": "USD"}, "role_unfilled", None),
            ({"payable": "4100"}, "invalid_payable_account", "payable"),
            ({"payable": "nowhere"}, "invalid_payable_account", "payable"),
            ({"payable": "21"}, "invalid_payee", "payable"),
            ({"minimum_payout_amount": -1}, "invalid_payee", "minimum_payout_amount"),
            ({"schedule": {"every": "week"}}, "invalid_schedule", "schedule"),
            ({"schedule": {"every": "week", "weekday": 0}}, "invalid_schedule", "schedule"),
            ({"schedule": {"every": "month", "day": 32}}, "invalid_schedule", "schedule"),
            ({"schedule": {"every": "event", "days": 366}}, "invalid_schedule", "schedule"),
            ({"schedule": {"every": "day", "day": 1}}, "invalid_schedule", "schedule"),
            ({"reserve": {"percentage": "101", "days": 1}}, "invalid_reserve", "reserve"),
            ({"reserve": {"percentage": "10"}}, "invalid_reserve", "reserve"),
            ({"reserve": {"percentage": "10", "days": 0}}, "invalid_reserve", "reserve"),
            ({"reserve": {"floor_amount": -1}}, "invalid_reserve", "reserve"),
            ({"fee_policy": {"percentage": "101"}}, "invalid_payee", "fee_policy"),
            ({"fee_policy": {"percentage": -1}}, "invalid_payee", "fee_policy"),
            ({"fee_policy": {"per_ticket_amount": -1}}, "invalid_payee", "fee_policy"),
            ({"iban": "IE29AIBK93115212345679"}, "invalid_iban", "iban"),
            ({"iban": IBAN, "bic": "COBADEFF"}, "invalid_bic", "bic"),
            ({"bic": "COBA"}, "invalid_bic", "bic"),
            ({"name": "A\x07na"}, "invalid_payee", "name"),
            ({"account_holder": "A\nna"}, "invalid_payee", "account_holder"),
        ],
    )
    def test_what_no_payee_can_be_and_names_the_field(
        self, market_api, market_ltd, change, code, attr
    ):
        refused = refusal(send(market_api, "POST", "/payees", {**ANA, **change}), 422)

        assert refused[:2] == (code, attr)
        assert nothing_is_written(market_ltd)

    @pytest.mark.parametrize(
        ("change", "attr"),
        [
            ({"name": ""}, "name"),
            ({"name": 7}, "name"),
            ({"name": "x" * 201}, "name"),
            ({"name": "a\x00b"}, None),
            ({"code": None}, "code"),
            ({"currency": "eur"}, "currency"),
            ({"status": "suspended"}, "status"),
            ({"rating": 5}, "rating"),
            ({"minimum_payout_amount": 2**63}, "minimum_payout_amount"),
            ({"minimum_payout_amount": 1.0}, "minimum_payout_amount"),
            ({"minimum_payout_amount": "5000"}, "minimum_payout_amount"),
            ({"schedule": "weekly"}, "schedule"),
            ({"schedule": {"every": "year"}}, "schedule.every"),
            ({"schedule": {"weekday": 3}}, "schedule.every"),
            ({"schedule": {"every": "week", "weekday": "3"}}, "schedule.weekday"),
            ({"schedule": {"every": "week", "weekday": 3, "hour": 1}}, "schedule.hour"),
            ({"reserve": {"percentage": 2.5, "days": 30}}, "reserve.percentage"),
            ({"reserve": {"percentage": "10", "days": 30.0}}, "reserve.days"),
            ({"reserve": {"floor_amount": 2**63}}, "reserve.floor_amount"),
            ({"reserve": []}, "reserve"),
            ({"fee_policy": {"percentage": 2.5}}, "fee_policy.percentage"),
            ({"fee_policy": {"percentage": None}}, "fee_policy.percentage"),
            ({"fee_policy": {"per_ticket_amount": 2**63}}, "fee_policy.per_ticket_amount"),
            ({"fee_policy": {"borne_by": "nobody"}}, "fee_policy.borne_by"),
            ({"iban": 29}, "iban"),
        ],
    )
    def test_what_is_malformed_and_names_the_field(self, market_api, market_ltd, change, attr):
        refused = refusal(send(market_api, "POST", "/payees", {**ANA, **change}), 400)

        assert refused[1] == attr
        assert nothing_is_written(market_ltd)

    @pytest.mark.parametrize("missing", ["code", "name", "currency"])
    def test_what_is_incomplete(self, market_api, missing):
        content = {name: value for name, value in ANA.items() if name != missing}

        refused = refusal(send(market_api, "POST", "/payees", content), 400)

        assert refused[:2] == ("required", missing)

    def test_a_code_that_is_taken(self, market_api, ana):
        refused = refusal(send(market_api, "POST", "/payees", ANA), 409)

        assert refused[:2] == ("payee_code_taken", "code")

    def test_a_change_that_a_new_payee_could_not_have(self, market_api, ana):
        for change, status in (
            ({"name": ""}, 400),
            ({"status": "gone"}, 400),
            ({"schedule": {"weekday": 3}}, 422),
            ({"iban": "DE00"}, 422),
            ({"reserve": {"percentage": "101", "days": 1}}, 422),
        ):
            answer = send(market_api, "PATCH", "/payees/ana", {"email": "a@b.example", **change})
            assert answer.status_code == status, change

        assert made(send(market_api, "GET", "/payees/ana"), 200) == ana

    def test_a_parameter_that_it_does_not_take(self, market_api, ana):
        assert send(market_api, "GET", "/payees/ana", {"expand": "x"}).status_code == 400


class TestAnotherOrganization:
    def test_does_not_find_the_payee(self, market_api, mallorys_api, ana):
        for name in (ana["id"], "ana"):
            assert send(mallorys_api, "GET", f"/payees/{name}").status_code == 404
            change = send(mallorys_api, "PATCH", f"/payees/{name}", {"name": "Mine"})
            assert refusal(change, 404)[0] == "payee_not_found"

        assert made(send(mallorys_api, "GET", "/payees"), 200)["results"] == []
        assert made(send(market_api, "GET", "/payees/ana"), 200) == ana

    def test_has_no_account_to_give_away(self, market_api, mallorys_api, market_ltd, ana):
        accounts = made(send(market_api, "GET", "/accounts", {"role": "organizer_payable"}), 200)
        theirs = accounts["results"][0]["id"]

        refused = refusal(send(mallorys_api, "POST", "/payees", {**ANA, "payable": theirs}), 422)

        assert refused[:2] == ("invalid_payable_account", "payable")

    def test_looks_like_what_is_not_there_at_all(self, market_api):
        refused = refusal(send(market_api, "GET", f"/payees/{uuid4()}"), 404)

        assert refused[0] == "payee_not_found"


def nothing_is_written(organization: Any) -> bool:
    return not (
        Payee.objects.of(organization).exists()
        or AuditEvent.objects.of(organization).filter(subject_type="payee").exists()
    )
