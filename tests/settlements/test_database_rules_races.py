"""Settlements that meet in the database: real connections, paused at the worst moment.

Of two that contradict each other the second waits and is then refused; both never commit.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.invoicing.raw_sales import Statement, run_all
from tests.ledger.raw_books import POST, run
from tests.ledger.test_concurrency import Session, outcome, wait_for
from tests.settlements.raw_market import DAY, LATER, SHARE, RawMarket, insert

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database_rules]

Contest = Callable[[RawMarket], Any]


@pytest.fixture
def acme() -> RawMarket:
    return RawMarket("acme")


@pytest.fixture
def session() -> Iterator[Callable[..., Session]]:
    opened: list[Session] = []

    def open_session(isolation: str = "READ COMMITTED") -> Session:
        opened.append(Session(isolation))
        return opened[-1]

    yield open_session
    for each in opened:
        each.close()


# --- Two that contradict each other ---------------------------------------------------------------


def settled(acme: RawMarket) -> tuple[Any, Any]:
    """A payee, and their pending settlement of one sale."""
    ana = acme.payee()
    acme.sell(ana)
    return ana, acme.settle(ana)


def settling_twice(acme: RawMarket) -> Any:
    ana = acme.payee()
    acme.sell(ana)
    acme.sell(ana)
    [one, other] = acme.unsettled(ana)["sale"]
    return [[acme.settling(ana, items={"sale": [id]})] for id in (one, other)]


def releasing_twice(acme: RawMarket) -> Any:
    ana = acme.payee()
    acme.sell(ana)
    held = acme.settle(ana, reserve_held_amount=5_00, reserve_release_on=LATER)
    return [[acme.settling(ana, released=[held], through=LATER)] for _ in range(2)]


def following_what_is_discarded(acme: RawMarket) -> Any:
    ana, settlement = settled(acme)
    acme.sell(ana)
    return [acme.discarding(settlement)], [acme.settling(ana)]


def discarding_what_is_followed(acme: RawMarket) -> Any:
    ana, settlement = settled(acme)
    acme.sell(ana)
    return [acme.settling(ana)], [acme.discarding(settlement)]


def discarding_what_is_approved(acme: RawMarket) -> Any:
    _, settlement = settled(acme)
    return [acme.approving(settlement)], [acme.discarding(settlement)]


def settling_with_whom_is_suspended(acme: RawMarket) -> Any:
    ana = acme.payee()
    acme.sell(ana)
    return [("UPDATE settlements_payee SET status = 'suspended'", {})], [acme.settling(ana)]


def initiating_twice(acme: RawMarket) -> Any:
    _, settlement = settled(acme)
    run(*acme.approving(settlement))
    return [[insert("payout", acme.payout_row(settlement))] for _ in range(2)]


def paying_what_fails(acme: RawMarket) -> Any:
    payout = acme.payout()
    return [acme.failing(payout)], acme.paying(payout)


def failing_what_is_paid(acme: RawMarket) -> Any:
    payout = acme.payout()
    return acme.paying(payout), [acme.failing(payout)]


def exporting_twice(acme: RawMarket) -> Any:
    payout = acme.payout()
    return [[acme.batching(payout)] for _ in range(2)]


def exporting_two_that_share_one(acme: RawMarket) -> Any:
    one, other, shared = (acme.payout() for _ in range(3))
    return [acme.batching(one, shared)], [acme.batching(shared, other)]


def exporting_what_is_paid(acme: RawMarket) -> Any:
    payout = acme.payout()
    return acme.paying(payout), [acme.batching(payout)]


def exporting_what_fails(acme: RawMarket) -> Any:
    payout = acme.payout()
    return [acme.failing(payout)], [acme.batching(payout)]


def refunding_twice(acme: RawMarket) -> Any:
    sale = acme.sell(acme.payee())
    return acme.refunding(sale, SHARE), acme.refunding(sale, 1)


def recording_twice(acme: RawMarket) -> Any:
    ana = acme.payee()
    posting, sale = acme.selling(ana, reference="1")
    run(*posting)
    row = acme.sale_row(ana, reference="1", entry_id=posting[1]["id"])
    return [sale], [insert("sale", row)]


def voiding_what_a_sale_names(acme: RawMarket) -> Any:
    posting, sale = acme.selling(acme.payee())
    run(*posting)
    return [sale], [acme.voiding(posting[1]["id"])]


def recording_what_is_voided(acme: RawMarket) -> Any:
    posting, sale = acme.selling(acme.payee())
    run(*posting)
    return [acme.voiding(posting[1]["id"])], [sale]


def voiding_what_a_refund_names(acme: RawMarket) -> Any:
    posting, refund = acme.refunding(acme.sell(acme.payee()))
    run(*posting)
    return [refund], [acme.voiding(posting[1]["id"])]


def voiding_what_an_adjustment_names(acme: RawMarket) -> Any:
    posting, adjustment = acme.adjusting(acme.payee(), 1_00)
    run(*posting)
    return [adjustment], [acme.voiding(posting[1]["id"])]


def voiding_what_a_payout_names(acme: RawMarket) -> Any:
    posting, paying = acme.paying(acme.payout())
    run(*posting)
    return [paying], [acme.voiding(posting[1]["id"])]


def paying_by_what_is_voided(acme: RawMarket) -> Any:
    posting, paying = acme.paying(acme.payout())
    run(*posting)
    return [acme.voiding(posting[1]["id"])], [paying]


def changing_the_account_of_a_new_payee(acme: RawMarket) -> Any:
    return [insert("payee", acme.payee_row())], [another_account(acme)]


def adding_a_payee_of_a_changed_account(acme: RawMarket) -> Any:
    return [another_account(acme)], [insert("payee", acme.payee_row())]


CONTESTS = {
    settling_twice: "settlement_follows_the_one_before",
    releasing_twice: "settlement_is_final",
    following_what_is_discarded: "settlement_follows_the_one_before",
    discarding_what_is_followed: "settlement_is_discarded_while_pending_and_last",
    discarding_what_is_approved: "settlement_is_discarded_while_pending_and_last",
    settling_with_whom_is_suspended: "settlement_is_of_an_active_payee",
    initiating_twice: "payout_is_of_its_settlement",
    paying_what_fails: "payout_goes_forward_only",
    failing_what_is_paid: "payout_goes_forward_only",
    exporting_twice: "payoutbatch_says_why_it_asks_again",
    exporting_two_that_share_one: "payoutbatch_says_why_it_asks_again",
    exporting_what_is_paid: "payoutbatch_asks_for_initiated_payouts",
    exporting_what_fails: "payoutbatch_asks_for_initiated_payouts",
    refunding_twice: "sale_is_not_overrefunded",
    recording_twice: "sale_reference_is_unique",
    voiding_what_a_sale_names: "entry_of_a_payee_stays",
    recording_what_is_voided: "item_is_posted_as_it_says",
    voiding_what_a_refund_names: "entry_of_a_payee_stays",
    voiding_what_an_adjustment_names: "entry_of_a_payee_stays",
    voiding_what_a_payout_names: "entry_of_a_payee_stays",
    paying_by_what_is_voided: "item_is_posted_as_it_says",
    changing_the_account_of_a_new_payee: "payable_keeps_its_type_and_currency",
    adding_a_payee_of_a_changed_account: "payee_payable_is_a_liability_in_its_currency",
}
contests = pytest.mark.parametrize(
    ("contest", "constraint"), CONTESTS.items(), ids=lambda value: getattr(value, "__name__", "")
)


@contests
def test_the_second_waits_for_the_first_and_is_refused(acme, session, contest, constraint):
    one, other = (posted(statements) for statements in contest(acme))
    first, second = session(), session()
    execute(first, one)

    waiting = second.thread.submit(execute, second, other)

    wait_for(lambda: second.is_waiting)
    first.commit()
    assert outcome(waiting) == constraint


@contests
def test_the_second_goes_through_when_the_first_is_taken_back(acme, session, contest, constraint):
    one, other = (posted(statements) for statements in contest(acme))
    first, second = session(), session()
    execute(first, one)

    waiting = second.thread.submit(execute, second, other)

    wait_for(lambda: second.is_waiting)
    first.connection.rollback()
    assert outcome(waiting) is None
    second.commit()


@pytest.mark.parametrize(
    "contest",
    [settling_twice, initiating_twice, exporting_twice, refunding_twice, recording_twice],
)
def test_a_savepoint_that_is_taken_back_leaves_nothing(acme, session, contest):
    one, other = (posted(statements) for statements in contest(acme))
    first, second = session(), session()
    first.execute("SAVEPOINT before")
    execute(first, one)
    first.execute("ROLLBACK TO SAVEPOINT before")

    execute(second, other)
    second.commit()

    again = first.thread.submit(execute, first, one)
    assert outcome(again) == CONTESTS[contest]


# What has an old snapshot fails, or is refused because it has one: it never goes through.
FAILING = {
    "40001",
    "settlement_is_made_in_read_committed",
    "account_changes_in_read_committed",
}


@pytest.mark.parametrize("isolation", ["REPEATABLE READ", "SERIALIZABLE"])
@contests
def test_what_has_an_old_snapshot_does_not_miss_what_was_committed_since(
    acme, session, contest, constraint, isolation
):
    one, other = (posted(statements) for statements in contest(acme))
    first, second = session(), session(isolation)
    second.execute("SELECT count(*) FROM settlements_payee")
    execute(first, one)
    first.commit()

    waiting = second.thread.submit(execute, second, other)

    assert outcome(waiting) in FAILING | {constraint}


@pytest.mark.parametrize("isolation", ["REPEATABLE READ", "SERIALIZABLE"])
@contests
def test_what_has_an_old_snapshot_does_not_miss_what_it_waited_for(
    acme, session, contest, constraint, isolation
):
    one, other = (posted(statements) for statements in contest(acme))
    first, second = session(), session(isolation)
    second.execute("SELECT count(*) FROM settlements_payee")
    execute(first, one)

    waiting = second.thread.submit(execute, second, other)
    wait_for(lambda: second.is_waiting or waiting.done())
    first.commit()

    assert outcome(waiting) in FAILING | {constraint}


# --- Items and settlements ------------------------------------------------------------------------


def test_an_item_is_taken_in_by_one_of_two_settlements(acme, session):
    ana, bea = acme.payee(), acme.payee("bea")
    sale = acme.sell(ana)
    acme.sell(bea)
    theirs = acme.settle(bea)
    first, second = session(), session()
    first.execute(*acme.settling(ana))

    waiting = second.start(*acme.moving_items("sale", [sale], theirs))
    wait_for(lambda: second.is_waiting)
    first.commit()

    assert outcome(waiting) == "item_is_final"


def test_an_item_is_not_put_into_a_settlement_that_is_discarded(acme, session):
    ana, settlement = settled(acme)
    added = acme.sell(ana)
    first, second = session(), session()
    first.execute(*acme.discarding(settlement))

    waiting = second.start(*acme.moving_items("sale", [added], settlement))
    wait_for(lambda: second.is_waiting)
    first.commit()

    assert outcome(waiting) == "sale_settlement_is_of_its_organization"


@pytest.mark.parametrize("isolation", ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"])
def test_an_item_does_not_take_anothers_place_from_any_snapshot(acme, session, isolation):
    ana, _ = settled(acme)
    acme.sell(ana)
    swapping = session(isolation)

    waiting = swapping.start(
        """UPDATE settlements_sale s SET settlement_id = CASE WHEN s.settlement_id IS NULL
             THEN (SELECT id FROM settlements_settlement) END"""
    )

    assert outcome(waiting) == "settlement_keeps_its_items"


def test_new_sales_do_not_wait_for_a_settlement(acme, session):
    ana = acme.payee()
    acme.sell(ana)
    settling = session()
    settling.execute(*acme.settling(ana))

    acme.sell(ana)

    settling.commit()
    assert acme.unsettled(ana)["sale"] != []


# --- Many at once ---------------------------------------------------------------------------------


def test_a_payee_whom_many_settle_at_once_is_settled_once(acme):
    ana = acme.payee()
    acme.sell(ana)

    failures = in_threads([[acme.settling(ana)] for _ in range(12)])

    assert len(failures) == 11
    assert set(failures) <= {"settlement_follows_the_one_before", "item_is_final"}
    assert acme.count("settlement") == 1


def test_a_sale_that_many_refund_at_once_is_refunded_up_to_its_whole(acme):
    sale = acme.sell(acme.payee())

    failures = in_threads([acme.refunding(sale, SHARE // 6) for _ in range(12)])

    assert failures == ["sale_is_not_overrefunded"] * 6
    assert acme.of("sale", "refunded_amount", sale) == SHARE


def test_a_payout_that_many_export_at_once_is_exported_once(acme):
    payout = acme.payout()

    failures = in_threads([[acme.batching(payout)] for _ in range(12)])

    assert failures == ["payoutbatch_says_why_it_asks_again"] * 11


def test_sales_refunds_and_settlements_at_once_never_deadlock(acme):
    payees = [acme.payee(code) for code in ("ana", "bea")]
    sales = {payee: [acme.sell(payee) for _ in range(6)] for payee in payees}
    steps = [
        step
        for payee in payees
        for step in (
            [acme.settling(payee)],
            *(acme.refunding(sale, 1_00) for sale in sales[payee]),
            *(acme.selling(payee, sold_on=DAY) for _ in range(4)),
            *(acme.adjusting(payee, -1_00) for _ in range(4)),
        )
    ]

    failures = in_threads(steps[::2] + steps[1::2])

    assert failures == []
    assert acme.count("settlement") == 2


# --- The attacks' tools ---------------------------------------------------------------------------


def execute(session: Session, statements: list[Statement]) -> None:
    for statement in statements:
        session.execute(*statement)


def posted(statements: list[Statement]) -> list[Statement]:
    """What is left to do when the entries are posted already, so that nobody waits for the
    ledger."""
    run_all([statement for statement in statements if statement[0] == POST])
    return [statement for statement in statements if statement[0] != POST]


def another_account(acme: RawMarket) -> Statement:
    return (
        "UPDATE ledger_account SET type = 'asset' WHERE id = %(account)s",
        {"account": acme.accounts["owed"]},
    )


def in_threads(transactions: list[list[Statement]], threads: int = 8) -> list[str]:
    """Each in a connection of its own, several at a time; what the failures broke."""
    with ThreadPoolExecutor(threads) as pool:
        attempts = [pool.submit(commit, statements) for statements in transactions]
        return [failure for attempt in attempts if (failure := outcome(attempt))]


def commit(statements: list[Statement]) -> None:
    writer = Session()
    try:
        execute(writer, statements)
        writer.commit()
    finally:
        writer.close()
