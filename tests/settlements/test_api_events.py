"""Events over HTTP."""

from typing import Any

import pytest

from settlements.models import Event
from tests.api import send
from tests.invoicing.api import made, refusal

pytestmark = pytest.mark.django_db

SPRING: dict[str, Any] = {
    "code": "spring-2026",
    "name": "Spring Festival",
    "payee": "ana",
    "ends_on": "2026-05-03",
}


@pytest.fixture
def ana(market: Any) -> Any:
    return market.payee("ana")


@pytest.fixture
def spring(market_api: Any, ana: Any) -> Any:
    return made(send(market_api, "POST", "/events", SPRING))


def test_creates_an_event_for_a_payee_by_code_or_id(market_api, ana):
    by_code = made(send(market_api, "POST", "/events", SPRING))
    by_id = made(send(market_api, "POST", "/events", {**SPRING, "code": "2", "payee": str(ana.pk)}))

    assert {name: by_code[name] for name in SPRING} == SPRING
    assert by_code["created_at"].endswith("Z")
    assert by_id["payee"] == "ana"


@pytest.mark.parametrize("by", ["code", "id"])
def test_gives_an_event_by_code_and_by_id(market_api, spring, by):
    assert made(send(market_api, "GET", f"/events/{spring[by]}"), 200) == spring


def test_changes_only_what_is_given(market_api, spring):
    changes = {"ends_on": "2026-05-10", "name": "Spring"}

    changed = made(send(market_api, "PATCH", "/events/spring-2026", changes), 200)

    assert changed == {**spring, **changes}


def test_keeps_the_payee(market, market_api, spring):
    market.payee("ben")

    refused = refusal(send(market_api, "PATCH", "/events/spring-2026", {"payee": "ben"}), 409)
    same = send(market_api, "PATCH", "/events/spring-2026", {"payee": "ana"})

    assert refused[:2] == ("event_payee_is_fixed", "payee")
    assert made(same, 200) == spring


def test_lists_the_latest_first_and_filters(market, market_api, spring):
    market.payee("ben")
    for code, payee, ends_on in (("b", "ben", "2026-10-04"), ("a", "ana", "2026-05-03")):
        content = {**SPRING, "code": code, "payee": payee, "ends_on": ends_on, "name": code}
        made(send(market_api, "POST", "/events", content))

    def codes(**query: str) -> list[str]:
        page = made(send(market_api, "GET", "/events", query), 200)
        return [row["code"] for row in page["results"]]

    assert codes() == ["b", "a", "spring-2026"]
    assert codes(payee="ana") == ["a", "spring-2026"]
    assert codes(**{"from": "2026-05-04"}) == ["b"]
    assert codes(to="2026-05-03", search="festival") == ["spring-2026"]


def test_lists_page_by_page_those_of_one_day_too(market_api, spring):
    for number in range(4):
        made(send(market_api, "POST", "/events", {**SPRING, "code": f"e{number}"}))

    found, page = [], made(send(market_api, "GET", "/events", {"page_size": 2}), 200)
    while True:
        found += [row["code"] for row in page["results"]]
        if page["next"] is None:
            break
        page = made(market_api.get(page["next"]), 200)

    assert sorted(found) == ["e0", "e1", "e2", "e3", "spring-2026"]


def test_a_list_takes_as_many_statements_for_ten_as_for_one(
    market_api, spring, django_assert_max_num_queries
):
    with django_assert_max_num_queries(20) as of_one:
        send(market_api, "GET", "/events")
    statements = len(of_one)
    for number in range(9):
        made(send(market_api, "POST", "/events", {**SPRING, "code": f"event-{number}"}))

    with django_assert_max_num_queries(statements):
        assert len(send(market_api, "GET", "/events").json()["results"]) == 10


@pytest.mark.parametrize(
    ("change", "status", "code", "attr"),
    [
        ({"code": "a/b"}, 422, "invalid_event", "code"),
        ({"name": "a\x07"}, 422, "invalid_event", "name"),
        ({"payee": "ben"}, 422, "unknown_payee", "payee"),
        ({"ends_on": "1899-12-31"}, 422, "invalid_event", "ends_on"),
        ({"ends_on": "2200-01-01"}, 422, "invalid_event", "ends_on"),
        ({"ends_on": "2026-02-30"}, 400, "invalid", "ends_on"),
        ({"ends_on": "03.05.2026"}, 400, "invalid", "ends_on"),
        ({"ends_on": 20260503}, 400, "invalid", "ends_on"),
        ({"name": None}, 400, "null", "name"),
        ({"payee": 7}, 400, "invalid", "payee"),
        ({"venue": "Dublin"}, 400, "unknown_field", "venue"),
    ],
)
def test_refuses_what_no_event_can_be_and_names_the_field(
    market_api, market_ltd, ana, change, status, code, attr
):
    refused = refusal(send(market_api, "POST", "/events", {**SPRING, **change}), status)

    assert refused[:2] == (code, attr)
    assert not Event.objects.of(market_ltd).exists()


def test_refuses_a_code_that_is_taken(market_api, spring):
    refused = refusal(send(market_api, "POST", "/events", SPRING), 409)

    assert refused[:2] == ("event_code_taken", "code")


class TestAnotherOrganization:
    def test_does_not_find_the_event(self, market_api, mallorys_api, spring):
        for name in (spring["id"], "spring-2026"):
            assert send(mallorys_api, "GET", f"/events/{name}").status_code == 404
            change = send(mallorys_api, "PATCH", f"/events/{name}", {"name": "Mine"})
            assert refusal(change, 404)[0] == "event_not_found"

        assert made(send(mallorys_api, "GET", "/events"), 200)["results"] == []
        assert made(send(market_api, "GET", "/events/spring-2026"), 200) == spring

    def test_has_no_payee_to_sell_for(self, mallorys_api, mallory_ltd, ana):
        content = {**SPRING, "payee": str(ana.pk)}

        refused = refusal(send(mallorys_api, "POST", "/events", content), 422)

        assert refused[:2] == ("unknown_payee", "payee")
        assert not Event.objects.of(mallory_ltd).exists()

    def test_has_no_payee_to_filter_by(self, mallorys_api, ana):
        answer = send(mallorys_api, "GET", "/events", {"payee": str(ana.pk)})

        assert refusal(answer, 404)[0] == "payee_not_found"
