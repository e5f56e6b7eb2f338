"""The cashbook and the journal in the back-office: pages that are sent twice are done once."""

import re
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connections
from django.urls import reverse

from ledger.models import CashEntry, JournalEntry
from ledger.selectors.balances import balance_at
from ledger.services.cashbook import record_cash_entry

pytestmark = pytest.mark.django_db(transaction=True)

ADD = "/admin/ledger/cashentry/add/"
ADD_ENTRY = "/admin/ledger/journalentry/add/"


def opened(client, url, name="_once"):
    """A field of a page as it was opened, which is sent back as it is."""
    [value] = re.findall(rf'name="{name}" value="([^"]+)"', client.get(url).content.decode())
    return {name: value}


def stall(**given):
    return {
        "kind": "REVENUE",
        "written": "12.50",
        "currency": "GBP",
        "occurred_at": "",
        "user": "",
        "memo": "Stall",
        **given,
    }


def at_once(*calls):
    """What each call answers; all of them start together, each over a connection of its own."""
    start = Barrier(len(calls))

    def run(call):
        try:
            start.wait(30)
            return call()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(run, calls))


def test_record_one_movement(acme, dan, signed_in):
    client = signed_in(dan)
    sent = stall(**opened(client, ADD))

    first = client.post(ADD, sent, follow=True).content.decode()
    second = client.post(ADD, sent, follow=True).content.decode()

    assert CashEntry.objects.of(acme).count() == 1
    assert balance_at(acme, "1000") == 12_50
    assert "sent twice" not in first
    assert "It was sent twice, and recorded once." in second


def test_record_one_movement_of_two_clicks_at_once(acme, dan, signed_in):
    clients = [signed_in(dan) for _ in range(4)]
    sent = stall(**opened(clients[0], ADD))

    answers = at_once(*(lambda client=client: client.post(ADD, sent) for client in clients))

    assert {answer.status_code for answer in answers} == {302}
    assert balance_at(acme, "1000") == 12_50


def test_record_what_is_corrected_or_opened_anew(acme, dan, signed_in):
    client = signed_in(dan)
    sent = stall(**opened(client, ADD))

    refused = client.post(ADD, {**sent, "kind": "EXPENSE"})
    client.post(ADD, sent)
    client.post(ADD, stall(**opened(client, ADD)))

    assert "wrong sign" in refused.content.decode()
    assert f'name="_once" value="{sent["_once"]}"' in refused.content.decode()
    assert balance_at(acme, "1000") == 2 * 12_50


def test_have_no_name_where_there_is_nothing_to_send(acme, as_alice, dan, signed_in):
    row = record_cash_entry(actor=as_alice, kind="REVENUE", amount=500, currency="GBP")

    shown = signed_in(dan).get(reverse("admin:ledger_cashentry_change", args=[row.pk]))

    assert 'name="_once"' not in shown.content.decode()


def test_settle_a_debt_and_say_so_both_times(acme, as_alice, dan, signed_in):
    debt = record_cash_entry(actor=as_alice, kind="DEBT", amount=-500, currency="GBP")
    url = reverse("admin:ledger_cashentry_settle", args=[debt.pk])
    client = signed_in(dan)
    sent = {"settled_at": "", **opened(client, url)}

    first, second = client.post(url, sent), client.post(url, sent, follow=True)

    assert first.status_code == 302
    assert "It was sent twice, and done once." in second.content.decode()
    assert CashEntry.objects.of(acme).count() == 2


@pytest.mark.parametrize("button", ["_post", "_pending"])
def test_make_one_journal_entry_by_its_suggested_reference(acme, alice, signed_in, button):
    clients = [signed_in(alice) for _ in range(3)]
    sent = {
        **opened(clients[0], ADD_ENTRY, "reference"),
        "effective_on": "2026-01-15",
        "revision": "0",
        "lines-TOTAL_FORMS": "2",
        "lines-INITIAL_FORMS": "0",
        "lines-0-account": "6000",
        "lines-0-debit": "5",
        "lines-1-account": "1000",
        "lines-1-credit": "5",
        button: "1",
    }

    answers = at_once(*(lambda client=client: client.post(ADD_ENTRY, sent) for client in clients))
    again = clients[0].post(ADD_ENTRY, sent, follow=True)

    assert {answer.status_code for answer in answers} == {302}
    assert JournalEntry.objects.of(acme).count() == 1
    assert "in the journal already, unchanged" in again.content.decode()
