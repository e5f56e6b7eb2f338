"""What each payee is owed, on any day: by what becomes of it, and as the ledger says."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ledger.drafts import credit, debit
from organizations.models import Organization
from settlements.models import Payee
from settlements.selectors.positions import PayeePosition, payee_balances, payee_positions
from tests.fixtures import Post
from tests.settlements.market import DAY, EXPENSES, IBAN, PAYABLE, Market

APRIL = date(2026, 4, 30)
MAY = date(2026, 5, 31)
MARCH = date(2026, 3, 31)


def position(market: Market, payee: Payee, as_of: date | None = None) -> PayeePosition:
    [found] = payee_positions(market.organization, as_of=as_of, payees=[payee.pk])
    assert found.ties, found
    return found


def parts(found: PayeePosition) -> tuple[int, int, int, int]:
    """Unsettled, in reserve, carried forward, awaiting payout."""
    return (
        found.unsettled_amount,
        found.reserve_amount,
        found.carried_forward_amount,
        found.awaiting_payout_amount,
    )


def test_a_payee_without_items_is_owed_nothing(market: Market) -> None:
    ana = market.payee()

    assert parts(position(market, ana)) == (0, 0, 0, 0)
    assert position(market, ana).open_amount == 0


def test_what_is_sold_is_unsettled_from_its_day_on(market: Market) -> None:
    ana = market.payee()
    market.sell(ana, 100_00, on=DAY)
    market.sell(ana, 50_00, on=DAY + timedelta(days=2))

    assert parts(position(market, ana, DAY - timedelta(days=1))) == (0, 0, 0, 0)
    assert parts(position(market, ana, DAY)) == (90_00, 0, 0, 0)
    assert parts(position(market, ana)) == (135_00, 0, 0, 0)


def test_refunds_and_adjustments_count_from_their_days(market: Market) -> None:
    ana = market.payee()
    sale = market.sell(ana, 100_00, on=DAY)
    market.refund(sale, 20_00, on=DAY + timedelta(days=1))
    market.adjust(ana, -5_00, on=DAY + timedelta(days=2))

    assert position(market, ana, DAY).open_amount == 90_00
    assert position(market, ana, DAY + timedelta(days=1)).open_amount == 72_00
    assert position(market, ana, DAY + timedelta(days=2)).open_amount == 67_00


def test_a_settlement_counts_from_the_day_that_it_goes_through(market: Market) -> None:
    ana = market.payee(iban=IBAN)
    market.sell(ana, 100_00, on=DAY)
    settlement = market.settle(ana, MARCH)

    assert parts(position(market, ana, MARCH - timedelta(days=1))) == (90_00, 0, 0, 0)
    assert parts(position(market, ana, MARCH)) == (0, 0, 0, 90_00)

    market.pay(market.approve(settlement), MARCH + timedelta(days=2))

    assert parts(position(market, ana, MARCH + timedelta(days=1))) == (0, 0, 0, 90_00)
    assert parts(position(market, ana, MARCH + timedelta(days=2))) == (0, 0, 0, 0)


def test_a_payout_that_came_back_is_owed_again_from_that_day(market: Market) -> None:
    ana = market.payee(iban=IBAN)
    market.sell(ana, 100_00, on=DAY)
    settlement = market.paid(ana, MARCH)
    returned_on = MARCH + timedelta(days=5)
    failed = market.fail(settlement, failed_on=returned_on)

    assert parts(position(market, ana, MARCH)) == (0, 0, 0, 0)
    assert parts(position(market, ana, returned_on)) == (0, 0, 0, 90_00)

    market.pay(market.retry(failed), returned_on + timedelta(days=1))

    assert parts(position(market, ana, returned_on)) == (0, 0, 0, 90_00)
    assert parts(position(market, ana)) == (0, 0, 0, 0)


def test_a_reserve_is_held_until_the_settlement_that_releases_it(market: Market) -> None:
    ana = market.payee(reserve={"percentage": "10", "days": 30})
    market.sell(ana, 100_00, on=DAY)
    market.settle(ana, MARCH)
    market.sell(ana, 100_00, on=APRIL)
    market.settle(ana, MAY)

    assert parts(position(market, ana, MARCH)) == (0, 9_00, 0, 81_00)
    assert parts(position(market, ana, APRIL)) == (90_00, 9_00, 0, 81_00)
    assert parts(position(market, ana, MAY)) == (0, 9_00, 0, 81_00 + 90_00)


def test_what_a_settlement_is_below_zero_is_carried_until_the_next(market: Market) -> None:
    ana = market.payee()
    sale = market.sell(ana, 100_00, on=DAY)
    market.paid(ana, DAY)
    market.refund(sale, on=MARCH)
    market.settle(ana, MARCH)
    market.sell(ana, 200_00, on=APRIL)
    market.settle(ana, APRIL)

    assert parts(position(market, ana, MARCH)) == (0, 0, -90_00, 0)
    assert parts(position(market, ana, APRIL)) == (0, 0, 0, 90_00)


def test_a_posting_by_hand_is_of_no_payee(market: Market, post: Post) -> None:
    ana = market.payee()
    market.sell(ana)
    post(debit(EXPENSES, 5_00), credit(PAYABLE, 5_00), organization=market.organization)

    assert parts(position(market, ana)) == (90_00, 0, 0, 0)
    assert market.owed() == 95_00


def test_says_when_the_ledger_differs(market: Market, by_force: Any) -> None:
    ana = market.payee()
    sale = market.sell(ana)
    by_force(
        "UPDATE settlements_sale SET organizer_amount = 8900, platform_fee = 1100 WHERE id = %s",
        sale.pk,
    )

    [found] = payee_positions(market.organization)

    assert (found.open_amount, found.ledger_amount, found.ties) == (89_00, 90_00, False)
    assert not payee_balances(market.organization, as_of=DAY).ties


def test_all_payees_come_by_code_in_a_constant_number_of_statements(market: Market) -> None:
    for code in ("cleo", "ana", "bela"):
        market.sell(market.payee(code))

    with CaptureQueriesContext(
        connection,
    ) as queries:
        found = payee_positions(market.organization)

    assert [p.payee.code for p in found] == ["ana", "bela", "cleo"]
    assert {p.open_amount for p in found} == {90_00}
    assert len(queries) == 2


def test_another_organizations_payees_are_not_among_them(
    market: Market, mallory_ltd: Organization
) -> None:
    ana = market.payee()
    market.sell(ana)

    assert payee_positions(mallory_ltd) == []
    assert payee_positions(mallory_ltd, payees=[ana.pk]) == []


@pytest.mark.parametrize("day", [MARCH - timedelta(days=1), MARCH, APRIL, MAY, None])
def test_ties_on_every_day_of_a_long_story(market: Market, day: date | None) -> None:
    ana = market.payee(reserve={"percentage": "12.5", "days": 20}, iban=IBAN)
    first = market.sell(ana, 123_45, on=DAY)
    market.sell(ana, 77_77, on=MARCH)
    market.paid(ana, MARCH - timedelta(days=3))
    market.refund(first, 100_00, fee="keep", on=MARCH)
    market.settle(ana, MARCH)
    market.adjust(ana, 33_33, on=APRIL)
    market.sell(ana, 900_01, on=APRIL)
    settlement = market.paid(ana, APRIL)
    market.pay(market.retry(market.fail(settlement, failed_on=APRIL + timedelta(days=3))), MAY)

    position(market, ana, day)
