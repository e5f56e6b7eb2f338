"""Documents as pages say what their files say, and no text in them can act."""

from dataclasses import replace
from datetime import date
from html.parser import HTMLParser

import pytest

from invoicing.documents import render_html, render_pdf, statement_document
from invoicing.documents.content import Buyer, Fact, Letterhead, Notice, TaxRow
from invoicing.documents.pdf import MOST_MOVEMENTS
from invoicing.selectors.statements import Statement, customer_statement
from invoicing.services.customers import create_customer
from ledger.errors import ReportTooLong
from tests.invoicing.reading import items, pages_of, sale, square_logo, text_of
from tests.invoicing.selling import DAY, LATER, Till, item

ATTACK = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


class Page(HTMLParser):
    """The elements and the words of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.extend(data.split())

    @property
    def text(self) -> str:
        return " ".join(self.words)


@pytest.fixture
def till(as_alice):
    return Till(as_alice)


@pytest.fixture
def customer(as_alice):
    return create_customer(actor=as_alice, code="C-7", name="Lindqvist AB", country="SE")


def test_a_page_says_what_the_file_says():
    document = sale(
        2,
        facts=(Fact("Invoice number", "INV-7"), Fact("Due date", "9 April 2026")),
        notices=(Notice("Paid", "good"),),
        notes=("Export: zero-rated.",),
        items=items(2, sku="85123A", discount="-1.00", total="12.00"),
    )

    page, file = Page(render_html(document)).text, text_of(render_pdf(document))

    for words in (
        "Acme Ltd 12 High Street London VAT GB123456789",
        "Billed to Lindqvist AB",
        "Invoice number INV-7 Due date 9 April 2026",
        "Paid",
        "# SKU Description Quantity Unit price Discount Tax Net Total",
        "2 85123A Teapot 2 of all 1 10.00 -1.00 20 % 10.00 12.00",
        "VAT 20 % 20.00 4.00",
        "Total GBP 24.00",
        "Export: zero-rated.",
    ):
        assert words in page
        assert words in file


def test_columns_that_no_line_needs_are_left_out():
    page = Page(render_html(sale(items=items(1)))).text

    assert "# Description Quantity Unit price Tax Net 1 Teapot" in page


def test_no_text_becomes_an_element():
    head = Letterhead(ATTACK, (ATTACK,), ATTACK, (ATTACK,), (ATTACK,))
    document = sale(
        number=ATTACK,
        letterhead=head,
        buyer=Buyer(ATTACK, (ATTACK,), ATTACK),
        facts=(Fact(ATTACK, ATTACK),),
        notices=(Notice(ATTACK, "bad"),),
        notes=(ATTACK,),
        items=(replace(items(1)[0], description=ATTACK, sku=ATTACK, rates=ATTACK),),
        taxes=(TaxRow(ATTACK, "1", "1", "1"),),
    )

    page = Page(render_html(document))

    assert {tag for tag, _ in page.elements}.isdisjoint({"script", "img"})
    assert not [name for _, names in page.elements for name in names if name.startswith("on")]
    assert page.text.count("<script>alert(1)</script>") >= 14


def test_a_page_needs_neither_style_nor_script_of_its_own():
    page = Page(render_html(sale(3)))

    assert {tag for tag, _ in page.elements}.isdisjoint({"script", "style"})
    assert not [names for _, names in page.elements if "style" in names]
    sheets = [names["href"] for tag, names in page.elements if names.get("rel") == "stylesheet"]
    assert sheets == ["/static/countinghouse/documents.css"]


def test_a_logo_stands_in_the_page_itself():
    page = Page(render_html(sale(letterhead=Letterhead("Acme Ltd", logo=square_logo()))))

    [picture] = [names for tag, names in page.elements if tag == "img"]
    assert (picture["src"] or "").startswith("data:image/svg+xml;base64,")
    assert picture["alt"] == "Acme Ltd"


# --- Statements -----------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_statement_has_opening_movements_closing_and_ages(acme, till, customer):
    early = till.invoice(item(10_00), customer=customer, on=date(2026, 1, 5))
    till.invoice(item(100_00), customer=customer, reference="536365")
    till.pay(early, 5_00, on=LATER, provider_reference="tr-9")
    statement = customer_statement(acme, customer, since=DAY, until=date(2026, 3, 31))

    document = statement_document(statement)

    for said in (text_of(render_pdf(document)), Page(render_html(document)).text):
        for words in (
            "Statement of account",
            "Lindqvist AB Sweden",
            "From 10 March 2026 To 31 March 2026",
            "10 March 2026 Opening balance 12.00",
            "10 March 2026 Invoice INV-2026-00002 536365, due 9 April 2026 120.00 132.00",
            "20 March 2026 Payment INV-2026-00001 Bank, tr-9 5.00 127.00",
            "31 March 2026 Closing balance 120.00 5.00 127.00",
        ):
            assert words in said
    assert {part.label: part.text for part in document.accounts[0].ageing} == {
        "Not due": "120.00",
        "1–30 days": "0.00",
        "31–60 days": "7.00",
        "61–90 days": "0.00",
        "Over 90": "0.00",
    }
    assert document.filename == "statement-c-7-2026-03-31"


@pytest.mark.django_db(transaction=True)
def test_what_is_owed_to_the_customer_is_said_to_be_so(acme, till, customer):
    invoice = till.invoice(customer=customer)
    till.pay(invoice)
    till.credit(invoice, 20_00)

    document = statement_document(customer_statement(acme, customer, since=None, until=LATER))

    assert document.notes == ("A balance below zero is in your favour.",)
    assert document.accounts[0].closing.balance == "-20.00"
    assert document.accounts[0].ageing[-1] == Fact("Unapplied", "-20.00")
    assert Fact("From", "the beginning") in document.facts


@pytest.mark.django_db
def test_an_empty_account_says_so(acme, customer):
    document = statement_document(Statement(acme, customer, None, DAY, ()))

    assert "There is nothing on this account." in text_of(render_pdf(document))
    assert "There is nothing on this account." in Page(render_html(document)).text


@pytest.mark.django_db(transaction=True)
def test_a_long_statement_repeats_its_head_and_keeps_its_closing_balance_company(
    acme, till, customer
):
    till.invoice(customer=customer)
    statement = statement_document(customer_statement(acme, customer, since=None, until=LATER))
    [account] = statement.accounts
    [movement] = account.movements
    for count in range(30, 46):
        longer = replace(account, movements=(movement,) * count)

        pages = pages_of(render_pdf(replace(statement, accounts=(longer,))))

        assert all("Movement Number Details" in page for page in pages if "Invoice INV" in page)
        closing = next(page for page in pages if "Closing balance" in page)
        assert "Invoice INV-2026-00001" in closing


@pytest.mark.django_db(transaction=True)
def test_a_statement_of_too_many_movements_is_no_file_for_people(acme, till, customer):
    till.invoice(customer=customer)
    statement = statement_document(customer_statement(acme, customer, since=None, until=LATER))
    [account] = statement.accounts
    longer = replace(account, movements=account.movements * (MOST_MOVEMENTS + 1))

    with pytest.raises(ReportTooLong):
        render_pdf(replace(statement, accounts=(longer,)))
