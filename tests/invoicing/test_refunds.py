"""Refunds: of what was paid on an invoice, and of credit notes that have none."""

from datetime import timedelta
from decimal import Decimal

import pytest

from invoicing.errors import (
    CreditNoteNotFound,
    CreditNoteOfAnInvoice,
    InvalidAmount,
    InvalidCreditNote,
    InvalidTransaction,
    InvoiceNotFound,
    NothingToRefund,
    OrderNotFound,
    OrderNotPaid,
    OverRefund,
    ProviderReferenceTaken,
    UnknownMethod,
)
from invoicing.models import CreditNote
from invoicing.services.crediting import issue_credit_note
from invoicing.services.orders import ItemDraft
from invoicing.services.refunds import refund_credit_note, refund_invoice, refund_order
from ledger.errors import BooksClosed
from ledger.selectors.balances import balance_at
from ledger.services.periods import close_books
from organizations.models import AuditEvent
from tests.invoicing.selling import (
    BANK,
    CASH,
    DAY,
    LATER,
    RECEIVABLE,
    RETURNS,
    TAX,
    Till,
    fresh,
    item,
    lines_of,
    refused,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def till(as_alice):
    return Till(as_alice)


@pytest.fixture
def invoice(till):
    """120.00, of which 20.00 are tax; paid by bank."""
    invoice = till.invoice(item(100_00))
    till.pay(invoice)
    return invoice


def amounts_of(invoice):
    now = fresh(invoice)
    return now.paid_amount, now.refunded_amount, now.credited_amount, now.open_amount, now.status


# --- What a refund does ---------------------------------------------------------------------------


def test_gives_all_back_and_credits_it(acme, till, invoice):
    refund = till.refund(invoice, on=LATER)

    assert (refund.type, refund.amount, refund.method) == ("refund", 120_00, "bank")
    assert (refund.reason, refund.occurred_on) == ("sent back", LATER)
    assert amounts_of(invoice) == (120_00, 120_00, 120_00, 0, "credited")
    assert fresh(invoice.order).status == "refunded"
    assert balance_at(acme, RECEIVABLE) == balance_at(acme, BANK) == 0


def test_posts_the_money_and_the_credit_note(till, invoice):
    refund = till.refund(invoice, 12_00)

    [note] = CreditNote.objects.of(till.organization)
    assert (note.number, note.total_amount, note.reason) == ("CN-2026-00001", 12_00, "sent back")
    assert lines_of(note) == [(RETURNS, 10_00, 0), (TAX, 2_00, 0), (RECEIVABLE, 0, 12_00)]
    assert lines_of(refund) == [(RECEIVABLE, 12_00, 0), (BANK, 0, 12_00)]
    assert refund.entry.reference == f"invoice-{invoice.pk}-refund-{refund.pk}"
    assert refund.entry.description == "Refund of INV-2026-00001, bank"


def test_gives_back_in_parts(till, invoice):
    till.refund(invoice, 20_00)
    assert amounts_of(invoice) == (120_00, 20_00, 20_00, 0, "paid")
    assert fresh(invoice.order).status == "partially_refunded"

    till.refund(invoice)

    assert amounts_of(invoice) == (120_00, 120_00, 120_00, 0, "credited")
    assert fresh(invoice.order).status == "refunded"


def test_credits_nothing_twice(till, invoice):
    """What was credited already is owed to the customer, and only has to be paid out."""
    till.credit(invoice, 30_00)

    till.refund(invoice, 30_00)

    assert amounts_of(invoice) == (120_00, 30_00, 30_00, 0, "paid")
    assert CreditNote.objects.of(till.organization).count() == 1


def test_credits_what_is_refunded_beyond_what_was_credited(till, invoice):
    till.credit(invoice, 30_00)

    till.refund(invoice, 50_00)

    assert amounts_of(invoice) == (120_00, 50_00, 50_00, 0, "paid")
    totals = CreditNote.objects.of(till.organization).values_list("total_amount", flat=True)
    assert sorted(totals) == [20_00, 30_00]


def test_never_makes_the_customer_owe_more(till):
    """Half was paid; that half goes back, and only the other half is still owed."""
    invoice = till.invoice(item(100_00))
    till.pay(invoice, 60_00)

    till.refund(invoice)

    assert amounts_of(invoice) == (60_00, 60_00, 60_00, 60_00, "partially_paid")


def test_pays_out_after_a_void(till, invoice):
    till.void(invoice)
    assert amounts_of(invoice) == (120_00, 0, 120_00, -120_00, "credited")

    till.refund(invoice)

    assert amounts_of(invoice) == (120_00, 120_00, 120_00, 0, "credited")
    assert fresh(invoice.order).status == "refunded"


def test_gives_back_the_way_the_last_payment_came(till):
    invoice = till.invoice()
    till.pay(invoice, 20_00, method="card", on=LATER)
    till.pay(invoice, method="cash", on=DAY)

    assert till.refund(invoice, 1_00).method == "card"


def test_does_not_count_a_payment_that_was_taken_back(till):
    invoice = till.invoice()
    till.pay(invoice, 20_00, method="cash")
    till.reverse(till.pay(invoice, method="card", on=LATER), on=LATER)

    assert till.refund(invoice).method == "cash"
    assert fresh(invoice).refunded_amount == 20_00


def test_gives_back_the_way_that_is_said(acme, till, invoice):
    refund = till.refund(invoice, 12_00, method="cash")

    assert lines_of(refund)[1] == (CASH, 0, 12_00)


def test_tells_of_every_refund(acme, till, invoice):
    refund = till.refund(invoice, 12_00)

    [event] = AuditEvent.objects.of(acme).filter(action="order_refunded")
    assert (event.subject_type, event.subject_ids) == ("order", [invoice.order_id])
    assert (event.facts["amount"], event.facts["number"]) == (12_00, "INV-2026-00001")
    [row] = AuditEvent.objects.of(acme).filter(
        action="refund_invoice", subject_type="financialtransaction"
    )
    assert row.subject_ids == [refund.pk]


def test_refunds_an_order(till, invoice):
    refund = refund_order(actor=till.actor, order=invoice.order, reason="sent back", on=DAY)

    assert (refund.invoice_id, refund.amount) == (invoice.pk, 120_00)


def test_is_dated_in_an_open_period(acme, as_carol, till, invoice):
    close_books(actor=as_carol, through=DAY)

    with refused(BooksClosed, acme):
        till.refund(invoice, on=DAY)

    assert till.refund(invoice, on=DAY + timedelta(days=1)).amount == 120_00


# --- What is refused ------------------------------------------------------------------------------


def test_refuses_one_penny_more_than_was_paid(acme, till, invoice):
    till.refund(invoice, 20_00)

    with refused(OverRefund, acme) as caught:
        till.refund(invoice, 100_01)

    assert caught.value.facts == {
        "amount": 100_01,
        "currency": "GBP",
        "document": "INV-2026-00001",
        "left": 100_00,
    }


def test_refuses_to_refund_what_was_refunded(acme, till, invoice):
    till.refund(invoice)

    with refused(NothingToRefund, acme):
        till.refund(invoice)
    with refused(OverRefund, acme):
        till.refund(invoice, 1)


def test_refuses_to_refund_what_was_not_paid(acme, till):
    unpaid = till.invoice()

    with refused(NothingToRefund, acme):
        till.refund(unpaid)
    with refused(OverRefund, acme):
        till.refund(unpaid, 1)


@pytest.mark.parametrize("has_an_invoice", [False, True])
def test_refuses_to_refund_an_order_that_was_not_paid(acme, till, has_an_invoice):
    order = till.order(reference="web-7")
    if has_an_invoice:
        till.issue(order)

    with refused(OrderNotPaid, acme) as caught:
        refund_order(actor=till.actor, order=order, reason="sent back")

    assert caught.value.order == "web-7"


@pytest.mark.parametrize("amount", [0, -1, 1.5, True])
def test_refuses_what_is_no_amount(acme, till, invoice, amount):
    with refused(InvalidAmount, acme):
        till.refund(invoice, amount)


def test_refuses_an_unknown_method(acme, till, invoice):
    with refused(UnknownMethod, acme):
        till.refund(invoice, method="barter")


def test_refuses_a_provider_reference_that_was_taken(acme, till):
    invoice = till.invoice()
    till.pay(invoice, provider_reference="chq-1")

    with refused(ProviderReferenceTaken, acme):
        till.refund(invoice, provider_reference="chq-1")


def test_refuses_a_refund_without_a_reason(acme, till, invoice):
    with refused(InvalidTransaction, acme) as caught:
        till.refund(invoice, reason=" ")

    assert caught.value.attr == "reason"


def test_refuses_a_refund_before_the_issue(acme, till):
    invoice = till.invoice()
    till.pay(invoice, on=DAY - timedelta(days=2))

    with refused(InvalidCreditNote, acme) as caught:
        till.refund(invoice, on=DAY - timedelta(days=1))

    assert caught.value.attr == "on"


def test_refuses_a_refund_before_anything_was_paid(acme, till):
    invoice = till.invoice()
    till.reverse(till.pay(invoice))
    till.pay(invoice, on=LATER)

    with refused(InvalidTransaction, acme) as caught:
        till.refund(invoice, on=LATER - timedelta(days=1))

    assert caught.value.attr == "on"
    assert till.refund(invoice, on=LATER).occurred_on == LATER


def test_does_not_find_another_organizations_invoice_or_order(acme, invoice, as_mallory):
    with refused(InvoiceNotFound, acme):
        refund_invoice(actor=as_mallory, invoice=invoice, reason="mine")
    with refused(OrderNotFound, acme):
        refund_order(actor=as_mallory, order=invoice.order, reason="mine")


# --- Credit notes without an invoice --------------------------------------------------------------


@pytest.fixture
def note(till):
    """12.00 for what was sold before these books began."""
    return issue_credit_note(
        actor=till.actor,
        currency="GBP",
        items=[ItemDraft("Old teapot", Decimal(1), 10_00, tax_codes=["VAT"])],
        reason="sold last year",
        on=DAY,
    )


def pay_out(till, note, amount=None, **others):
    given = {"method": "cash", "reason": "sold last year", "on": DAY, **others}
    return refund_credit_note(actor=till.actor, credit_note=note, amount=amount, **given)


def test_pays_a_credit_note_out(acme, till, note):
    refund = pay_out(till, note)

    assert (refund.amount, refund.invoice_id, refund.credit_note_id) == (12_00, None, note.pk)
    assert lines_of(refund) == [(RECEIVABLE, 12_00, 0), (CASH, 0, 12_00)]
    assert refund.entry.reference == f"credit-note-{note.pk}-refund-{refund.pk}"
    assert refund.entry.reference_type == "credit-note"
    assert fresh(note).refunded_amount == 12_00
    assert balance_at(acme, RECEIVABLE) == 0


def test_pays_no_credit_note_out_before_it_was_issued(acme, till, note):
    with refused(InvalidTransaction, acme) as caught:
        pay_out(till, note, on=DAY - timedelta(days=1))

    assert caught.value.attr == "on"


def test_pays_a_credit_note_out_in_parts_and_never_more(acme, till, note):
    pay_out(till, note, 5_00)

    with refused(OverRefund, acme) as caught:
        pay_out(till, note, 7_01)

    assert caught.value.facts == {
        "amount": 7_01,
        "currency": "GBP",
        "document": "CN-2026-00001",
        "left": 7_00,
    }
    pay_out(till, note, 7_00)
    with refused(NothingToRefund, acme):
        pay_out(till, note)


def test_pays_no_credit_note_of_an_invoice_out(acme, till, invoice):
    of_invoice = till.credit(invoice, 10_00)

    with refused(CreditNoteOfAnInvoice, acme) as caught:
        pay_out(till, of_invoice)

    assert caught.value.credit_note == "CN-2026-00001"


def test_does_not_find_another_organizations_credit_note(acme, note, as_mallory):
    with refused(CreditNoteNotFound, acme):
        refund_credit_note(actor=as_mallory, credit_note=note, method="cash", reason="mine")
