"""The lists of sales: as many statements for twenty rows as for one, and no query breaks them."""

from decimal import Decimal

import pytest
from django.urls import reverse

from invoicing.services.customers import create_customer
from invoicing.services.numbering import create_series
from invoicing.services.tax_rates import create_tax_rate
from tests.invoicing.pages import listed, page
from tests.invoicing.selling import Till, item, statements_of

LISTS = (
    "order",
    "invoice",
    "creditnote",
    "financialtransaction",
    "customer",
    "taxrate",
    "numberseries",
)
QUERIES = (
    {"p": "-1"},
    {"p": "99999999"},
    {"o": "99.-99.x"},
    {"q": "\x00"},
    {"q": "%_\\'\""},
    {"q": "x" * 5_000},
    {"status": "burnt"},
    {"status__exact": "burnt"},
    {"state": "burnt"},
    {"country": "-"},
    {"country": "\x00"},
    {"customer": "\x00"},
    {"customer": "()"},
    {"customer": "x" * 1_000},
    {"customer": "%"},
    {"type__exact": "burnt"},
    {"issued_on_from": "2026-02-30"},
    {"issued_on_from": "0001-01-01", "issued_on_to": "9999-12-31"},
    {"created_at_from": "x", "created_at_to": "0001-01-01"},
    {"created_at_from": "0001-01-01", "created_at_to": "9999-12-31"},
    {"occurred_on_from": "0001-01-01"},
    {"organization__slug": "mallory-ltd"},
    {"customer__organization__slug": "mallory-ltd"},
    {"invoice__snapshot__seller": "x"},
    {"_to_field": "reference"},
)


@pytest.fixture
def till(acme, as_alice):
    return Till(as_alice)


@pytest.fixture
def sell(till, as_alice, as_olga):
    """sell(3): three more rows in every list."""
    made = iter(range(1_000))

    def sell_more(count):
        for number in (next(made) for _ in range(count)):
            customer = create_customer(actor=as_alice, name=f"Customer {number}", code=f"C{number}")
            till.credit(till.invoice(customer=customer), 5_00)
            till.pay(till.invoice(item(10_00), customer=customer))
            create_series(
                actor=as_olga, kind="invoice", code=f"s{number}", prefix=f"S{number}-", width=3
            )
            create_tax_rate(actor=as_alice, code=f"R{number}", name="Rate", percentage=Decimal(5))

    return sell_more


@pytest.mark.parametrize("model", LISTS)
def test_a_list_asks_as_much_for_twenty_rows_as_for_one(model, sell, olga, signed_in):
    client = signed_in(olga)
    sell(1)
    client.get(listed(model))
    one = statements_of(lambda: client.get(listed(model)))

    sell(20)
    many = statements_of(lambda: client.get(listed(model)))

    assert len(many) == len(one), many


def test_a_page_asks_as_much_for_twenty_items_as_for_one(till, olga, signed_in):
    client = signed_in(olga)
    small, large = till.invoice(), till.invoice(*[item(1_00)] * 20)
    for _ in range(4):
        till.pay(large, 1_00)
        till.credit(large, 1_00)
    till.pay(small, 1_00)
    till.credit(small, 1_00)
    client.get(page(small))

    def asked(row):
        return len(statements_of(lambda: client.get(page(row))))

    assert asked(small) == asked(large)
    assert asked(small.order) == asked(large.order)
    assert asked(till.draft()) == asked(till.draft(*[item(1_00)] * 20))


@pytest.mark.parametrize("model", LISTS)
def test_a_list_bears_any_query(model, sell, olga, signed_in):
    sell(1)
    client = signed_in(olga)

    answers = {str(q)[:80]: client.get(listed(model), q).status_code for q in QUERIES}

    assert {query for query, status in answers.items() if status not in (200, 302, 400)} == set()


@pytest.mark.parametrize("id", ["x", "0", "00000000-0000-0000-0000-000000000000", "\x00"])
@pytest.mark.parametrize("model", LISTS)
def test_ids_that_are_none_are_not_there(acme, olga, signed_in, model, id):
    client = signed_in(olga)
    for view in ("change", "delete", "history"):
        url = reverse(f"admin:invoicing_{model}_{view}", args=[id])
        assert client.get(url).status_code == 404
