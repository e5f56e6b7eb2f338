"""Pages of the back-office that are sent twice: what they ask for is done once."""

import re
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from django.urls import reverse

from invoicing.models import CreditNote, FinancialTransaction
from tests.invoicing.pages import follow, page, rows_form, text_of
from tests.invoicing.selling import Till, fresh

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def till(acme: Any, as_alice: Any) -> Till:
    return Till(as_alice)


def opened(client: Client, url: str) -> dict[str, str]:
    """The hidden field of a page as it was opened."""
    [name] = re.findall(r'name="_once" value="([^"]+)"', client.get(url).content.decode())
    return {"_once": name}


@pytest.mark.parametrize(
    ("step", "asked"),
    [
        ("pay", {"amount": "10.00", "method": "cash"}),
        ("refund", {"amount": "10.00", "method": "cash", "reason": "sent back"}),
    ],
)
def test_move_money_once(acme, till, alice, signed_in, step, asked):
    invoice = till.invoice()
    till.pay(invoice, 50_00)
    client, url = signed_in(alice), page(invoice, step)
    sent = {**opened(client, url), **asked}
    before = FinancialTransaction.objects.of(acme).count()

    first, second = follow(client, url, **sent), follow(client, url, **sent)

    assert FinancialTransaction.objects.of(acme).count() == before + 1
    assert "sent twice" not in first
    assert "It was sent twice, and done once." in second


def test_credit_an_amount_once(acme, till, alice, signed_in):
    invoice = till.invoice()
    client, url = signed_in(alice), page(invoice, "credit")
    sent = {**opened(client, url), "amount": "10.00", "reason": "too dear"}

    for _ in range(2):
        client.post(url, sent)

    assert fresh(invoice).credited_amount == 10_00


def test_issue_a_credit_note_of_its_own_once(acme, till, alice, signed_in):
    client, url = signed_in(alice), reverse("admin:invoicing_creditnote_add")
    row = {"description": "Mug", "quantity": "1", "price": "4.50"}
    sent = {**rows_form(row, reason="Returned"), **opened(client, url)}

    first, second = client.post(url, sent), client.post(url, sent)

    assert CreditNote.objects.of(acme).count() == 1
    assert first["Location"] == second["Location"]


def test_take_one_payment_of_two_clicks_at_once(acme, till, alice, signed_in):
    invoice = till.invoice()
    clients, url = [signed_in(alice) for _ in range(4)], page(invoice, "pay")
    sent = {**opened(clients[0], url), "amount": "10.00", "method": "cash"}
    start = Barrier(len(clients))

    def click(client: Client) -> int:
        try:
            start.wait(30)
            return client.post(url, sent).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(clients)) as threads:
        statuses = list(threads.map(click, clients))

    assert statuses == [302] * len(clients)
    assert fresh(invoice).paid_amount == 10_00


def test_take_what_is_opened_anew_or_corrected(till, alice, signed_in):
    invoice = till.invoice()
    client, url = signed_in(alice), page(invoice, "pay")
    sent = opened(client, url)

    refused = client.post(url, {**sent, "amount": "120.01", "method": "cash"})
    corrected = client.post(url, {**sent, "amount": "10.00", "method": "cash"})
    anew = client.post(url, {**opened(client, url), "amount": "10.00", "method": "cash"})

    assert "cannot be paid" in text_of(refused)
    assert f'name="_once" value="{sent["_once"]}"' in refused.content.decode()
    assert (corrected.status_code, anew.status_code) == (302, 302)
    assert fresh(invoice).paid_amount == 20_00


def test_are_each_persons_own(till, alice, olga, signed_in):
    invoice = till.invoice()
    url = page(invoice, "pay")
    sent = {**opened(signed_in(alice), url), "amount": "10.00", "method": "cash"}

    for user in (alice, olga):
        signed_in(user).post(url, sent)

    assert fresh(invoice).paid_amount == 20_00


@pytest.mark.parametrize("name", ["", "x", "\x00", "0" * 37, "é" * 36])
def test_are_taken_as_they_come_where_they_have_no_name(till, alice, signed_in, name):
    invoice = till.invoice()
    sent = {"_once": name, "amount": "10.00", "method": "cash"}

    answer = signed_in(alice).post(page(invoice, "pay"), sent)

    assert answer.status_code == 302
    assert fresh(invoice).paid_amount == 10_00
