"""Orders locked, edited and cancelled at the same moment: real connections, real threads."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, connections, transaction

from core.errors import Refusal
from invoicing.errors import OrderCancelled, OrderLocked, OrderReferenceTaken, UnknownTaxRate
from invoicing.models import Order, TaxRate
from invoicing.selectors.orders import get_order
from invoicing.services.customers import change_customer
from invoicing.services.orders import cancel_order, change_order, lock, lock_order
from invoicing.services.tax_rates import delete_tax_rate
from organizations.models import AuditEvent
from organizations.services.auditing import Audit
from tests.invoicing.drafting import DAY, draft, frozen, lindqvist, mug, vat

pytestmark = pytest.mark.django_db(transaction=True)


def test_of_many_locks_at_once_one_wins(acme, as_alice):
    vat(as_alice)
    order = draft(as_alice, mug(3), mug(4))

    results = at_once(8, lambda _: lock_order(actor=as_alice, order=order, country="GB", on=DAY))

    assert [type(result) for result in results].count(Order) == 1
    assert [type(result) for result in results].count(OrderLocked) == 7
    assert AuditEvent.objects.of(acme).filter(action="order_locked").count() == 1
    assert get_order(acme, order.pk).total_amount == 84_00


def test_a_lock_and_edits_at_once_leave_an_order_that_adds_up(acme, as_alice):
    vat(as_alice)
    for _ in range(5):
        order = draft(as_alice, mug(1))

        def work(number: int, order: Order = order) -> Order:
            if number == 0:
                return lock_order(actor=as_alice, order=order, country="GB", on=DAY)
            return change_order(actor=as_alice, order=order, items=[mug(number), mug(number)])

        locking, *editing = at_once(4, work)

        assert isinstance(locking, Order)
        assert {type(result) for result in editing} <= {Order, OrderLocked}
        stored = get_order(acme, order.pk)
        items = stored.items.all()
        assert sum(item.total_amount for item in items) == stored.total_amount
        assert [item["quantity"] for item in frozen(stored)["items"]] == [
            str(int(item.quantity)) for item in items
        ]


def test_a_lock_and_a_cancellation_at_once_contradict_each_other_never(acme, as_alice):
    for _ in range(5):
        order = draft(as_alice, mug(1))

        def work(number: int, order: Order = order) -> Order:
            return (cancel_order if number else lock_order)(actor=as_alice, order=order)

        locking, cancelling = at_once(2, work)

        # A locked order that was not invoiced can be cancelled, a cancelled one cannot be locked.
        assert isinstance(cancelling, Order)
        assert isinstance(locking, Order | OrderCancelled)
        stored = get_order(acme, order.pk)
        assert stored.status == "cancelled"
        assert (stored.snapshot is not None) == isinstance(locking, Order)


def test_a_lock_that_waited_for_an_edit_sees_what_it_left(acme, as_alice):
    vat(as_alice)
    german = lindqvist(as_alice, code="DE-1", country="DE")
    order = draft(as_alice, mug(1), customer=lindqvist(as_alice))

    with ThreadPoolExecutor(1) as threads:
        with transaction.atomic():
            held = Order.objects.of(acme).select_for_update().get(pk=order.pk)
            held.customer = german
            held.save(update_fields=["customer"])
            held.items.update(quantity=5)
            locking = threads.submit(alone, lambda: lock_order(actor=as_alice, order=order, on=DAY))
            wait_until_somebody_waits_for_this()
        locked = locking.result(20)

    assert (locked.customer, locked.country) == (german, "DE")
    assert (locked.subtotal_amount, locked.tax_amount) == (50_00, 0)


@pytest.mark.parametrize("work", [change_order, cancel_order, lock_order])
def test_who_waited_for_the_lock_finds_the_order_locked(acme, as_alice, work):
    changes = {"items": [mug(9)]} if work is change_order else {}
    order = draft(as_alice, mug(1))

    with ThreadPoolExecutor(1) as threads:
        with transaction.atomic():
            lock(Audit(as_alice, "lock_order"), as_alice, order, country="GB", on=DAY)
            waiting = threads.submit(alone, lambda: work(actor=as_alice, order=order, **changes))
            wait_until_somebody_waits_for_this()
        result = waiting.result(20)

    stored = get_order(acme, order.pk)
    if work is cancel_order:
        assert (result.status, stored.status) == ("cancelled", "cancelled")
    else:
        assert isinstance(result, OrderLocked)
        assert stored.status == "pending"
    assert [item.total_amount for item in stored.items.all()] == [10_00]


def test_a_rate_that_is_named_while_it_is_deleted_is_applied_or_refused(acme, as_alice):
    for _ in range(5):
        tax_rate = vat(as_alice)
        order = draft(as_alice, mug(1, tax_codes=["GB-S"]))

        def work(number: int, order: Order = order, rate: TaxRate = tax_rate) -> Order | None:
            if number == 0:
                return lock_order(actor=as_alice, order=order, country="GB", on=DAY)
            delete_tax_rate(actor=as_alice, tax_rate=rate)
            return None

        locking, _ = at_once(2, work)

        assert isinstance(locking, Order | UnknownTaxRate)
        stored = get_order(acme, order.pk)
        assert stored.tax_amount == (2_00 if isinstance(locking, Order) else 0)


def test_one_reference_at_once_is_one_order(acme, as_alice):
    results = at_once(8, lambda _: draft(as_alice, reference="A-1"))

    assert [type(result) for result in results].count(Order) == 1
    assert [type(result) for result in results].count(OrderReferenceTaken) == 7
    assert Order.objects.of(acme).count() == 1


def test_changes_of_one_customer_at_once_are_all_in_the_trail(acme, as_alice):
    customer = lindqvist(as_alice)

    at_once(6, lambda n: change_customer(actor=as_alice, customer=customer, city=f"City {n}"))

    events = AuditEvent.objects.of(acme).filter(action="change_customer")
    before = {event.before["city"] for event in events}
    after = {event.after["city"] for event in events}
    customer.refresh_from_db()
    assert len(after) == 6
    # Each began where another had ended.
    assert after - before == {customer.city}


# --- The tests' tools ----------------------------------------------------------------------------


def at_once(count: int, work: Callable[[int], Any]) -> list[Any]:
    """What each thread's work returned or was refused with; all of them start together."""
    start = Barrier(count)

    def run_one(number: int) -> Any:
        def run() -> Any:
            connection.ensure_connection()
            start.wait(30)
            return work(number)

        return alone(run)

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(run_one, range(count)))


def alone(work: Callable[[], Any]) -> Any:
    """What the work returned or was refused with, on a connection that ends with it."""
    try:
        return work()
    except Refusal as refusal:
        return refusal
    finally:
        connections.close_all()


def wait_until_somebody_waits_for_this() -> None:
    """Until another connection waits for a lock that this one holds."""
    deadline = time.monotonic() + 10
    asked = """SELECT EXISTS (SELECT FROM pg_locks l
                               WHERE NOT l.granted
                                 AND pg_backend_pid() = ANY(pg_blocking_pids(l.pid)))"""
    with connection.cursor() as cursor:
        while True:
            cursor.execute(asked)
            if cursor.fetchone()[0]:
                return
            assert time.monotonic() < deadline, "nobody waits"
            time.sleep(0.01)
