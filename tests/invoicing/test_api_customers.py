"""Customers over HTTP."""

from typing import Any

import pytest

from tests.api import send
from tests.invoicing.api import LINDQVIST, made, refusal

pytestmark = pytest.mark.django_db

EVERYTHING: dict[str, Any] = {
    "code": "C-1",
    "name": "Müller & Söhne GmbH",
    "email": "rechnung@mueller.example",
    "phone": "+49 30 123456",
    "address": "Hauptstraße 1\nHinterhof",
    "postcode": "10115",
    "city": "Berlin",
    "region": "BE",
    "country": "DE",
    "tax_id": "DE136695976",
    "payment_terms_days": 14,
    "metadata": {"since": 1998, "discount": 2.5, "tags": ["wholesale"]},
}


def test_creates_a_customer_with_everything_that_one_can_have(api):
    customer = made(send(api, "POST", "/customers", EVERYTHING))

    assert {name: customer[name] for name in EVERYTHING} == EVERYTHING
    assert customer["active"] is True
    assert customer["created_at"].endswith("Z")


def test_creates_a_customer_with_nothing_but_a_name(api):
    customer = made(send(api, "POST", "/customers", {"name": "Ann"}))

    assert customer["code"] == ""
    assert customer["metadata"] == {}
    assert customer["payment_terms_days"] is None


@pytest.mark.parametrize("by", ["code", "id"])
def test_gives_a_customer_by_code_and_by_id(api, lindqvist, by):
    assert made(send(api, "GET", f"/customers/{lindqvist[by]}"), 200) == lindqvist


def test_changes_only_what_is_given(api, lindqvist):
    changes = {"city": "London", "payment_terms_days": 0, "active": False}

    changed = made(send(api, "PATCH", "/customers/17850", changes), 200)

    assert changed == {**lindqvist, **changes}


def test_deletes_a_customer_without_orders(api, lindqvist):
    assert send(api, "DELETE", "/customers/17850").status_code == 204
    assert send(api, "GET", "/customers/17850").status_code == 404


def test_keeps_a_customer_with_an_order(shop, lindqvist):
    shop.order(customer="17850")

    refused = refusal(send(shop.client, "DELETE", "/customers/17850"), 409)

    assert refused[0] == "customer_in_use"
    assert shop.get("/customers/17850") == lindqvist


def test_lists_by_name_and_filters(api, lindqvist):
    made(send(api, "POST", "/customers", EVERYTHING))
    made(send(api, "PATCH", "/customers/C-1", {"active": False}), 200)

    def names(**query: str) -> list[str]:
        return [row["name"] for row in send(api, "GET", "/customers", query).json()["results"]]

    assert names() == ["Lindqvist Ltd", "Müller & Söhne GmbH"]
    assert names(active="true") == ["Lindqvist Ltd"]
    assert names(search="söhne") == ["Müller & Söhne GmbH"]
    assert names(search="1785") == ["Lindqvist Ltd"]
    assert names(search="nobody") == []


@pytest.mark.parametrize(
    ("change", "code", "attr"),
    [
        ({"country": "XX"}, "unknown_country", "country"),
        ({"country": "Atlantis"}, "unknown_country", "country"),
        ({"tax_id": "GB123", "country": "GB"}, "invalid_tax_id", "tax_id"),
        ({"email": "not an address"}, "invalid_customer", "email"),
        ({"code": "a/b"}, "invalid_customer", "code"),
    ],
)
def test_refuses_what_is_no_customer_and_names_the_field(api, change, code, attr):
    refused = refusal(send(api, "POST", "/customers", {**LINDQVIST, **change}), 422)

    assert refused[:2] == (code, attr)
    assert send(api, "GET", "/customers").json()["results"] == []


def test_refuses_a_code_that_is_taken(api, lindqvist):
    refused = refusal(send(api, "POST", "/customers", LINDQVIST), 409)

    assert refused[:2] == ("customer_code_taken", "code")


@pytest.mark.parametrize(
    ("change", "attr"),
    [
        ({"name": ""}, "name"),
        ({"name": 7}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"payment_terms_days": 366}, "payment_terms_days"),
        ({"payment_terms_days": -1}, "payment_terms_days"),
        ({"payment_terms_days": "30"}, "payment_terms_days"),
        ({"metadata": []}, "metadata"),
        ({"credit_limit": 1}, "credit_limit"),
    ],
)
def test_refuses_what_is_malformed_and_names_the_field(api, change, attr):
    refused = refusal(send(api, "POST", "/customers", {**LINDQVIST, **change}), 400)

    assert refused[1] == attr
    assert send(api, "GET", "/customers").json()["results"] == []
