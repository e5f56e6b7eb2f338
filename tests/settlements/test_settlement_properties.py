"""For any sales, refunds, adjustments, settlements and payouts the laws of the books hold, to the
minor unit: held against an oracle in plain Python that shares no code with the product."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import Refusal
from ledger.selectors.integrity import verify_books
from settlements.models import Adjustment, Refund, Sale, Settlement
from settlements.selectors.positions import payee_positions
from settlements.selectors.settlements import all_settlement_lines
from tests.settlements.market import BANK, PAYABLE

pytestmark = pytest.mark.django_db

FIRST, LAST = date(2026, 3, 1), date(2027, 12, 31)
numbers = count(1)


@dataclass
class Made:
    """A settlement as the oracle knows it."""

    through: date
    items: list[int]
    carried: int
    held: int
    released: int
    release_on: date | None
    total: int
    is_released: bool = False
    status: str = "pending"
    returned: int = 0

    def figures(self) -> tuple[object, ...]:
        return (
            *(self.through, len(self.items), sum(self.items), self.carried, self.held),
            *(self.released, self.total, self.status),
        )


@dataclass
class Oracle:
    """What a payee is owed and was paid, by the words of the documentation."""

    minimum: int
    percentage: Decimal | None
    days: int
    floor: int
    open: list[tuple[date, int, bool]] = field(default_factory=list)  # the last: of a sale, or not
    chain: list[Made] = field(default_factory=list)
    earned: int = 0
    paid: int = 0
    # What the last one has taken in and released; older ones are not discarded here.
    taken: tuple[list[tuple[date, int, bool]], list[Made]] | None = None

    def add(self, day: date, amount: int, *, is_sale: bool = True) -> None:
        self.open.append((day, amount, is_sale))
        self.earned += amount

    def settle(self, through: date) -> str:
        last = self.chain[-1] if self.chain else None
        if last and through < last.through:
            return "SettledAlready"
        items = [item for item in self.open if item[0] <= through]
        holds = [one for one in self.chain if one.held and not one.is_released]
        floors = sum(one.held for one in holds if one.release_on is None)
        ripe = [one for one in holds if self._is_ripe(one, through, floors)]
        if not items and not ripe:
            return "NothingToSettle"
        made = self._figures(through, items, ripe, floors)
        if 0 < made.total < self.minimum:
            return "BelowMinimumPayout"
        for one in ripe:
            one.is_released = True
        self.open = [item for item in self.open if item[0] > through]
        self.taken = items, ripe
        self.chain.append(made)
        return "done"

    def _is_ripe(self, one: Made, through: date, floors: int) -> bool:
        return self.floor < floors if one.release_on is None else one.release_on <= through

    def _figures(
        self, through: date, items: list[tuple[date, int, bool]], ripe: list[Made], floors: int
    ) -> Made:
        released = sum(one.held for one in ripe)
        carried = min(self.chain[-1].total, 0) if self.chain else 0
        there_is = sum(amount for _, amount, _ in items) + carried + released
        sold = max(0, sum(amount for _, amount, is_sale in items if is_sale))
        if self.percentage is not None:
            exact = Decimal(sold) * self.percentage / 100
            wanted = int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP))
        else:
            wanted = self.floor - (floors - sum(x.held for x in ripe if x.release_on is None))
        held = min(wanted, max(0, there_is))
        total = there_is - held
        is_dated = held and self.percentage is not None
        return Made(
            through=through,
            items=[amount for _, amount, _ in items],
            carried=carried,
            held=held,
            released=released,
            release_on=through + timedelta(days=self.days) if is_dated else None,
            total=total,
            status="pending" if total > 0 else "completed",
        )

    def discard(self) -> str:
        """The last one."""
        if self.chain[-1].status != "pending":
            return "SettlementNotPending"
        assert self.taken is not None
        (items, ripe), self.taken = self.taken, None
        self.chain.pop()
        self.open += items
        for one in ripe:
            one.is_released = False
        return "done"

    def approve(self, one: Made) -> str:
        return self._go(one, {"pending": "processing"}, "SettlementNotPending")

    def pay(self, one: Made) -> str:
        if one.total <= 0:
            return "NothingToPay"
        refusals = {
            "pending": "SettlementNotApproved",
            "completed": "SettlementAlreadyPaid",
            "failed": "SettlementNotPaying",
        }
        done = self._go(one, {"processing": "completed"}, refusals.get(one.status, ""))
        self.paid += one.total if done == "done" else 0
        return done

    def fail(self, one: Made) -> str:
        if one.total <= 0:
            return "SettlementNotPaying"
        self.paid -= one.total if one.status == "completed" else 0
        return self._go(one, {"processing": "failed", "completed": "failed"}, "SettlementNotPaying")

    def retry(self, one: Made) -> str:
        return self._go(one, {"failed": "processing"}, "SettlementNotFailed")

    @staticmethod
    def _go(one: Made, ways: dict[str, str], refusal: str) -> str:
        if one.status not in ways:
            return refusal
        one.status = ways[one.status]
        return "done"

    # --- Where it all stands ----------------------------------------------------------------------

    @property
    def position(self) -> dict[str, int]:
        carried = min(self.chain[-1].total, 0) if self.chain else 0
        return {
            "unsettled_amount": sum(amount for _, amount, _ in self.open),
            "reserve_amount": sum(one.held for one in self.chain if not one.is_released),
            "carried_forward_amount": carried,
            "awaiting_payout_amount": sum(
                one.total for one in self.chain if one.total > 0 and one.status != "completed"
            ),
        }


# Items are dated around the day that it is, and settlements go on from there.
AROUND, ON = st.integers(-4, 3), st.integers(0, 6)
TERMS = st.fixed_dictionaries(
    {
        "minimum": st.sampled_from([0, 0, 500]),
        "reserve": st.sampled_from(
            [None, ("0.5", 3), ("10", 1), ("33.3333", 10), ("100", 7), 250, 2_000]
        ),
    }
)
STEP = st.one_of(
    st.tuples(st.just("sell"), AROUND, st.integers(1, 2_000)),
    st.tuples(
        st.just("refund"), AROUND, st.integers(1, 1_500), st.sampled_from(["keep", "return"])
    ),
    st.tuples(st.just("adjust"), AROUND, st.integers(-1_500, 1_500).filter(bool)),
    st.tuples(st.just("settle"), ON | st.just(-1)),
    st.tuples(st.sampled_from(["approve", "pay", "fail", "retry"]), st.integers(0, 3)),
    st.tuples(st.just("through to payment"), ON),
    st.tuples(st.just("discard")),
    st.tuples(st.just("terms"), TERMS),
)


class Run:
    """Does each step both ways and compares what becomes of it."""

    def __init__(self, market: Any, terms: dict[str, Any]) -> None:
        self.market = market
        self.payee = market.payee(f"payee-{next(numbers)}", **asked_for(terms))
        self.oracle = Oracle(0, None, 0, 0)
        self._change(terms)
        self.today = FIRST
        self.sales: list[Sale] = []
        self.chain: list[Settlement] = []

    def step(self, what: str, *facts: Any) -> None:
        getattr(self, what.replace(" ", "_"))(*facts)

    def sell(self, day: int, total: int) -> None:
        sale = self.market.sell(self.payee, total, on=self._day(day))
        self.sales.append(sale)
        self.oracle.add(sale.sold_on, sale.organizer_amount)

    def refund(self, day: int, amount: int, fee: str) -> None:
        if not self.sales:
            return
        sale = self.sales[amount % len(self.sales)]
        on = max(sale.sold_on, self._day(day))
        try:
            refund = self.market.refund(sale, amount, fee=fee, on=on)
        except Refusal:
            return
        self.oracle.add(on, -refund.organizer_amount)

    def adjust(self, day: int, amount: int) -> None:
        on = self._day(day)
        self.market.adjust(self.payee, amount, on=on)
        self.oracle.add(on, amount, is_sale=False)

    def settle(self, day: int) -> None:
        through = self._day(day)
        self.today = max(self.today, through)
        made = self._both(
            self.oracle.settle(through), lambda: self.market.settle(self.payee, through)
        )
        if made is not None:
            self.chain.append(made)

    def discard(self) -> None:
        if self.oracle.taken is None:
            return
        expected = self.oracle.discard()
        self._both(expected, lambda: self.market.discard(self.chain[-1]))
        if expected == "done":
            self.chain.pop()

    def through_to_payment(self, day: int) -> None:
        self.settle(day)
        for what in ("approve", "pay"):
            self.step(what, 0)

    def approve(self, back: int) -> None:
        self._later("approve", back)

    def pay(self, back: int) -> None:
        self._later("pay", back, on=LAST)

    def fail(self, back: int) -> None:
        self._later("fail", back, failed_on=LAST)

    def retry(self, back: int) -> None:
        self._later("retry", back)

    def terms(self, terms: dict[str, Any]) -> None:
        self.payee = self.market.change(self.payee, **asked_for(terms))
        self._change(terms)

    def _day(self, days: int) -> date:
        return self.today + timedelta(days=days)

    def _change(self, terms: dict[str, Any]) -> None:
        reserve, oracle = terms["reserve"], self.oracle
        oracle.minimum, oracle.percentage, oracle.floor = terms["minimum"], None, 0
        if isinstance(reserve, tuple):
            oracle.percentage, oracle.days = Decimal(reserve[0]), reserve[1]
        elif reserve is not None:
            oracle.floor = reserve

    def _later(self, what: str, back: int, **facts: Any) -> None:
        """One of the last settlements."""
        if not self.chain:
            return
        index = len(self.chain) - 1 - back % len(self.chain)
        expected = getattr(self.oracle, what)(self.oracle.chain[index])
        self._both(expected, lambda: getattr(self.market, what)(self.chain[index], **facts))

    @staticmethod
    def _both(expected: str, do: Any) -> Any:
        try:
            done, became = do(), "done"
        except Refusal as refusal:
            done, became = None, type(refusal).__name__
        assert became == expected
        return done


def asked_for(terms: dict[str, Any]) -> dict[str, Any]:
    """The terms as a payee's."""
    reserve = terms["reserve"]
    if isinstance(reserve, tuple):
        reserve = {"percentage": reserve[0], "days": reserve[1]}
    elif reserve is not None:
        reserve = {"floor_amount": reserve}
    return {"minimum_payout_amount": terms["minimum"], "reserve": reserve}


@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(terms=TERMS, steps=st.lists(STEP, min_size=15, max_size=40))
def test_what_was_paid_and_what_is_open_is_what_was_earned(market, terms, steps):
    owed_before, bank_before = market.owed(), market.balance(BANK)
    run = Run(market, terms)

    for step in steps:
        run.step(*step)

    oracle = run.oracle
    assert_every_settlement_is_as_the_oracle_says(run)
    [position] = payee_positions(market.organization, payees=[run.payee.pk])
    assert {name: getattr(position, name) for name in oracle.position} == oracle.position
    assert oracle.paid + position.open_amount == oracle.earned
    assert market.balance(PAYABLE) - owed_before == position.ledger_amount == position.open_amount
    assert bank_before - market.balance(BANK) == oracle.paid
    assert_each_item_is_settled_at_most_once(run)
    assert verify_books(market.organization).ties


def assert_every_settlement_is_as_the_oracle_says(run):
    made = Settlement.objects.of(run.market.organization).filter(payee=run.payee)
    assert [
        (
            *(one.through, one.item_count),
            one.sales_amount - one.refunds_amount + one.adjustments_amount,
            *(one.carried_forward_amount, one.reserve_held_amount, one.reserve_released_amount),
            *(one.total_amount, one.status),
        )
        for one in made.order_by("sequence")
    ] == [one.figures() for one in run.oracle.chain]


def assert_each_item_is_settled_at_most_once(run):
    organization = run.market.organization
    lines = [
        line.id for settled in run.chain for line in all_settlement_lines(organization, settled)
    ]
    assert len(lines) == len(set(lines)) == sum(len(one.items) for one in run.oracle.chain)
    still_open = sum(
        rows.objects.of(organization).filter(payee=run.payee, settlement=None).count()
        for rows in (Sale, Refund, Adjustment)
    )
    assert still_open == len(run.oracle.open)
