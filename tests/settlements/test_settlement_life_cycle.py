"""From pending to paid, or to failed and tried again; and what is refused on the way."""

from datetime import date, timedelta

import pytest

from ledger.errors import BooksClosed
from ledger.models import JournalEntry
from ledger.selectors.accounts import get_account
from ledger.services.accounts import create_account, update_account
from ledger.services.periods import close_books
from organizations.actors import Actor
from organizations.models import AuditEvent
from organizations.services.keys import create_api_key
from settlements.errors import (
    InvalidFailure,
    NothingToPay,
    OwnApproval,
    PayeeSuspended,
    PayoutDateRefused,
    SettlementAlreadyPaid,
    SettlementNotApproved,
    SettlementNotFailed,
    SettlementNotFound,
    SettlementNotLast,
    SettlementNotPaying,
    SettlementNotPending,
)
from settlements.models import Payout, Settlement
from settlements.services import settling
from tests.settlements.market import (
    BANK,
    CUTOFF,
    IBAN,
    OTHER_IBAN,
    PAYABLE,
    fresh,
)

PAID_ON = CUTOFF + timedelta(days=2)
RETURNED_ON = CUTOFF + timedelta(days=6)


def entry_lines(market, reference):
    """(account, debit, credit) of an entry, and the day on which it counts."""
    entry = JournalEntry.objects.of(market.organization).get(reference=reference)
    lines = [(line.account.code, line.debit, line.credit) for line in entry.lines.all()]
    return entry.effective_on, lines


@pytest.fixture
def payee(market):
    return market.payee(iban=IBAN, account_holder="Ana Byrne")


@pytest.fixture
def pending(market, payee):
    """A settlement of 90.00 that Petra has prepared."""
    market.sell(payee, 100_00)
    return market.settle(payee)


@pytest.fixture
def processing(market, pending):
    return market.approve(pending)


@pytest.fixture
def paid(market, processing):
    return market.pay(processing, PAID_ON)


# --- Approving ------------------------------------------------------------------------------------


def test_an_approval_makes_the_first_attempt_at_paying(market, pending):
    approved = market.approve(pending)

    assert approved.status == "processing"
    assert approved.approved_by_id == market.approves.pk
    [payout] = approved.payouts.all()
    assert (payout.attempt, payout.status, payout.amount) == (1, "initiated", 90_00)
    assert (payout.account_holder, payout.iban) == ("Ana Byrne", IBAN)
    assert payout.end_to_end_id == f"{pending.pk.hex}-1"
    assert len(payout.end_to_end_id) <= 35


def test_who_prepared_it_cannot_approve_it(market, pending):
    with pytest.raises(OwnApproval):
        market.approve(pending, actor=market.preparer)

    assert fresh(pending).status == "pending"
    assert not Payout.objects.of(market.organization).exists()


def test_a_key_cannot_approve_what_it_prepared(market, payee, make_key):
    mine, _ = make_key(market.organization)
    other, _ = make_key(market.organization)
    market.sell(payee)
    settlement = market.settle(payee, actor=Actor.of_key(market.organization, mine))

    with pytest.raises(OwnApproval):
        market.approve(settlement, actor=Actor.of_key(market.organization, mine))

    approved = market.approve(settlement, actor=Actor.of_key(market.organization, other))
    assert approved.approved_by_key_id == other.pk


@pytest.mark.parametrize("with_a_key", [True, False])
def test_a_person_cannot_approve_by_key_what_they_prepared(market, payee, with_a_key):
    person = market.prepares
    in_person = Actor.of_user(market.organization, person)
    key, _ = create_api_key(actor=in_person, name="Mine", scopes=["*"])
    by_key = Actor.of_key(market.organization, key)
    prepares, approves = (in_person, by_key) if with_a_key else (by_key, in_person)
    market.sell(payee)
    settlement = market.settle(payee, actor=prepares)

    with pytest.raises(OwnApproval):
        market.approve(settlement, actor=approves)

    assert fresh(settlement).status == "pending"


def test_anybody_entitled_approves_what_the_system_prepared(market, payee):
    market.sell(payee)
    settlement = market.settle(payee, actor=market.system)

    assert market.approve(settlement, actor=market.preparer).status == "processing"


def test_an_approved_one_is_not_approved_again(market, processing):
    with pytest.raises(SettlementNotPending) as refused:
        market.approve(processing)

    assert refused.value.status == "processing"


def test_no_money_is_sent_to_a_payee_that_was_suspended_meanwhile(market, payee, pending):
    market.suspend(payee)

    with pytest.raises(PayeeSuspended):
        market.approve(pending)


def test_the_holder_of_the_account_is_the_payee_unless_another_is_named(market):
    payee = market.payee("bob", name="Bob's Barn", iban=IBAN)
    market.sell(payee)

    [payout] = market.approve(market.settle(payee)).payouts.all()

    assert payout.account_holder == "Bob's Barn"


# --- Paying ---------------------------------------------------------------------------------------


def test_a_payment_moves_what_was_owed_out_of_the_bank(market, processing):
    paid = market.pay(processing, PAID_ON)

    assert paid.status == "completed"
    [payout] = paid.payouts.all()
    assert (payout.status, payout.paid_on) == ("paid", PAID_ON)
    assert entry_lines(market, f"payout:{payout.end_to_end_id}") == (
        PAID_ON,
        [(PAYABLE, 90_00, 0), (BANK, 0, 90_00)],
    )
    assert (market.owed(), market.balance(BANK)) == (0, -90_00)


def test_one_that_nobody_has_approved_is_not_paid(market, pending):
    with pytest.raises(SettlementNotApproved) as refused:
        market.pay(pending)

    assert refused.value.status == "pending"
    assert market.owed() == 90_00


def test_it_is_paid_once(market, paid):
    with pytest.raises(SettlementAlreadyPaid) as refused:
        market.pay(paid, PAID_ON)

    assert refused.value.paid_on == str(PAID_ON)
    assert market.balance(BANK) == -90_00


def test_one_that_comes_to_nothing_has_nothing_to_pay(market, payee):
    market.adjust(payee, -5_00)
    settlement = market.settle(payee)

    with pytest.raises(NothingToPay):
        market.pay(settlement)


def test_one_that_failed_is_not_paid_before_it_is_tried_again(market, processing):
    market.fail(processing)

    with pytest.raises(SettlementNotPaying):
        market.pay(processing)


@pytest.mark.parametrize("day", [CUTOFF - timedelta(days=1), date(2200, 1, 1)])
def test_it_is_not_paid_on_a_day_that_cannot_be(market, processing, day):
    with pytest.raises(PayoutDateRefused) as refused:
        market.pay(processing, day)

    assert refused.value.attr == "paid_on"
    assert fresh(processing).status == "processing"


def test_it_is_not_paid_in_books_that_are_closed(market, processing):
    close_books(actor=market.approver, through=PAID_ON)

    with pytest.raises(BooksClosed):
        market.pay(processing, PAID_ON)

    assert fresh(processing).status == "processing"


# --- Failing and trying again ---------------------------------------------------------------------


def test_one_that_failed_before_it_was_paid_has_posted_nothing(market, processing):
    entries = JournalEntry.objects.of(market.organization).count()

    failed = market.fail(processing, "account closed", failure_code="AC04", failed_on=PAID_ON)

    assert failed.status == "failed"
    [payout] = failed.payouts.all()
    assert (payout.status, payout.failed_on, payout.failure_code) == ("failed", PAID_ON, "AC04")
    assert JournalEntry.objects.of(market.organization).count() == entries
    assert market.owed() == 90_00


def test_one_that_comes_back_posts_the_mirror_of_its_payment(market, paid):
    failed = market.fail(paid, "no such account", failed_on=RETURNED_ON)

    assert failed.status == "failed"
    [payout] = failed.payouts.all()
    assert (payout.status, payout.paid_on, payout.failed_on) == ("returned", PAID_ON, RETURNED_ON)
    assert entry_lines(market, f"payout-return:{payout.end_to_end_id}") == (
        RETURNED_ON,
        [(BANK, 90_00, 0), (PAYABLE, 0, 90_00)],
    )
    assert (market.owed(), market.balance(BANK)) == (90_00, 0)


def test_it_comes_back_to_the_account_that_paid_it(market, paid):
    bank = get_account(market.organization, BANK)
    update_account(actor=market.approver, account=bank, role="")
    create_account(actor=market.approver, code="1011", name="New bank", type="asset", role="bank")

    [payout] = market.fail(paid).payouts.all()

    _, lines = entry_lines(market, f"payout-return:{payout.end_to_end_id}")
    assert (BANK, 90_00, 0) in lines


def test_it_does_not_come_back_before_it_was_paid(market, paid):
    with pytest.raises(PayoutDateRefused) as refused:
        market.fail(paid, failed_on=PAID_ON - timedelta(days=1))

    assert refused.value.attr == "failed_on"


def test_what_was_recorded_as_paid_on_a_later_day_comes_back_on_that_day(market, processing):
    later = market.organization.today() + timedelta(days=30)
    market.pay(processing, later)

    [payout] = market.fail(processing).payouts.all()

    assert payout.failed_on == later


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
def test_a_failure_says_why(market, processing, reason):
    with pytest.raises(InvalidFailure) as refused:
        market.fail(processing, reason)

    assert refused.value.attr == "reason"


def test_there_is_nothing_to_fail_where_no_payout_is_under_way(market, payee, pending):
    with pytest.raises(SettlementNotPaying):
        market.fail(pending)

    market.fail(market.approve(pending))
    with pytest.raises(SettlementNotPaying):
        market.fail(pending)


def test_a_retry_is_a_new_attempt_to_the_account_of_now(market, payee, processing):
    market.fail(processing)
    market.change(payee, iban=OTHER_IBAN)

    again = market.retry(processing)

    assert again.status == "processing"
    second, first = again.payouts.all()
    assert (first.attempt, first.status, first.iban) == (1, "failed", IBAN)
    assert (second.attempt, second.status, second.iban) == (2, "initiated", OTHER_IBAN)
    assert second.end_to_end_id == f"{processing.pk.hex}-2"


def test_what_came_back_is_paid_by_the_second_attempt(market, paid):
    market.fail(paid, failed_on=RETURNED_ON)
    market.retry(paid)

    completed = market.pay(paid, RETURNED_ON)

    assert completed.status == "completed"
    assert [p.status for p in completed.payouts.all()] == ["paid", "returned"]
    assert (market.owed(), market.balance(BANK)) == (0, -90_00)


@pytest.mark.parametrize("state", ["pending", "processing", "paid"])
def test_only_what_failed_is_tried_again(market, request, state):
    settlement = request.getfixturevalue(state)

    with pytest.raises(SettlementNotFailed):
        market.retry(settlement)


def test_no_second_attempt_is_made_for_a_suspended_payee(market, payee, processing):
    market.fail(processing)
    market.suspend(payee)

    with pytest.raises(PayeeSuspended):
        market.retry(processing)


# --- Discarding -----------------------------------------------------------------------------------


def test_a_discarded_settlement_lets_its_items_go(market, payee):
    sale = market.sell(payee)
    refund = market.refund(sale, 10_00)
    adjustment = market.adjust(payee, -1_00)
    settlement = market.settle(payee)

    market.discard(settlement)

    assert not Settlement.objects.of(market.organization).exists()
    assert [fresh(item).settlement_id for item in (sale, refund, adjustment)] == [None] * 3
    again = market.settle(payee)
    assert (again.sequence, again.total_amount) == (1, settlement.total_amount)


def test_a_discarded_settlement_holds_again_what_it_had_released(market):
    payee = market.payee("bob", reserve={"percentage": "10", "days": 5})
    market.sell(payee)
    first = market.settle(payee)
    market.sell(payee, on=CUTOFF + timedelta(days=5))
    second = market.settle(payee, CUTOFF + timedelta(days=10))
    assert second.reserve_released_amount == 9_00

    market.discard(second)

    assert fresh(first).reserve_released_by_id is None
    assert market.settle(payee, CUTOFF + timedelta(days=10)).reserve_released_amount == 9_00


@pytest.mark.parametrize("state", ["processing", "paid"])
def test_one_that_was_approved_is_not_discarded(market, request, state):
    with pytest.raises(SettlementNotPending):
        market.discard(request.getfixturevalue(state))


def test_only_the_last_of_the_chain_is_discarded(market, payee, pending):
    market.sell(payee, on=CUTOFF + timedelta(days=1))
    second = market.settle(payee, CUTOFF + timedelta(days=1))

    with pytest.raises(SettlementNotLast):
        market.discard(pending)

    market.discard(second)
    market.discard(pending)
    assert not Settlement.objects.of(market.organization).exists()


# --- All of them ----------------------------------------------------------------------------------


def test_another_organizations_settlement_is_as_good_as_none(market, pending, as_mallory):
    day = {"paid_on": CUTOFF}
    for act, given in (
        (settling.approve_settlement, {}),
        (settling.pay_settlement, day),
        (settling.fail_settlement, {"reason": "mine"}),
        (settling.retry_settlement, {}),
    ):
        with pytest.raises(SettlementNotFound):
            act(actor=as_mallory, settlement=pending, **given)


def test_each_step_leaves_its_audit_row_and_its_event(market, paid):
    market.fail(paid)
    market.retry(paid)

    told = AuditEvent.objects.of(market.organization).filter(subject_type="settlement")
    assert list(told.order_by("id").values_list("action", flat=True)) == [
        "calculate_settlement",
        *("approve_settlement", "settlement_approved"),
        *("pay_settlement", "settlement_paid"),
        *("fail_settlement", "settlement_failed"),
        "retry_settlement",
    ]
    paid_event = told.get(action="settlement_paid")
    assert paid_event.facts["total_amount"] == 90_00
    assert paid_event.facts["paid_on"] == PAID_ON.isoformat()
    assert paid_event.user_id == market.prepares.pk
