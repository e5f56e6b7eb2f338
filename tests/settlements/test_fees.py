"""The platform's fee on a sale, and what a refund takes back. 1_00 is 1.00."""

from decimal import Decimal

import pytest

from settlements.fees import (
    FeeBearer,
    FeeExceedsSale,
    FeePolicy,
    PartsExceedSale,
    RefundExceedsSale,
    RefundParts,
    SaleParts,
    refund_parts,
    sale_parts,
)

BUYER, ORGANIZER = FeeBearer.BUYER, FeeBearer.ORGANIZER
TEN_PERCENT = FeePolicy(Decimal(10))
TEN_PERCENT_ON_TOP = FeePolicy(Decimal(10), borne_by=BUYER)


class TestFeePolicy:
    def test_charges_nothing_unless_it_says_so(self):
        assert sale_parts(FeePolicy(), total_amount=10_00, quantity=1) == SaleParts(0, 0, 0, 10_00)

    @pytest.mark.parametrize("percentage", ["-0.01", "100.01", "NaN", "Infinity"])
    def test_refuses_what_is_no_percentage_of_a_price(self, percentage):
        with pytest.raises(ValueError, match=f"{percentage} %"):
            FeePolicy(Decimal(percentage))

    def test_refuses_an_amount_per_ticket_below_zero(self):
        with pytest.raises(ValueError, match="-1 per ticket"):
            FeePolicy(per_ticket_amount=-1)

    def test_knows_who_bears_it_by_name_as_well(self):
        assert FeeBearer("buyer") is BUYER
        assert FeeBearer("organizer") is ORGANIZER


class TestFeeBorneByTheOrganizer:
    def test_comes_out_of_the_price(self):
        parts = sale_parts(TEN_PERCENT, total_amount=100_00, quantity=2)

        assert parts == SaleParts(0, platform_fee=10_00, tax_amount=0, organizer_amount=90_00)

    def test_is_charged_on_what_tax_and_ticket_revenue_leave(self):
        parts = sale_parts(
            TEN_PERCENT, total_amount=130_00, quantity=1, ticket_revenue=10_00, tax_amount=20_00
        )

        assert parts == SaleParts(10_00, 10_00, 20_00, 90_00)
        assert parts.total == 130_00

    def test_adds_so_much_for_each_ticket(self):
        policy = FeePolicy(Decimal("2.5"), per_ticket_amount=79)

        parts = sale_parts(policy, total_amount=100_00, quantity=4)

        assert parts.platform_fee == 2_50 + 4 * 79
        assert parts.total == 100_00

    @pytest.mark.parametrize(
        ("percentage", "total", "fee"),
        [
            ("10", 5, 1),  # 0.5
            ("10", 4, 0),
            ("2.5", 10_60, 27),  # 26.5
            ("2.5", 10_59, 26),  # 26.475
            ("0.0001", 500_000, 1),
            ("33.3333", 3, 1),
            ("100", 7_77, 7_77),
        ],
    )
    def test_is_rounded_half_up_once(self, percentage, total, fee):
        parts = sale_parts(FeePolicy(Decimal(percentage)), total_amount=total, quantity=1)

        assert (parts.platform_fee, parts.organizer_amount) == (fee, total - fee)

    def test_of_yen_is_whole_yen(self):
        parts = sale_parts(FeePolicy(Decimal("3.6"), 99), total_amount=8_800, quantity=2)

        # 316.8 and 198.
        assert parts == SaleParts(0, 515, 0, 8_285)

    def test_may_be_all_that_there_is(self):
        parts = sale_parts(FeePolicy(per_ticket_amount=5_00), total_amount=10_00, quantity=2)

        assert parts == SaleParts(0, 10_00, 0, 0)

    def test_is_refused_above_that(self):
        policy = FeePolicy(Decimal(10), per_ticket_amount=5_00)

        with pytest.raises(FeeExceedsSale) as refused:
            sale_parts(policy, total_amount=10_00, quantity=2)

        assert (refused.value.fee_amount, refused.value.available_amount) == (11_00, 10_00)

    def test_is_exact_where_floats_and_28_digits_are_not(self):
        total = 9_007_199_254_740_993_000

        parts = sale_parts(FeePolicy(Decimal("0.1")), total_amount=total, quantity=1)

        assert parts.platform_fee == 9_007_199_254_740_993


class TestFeeBorneByTheBuyer:
    def test_was_added_to_the_face_price(self):
        parts = sale_parts(TEN_PERCENT_ON_TOP, total_amount=110_00, quantity=1)

        assert parts == SaleParts(0, platform_fee=10_00, tax_amount=0, organizer_amount=100_00)

    def test_is_found_beside_tax_and_ticket_revenue(self):
        parts = sale_parts(
            TEN_PERCENT_ON_TOP,
            total_amount=140_00,
            quantity=1,
            ticket_revenue=10_00,
            tax_amount=20_00,
        )

        assert parts == SaleParts(10_00, 10_00, 20_00, 100_00)

    def test_has_its_amount_per_ticket_taken_off_first(self):
        policy = FeePolicy(Decimal(10), per_ticket_amount=50, borne_by=BUYER)

        parts = sale_parts(policy, total_amount=111_50, quantity=3)

        assert parts == SaleParts(0, 10_00 + 3 * 50, 0, 100_00)

    @pytest.mark.parametrize(
        ("percentage", "total", "face"),
        [
            ("10", 1_00, 91),  # 90.909…
            ("10", 1, 1),
            ("100", 3, 2),  # 1.5
            ("7.7", 1_000, 929),  # 928.50…
            ("0", 1_000, 1_000),
        ],
    )
    def test_leaves_the_face_price_rounded_half_up(self, percentage, total, face):
        policy = FeePolicy(Decimal(percentage), borne_by=BUYER)

        parts = sale_parts(policy, total_amount=total, quantity=1)

        assert (parts.organizer_amount, parts.platform_fee) == (face, total - face)

    def test_may_be_all_that_there_is(self):
        policy = FeePolicy(Decimal(10), per_ticket_amount=1_00, borne_by=BUYER)

        assert sale_parts(policy, total_amount=1_00, quantity=1) == SaleParts(0, 1_00, 0, 0)

    def test_is_refused_where_the_tickets_alone_cost_more(self):
        policy = FeePolicy(Decimal(10), per_ticket_amount=1_00, borne_by=BUYER)

        with pytest.raises(FeeExceedsSale, match="200 exceeds the 199") as refused:
            sale_parts(policy, total_amount=1_99, quantity=2)

        assert (refused.value.fee_amount, refused.value.available_amount) == (2_00, 1_99)


class TestSalesThatAreNone:
    def test_of_nothing_have_no_parts(self):
        assert sale_parts(TEN_PERCENT, total_amount=0, quantity=1) == SaleParts(0, 0, 0, 0)

    def test_without_tickets_have_no_fee_for_them(self):
        policy = FeePolicy(per_ticket_amount=1_00)

        assert sale_parts(policy, total_amount=1_00, quantity=0) == SaleParts(0, 0, 0, 1_00)

    def test_are_refused_where_tax_and_tickets_are_more_than_was_paid(self):
        with pytest.raises(PartsExceedSale) as refused:
            sale_parts(
                TEN_PERCENT, total_amount=10_00, quantity=1, ticket_revenue=9_00, tax_amount=1_01
            )

        assert (refused.value.parts_amount, refused.value.total_amount) == (10_01, 10_00)

    @pytest.mark.parametrize(
        "amounts",
        [
            {"total_amount": -1, "quantity": 1},
            {"total_amount": 1, "quantity": -1},
            {"total_amount": 1, "quantity": 1, "ticket_revenue": -1},
            {"total_amount": 1, "quantity": 1, "tax_amount": -1},
        ],
    )
    def test_are_refused_below_zero(self, amounts):
        with pytest.raises(ValueError, match=r"Below zero: .*-1"):
            sale_parts(TEN_PERCENT, **amounts)


# 10.00 of tickets of the house, a fee of 10.00, tax of 20.00, and 60.00 for the organizer.
SOLD = SaleParts(10_00, 10_00, 20_00, 60_00)


class TestRefundThatReturnsTheFee:
    @pytest.mark.parametrize("borne_by", FeeBearer)
    def test_gives_everything_back_where_no_amount_is_said(self, borne_by):
        refund = refund_parts(SOLD, None, fee="return", borne_by=borne_by)

        assert refund == RefundParts(100_00, 10_00, 10_00, 20_00, 60_00, kept_fee_amount=0)
        assert SOLD.less(refund) == SaleParts(0, 0, 0, 0)

    def test_takes_its_share_of_every_part(self):
        refund = refund_parts(SOLD, 50_00, fee="return", borne_by=ORGANIZER)

        assert refund == RefundParts(50_00, 5_00, 5_00, 10_00, 30_00, kept_fee_amount=0)

    def test_places_what_rounding_leaves_on_the_largest_fractions(self):
        refund = refund_parts(SaleParts(1, 1, 2, 6), 4, fee="return", borne_by=ORGANIZER)

        # The exact shares are 0.4, 0.4, 0.8 and 2.4; of equal fractions the first is served.
        assert refund == RefundParts(4, 1, 0, 1, 2, kept_fee_amount=0)

    def test_takes_nothing_of_a_part_of_zero(self):
        refund = refund_parts(SaleParts(0, 10, 0, 90), 33, fee="return", borne_by=ORGANIZER)

        assert refund == RefundParts(33, 0, 3, 0, 30, kept_fee_amount=0)

    def test_leaves_the_rest_to_the_next_one(self):
        sold = SaleParts(0, 333, 0, 667)
        first = refund_parts(sold, 500, fee="return", borne_by=ORGANIZER)
        left = sold.less(first)

        second = refund_parts(left, None, fee="return", borne_by=ORGANIZER)

        assert (first.platform_fee, second.platform_fee) == (167, 166)
        assert left.less(second).total == 0


class TestRefundThatKeepsTheOrganizersFee:
    def test_makes_the_organizer_pay_it(self):
        refund = refund_parts(SOLD, None, fee="keep", borne_by=ORGANIZER)

        assert refund == RefundParts(100_00, 10_00, 0, 20_00, 70_00, kept_fee_amount=10_00)

    def test_counts_the_fees_share_as_gone(self):
        refund = refund_parts(SOLD, 50_00, fee="keep", borne_by=ORGANIZER)

        assert refund == RefundParts(50_00, 5_00, 0, 10_00, 35_00, kept_fee_amount=5_00)
        assert SOLD.less(refund) == SaleParts(5_00, 5_00, 10_00, 30_00)

    def test_may_be_followed_by_one_that_returns_the_rest_of_it(self):
        kept = refund_parts(SOLD, 50_00, fee="keep", borne_by=ORGANIZER)

        returned = refund_parts(SOLD.less(kept), None, fee="return", borne_by=ORGANIZER)

        assert returned == RefundParts(50_00, 5_00, 5_00, 10_00, 30_00, kept_fee_amount=0)

    def test_may_cost_an_organizer_who_got_nothing(self):
        refund = refund_parts(SaleParts(0, 500, 0, 0), None, fee="keep", borne_by=ORGANIZER)

        assert refund == RefundParts(500, 0, 0, 0, 500, kept_fee_amount=500)


class TestRefundThatKeepsTheBuyersFee:
    def test_gives_everything_back_but_the_fee(self):
        refund = refund_parts(SOLD, None, fee="keep", borne_by=BUYER)

        assert refund == RefundParts(90_00, 10_00, 0, 20_00, 60_00, kept_fee_amount=0)
        assert SOLD.less(refund) == SaleParts(0, 10_00, 0, 0)

    def test_takes_its_share_of_the_other_parts(self):
        refund = refund_parts(SOLD, 45_00, fee="keep", borne_by=BUYER)

        assert refund == RefundParts(45_00, 5_00, 0, 10_00, 30_00, kept_fee_amount=0)

    def test_is_refused_above_the_other_parts(self):
        with pytest.raises(RefundExceedsSale) as refused:
            refund_parts(SOLD, 90_01, fee="keep", borne_by=BUYER)

        assert (refused.value.amount, refused.value.left_amount) == (90_01, 90_00)

    def test_is_refused_where_only_the_fee_is_left(self):
        with pytest.raises(RefundExceedsSale, match="A refund exceeds the 0") as refused:
            refund_parts(SaleParts(0, 10_00, 0, 0), None, fee="keep", borne_by=BUYER)

        assert (refused.value.amount, refused.value.left_amount) == (None, 0)

    def test_may_be_followed_by_one_that_returns_it(self):
        left = SOLD.less(refund_parts(SOLD, None, fee="keep", borne_by=BUYER))

        refund = refund_parts(left, None, fee="return", borne_by=BUYER)

        assert refund == RefundParts(10_00, 0, 10_00, 0, 0, kept_fee_amount=0)


class TestRefundsThatAreNone:
    @pytest.mark.parametrize("amount", [0, -1])
    def test_are_refused_below_one(self, amount):
        with pytest.raises(ValueError, match=f"{amount} is not an amount"):
            refund_parts(SOLD, amount, fee="return", borne_by=ORGANIZER)

    def test_are_refused_above_what_is_left(self):
        with pytest.raises(RefundExceedsSale, match="10001 exceeds the 10000"):
            refund_parts(SOLD, 100_01, fee="return", borne_by=ORGANIZER)

    @pytest.mark.parametrize("amount", [None, 1])
    def test_are_refused_where_nothing_is_left(self, amount):
        with pytest.raises(RefundExceedsSale):
            refund_parts(SaleParts(0, 0, 0, 0), amount, fee="return", borne_by=ORGANIZER)

    def test_have_no_third_way_with_the_fee(self):
        with pytest.raises(ValueError, match="halve"):
            refund_parts(SOLD, 1, fee="halve", borne_by=ORGANIZER)
