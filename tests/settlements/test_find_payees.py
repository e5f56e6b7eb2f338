"""Payees, one or many."""

from typing import Any

import pytest

from settlements.errors import PayeeNotFound
from settlements.selectors.payees import get_payee, list_payees

pytestmark = pytest.mark.django_db


def test_a_payee_is_found_by_code_or_id(market):
    payee = market.payee("ana")

    assert get_payee(market.organization, "ana") == payee
    assert get_payee(market.organization, payee.pk) == payee
    assert get_payee(market.organization, payee.pk.hex) == payee


def test_a_code_that_looks_like_an_id_comes_first(market):
    other = market.payee("ana")
    named = market.payee(str(other.pk))

    assert get_payee(market.organization, other.pk) == named


@pytest.mark.parametrize(
    "name", ["ANA", "", "a\x00", "\ud800", "01a1fac3-4f92-70da-9f9a-3d3ce9766535"]
)
def test_there_is_no_such_payee(market, name):
    market.payee("ana")

    with pytest.raises(PayeeNotFound):
        get_payee(market.organization, name)


def test_another_organizations_payee_is_as_good_as_none(market, mallory_ltd):
    payee = market.payee("ana")

    with pytest.raises(PayeeNotFound):
        get_payee(mallory_ltd, payee.pk)
    assert list(list_payees(mallory_ltd)) == []


def test_payees_are_listed_by_code_and_filtered(market):
    market.payee("zoe", name="100% Zoe", email="zoe@shop.example")
    market.payee("ben", schedule={"every": "day"})
    market.suspend(market.payee("ana"))

    def codes(**filters: Any) -> list[str]:
        return [payee.code for payee in list_payees(market.organization, **filters)]

    assert codes() == ["ana", "ben", "zoe"]
    assert codes(status="suspended") == ["ana"]
    assert codes(status="active", every="day") == ["ben"]
    assert codes(currency="USD") == []
    assert codes(search="0%") == codes(search="@SHOP") == codes(search="zo") == ["zoe"]
    assert codes(search="\x00") == codes(search="nobody") == []


def test_a_list_takes_one_statement_however_long_it_is(market, django_assert_num_queries):
    for number in range(5):
        market.payee(f"payee-{number}")

    with django_assert_num_queries(1):
        assert {payee.payable.code for payee in list_payees(market.organization)} == {"2120"}
