"""Payout batches in the database: what a file asks for, once, and unchanged for good."""

from typing import Any

import pytest

from core.db import uuid7
from settlements.models import PayoutBatch, PayoutBatchItem
from tests.invoicing.raw_sales import in_one, run_all
from tests.ledger.raw_books import refused, run
from tests.settlements.raw_market import LATER, SHARE, RawMarket, insert, refused_by_any

pytestmark = [pytest.mark.django_db, pytest.mark.database_rules]

SUMS = "payoutbatch_amounts_are_those_of_its_payouts"


@pytest.fixture
def acme() -> RawMarket:
    return RawMarket("acme")


@pytest.fixture
def elsewhere() -> RawMarket:
    return RawMarket("elsewhere")


def test_a_batch_asks_for_several_payouts(acme):
    batch = acme.batch(acme.payout(), acme.payout(5_00))

    assert acme.of("payoutbatch", "payout_count, control_sum_amount", batch) == (2, SHARE + 5_00)


@pytest.mark.parametrize(
    "off",
    [
        {"control_sum_amount": 2 * SHARE + 1},
        {"control_sum_amount": SHARE},
        {"payout_count": 1},
        {"payout_count": 3},
        {"currency": "EUR"},
    ],
)
def test_a_batch_says_what_its_payouts_say(acme, off):
    with refused(SUMS):
        acme.batch(acme.payout(), acme.payout(), **off)


@pytest.mark.parametrize(
    ("off", "truth"),
    [
        ({"payout_count": 0}, "payoutbatch_is_not_empty"),
        ({"control_sum_amount": 0}, "payoutbatch_is_not_empty"),
        ({"format": "pdf"}, "payoutbatch_format_is_known"),
        ({"content_hash": "0" * 63 + "G"}, "payoutbatch_hash_is_a_hash"),
        ({"content_hash": "0" * 64}, "payoutbatch_hash_is_that_of_its_content"),
        ({"executes_on": "infinity"}, "payoutbatch_executes_on_is_plausible"),
        ({"executes_on": "1899-12-31"}, "payoutbatch_executes_on_is_plausible"),
    ],
)
def test_a_batch_says_nothing_absurd(acme, off, truth):
    with refused(truth):
        acme.batch(acme.payout(), **off)


def test_a_batch_does_not_come_in_without_its_items(acme):
    row = acme.batch_row([acme.payout()])

    with refused(SUMS):
        run(*insert("payoutbatch", row))
    with refused(SUMS):
        PayoutBatch.objects.bulk_create([PayoutBatch(**row)])
    with refused(SUMS):
        run(*in_one(insert("payoutbatch", row), insert("payoutbatch", acme.batch_row([]) | EMPTY)))


EMPTY: dict[str, Any] = {"payout_count": 1, "control_sum_amount": 1}


def test_a_batch_is_in_one_currency(acme):
    pounds = acme.payout()
    euros = acme.payout(payee=acme.payee_in_euros())

    with refused(SUMS):
        acme.batch(pounds, euros)
    acme.batch(euros)


def test_a_batch_gets_no_item_more(acme):
    one, other = acme.payout(), acme.payout()
    batch = acme.batch(one)

    with refused(SUMS):
        run(*acme.batch_item(batch, other, 2))
    with refused(SUMS):
        PayoutBatchItem.objects.bulk_create(
            [PayoutBatchItem(organization_id=acme.id, batch_id=batch, payout_id=other, position=2)]
        )
    with refused("payoutbatchitem_is_one_per_payout"):
        run(*acme.batch_item(batch, one, 2))


def test_a_batch_asks_for_a_payout_once(acme):
    payout = acme.payout()

    with refused("payoutbatchitem_is_one_per_payout"):
        acme.batch(payout, payout)


@pytest.mark.parametrize("gone", ["paid", "failed", "returned"])
def test_a_batch_asks_for_initiated_payouts_alone(acme, gone):
    payout = acme.payout()
    if gone == "failed":
        run(*acme.failing(payout))
    else:
        acme.pay(payout)
    if gone == "returned":
        run_all(acme.returning(payout))

    with refused("payoutbatch_asks_for_initiated_payouts"):
        acme.batch(payout)
    with refused("payoutbatch_asks_for_initiated_payouts"):
        acme.batch(acme.payout(), payout, reason="Again")


def test_a_payout_is_asked_for_again_only_with_a_reason(acme):
    payout, other = acme.payout(), acme.payout()
    acme.batch(payout)

    with refused("payoutbatch_says_why_it_asks_again"):
        acme.batch(payout)
    with refused("payoutbatch_says_why_it_asks_again"):
        acme.batch(other, payout)
    acme.batch(other, payout, reason="The bank lost the file")

    assert acme.count("payoutbatch") == 2


def test_two_batches_of_one_statement_do_not_ask_for_the_same(acme):
    payout = acme.payout()
    rows = [acme.batch_row([payout]) for _ in range(2)]
    rows[1]["reason"] = "Again"
    items = [acme.batch_item(row["id"], payout) for row in rows]

    with refused("payoutbatch_says_why_it_asks_again"):
        run(*in_one(*(insert("payoutbatch", row) for row in rows), *items))


def test_a_failed_payout_does_not_keep_the_next_attempt_from_being_asked_for(acme):
    payout = acme.payout()
    acme.batch(payout)
    run(*acme.failing(payout))
    settlement = acme.of("payout", "settlement_id", payout)

    acme.batch(acme.initiate(settlement))


def test_a_batch_asks_for_payouts_of_its_organization(acme, elsewhere):
    own, foreign = acme.payout(), elsewhere.payout()
    row = acme.batch_row([own])
    theirs = elsewhere.batch(foreign)

    with refused_by_any(SUMS, "payoutbatchitem_payout_is_of_its_organization"):
        run(*in_one(insert("payoutbatch", row), acme.batch_item(row["id"], foreign)))
    with refused_by_any(SUMS, "payoutbatchitem_batch_is_of_its_organization"):
        run(*acme.batch_item(theirs, own, 2))


@pytest.mark.parametrize("conflict", ["NOTHING", "UPDATE SET content = 'x'"])
def test_a_batch_is_not_replaced_on_conflict(acme, conflict):
    payout, other = acme.payout(), acme.payout()
    first = acme.batch(payout, message_id="m")
    row = acme.batch_row([other], message_id="m")
    sql, given = insert(
        "payoutbatch", row, f"ON CONFLICT (organization_id, message_id) DO {conflict}"
    )

    with refused_by_any("item_is_final", SUMS, "payoutbatchitem_batch_is_of_its_organization"):
        run(*in_one((sql, given), acme.batch_item(row["id"], other)))

    assert acme.of("payoutbatch", "executes_on", first) == LATER


def test_an_item_of_no_batch_is_none(acme):
    with refused_by_any(SUMS, "payoutbatchitem_batch_is_of_its_organization"):
        run(*acme.batch_item(uuid7(), acme.payout()))
