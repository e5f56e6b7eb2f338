"""The statement of a customer and the ageing of all, as pages and files."""

import csv
import io
from datetime import timedelta

import pytest
from django.urls import reverse
from openpyxl import load_workbook
from pypdf import PdfReader

from invoicing.services.customers import create_customer
from tests.invoicing.pages import text_of
from tests.invoicing.selling import DAY, LATER, Till, item


@pytest.fixture
def till(acme, as_alice):
    return Till(as_alice)


@pytest.fixture
def lindqvist_ab(as_alice):
    return create_customer(actor=as_alice, name="Lindqvist AB", code="12347", country="SE")


@pytest.fixture
def invoice(till, lindqvist_ab):
    """Of 120.00, half of it paid ten days later."""
    found = till.invoice(customer=lindqvist_ab, reference="WEB-1")
    till.pay(found, 60_00, on=LATER)
    return found


def statement_of(customer):
    return reverse("admin:customer_statement", args=[customer.pk])


AGEING = "/admin/ageing/"


def test_tells_a_customers_account_from_day_to_day(invoice, lindqvist_ab, bob, signed_in):
    shown = text_of(signed_in(bob).get(statement_of(lindqvist_ab)))

    assert "Opening balance 0.00" in shown
    assert f"10 Mar 2026 Invoice {invoice.number} WEB-1 9 Apr 2026 120.00 120.00" in shown
    assert "Closing balance 120.00 60.00 60.00" in shown


def test_tells_a_statement_of_the_days_asked_for(invoice, lindqvist_ab, alice, signed_in):
    asked = {"since": "2026-03-15", "until": "2026-03-31"}

    shown = text_of(signed_in(alice).get(statement_of(lindqvist_ab), asked))

    assert "15 Mar 2026 Opening balance 120.00" in shown
    assert "31 Mar 2026 Closing balance 0.00 60.00 60.00" in shown


def test_says_that_a_period_is_the_wrong_way_round(invoice, lindqvist_ab, alice, signed_in):
    asked = {"since": "2026-03-31", "until": "2026-03-15"}

    answer = signed_in(alice).get(statement_of(lindqvist_ab), asked)

    assert answer.status_code == 200
    assert "2026-03-31" in text_of(answer)
    assert "Closing balance" not in text_of(answer)


def test_gives_the_statement_as_files(invoice, lindqvist_ab, alice, signed_in):
    client = signed_in(alice)

    def file(format):
        return client.get(statement_of(lindqvist_ab), {"format": format})

    letter = PdfReader(io.BytesIO(file("pdf").content)).pages[0].extract_text()
    rows = list(csv.reader(io.StringIO(file("csv").getvalue().decode("utf-8-sig"))))
    sheet = load_workbook(io.BytesIO(file("xlsx").getvalue())).worksheets[0]

    assert "Lindqvist AB" in letter
    assert invoice.number in letter
    assert any(invoice.number in row for row in rows)
    assert any(invoice.number in map(str, row) for row in sheet.values)


def test_ages_what_is_open_and_ties_with_the_ledger(acme, till, invoice, bob, signed_in):
    till.invoice(item(50_00), on=acme.today())
    asked = {"as_of": str(DAY + timedelta(days=45))}
    client = signed_in(bob)

    then = text_of(client.get(AGEING, asked))
    now = text_of(client.get(AGEING))

    assert "Lindqvist AB 12347 60.00 60.00" in then
    assert "It ties with the ledger." in then
    assert "Walk-in sales 60.00 60.00" in now


def test_ages_one_customer(till, invoice, lindqvist_ab, alice, signed_in):
    till.invoice()
    client = signed_in(alice)

    shown = text_of(client.get(AGEING, {"customer": "12347"}))
    nobody = client.get(AGEING, {"customer": "nobody"})

    assert "Lindqvist AB" in shown
    assert "Walk-in sales" not in shown
    assert "No customer is called “nobody”." in text_of(nobody)


def test_gives_the_ageing_as_files(invoice, alice, signed_in):
    client = signed_in(alice)

    for format in ("pdf", "xlsx", "csv"):
        answer = client.get(AGEING, {"format": format})
        assert answer.status_code == 200
        assert f".{format}" in answer.headers["Content-Disposition"]
    rows = list(csv.reader(io.StringIO(client.get(AGEING, {"format": "csv"}).getvalue().decode())))
    assert any("Lindqvist AB" in row for row in rows)


def test_leads_from_the_ageing_to_the_statement(invoice, lindqvist_ab, alice, signed_in):
    shown = signed_in(alice).get(AGEING, {"as_of": "2026-04-30"}).content.decode()

    assert f'href="{statement_of(lindqvist_ab)}?until=2026-04-30"' in shown


def test_a_cashier_sees_neither(invoice, lindqvist_ab, dan, signed_in):
    client = signed_in(dan)

    assert client.get(AGEING).status_code == 403
    assert client.get(statement_of(lindqvist_ab)).status_code == 403
    assert AGEING not in client.get("/admin/").content.decode()


def test_another_organizations_customer_is_not_there(invoice, lindqvist_ab, mallory, signed_in):
    client = signed_in(mallory)

    assert client.get(statement_of(lindqvist_ab)).status_code == 404
    assert "Lindqvist" not in text_of(client.get(AGEING))


@pytest.mark.parametrize(
    "query",
    [
        {"as_of": "0001-01-01"},
        {"as_of": "9999-12-31"},
        {"as_of": "x"},
        {"known_at": "9999-12-31T23:59"},
        {"known_at": "0001-01-01T00:00"},
        {"customer": "\x00"},
        {"format": "exe"},
        {"since": "9999-12-31", "until": "0001-01-01"},
        {"since": "0001-01-01", "until": "9999-12-31", "format": "csv"},
    ],
)
def test_bears_any_parameters(invoice, lindqvist_ab, olga, signed_in, query):
    client = signed_in(olga)

    assert client.get(AGEING, query).status_code == 200
    assert client.get(statement_of(lindqvist_ab), query).status_code == 200
