"""Issuing: the number, the posting, the claim on the customer; and what is refused."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial

import pytest

from core.errors import Invalid
from invoicing.errors import (
    DueBeforeIssue,
    EntryBelongsToDocument,
    OrderAlreadyInvoiced,
    OrderCancelled,
    OrderNotFound,
    OrderNotLocked,
    OverPayment,
    SeriesNotFound,
)
from invoicing.models import Invoice, InvoicingProfile, NumberCounter
from invoicing.services.customers import change_customer, create_customer
from invoicing.services.issuing import invoice_order, issue_invoice
from invoicing.services.orders import ItemDraft
from invoicing.services.paying import PaymentDraft
from ledger.errors import BooksClosed, RoleUnfilled
from ledger.models import Account, JournalEntry
from ledger.selectors.balances import balance_at
from ledger.services.accounts import update_account
from ledger.services.entries import void_entry
from ledger.services.periods import close_books
from organizations.models import AuditEvent
from organizations.services.settings import change_settings
from tests.invoicing.selling import (
    DAY,
    DELIVERY,
    RECEIVABLE,
    SALES,
    TAX,
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
def lindqvist(as_alice):
    return create_customer(
        actor=as_alice,
        code="17850",
        name="Lindqvist Ltd",
        address="1 Long Lane",
        city="Leeds",
        country="GB",
        email="accounts@lindqvist.example",
        payment_terms_days=14,
    )


# --- What an invoice is ---------------------------------------------------------------------------


def test_gives_the_number_and_the_amounts_of_the_order(till):
    order = till.order(item(100_00))

    invoice = till.issue(order)

    assert (invoice.number, invoice.fiscal_year, invoice.sequence) == ("INV-2026-00001", 2026, 1)
    assert (invoice.subtotal_amount, invoice.tax_amount) == (100_00, 20_00)
    assert (invoice.total_amount, invoice.open_amount, invoice.status) == (120_00, 120_00, "open")
    assert (invoice.order_id, invoice.issued_on) == (order.pk, DAY)


def test_returns_the_row_as_it_stands_in_the_database(till, lindqvist):
    invoice = till.invoice(customer=lindqvist)

    stored = fresh(invoice)
    for field in Invoice._meta.concrete_fields:
        assert getattr(invoice, field.attname) == getattr(stored, field.attname), field.name


def test_posts_receivable_revenue_and_tax(acme, till):
    invoice = till.invoice(item(100_00))

    assert lines_of(invoice) == [
        (RECEIVABLE, 120_00, 0),
        (SALES, 0, 100_00),
        (TAX, 0, 20_00),
    ]
    entry = invoice.entry
    assert entry.reference == f"invoice-{invoice.pk}-issuance"
    assert (entry.reference_type, entry.reference_id) == ("invoice", str(invoice.pk))
    assert (entry.effective_on, entry.total_amount) == (DAY, 120_00)
    assert balance_at(acme, RECEIVABLE) == 120_00


def test_says_number_and_customer_in_the_entry(till, lindqvist):
    invoice = till.invoice(customer=lindqvist)

    assert invoice.entry.description == "Invoice INV-2026-00001, Lindqvist Ltd"


def test_says_the_number_alone_of_a_sale_over_the_counter(till):
    assert till.invoice().entry.description == "Invoice INV-2026-00001"


def test_posts_revenue_by_account_and_rates_and_tax_by_rate(till):
    till.rate("LOW", "5")

    invoice = till.invoice(
        item(100_00),
        item(40_00),
        item(10_00, "LOW"),
        item(6_00, revenue_account=DELIVERY),
    )

    assert lines_of(invoice) == [
        (RECEIVABLE, 185_70, 0),
        (SALES, 0, 140_00),
        (SALES, 0, 10_00),
        (DELIVERY, 0, 6_00),
        (TAX, 0, 29_20),  # 20 % of 146.00
        (TAX, 0, 50),
    ]


def test_names_the_rates_in_the_lines(till):
    till.rate("CITY", "2", compound=True)

    invoice = till.invoice(item(100_00, "VAT", "CITY"))

    described = [line.description for line in invoice.entry.lines.all()]
    assert described == [invoice.number, "VAT, CITY", "VAT", "CITY"]


def test_posts_to_an_items_account_by_its_id_when_its_code_has_changed(as_alice, acme, till):
    order = till.order(item(6_00, revenue_account=DELIVERY))
    delivery = Account.objects.of(acme).get(code=DELIVERY)
    update_account(actor=as_alice, account=delivery, code="4025")

    invoice = till.issue(order)

    assert lines_of(invoice)[1] == ("4025", 0, 6_00)


def test_gives_a_line_to_no_amount_of_zero(till):
    till.rate("ZERO", "0")

    invoice = till.invoice(item(100_00, "ZERO"), item(5_00, discount_amount=5_00))

    assert lines_of(invoice) == [(RECEIVABLE, 100_00, 0), (SALES, 0, 100_00)]


def test_posts_nothing_for_what_costs_nothing_and_calls_it_paid(acme, till):
    invoice = till.invoice(item(0))

    assert (invoice.number, invoice.status, invoice.entry_id) == ("INV-2026-00001", "paid", None)
    assert fresh(invoice.order).status == "paid"
    assert not JournalEntry.objects.of(acme).exists()


def test_freezes_seller_and_buyer(as_alice, acme, till, lindqvist):
    InvoicingProfile.objects.create(
        organization=acme, legal_name="Acme Limited", tax_id="GB123456789", footer="Pay soon"
    )
    invoice = till.invoice(customer=lindqvist)

    change_customer(actor=as_alice, customer=lindqvist, name="Lindqvist & Sons")

    assert fresh(invoice).snapshot == {
        "seller": {
            "name": "Acme Limited",
            "address": "",
            "tax_id": "GB123456789",
            "email": "",
            "phone": "",
            "website": "",
            "footer": "Pay soon",
            "country": "",
        },
        "buyer": {
            "code": "17850",
            "name": "Lindqvist Ltd",
            "address": "1 Long Lane",
            "postcode": "",
            "city": "Leeds",
            "region": "",
            "country": "GB",
            "tax_id": "",
            "email": "accounts@lindqvist.example",
        },
    }


def test_names_the_organization_where_there_is_no_profile_and_no_buyer(till):
    snapshot = till.invoice().snapshot

    assert (snapshot["seller"]["name"], snapshot["buyer"]) == ("Acme Ltd", None)


# --- Dates ----------------------------------------------------------------------------------------


def test_is_due_after_the_customers_terms(till, lindqvist):
    assert till.invoice(customer=lindqvist).due_on == DAY + timedelta(days=14)


def test_is_due_after_the_organizations_terms_where_the_customer_has_none(acme, till):
    assert till.invoice().due_on == DAY + timedelta(days=30)
    InvoicingProfile.objects.create(organization=acme, payment_terms_days=0)
    assert till.invoice().due_on == DAY


def test_is_due_when_it_is_said(till):
    assert till.issue(till.order(), due_on=date(2026, 5, 1)).due_on == date(2026, 5, 1)


def test_refuses_a_due_date_before_the_issue(acme, till):
    order = till.order()

    with refused(DueBeforeIssue, acme) as caught:
        till.issue(order, due_on=date(2026, 3, 9))

    assert caught.value.facts == {"issued_on": "2026-03-10", "due_on": "2026-03-09"}


@pytest.mark.parametrize("price", [100_00, 0])
def test_refuses_a_day_after_which_there_is_none_to_be_due_on(acme, till, price):
    order = till.order(item(price))

    with refused(Invalid, acme):
        till.issue(order, on=date.max)


def test_is_issued_today_in_the_organizations_time_zone(acme, as_olga, till):
    change_settings(actor=as_olga, time_zone="Pacific/Auckland")
    till.organization.refresh_from_db()
    order = till.order()

    invoice = issue_invoice(
        actor=till.actor, order=order, now=datetime(2026, 6, 30, 13, 0, tzinfo=UTC)
    )

    assert invoice.issued_on == date(2026, 7, 1)


# --- What is refused ------------------------------------------------------------------------------


def test_refuses_a_draft(acme, till):
    draft = till.draft(reference="web-7")

    with refused(OrderNotLocked, acme) as caught:
        till.issue(draft)

    assert caught.value.facts == {"order": "web-7", "status": "draft"}


def test_refuses_a_cancelled_order(acme, till):
    order = till.order(reference="web-7")
    till.cancel(order)

    with refused(OrderCancelled, acme) as caught:
        till.issue(order)

    assert caught.value.order == "web-7"


def test_refuses_an_order_that_has_been_invoiced(acme, till):
    order = till.order(reference="web-7")
    till.issue(order)

    with refused(OrderAlreadyInvoiced, acme) as caught:
        till.issue(order)

    assert caught.value.facts == {"order": "web-7", "invoice": "INV-2026-00001"}


def test_refuses_an_order_whose_invoice_was_paid(acme, till):
    order = till.order()
    till.pay(till.issue(order))

    with refused(OrderAlreadyInvoiced, acme):
        till.issue(order)


def test_does_not_find_another_organizations_order(acme, till, as_mallory):
    order = till.order()

    with refused(OrderNotFound, acme):
        issue_invoice(actor=as_mallory, order=order, issued_on=DAY)


def test_refuses_an_unknown_series(acme, till):
    order = till.order()

    with refused(SeriesNotFound, acme) as caught:
        till.issue(order, series="web")

    assert caught.value.facts == {"kind": "invoice", "series": "web"}


def test_uses_up_no_number_in_a_closed_period(acme, as_carol, till):
    till.invoice()
    order = till.order()
    close_books(actor=as_carol, through=DAY)

    with refused(BooksClosed, acme):
        till.issue(order)

    assert till.issue(order, on=DAY + timedelta(days=1)).number == "INV-2026-00002"


def test_makes_no_series_for_a_first_invoice_that_is_refused(acme, as_carol, till):
    order = till.order()
    close_books(actor=as_carol, through=DAY)

    with refused(BooksClosed, acme):
        till.issue(order)

    assert not NumberCounter.objects.of(acme).exists()


@pytest.mark.parametrize("role", ["accounts_receivable", "sales_revenue", "tax_payable"])
def test_says_which_role_nobody_fills(acme, as_alice, till, role):
    order = till.order()
    update_account(actor=as_alice, account=Account.objects.of(acme).get(role=role), role="")

    with refused(RoleUnfilled, acme) as caught:
        till.issue(order)

    assert caught.value.facts == {"role": role, "currency": "GBP"}


def test_needs_no_tax_account_without_tax(acme, as_alice, till):
    order = till.order(item(100_00, tax_codes=[]))
    account = Account.objects.of(acme).get(role="tax_payable")
    update_account(actor=as_alice, account=account, role="")

    assert till.issue(order).total_amount == 100_00


def test_refuses_a_currency_without_accounts(acme, till):
    order = till.order(currency="EUR")

    with refused(RoleUnfilled, acme) as caught:
        till.issue(order)

    assert caught.value.facts == {"role": "accounts_receivable", "currency": "EUR"}


# --- What it leaves -------------------------------------------------------------------------------


def test_leaves_its_audit_row_and_its_event(acme, alice, till):
    AuditEvent.objects.of(acme).exists()
    invoice = till.invoice(reference="web-7")

    told = {e.action: e for e in AuditEvent.objects.of(acme).filter(subject_type="invoice")}
    assert set(told) == {"issue_invoice", "invoice_issued"}
    assert told["invoice_issued"].subject_ids == [invoice.pk]
    assert told["invoice_issued"].facts == {
        "invoice": str(invoice.pk),
        "number": "INV-2026-00001",
        "order": str(invoice.order_id),
        "total_amount": 120_00,
        "currency": "GBP",
    }
    assert told["issue_invoice"].user_id == alice.pk
    assert told["issue_invoice"].after["due_on"] == "2026-04-09"


def test_tells_that_what_costs_nothing_is_paid(acme, till):
    till.invoice(item(0))

    actions = set(AuditEvent.objects.of(acme).values_list("action", flat=True))
    assert {"invoice_issued", "invoice_paid", "order_paid"} <= actions


def test_sends_as_many_statements_for_a_hundred_items_as_for_one(acme, till):
    till.invoice()  # the series and its counter
    orders = [till.order(*[item(100 + n) for n in range(count)]) for count in (1, 100)]

    one, hundred = (statements_of(partial(till.issue, order)) for order in orders)

    assert one == hundred
    assert len(one) == 6


def test_its_entry_is_not_voided(acme, as_carol, till):
    invoice = till.invoice()

    with refused(EntryBelongsToDocument, acme) as caught:
        void_entry(actor=as_carol, entry=invoice.entry, on=DAY, reason="a mistake")

    assert caught.value.reference == f"invoice-{invoice.pk}-issuance"


# --- Order, lock and issue in one call ------------------------------------------------------------


def sold(unit_amount=100_00):
    return [ItemDraft("Teapot", Decimal(1), unit_amount, tax_codes=["VAT"])]


def test_invoices_an_order_in_one_transaction(acme, till, lindqvist):
    invoice = invoice_order(
        actor=till.actor,
        currency="GBP",
        items=sold(),
        customer=lindqvist,
        reference="web-7",
        metadata={"basket": 7},
        country="GB",
        issued_on=DAY,
    )

    order = fresh(invoice.order)
    assert (invoice.status, order.status, order.reference) == ("open", "pending", "web-7")
    assert (order.taxed_on, order.country, order.metadata) == (DAY, "GB", {"basket": 7})
    assert invoice.customer_id == lindqvist.pk


def test_takes_a_payment_with_the_sale(acme, till):
    invoice = invoice_order(
        actor=till.actor,
        currency="GBP",
        items=sold(),
        issued_on=DAY,
        payment=PaymentDraft("cash", provider_reference="slip-1"),
    )

    assert (invoice.status, invoice.paid_amount, invoice.open_amount) == ("paid", 120_00, 0)
    assert fresh(invoice.order).status == "paid"
    [payment] = invoice.transactions.all()
    assert (payment.occurred_on, payment.provider_reference) == (DAY, "slip-1")
    assert balance_at(acme, "1000") == 120_00


def test_leaves_no_order_where_the_payment_is_refused(acme, till):
    with refused(OverPayment, acme):
        invoice_order(
            actor=till.actor,
            currency="GBP",
            items=sold(),
            issued_on=DAY,
            payment=PaymentDraft("cash", amount=120_01),
        )


def test_leaves_no_order_in_a_closed_period(acme, as_carol, till):
    close_books(actor=as_carol, through=DAY)

    with refused(BooksClosed, acme):
        invoice_order(actor=till.actor, currency="GBP", items=sold(), issued_on=DAY)
