"""The chart as a tree: parents before children, balances rolled up per currency."""

from uuid import uuid4

import pytest

from ledger.drafts import credit, debit
from ledger.models import Account
from ledger.selectors.accounts import account_tree, as_tree
from ledger.selectors.balances import Totals, balances_at
from ledger.services.accounts import create_account

pytestmark = pytest.mark.django_db


def by_code(nodes):
    return {node.account.code: node for node in nodes}


def test_parents_come_before_their_children_with_depth_and_path(acme):
    nodes = account_tree(acme)

    codes = [node.account.code for node in nodes]
    assert codes[:4] == ["1", "10", "1000", "1010"]
    cash = by_code(nodes)["1000"]
    assert (cash.depth, cash.path, cash.has_children) == (2, ("1", "10", "1000"), False)
    assert by_code(nodes)["10"].has_children


def test_parents_show_the_sum_of_what_stands_below_in_the_normal_sign(acme, post):
    post(debit("1000", 120_00), credit("4000", 100_00), credit("2200", 20_00))
    post(debit("4080", 10_00), debit("2200", 2_00), credit("1010", 12_00))

    nodes = by_code(account_tree(acme, balances_at(acme)))

    shown = {
        code: nodes[code].balances for code in ("1000", "1010", "10", "1", "2", "40", "4", "5")
    }
    assert shown == {
        "1000": {"GBP": 120_00},
        "1010": {"GBP": -12_00},
        "10": {"GBP": 108_00},
        "1": {"GBP": 108_00},
        "2": {"GBP": 18_00},
        "40": {"GBP": 90_00},
        "4": {"GBP": 90_00},
        "5": {"GBP": 0},
    }
    assert nodes["1"].totals["GBP"] == Totals(120_00, 12_00)


def test_currencies_are_never_added_together(acme, as_alice):
    dollars = create_account(
        actor=as_alice, code="1011", name="Bank USD", type="asset", parent="10", currency="USD"
    )
    pounds = Account.objects.of(acme).get(code="1010")

    nodes = by_code(account_tree(acme, {dollars.pk: Totals(7, 0), pounds.pk: Totals(5, 2)}))

    assert nodes["1"].balances == {"GBP": 3, "USD": 7}


def test_the_tree_costs_one_statement(acme, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert [node.account.parent for node in account_tree(acme)]


def test_another_organizations_accounts_are_not_in_it(acme, mallory_ltd):
    assert {node.account.organization_id for node in account_tree(acme)} == {acme.pk}


def test_a_chain_deeper_than_pythons_stack_is_no_matter():
    organization_id = uuid4()
    chain: list[Account] = []
    for number in range(3_000):
        parent = chain[-1].pk if chain else None
        chain.append(
            Account(
                organization_id=organization_id,
                code=f"{number:05}",
                type="asset",
                currency="GBP",
                parent_id=parent,
            )
        )

    nodes = as_tree(chain, {chain[-1].pk: Totals(9, 0)})

    assert [node.depth for node in nodes] == list(range(3_000))
    assert nodes[0].balances == {"GBP": 9}


def test_an_account_whose_parent_is_left_out_stands_at_the_top(acme):
    leaves = [node.account for node in account_tree(acme) if node.account.code in ("1000", "4000")]

    assert [node.path for node in as_tree(leaves, {})] == [("1000",), ("4000",)]
