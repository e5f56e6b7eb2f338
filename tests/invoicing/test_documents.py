"""What stands on invoices and credit notes is what was sold, taxed, paid and credited."""

from datetime import timedelta

import pytest

from invoicing.documents import credit_note_document, invoice_document, render_pdf
from invoicing.documents.content import Fact, Item, Notice, Sum, TaxRow
from invoicing.services.crediting import issue_credit_note
from invoicing.services.customers import change_customer, create_customer
from invoicing.services.profile import change_profile
from invoicing.services.refunds import refund_credit_note
from ledger.services.accounts import create_account
from tests.invoicing.reading import size_of, text_of
from tests.invoicing.selling import DAY, LATER, Till, fresh, item, statements_of

pytestmark = pytest.mark.django_db(transaction=True)

NBSP = "\u00a0"


@pytest.fixture
def till(as_alice):
    return Till(as_alice)


@pytest.fixture
def customer(as_alice):
    return create_customer(
        actor=as_alice,
        code="12583",
        name="Παπαδόπουλος & Υιοί",
        address="Οδός Ερμού 15",
        postcode="10563",
        city="Αθήνα",
        country="GR",
        tax_id="EL094259216",
    )


def sums_of(document):
    return {row.label: row.text.replace(NBSP, " ") for row in document.sums}


def facts_of(document):
    return {fact.label: fact.text for fact in document.facts}


# --- Invoices -------------------------------------------------------------------------------------


def test_an_invoice_names_both_sides_and_its_dates(as_olga, till, customer):
    change_profile(
        actor=as_olga,
        legal_name="Acme Trading Ltd",
        address="12 High Street\nLondon EC1A 1BB",
        tax_id="GB980780684",
        phone="+44 20 7946 0000",
        footer="IBAN GB33BUKB20201555555555",
    )

    document = invoice_document(till.invoice(customer=customer, reference="536365"))

    letterhead, buyer = document.letterhead, document.buyer
    assert letterhead.name == "Acme Trading Ltd"
    assert letterhead.address == ("12 High Street", "London EC1A 1BB")
    assert (letterhead.tax_id, letterhead.contact) == ("GB980780684", ("+44 20 7946 0000",))
    assert letterhead.footer == ("IBAN GB33BUKB20201555555555",)
    assert buyer is not None
    assert (buyer.name, buyer.tax_id) == ("Παπαδόπουλος & Υιοί", "EL094259216")
    assert buyer.address == ("Οδός Ερμού 15", "10563 Αθήνα", "Greece")
    assert facts_of(document) == {
        "Invoice number": "INV-2026-00001",
        "Issue date": "10 March 2026",
        "Due date": "9 April 2026",
        "Order": "536365",
        "Customer number": "12583",
        "Currency": "GBP",
    }
    assert document.notes == ("Payment terms: 30 days, due by 9 April 2026.",)


def test_its_file_reads_as_the_document_says(till, customer):
    invoice = till.invoice(
        item(2_55, quantity="1200", description="Καρδιά λευκή"), customer=customer
    )

    text = text_of(render_pdf(invoice_document(invoice)))

    for words in (
        "Invoice number INV-2026-00001",
        "Παπαδόπουλος & Υιοί",
        "1 Καρδιά λευκή 1,200 2.55 20 % 3,060.00",
        "VAT 20 % 3,060.00 612.00",
        "Subtotal 3,060.00",
        "Total GBP 3,672.00",
        "Amount due GBP 3,672.00",
    ):
        assert words in text


def test_a_line_says_what_it_costs_and_why(till):
    till.rate("PST", "7.5", compound=True)
    invoice = till.invoice(
        item(2_55, "VAT", quantity="6", sku="85123A", discount_amount=30),
        item(1_00, "VAT", "PST", quantity="0.25"),
    )

    document = invoice_document(invoice)

    assert document.items == (
        Item("1", "Teapot", "6", "2.55", "15.00", "85123A", "-0.30", f"20{NBSP}%"),
        Item("2", "Teapot", "0.25", "1.00", "0.25", "", "–", f"20{NBSP}% + 7.5{NBSP}%"),
    )
    assert document.taxes == (
        TaxRow("VAT", f"20{NBSP}%", "15.25", "3.05"),
        TaxRow("PST (on the taxes before it too)", f"7.5{NBSP}%", "0.30", "0.02"),
    )
    assert sums_of(document) == {
        "Subtotal": "15.25",
        "Tax": "3.07",
        "Total": "GBP 18.32",
        "Amount due": "GBP 18.32",
    }


def test_untaxed_lines_say_why(till, customer):
    till.rate("ZERO", "0", category="zero")
    till.rate("EXEMPT", "0", category="exempt")
    till.rate("RC", "0", category="reverse_charge")
    codes = ("ZERO", "EXEMPT", "RC")

    document = invoice_document(
        till.invoice(*(item(10_00, code) for code in codes), customer=customer)
    )

    assert [line.rates for line in document.items] == [f"0{NBSP}%", "Exempt", "Reverse charge"]
    assert [(tax.name, tax.taxable, tax.tax) for tax in document.taxes] == [
        (code, "10.00", "0.00") for code in codes
    ]
    assert document.notes[1:] == (
        "ZERO: zero-rated.",
        "EXEMPT: exempt from tax.",
        "Reverse charge: the recipient accounts for the VAT.",
    )


def test_inclusive_prices_are_said_to_be_so_and_lines_show_both_amounts(till):
    till.rate("INCL", "20", inclusive=True)

    document = invoice_document(till.invoice(item(12_00, "INCL", quantity="2")))

    [line] = document.items
    assert (line.unit, line.net, line.total) == ("12.00", "20.00", "24.00")
    assert "Unit prices include tax." in document.notes


def test_where_only_some_prices_include_tax_it_is_said_which(till):
    till.rate("INCL", "5", inclusive=True)

    document = invoice_document(till.invoice(item(12_00, "INCL", "VAT")))

    assert "Unit prices include INCL." in document.notes


def test_payments_and_credits_lower_what_is_due(till):
    invoice = till.invoice()
    till.pay(invoice, 50_00)
    till.credit(invoice, 30_00)

    document = invoice_document(fresh(invoice))

    assert document.sums[2:] == (
        Sum("Total", f"GBP{NBSP}120.00", strong=True),
        Sum("Paid", "-50.00"),
        Sum("Credited", "-30.00"),
        Sum("Amount due", f"GBP{NBSP}40.00", strong=True),
    )
    assert document.notices == ()


def test_a_paid_invoice_says_so_and_asks_for_nothing(till):
    invoice = till.invoice()
    till.pay(invoice)

    document = invoice_document(fresh(invoice))

    assert document.notices == (Notice("Paid", "good"),)
    assert document.notes == ()
    assert sums_of(document)["Amount due"] == "GBP 0.00"


def test_what_was_paid_and_then_credited_is_owed_to_the_customer(till):
    invoice = till.invoice()
    till.pay(invoice)
    till.credit(invoice, 20_00)

    assert sums_of(invoice_document(fresh(invoice)))["Owed to you"] == "GBP 20.00"


def test_an_invoice_that_was_credited_in_full_says_so(till):
    invoice = till.invoice()
    till.void(invoice)

    document = invoice_document(fresh(invoice))

    assert document.notices == (Notice("Credited in full", "bad"),)
    assert "Payment terms" not in " ".join(document.notes)


def test_terms_of_no_days_are_due_on_receipt(till):
    document = invoice_document(till.issue(till.order(), due_on=DAY))

    assert document.notes[0] == "Payment terms: due on receipt, 10 March 2026."


def test_a_tax_point_of_another_day_is_told(till):
    order = till.order(on=DAY - timedelta(days=3))

    assert Fact("Tax point", "7 March 2026") in invoice_document(till.issue(order)).facts


@pytest.mark.parametrize(
    ("currency", "due"),
    [("JPY", "JPY 1,234,568"), ("KWD", "KWD 1,234.568"), ("EUR", "EUR 12,345.68")],
)
def test_each_currency_has_its_own_decimals(as_alice, till, currency, due):
    for code, role in (("1100", "accounts_receivable"), ("4000", "sales_revenue")):
        create_account(
            actor=as_alice,
            code=f"{code}-{currency}",
            name=role,
            type="asset" if code == "1100" else "revenue",
            currency=currency,
            role=role,
        )
    till.rate("NONE", "0", category="zero")

    invoice = till.invoice(item(1_234_568, "NONE"), currency=currency)

    assert sums_of(invoice_document(invoice))["Amount due"] == due


def test_a_later_change_of_the_seller_or_the_buyer_changes_nothing(as_olga, till, customer):
    invoice = till.invoice(customer=customer)
    before = invoice_document(invoice)

    change_profile(actor=as_olga, legal_name="Renamed", address="Elsewhere", footer="New")
    change_customer(actor=as_olga, customer=customer, name="Renamed", city="Elsewhere")

    assert invoice_document(fresh(invoice)) == before


def test_the_paper_is_that_of_today(as_olga, till):
    invoice = till.invoice()

    change_profile(actor=as_olga, paper="us-letter")

    assert size_of(render_pdf(invoice_document(fresh(invoice)))) == (612, 792)


def test_a_sale_to_nobody_by_name_has_no_buyer(till):
    document = invoice_document(till.invoice())

    assert document.buyer is None
    assert "Billed to" not in text_of(render_pdf(document))


def test_many_items_take_no_more_statements_than_one(till):
    one, many = till.invoice(), till.invoice(*(item(1_00) for _ in range(40)))

    assert len(statements_of(lambda: invoice_document(fresh(many)))) == len(
        statements_of(lambda: invoice_document(fresh(one)))
    )


# --- Credit notes ---------------------------------------------------------------------------------


def test_a_credit_note_of_items_names_its_invoice_and_its_reason(till, customer):
    invoice = till.invoice(
        item(10_00, quantity="3", sku="85123A", discount_amount=3_00), customer=customer
    )

    document = credit_note_document(till.credit_items(invoice, (1, "1"), on=LATER))

    facts = facts_of(document)
    assert document.title == "Credit note"
    assert facts["Credit note number"] == "CN-2026-00001"
    assert facts["Credits invoice"] == "INV-2026-00001"
    assert facts["Invoice date"] == "10 March 2026"
    assert facts["Issue date"] == "20 March 2026"
    assert document.notes == ("Reason: too dear",)
    assert document.items == (
        Item("1", "Teapot", "1", "10.00", "9.00", "85123A", "-1.00", f"20{NBSP}%"),
    )
    assert document.taxes == (TaxRow("VAT", f"20{NBSP}%", "9.00", "1.80"),)
    assert sums_of(document) == {
        "Subtotal": "9.00",
        "Tax": "1.80",
        "Total credited": "GBP 10.80",
    }


def test_a_credit_note_of_an_amount_has_no_lines_and_its_tax_all_the_same(till):
    document = credit_note_document(till.credit(till.invoice(), 60_00))

    assert document.items == ()
    assert document.taxes == (TaxRow("VAT", f"20{NBSP}%", "50.00", "10.00"),)
    text = text_of(render_pdf(document))
    assert "Reason: too dear" in text
    assert "Total credited GBP 60.00" in text


def test_a_credit_note_of_inclusive_prices_shows_no_discount_that_was_none(till):
    till.rate("INCL", "20", inclusive=True)
    invoice = till.invoice(item(12_00, "INCL", quantity="2"))

    [line] = credit_note_document(till.credit_items(invoice, (1, "1"))).items

    assert (line.unit, line.discount, line.net, line.total) == ("12.00", "", "10.00", "12.00")


def test_a_credit_note_without_an_invoice_tells_what_is_left_of_it(as_alice, till, customer):
    credit_note = issue_credit_note(
        actor=as_alice,
        currency="GBP",
        items=[item(100_00, quantity="1")],
        reason="bought last year",
        customer=customer,
        on=DAY,
    )
    refund_credit_note(
        actor=as_alice,
        credit_note=credit_note,
        method="bank",
        reason="as asked",
        amount=20_00,
        on=DAY,
    )

    document = credit_note_document(fresh(credit_note))

    assert "Credits invoice" not in facts_of(document)
    assert sums_of(document)["Left to your credit"] == "GBP 100.00"
    [line] = document.items
    assert line.rates == f"20{NBSP}%"
