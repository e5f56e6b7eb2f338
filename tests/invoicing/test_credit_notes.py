"""Credit notes: over an amount, over items, over all that is left; and those without an invoice."""

from datetime import date, timedelta
from decimal import Decimal
from functools import partial

import pytest

from invoicing.errors import (
    CreditNoteReferenceTaken,
    EntryBelongsToDocument,
    InvalidAmount,
    InvalidCreditNote,
    InvalidRevenueAccount,
    InvalidTransaction,
    InvoiceNotFound,
    ItemOverCredit,
    NothingToCredit,
    OverCredit,
    SeriesNotFound,
    TaxRateNotValid,
    UnknownCustomer,
)
from invoicing.models import CreditNote, InvoicingProfile
from invoicing.selectors.tax_rates import get_tax_rate
from invoicing.services.crediting import credit_invoice, issue_credit_note
from invoicing.services.customers import change_customer, create_customer
from invoicing.services.orders import ItemDraft
from invoicing.services.tax_rates import delete_tax_rate
from ledger.errors import BooksClosed, RoleUnfilled
from ledger.models import Account
from ledger.selectors.balances import balance_at
from ledger.services.accounts import update_account
from ledger.services.entries import void_entry
from ledger.services.periods import close_books
from organizations.models import AuditEvent
from tests.invoicing.selling import (
    DAY,
    DELIVERY,
    LATER,
    RECEIVABLE,
    RETURNS,
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
def invoice(till):
    """120.00, of which 20.00 are tax."""
    return till.invoice(item(100_00))


def amounts(note):
    return note.subtotal_amount, note.tax_amount, note.total_amount


def rates_of(note):
    return [(line.code, line.taxable_amount, line.tax_amount) for line in note.tax_lines.all()]


def items_of(note):
    return [
        (line.description, line.quantity, line.net_amount, line.tax_amount)
        for line in note.items.all()
    ]


# --- An amount ------------------------------------------------------------------------------------


def test_credits_an_amount_with_its_share_of_the_tax(acme, till, invoice):
    note = till.credit(invoice, 30_00, on=LATER)

    assert (note.number, note.issued_on, note.reason) == ("CN-2026-00001", LATER, "too dear")
    assert amounts(note) == (25_00, 5_00, 30_00)
    assert rates_of(note) == [("VAT", 25_00, 5_00)]
    assert not note.items.exists()
    now = fresh(invoice)
    assert (now.credited_amount, now.open_amount, now.status) == (30_00, 90_00, "partially_paid")
    assert balance_at(acme, RECEIVABLE) == 90_00


def test_posts_returns_and_tax_against_receivable(till, invoice):
    note = till.credit(invoice, 30_00)

    assert lines_of(note) == [(RETURNS, 25_00, 0), (TAX, 5_00, 0), (RECEIVABLE, 0, 30_00)]
    assert note.entry.reference == f"invoice-{invoice.pk}-credit-note-{note.pk}"
    assert (note.entry.reference_type, note.entry.reference_id) == ("invoice", str(invoice.pk))
    assert note.entry.description == "Credit note CN-2026-00001 to INV-2026-00001"


def test_returns_the_row_as_it_stands_in_the_database(till, invoice):
    note = till.credit(invoice, 30_00)

    stored = fresh(note)
    for field in CreditNote._meta.concrete_fields:
        assert getattr(note, field.attname) == getattr(stored, field.attname), field.name


def test_splits_an_amount_over_rates_by_what_is_left_of_each(till):
    till.rate("LOW", "5")
    invoice = till.invoice(item(100_00), item(100_00, "LOW"))

    note = till.credit(invoice, 22_50)

    # 225.00 = 200.00 + 20.00 + 5.00, and a tenth of each.
    assert amounts(note) == (20_00, 2_50, 22_50)
    assert rates_of(note) == [("VAT", 10_00, 2_00), ("LOW", 10_00, 50)]


def test_leaves_no_penny_of_three_thirds(till):
    till.rate("A", "7")
    till.rate("B", "11")
    invoice = till.invoice(item(33_33, "A"), item(33_33, "B"), item(33_34, "A", "B"))
    total = invoice.total_amount

    notes = [till.credit(invoice, total // 3) for _ in range(2)]
    notes.append(till.void(invoice))

    assert sum(note.subtotal_amount for note in notes) == invoice.subtotal_amount
    assert sum(note.tax_amount for note in notes) == invoice.tax_amount
    sold = {line.code: line for line in invoice.order.tax_lines.all()}
    for code in ("A", "B"):
        lines = [note.tax_lines.get(code=code) for note in notes]
        assert sum(line.tax_amount for line in lines) == sold[code].tax_amount
        assert sum(line.taxable_amount for line in lines) == sold[code].taxable_amount


def test_takes_back_of_an_items_own_revenue_account(acme, till):
    invoice = till.invoice(item(90_00), item(10_00, revenue_account=DELIVERY))

    note = till.credit(invoice, 12_00)

    assert lines_of(note) == [
        (RETURNS, 9_00, 0),
        (DELIVERY, 1_00, 0),
        (TAX, 2_00, 0),
        (RECEIVABLE, 0, 12_00),
    ]


def test_takes_nothing_more_of_an_account_of_which_all_is_credited(till):
    invoice = till.invoice(item(90_00), item(10_00, revenue_account=DELIVERY))
    till.credit_items(invoice, (2, "1"))

    note = till.credit(invoice, 54_00)

    assert lines_of(note) == [(RETURNS, 45_00, 0), (TAX, 9_00, 0), (RECEIVABLE, 0, 54_00)]


def test_credits_a_compound_tax_with_what_it_was_charged_on(till):
    till.rate("GST", "5")
    till.rate("PST", "10", compound=True)
    invoice = till.invoice(item(100_00, "GST", "PST"))  # 100.00 + 5.00 + 10.50

    note = till.credit(invoice, 11_55)

    assert rates_of(note) == [("GST", 10_00, 50), ("PST", 10_50, 1_05)]


def test_names_a_rate_that_charges_nothing(till):
    till.rate("AE", "0", category="exempt")
    invoice = till.invoice(item(50_00, "AE"))

    note = till.credit(invoice, 20_00)

    assert rates_of(note) == [("AE", 20_00, 0)]
    assert lines_of(note) == [(RETURNS, 20_00, 0), (RECEIVABLE, 0, 20_00)]


def test_credits_with_the_rates_of_the_invoice_when_they_are_gone(acme, till, invoice):
    delete_tax_rate(actor=till.actor, tax_rate=get_tax_rate(acme, "VAT"))

    note = till.credit_items(invoice, (1, "0.5"))

    assert amounts(note) == (50_00, 10_00, 60_00)
    assert note.tax_lines.get().percentage == 20


# --- Items ----------------------------------------------------------------------------------------


def test_credits_quantities_of_items(till):
    invoice = till.invoice(
        item(10_00, quantity="6", description="Mugs"), item(99, quantity="3", description="Pens")
    )

    note = till.credit_items(invoice, (1, "2"), (2, "1"))

    assert items_of(note) == [
        ("Mugs", Decimal(2), 20_00, 4_00),
        ("Pens", Decimal(1), 99, 20),
    ]
    assert amounts(note) == (20_99, 4_20, 25_19)
    assert rates_of(note) == [("VAT", 20_99, 4_20)]


def test_credits_items_under_a_rate_that_is_called_null(till):
    till.rate("NULL", "5")
    invoice = till.invoice(item(100_00, "NULL", "VAT", quantity="2"))

    note = till.credit_items(invoice, (1, "1"))

    assert rates_of(note) == [("NULL", 100_00, 5_00), ("VAT", 100_00, 20_00)]
    assert amounts(note) == (100_00, 25_00, 125_00)


def test_credits_a_part_of_a_unit(till):
    invoice = till.invoice(item(18_90, quantity="0.35"))  # 6.615 → 6.62, and 1.32

    first = till.credit_items(invoice, (1, "0.1"))
    rest = till.credit_items(invoice, (1, "0.25"))

    assert amounts(first) == (1_89, 38, 2_27)
    assert amounts(rest) == (4_73, 94, 5_67)


def test_credits_the_share_of_a_discount(till):
    invoice = till.invoice(item(10_00, quantity="3", discount_amount=1_00))

    notes = [till.credit_items(invoice, (1, "1")) for _ in range(3)]

    # A third of the discount is 33⅓ pence: 0.33, then 0.34, and at last what is left.
    assert [note.subtotal_amount for note in notes] == [9_67, 9_66, 9_67]
    assert sum(note.total_amount for note in notes) == invoice.total_amount


def test_credits_prices_that_include_tax(till):
    till.rate("INCL", "20", inclusive=True)
    invoice = till.invoice(item(12_00, "INCL", quantity="2"))

    note = till.credit_items(invoice, (1, "1"))

    assert amounts(note) == (10_00, 2_00, 12_00)


def test_credits_all_items_to_the_last_penny(till):
    till.rate("ODD", "17.5")
    invoice = till.invoice(*[item(n, "ODD", quantity="3") for n in (33, 77, 1_01)])

    notes = [till.credit_items(invoice, *[(n, "1") for n in (1, 2, 3)]) for _ in range(3)]

    now = fresh(invoice)
    assert (now.credited_amount, now.status) == (invoice.total_amount, "credited")
    assert sum(note.tax_amount for note in notes) == invoice.tax_amount


def test_credits_what_amounts_have_left_of_the_items(till):
    invoice = till.invoice(item(50_00, description="Pot"), item(50_00, description="Lid"))
    till.credit(invoice, 60_00)  # half of everything

    note = till.credit_items(invoice, (1, "1"), (2, "1"))

    assert items_of(note) == [("Pot", 1, 25_00, 5_00), ("Lid", 1, 25_00, 5_00)]
    assert fresh(invoice).status == "credited"


def test_follows_the_rounding_of_the_order(acme, till):
    InvoicingProfile.objects.create(organization=acme, rounding="line")
    invoice = till.invoice(item(12, quantity="4"), item(12, quantity="4"))

    note = till.credit_items(invoice, (1, "1"), (2, "1"))

    assert note.tax_amount == 2 + 2  # 2.4 pence on each line; together 4.8 would be 5


# --- All that is left -----------------------------------------------------------------------------


def test_voids_an_unpaid_invoice_and_cancels_its_order(acme, till, invoice):
    note = till.void(invoice)

    assert amounts(note) == (100_00, 20_00, 120_00)
    now = fresh(invoice)
    assert (now.status, now.open_amount) == ("credited", 0)
    order = fresh(invoice.order)
    assert (order.status, order.cancelled_at is None) == ("cancelled", False)
    assert balance_at(acme, RECEIVABLE) == balance_at(acme, TAX) == 0


def test_voids_what_partial_credits_and_payments_have_left(till, invoice):
    till.credit(invoice, 10_00)
    till.pay(invoice, 40_00)

    note = till.void(invoice)

    assert note.total_amount == 110_00
    now = fresh(invoice)
    assert (now.status, now.open_amount) == ("credited", -40_00)
    assert fresh(invoice.order).status == "paid"


# --- What is refused ------------------------------------------------------------------------------


def test_refuses_one_penny_more_than_is_left(acme, till, invoice):
    till.credit(invoice, 20_00)

    with refused(OverCredit, acme) as caught:
        till.credit(invoice, 100_01)

    assert caught.value.facts == {
        "amount": 100_01,
        "currency": "GBP",
        "invoice": "INV-2026-00001",
        "left": 100_00,
    }


def test_refuses_to_credit_what_was_credited(acme, till, invoice):
    till.void(invoice)

    with refused(NothingToCredit, acme) as caught:
        till.void(invoice)
    assert caught.value.invoice == "INV-2026-00001"
    with refused(NothingToCredit, acme):
        till.credit(invoice, 1)


def test_refuses_to_credit_what_costs_nothing(acme, till):
    free = till.invoice(item(0))

    with refused(NothingToCredit, acme):
        till.void(free)
    with refused(NothingToCredit, acme):
        till.credit_items(free, (1, "1"))


def test_refuses_one_more_of_an_item_than_is_left(acme, till):
    invoice = till.invoice(item(10_00, quantity="6", description="Mugs"))
    till.credit_items(invoice, (1, "4"))

    with refused(ItemOverCredit, acme) as caught:
        till.credit_items(invoice, (1, "3"))

    assert caught.value.facts == {
        "quantity": "3",
        "item": "Mugs",
        "invoice": "INV-2026-00001",
        "left": "2",
    }


def test_refuses_items_of_which_amounts_have_left_nothing(acme, till):
    invoice = till.invoice(item(10_00), item(20_00, tax_codes=[]))
    till.credit_items(invoice, (2, "1"))
    till.credit(invoice, 12_00)

    with refused(NothingToCredit, acme):
        till.credit_items(invoice, (1, "1"))


@pytest.mark.parametrize(
    "quantity", ["0", "-1", "NaN", "Infinity", "0.0000001", "1" * 40, "1E+999999"]
)
def test_refuses_what_is_no_quantity(acme, till, invoice, quantity):
    with refused(InvalidCreditNote, acme) as caught:
        till.credit_items(invoice, (1, quantity))

    assert caught.value.attr == "items"


@pytest.mark.parametrize("items", [[], [(2, "1")], [(0, "1")], [(1, "0.5"), (1, "0.5")]], ids=str)
def test_refuses_items_that_are_not_there_or_there_twice(acme, till, invoice, items):
    with refused(InvalidCreditNote, acme) as caught:
        till.credit_items(invoice, *items)

    assert caught.value.attr == "items"


@pytest.mark.parametrize("amount", [0, -1, 1.5, True])
def test_refuses_what_is_no_amount(acme, till, invoice, amount):
    with refused(InvalidAmount, acme):
        till.credit(invoice, amount)


@pytest.mark.parametrize("given", [{}, {"amount": 1, "items": []}])
def test_wants_an_amount_or_items(acme, till, invoice, given):
    with refused(InvalidCreditNote, acme):
        till.credit(invoice, **given)


@pytest.mark.parametrize("reason", ["", " ", "x" * 501, "a\x00b", "a\x1bb", "\u200b"])
def test_wants_a_reason(acme, till, invoice, reason):
    with refused(InvalidTransaction, acme) as caught:
        till.credit(invoice, 1, reason=reason)

    assert caught.value.attr == "reason"


def test_refuses_a_day_before_the_issue(acme, till, invoice):
    with refused(InvalidCreditNote, acme) as caught:
        till.credit(invoice, 1, on=DAY - timedelta(days=1))

    assert caught.value.message == (
        "on: INV-2026-00001 was issued on 2026-03-10, which is after 2026-03-09."
    )


def test_refuses_a_closed_day_and_uses_up_no_number(acme, as_carol, till, invoice):
    till.credit(invoice, 1_00)
    close_books(actor=as_carol, through=DAY)

    with refused(BooksClosed, acme):
        till.credit(invoice, 1_00)

    assert till.credit(invoice, 1_00, on=LATER).number == "CN-2026-00002"


def test_refuses_an_unknown_series(acme, till, invoice):
    with refused(SeriesNotFound, acme) as caught:
        till.credit(invoice, 1_00, series="web")

    assert caught.value.facts == {"kind": "credit note", "series": "web"}


def test_says_that_nobody_fills_the_role_of_returns(acme, as_alice, till, invoice):
    update_account(actor=as_alice, account=Account.objects.of(acme).get(code=RETURNS), role="")

    with refused(RoleUnfilled, acme) as caught:
        till.credit(invoice, 1_00)

    assert caught.value.role == "sales_returns"


def test_does_not_find_another_organizations_invoice(acme, invoice, as_mallory):
    with refused(InvoiceNotFound, acme):
        credit_invoice(actor=as_mallory, invoice=invoice, amount=1, reason="mine")


# --- What it leaves -------------------------------------------------------------------------------


def test_leaves_its_audit_row_and_its_event(acme, till, invoice):
    note = till.credit(invoice, 30_00)

    told = {e.action: e for e in AuditEvent.objects.of(acme).filter(subject_type="creditnote")}
    assert set(told) == {"credit_invoice", "credit_note_issued"}
    assert told["credit_note_issued"].subject_ids == [note.pk]
    assert told["credit_note_issued"].facts == {
        "credit_note": str(note.pk),
        "number": "CN-2026-00001",
        "invoice": str(invoice.pk),
        "total_amount": 30_00,
        "currency": "GBP",
        "reason": "too dear",
    }


def test_sends_as_many_statements_for_a_hundred_items_as_for_one(till):
    invoices = [till.invoice(*[item(100 + n) for n in range(count)]) for count in (1, 100)]
    till.void(till.invoice())  # the series and its counter
    for invoice in invoices:
        till.credit(invoice, 1)

    by_items = [
        len(statements_of(partial(till.credit_items, invoice, (1, "0.5")))) for invoice in invoices
    ]
    by_amount = [len(statements_of(partial(till.void, invoice))) for invoice in invoices]

    assert by_items[0] == by_items[1]
    assert by_amount[0] == by_amount[1]


def test_its_entry_is_not_voided(acme, as_carol, till, invoice):
    note = till.credit(invoice, 30_00)

    with refused(EntryBelongsToDocument, acme):
        void_entry(actor=as_carol, entry=note.entry, on=DAY, reason="a mistake")


# --- Without an invoice ---------------------------------------------------------------------------


def give(till, *items, **others):
    given = {"currency": "GBP", "reason": "sold last year", "on": DAY, **others}
    return issue_credit_note(actor=till.actor, items=items or [item(10_00)], **given)


def test_gives_credit_for_items_as_an_invoice_would_charge_them(acme, till):
    note = give(till, item(10_00, quantity="2"), item(5_00, revenue_account=DELIVERY))

    assert (note.invoice_id, note.number) == (None, "CN-2026-00001")
    assert amounts(note) == (25_00, 5_00, 30_00)
    assert rates_of(note) == [("VAT", 25_00, 5_00)]
    assert items_of(note) == [("Teapot", 2, 20_00, 4_00), ("Teapot", 1, 5_00, 1_00)]
    assert lines_of(note) == [
        (RETURNS, 20_00, 0),
        (DELIVERY, 5_00, 0),
        (TAX, 5_00, 0),
        (RECEIVABLE, 0, 30_00),
    ]
    assert note.entry.reference == f"credit-note-{note.pk}-issuance"
    assert (note.entry.reference_type, note.entry.reference_id) == ("credit-note", str(note.pk))
    assert balance_at(acme, RECEIVABLE) == -30_00


def test_is_taxed_with_the_rates_of_the_place_on_the_day_of_the_sale(till):
    till.rate("GB-15", "15", country="GB", valid_to=date(2009, 12, 31))
    till.rate("GB-175", "17.5", country="GB", valid_from=date(2010, 1, 1))
    of_the_place = ItemDraft("Old teapot", Decimal(1), 100_00)

    then = give(till, of_the_place, country="GB", taxed_on=date(2009, 6, 1))
    now = give(till, of_the_place, country="GB")

    assert (rates_of(then), rates_of(now)) == (
        [("GB-15", 100_00, 15_00)],
        [("GB-175", 100_00, 17_50)],
    )


def test_is_given_to_a_customer_who_buys_no_more(acme, till):
    customer = create_customer(actor=till.actor, name="Lindqvist Ltd")
    change_customer(actor=till.actor, customer=customer, active=False)

    note = give(till, customer=customer)

    assert note.customer_id == customer.pk
    assert note.snapshot["buyer"]["name"] == "Lindqvist Ltd"
    assert note.entry.description == "Credit note CN-2026-00001, Lindqvist Ltd"


def test_takes_a_reference_once(acme, till):
    give(till, reference=" C536379 ")

    with refused(CreditNoteReferenceTaken, acme) as caught:
        give(till, reference="C536379")

    assert caught.value.reference == "C536379"


def test_refuses_items_that_come_to_nothing(acme, till):
    with refused(InvalidCreditNote, acme):
        give(till, item(0))
    with refused(InvalidCreditNote, acme):
        issue_credit_note(actor=till.actor, currency="GBP", items=[], reason="nothing")


def test_refuses_a_rate_that_did_not_hold(acme, till):
    till.rate("OLD", "15", valid_to=date(2009, 12, 31))

    with refused(TaxRateNotValid, acme):
        give(till, item(10_00, "OLD"))


def test_refuses_an_account_that_takes_no_revenue(acme, till):
    with refused(InvalidRevenueAccount, acme):
        give(till, item(10_00, revenue_account="1000"))


def test_refuses_another_organizations_customer(acme, till, as_mallory):
    theirs = create_customer(actor=as_mallory, name="Mallory's")

    with refused(UnknownCustomer, acme):
        give(till, customer=theirs)
