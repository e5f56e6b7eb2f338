"""Refunds: what they give back, who bears the fee, and that a sale is never given back twice."""

from datetime import date, timedelta

import pytest

from ledger.errors import BooksClosed
from ledger.services.periods import close_books
from organizations.models import AuditEvent
from settlements.errors import (
    InvalidRefund,
    NothingLeftToRefund,
    OverRefund,
    ReferenceConflict,
    RefundBeforeSale,
    SaleNotFound,
)
from tests.invoicing.selling import refused, statements_of
from tests.settlements.market import CARD, DAY, FEES, LATER, PAYABLE, TAX, TICKETS, fresh, lines_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ana(market):
    return market.payee()


def test_without_an_amount_all_is_given_back(market, ana):
    sale = market.sell(ana, 120_00, fee=10_00, ticket_revenue=5_00, tax_amount=20_00)

    refund = market.refund(sale)

    assert lines_of(sale) == [
        (CARD, 120_00, 0),
        (TICKETS, 0, 5_00),
        (FEES, 0, 10_00),
        (TAX, 0, 20_00),
        (PAYABLE, 0, 85_00),
    ]
    assert lines_of(refund) == [
        (TICKETS, 5_00, 0),
        (FEES, 10_00, 0),
        (TAX, 20_00, 0),
        (PAYABLE, 85_00, 0),
        (CARD, 0, 120_00),
    ]
    assert fresh(sale).refunded_amount == 120_00
    assert market.owed() == 0


def test_a_part_is_split_as_the_sale_was(market, ana):
    sale = market.sell(ana, 100_00, fee=10_00)

    refund = market.refund(sale, 50_00)

    assert (refund.organizer_amount, refund.platform_fee) == (45_00, 5_00)
    assert market.owed() == 45_00


def test_a_kept_fee_is_borne_by_the_organizer(market, ana):
    sale = market.sell(ana, 100_00, fee=10_00)

    refund = market.refund(sale, fee="keep")

    assert (refund.amount, refund.organizer_amount, refund.kept_fee_amount) == (
        100_00,
        100_00,
        10_00,
    )
    assert market.owed() == -10_00
    assert market.balance(FEES) == 10_00


def test_a_fee_of_the_buyers_that_is_kept_is_not_given_back(market):
    bob = market.payee("bob", fee_policy={"percentage": "10", "borne_by": "buyer"})
    sale = market.sell(bob, 110_00, platform_fee=None)

    refund = market.refund(sale, fee="keep")

    assert (refund.amount, refund.platform_fee, refund.kept_fee_amount) == (100_00, 0, 0)
    assert market.owed() == 0
    assert market.refund(sale, fee="return").amount == 10_00


def test_a_refund_belongs_to_the_event_of_its_sale(market, ana):
    event = market.event(ana)

    refund = market.refund(market.sell(ana, event=event))

    assert refund.event_id == event.pk
    assert refund.method == "card"


@pytest.mark.parametrize("fee", ["keep", "return"])
def test_refunds_to_the_last_cent_leave_nothing(market, ana, fee):
    sale = market.sell(ana, 1_01, fee=34)
    for _ in range(3):
        market.refund(sale, 33, fee=fee)

    last = market.refund(sale, fee=fee)

    assert last.amount == 2
    with refused(NothingLeftToRefund, market.organization):
        market.refund(sale, fee=fee)


def test_more_than_is_left_is_refused_with_what_is_left(market, ana):
    sale = market.sell(ana, 100_00)
    market.refund(sale, 60_00)

    with refused(OverRefund, market.organization) as caught:
        market.refund(sale, 40_01)

    assert caught.value.left == 40_00
    assert "40.01" not in caught.value.message
    assert "4001 EUR" in caught.value.message


def test_a_sale_is_not_refunded_before_it_was_made(market, ana):
    sale = market.sell(ana)

    with refused(RefundBeforeSale, market.organization):
        market.refund(sale, on=DAY - timedelta(days=1))


def test_a_sale_of_another_organization_is_not_found(market, ana, as_mallory):
    sale = market.sell(ana)

    with refused(SaleNotFound, market.organization):
        market.refund(sale, actor=as_mallory)


def test_nothing_is_refunded_in_closed_books(market, ana):
    sale = market.sell(ana)
    close_books(actor=market.system, through=LATER)

    with refused(BooksClosed, market.organization):
        market.refund(sale, on=LATER)


@pytest.mark.parametrize("asked", [{}, {"amount": 40_00}, {"fee": "keep", "amount": 40_00}])
def test_the_very_same_again_is_the_refund_that_is_there(market, ana, asked):
    sale = market.sell(ana)
    first = market.refund(sale, reference="r", **asked)

    again = market.refund(sale, reference="r", **asked)

    assert again.pk == first.pk
    assert again.is_replay
    assert not first.is_replay


@pytest.mark.parametrize(
    ("other", "differs"),
    [
        ({"amount": 41_00}, "amount"),
        ({"amount": None}, "amount"),
        ({"on": LATER + timedelta(days=1)}, "refunded_on"),
        ({"fee": "keep"}, "fee"),
        ({"reason": "another"}, "reason"),
    ],
)
def test_something_else_under_its_reference_is_refused(market, ana, other, differs):
    sale = market.sell(ana)
    market.refund(sale, amount=40_00, reference="r")

    with refused(ReferenceConflict, market.organization) as caught:
        market.refund(sale, **{"amount": 40_00, "reference": "r", **other})

    assert caught.value.differs == differs


def test_the_reference_of_a_refund_of_another_sale_is_refused(market, ana):
    market.refund(market.sell(ana), reference="r")
    other = market.sell(ana)

    with refused(ReferenceConflict, market.organization) as caught:
        market.refund(other, reference="r")

    assert caught.value.differs == "sale"


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"amount": 0}, "amount"),
        ({"amount": -1}, "amount"),
        ({"amount": True}, "amount"),
        ({"amount": 1.5}, "amount"),
        ({"amount": 2**63}, "amount"),
        ({"fee": "half"}, "fee"),
        ({"fee": None}, "fee"),
        ({"on": date(1899, 12, 31)}, "refunded_on"),
        ({"on": date(2200, 1, 1)}, "refunded_on"),
        ({"on": "2026-03-20"}, "refunded_on"),
        ({"reference": "a\0b"}, "reference"),
        ({"reference": "a\nb"}, "reference"),
        ({"reference": " r"}, "reference"),
        ({"reference": "r" * 181}, "reference"),
        ({"reason": "x" * 501}, "reason"),
        ({"reason": "\x07"}, "reason"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(market, ana, asked, field):
    sale = market.sell(ana)

    with refused(InvalidRefund, market.organization) as caught:
        market.refund(sale, **asked)

    assert caught.value.attr == field


def test_is_recorded_in_the_audit_trail(market, ana):
    refund = market.refund(market.sell(ana), 10_00, reason="came late")

    [event] = AuditEvent.objects.of(market.organization).filter(action="record_refund")
    assert event.subject_ids == [refund.pk]
    assert event.after["amount"] == 10_00
    assert event.after["reason"] == "came late"


def test_takes_six_statements_however_many_refunds_there_are(market, ana):
    """The lock, the facts, what is left, the posting, the row, the audit trail."""
    sale = market.sell(ana)
    first = statements_of(lambda: market.refund(sale, 1_00))
    for _ in range(5):
        market.refund(sale, 1_00)

    later = statements_of(lambda: market.refund(sale, 1_00))

    assert len(first) == len(later) == 6
