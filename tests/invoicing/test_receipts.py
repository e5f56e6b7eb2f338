"""Receipts, and the public page that confirms them to whoever holds one."""

from uuid import uuid4

import pytest
from django.core.signing import Signer
from django.test import Client

from invoicing import views
from invoicing.documents import (
    read_receipt_token,
    receipt_document,
    receipt_token,
    render_html,
    render_pdf,
)
from invoicing.documents.content import Notice
from invoicing.documents.tokens import check_characters, sign_receipt
from invoicing.errors import ForgedReceipt, NotAPayment
from invoicing.services.customers import create_customer
from invoicing.services.profile import change_profile
from tests.invoicing.reading import qr_of, text_of
from tests.invoicing.selling import LATER, Till, fresh

pytestmark = pytest.mark.django_db(transaction=True)

BASE = "https://books.example.com"
NOT_GENUINE = "This receipt is not genuine"


@pytest.fixture
def till(as_alice):
    return Till(as_alice)


@pytest.fixture
def customer(as_alice):
    return create_customer(actor=as_alice, name="Marta Nowak", email="marta@example.com")


@pytest.fixture
def invoice(till, customer):
    """120.00"""
    return till.invoice(customer=customer)


@pytest.fixture
def payment(till, invoice):
    """50.00 of it, by bank."""
    return till.pay(invoice, 50_00, provider_reference="tr-1")


@pytest.fixture
def look():
    """look(token) → the status, and the text of the page."""

    def look_at(token):
        answer = Client().get(f"/r/{token}")
        return answer.status_code, answer.content.decode().replace("\u00a0", " ")

    return look_at


# --- The receipt ----------------------------------------------------------------------------------


def test_a_receipt_says_what_was_paid_and_what_is_still_open(payment):
    text = text_of(render_pdf(receipt_document(payment, base_url=BASE)))

    for words in (
        "Receipt",
        "Received from Marta Nowak",
        "Paid on 10 March 2026",
        "Method Bank",
        "For invoice INV-2026-00001",
        "Payment reference tr-1",
        f"Receipt number {payment.pk}",
        "Amount received GBP 50.00",
        "Invoice total GBP 120.00",
        "Still open GBP 70.00",
        check_characters(receipt_token(payment)),
    ):
        assert words in text


def test_its_qr_code_leads_from_the_printed_page_to_the_ledger_entry(payment, look):
    link = qr_of(render_pdf(receipt_document(payment, base_url=f"{BASE}/")))

    base, _, token = link.rpartition("/r/")
    assert base == BASE
    assert read_receipt_token(token) == (payment.organization_id, payment.entry_id)
    status, page = look(token)
    assert status == 200
    assert "This receipt is genuine" in page


def test_a_receipt_of_a_payment_that_bounced_says_so(till, payment):
    till.reverse(payment, on=LATER)

    document = receipt_document(fresh(payment), base_url=BASE)

    assert document.notices == (Notice("This payment was taken back on 20 March 2026", "bad"),)


def test_there_is_no_receipt_of_a_refund(till, invoice, payment):
    with pytest.raises(NotAPayment):
        receipt_document(till.refund(fresh(invoice), 10_00), base_url=BASE)


def test_the_page_of_a_receipt_holds_the_code_without_style_or_script(payment):
    page = render_html(receipt_document(payment, base_url=BASE))

    assert page.count("<svg ") == 1
    assert f'href="{BASE}/r/{receipt_token(payment)}"' in page
    assert "style=" not in page
    assert "<script" not in page


# --- The token ------------------------------------------------------------------------------------


def test_a_token_is_short_and_safe_in_an_address(payment):
    token = receipt_token(payment)

    assert len(token) == 87
    assert set(token) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")


@pytest.mark.parametrize("at", [*range(0, 87, 6), 42, 85, 86])
def test_one_changed_character_is_found_out(payment, look, at):
    token = receipt_token(payment)
    other = "A" if token[at] != "A" else "B"

    forged = f"{token[:at]}{other}{token[at + 1 :]}"

    with pytest.raises(ForgedReceipt):
        read_receipt_token(forged)
    status, page = look(forged)
    assert status == 404
    assert NOT_GENUINE in page


def test_a_token_signed_with_another_key_is_forged(payment, look, settings):
    token = receipt_token(payment)

    settings.SECRET_KEY = "another"

    assert look(token)[0] == 404


def test_a_token_signed_before_the_key_was_changed_stays_genuine(payment, look, settings):
    token = receipt_token(payment)

    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another", [settings.SECRET_KEY]

    assert look(token)[0] == 200


def test_what_was_signed_for_something_else_is_no_receipt(payment):
    ids = receipt_token(payment).partition(".")[0]

    with pytest.raises(ForgedReceipt):
        read_receipt_token(Signer(sep=".", salt="something.else").sign(ids))


def test_the_signature_of_another_organization_does_not_fit(payment, mallory_ltd, look):
    ids, _, _ = sign_receipt(mallory_ltd.pk, payment.entry_id).partition(".")
    signature = receipt_token(payment).partition(".")[2]

    assert look(f"{ids}.{signature}")[0] == 404


def test_an_entry_is_looked_for_in_its_own_organization_only(payment, mallory_ltd, look):
    status, page = look(sign_receipt(mallory_ltd.pk, payment.entry_id))

    assert status == 404
    assert NOT_GENUINE in page


def test_an_entry_that_is_no_payment_has_no_receipt(invoice, till, payment, look):
    refund = till.refund(fresh(invoice), 10_00)

    for entry_id in (invoice.entry_id, refund.entry_id, uuid4()):
        assert look(sign_receipt(invoice.organization_id, entry_id))[0] == 404


@pytest.mark.parametrize(
    "garbage",
    [
        "",
        "x",
        "/",
        "a/b/../c",
        "." * 87,
        "A" * 87,
        "A" * 43 + "." + "A" * 43,
        "A" * 10_000,
        "%00" * 87,
        "%0A",
        "%FF%FE",
        "ä" * 87,
        "%F0%9F%92%A9",
        "{{7*7}}",
        "'; DROP TABLE x; --",
        "<script>alert(1)</script>",
        "=" * 86 + ".",
    ],
)
def test_garbage_gets_the_plain_page(db, look, garbage):
    status, page = look(garbage)

    assert status == 404
    assert NOT_GENUINE in page
    assert "<script" not in page


def test_half_a_surrogate_pair_is_no_token():
    with pytest.raises(ForgedReceipt):
        read_receipt_token("\ud800" * 87)


# --- The page -------------------------------------------------------------------------------------


def test_it_confirms_seller_amount_date_method_and_invoice(as_olga, till, look, customer):
    change_profile(actor=as_olga, legal_name="Acme Trading Ltd")
    payment = till.pay(till.invoice(customer=customer), 50_00)

    status, page = look(receipt_token(payment))

    assert status == 200
    for words in (
        "This receipt is genuine",
        "Acme Trading Ltd",
        "GBP 50.00",
        "10 March 2026",
        "Bank",
        "INV-2026-00001",
        check_characters(receipt_token(payment)),
    ):
        assert words in page


def test_it_names_no_customer_and_tells_nothing_else_of_the_invoice(payment, look):
    _, page = look(receipt_token(payment))

    for secret in ("Marta", "marta@example.com", "120.00", "70.00", "tr-1", "Teapot", "refund"):
        assert secret not in page


def test_a_payment_that_was_taken_back_is_gone(till, payment, look):
    till.reverse(payment, on=LATER)

    status, page = look(receipt_token(payment))

    assert status == 410
    assert "Genuine, but the payment was taken back" in page
    assert "The payment was taken back on 20 March 2026." in page


def test_a_part_that_was_refunded_since_is_told_with_its_amount(till, invoice, payment, look):
    till.refund(fresh(invoice), 20_00, on=LATER)

    status, page = look(receipt_token(payment))

    assert status == 200
    assert "Genuine, but partly refunded since" in page
    assert "On 20 March 2026, GBP 20.00 was refunded." in page
    assert "genuine</h1>" not in page


def test_what_was_refunded_in_full_is_gone(till, invoice, payment, look):
    till.refund(fresh(invoice), on=LATER)

    status, page = look(receipt_token(payment))

    assert status == 410
    assert "Genuine, but refunded since" in page
    assert "On 20 March 2026, GBP 50.00 was refunded." in page


def test_a_credit_note_since_is_told_with_its_number(till, invoice, payment, look):
    till.credit(fresh(invoice), 30_00, on=LATER)

    status, page = look(receipt_token(payment))

    assert status == 200
    assert (
        "On 20 March 2026, GBP 30.00 of the invoice was credited by credit note CN-2026-00001."
        in page
    )


def test_what_was_refunded_before_a_payment_came_is_not_held_against_it(
    till, invoice, payment, look
):
    till.refund(fresh(invoice), 50_00)

    later = till.pay(fresh(invoice), 10_00)

    status, page = look(receipt_token(later))
    assert status == 200
    assert "refunded" not in page


def test_it_is_for_everybody_and_leaves_nothing_behind(payment):
    answer = Client().get(f"/r/{receipt_token(payment)}")

    assert not answer.cookies
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert "style=" not in answer.content.decode()
    assert "<script" not in answer.content.decode()


def test_a_page_that_is_not_genuine_is_not_kept_either(db):
    answer = Client().get("/r/x")

    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert not answer.cookies


def test_nothing_can_be_sent_to_it(payment):
    assert Client().post(f"/r/{receipt_token(payment)}").status_code == 405


def test_a_name_of_markup_is_text(as_olga, till, look):
    change_profile(actor=as_olga, legal_name="<script>alert(1)</script> & Co")
    payment = till.pay(till.invoice())

    _, page = look(receipt_token(payment))

    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; Co" in page


def test_an_address_that_asks_too_often_has_to_wait(payment, monkeypatch):
    monkeypatch.setattr(views, "REQUESTS_PER_MINUTE", 3)
    client = Client(REMOTE_ADDR="203.0.113.7")
    address = f"/r/{receipt_token(payment)}"

    statuses = [client.get(address).status_code for _ in range(8)]

    # A new minute may have begun once in between.
    assert 429 in statuses
    answer = client.get(address)
    while answer.status_code != 429:
        answer = client.get(address)
    assert 0 < int(answer.headers["Retry-After"]) <= 61
    assert "It says nothing about the receipt" in answer.content.decode()
    assert Client(REMOTE_ADDR="203.0.113.8").get(address).status_code == 200
