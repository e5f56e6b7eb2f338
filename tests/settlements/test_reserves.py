"""What is held back of a settlement and released by a later one. 1_00 is 1.00."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlements.reserves import (
    Hold,
    ReservePolicy,
    SettlementFigures,
    settlement_figures,
)

NONE = ReservePolicy()
TEN_PERCENT = ReservePolicy(Decimal(10), 30)
JANUARY, FEBRUARY = date(2026, 1, 31), date(2026, 2, 28)
MARCH, APRIL = date(2026, 3, 31), date(2026, 4, 30)


def floor(amount: int) -> ReservePolicy:
    return ReservePolicy(floor_amount=amount)


@dataclass
class Books:
    """A payee's settlements in their order, each beginning with what the ones before left."""

    carried_forward: int = 0
    holds: list[Hold] = field(default_factory=list)
    count: int = 0

    def settle(
        self,
        policy: ReservePolicy,
        through: date,
        *,
        sales: int = 0,
        refunds: int = 0,
        adjustments: int = 0,
    ) -> SettlementFigures:
        figures = settlement_figures(
            policy,
            through=through,
            items_amount=sales - refunds + adjustments,
            sales_amount=sales - refunds,
            carried_forward_amount=self.carried_forward,
            holds=self.holds,
        )
        self.count += 1
        self.carried_forward = min(0, figures.total_amount)
        self.holds = [hold for hold in self.holds if hold.settlement_id not in figures.released]
        if figures.reserve_held_amount:
            self.holds.append(
                Hold(UUID(int=self.count), figures.reserve_held_amount, figures.release_on)
            )
        return figures

    @property
    def held(self) -> int:
        return sum(hold.amount for hold in self.holds)


def in_short(figures: SettlementFigures) -> tuple[int, int, int]:
    """Held, released, total."""
    return (
        figures.reserve_held_amount,
        figures.reserve_released_amount,
        figures.total_amount,
    )


class TestPercentage:
    def test_is_held_of_sales_less_refunds_and_not_of_adjustments(self):
        figures = Books().settle(
            TEN_PERCENT, JANUARY, sales=1_000_00, refunds=200_00, adjustments=50_00
        )

        assert figures == SettlementFigures(
            items_amount=850_00,
            carried_forward_amount=0,
            reserve_held_amount=80_00,
            reserve_released_amount=0,
            total_amount=770_00,
            released=(),
            release_on=date(2026, 3, 2),
        )

    @pytest.mark.parametrize(
        ("percentage", "sales", "held"),
        [("10", 5, 1), ("10", 4, 0), ("2.5", 10_60, 27), ("0.0001", 500_000, 1), ("100", 7, 7)],
    )
    def test_is_rounded_half_up(self, percentage, sales, held):
        figures = Books().settle(ReservePolicy(Decimal(percentage), 30), JANUARY, sales=sales)

        assert in_short(figures) == (held, 0, sales - held)

    def test_that_holds_nothing_is_never_released(self):
        figures = Books().settle(TEN_PERCENT, JANUARY, adjustments=100_00)

        assert in_short(figures) == (0, 0, 100_00)
        assert figures.release_on is None

    def test_is_released_on_the_day_and_not_before(self):
        books = Books()
        books.settle(ReservePolicy(Decimal(10), 28), JANUARY, sales=100_00)

        day_before = books.settle(NONE, date(2026, 2, 27))
        on_the_day = books.settle(NONE, date(2026, 2, 28))

        assert in_short(day_before) == (0, 0, 0)
        assert in_short(on_the_day) == (0, 10_00, 10_00)

    def test_counts_its_days_over_29_february(self):
        figures = Books().settle(TEN_PERCENT, date(2028, 1, 31), sales=100_00)

        assert figures.release_on == date(2028, 3, 1)

    def test_stays_until_its_day_where_the_reserve_is_given_up(self):
        books = Books()
        books.settle(TEN_PERCENT, JANUARY, sales=100_00)

        figures = books.settle(NONE, FEBRUARY, sales=100_00)

        assert in_short(figures) == (0, 0, 100_00)
        assert books.held == 10_00


class TestHeldAndReleasedAcrossThreeSettlements:
    """10 % for 30 days, settled each month's end: what January holds is released in March."""

    def test_line_by_line(self):
        books = Books()

        january = books.settle(TEN_PERCENT, JANUARY, sales=1_000_00)
        assert in_short(january) == (100_00, 0, 900_00)
        assert january.release_on == date(2026, 3, 2)

        february = books.settle(TEN_PERCENT, FEBRUARY, sales=500_00)
        assert in_short(february) == (50_00, 0, 450_00)
        assert february.release_on == date(2026, 3, 30)

        # Both fall due in March, and are held of its sales in turn.
        march = books.settle(TEN_PERCENT, MARCH, sales=200_00)
        assert in_short(march) == (20_00, 150_00, 330_00)
        assert march.released == (UUID(int=1), UUID(int=2))
        assert march.release_on == APRIL

        april = books.settle(TEN_PERCENT, APRIL)
        assert in_short(april) == (0, 20_00, 20_00)
        assert books.held == 0

        # 1,700.00 were sold, and as much was paid.
        assert 900_00 + 450_00 + 330_00 + 20_00 == 1_700_00


class TestANegativeMonth:
    """More is refunded than sold: nothing is held, and what is missing is carried forward."""

    def test_line_by_line(self):
        books = Books()
        books.settle(TEN_PERCENT, JANUARY, sales=100_00)  # 10.00 held until 2 March

        february = books.settle(TEN_PERCENT, FEBRUARY, sales=20_00, refunds=70_00)
        assert in_short(february) == (0, 0, -50_00)
        assert february.release_on is None

        # 200.00 − 50.00 + 10.00 released − 20.00 held.
        march = books.settle(TEN_PERCENT, MARCH, sales=200_00)
        assert march.carried_forward_amount == -50_00
        assert in_short(march) == (20_00, 10_00, 140_00)

    def test_holds_no_more_than_what_it_leaves_of_the_next(self):
        books = Books(carried_forward=-95_00)

        figures = books.settle(TEN_PERCENT, FEBRUARY, sales=100_00)

        assert in_short(figures) == (5_00, 0, 0)
        assert books.carried_forward == 0

    def test_is_covered_by_what_is_released(self):
        books = Books()
        books.settle(TEN_PERCENT, JANUARY, sales=1_000_00)

        figures = books.settle(TEN_PERCENT, MARCH, refunds=60_00)

        assert in_short(figures) == (0, 100_00, 40_00)

    def test_is_carried_on_where_the_next_is_too_small(self):
        books = Books(carried_forward=-95_00)

        figures = books.settle(TEN_PERCENT, FEBRUARY, sales=40_00)

        assert in_short(figures) == (0, 0, -55_00)


class TestFloor:
    """What is held at all times, filled before anything is paid."""

    def test_filled_over_two_settlements_then_left_alone(self):
        books = Books()

        assert in_short(books.settle(floor(500_00), JANUARY, sales=300_00)) == (300_00, 0, 0)
        assert in_short(books.settle(floor(500_00), FEBRUARY, sales=300_00)) == (200_00, 0, 100_00)
        assert in_short(books.settle(floor(500_00), MARCH, sales=300_00)) == (0, 0, 300_00)
        assert books.held == 500_00

    def test_names_no_day_of_release(self):
        assert Books().settle(floor(500_00), JANUARY, sales=300_00).release_on is None

    def test_raised_holds_what_is_missing(self):
        books = Books()
        books.settle(floor(500_00), JANUARY, sales=600_00)

        assert in_short(books.settle(floor(700_00), FEBRUARY, sales=300_00)) == (200_00, 0, 100_00)

    def test_lowered_releases_everything_and_holds_the_new_one(self):
        books = Books()
        books.settle(floor(500_00), JANUARY, sales=300_00)
        books.settle(floor(500_00), FEBRUARY, sales=300_00)

        figures = books.settle(floor(200_00), MARCH, sales=50_00)

        assert in_short(figures) == (200_00, 500_00, 350_00)
        assert figures.released == (UUID(int=1), UUID(int=2))
        assert books.held == 200_00

    def test_lowered_covers_what_is_below_zero_before_it_is_held_anew(self):
        books = Books()
        books.settle(floor(500_00), JANUARY, sales=500_00)

        figures = books.settle(floor(200_00), FEBRUARY, refunds=400_00)

        assert in_short(figures) == (100_00, 500_00, 0)

    def test_removed_releases_everything(self):
        books = Books()
        books.settle(floor(500_00), JANUARY, sales=600_00)

        assert in_short(books.settle(NONE, FEBRUARY)) == (0, 500_00, 500_00)
        assert books.held == 0

    def test_does_not_pay_for_a_negative_month(self):
        books = Books()
        books.settle(floor(500_00), JANUARY, sales=500_00)

        figures = books.settle(floor(500_00), FEBRUARY, refunds=60_00)

        assert in_short(figures) == (0, 0, -60_00)
        assert books.held == 500_00

    def test_of_zero_holds_nothing(self):
        assert in_short(Books().settle(floor(0), JANUARY, sales=100_00)) == (0, 0, 100_00)

    def test_of_yen_is_whole_yen(self):
        assert in_short(Books().settle(floor(50_000), JANUARY, sales=88_001)) == (50_000, 0, 38_001)


class TestAPolicyThatBecomesAnother:
    def test_from_percentage_to_floor_fills_the_floor_beside_what_is_held(self):
        books = Books()
        books.settle(TEN_PERCENT, JANUARY, sales=1_000_00)  # 100.00 until 2 March

        february = books.settle(floor(150_00), FEBRUARY, sales=400_00)
        assert in_short(february) == (150_00, 0, 250_00)
        assert books.held == 250_00

        march = books.settle(floor(150_00), MARCH)
        assert in_short(march) == (0, 100_00, 100_00)
        assert march.released == (UUID(int=1),)
        assert books.held == 150_00

    def test_from_floor_to_percentage_releases_the_floor(self):
        books = Books()
        books.settle(floor(150_00), JANUARY, sales=200_00)

        february = books.settle(TEN_PERCENT, FEBRUARY, sales=100_00)

        assert in_short(february) == (10_00, 150_00, 240_00)
        assert [hold.release_on for hold in books.holds] == [date(2026, 3, 30)]

    def test_to_other_days_leaves_the_day_of_what_is_held(self):
        books = Books()
        books.settle(TEN_PERCENT, JANUARY, sales=100_00)

        figures = books.settle(ReservePolicy(Decimal(10), 365), MARCH, sales=100_00)

        assert in_short(figures) == (10_00, 10_00, 100_00)
        assert figures.release_on == date(2027, 3, 31)


def test_refuses_to_carry_forward_what_was_to_be_paid():
    with pytest.raises(ValueError, match="1 is carried forward"):
        Books(carried_forward=1).settle(NONE, JANUARY)


amounts = st.one_of(st.integers(0, 20), st.integers(0, 10**12))
policies = st.one_of(
    st.just(NONE),
    st.builds(ReservePolicy, st.decimals(0, 100, places=4), st.integers(1, 60)),
    st.builds(floor, amounts),
)
steps = st.lists(
    st.tuples(policies, amounts, amounts, st.integers(-(10**6), 10**6)), min_size=1, max_size=10
)


@given(steps)
def test_what_was_paid_and_what_is_open_is_what_was_sold(steps):
    books, sold, paid = Books(), 0, 0
    for number, (policy, sales, refunds, adjustments) in enumerate(steps):
        figures = books.settle(
            policy,
            JANUARY + timedelta(days=number * 15),
            sales=sales,
            refunds=refunds,
            adjustments=adjustments,
        )
        sold += sales - refunds + adjustments
        paid += max(0, figures.total_amount)

        assert paid + books.held + books.carried_forward == sold


@given(steps)
def test_holding_never_makes_a_settlement_negative_nor_exceeds_the_policy(steps):
    books = Books()
    for number, (policy, sales, refunds, adjustments) in enumerate(steps):
        figures = books.settle(
            policy,
            JANUARY + timedelta(days=number * 15),
            sales=sales,
            refunds=refunds,
            adjustments=adjustments,
        )

        held = figures.reserve_held_amount
        assert held >= 0
        assert figures.total_amount >= 0 or held == 0
        assert (figures.release_on is not None) == bool(held and policy.days)
        for_floor = sum(hold.amount for hold in books.holds if hold.release_on is None)
        assert for_floor <= (policy.floor_amount or 0)


@given(steps)
def test_without_a_policy_everything_is_released_in_the_end(steps):
    books = Books()
    for number, (policy, sales, refunds, adjustments) in enumerate(steps):
        books.settle(
            policy,
            JANUARY + timedelta(days=number),
            sales=sales,
            refunds=refunds,
            adjustments=adjustments,
        )

    books.settle(NONE, JANUARY + timedelta(days=len(steps) + 60))

    assert books.holds == []
