"""What is so of the parts of any sale, and of any sequence of its refunds."""

from dataclasses import astuple
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core.rounding import round_half_up
from settlements.fees import (
    FeeBearer,
    FeeExceedsSale,
    FeeOnRefund,
    FeePolicy,
    RefundParts,
    SaleParts,
    refund_parts,
    sale_parts,
)

# Small ones, whose fractions tie, and large ones.
amounts = st.one_of(st.integers(0, 20), st.integers(0, 10**12))
policies = st.builds(
    FeePolicy,
    st.one_of(
        st.sampled_from([Decimal(text) for text in ("0", "2.5", "10", "33.3333", "100")]),
        st.decimals(0, 100, places=4),
    ),
    st.one_of(st.just(0), st.integers(0, 500)),
    st.sampled_from(FeeBearer),
)
quantities = st.integers(0, 50)
sales = st.builds(SaleParts, amounts, amounts, amounts, amounts).filter(lambda sold: sold.total > 0)
# How much of what can be refunded, None for all of it; and what becomes of the fee.
refunds = st.lists(
    st.tuples(
        st.one_of(st.none(), st.fractions(0, 1, max_denominator=100)), st.sampled_from(FeeOnRefund)
    ),
    max_size=8,
)


def refundable(left: SaleParts, fee: FeeOnRefund, borne_by: FeeBearer) -> int:
    """The most that one refund may come to."""
    keeps_the_buyers = fee is FeeOnRefund.KEEP and borne_by is FeeBearer.BUYER
    return left.total - (left.platform_fee if keeps_the_buyers else 0)


def refund_in_turn(
    sold: SaleParts, steps: list[tuple[Fraction | None, FeeOnRefund]], borne_by: FeeBearer
) -> tuple[SaleParts, list[RefundParts]]:
    """What is left of the sale after these refunds, and the refunds; steps with nothing left to
    refund are passed over."""
    left, made = sold, []
    for share, fee in steps:
        most = refundable(left, fee, borne_by)
        if not most:
            continue
        amount = None if share is None else max(1, int(most * share))
        refund = refund_parts(left, amount, fee=fee, borne_by=borne_by)
        assert refund.amount == (most if amount is None else amount)
        made.append(refund)
        left = left.less(refund)
    return left, made


@given(policies, amounts, quantities, amounts, amounts)
def test_the_parts_of_a_sale_add_up_to_what_was_paid(policy, rest, quantity, tickets, tax):
    total = rest + tickets + tax
    try:
        parts = sale_parts(
            policy, total_amount=total, quantity=quantity, ticket_revenue=tickets, tax_amount=tax
        )
    except FeeExceedsSale:
        assume(False)

    assert parts.total == total
    assert (parts.ticket_revenue, parts.tax_amount) == (tickets, tax)
    assert min(astuple(parts)) >= 0


@given(policies, amounts, quantities)
def test_a_fee_is_refused_where_it_is_more_than_there_is_and_nowhere_else(policy, rest, quantity):
    on_top = policy.borne_by is FeeBearer.BUYER
    fee = policy.per_ticket_amount * quantity + (0 if on_top else round_half_up(rest * policy.rate))

    if fee <= rest:
        assert sale_parts(policy, total_amount=rest, quantity=quantity).total == rest
    else:
        with pytest.raises(FeeExceedsSale) as refused:
            sale_parts(policy, total_amount=rest, quantity=quantity)
        assert (refused.value.fee_amount, refused.value.available_amount) == (fee, rest)


@given(policies, amounts, quantities)
def test_the_fee_is_within_half_a_unit_of_its_definition(policy, rest, quantity):
    try:
        parts = sale_parts(policy, total_amount=rest, quantity=quantity)
    except FeeExceedsSale:
        assume(False)

    on_top = policy.borne_by is FeeBearer.BUYER
    for_tickets = policy.per_ticket_amount * quantity
    percentage = Fraction(policy.percentage) / 100
    face = Fraction(rest - for_tickets) / (1 + percentage) if on_top else Fraction(rest)
    assert abs(parts.platform_fee - (face * percentage + for_tickets)) <= Fraction(1, 2)


@given(policies, amounts, quantities)
def test_a_face_price_is_found_again_in_what_the_buyer_paid(policy, face, quantity):
    assume(policy.borne_by is FeeBearer.BUYER)
    fee = round_half_up(face * policy.rate) + policy.per_ticket_amount * quantity

    parts = sale_parts(policy, total_amount=face + fee, quantity=quantity)

    assert (parts.organizer_amount, parts.platform_fee) == (face, fee)


@given(sales, refunds, st.sampled_from(FeeBearer))
def test_the_parts_of_each_refund_add_up_to_its_amount(sold, steps, borne_by):
    _, made = refund_in_turn(sold, steps, borne_by)

    for refund in made:
        assert refund.amount == (
            refund.ticket_revenue
            + refund.platform_fee
            + refund.tax_amount
            + refund.organizer_amount
        )
        assert min(astuple(refund)) >= 0
        assert refund.kept_fee_amount <= refund.organizer_amount
        if borne_by is FeeBearer.BUYER:
            assert refund.kept_fee_amount == 0


@given(sales, refunds, st.sampled_from(FeeBearer))
def test_refunds_never_take_more_of_a_part_than_the_sale_had(sold, steps, borne_by):
    left, made = refund_in_turn(sold, steps, borne_by)

    kept = sum(refund.kept_fee_amount for refund in made)
    assert sum(refund.ticket_revenue for refund in made) <= sold.ticket_revenue
    assert sum(refund.tax_amount for refund in made) <= sold.tax_amount
    assert sum(refund.platform_fee for refund in made) + kept <= sold.platform_fee
    assert sum(refund.organizer_amount for refund in made) - kept <= sold.organizer_amount
    assert left.total == sold.total - sum(refund.amount for refund in made)


@given(sales, refunds, st.sampled_from(FeeBearer))
def test_refunding_all_that_is_left_leaves_nothing(sold, steps, borne_by):
    left, _ = refund_in_turn(sold, [*steps, (None, FeeOnRefund.RETURN)], borne_by)

    assert left == SaleParts(0, 0, 0, 0)


@given(sales, refunds)
def test_keeping_the_buyers_fee_leaves_the_fee_and_nothing_else(sold, steps):
    left, _ = refund_in_turn(sold, [*steps, (None, FeeOnRefund.KEEP)], FeeBearer.BUYER)

    assert left == SaleParts(0, left.platform_fee, 0, 0)


@given(sales, refunds, st.sampled_from(FeeBearer))
def test_a_refund_is_within_one_of_each_parts_exact_share(sold, steps, borne_by):
    left, _ = refund_in_turn(sold, steps, borne_by)
    assume(left.total)
    amount = max(1, left.total // 3)

    refund = refund_parts(left, amount, fee=FeeOnRefund.RETURN, borne_by=borne_by)

    for given_back, of in (
        (refund.ticket_revenue, left.ticket_revenue),
        (refund.platform_fee, left.platform_fee),
        (refund.tax_amount, left.tax_amount),
        (refund.organizer_amount, left.organizer_amount),
    ):
        assert abs(given_back - Fraction(amount * of, left.total)) < 1
