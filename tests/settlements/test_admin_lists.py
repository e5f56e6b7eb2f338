"""The lists of settlements: as many statements for many rows as for one, and none breaks them."""

from datetime import date, timedelta

import pytest
from django.urls import reverse

from organizations.models import Role
from settlements.services.batches import export_batch
from tests.fixtures import make_member
from tests.invoicing.selling import statements_of
from tests.settlements.market import IBAN
from tests.settlements.pages import adding, listed, page

LISTS = ("payee", "event", "sale", "refund", "adjustment", "settlement", "payoutbatch")
QUERIES = (
    {"p": "-1"},
    {"p": "99999999"},
    {"o": "99.-99.x"},
    {"q": "\x00"},
    {"q": "%_\\'\""},
    {"q": "x" * 5_000},
    {"status": "burnt"},
    {"status__exact": "burnt"},
    {"settled": "burnt"},
    {"payee": "\x00"},
    {"payee": "()"},
    {"payee": "%"},
    {"event": "x" * 1_000},
    {"event": "\x00"},
    {"method__exact": "shells"},
    {"sold_on_from": "2026-02-30"},
    {"sold_on_from": "0001-01-01", "sold_on_to": "9999-12-31"},
    {"created_at_from": "x", "created_at_to": "0001-01-01"},
    {"organization__slug": "mallory-ltd"},
    {"payee__organization__slug": "mallory-ltd"},
    {"payee__iban__startswith": "IE"},
    {"_to_field": "reference"},
)


@pytest.fixture
def olga(market, signed_in):
    """Owns Market, and sees everything."""
    return signed_in(make_member(market.organization, "Olga", Role.OWNER))


@pytest.fixture
def grow(market):
    """grow(3): three more rows in every list."""
    numbers = iter(range(1_000))

    def more(count):
        for number in (next(numbers) for _ in range(count)):
            payee = market.payee(f"p{number}", iban=IBAN, reserve={"percentage": "10", "days": 30})
            event = market.event(payee, f"e{number}")
            sale = market.sell(payee, event=event)
            market.refund(sale, 5_00)
            market.adjust(payee, 1_00)
            settled = market.approve(market.settle(payee))
            export_batch(actor=market.preparer, settlements=[settled.pk], format="csv")

    return more


@pytest.mark.parametrize(
    "url",
    [
        *map(listed, LISTS),
        adding("payoutbatch"),
        reverse("admin:payee_balances"),
        reverse("admin:index"),
    ],
)
def test_a_page_asks_as_much_for_many_rows_as_for_one(url, grow, olga):
    grow(1)
    olga.get(url)
    one = statements_of(lambda: olga.get(url))

    grow(6)
    many = statements_of(lambda: olga.get(url))

    assert len(many) == len(one), many


def test_the_pages_of_a_payee_and_a_settlement_ask_as_much_for_many_items(market, olga):
    small, large = market.payee("small", iban=IBAN), market.payee("large", iban=IBAN)
    market.refund(market.sell(small), 1_00)
    market.adjust(small, 1_00)
    for number in range(20):
        sale = market.sell(large, event=market.event(large, f"e{number}"))
        market.refund(sale, 1_00)
        market.adjust(large, 1_00)
    settled = [market.settle(payee) for payee in (small, large)]
    for _ in range(3):
        market.approve(settled[1]) if settled[1].status == "pending" else market.retry(settled[1])
        settled[1] = market.fail(settled[1])
    market.fail(market.approve(settled[0]))
    olga.get(page(small))

    def asked(row):
        return len(statements_of(lambda: olga.get(page(row))))

    assert asked(settled[0]) == asked(settled[1])
    assert asked(small) == asked(large)


def test_the_run_page_asks_as_much_for_many_who_are_due(market, olga):
    url = reverse("admin:settlements_settlement_run_due")
    day = date(2026, 3, 10)

    def due(count, prefix):
        for number in range(count):
            payee = market.payee(f"{prefix}{number}", schedule={"every": "day"})
            market.sell(payee, on=day + timedelta(days=number))

    due(1, "a")
    olga.get(url)
    one = statements_of(lambda: olga.get(url))
    due(5, "b")
    many = statements_of(lambda: olga.get(url))

    assert len(many) == len(one)


@pytest.mark.parametrize("model", LISTS)
def test_a_list_bears_any_query(model, grow, olga):
    grow(1)

    answers = {str(q)[:80]: olga.get(listed(model), q).status_code for q in QUERIES}

    assert {query for query, status in answers.items() if status not in (200, 302, 400)} == set()


@pytest.mark.parametrize("model", LISTS)
def test_a_list_without_rows_says_what_to_do(model, olga):
    shown = olga.get(listed(model)).content.decode()

    assert "ch-empty" in shown
    assert "Nothing here yet" not in shown


@pytest.mark.parametrize("id", ["x", "0", "00000000-0000-0000-0000-000000000000", "\x00"])
@pytest.mark.parametrize("model", LISTS)
def test_ids_that_are_none_are_not_there(market, olga, model, id):
    for view in ("change", "delete", "history"):
        url = reverse(f"admin:settlements_{model}_{view}", args=[id])
        assert olga.get(url).status_code == 404
