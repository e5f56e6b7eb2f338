"""Payments and refunds in the back-office: looked through, receipts, taken back."""

from io import BytesIO

import pytest
from django.urls import reverse
from pypdf import PdfReader

from invoicing.models import FinancialTransaction, TransactionType
from tests.invoicing.pages import follow, listed, page, text_of
from tests.invoicing.selling import Till, fresh


@pytest.fixture
def till(acme, as_alice):
    return Till(as_alice)


@pytest.fixture
def payment(till):
    return till.pay(till.invoice(), provider_reference="HSBC-1")


def test_shows_a_payment_with_its_invoice_and_its_posting(payment, alice, signed_in):
    answer = signed_in(alice).get(page(payment))

    assert "120.00 GBP" in text_of(answer)
    assert "HSBC-1" in text_of(answer)
    assert f'href="{page(payment.invoice)}"' in answer.content.decode()
    entry = reverse("admin:ledger_journalentry_change", args=[payment.entry_id])
    assert entry in answer.content.decode()


def test_prints_the_receipt_of_a_payment(payment, dan, signed_in):
    client = signed_in(dan)

    pdf = client.get(page(payment, "pdf"))

    assert page(payment, "pdf") in client.get(page(payment)).content.decode()
    assert "Receipt" in PdfReader(BytesIO(pdf.content)).pages[0].extract_text()


def test_a_refund_has_no_receipt(till, payment, alice, signed_in):
    refund = till.refund(payment.invoice, 5_00)
    client = signed_in(alice)

    assert page(refund, "pdf") not in client.get(page(refund)).content.decode()
    assert client.get(page(refund, "pdf")).status_code == 404


def test_takes_a_payment_back(acme, payment, alice, signed_in):
    client = signed_in(alice)

    said = follow(client, page(payment, "take_back"), reason="Cheque bounced")

    assert "The payment is taken back; its invoice is open again." in said
    debit = FinancialTransaction.objects.of(acme).get(type=TransactionType.DEBIT)
    assert (debit.reverses_id, debit.reason) == (payment.pk, "Cheque bounced")
    assert fresh(payment.invoice).open_amount == 120_00
    assert page(debit) in client.get(page(payment)).content.decode()
    assert page(payment) in client.get(page(debit)).content.decode()


def test_says_why_a_payment_cannot_be_taken_back(till, payment, alice, signed_in):
    till.refund(payment.invoice, 20_00)
    client = signed_in(alice)

    refunded = follow(client, page(payment, "take_back"), reason="x")
    other = till.pay(till.invoice())
    till.reverse(other)
    again = follow(client, page(other, "take_back"), reason="x")

    assert "Payment of 120.00 cannot be taken back: 100.00 of what was paid" in refunded
    assert "has been taken back already" in again
    assert page(other, "take_back") not in client.get(page(other)).content.decode()


def test_is_a_list_only(payment, olga, signed_in):
    client = signed_in(olga)

    assert client.get("/admin/invoicing/financialtransaction/add/").status_code == 403
    assert client.post(page(payment), {"amount": "1"}).status_code == 403
    assert client.post(page(payment, "delete")).status_code == 403
    assert FinancialTransaction.objects.filter(pk=payment.pk).exists()


def test_lists_by_type_method_date_and_search(acme, till, payment, alice, signed_in):
    refund = till.refund(payment.invoice, 5_00, method="cash", on=acme.today())
    client = signed_in(alice)

    def found(**query):
        answer = client.get(listed("financialtransaction"), query)
        return {row.pk for row in answer.context["cl"].result_list}

    assert found() == {payment.pk, refund.pk}
    assert found(type__exact="refund") == {refund.pk}
    assert found(method__exact="bank") == {payment.pk}
    assert found(occurred_on_to="2026-03-31") == {payment.pk}
    assert found(q="hsbc-1") == {payment.pk}
    assert found(q=payment.invoice.number) == {payment.pk, refund.pk}


def test_shows_what_went_out_below_zero(till, payment, alice, signed_in):
    till.refund(payment.invoice, 5_00)

    shown = text_of(signed_in(alice).get(listed("financialtransaction")))

    assert "-5.00 GBP" in shown
    assert "120.00 GBP" in shown
