"""Documents that meet: real connections, real threads.

Of two that together would be too much one waits and is then refused; nobody deadlocks, because
whatever changes an invoice holds its order first.
"""

from datetime import timedelta

import pytest

from core.errors import Refusal
from invoicing.errors import (
    ItemOverCredit,
    NothingOwed,
    NothingToCredit,
    OrderAlreadyInvoiced,
    OrderCancelled,
    OrderHasAnInvoice,
    OverCredit,
    OverPayment,
    OverRefund,
    PaymentAlreadyReversed,
    PaymentRefunded,
    ProviderReferenceTaken,
)
from invoicing.models import CreditNote, FinancialTransaction, Invoice
from invoicing.services.crediting import issue_credit_note
from invoicing.services.payments import pay_order
from invoicing.services.refunds import refund_credit_note
from ledger.errors import BooksClosed
from ledger.selectors.balances import balance_at
from ledger.selectors.integrity import verify_books
from ledger.services.periods import close_books
from tests.invoicing.selling import DAY, RECEIVABLE, Till, at_once, fresh, item

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = range(4)


@pytest.fixture
def till(as_alice):
    return Till(as_alice)


@pytest.fixture(autouse=True)
def books_are_whole(acme):
    """Whatever met, receivable is what the documents say, and the books verify."""
    yield
    invoices = Invoice.objects.of(acme)
    notes = CreditNote.objects.of(acme).filter(invoice=None)
    owed = sum(invoice.open_amount for invoice in invoices)
    owed -= sum(note.total_amount - note.refunded_amount for note in notes)
    assert balance_at(acme, RECEIVABLE) == owed
    assert verify_books(acme).ties


def outcomes(results):
    """The kinds of refusal, and `done` for what was done, in alphabetical order."""
    return sorted(type(r).__name__ if isinstance(r, Refusal) else "done" for r in results)


@pytest.mark.parametrize("turn", ROUNDS)
def test_two_that_pay_the_rest_pay_it_once(till, turn):
    invoice = till.invoice()
    till.pay(invoice, 20_00)

    results = at_once(2, lambda _: till.pay(invoice))

    assert outcomes(results) == ["NothingOwed", "done"]
    assert fresh(invoice).paid_amount == 120_00


def test_many_that_pay_a_part_never_pay_too_much(till):
    invoice = till.invoice()

    results = at_once(10, lambda _: till.pay(invoice, 25_00))

    assert [isinstance(r, FinancialTransaction) for r in results].count(True) == 4
    assert {type(r) for r in results if isinstance(r, Refusal)} == {OverPayment}
    assert fresh(invoice).open_amount == 20_00


@pytest.mark.parametrize("turn", ROUNDS)
def test_one_provider_reference_is_taken_once_by_payments_of_many_invoices(acme, till, turn):
    invoices = [till.invoice() for _ in range(6)]

    results = at_once(6, lambda n: till.pay(invoices[n], provider_reference="cb-1"))

    refusals = [r for r in results if isinstance(r, Refusal)]
    assert len(refusals) == 5
    assert {(type(r), r.provider_reference) for r in refusals} == {(ProviderReferenceTaken, "cb-1")}
    assert FinancialTransaction.objects.of(acme).count() == 1


@pytest.mark.parametrize("turn", ROUNDS)
def test_two_that_refund_all_refund_it_once(till, turn):
    invoice = till.invoice()
    till.pay(invoice)

    results = at_once(2, lambda _: till.refund(invoice))

    assert outcomes(results) == ["NothingToRefund", "done"]
    assert fresh(invoice).refunded_amount == 120_00


def test_many_that_refund_a_part_never_refund_too_much(till):
    invoice = till.invoice()
    till.pay(invoice)

    results = at_once(10, lambda _: till.refund(invoice, 25_00))

    assert {type(r) for r in results if isinstance(r, Refusal)} == {OverRefund}
    now = fresh(invoice)
    assert (now.refunded_amount, now.credited_amount) == (100_00, 100_00)


def test_many_that_credit_never_credit_too_much(till):
    invoice = till.invoice(item(10_00, quantity="10"))

    results = at_once(
        12,
        lambda n: till.credit(invoice, 25_00) if n % 2 else till.credit_items(invoice, (1, "3")),
    )

    refusals = {type(r) for r in results if isinstance(r, Refusal)}
    assert refusals <= {OverCredit, ItemOverCredit, NothingToCredit}
    credited = sum(r.total_amount for r in results if isinstance(r, CreditNote))
    assert 0 < fresh(invoice).credited_amount == credited <= 120_00
    till_empty(till, invoice)


def till_empty(till, invoice):
    """What the credit notes have left is taken back to the last penny."""
    if fresh(invoice).credited_amount < invoice.total_amount:
        till.void(invoice)
    taken = CreditNote.objects.of(till.organization).filter(invoice=invoice)
    assert sum(note.tax_amount for note in taken) == invoice.tax_amount


@pytest.mark.parametrize("turn", ROUNDS)
def test_two_that_credit_the_last_of_an_item_credit_it_once(till, turn):
    invoice = till.invoice(item(10_00, quantity="2"), item(5_00))

    results = at_once(2, lambda _: till.credit_items(invoice, (1, "2")))

    assert outcomes(results) == ["ItemOverCredit", "done"]


@pytest.mark.parametrize("turn", ROUNDS)
def test_a_payment_and_a_void_both_see_what_the_other_did(till, turn):
    """Paid first, the money is owed to the customer; voided first, nothing is left to pay."""
    invoice = till.invoice()

    paid, voided = at_once(2, lambda n: till.void(invoice) if n else till.pay(invoice))

    assert isinstance(voided, CreditNote)
    now = fresh(invoice)
    if isinstance(paid, Refusal):
        assert type(paid) is NothingOwed
        assert (now.open_amount, fresh(invoice.order).status) == (0, "cancelled")
    else:
        assert (now.open_amount, fresh(invoice.order).status) == (-120_00, "paid")


@pytest.mark.parametrize("turn", ROUNDS)
def test_a_refund_and_the_taking_back_of_the_payment_exclude_each_other(till, turn):
    invoice = till.invoice()
    payment = till.pay(invoice)

    results = at_once(2, lambda n: till.refund(invoice) if n else till.reverse(payment))

    refusal = next(r for r in results if isinstance(r, Refusal))
    assert [isinstance(r, Refusal) for r in results].count(True) == 1
    assert refusal.code in ("nothing_to_refund", "payment_refunded")
    assert isinstance(refusal, PaymentRefunded) == (fresh(payment).status == "completed")


def test_a_payment_is_taken_back_once_by_many(till):
    invoice = till.invoice()
    payment = till.pay(invoice)

    results = at_once(6, lambda _: till.reverse(payment))

    assert [type(r) for r in results].count(PaymentAlreadyReversed) == 5
    assert fresh(invoice).open_amount == 120_00


@pytest.mark.parametrize("turn", ROUNDS)
def test_an_order_paid_twice_at_once_is_invoiced_and_paid_once(acme, till, turn):
    order = till.order()

    results = at_once(4, lambda _: pay_order(actor=till.actor, order=order, method="cash", on=DAY))

    assert outcomes(results) == ["NothingOwed"] * 3 + ["done"]
    invoice = Invoice.objects.of(acme).get()
    assert (invoice.number, invoice.status) == ("INV-2026-00001", "paid")


@pytest.mark.parametrize("turn", ROUNDS)
def test_an_order_issued_twice_at_once_has_one_invoice(acme, till, turn):
    order = till.order()

    results = at_once(4, lambda _: till.issue(order))

    assert [type(r) for r in results].count(OrderAlreadyInvoiced) == 3
    assert {r.invoice for r in results if isinstance(r, Refusal)} == {"INV-2026-00001"}
    assert Invoice.objects.of(acme).count() == 1


@pytest.mark.parametrize("turn", ROUNDS)
def test_an_order_is_issued_or_cancelled(acme, till, turn):
    order = till.order()

    issued, cancelled = at_once(2, lambda n: till.cancel(order) if n else till.issue(order))

    if isinstance(issued, Refusal):
        assert type(issued) is OrderCancelled
        assert fresh(order).status == "cancelled"
    else:
        assert type(cancelled) is OrderHasAnInvoice
        assert fresh(order).status == "pending"


def test_payments_that_meet_a_closing_are_in_time_or_refused(acme, as_carol, till):
    invoices = [till.invoice() for _ in range(8)]

    results = at_once(
        9,
        lambda n: (
            close_books(actor=as_carol, through=DAY)
            if n == 8
            else till.pay(invoices[n], on=DAY, provider_reference=f"cb-{n}")
        ),
    )

    assert {type(r) for r in results if isinstance(r, Refusal)} <= {BooksClosed}
    for invoice, result in zip(invoices, results, strict=False):
        expected = 0 if isinstance(result, Refusal) else 120_00
        assert fresh(invoice).paid_amount == expected
    rest = [i for i, r in zip(invoices, results, strict=False) if isinstance(r, Refusal)]
    for invoice in rest:
        till.pay(invoice, on=DAY + timedelta(days=1))


@pytest.mark.parametrize("turn", ROUNDS)
def test_a_credit_note_is_paid_out_once_by_many(till, turn):
    note = issue_credit_note(
        actor=till.actor, currency="GBP", items=[item(10_00)], reason="old", on=DAY
    )

    results = at_once(
        4,
        lambda _: refund_credit_note(
            actor=till.actor, credit_note=note, method="cash", reason="old", on=DAY
        ),
    )

    assert outcomes(results) == ["NothingToRefund"] * 3 + ["done"]
    assert fresh(note).refunded_amount == 12_00


def test_everything_at_once_on_a_few_invoices_deadlocks_nowhere(acme, till):
    """Pay, credit, refund, void and issue, each thread over all of them and in its own order."""
    invoices = [till.invoice(item(10_00, quantity="10")) for _ in range(3)]

    def work(thread):
        turns = invoices if thread % 2 else invoices[::-1]
        return [attempt((thread + turn) % 5, i) for turn in range(4) for i in turns]

    def attempt(what, invoice):
        try:
            match what:
                case 0:
                    return till.pay(invoice, 13_37)
                case 1:
                    return till.credit(invoice, 7_01)
                case 2:
                    return till.refund(invoice, 5_03)
                case 3:
                    return till.credit_items(invoice, (1, "1"))
            return till.invoice()
        except Refusal as refusal:
            return refusal

    results = [result for done in at_once(8, work) for result in done]

    assert len(results) == 8 * 4 * 3
    numbers = Invoice.objects.of(acme).order_by("sequence").values_list("sequence", flat=True)
    assert list(numbers) == list(range(1, len(numbers) + 1))
