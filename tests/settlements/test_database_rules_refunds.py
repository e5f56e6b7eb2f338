"""Refunds in the database: of their sale, and never more of any part than was sold."""

from datetime import date, timedelta
from typing import Any

import pytest

from core.db import uuid7
from settlements.models import Refund
from tests.invoicing.raw_sales import a_trigger_of_ones_own
from tests.ledger.raw_books import failing, refused, run
from tests.settlements.raw_market import DAY, RawMarket, insert, refused_by_any

pytestmark = [pytest.mark.django_db, pytest.mark.database_rules]

# What is sold: to the organizer 100.00, revenue 30.00, fee 20.00, tax 10.00.
SHARE, PARTS = 100_00, {"ticket_revenue": 30_00, "platform_fee": 20_00, "tax_amount": 10_00}


@pytest.fixture
def acme() -> RawMarket:
    return RawMarket("acme")


@pytest.fixture
def elsewhere() -> RawMarket:
    return RawMarket("elsewhere")


def test_a_sale_is_refunded_in_parts_up_to_the_whole(acme):
    sale = acme.sell(acme.payee(), SHARE, **PARTS)
    acme.refund(sale, 40_00, ticket_revenue=30_00)
    acme.refund(sale, 60_00, platform_fee=20_00, tax_amount=10_00)

    assert acme.of("sale", "refunded_amount, total_amount", sale) == (160_00, 160_00)
    with refused("sale_is_not_overrefunded") as facts:
        acme.refund(sale, 1)
    assert facts["left"] == 0


@pytest.mark.parametrize("part", PARTS)
def test_no_part_is_refunded_beyond_what_was_sold(acme, part):
    """Though the sale as a whole has enough left."""
    sale = acme.sell(acme.payee(), SHARE, **PARTS)

    with refused("sale_is_not_overrefunded"):
        acme.refund(sale, 0, **{part: PARTS[part] + 1})
    acme.refund(sale, 0, **{part: PARTS[part] - 1})
    with refused("sale_is_not_overrefunded"):
        acme.refund(sale, 0, **{part: 2})
    acme.refund(sale, 0, **{part: 1})


def test_the_organizers_part_is_not_refunded_beyond_what_was_sold(acme):
    sale = acme.sell(acme.payee(), SHARE, **PARTS)

    with refused("sale_is_not_overrefunded"):
        acme.refund(sale, SHARE + 1)


def test_a_fee_that_is_kept_counts_as_fee_and_not_as_the_organizers_part(acme):
    sale = acme.sell(acme.payee(), SHARE, **PARTS)

    with refused("sale_is_not_overrefunded"):
        acme.refund(sale, SHARE + 21_00, kept_fee_amount=20_00)
    with refused("sale_is_not_overrefunded"):
        acme.refund(sale, SHARE, kept_fee_amount=20_01)
    with refused("sale_is_not_overrefunded"):
        acme.refund(sale, 20_00, kept_fee_amount=20_00, platform_fee=1)
    acme.refund(sale, SHARE + 20_00, kept_fee_amount=20_00)


@pytest.mark.parametrize(
    ("changes", "truth"),
    [
        ({"amount": 2_00}, "refund_parts_add_up"),
        ({"organizer_amount": 0, "amount": 0}, "refund_amounts_are_not_negative"),
        ({"platform_fee": -1, "amount": 99}, "refund_amounts_are_not_negative"),
        ({"kept_fee_amount": -1}, "refund_amounts_are_not_negative"),
        ({"kept_fee_amount": 1_01}, "refund_amounts_are_not_negative"),
        ({"method": "magic"}, "refund_method_is_known"),
        ({"reference": ""}, "refund_has_a_reference"),
    ],
)
def test_a_refund_says_nothing_absurd(acme, changes, truth):
    sale = acme.sell(acme.payee(), SHARE)
    row = {**acme.refund_row(sale, 1_00), "entry_id": uuid7(), **changes}

    with refused(truth):
        run(*insert("refund", row))


def test_amounts_beyond_all_amounts_are_none(acme):
    sale = acme.sell(acme.payee(), SHARE)
    largest = 2**63 - 1
    row = acme.refund_row(sale, largest, amount=largest, platform_fee=1, kept_fee_amount=largest)

    with failing("22003"):
        run(*insert("refund", {**row, "entry_id": uuid7()}))
    with refused_by_any("sale_is_not_overrefunded", "22003"):
        acme.refund(sale, largest)


def test_a_refund_is_not_before_its_sale(acme):
    sale = acme.sell(acme.payee(), SHARE)

    with refused("refund_is_of_its_sale"):
        acme.refund(sale, refunded_on=DAY - timedelta(days=1))
    acme.refund(sale, refunded_on=DAY)


def test_a_refund_is_of_the_payee_and_the_event_of_its_sale(acme):
    ana, bea = acme.payee(), acme.payee("bea")
    gala, ball = acme.event(ana), acme.event(ana, "ball")
    sale = acme.sell(ana, SHARE, event_id=gala)
    eventless = acme.sell(ana, SHARE)

    for wrong in ({"payee_id": bea}, {"event_id": ball}, {"event_id": None}):
        with refused("refund_is_of_its_sale"):
            acme.refund(sale, **wrong)
    with refused("refund_is_of_its_sale"):
        acme.refund(eventless, event_id=gala)


def test_a_refund_is_in_the_currency_of_its_sale(acme):
    sale = acme.sell(acme.payee(), SHARE)

    with refused("refund_is_of_its_sale"):
        acme.refund(sale, currency="EUR")


def test_a_refund_is_of_a_sale_of_its_organization(acme, elsewhere):
    ana = acme.payee()
    sale = elsewhere.sell(elsewhere.payee("ben"), SHARE)
    row = acme.refund_row(acme.sell(ana, SHARE), 1_00)
    sql, given = acme.refund_posting(row)
    run(sql, given)

    for foreign in (sale, uuid7()):
        with refused("refund_sale_is_of_its_organization"):
            run(*insert("refund", {**row, "sale_id": foreign, "entry_id": given["id"]}))


def test_a_refund_is_posted_as_it_says(acme):
    sale = acme.sell(acme.payee(), SHARE, **PARTS)
    row = acme.refund_row(sale, 5_00, platform_fee=1_00)
    wrong: list[tuple[dict[str, Any], date]] = [
        ({"organizer_amount": 4_00, "amount": 5_00}, DAY),
        ({"organizer_amount": 4_00, "platform_fee": 2_00}, DAY),
        ({}, DAY + timedelta(days=1)),
        ({"reference": "another"}, DAY),
    ]
    for changes, on in wrong:
        sql, given = acme.refund_posting({**row, **changes}, on=on)
        with refused("item_is_posted_as_it_says"):
            run(sql, given)
            run(*insert("refund", {**row, "entry_id": given["id"]}))


def test_the_refunds_of_one_statement_count_together(acme):
    sale = acme.sell(acme.payee(), SHARE)
    rows = []
    for share in (60_00, 40_01):
        row = acme.refund_row(sale, share)
        sql, given = acme.refund_posting(row)
        run(sql, given)
        rows.append(Refund(**row, entry_id=given["id"]))

    with refused("sale_is_not_overrefunded"):
        Refund.objects.bulk_create(rows)
    Refund.objects.bulk_create(rows[:1])

    assert acme.of("sale", "refunded_amount", sale) == 60_00


@pytest.mark.parametrize("amount", [0, 1, SHARE])
def test_what_was_refunded_is_not_set_by_hand(acme, amount):
    sale = acme.sell(acme.payee(), SHARE)
    acme.refund(sale, 5_00)

    with refused("item_is_final"):
        run("UPDATE settlements_sale SET refunded_amount = %s", [amount])
    with refused("item_is_final"):
        a_trigger_of_ones_own(f"UPDATE settlements_sale SET refunded_amount = {amount}")


def test_a_settled_sale_is_refunded_still(acme):
    ana = acme.payee()
    sale = acme.sell(ana, SHARE)
    first = acme.settle(ana)
    acme.refund(sale, 30_00)
    second = acme.settle(ana)

    assert acme.of("sale", "settlement_id", sale) == first
    assert acme.of("settlement", "refunds_amount, total_amount", second) == (30_00, -30_00)
