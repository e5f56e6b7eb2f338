"""Settlements in the database: a chain per payee, each link as much as its items say."""

from datetime import timedelta
from typing import Any

import pytest

from core.db import uuid7
from settlements.models import Sale, Settlement
from tests.invoicing.raw_sales import in_one, run_all
from tests.ledger.raw_books import failing, refused, run
from tests.settlements.raw_market import (
    DAY,
    SHARE,
    THROUGH,
    RawMarket,
    insert,
    refused_by_any,
)

pytestmark = [pytest.mark.django_db, pytest.mark.database_rules]


@pytest.fixture
def acme() -> RawMarket:
    return RawMarket("acme")


@pytest.fixture
def elsewhere() -> RawMarket:
    return RawMarket("elsewhere")


def settled_of(acme: RawMarket, table: str, id: Any) -> Any:
    return acme.of(table, "settlement_id", id)


# --- Items ----------------------------------------------------------------------------------------


def test_a_settlement_takes_sales_refunds_and_adjustments(acme):
    ana = acme.payee()
    sale = acme.sell(ana)
    acme.refund(sale, 10_00)
    acme.adjust(ana, -5_00)

    settlement = acme.settle(ana)

    assert acme.of("settlement", "item_count, total_amount, status", settlement) == (
        3,
        75_00,
        "pending",
    )


@pytest.mark.parametrize(
    "off",
    [
        {"sales_amount": SHARE + 1},
        {"sales_amount": SHARE - 1},
        {"refunds_amount": 11_00},
        {"adjustments_amount": 0},
        {"sales_amount": SHARE - 10_00, "refunds_amount": 0},
        {"item_count": 2},
        {"item_count": 4},
        {"reserve_released_amount": 1},
    ],
)
def test_a_settlement_says_what_its_items_say(acme, off):
    ana = acme.payee()
    acme.refund(acme.sell(ana), 10_00)
    acme.adjust(ana, -5_00)

    with refused("settlement_amounts_are_those_of_its_items"):
        acme.settle(ana, **off)


@pytest.mark.parametrize(
    ("off", "truth"),
    [
        ({"total_amount": SHARE + 1}, "settlement_amounts_add_up"),
        ({"total_amount": SHARE - 1}, "settlement_amounts_add_up"),
        ({"reserve_held_amount": -1}, "settlement_amounts_have_their_signs"),
        ({"reserve_released_amount": -1}, "settlement_amounts_have_their_signs"),
        ({"reserve_held_amount": SHARE + 1}, "settlement_holds_no_more_than_there_is"),
        ({"due_on": THROUGH - timedelta(days=1)}, "settlement_dates_are_plausible"),
        ({"through": "infinity", "due_on": THROUGH}, "settlement_dates_are_plausible"),
        ({"due_on": "infinity"}, "settlement_dates_are_plausible"),
        ({"reserve_release_on": "infinity"}, "settlement_dates_are_plausible"),
        ({"reserve_release_on": THROUGH}, "settlement_dates_are_plausible"),
    ],
)
def test_a_settlement_says_nothing_absurd(acme, off, truth):
    ana = acme.payee()
    acme.sell(ana)

    with refused(truth):
        acme.settle(ana, **off)


def test_an_amount_beyond_all_amounts_is_none(acme):
    ana = acme.payee()
    acme.sell(ana)

    with failing("22003"):
        acme.settle(ana, sales_amount=2**63)
    with failing("22003"):
        acme.settle(ana, refunds_amount=-(2**63), total_amount=0)


@pytest.mark.parametrize("table", ["sale", "refund", "adjustment"])
@pytest.mark.parametrize("share", [SHARE, 0], ids=["worth something", "worth nothing"])
def test_a_settlement_gets_no_item_more(acme, table, share):
    ana = acme.payee()
    first = acme.sell(ana, SHARE, platform_fee=10_00)
    settlement = acme.settle(ana)
    added = {
        "sale": lambda: acme.sell(ana, share, platform_fee=1),
        "refund": lambda: acme.refund(first, share, platform_fee=1),
        "adjustment": lambda: acme.adjust(ana, share or 1),
    }[table]()

    with refused("settlement_amounts_are_those_of_its_items"):
        run(*acme.moving_items(table, [added], settlement))


@pytest.mark.parametrize("others", ["sale", "adjustment"])
def test_an_item_does_not_take_anothers_place(acme, others):
    """Of the same amount, so that all sums stay as they are."""
    ana = acme.payee()
    given = {"sale": acme.sell, "adjustment": acme.adjust}[others]
    one = given(ana, SHARE)
    settlement = acme.settle(ana)
    other = given(ana, SHARE)

    for _ in ("while it is pending", "once it is approved"):
        with refused("settlement_keeps_its_items"):
            run(
                f"""UPDATE settlements_{others} SET settlement_id =
                    CASE id WHEN %s THEN NULL ELSE %s::uuid END""",
                [one, settlement],
            )
        with refused("settlement_keeps_its_items"):
            run(
                *in_one(
                    acme.moving_items(others, [one], None),
                    acme.moving_items(others, [other], settlement),
                )
            )
        if acme.of("settlement", "approved_at", settlement) is None:
            acme.approve(settlement)

    assert settled_of(acme, others, one) == settlement


def test_an_item_worth_nothing_is_not_let_go_for_another(acme):
    ana = acme.payee()
    empty = acme.sell(ana, 0, platform_fee=1)
    acme.sell(ana)
    settlement = acme.settle(ana)
    other = acme.sell(ana, 0, platform_fee=1)

    with refused("settlement_keeps_its_items"):
        run(
            *in_one(
                acme.moving_items("sale", [empty], None),
                acme.moving_items("sale", [other], settlement),
            )
        )
    with refused("settlement_keeps_its_items"):
        run(*acme.moving_items("sale", [empty], None))


def test_a_sale_does_not_take_the_place_of_an_adjustment(acme):
    ana = acme.payee()
    sale = acme.sell(ana)
    settlement = acme.settle(ana)
    adjustment = acme.adjust(ana, SHARE)

    with refused_by_any("settlement_keeps_its_items", "settlement_amounts_are_those_of_its_items"):
        run(
            *in_one(
                acme.moving_items("sale", [sale], None),
                acme.moving_items("adjustment", [adjustment], settlement),
            )
        )


def test_an_item_does_not_go_from_one_settlement_to_another(acme):
    ana = acme.payee()
    one = acme.sell(ana)
    acme.settle(ana)
    acme.sell(ana)
    later = acme.settle(ana)

    with refused("item_is_final"):
        run(*acme.moving_items("sale", [one], later))
    with refused("item_is_final"):
        acme.settle(ana, items={"sale": [one]})


def test_an_item_does_not_change_hands_when_its_settlement_is_put_back(acme):
    """The settlement deleted and put back with its id, by one statement."""
    ana = acme.payee()
    one = acme.sell(ana)
    settlement = acme.settle(ana)
    other = acme.sell(ana)
    row = {**acme.settlement_row(ana), "id": settlement, "sequence": 1}
    names = ", ".join(row)

    with refused("settlement_keeps_its_items"):
        run(
            f"""WITH gone AS (DELETE FROM settlements_settlement WHERE id = %(id)s RETURNING 1),
                     swap AS (UPDATE settlements_sale SET settlement_id =
                                CASE id WHEN %(one)s THEN NULL ELSE %(id)s::uuid END)
                INSERT INTO settlements_settlement ({names})
                SELECT {", ".join(f"%({name})s" for name in row)} FROM gone""",
            {**row, "one": one, "other": other},
        )


@pytest.mark.parametrize("table", ["sale", "refund", "adjustment"])
def test_a_settlement_takes_no_item_of_another_payee(acme, table):
    ana, bea = acme.payee(), acme.payee("bea")
    sale = acme.sell(bea)
    taken = {
        "sale": lambda: sale,
        "refund": lambda: acme.refund(sale),
        "adjustment": lambda: acme.adjust(bea, 1_00),
    }[table]()

    with refused("settlement_amounts_are_those_of_its_items"):
        acme.settle(ana, items={table: [taken]})


@pytest.mark.parametrize("table", ["sale", "refund", "adjustment"])
def test_a_settlement_takes_no_item_dated_after_its_cut_off(acme, table):
    ana = acme.payee()
    sale = acme.sell(ana)
    after = THROUGH + timedelta(days=1)
    taken = {
        "sale": lambda: acme.sell(ana, sold_on=after),
        "refund": lambda: acme.refund(sale, refunded_on=after),
        "adjustment": lambda: acme.adjust(ana, 1_00, adjusted_on=after),
    }[table]()

    with refused("settlement_amounts_are_those_of_its_items"):
        acme.settle(ana, items={table: [taken]}, through=THROUGH)
    acme.settle(ana, items={table: [taken]}, through=after)


def test_an_item_is_in_no_settlement_that_is_not_there_or_is_elsewhere(acme, elsewhere):
    sale = acme.sell(acme.payee())
    ben = elsewhere.payee("ben")
    elsewhere.sell(ben)
    foreign = elsewhere.settle(ben)

    for settlement in (foreign, uuid7()):
        with refused("sale_settlement_is_of_its_organization"):
            run(*acme.moving_items("sale", [sale], settlement))
        with refused("sale_settlement_is_of_its_organization"):
            Sale.objects.of(acme.id).update(settlement_id=settlement)


def test_a_settlement_without_its_items_in_the_same_statement_is_refused(acme):
    ana = acme.payee()
    sale = acme.sell(ana)
    row = acme.settlement_row(ana)

    with refused("settlement_amounts_are_those_of_its_items"):
        run(*insert("settlement", row))
    with refused("settlement_amounts_are_those_of_its_items"):
        Settlement.objects.bulk_create([Settlement(**row)])
    with refused("sale_settlement_is_of_its_organization"):
        run_all([acme.moving_items("sale", [sale], row["id"]), insert("settlement", row)])


# --- The chain ------------------------------------------------------------------------------------


@pytest.mark.parametrize("sequence", [0, 1, 3, 2_147_483_647])
def test_a_settlement_is_the_next_of_its_chain(acme, sequence):
    ana = acme.payee()
    acme.sell(ana)
    acme.settle(ana)
    acme.sell(ana)

    with refused("settlement_follows_the_one_before"):
        acme.settle(ana, sequence=sequence)


def test_the_first_of_a_chain_is_the_first(acme):
    ana = acme.payee()
    acme.sell(ana)

    with refused("settlement_follows_the_one_before"):
        acme.settle(ana, sequence=2)
    with refused("settlement_follows_the_one_before"):
        acme.settle(ana, carried_forward_amount=-1)


def test_a_settlement_does_not_go_back_behind_the_one_before(acme):
    ana = acme.payee()
    acme.sell(ana)
    acme.settle(ana, through=THROUGH)
    acme.sell(ana)

    with refused("settlement_follows_the_one_before"):
        acme.settle(ana, through=THROUGH - timedelta(days=1))
    acme.settle(ana, through=THROUGH)


@pytest.mark.parametrize("carried", [0, -9_99, -10_01])
def test_a_settlement_carries_forward_exactly_what_the_one_before_lacked(acme, carried):
    ana = acme.payee()
    acme.adjust(ana, -10_00)
    first = acme.settle(ana)
    acme.sell(ana)

    with refused("settlement_follows_the_one_before"):
        acme.settle(ana, carried_forward_amount=carried)
    second = acme.settle(ana)

    assert acme.status(first) == "completed"
    assert acme.of("settlement", "carried_forward_amount, total_amount", second) == (-10_00, 80_00)


def test_what_was_paid_is_not_carried_forward(acme):
    ana = acme.payee()
    acme.sell(ana)
    acme.settle(ana)
    acme.sell(ana)

    with refused("settlement_follows_the_one_before"):
        acme.settle(ana, carried_forward_amount=-SHARE)


def test_two_links_come_in_by_one_statement_only_as_a_chain(acme):
    ana = acme.payee()
    rows = [
        acme.settlement_row(ana, items={}, sequence=sequence, status="completed")
        for sequence in (1, 2, 2, 4)
    ]

    with refused("settlement_follows_the_one_before"):
        Settlement.objects.bulk_create([Settlement(**rows[1]), Settlement(**rows[0])])
    with refused("settlement_follows_the_one_before"):
        Settlement.objects.bulk_create([Settlement(**row) for row in rows[:3]])
    Settlement.objects.bulk_create([Settlement(**row) for row in rows[:2]])
    with refused("settlement_follows_the_one_before"):
        Settlement.objects.bulk_create([Settlement(**rows[3])])


def test_a_settlement_is_of_an_active_payee_in_their_currency(acme, elsewhere):
    ana = acme.payee(status="suspended")
    acme.sell(ana)
    bea = acme.payee("bea")
    acme.sell(bea)

    with refused("settlement_is_of_an_active_payee"):
        acme.settle(ana)
    with refused("item_is_in_the_currency_of_its_payee"):
        acme.settle(bea, currency="EUR")
    with refused("settlement_payee_is_of_its_organization"):
        elsewhere.add("settlement", **{**acme.settlement_row(bea), "organization_id": elsewhere.id})


def test_a_settlement_does_not_come_in_before_its_payee(acme):
    """By the same statement, at whose end the foreign key finds the payee: suspended, in euro."""
    row = acme.payee_row(
        status="suspended", currency="EUR", payable_id=acme.accounts["owed-in-euros"]
    )
    of_another = acme.settlement_row(acme.payee("bea"), items={})
    first = {**of_another, "payee_id": row["id"]}
    names, values = ", ".join(row), ", ".join(f"%({name}_of_payee)s" for name in row)
    sql, given = insert("settlement", first, "RETURNING 1")

    with refused("settlement_payee_is_of_its_organization"):
        run(
            f"""WITH s AS ({sql})
                INSERT INTO settlements_payee ({names}) SELECT {values} FROM s""",
            {**given, **{f"{name}_of_payee": value for name, value in row.items()}},
        )


@pytest.mark.parametrize(
    "begun",
    [
        {"status": "processing"},
        {"status": "completed"},
        {"status": "failed"},
        {"approved_at": DAY},
    ],
)
def test_a_settlement_begins_pending(acme, begun):
    ana = acme.payee()
    acme.sell(ana)

    with refused("settlement_begins_pending"):
        acme.settle(ana, **begun)


def test_one_with_nothing_to_pay_begins_completed(acme):
    ana = acme.payee()
    acme.adjust(ana, -1_00)

    with refused("settlement_begins_pending"):
        acme.settle(ana, status="pending")
