"""Adjustments: what a payee is owed more or less, against which account, and why."""

from datetime import date

import pytest

from ledger.errors import BooksClosed
from ledger.services.periods import close_books
from settlements.errors import (
    InvalidAdjustment,
    ReferenceConflict,
    UnknownEvent,
    UnknownPayee,
)
from settlements.models import Adjustment
from tests.invoicing.selling import refused
from tests.settlements.market import BANK, DAY, EXPENSES, FEES, OTHER_INCOME, PAYABLE, lines_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ana(market):
    return market.payee()


@pytest.mark.parametrize(
    ("amount", "kind", "lines"),
    [
        (25_00, "adjustment", [(EXPENSES, 25_00, 0), (PAYABLE, 0, 25_00)]),
        (-25_00, "adjustment", [(PAYABLE, 25_00, 0), (OTHER_INCOME, 0, 25_00)]),
        (-25_00, "fee", [(PAYABLE, 25_00, 0), (FEES, 0, 25_00)]),
    ],
)
def test_posts_against_the_account_of_its_kind(market, ana, amount, kind, lines):
    adjustment = market.adjust(ana, amount, kind=kind)

    assert lines_of(adjustment) == lines
    assert market.owed() == amount


@pytest.mark.parametrize("by", ["code", "id"])
def test_posts_against_the_account_that_is_named(market, ana, by):
    bank = market.adjust(ana, 1_00, account=BANK)

    again = market.adjust(ana, 1_00, account=BANK if by == "code" else bank.account_id)

    assert lines_of(again) == [(BANK, 1_00, 0), (PAYABLE, 0, 1_00)]


def test_gets_a_reference_if_none_is_given(market, ana):
    from settlements.services.adjustments import record_adjustment

    made = [
        record_adjustment(
            actor=market.preparer, payee=ana, amount=5, reason="rounding", adjusted_on=DAY
        )
        for _ in range(2)
    ]

    assert len({row.reference for row in made}) == 2
    assert not any(row.is_replay for row in made)


def test_may_be_of_an_event(market, ana):
    event = market.event(ana)

    assert market.adjust(ana, 5_00, event="concert").event_id == event.pk


def test_the_very_same_again_is_the_one_that_is_there(market, ana):
    first = market.adjust(ana, 5_00, reference="a")

    again = market.adjust(ana, 5_00, reference="a")

    assert (again.pk, again.is_replay) == (first.pk, True)
    assert Adjustment.objects.of(market.organization).count() == 1


@pytest.mark.parametrize(
    ("other", "differs"),
    [
        ({"amount": 6_00}, "amount"),
        ({"reason": "another"}, "reason"),
        ({"on": date(2026, 3, 11)}, "adjusted_on"),
        ({"account": BANK}, "account"),
        ({"event": "concert"}, "event"),
    ],
)
def test_something_else_under_its_reference_is_refused(market, ana, other, differs):
    market.event(ana)
    market.adjust(ana, reference="a", amount=5_00)

    with refused(ReferenceConflict, market.organization) as caught:
        market.adjust(ana, **{"reference": "a", "amount": 5_00, **other})

    assert caught.value.differs == differs


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"amount": 0}, "amount"),
        ({"amount": 1, "kind": "fee"}, "amount"),
        ({"amount": False}, "amount"),
        ({"amount": 1.0}, "amount"),
        ({"amount": 2**63}, "amount"),
        ({"amount": -(2**63)}, "amount"),
        ({"kind": "gift"}, "kind"),
        ({"reason": ""}, "reason"),
        ({"reason": "  "}, "reason"),
        ({"reason": "a\0"}, "reason"),
        ({"on": date(1, 1, 1)}, "adjusted_on"),
        ({"account": "9999"}, "account"),
        ({"account": PAYABLE}, "account"),
        ({"reference": "\u202e"}, "reference"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(market, ana, asked, field):
    with refused(InvalidAdjustment, market.organization) as caught:
        market.adjust(ana, **{"amount": 5_00, **asked})

    assert caught.value.attr == field


def test_an_event_of_another_payee_is_unknown(market, ana):
    market.event(market.payee("bob"), "hers")

    with refused(UnknownEvent, market.organization):
        market.adjust(ana, 5_00, event="hers")


def test_a_payee_of_another_organization_is_unknown(market, ana, as_mallory):
    with refused(UnknownPayee, market.organization):
        market.adjust(ana, 5_00, actor=as_mallory)


def test_nothing_is_adjusted_in_closed_books(market, ana):
    close_books(actor=market.system, through=DAY)

    with refused(BooksClosed, market.organization):
        market.adjust(ana, 5_00)
