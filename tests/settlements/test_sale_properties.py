"""For any sales and refunds the laws of the books hold, to the minor unit."""

from collections import Counter
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.selectors.integrity import verify_books
from settlements.errors import NothingLeftToRefund, OverRefund
from settlements.models import Refund, Sale
from tests.settlements.market import BANK, CARD, FEES, PAYABLE, TAX, TICKETS

pytestmark = pytest.mark.django_db(transaction=True)

numbers = count(1)

AMOUNTS = st.integers(0, 500)


@dataclass(frozen=True)
class Step:
    """A refund asked for: of which sale, of how much (None: of all that is left), which fee."""

    sale: int
    amount: int | None
    fee: str


@st.composite
def sales(draw: Any) -> dict[str, Any]:
    """The parts of a sale, given or left to the payee's policy."""
    revenue, fee, tax, organizer = (draw(AMOUNTS) for _ in range(4))
    total = revenue + fee + tax + organizer
    asked = {
        "total_amount": max(total, 1),
        "ticket_revenue": revenue,
        "tax_amount": tax,
        "method": draw(st.sampled_from(["card", "bank"])),
    }
    # Nothing at all is no sale: then it is one unit, for the organizer.
    parts = {"platform_fee": fee, "organizer_amount": organizer + (not total)}
    return asked | (parts if draw(st.booleans()) else {"platform_fee": None})


STEPS = st.lists(
    st.builds(
        Step,
        sale=st.integers(0, 2),
        amount=st.none() | st.integers(1, 900),
        fee=st.sampled_from(["keep", "return"]),
    ),
    max_size=8,
)
POLICIES: st.SearchStrategy[dict[str, str | int]] = st.builds(
    dict,
    percentage=st.sampled_from(["0", "7.5", "10", "33.3333", "100"]),
    per_ticket_amount=st.just(0),
    borne_by=st.sampled_from(["buyer", "organizer"]),
)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(policy=POLICIES, asked=st.lists(sales(), min_size=1, max_size=3), steps=STEPS)
def test_the_books_say_what_sales_and_refunds_say(market, policy, asked, steps):
    number = next(numbers)
    payee = market.payee(f"payee-{number}", fee_policy=policy)
    before = balances(market)

    sold = [market.sell(payee, **parts) for parts in asked]
    for step in steps:
        refund(market, sold[step.sale % len(sold)], step)

    expected = Counter(before)
    for sale in Sale.objects.of(market.organization).filter(payee=payee):
        apply(expected, sale, 1, sale.total_amount)
    for row in Refund.objects.of(market.organization).filter(payee=payee):
        apply(expected, row, -1, row.amount)
    assert balances(market) == expected
    assert verify_books(market.organization).ties


def refund(market, sale, step):
    """Asked for and given, or refused just where more is asked than is left."""
    before = left_of(sale)
    try:
        given = market.refund(sale, step.amount, fee=step.fee)
    except (OverRefund, NothingLeftToRefund):
        kept = sale.fee_borne_by == "buyer" and step.fee == "keep"
        assert kept or step.amount is None or step.amount > before
        assert left_of(sale) == before
        return
    assert 0 < given.amount <= before
    assert left_of(sale) == before - given.amount
    if step.amount is not None:
        assert given.amount == step.amount
    if step.fee == "keep":
        assert given.platform_fee == 0


def left_of(sale):
    """What is left of a sale, of each part at least nothing; and its row says so."""
    sale = Sale.objects.of(sale.organization_id).get(pk=sale.pk)
    given = list(Refund.objects.of(sale.organization_id).filter(sale=sale))
    assert sale.refunded_amount == sum(row.amount for row in given)
    for name in ("ticket_revenue", "tax_amount"):
        assert sum(getattr(row, name) for row in given) <= getattr(sale, name)
    fees = sum(row.platform_fee + row.kept_fee_amount for row in given)
    assert fees <= sale.platform_fee
    borne = sum(row.organizer_amount - row.kept_fee_amount for row in given)
    assert borne <= sale.organizer_amount
    return sale.total_amount - sale.refunded_amount


def apply(balances, row, sign, amount):
    balances[BANK if row.method == "bank" else CARD] += sign * amount
    balances[TICKETS] += sign * row.ticket_revenue
    balances[FEES] += sign * row.platform_fee
    balances[TAX] += sign * row.tax_amount
    balances[PAYABLE] += sign * row.organizer_amount


def balances(market):
    names = (BANK, CARD, TICKETS, FEES, TAX, PAYABLE)
    return Counter({name: market.balance(name) for name in names})
