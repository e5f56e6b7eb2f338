"""Sales that meet in the database: real connections, paused at the worst moment.

Of two that contradict each other the second waits and is then refused; both never commit.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from core.db import uuid7
from tests.invoicing.raw_sales import NET, TAX, RawSales, Statement, insert
from tests.ledger.raw_books import POST, refused, run
from tests.ledger.test_concurrency import Session, outcome, wait_for

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database_rules]

TOTAL = NET + TAX

Contest = Callable[[RawSales], tuple[list[Statement], list[Statement]]]


@pytest.fixture
def acme() -> RawSales:
    return RawSales("acme")


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


def paying_twice(acme: RawSales) -> Any:
    invoice = acme.invoice()
    return acme.paying(invoice, TOTAL), acme.paying(invoice, 1)


def paying_and_crediting(acme: RawSales) -> Any:
    invoice = acme.invoice()
    return acme.crediting(invoice, NET, TAX), acme.paying(invoice, 1)


def refunding_twice(acme: RawSales) -> Any:
    invoice = acme.invoice()
    acme.pay(invoice, 30)
    return acme.refunding(invoice, 30), acme.refunding(invoice, 1)


def refunding_what_bounces(acme: RawSales) -> Any:
    invoice = acme.invoice()
    payment = acme.pay(invoice, 30)
    return acme.bouncing(payment, invoice, 30), acme.refunding(invoice, 1)


def bouncing_what_was_refunded(acme: RawSales) -> Any:
    invoice = acme.invoice()
    payment = acme.pay(invoice, 30)
    return acme.refunding(invoice, 1), acme.bouncing(payment, invoice, 30)


def crediting_twice(acme: RawSales) -> Any:
    invoice = acme.invoice()
    return acme.crediting(invoice, NET, TAX), acme.crediting(invoice, 5, 1)


def crediting_an_item_twice(acme: RawSales) -> Any:
    order = acme.locked()
    invoice = acme.issue(order)
    [(item,)] = acme.of("orderitem", "id")
    both = []
    for quantity in (4, 1):
        row = acme.credit_item_row(5, 1, order_item_id=item, quantity=quantity)
        both.append(acme.crediting(invoice, 5, 1, items=[row]))
    return tuple(both)


def crediting_a_rate_twice(acme: RawSales) -> Any:
    """Each of them all of the tax, and a tenth of the net."""
    invoice = acme.invoice()
    return acme.crediting(invoice, 10_00, TAX), acme.crediting(invoice, 10_00, 1)


def refunding_a_note_twice(acme: RawSales) -> Any:
    statements = acme.crediting_alone(NET, TAX)
    commit(statements)
    note = statements[1][1]["id"]
    return acme.refunding_note(note, TOTAL), acme.refunding_note(note, 1)


def issuing_twice(acme: RawSales) -> Any:
    order = acme.locked()
    return acme.issuing(order), acme.issuing(order)


def issuing_what_is_cancelled(acme: RawSales) -> Any:
    order = acme.locked()
    return [cancelling(acme, order)], acme.issuing(order)


def cancelling_what_is_issued(acme: RawSales) -> Any:
    order = acme.locked()
    return acme.issuing(order), [cancelling(acme, order)]


def adding_to_what_is_locked(acme: RawSales) -> Any:
    order = acme.filled()
    return [acme.locking(order)], [insert("orderitem", acme.item_row(order, position=2))]


def changing_what_is_locked(acme: RawSales) -> Any:
    order = acme.filled()
    return [acme.locking(order)], [("UPDATE invoicing_orderitem SET sku = 'x'", {})]


def locking_what_gets_an_item(acme: RawSales) -> Any:
    order = acme.filled()
    return [insert("orderitem", acme.item_row(order, position=2))], [acme.locking(order)]


def voiding_what_a_payment_names(acme: RawSales) -> Any:
    posting, paying = acme.paying(acme.invoice(), 10)
    run(*posting)
    return [paying], [voiding(posting)]


def paying_by_what_is_voided(acme: RawSales) -> Any:
    posting, paying = acme.paying(acme.invoice(), 10)
    run(*posting)
    return [voiding(posting)], [paying]


def one_provider_reference(acme: RawSales) -> Any:
    one, other = acme.invoice(), acme.invoice()
    given = {"provider_reference": "QX1"}
    return acme.paying(one, 1, **given), acme.paying(other, 1, **given)


CONTESTS = {
    paying_twice: "invoice_is_not_overpaid",
    paying_and_crediting: "invoice_is_not_overpaid",
    refunding_twice: "invoice_is_not_overrefunded",
    refunding_what_bounces: "invoice_is_not_overrefunded",
    bouncing_what_was_refunded: "payment_was_not_refunded",
    crediting_twice: "invoice_is_not_overcredited",
    crediting_an_item_twice: "invoice_item_is_not_overcredited",
    crediting_a_rate_twice: "invoice_tax_is_not_overcredited",
    refunding_a_note_twice: "invoice_is_not_overrefunded",
    issuing_twice: "invoice_is_one_per_order",
    issuing_what_is_cancelled: "invoice_is_of_its_locked_order",
    cancelling_what_is_issued: "order_with_an_invoice_is_not_cancelled",
    adding_to_what_is_locked: "order_is_frozen",
    changing_what_is_locked: "order_is_frozen",
    locking_what_gets_an_item: "order_amounts_are_those_of_its_items",
    voiding_what_a_payment_names: "entry_of_a_document_stays",
    paying_by_what_is_voided: "document_is_posted_as_it_says",
    one_provider_reference: "transaction_provider_reference_is_taken_once",
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


# What has an old snapshot fails, or is refused because it has one: it never goes through.
FAILING = {"40001", "order_changes_in_read_committed", "entry_of_a_document_stays"}


@pytest.mark.parametrize("isolation", ["REPEATABLE READ", "SERIALIZABLE"])
@contests
def test_what_has_an_old_snapshot_does_not_miss_what_was_committed_since(
    acme, session, contest, constraint, isolation
):
    one, other = (posted(statements) for statements in contest(acme))
    first, second = session(), session(isolation)
    second.execute("SELECT count(*) FROM invoicing_order")
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
    second.execute("SELECT count(*) FROM invoicing_order")
    execute(first, one)

    waiting = second.thread.submit(execute, second, other)
    wait_for(lambda: second.is_waiting or waiting.done())
    first.commit()

    assert outcome(waiting) in FAILING | {constraint}


# --- Two that agree ------------------------------------------------------------------------------


def test_two_payments_whose_foreign_keys_meet_do_not_deadlock(acme, session):
    """Each key of a row that comes in holds FOR KEY SHARE on what it refers to. Here both hold it
    before either goes on to lock the order and the invoice."""
    invoice = acme.invoice()
    order = acme.of("invoice", "order_id", invoice)
    sessions = [session(), session()]
    for each in sessions:
        each.execute("SELECT 1 FROM invoicing_order WHERE id = %s FOR KEY SHARE", [order])
        each.execute("SELECT 1 FROM invoicing_invoice WHERE id = %s FOR KEY SHARE", [invoice])
    statements = [posted(acme.paying(invoice, 1)) for _ in sessions]

    execute(sessions[0], statements[0])
    waiting = sessions[1].thread.submit(execute, sessions[1], statements[1])
    wait_for(lambda: sessions[1].is_waiting)
    sessions[0].commit()

    assert outcome(waiting) is None
    sessions[1].commit()
    assert acme.amounts(invoice) == (2, 0, 0)


def test_two_items_of_one_draft_do_not_deadlock(acme, session):
    order = acme.draft()
    sessions = [session(), session()]
    for each in sessions:
        each.execute("SELECT 1 FROM invoicing_order WHERE id = %s FOR KEY SHARE", [order])
    rows = [insert("orderitem", acme.item_row(order, position=n)) for n in (1, 2)]

    sessions[0].execute(*rows[0])
    waiting = sessions[1].start(*rows[1])
    wait_for(lambda: sessions[1].is_waiting)
    sessions[0].commit()

    assert outcome(waiting) is None
    sessions[1].commit()
    assert len(acme.of("orderitem", "id")) == 2


def test_a_number_taken_back_is_given_to_the_one_who_waits(acme, session):
    orders = [acme.locked(), acme.locked()]
    first, second = session(), session()
    execute(first, posted(acme.issuing(orders[0])))

    waiting = second.thread.submit(execute, second, posted(acme.issuing(orders[1])))
    wait_for(lambda: second.is_waiting)
    first.connection.rollback()
    assert outcome(waiting) is None
    second.commit()

    acme.issue(orders[0])
    assert acme.numbers() == ["INV-2025-00001", "INV-2025-00002"]


def test_a_number_taken_back_by_a_savepoint_is_given_to_another(acme, session):
    orders = [acme.locked(0, 0), acme.locked(0, 0)]
    first = session()
    first.execute("SAVEPOINT before")
    execute(first, acme.issuing(orders[0], 0, 0))
    first.execute("ROLLBACK TO SAVEPOINT before")

    acme.issue(orders[1], 0, 0)
    execute(first, acme.issuing(orders[0], 0, 0))
    first.commit()

    assert acme.numbers() == ["INV-2025-00001", "INV-2025-00002"]


@pytest.mark.parametrize("net", [0, NET])
def test_many_invoices_at_once_have_consecutive_numbers(acme, net):
    tax = TAX if net else 0
    orders = [acme.issuing(acme.locked(net, tax), net, tax) for _ in range(24)]

    failures = in_threads(orders)

    assert failures == []
    assert acme.numbers() == [f"INV-2025-{n:05}" for n in range(1, 25)]


@pytest.mark.parametrize("locking", [True, False], ids=["order first", "entry first"])
def test_payments_credits_refunds_and_issues_at_once_never_deadlock(acme, locking):
    invoices = [acme.invoice() for _ in range(2)]
    for invoice in invoices:
        acme.pay(invoice, 20_00)
    steps = [
        step
        for n in range(8)
        for invoice in invoices
        for step in (
            acme.paying(invoice, 1_00 + n),
            acme.refunding(invoice, 1_00 + n),
            acme.crediting(invoice, 5_00, 1_00),
            acme.issuing(acme.locked()),
        )
    ]

    if locking:
        steps = [[locking_order(acme, step), *step] for step in steps]

    failures = in_threads(steps)

    assert failures == []
    for invoice in invoices:
        assert acme.amounts(invoice) == (20_00 + 8_28, 8_28, 48_00)
    assert acme.numbers() == [f"INV-2025-{n:05}" for n in range(1, 19)]
    assert acme.numbers("creditnote") == [f"CN-2025-{n:05}" for n in range(1, 17)]


def test_a_payment_that_many_try_at_once_is_made_once(acme):
    invoice = acme.invoice()

    failures = in_threads([acme.paying(invoice, TOTAL) for _ in range(12)])

    assert failures == ["invoice_is_not_overpaid"] * 11
    assert acme.amounts(invoice) == (TOTAL, 0, 0)


# --- Parts of a credit note -----------------------------------------------------------------------


def test_a_credit_note_that_was_committed_gets_no_parts(acme):
    invoice = acme.invoice(NET, 0)
    statements = acme.crediting(invoice, 10_00, 0)
    commit(statements)
    note = statements[1][1]["id"]
    [(item,)] = acme.of("orderitem", "id")

    row = acme.credit_item_row(10_00, 0, credit_note_id=note, order_item_id=item)

    for part in (
        insert("creditnoteitem", row),
        insert("creditnotetaxline", acme.tax_row(10_00, 0, credit_note_id=note)),
    ):
        with refused("creditnote_gets_its_parts_once"):
            run(*part)
        # Which makes its row one of this transaction.
        with refused("creditnote_gets_its_parts_once"):
            run("UPDATE invoicing_creditnote SET reason = reason")
            run(*part)


# --- The attacks' tools ---------------------------------------------------------------------------


def execute(session: Session, statements: list[Statement]) -> None:
    for statement in statements:
        session.execute(*statement)


def posted(statements: list[Statement]) -> list[Statement]:
    """What is left to do when the entries are posted already, so that nobody waits for the
    ledger."""
    for sql, given in statements:
        if sql == POST:
            run(sql, given)
    return [statement for statement in statements if statement[0] != POST]


def cancelling(acme: RawSales, order: Any) -> Statement:
    return (
        """UPDATE invoicing_order SET status = 'cancelled', cancelled_at = now()
            WHERE organization_id = %(organization)s AND id = %(order)s""",
        {"organization": acme.id, "order": order},
    )


def voiding(posting: Statement) -> Statement:
    given = posting[1]
    return (
        "WITH voided AS (UPDATE ledger_journalentry SET status = 'voided' WHERE id = %(reverses)s)"
        + POST.replace("WITH e AS", ", e AS"),
        {
            **given,
            "id": uuid7(),
            "reference": "void",
            "reverses": given["id"],
            "debits": given["credits"],
            "credits": given["debits"],
        },
    )


def locking_order(acme: RawSales, step: list[Statement]) -> Statement:
    """What a service begins with: the lock on the order that the step is about."""
    row = step[1][1]
    order = row.get("order_id") or acme.of("invoice", "order_id", row["invoice_id"])
    return "SELECT 1 FROM invoicing_order WHERE id = %(order)s FOR UPDATE", {"order": order}


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
