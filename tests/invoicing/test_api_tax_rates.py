"""Tax rates over HTTP."""

import pytest

from tests.api import send
from tests.invoicing.api import VAT, made, refusal

pytestmark = pytest.mark.django_db


def test_creates_a_rate_and_answers_it_whole(api):
    rate = made(send(api, "POST", "/tax-rates", VAT))

    assert rate.pop("id")
    assert rate == {
        "code": "GB-S",
        "name": "VAT",
        "percentage": "17.5",
        "country": "GB",
        "region": "",
        "inclusive": False,
        "compound": False,
        "category": "standard",
        "valid_from": None,
        "valid_to": None,
        "active": True,
    }


def test_takes_everything_that_a_rate_can_have(api):
    everything = {
        "code": "CA-QC-QST",
        "name": "QST",
        "percentage": "9.975",
        "country": "CA",
        "region": "QC",
        "inclusive": True,
        "compound": True,
        "category": "standard",
        "valid_from": "2013-01-01",
        "valid_to": "2030-12-31",
        "active": False,
    }

    rate = made(send(api, "POST", "/tax-rates", everything))

    assert {name: rate[name] for name in everything} == everything


@pytest.mark.parametrize(
    ("written", "kept"), [("17.50", "17.5"), (20, "20"), (17.5, "17.5"), ("8.12345", "8.12345")]
)
def test_keeps_a_percentage_exactly_as_text_or_number(api, written, kept):
    rate = made(send(api, "POST", "/tax-rates", {**VAT, "percentage": written}))

    assert rate["percentage"] == kept


def test_takes_a_rate_of_nothing_as_zero_rated(api):
    rate = made(send(api, "POST", "/tax-rates", {**VAT, "percentage": "0"}))

    assert rate["category"] == "zero"


@pytest.mark.parametrize("by", ["code", "id"])
def test_gives_a_rate_by_code_and_by_id(api, vat, by):
    assert made(send(api, "GET", f"/tax-rates/{vat[by]}"), 200) == vat


def test_changes_only_what_is_given(api, vat):
    changed = made(send(api, "PATCH", "/tax-rates/GB-S", {"valid_to": "2011-01-03"}), 200)

    assert changed == {**vat, "valid_to": "2011-01-03"}


def test_deletes_a_rate(api, vat):
    assert send(api, "DELETE", "/tax-rates/GB-S").status_code == 204
    assert send(api, "GET", "/tax-rates/GB-S").status_code == 404


def test_changing_and_deleting_a_rate_changes_nothing_that_was_locked(shop):
    order = shop.locked()

    send(shop.client, "PATCH", "/tax-rates/GB-S", {"percentage": "20"})
    assert shop.get(f"/orders/{order['id']}") == order
    send(shop.client, "DELETE", "/tax-rates/GB-S")
    assert shop.get(f"/orders/{order['id']}") == order


def test_lists_by_code_and_filters(api, vat):
    made(send(api, "POST", "/tax-rates", {**VAT, "code": "FR-S", "country": "FR"}))
    made(send(api, "POST", "/tax-rates", {**VAT, "code": "GB-OLD", "active": False}))

    def codes(**query: str) -> list[str]:
        return [rate["code"] for rate in send(api, "GET", "/tax-rates", query).json()["results"]]

    assert codes() == ["FR-S", "GB-OLD", "GB-S"]
    assert codes(country="GB") == ["GB-OLD", "GB-S"]
    assert codes(country="GB", active="true") == ["GB-S"]
    assert codes(active="false") == ["GB-OLD"]


def test_pages_through_a_list(api, vat):
    made(send(api, "POST", "/tax-rates", {**VAT, "code": "FR-S"}))

    first = send(api, "GET", "/tax-rates", {"page_size": 1}).json()
    second = api.get(first["next"]).json()

    assert [r["code"] for r in first["results"] + second["results"]] == ["FR-S", "GB-S"]
    assert second["next"] is None


@pytest.mark.parametrize(
    ("change", "code", "attr"),
    [
        ({"percentage": "100.1"}, "invalid_percentage", "percentage"),
        ({"percentage": "-1"}, "invalid_percentage", "percentage"),
        ({"percentage": "1.123456"}, "invalid_percentage", "percentage"),
        ({"percentage": "5", "category": "exempt"}, "invalid_percentage", "percentage"),
        ({"country": "XX"}, "unknown_country", "country"),
        ({"country": "Atlantis"}, "unknown_country", "country"),
        ({"country": "", "region": "QC"}, "region_without_country", "region"),
        ({"code": "a b"}, "invalid_tax_rate_code", "code"),
        ({"valid_from": "2011-01-02", "valid_to": "2011-01-01"}, "invalid_validity", "valid_to"),
    ],
)
def test_refuses_what_is_no_rate_and_names_the_field(api, change, code, attr):
    refused = refusal(send(api, "POST", "/tax-rates", {**VAT, **change}), 422)

    assert refused[:2] == (code, attr)
    assert send(api, "GET", "/tax-rates").json()["results"] == []


def test_refuses_a_code_that_is_taken(api, vat):
    refused = refusal(send(api, "POST", "/tax-rates", VAT), 409)

    assert refused[:2] == ("tax_rate_code_taken", "code")
    assert "GB-S" in refused[2]


@pytest.mark.parametrize(
    ("change", "attr"),
    [
        ({"percentage": "NaN"}, "percentage"),
        ({"percentage": "Infinity"}, "percentage"),
        ({"percentage": "1e1"}, "percentage"),
        ({"percentage": "17,5"}, "percentage"),
        ({"percentage": ""}, "percentage"),
        ({"percentage": None}, "percentage"),
        ({"percentage": True}, "percentage"),
        ({"percentage": "1" * 40}, "percentage"),
        ({"percentage": 10**40}, "percentage"),
        ({"inclusive": "yes"}, "inclusive"),
        ({"category": "luxury"}, "category"),
        ({"valid_from": "2011-02-30"}, "valid_from"),
        ({"name": ""}, "name"),
        ({"rate": "17.5"}, "rate"),
    ],
)
def test_refuses_what_is_malformed_and_names_the_field(api, change, attr):
    code, named, detail = refusal(send(api, "POST", "/tax-rates", {**VAT, **change}), 400)

    assert (named, bool(code), bool(detail)) == (attr, True, True)
    assert send(api, "GET", "/tax-rates").json()["results"] == []
