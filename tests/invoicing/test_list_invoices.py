"""Invoices, credit notes, payments and refunds, found by what they say."""

from datetime import date, timedelta

import pytest

from core.db import uuid7
from invoicing.errors import CreditNoteNotFound, InvoiceNotFound, PaymentNotFound
from invoicing.selectors.invoices import (
    entries_of,
    get_credit_note,
    get_invoice,
    get_transaction,
    list_credit_notes,
    list_invoices,
    list_transactions,
)
from invoicing.services.customers import create_customer
from tests.invoicing.selling import DAY, LATER, Till, item

pytestmark = pytest.mark.django_db

NEXT_DAY = DAY + timedelta(days=1)


@pytest.fixture
def till(as_alice):
    return Till(as_alice)


@pytest.fixture
def lindqvist(as_alice):
    return create_customer(actor=as_alice, name="Lindqvist Ltd")


def numbers(rows):
    return [row.number for row in rows]


def test_finds_an_invoice_by_its_number_or_its_id(acme, till):
    invoice = till.invoice()

    assert get_invoice(acme, "INV-2026-00001") == invoice
    assert get_invoice(acme, str(invoice.pk)) == invoice
    assert get_invoice(acme, invoice.pk) == invoice


@pytest.mark.parametrize(
    "name", ["INV-2026-00002", "", "a\x00b", "x" * 300, "01a1fac3-4f92-70da-9f9a-3d3ce9766535"]
)
def test_says_that_an_invoice_is_not_there(acme, till, name):
    till.invoice()

    with pytest.raises(InvoiceNotFound):
        get_invoice(acme, name)


def test_finds_nothing_of_another_organization(till, mallory_ltd):
    invoice = till.invoice()
    payment = till.pay(invoice)
    note = till.credit(invoice, 1_00)

    with pytest.raises(InvoiceNotFound):
        get_invoice(mallory_ltd, invoice.pk)
    with pytest.raises(CreditNoteNotFound):
        get_credit_note(mallory_ltd, note.number)
    with pytest.raises(PaymentNotFound):
        get_transaction(mallory_ltd, payment.pk)
    assert not list_invoices(mallory_ltd).exists()
    assert not list_credit_notes(mallory_ltd).exists()
    assert not list_transactions(mallory_ltd).exists()


def test_lists_the_latest_invoice_first(acme, till):
    for day in (DAY, LATER, NEXT_DAY):
        till.invoice(on=day)

    assert [invoice.issued_on for invoice in list_invoices(acme)] == [LATER, NEXT_DAY, DAY]


def test_lists_invoices_by_what_they_say(acme, till, lindqvist):
    open_ = till.invoice(on=DAY, customer=lindqvist)
    paid = till.invoice(on=NEXT_DAY)
    till.pay(paid)

    assert list(list_invoices(acme, status="paid")) == [paid]
    assert list(list_invoices(acme, customer=lindqvist)) == [open_]
    assert list(list_invoices(acme, order=paid.order)) == [paid]
    assert numbers(list_invoices(acme, number="INV-2026-00001")) == [open_.number]
    assert list(list_invoices(acme, since=NEXT_DAY)) == [paid]
    assert list(list_invoices(acme, until=DAY)) == [open_]
    assert list(list_invoices(acme, since=DAY, until=NEXT_DAY)) == [paid, open_]


def test_lists_what_is_overdue_from_the_day_after_it_was_due(acme, till):
    due = till.issue(till.order(), due_on=LATER)
    paid = till.issue(till.order(), due_on=LATER)
    till.pay(paid)
    owed_to_the_customer = till.issue(till.order(), due_on=LATER)
    till.pay(owed_to_the_customer)
    till.credit(owed_to_the_customer, 1_00)

    assert list(list_invoices(acme, overdue_on=LATER)) == []
    assert list(list_invoices(acme, overdue_on=LATER + timedelta(days=1))) == [due]


def test_finds_a_credit_note_with_its_parts(acme, till, django_assert_num_queries):
    invoice = till.invoice()
    note = till.credit_items(invoice, (1, "1"))

    with django_assert_num_queries(3):
        found = get_credit_note(acme, note.number)
        parts = [*found.items.all(), *found.tax_lines.all()]

    assert (found, found.invoice) == (note, invoice)
    assert len(parts) == 2
    assert get_credit_note(acme, note.pk) == note
    with pytest.raises(CreditNoteNotFound):
        get_credit_note(acme, "CN-2026-00002")


def test_lists_credit_notes_by_what_they_say(acme, till, lindqvist):
    one, other = till.invoice(customer=lindqvist), till.invoice()
    of_one, of_other = till.credit(one, 1_00, on=DAY), till.credit(other, 1_00, on=LATER)

    assert list(list_credit_notes(acme)) == [of_other, of_one]
    assert list(list_credit_notes(acme, invoice=one)) == [of_one]
    assert list(list_credit_notes(acme, customer=lindqvist)) == [of_one]
    assert list(list_credit_notes(acme, since=LATER)) == [of_other]
    assert list(list_credit_notes(acme, until=DAY)) == [of_one]


def test_lists_payments_and_refunds_by_what_they_say(acme, till, lindqvist):
    one, other = till.invoice(customer=lindqvist), till.invoice()
    cash = till.pay(one, method="cash", on=DAY)
    bank = till.pay(other, method="bank", on=NEXT_DAY)
    refund = till.refund(one, 1_00, on=LATER)

    assert list(list_transactions(acme)) == [refund, bank, cash]
    assert list(list_transactions(acme, type="credit")) == [bank, cash]
    assert list(list_transactions(acme, method="bank")) == [bank]
    assert list(list_transactions(acme, invoice=one)) == [refund, cash]
    assert list(list_transactions(acme, customer=lindqvist)) == [refund, cash]
    assert list(list_transactions(acme, since=NEXT_DAY, until=NEXT_DAY)) == [bank]


def test_finds_a_payment_by_its_id(acme, till):
    payment = till.pay(till.invoice())

    assert get_transaction(acme, str(payment.pk)) == payment
    for name in ("", "INV-2026-00001", str(uuid7())):
        with pytest.raises(PaymentNotFound):
            get_transaction(acme, name)


def test_tells_all_entries_of_an_invoice_in_the_order_of_their_posting(till):
    invoice, other = till.invoice(item(100_00)), till.invoice()
    till.pay(other)
    payment = till.pay(invoice, 50_00, on=LATER)
    till.credit(invoice, 10_00, on=DAY)
    till.reverse(payment, on=LATER)

    described = [entry.description for entry in entries_of(invoice)]

    assert described == [
        "Invoice INV-2026-00001",
        "Payment of INV-2026-00001, bank",
        "Credit note CN-2026-00001 to INV-2026-00001",
        "Payment of INV-2026-00001 taken back, bank",
    ]


def test_tells_no_entry_of_an_invoice_that_costs_nothing(till):
    assert list(entries_of(till.invoice(item(0), on=date(2026, 5, 5)))) == []
