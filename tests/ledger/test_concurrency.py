"""Postings, closings and changes of accounts that meet: real connections, real threads.

Where two transactions contradict each other the second one waits and is then refused, or fails;
both never commit.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date, timedelta
from itertools import pairwise
from threading import Barrier, Event
from typing import Any

import psycopg
import pytest
from django.db import connection, connections

from core.db import uuid7
from core.errors import Refusal
from ledger.drafts import EntryDraft, credit, debit
from ledger.errors import AlreadyVoided, EntryNotPending
from ledger.models import JournalEntry
from ledger.services.entries import approve_entry, submit_entries, void_entry
from ledger.services.periods import close_books
from organizations.actors import Actor
from tests.ledger.raw_books import POST, SALE, RawBooks, run

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database_rules]

DAY = date(2025, 3, 10)


@pytest.fixture
def acme() -> RawBooks:
    return RawBooks("acme")


class Session:
    """A connection of its own, paused wherever the test likes; statements run in a thread."""

    def __init__(self, isolation: str = "READ COMMITTED") -> None:
        parameters = connection.get_connection_params()
        parameters.pop("cursor_factory", None)
        parameters.pop("context", None)
        self.connection = psycopg.connect(**parameters)
        self.thread = ThreadPoolExecutor(1)
        self.execute(f"SET TRANSACTION ISOLATION LEVEL {isolation}")

    def execute(self, sql: str, parameters: Any = None) -> Any:
        return self.connection.execute(sql, parameters)

    def start(self, sql: str, parameters: Any = None) -> "Future[Any]":
        return self.thread.submit(self.execute, sql, parameters)

    def commit(self) -> None:
        self.connection.commit()

    @property
    def is_waiting(self) -> bool:
        """Whether it waits for another connection's lock, as PostgreSQL says."""
        [[blocking]] = run(
            "SELECT cardinality(pg_blocking_pids(%s))", [self.connection.info.backend_pid]
        )
        return bool(blocking)

    def close(self) -> None:
        self.connection.close()
        self.thread.shutdown()


@pytest.fixture
def session() -> Iterator[Callable[..., Session]]:
    opened: list[Session] = []

    def open_session(isolation: str = "READ COMMITTED") -> Session:
        opened.append(Session(isolation))
        return opened[-1]

    yield open_session
    for each in opened:
        each.close()


# --- What contradicts a posting ------------------------------------------------------------------


def closing(books: RawBooks) -> tuple[str, Any]:
    return (
        "UPDATE organizations_organization SET closed_through = %s WHERE id = %s",
        [DAY, books.id],
    )


def changing(change: str) -> Callable[[RawBooks], tuple[str, Any]]:
    def statement(books: RawBooks) -> tuple[str, Any]:
        return f"UPDATE ledger_account SET {change} WHERE id = %s", [books.accounts["cash"]]

    return statement


def adding_a_child(books: RawBooks) -> tuple[str, Any]:
    return (
        """INSERT INTO ledger_account (organization_id, id, code, name, type, currency, parent_id)
           VALUES (%s, %s, 'till', 'till', 'asset', 'GBP', %s)""",
        [books.id, uuid7(), books.accounts["cash"]],
    )


def moving_a_child(books: RawBooks) -> tuple[str, Any]:
    return (
        "UPDATE ledger_account SET parent_id = %s WHERE id = %s",
        [books.accounts["cash"], books.accounts["bank"]],
    )


# What meets a posting; what the posting then breaks; what the change breaks when it comes second.
CONTRADICTIONS = {
    "close": (closing, "entry_period_is_open", None),
    "archive": (changing("status = 'archived'"), "line_account_is_active", None),
    "type": (changing("type = 'expense'"), None, "account_keeps_its_type_and_currency"),
    "currency": (
        changing("currency = 'EUR'"),
        "entry_is_balanced",
        "account_keeps_its_type_and_currency",
    ),
    "add child": (
        adding_a_child,
        "line_account_has_no_children",
        "account_with_lines_has_no_children",
    ),
    "move child": (
        moving_a_child,
        "line_account_has_no_children",
        "account_with_lines_has_no_children",
    ),
}
contradictions = pytest.mark.parametrize(
    ("change", "refuses_posting", "refuses_change"),
    CONTRADICTIONS.values(),
    ids=CONTRADICTIONS.keys(),
)


@contradictions
def test_a_change_waits_for_the_posting_in_flight(
    acme, session, change, refuses_posting, refuses_change
):
    poster, changer = session(), session()
    poster.execute(POST, acme.posting("sale", *SALE))

    second = changer.start(*change(acme))

    wait_for(lambda: changer.is_waiting)
    poster.commit()
    assert outcome(second) == refuses_change
    changer.commit()
    assert acme.balance("cash") == acme.lines("cash") == (100, 0)


@contradictions
def test_a_posting_waits_for_the_change_in_flight(
    acme, session, change, refuses_posting, refuses_change
):
    poster, changer = session(), session()
    changer.execute(*change(acme))

    second = poster.start(POST, acme.posting("sale", *SALE))

    wait_for(lambda: poster.is_waiting)
    changer.commit()
    assert outcome(second) == refuses_posting
    poster.commit()
    assert acme.balance("cash") == acme.lines("cash")


@contradictions
def test_a_posting_goes_through_when_the_change_is_taken_back(
    acme, session, change, refuses_posting, refuses_change
):
    poster, changer = session(), session()
    changer.execute(*change(acme))

    second = poster.start(POST, acme.posting("sale", *SALE))

    wait_for(lambda: poster.is_waiting)
    changer.connection.rollback()
    assert outcome(second) is None
    poster.commit()
    assert acme.balance("cash") == acme.lines("cash") == (100, 0)


@pytest.mark.parametrize("isolation", ["REPEATABLE READ", "SERIALIZABLE"])
@contradictions
def test_a_posting_with_an_old_snapshot_does_not_miss_the_change(
    acme, session, change, refuses_posting, refuses_change, isolation
):
    poster, changer = session(isolation), session()
    poster.execute("SELECT count(*) FROM ledger_journalline")
    changer.execute(*change(acme))
    changer.commit()

    second = poster.start(POST, acme.posting("sale", *SALE))

    assert outcome(second) == "40001"


@pytest.mark.parametrize("isolation", ["REPEATABLE READ", "SERIALIZABLE"])
@contradictions
def test_a_posting_with_an_old_snapshot_fails_after_it_has_waited_for_the_change(
    acme, session, change, refuses_posting, refuses_change, isolation
):
    poster, changer = session(isolation), session()
    poster.execute("SELECT count(*) FROM ledger_journalline")
    changer.execute(*change(acme))

    second = poster.start(POST, acme.posting("sale", *SALE))

    wait_for(lambda: poster.is_waiting)
    changer.commit()
    assert outcome(second) == "40001"


@pytest.mark.parametrize("isolation", ["REPEATABLE READ", "SERIALIZABLE"])
@contradictions
def test_a_change_with_an_old_snapshot_does_not_miss_the_posting(
    acme, session, change, refuses_posting, refuses_change, isolation
):
    poster, changer = session(), session(isolation)
    changer.execute("SELECT count(*) FROM ledger_journalline")
    poster.execute(POST, acme.posting("sale", *SALE))
    poster.commit()

    failed = outcome(changer.start(*change(acme)))

    if refuses_change:
        assert failed == "account_changes_in_read_committed"


QUEUE = "SELECT pg_advisory_xact_lock(ledger_queue(%s))"


def test_a_posting_does_not_overtake_a_closing_that_waits(acme, session):
    """Without the queue a stream of postings would hold the close up for as long as it lasts."""
    before, closer, after = session(), session(), session()
    before.execute(POST, acme.posting("before", *SALE))
    waiting = closer.start(QUEUE, [acme.id])
    wait_for(lambda: closer.is_waiting)

    late = after.start(POST, acme.posting("after", *SALE))

    wait_for(lambda: after.is_waiting)
    before.commit()
    assert outcome(waiting) is None
    closer.execute(*closing(acme))
    closer.commit()
    assert outcome(late) == "entry_period_is_open"


def test_a_transaction_that_has_posted_posts_again_while_a_closing_waits(acme, session):
    """Were it to wait behind the closing, which waits for it, neither would ever end."""
    poster, closer = session(), session()
    poster.execute(POST, acme.posting("one", *SALE))
    waiting = closer.start(QUEUE, [acme.id])
    wait_for(lambda: closer.is_waiting)

    poster.execute(POST, acme.posting("two", *SALE))
    poster.commit()

    assert outcome(waiting) is None
    assert acme.balance("cash") == (200, 0)


def test_what_is_no_posting_does_not_hold_up_a_closing(acme, session):
    """An audit row's foreign key locks the organization too, if only FOR KEY SHARE."""
    auditor = session()
    auditor.execute(
        """INSERT INTO organizations_auditevent (organization_id, id, action, subject_ids,
                                                 actor_name, facts)
           VALUES (%s, %s, 'look', '{}', 'Alice', '{}')""",
        [acme.id, uuid7()],
    )
    run("SET lock_timeout = '5s'")

    try:
        close_books(actor=Actor.system(acme.organization), through=DAY)
    finally:
        run("RESET lock_timeout")
    auditor.commit()


def test_the_books_are_closed_while_postings_never_pause(acme):
    closed = Event()

    def post(thread: int) -> int:
        posted = 0
        while not closed.is_set():
            submit(acme, sale(f"{thread}-{posted}", on=DAY + timedelta(days=1)))
            posted += 1
        return posted

    def close(_: int) -> float:
        started = time.monotonic()
        try:
            for day in range(10):
                through = DAY - timedelta(days=10 - day)
                close_books(actor=Actor.system(acme.organization), through=through)
            return (time.monotonic() - started) / 10
        finally:
            closed.set()

    *posted, seconds = at_once(7, lambda n: post(n) if n < 6 else close(n))

    assert min(posted) > 0
    assert seconds < 2
    assert acme.balance("cash") == acme.lines("cash")


def test_two_accounts_do_not_come_to_stand_above_each_other(acme, session):
    one, other = session(), session()
    move = "UPDATE ledger_account SET parent_id = %s WHERE id = %s"
    one.execute(move, [acme.accounts["bank"], acme.accounts["cash"]])

    second = other.start(move, [acme.accounts["cash"], acme.accounts["bank"]])

    wait_for(lambda: other.is_waiting)
    one.commit()
    assert outcome(second) == "account_is_not_above_itself"


def test_a_pending_entry_that_is_being_posted_takes_no_more_proposed_lines(acme, session):
    pending = acme.propose("later")
    poster, editor = session(), session()
    poster.execute(
        "UPDATE ledger_journalentry SET description = 'approving' WHERE id = %s", [pending]
    )

    second = editor.start(
        """INSERT INTO ledger_proposedline (organization_id, id, entry_id, account_id, position,
                                            debit)
           VALUES (%s, %s, %s, %s, 3, 5)""",
        [acme.id, uuid7(), pending, acme.accounts["cash"]],
    )

    wait_for(lambda: editor.is_waiting)
    poster.connection.rollback()
    assert outcome(second) is None


# --- The same thing at once ----------------------------------------------------------------------


def test_one_reference_from_twenty_threads_is_one_entry(acme):
    entries = at_once(20, lambda _: submit(acme, sale("same"))[0])

    assert [entry.is_replay for entry in entries].count(False) == 1
    assert len({entry.pk for entry in entries}) == 1
    assert acme.balance("cash") == acme.lines("cash") == (100, 0)


def test_one_reference_with_twenty_contents_is_one_entry(acme):
    results = at_once(20, lambda n: submit(acme, sale("same", amount=100 + n))[0])

    posted = [result for result in results if isinstance(result, JournalEntry)]
    refused = [result for result in results if isinstance(result, Refusal)]
    assert (len(posted), len(refused)) == (1, 19)
    assert {refusal.code for refusal in refused} == {"reference_conflict"}
    assert acme.balance("cash") == (posted[0].total_amount, 0)


@pytest.mark.parametrize("slots", [1, 16])
def test_a_busy_account_loses_nothing(acme, slots):
    run("UPDATE ledger_account SET balance_slots = %s", [slots])

    at_once(8, lambda n: [submit(acme, sale(f"{n}-{i}", amount=1 + n + i)) for i in range(12)])

    expected = sum(1 + n + i for n in range(8) for i in range(12))
    assert acme.balance("cash") == acme.lines("cash") == (expected, 0)
    assert acme.balance("sales") == acme.lines("sales") == (0, expected)


def test_bulk_postings_over_the_same_accounts_in_opposite_orders_do_not_deadlock(acme):
    codes = [f"a{n:02}" for n in range(30)]
    for code in codes:
        acme.open(code)

    def post(thread: int) -> Any:
        order = codes if thread % 2 else codes[::-1]
        pairs = list(pairwise(order))
        return [
            submit(
                acme,
                *(
                    EntryDraft(f"{thread}-{turn}-{one}", DAY, [debit(one, 5), credit(other, 5)])
                    for one, other in pairs
                ),
            )
            for turn in range(5)
        ]

    results = at_once(6, post)

    assert not [result for result in results if isinstance(result, BaseException)]
    assert JournalEntry.objects.of(acme.id).count() == 6 * 5 * 29
    for code in codes:
        assert acme.balance(code) == acme.lines(code)


def test_an_entry_is_voided_once_by_many(acme):
    entry = JournalEntry.objects.of(acme.id).get(pk=acme.post("sale"))

    results = at_once(
        8,
        lambda n: void_entry(
            actor=Actor.system(acme.organization), entry=entry, on=None, reason=f"thread {n}"
        ),
    )

    reversals = [result for result in results if isinstance(result, JournalEntry)]
    assert len(reversals) == 1
    assert [type(result) for result in results].count(AlreadyVoided) == 7
    assert acme.balance("cash") == acme.lines("cash") == (100, 100)


def test_a_pending_entry_is_approved_once_by_many(acme):
    entry = JournalEntry.objects.of(acme.id).get(pk=acme.propose("later"))

    results = at_once(
        8, lambda _: approve_entry(actor=Actor.system(acme.organization), entry=entry)
    )

    assert [type(result) for result in results].count(JournalEntry) == 1
    assert [type(result) for result in results].count(EntryNotPending) == 7
    assert acme.balance("cash") == acme.lines("cash") == (100, 0)


# --- The tests' tools ----------------------------------------------------------------------------


def sale(reference: str, amount: int = 100, on: date = DAY) -> EntryDraft:
    return EntryDraft(reference, on, [debit("cash", amount), credit("sales", amount)])


def submit(books: RawBooks, *drafts: EntryDraft) -> list[JournalEntry]:
    return submit_entries(actor=Actor.system(books.organization), drafts=drafts)


def at_once(count: int, work: Callable[[int], Any]) -> list[Any]:
    """What each thread's work returned or was refused with; all of them start together."""
    start = Barrier(count)

    def run_one(number: int) -> Any:
        with a_connection_of_its_own():
            connection.ensure_connection()
            start.wait(30)
            try:
                return work(number)
            except Refusal as refusal:
                return refusal

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(run_one, range(count)))


@contextmanager
def a_connection_of_its_own() -> Iterator[None]:
    """Django keeps one for each thread; nobody else would close it."""
    try:
        yield
    finally:
        connections.close_all()


def outcome(statement: "Future[Any]") -> str | None:
    """None, or the constraint (or else the code) that the statement failed with."""
    try:
        statement.result(30)
    except psycopg.Error as error:
        return error.diag.constraint_name or error.sqlstate
    return None


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "nobody waits for anybody"
        time.sleep(0.01)
