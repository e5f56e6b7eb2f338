"""Payments: what they post and settle, what is refused, and what it is to take one back."""

from datetime import timedelta
from functools import partial

import pytest

from core.db import uuid7
from invoicing.errors import (
    EntryBelongsToDocument,
    InvalidAmount,
    InvalidTransaction,
    InvoiceNotFound,
    NotAPayment,
    NothingOwed,
    OrderCancelled,
    OrderNotFound,
    OrderNotLocked,
    OverPayment,
    PaymentAlreadyReversed,
    PaymentNotFound,
    PaymentRefunded,
    ProviderReferenceTaken,
    UnknownMethod,
)
from invoicing.models import FinancialTransaction, Invoice
from invoicing.services.payments import pay_order, record_payment, reverse_payment
from ledger.errors import BooksClosed, RoleUnfilled
from ledger.models import Account
from ledger.selectors.balances import balance_at
from ledger.services.accounts import update_account
from ledger.services.entries import void_entry
from ledger.services.periods import close_books
from organizations.models import AuditEvent
from tests.invoicing.selling import (
    BANK,
    CASH,
    DAY,
    LATER,
    RECEIVABLE,
    Till,
    fresh,
    item,
    lines_of,
    refused,
    statements_of,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def till(as_alice):
    return Till(as_alice)


@pytest.fixture
def invoice(till):
    """120.00, of which 20.00 are tax."""
    return till.invoice(item(100_00))


def amounts_of(invoice):
    now = fresh(invoice)
    return now.paid_amount, now.refunded_amount, now.credited_amount, now.open_amount, now.status


# --- What a payment does --------------------------------------------------------------------------


def test_pays_all_that_is_open(acme, till, invoice):
    payment = till.pay(invoice)

    assert (payment.type, payment.amount, payment.currency) == ("credit", 120_00, "GBP")
    assert (payment.status, payment.occurred_on) == ("completed", DAY)
    assert amounts_of(invoice) == (120_00, 0, 0, 0, "paid")
    assert fresh(invoice.order).status == "paid"
    assert balance_at(acme, RECEIVABLE) == 0


def test_returns_the_row_as_it_stands_in_the_database(till, invoice):
    payment = till.pay(invoice, provider_reference=" chq-1 ")

    stored = fresh(payment)
    for field in FinancialTransaction._meta.concrete_fields:
        assert getattr(payment, field.attname) == getattr(stored, field.attname), field.name
    assert payment.provider_reference == "chq-1"


@pytest.mark.parametrize(
    ("method", "account"),
    [("cash", "1000"), ("bank", "1010"), ("card", "1020"), ("mobile_money", "1030")],
)
def test_posts_the_methods_account_against_receivable(till, invoice, method, account):
    payment = till.pay(invoice, method=method)

    assert lines_of(payment) == [(account, 120_00, 0), (RECEIVABLE, 0, 120_00)]


def test_takes_a_payment_by_wallet_from_what_customers_have_deposited(acme, till, invoice):
    assert lines_of(till.pay(invoice, method="wallet"))[0] == ("2100", 120_00, 0)
    assert balance_at(acme, "2100") == -120_00


def test_says_in_the_entry_what_was_paid_and_how(till, invoice):
    entry = till.pay(invoice, method="mobile_money", on=LATER).entry

    assert entry.description == "Payment of INV-2026-00001, mobile money"
    assert (entry.reference_type, entry.reference_id) == ("invoice", str(invoice.pk))
    assert entry.effective_on == LATER


def test_names_the_entry_after_invoice_and_payment(till, invoice):
    payment = till.pay(invoice)

    assert payment.entry.reference == f"invoice-{invoice.pk}-payment-{payment.pk}"


def test_pays_in_parts(acme, till, invoice):
    till.pay(invoice, 50_00)

    assert amounts_of(invoice) == (50_00, 0, 0, 70_00, "partially_paid")
    assert fresh(invoice.order).status == "pending"
    till.pay(invoice, 69_99)
    assert amounts_of(invoice) == (119_99, 0, 0, 1, "partially_paid")
    till.pay(invoice, 1)
    assert amounts_of(invoice) == (120_00, 0, 0, 0, "paid")
    assert balance_at(acme, BANK) == 120_00


def test_credits_the_account_that_the_issue_debited(acme, as_alice, till, invoice):
    """Another account has the role by now."""
    old = Account.objects.of(acme).get(code=RECEIVABLE)
    update_account(actor=as_alice, account=old, role="")
    other = Account.objects.of(acme).get(code="1160")
    update_account(actor=as_alice, account=other, role="accounts_receivable")

    payment = till.pay(invoice)

    assert lines_of(payment)[1] == (RECEIVABLE, 0, 120_00)


def test_pays_what_credit_notes_have_left(till, invoice):
    till.credit(invoice, 20_00)

    assert till.pay(invoice).amount == 100_00


# --- What it leaves in the trail ------------------------------------------------------------------


def told(acme, *actions):
    events = AuditEvent.objects.of(acme).filter(action__in=actions)
    return {event.action: event for event in events}


def test_tells_that_invoice_and_order_are_paid(acme, till, invoice):
    till.pay(invoice, 50_00)
    assert not told(acme, "invoice_paid", "order_paid")

    till.pay(invoice)

    events = told(acme, "invoice_paid", "order_paid")
    assert events["invoice_paid"].subject_ids == [invoice.pk]
    assert events["order_paid"].subject_ids == [invoice.order_id]
    assert events["order_paid"].subject_type == "order"
    assert events["order_paid"].facts["number"] == "INV-2026-00001"


def test_leaves_its_audit_row(acme, alice, till, invoice):
    payment = till.pay(invoice, 50_00, provider_reference="chq-1")

    row = told(acme, "record_payment")["record_payment"]
    assert (row.subject_type, row.subject_ids) == ("financialtransaction", [payment.pk])
    assert row.user_id == alice.pk
    assert row.after["amount"] == 50_00
    assert row.after["provider_reference"] == "chq-1"


def test_sends_as_many_statements_for_a_hundred_items_as_for_one(acme, till):
    invoices = [till.invoice(*[item(100 + n) for n in range(count)]) for count in (1, 100)]

    one, hundred = (statements_of(partial(till.pay, invoice)) for invoice in invoices)

    assert one == hundred
    assert len(one) == 5


# --- What is refused ------------------------------------------------------------------------------


def test_refuses_one_penny_more_than_is_owed(acme, till, invoice):
    till.pay(invoice, 50_00)

    with refused(OverPayment, acme) as caught:
        till.pay(invoice, 70_01)

    assert caught.value.facts == {
        "amount": 70_01,
        "currency": "GBP",
        "invoice": "INV-2026-00001",
        "open": 70_00,
    }


@pytest.mark.parametrize("amount", [None, 1])
def test_refuses_a_second_payment_where_nothing_is_owed(acme, till, invoice, amount):
    till.pay(invoice, provider_reference="chq-1")

    with refused(NothingOwed, acme) as caught:
        till.pay(invoice, amount, provider_reference="chq-2")

    assert caught.value.invoice == "INV-2026-00001"


@pytest.mark.parametrize("again", ["chq-1", " chq-1 "])
def test_takes_a_provider_reference_once(acme, till, invoice, again):
    till.pay(invoice, provider_reference="chq-1")

    with refused(ProviderReferenceTaken, acme) as caught:
        till.pay(invoice, provider_reference=again)

    assert caught.value.provider_reference == "chq-1"


def test_takes_a_provider_reference_once_also_for_another_invoice(acme, till, invoice):
    till.pay(invoice, provider_reference="chq-1")
    other = till.invoice()

    with refused(ProviderReferenceTaken, acme):
        till.pay(other, provider_reference="chq-1")


def test_lets_two_organizations_use_one_provider_reference(till, invoice, as_mallory):
    theirs = Till(as_mallory)
    theirs.pay(theirs.invoice(), provider_reference="chq-1")

    assert till.pay(invoice, provider_reference="chq-1").amount == 120_00


@pytest.mark.parametrize("amount", [0, -1, 1.5, True, "12"])
def test_refuses_what_is_no_amount(acme, till, invoice, amount):
    with refused(InvalidAmount, acme):
        till.pay(invoice, amount)


def test_refuses_an_unknown_method(acme, till, invoice):
    with refused(UnknownMethod, acme) as caught:
        till.pay(invoice, method="barter")

    assert caught.value.message == (
        "There is no payment method barter; the methods are cash, bank, card, mobile_money, wallet."
    )


@pytest.mark.parametrize("reference", ["x" * 201, "a\x00b", "a\tb", "\ufeff"])
def test_refuses_a_provider_reference_that_cannot_be_kept(acme, till, invoice, reference):
    with refused(InvalidTransaction, acme) as caught:
        till.pay(invoice, provider_reference=reference)

    assert caught.value.attr == "provider_reference"


def test_does_not_find_another_organizations_invoice(acme, invoice, as_mallory):
    with refused(InvoiceNotFound, acme):
        record_payment(actor=as_mallory, invoice=invoice, method="bank")


def test_does_not_find_an_invoice_that_is_not_there(acme, till):
    nothing = Invoice(organization=acme, id=uuid7())

    with refused(InvoiceNotFound, acme):
        till.pay(nothing)


def test_refuses_a_closed_day(acme, as_carol, till, invoice):
    close_books(actor=as_carol, through=DAY)

    with refused(BooksClosed, acme):
        till.pay(invoice)

    assert till.pay(invoice, on=DAY + timedelta(days=1)).amount == 120_00


def test_says_that_nobody_fills_the_methods_role(acme, as_alice, till, invoice):
    update_account(actor=as_alice, account=Account.objects.of(acme).get(code=CASH), role="")

    with refused(RoleUnfilled, acme) as caught:
        till.pay(invoice, method="cash")

    assert caught.value.facts == {"role": "cash", "currency": "GBP"}


def test_refuses_to_pay_an_invoice_that_was_voided(acme, till, invoice):
    till.void(invoice)

    with refused(NothingOwed, acme):
        till.pay(invoice)


def test_its_entry_is_not_voided(acme, as_carol, till, invoice):
    payment = till.pay(invoice)

    with refused(EntryBelongsToDocument, acme):
        void_entry(actor=as_carol, entry=payment.entry, on=DAY, reason="a mistake")


# --- An order paid --------------------------------------------------------------------------------


def test_paying_an_order_issues_its_invoice_first(acme, till):
    order = till.order()

    payment = pay_order(actor=till.actor, order=order, method="cash", on=LATER)

    invoice = Invoice.objects.of(acme).get(pk=payment.invoice_id)
    assert (invoice.number, invoice.issued_on, invoice.status) == ("INV-2026-00001", LATER, "paid")
    assert (payment.amount, payment.occurred_on) == (120_00, LATER)
    assert fresh(order).status == "paid"
    assert balance_at(acme, CASH) == 120_00
    actions = set(AuditEvent.objects.of(acme).values_list("action", flat=True))
    assert {"pay_order", "invoice_issued", "invoice_paid", "order_paid"} <= actions


def test_paying_an_order_that_has_an_invoice_pays_that(till, invoice):
    pay_order(actor=till.actor, order=invoice.order, method="cash", amount=20_00, on=LATER)
    payment = pay_order(actor=till.actor, order=invoice.order, method="cash", on=LATER)

    assert (payment.invoice_id, payment.amount) == (invoice.pk, 100_00)
    assert Invoice.objects.of(till.organization).count() == 1


def test_refuses_to_pay_a_draft(acme, till):
    draft = till.draft(reference="web-7")

    with refused(OrderNotLocked, acme) as caught:
        pay_order(actor=till.actor, order=draft, method="cash")

    assert caught.value.facts == {"order": "web-7", "status": "draft"}


def test_refuses_to_pay_a_cancelled_order(acme, till):
    order = till.cancel(till.order(reference="web-7"))

    with refused(OrderCancelled, acme) as caught:
        pay_order(actor=till.actor, order=order, method="cash")

    assert caught.value.order == "web-7"


def test_refuses_to_pay_an_order_twice(acme, till):
    order = till.order()
    pay_order(actor=till.actor, order=order, method="cash", on=DAY)

    with refused(NothingOwed, acme):
        pay_order(actor=till.actor, order=order, method="cash", on=DAY)


def test_issues_no_invoice_for_a_payment_that_is_refused(acme, till):
    order = till.order()

    with refused(OverPayment, acme):
        pay_order(actor=till.actor, order=order, method="cash", amount=120_01, on=DAY)


def test_does_not_find_another_organizations_order(acme, till, as_mallory):
    order = till.order()

    with refused(OrderNotFound, acme):
        pay_order(actor=as_mallory, order=order, method="cash")


# --- Taken back -----------------------------------------------------------------------------------


def test_a_payment_taken_back_opens_the_invoice_again(acme, till, invoice):
    payment = till.pay(invoice)

    debit = till.reverse(payment, on=LATER)

    assert (debit.type, debit.amount, debit.reverses_id) == ("debit", 120_00, payment.pk)
    assert (debit.reason, debit.occurred_on) == ("bounced", LATER)
    assert fresh(payment).status == "reversed"
    assert amounts_of(invoice) == (0, 0, 0, 120_00, "open")
    assert fresh(invoice.order).status == "pending"
    assert lines_of(debit) == [(RECEIVABLE, 120_00, 0), (BANK, 0, 120_00)]
    assert debit.entry.reference == f"invoice-{invoice.pk}-payment-{payment.pk}-reversal"
    assert balance_at(acme, RECEIVABLE) == 120_00


def test_takes_the_money_from_the_account_into_which_it_went(acme, as_alice, till, invoice):
    payment = till.pay(invoice)
    update_account(actor=as_alice, account=Account.objects.of(acme).get(code=BANK), role="")

    debit = till.reverse(payment)

    assert lines_of(debit)[1] == (BANK, 0, 120_00)


def test_an_invoice_is_paid_again_after_a_payment_was_taken_back(till, invoice):
    till.reverse(till.pay(invoice, provider_reference="chq-1"))

    till.pay(invoice, provider_reference="chq-2")

    assert amounts_of(invoice) == (120_00, 0, 0, 0, "paid")


def test_refuses_to_take_a_payment_back_twice(acme, till, invoice):
    payment = till.pay(invoice)
    till.reverse(payment)

    with refused(PaymentAlreadyReversed, acme) as caught:
        till.reverse(payment)

    assert caught.value.payment == str(payment.pk)


def test_refuses_to_take_back_what_was_refunded(acme, till, invoice):
    payment = till.pay(invoice)
    till.refund(invoice, 1_00)

    with refused(PaymentRefunded, acme) as caught:
        till.reverse(payment)

    assert caught.value.facts == {
        "amount": 120_00,
        "left": 119_00,
        "document": "INV-2026-00001",
    }


def test_takes_back_no_refund_and_no_debit(acme, till, invoice):
    debit = till.reverse(till.pay(invoice, 10_00))
    till.pay(invoice)
    refund = till.refund(invoice, 1_00)

    for other in (debit, refund):
        with refused(NotAPayment, acme):
            till.reverse(other)


def test_does_not_find_another_organizations_payment(acme, till, invoice, as_mallory):
    payment = till.pay(invoice)

    with refused(PaymentNotFound, acme):
        reverse_payment(actor=as_mallory, payment=payment, reason="mine")


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
def test_takes_nothing_back_without_a_reason(acme, till, invoice, reason):
    payment = till.pay(invoice)

    with refused(InvalidTransaction, acme) as caught:
        reverse_payment(actor=till.actor, payment=payment, reason=reason)

    assert caught.value.attr == "reason"


def test_takes_nothing_back_before_it_was_paid(acme, till, invoice):
    payment = till.pay(invoice, on=LATER)

    with refused(InvalidTransaction, acme) as caught:
        till.reverse(payment, on=LATER - timedelta(days=1))

    assert caught.value.attr == "on"
    assert till.reverse(payment, on=LATER).occurred_on == LATER


def test_takes_nothing_back_on_a_closed_day(acme, as_carol, till, invoice):
    payment = till.pay(invoice)
    close_books(actor=as_carol, through=DAY)

    with refused(BooksClosed, acme):
        till.reverse(payment)

    assert till.reverse(payment, on=LATER).amount == 120_00
