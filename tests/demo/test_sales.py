"""Reading the sales file: what each line is worth, and what becomes of a dirty one."""

from datetime import date
from decimal import Decimal

import pytest

from demo.sales import SaleLine, UnreadableSale, read_lines, read_sales, sales_of, vat_amount

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"


def line(
    invoice="536365",
    quantity=1,
    price="1.00",
    customer="17850",
    country="United Kingdom",
    sold_on=date(2010, 12, 1),
):
    return SaleLine(
        invoice, "85123A", "A thing", quantity, Decimal(price), sold_on, customer, country
    )


def only_document(*lines):
    [document] = sales_of(lines).documents
    return document


def test_adds_up_an_invoice_of_the_file_to_the_penny():
    # 536365: 6×2.55 + 6×3.39 + 8×2.75 + 6×3.39 + 6×3.39 + 2×7.65 + 6×4.25 = 139.12
    [document] = [d for d in read_sales().documents if d.number == "536365"]

    assert document.net_amount == 139_12
    assert document.tax_amount == 24_35  # 24.346
    assert document.gross_amount == 163_47
    assert document.reference == "invoice-536365"
    assert document.sold_on == date(2010, 12, 1)


def test_counts_what_the_file_holds():
    sales = read_sales()

    assert sales.line_count == 9_911
    assert len(sales.documents) == 466
    assert sum(document.is_credit_note for document in sales.documents) == 43
    assert sales.documents_without_money == 45
    assert sales.lines_without_money == 46


def test_adds_up_the_file():
    documents = read_sales().documents
    invoices = [document for document in documents if not document.is_credit_note]
    credit_notes = [document for document in documents if document.is_credit_note]

    assert sum(document.net_amount for document in invoices) == 183_515_38
    assert sum(document.net_amount for document in credit_notes) == 3_580_58
    assert (
        sum(document.tax_amount for document in invoices)
        - sum(document.tax_amount for document in credit_notes)
        == 28_736_08
    )


@pytest.mark.parametrize(
    ("net", "vat"),
    [(20, 4), (1_00, 18), (2_00, 35), (3, 1), (2, 0), (10_02, 1_75), (139_12, 24_35)],
)
def test_rounds_vat_half_up_on_the_invoice(net, vat):
    # 17.5 % of 0.20 is 3.5 pence, of 1.00 it is 17.5, of 10.02 it is 175.35.
    assert vat_amount(net, "United Kingdom") == vat


def test_charges_no_vat_on_exports():
    assert vat_amount(100_00, "EIRE") == 0


def test_mirrors_a_cancellation():
    sold = only_document(line(quantity=2, price="0.50"))
    cancelled = only_document(line("C536366", quantity=-2, price="0.50"))

    assert (cancelled.net_amount, cancelled.tax_amount) == (sold.net_amount, sold.tax_amount)
    assert cancelled.is_credit_note
    assert cancelled.reference == "credit-note-C536366"


def test_rounds_fractions_of_a_penny_once_on_the_invoice():
    # Each line by itself would round to 0.13; together they are 0.375.
    document = only_document(*[line(price="0.125")] * 3)

    assert document.net_amount == 38


def test_leaves_out_lines_without_money():
    sales = sales_of([line(price="0"), line(quantity=3, price="2.10"), line(quantity=0)])

    [document] = sales.documents
    assert document.net_amount == 6_30
    assert len(document.lines) == 1
    assert sales.lines_without_money == 2


def test_skips_and_counts_an_invoice_without_money():
    sales = sales_of([line("1", price="0"), line("2", quantity=-10, price="0"), line("3")])

    assert [document.number for document in sales.documents] == ["3"]
    assert sales.documents_without_money == 2


def test_skips_an_invoice_whose_lines_cancel_out():
    sales = sales_of([line(quantity=1), line(quantity=-1)])

    assert sales.documents == ()
    assert sales.documents_without_money == 1


def test_dates_an_invoice_by_its_first_line():
    document = only_document(
        line(sold_on=date(2010, 12, 1)), line(sold_on=date(2010, 12, 2)), line()
    )

    assert document.sold_on == date(2010, 12, 1)


def test_refuses_an_invoice_of_two_customers():
    with pytest.raises(UnreadableSale, match="536365 has more than one customer"):
        sales_of([line(customer="17850"), line(customer="13047")])


@pytest.mark.parametrize(("number", "quantity"), [("536365", -1), ("C536365", 1)])
def test_refuses_a_document_with_the_wrong_sign(number, quantity):
    with pytest.raises(UnreadableSale, match="wrong sign"):
        sales_of([line(number, quantity=quantity)])


@pytest.mark.parametrize(
    "row",
    [
        "536365,1,Mug,six,12/1/2010 8:26,2.55,17850,United Kingdom",
        "536365,1,Mug,6,2010-12-01,2.55,17850,United Kingdom",
        "536365,1,Mug,6,12/1/2010 8:26,NaN,17850,United Kingdom",
        "536365,1,Mug,6,12/1/2010 8:26,two pounds,17850,United Kingdom",
        "536365,1,Mug",
    ],
)
def test_names_the_line_that_it_cannot_read(row):
    good = "536365,1,Mug,6,12/1/2010 8:26,2.55,17850,United Kingdom\n"

    with pytest.raises(UnreadableSale, match=r"^line 3:"):
        list(read_lines([HEADER, good, row + "\n"]))


def test_reads_descriptions_with_commas_and_quotes():
    row = '536365,1,"RECORD FRAME 7"", SINGLE ",6,12/1/2010 8:26,2.55,,France\n'

    [read] = read_lines([HEADER, row])

    assert read.description == 'RECORD FRAME 7", SINGLE'
    assert read.customer == ""
