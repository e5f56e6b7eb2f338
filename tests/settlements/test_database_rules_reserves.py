"""Reserves and discards in the database: released once, when due; thrown away, while nothing stands
on it."""

from datetime import timedelta
from typing import Any

import pytest

from tests.invoicing.raw_sales import Statement, in_one, run_all
from tests.ledger.raw_books import refused, run
from tests.settlements.raw_market import LATER, SHARE, RawMarket, insert, refused_by_any

pytestmark = [pytest.mark.django_db, pytest.mark.database_rules]

HELD = {"reserve_held_amount": 5_00, "reserve_release_on": LATER}


@pytest.fixture
def acme() -> RawMarket:
    return RawMarket("acme")


@pytest.fixture
def elsewhere() -> RawMarket:
    return RawMarket("elsewhere")


# --- Reserves -------------------------------------------------------------------------------------


def holding(acme: RawMarket, code: str = "ana", **changes: Any) -> tuple[Any, Any]:
    """A payee, and their settlement that holds 5.00 until LATER."""
    payee = acme.payee(code)
    acme.sell(payee)
    return payee, acme.settle(payee, **{**HELD, **changes})


def test_a_reserve_is_released_once(acme):
    ana, held = holding(acme)
    releasing = acme.settle(ana, released=[held], through=LATER)

    with refused("settlement_is_final"):
        acme.settle(ana, released=[held], through=LATER)
    with refused("settlement_amounts_are_those_of_its_items"):
        acme.settle(ana, reserve_released_amount=5_00, through=LATER)

    assert acme.of("settlement", "total_amount", releasing) == 5_00


def test_a_reserve_is_not_released_too_early(acme):
    ana, held = holding(acme)

    with refused("settlement_amounts_are_those_of_its_items"):
        acme.settle(ana, released=[held], through=LATER - timedelta(days=1))
    acme.settle(ana, released=[held], through=LATER)


def test_a_floor_is_released_at_any_time(acme):
    ana, held = holding(acme, reserve_release_on=None)

    acme.settle(ana, released=[held])

    assert acme.of("settlement", "reserve_released_by_id", held) is not None


def test_a_reserve_of_another_payee_or_elsewhere_is_not_released(acme, elsewhere):
    _, held = holding(acme)
    bea = acme.payee("bea")
    acme.sell(bea)
    ben = elsewhere.payee("ben")
    elsewhere.sell(ben)

    with refused("settlement_amounts_are_those_of_its_items"):
        acme.settle(bea, released=[held], through=LATER)
    foreign = elsewhere.settle(ben)
    with refused("settlement_reserve_released_by_is_of_its_organization"):
        run(*acme.releasing([held], foreign))


def test_a_reserve_is_released_neither_by_itself_nor_by_an_earlier_one(acme):
    ana, first = holding(acme)
    acme.sell(ana)
    second = acme.settle(ana, **HELD)

    for by in (first, second):
        with refused("settlement_amounts_are_those_of_its_items"):
            run(*acme.releasing([second], by))
    with refused("settlement_amounts_are_those_of_its_items"):
        run(*acme.releasing([first], second))


def test_a_reserve_does_not_take_anothers_place(acme):
    """Both of 5.00, so that what was released stays the same."""
    ana, first = holding(acme)
    acme.sell(ana)
    second = acme.settle(ana, **HELD)
    releasing = acme.settle(ana, released=[first], through=LATER)

    with refused("settlement_keeps_its_items"):
        run(
            """UPDATE settlements_settlement SET reserve_released_by_id =
               CASE id WHEN %s THEN NULL ELSE %s::uuid END WHERE id = ANY (%s)""",
            [first, releasing, [first, second]],
        )
    with refused("settlement_keeps_its_items"):
        run(*acme.releasing([first], None))


def test_what_holds_nothing_is_not_released(acme):
    ana, _ = holding(acme)
    acme.sell(ana)
    nothing = acme.settle(ana)
    acme.sell(ana)
    last = acme.settle(ana, through=LATER)

    with refused("settlement_amounts_are_those_of_its_items"):
        run(*acme.releasing([nothing], last))


def test_a_reserve_does_not_come_in_released(acme):
    ana, held = holding(acme)
    acme.sell(ana)

    with refused("settlement_begins_pending"):
        acme.settle(ana, reserve_released_by_id=held, **HELD)


# --- Discards -------------------------------------------------------------------------------------


def test_a_pending_settlement_that_is_the_last_may_be_discarded(acme):
    ana, held = holding(acme)
    sale = acme.sell(ana)
    last = acme.settle(ana, released=[held], through=LATER)

    run(*acme.discarding(last))

    assert acme.of("sale", "settlement_id", sale) is None
    assert acme.of("settlement", "reserve_released_by_id", held) is None
    assert acme.of("settlement", "sequence", acme.settle(ana)) == 2


def approved(acme: RawMarket, ana: Any) -> Any:
    settlement = acme.settle(ana)
    run(*acme.approving(settlement))
    return settlement


def processing(acme: RawMarket, ana: Any) -> Any:
    settlement = acme.settle(ana)
    acme.approve(settlement)
    return settlement


def paid(acme: RawMarket, ana: Any) -> Any:
    settlement = acme.settle(ana)
    acme.pay(acme.approve(settlement))
    return settlement


def failed(acme: RawMarket, ana: Any) -> Any:
    settlement = acme.settle(ana)
    run(*acme.failing(acme.approve(settlement)))
    return settlement


def not_the_last(acme: RawMarket, ana: Any) -> Any:
    settlement = acme.settle(ana)
    acme.sell(ana)
    acme.settle(ana)
    return settlement


def with_nothing_to_pay(acme: RawMarket, ana: Any) -> Any:
    acme.adjust(ana, -SHARE)
    return acme.settle(ana)


@pytest.mark.parametrize(
    "made", [approved, processing, paid, failed, not_the_last, with_nothing_to_pay]
)
def test_a_settlement_that_something_stands_on_is_not_discarded(acme, made):
    ana = acme.payee()
    acme.sell(ana)
    settlement = made(acme, ana)

    with refused("settlement_is_discarded_while_pending_and_last"):
        run(*acme.discarding(settlement))


def test_a_settlement_is_not_discarded_while_an_item_names_it(acme):
    ana, held = holding(acme)
    sale = acme.sell(ana)
    acme.refund(sale, 1_00)
    acme.adjust(ana, 1_00)
    last = acme.settle(ana, released=[held], through=LATER)
    letting_go = acme.letting_go(last)
    delete: Statement = ("DELETE FROM settlements_settlement WHERE id = %(id)s", {"id": last})

    for n, missing in enumerate(
        [
            "sale_settlement_is_of_its_organization",
            "refund_settlement_is_of_its_organization",
            "adjustment_settlement_is_of_its_organization",
            "settlement_reserve_released_by_is_of_its_organization",
        ]
    ):
        with refused(missing):
            run(*in_one(*letting_go[:n], *letting_go[n + 1 :], delete))
    with refused("settlement_keeps_its_items"):
        run_all([*letting_go, delete])


def test_a_link_is_not_replaced_by_the_one_after(acme):
    ana = acme.payee()
    acme.sell(ana)
    last = acme.settle(ana)
    row = acme.settlement_row(ana, items={}, status="completed")
    delete: Statement = ("DELETE FROM settlements_settlement WHERE id = %(gone)s", {"gone": last})

    for both in ([insert("settlement", row), delete], [delete, insert("settlement", row)]):
        with refused_by_any(
            "settlement_follows_the_one_before", "settlement_is_discarded_while_pending_and_last"
        ):
            run(*in_one(*acme.letting_go(last), *both))
