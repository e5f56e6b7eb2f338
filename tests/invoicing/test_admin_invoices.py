"""Invoices in the back-office: read, printed, paid, refunded, credited, voided."""

from datetime import date, timedelta
from io import BytesIO

import pytest
from django.urls import reverse
from pypdf import PdfReader

from invoicing.models import CreditNote, FinancialTransaction
from invoicing.services.customers import create_customer
from tests.invoicing.pages import follow, listed, page, text_of
from tests.invoicing.selling import DAY, Till, fresh, item


@pytest.fixture
def till(acme, as_alice):
    return Till(as_alice)


@pytest.fixture
def invoice(till):
    return till.invoice()


def test_shows_all_of_an_invoice_on_one_page(till, invoice, alice, signed_in):
    payment = till.pay(invoice, 50_00, provider_reference="HSBC-1")
    note = till.credit(invoice, 30_00)

    answer = signed_in(alice).get(page(invoice))
    shown, source = text_of(answer), answer.content.decode()

    assert "Total 120.00 GBP Paid -50.00 Credited -30.00 Open 40.00 GBP" in shown
    assert "Teapot 1 100.00 100.00 20.00 VAT 120.00" in shown
    for row in (payment, note, invoice.order):
        assert f'href="{page(row)}"' in source
    for entry_id in (invoice.entry_id, payment.entry_id, note.entry_id):
        assert reverse("admin:ledger_journalentry_change", args=[entry_id]) in source
    assert "HSBC-1" in shown
    assert page(invoice, "pdf") in source


def test_is_never_edited(invoice, olga, signed_in):
    client = signed_in(olga)

    assert client.post(page(invoice), {"due_on": "2030-01-01"}).status_code == 403
    assert client.get(f"{page(invoice)}?edit").status_code == 403
    assert client.post(page(invoice, "delete")).status_code == 403
    assert client.get("/admin/invoicing/invoice/add/").status_code == 403
    assert fresh(invoice).due_on == invoice.due_on


def test_hides_the_journal_from_those_who_may_not_read_it(invoice, dan, signed_in):
    shown = signed_in(dan).get(page(invoice)).content.decode()

    assert reverse("admin:ledger_journalentry_change", args=[invoice.entry_id]) not in shown


def test_prints_the_invoice(invoice, bob, signed_in):
    client = signed_in(bob)

    pdf = client.get(page(invoice, "pdf"))
    html = client.get(page(invoice, "html"))

    assert pdf.headers["Content-Type"] == "application/pdf"
    assert invoice.number.lower() in pdf.headers["Content-Disposition"]
    assert invoice.number in PdfReader(BytesIO(pdf.content)).pages[0].extract_text()
    assert invoice.number in text_of(html)


def test_takes_a_payment_of_what_is_open(acme, invoice, dan, signed_in):
    client = signed_in(dan)

    form = client.get(page(invoice, "pay")).content.decode()
    said = follow(
        client,
        page(invoice, "pay"),
        amount="",
        method="bank",
        provider_reference="HSBC-1",
        on="2026-03-12",
    )

    paid = FinancialTransaction.objects.of(acme).get()
    assert 'value="120.00"' in form
    assert "Payment of 120.00 GBP is taken, bank." in said
    assert (paid.amount, paid.occurred_on) == (120_00, date(2026, 3, 12))


def test_says_that_a_providers_reference_was_taken(acme, till, invoice, dan, signed_in):
    till.pay(invoice, 50_00, provider_reference="HSBC-1")

    said = follow(
        signed_in(dan),
        page(invoice, "pay"),
        amount="70",
        method="bank",
        provider_reference="HSBC-1",
    )

    assert "The provider reference HSBC-1 was taken already." in said
    assert fresh(invoice).paid_amount == 50_00


def test_says_what_is_open_where_more_is_paid(invoice, dan, signed_in):
    said = follow(signed_in(dan), page(invoice, "pay"), amount="120.01", method="bank")

    assert f"120.01 GBP cannot be paid: of {invoice.number}, 120.00 are open." in said
    assert fresh(invoice).paid_amount == 0


def test_refunds_what_was_paid(till, invoice, alice, signed_in):
    till.pay(invoice)

    said = follow(
        signed_in(alice), page(invoice, "refund"), amount="20", reason="Broken", method="cash"
    )

    assert "Refund of 20.00 GBP is paid out." in said
    assert (fresh(invoice).refunded_amount, fresh(invoice).open_amount) == (20_00, 0)


def test_says_why_a_refund_is_refused(till, invoice, alice, signed_in):
    till.pay(invoice, 50_00)
    client = signed_in(alice)

    too_much = follow(client, page(invoice, "refund"), amount="50.01", reason="Broken")
    no_reason = follow(client, page(invoice, "refund"), amount="5", reason="")

    assert f"50.01 GBP cannot be refunded: of {invoice.number}, 50.00 can be." in too_much
    assert "This field is required." in no_reason
    assert fresh(invoice).refunded_amount == 0


def test_credits_an_amount(acme, invoice, carol, signed_in):
    said = follow(
        signed_in(carol),
        page(invoice, "credit"),
        amount="12.00",
        reason="Too dear",
        reference="R-1",
    )

    note = CreditNote.objects.of(acme).get()
    assert f"Credit note {note.number} over 12.00 GBP is issued." in said
    assert (note.subtotal_amount, note.tax_amount) == (10_00, 2_00)
    assert (note.reason, note.reference) == ("Too dear", "R-1")


def test_credits_items(acme, till, carol, signed_in):
    invoice = till.invoice(item(10_00, quantity="5"), item(3_00))
    client = signed_in(carol)
    till.credit_items(invoice, (1, "2"))

    form = text_of(client.get(page(invoice, "credit")))
    follow(client, page(invoice, "credit"), reason="Sent back", **{"quantity-1": "1.5"})

    assert "Teapot 5 60.00 3" in form
    note = CreditNote.objects.of(acme).order_by("number").last()
    assert note.items.get().quantity * 10 == 15
    assert note.total_amount == 18_00


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({}, "What is credited?"),
        ({"amount": "5", "quantity-1": "1"}, "not both"),
        (
            {"amount": "120.01"},
            "120.01 GBP cannot be credited: of INV-2026-00001, 120.00 are left.",
        ),
        ({"quantity-1": "1.1"}, "cannot be credited"),
        ({"quantity-1": "-1"}, "greater than or equal to 0"),
        ({"quantity-1": "nan"}, "Enter a number"),
        ({"amount": "5", "reason": ""}, "This field is required."),
    ],
)
def test_says_why_a_credit_is_refused(acme, invoice, carol, signed_in, sent, said):
    answer = follow(signed_in(carol), page(invoice, "credit"), **{"reason": "Broken", **sent})

    assert said in answer
    assert not CreditNote.objects.of(acme).exists()


def test_voids_an_invoice(acme, invoice, alice, signed_in):
    said = follow(signed_in(alice), page(invoice, "void"), reason="Ordered twice")

    note = CreditNote.objects.of(acme).get()
    assert f"{invoice.number} is voided by Credit note {note.number}." in said
    assert fresh(invoice).status == "credited"


def test_says_that_nothing_is_left_to_void(till, invoice, alice, signed_in):
    till.void(invoice)

    assert "Nothing of" in follow(signed_in(alice), page(invoice, "void"), reason="Again")


def test_says_why_nothing_is_posted_into_closed_books(acme, as_carol, invoice, dan, signed_in):
    from ledger.services.periods import close_books

    close_books(actor=as_carol, through=date(2026, 3, 31))

    said = follow(signed_in(dan), page(invoice, "pay"), method="bank", on="2026-03-12")

    assert "closed" in said
    assert fresh(invoice).paid_amount == 0


def test_offers_the_steps_that_make_sense(till, olga, signed_in):
    client = signed_in(olga)
    unpaid, paid, credited = till.invoice(), till.invoice(), till.invoice()
    till.pay(paid)
    till.void(credited)

    def offered(invoice):
        shown = client.get(page(invoice)).content.decode()
        steps = ("pay", "refund", "credit", "void")
        return {step for step in steps if f'href="{page(invoice, step)}"' in shown}

    assert offered(unpaid) == {"pay", "credit", "void"}
    assert offered(paid) == {"refund", "credit", "void"}
    assert offered(credited) == set()


def test_lists_invoices_by_status_date_customer_and_search(acme, till, as_alice, alice, signed_in):
    customer = create_customer(actor=as_alice, name="Lindqvist AB", code="12347", country="SE")
    late = till.invoice(customer=customer, reference="WEB-9")
    today = till.invoice(on=acme.today())
    paid = till.invoice()
    till.pay(paid)
    owing = till.invoice()
    till.pay(owing)
    till.credit(owing, 20_00)
    client = signed_in(alice)

    def found(**query):
        answer = client.get(listed("invoice"), query)
        return {row.number for row in answer.context["cl"].result_list}

    assert found(status="owed") == {late.number, today.number}
    assert found(status="overdue") == {late.number}
    assert found(status="owing") == {owing.number}
    assert found(status="paid") == {paid.number, owing.number}
    assert found(status="credited") == set()
    assert found(customer="12347") == {late.number}
    assert found(q=late.number) == {late.number}
    assert found(q="web-9") == {late.number}
    assert found(issued_on_from=str(acme.today())) == {today.number}
    assert found(issued_on_to=str(DAY + timedelta(days=1))) == {
        late.number,
        paid.number,
        owing.number,
    }


def test_marks_what_is_overdue(acme, till, alice, signed_in):
    till.invoice(on=acme.today())
    client = signed_in(alice)
    mark = '<span class="ch-badge ch-bad">Overdue</span>'

    assert mark not in client.get(listed("invoice")).content.decode()
    till.invoice()

    assert client.get(listed("invoice")).content.decode().count(mark) == 1


def test_says_on_the_overview_what_is_owed_and_late(acme, till, dan, signed_in):
    till.invoice()
    till.invoice(item(50_00), on=acme.today())

    shown = text_of(signed_in(dan).get(reverse("admin:index")))

    assert "Open invoices 180.00 GBP 2 not settled" in shown
    assert "Overdue 120.00 GBP 1 past the due date" in shown
