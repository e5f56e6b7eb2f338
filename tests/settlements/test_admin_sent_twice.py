"""Pages of settlements that are sent twice: what they ask for is done once."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connections
from django.test import Client

from settlements.models import Adjustment, Payee, Payout, PayoutBatch, Refund, Sale, Settlement
from settlements.services.profile import save_payout_profile
from tests.invoicing.pages import follow
from tests.settlements.market import IBAN, Market
from tests.settlements.pages import adding, opened, page, payee_form

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def petra(market: Market, signed_in: Any) -> Client:
    client: Client = signed_in(market.prepares)
    return client


@pytest.fixture
def ana(market: Market) -> Payee:
    return market.payee(iban=IBAN)


def twice(client: Client, url: str, **sent: Any) -> tuple[str, str]:
    sent |= opened(client, url)
    first = follow(client, url, **sent)
    return first, follow(client, url, **sent)


def said_once(answers: tuple[str, str]) -> bool:
    first, second = answers
    return "sent twice" not in first and "It was sent twice, and done once." in second


def test_adds_a_payee_once(market, petra):
    assert said_once(twice(petra, adding("payee"), **payee_form()))
    assert Payee.objects.of(market.organization).count() == 1


def test_records_a_sale_once(market, petra, ana):
    sent = {"payee": "ana", "reference": "order-1", "sold_on": "2026-03-10", "quantity": "1"}

    answers = twice(petra, adding("sale"), **sent, method="card", total_amount="10.00")

    assert said_once(answers)
    assert Sale.objects.of(market.organization).count() == 1


def test_refunds_once(market, petra, ana):
    sale = market.sell(ana)
    sent = {"amount": "10", "fee": "return", "reference": "r", "refunded_on": "2026-03-20"}

    assert said_once(twice(petra, page(sale, "refund"), **sent))
    assert Refund.objects.of(market.organization).count() == 1


def test_records_an_adjustment_once_though_it_has_no_reference(market, petra, ana):
    sent = {"payee": "ana", "kind": "adjustment", "amount": "5", "reason": "Goodwill"}

    assert said_once(twice(petra, adding("adjustment"), **sent))
    assert Adjustment.objects.of(market.organization).count() == 1


def test_calculates_once(market, petra, ana):
    market.sell(ana)

    assert said_once(twice(petra, adding("settlement"), payee="ana", through="2026-03-31"))
    assert Settlement.objects.of(market.organization).count() == 1


def test_takes_each_step_of_a_settlement_once(market, petra, signed_in, ana):
    anton = signed_in(market.approves)
    market.sell(ana)
    settlement = market.settle(ana)

    assert said_once(twice(anton, page(settlement, "approve")))
    assert said_once(twice(petra, page(settlement, "pay"), paid_on="2026-04-02"))
    failure = {"reason": "Account closed", "failed_on": "2026-04-03"}
    assert said_once(twice(petra, page(settlement, "fail"), **failure))
    assert said_once(twice(anton, page(settlement, "retry")))
    attempts = Payout.objects.of(market.organization).order_by("attempt")
    assert [payout.status for payout in attempts] == ["returned", "initiated"]


def test_discards_once_though_it_is_gone_by_then(market, petra, ana):
    market.sell(ana)
    settlement = market.settle(ana)

    assert said_once(twice(petra, page(settlement, "discard")))
    assert petra.post(page(settlement, "discard"), {"_once": "x"}).status_code == 404


def test_makes_one_file_of_two_clicks_at_once(market, signed_in, ana):
    save_payout_profile(actor=market.approver, name="Market Ltd", iban=IBAN)
    market.sell(ana)
    settlement = market.approve(market.settle(ana))
    clients = [signed_in(market.prepares) for _ in range(3)]
    url = adding("payoutbatch")
    sent = {**opened(clients[0], url), "settlements": [str(settlement.pk)], "format": "pain.001"}
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
    assert PayoutBatch.objects.of(market.organization).count() == 1
