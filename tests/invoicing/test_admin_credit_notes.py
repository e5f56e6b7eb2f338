"""Credit notes in the back-office: read, printed, issued without an invoice, refunded."""

from io import BytesIO

import pytest
from django.urls import reverse
from pypdf import PdfReader

from invoicing.models import CreditNote, FinancialTransaction
from invoicing.services.crediting import issue_credit_note
from invoicing.services.customers import create_customer
from tests.invoicing.pages import follow, listed, page, rows_form, text_of
from tests.invoicing.selling import Till, fresh, item

ADD = "/admin/invoicing/creditnote/add/"
MUGS = {"description": "Mug", "quantity": "2", "price": "5.00", "taxes": ["VAT"]}


@pytest.fixture
def till(acme, as_alice):
    return Till(as_alice)


@pytest.fixture
def lindqvist_ab(as_alice):
    return create_customer(actor=as_alice, name="Lindqvist AB", code="12347", country="SE")


@pytest.fixture
def standalone(till, as_alice, lindqvist_ab):
    return issue_credit_note(
        actor=as_alice,
        currency="GBP",
        items=[item(100_00, discount_amount=10_00)],
        reason="Sold in 2025",
        customer=lindqvist_ab,
    )


def test_shows_a_credit_note_with_its_invoice_and_its_posting(till, alice, signed_in):
    invoice = till.invoice()
    note = till.credit(invoice, 12_00)

    answer = signed_in(alice).get(page(note))
    shown, source = text_of(answer), answer.content.decode()

    assert "Net 10.00 Tax 2.00 Total 12.00 GBP" in shown
    assert "too dear" in shown
    assert f'href="{page(invoice)}"' in source
    assert reverse("admin:ledger_journalentry_change", args=[note.entry_id]) in source
    assert page(note, "refund") not in source


def test_shows_the_items_of_a_standalone_one_with_what_is_not_refunded(
    standalone, alice, signed_in
):
    shown = text_of(signed_in(alice).get(page(standalone)))

    assert "Teapot 1 100.00 -10.00 90.00 18.00 108.00" in shown
    assert "Not refunded 108.00 GBP" in shown


def test_prints_a_credit_note(standalone, bob, signed_in):
    pdf = signed_in(bob).get(page(standalone, "pdf"))

    assert standalone.number in PdfReader(BytesIO(pdf.content)).pages[0].extract_text()


def test_issues_one_without_an_invoice(acme, till, lindqvist_ab, carol, signed_in):
    sent = rows_form(
        MUGS, customer="12347", reason="Sold in 2025", country="", region="", _issue="1"
    )

    answer = signed_in(carol).post(ADD, sent)

    note = CreditNote.objects.of(acme).get()
    assert answer.headers["Location"] == page(note)
    assert (note.customer, note.invoice, note.reason) == (lindqvist_ab, None, "Sold in 2025")
    assert (note.subtotal_amount, note.tax_amount) == (10_00, 2_00)


@pytest.mark.parametrize(
    ("row", "head", "said"),
    [
        (MUGS, {"reason": ""}, "This field is required."),
        ({}, {}, "they come to nothing"),
        ({**MUGS, "quantity": "-1"}, {}, "a quantity is above 0, not -1"),
        ({**MUGS, "price": "0"}, {}, "they come to nothing"),
        (MUGS, {"customer": "nobody"}, "No customer is called “nobody”."),
        (MUGS, {"on": "2026-02-30"}, "Enter a valid date."),
    ],
)
def test_says_why_a_standalone_one_is_refused(acme, till, carol, signed_in, row, head, said):
    answer = signed_in(carol).post(ADD, rows_form(row, **{"reason": "Old", "_issue": "1", **head}))

    assert answer.status_code == 200
    assert said in text_of(answer)
    assert not CreditNote.objects.of(acme).exists()


def test_refunds_a_standalone_one(acme, standalone, alice, signed_in):
    client = signed_in(alice)

    form = client.get(page(standalone, "refund")).content.decode()
    said = follow(
        client, page(standalone, "refund"), amount="100", method="bank", reason="Paid out"
    )

    assert 'value="108.00"' in form
    assert "Refund of 100.00 GBP is paid out." in said
    assert fresh(standalone).refunded_amount == 100_00
    assert FinancialTransaction.objects.of(acme).get().credit_note_id == standalone.pk


def test_says_how_much_of_one_is_left_to_refund(standalone, alice, signed_in):
    said = follow(
        signed_in(alice), page(standalone, "refund"), amount="108.01", method="bank", reason="x"
    )

    assert f"108.01 GBP cannot be refunded: of {standalone.number}, 108.00 can be." in said


def test_lists_credit_notes_by_customer_date_and_search(acme, till, standalone, alice, signed_in):
    of_invoice = till.credit(till.invoice(), 5_00)
    client = signed_in(alice)

    def found(**query):
        answer = client.get(listed("creditnote"), query)
        return {row.number for row in answer.context["cl"].result_list}

    assert found() == {standalone.number, of_invoice.number}
    assert found(customer="12347") == {standalone.number}
    assert found(issued_on_to="2026-03-31") == {of_invoice.number}
    assert found(q=of_invoice.invoice.number) == {of_invoice.number}
    assert found(q="lindq") == {standalone.number}
