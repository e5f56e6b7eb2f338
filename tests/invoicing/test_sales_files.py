"""Reading a sales file: which documents its lines make, and what is said of the dirty ones."""

import tracemalloc
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from invoicing.imports.documents import Omission, Outcome, SalesDocument, Scope, documents_of
from invoicing.imports.lines import BadLine, NotASalesFile, SalesLine, read_lines
from invoicing.imports.sample_payments import SamplePayment, with_sample_payments
from tests.invoicing.sales_files import HEADING, SALES_FILE

GOOD = "536365,1,Mug,6,12/1/2010 8:26,2.55,17850,United Kingdom"


def row(number: str = "536365", **others: str) -> str:
    cells = {
        "sku": "85123A",
        "description": "A thing",
        "quantity": "1",
        "moment": "12/1/2010 8:26",
        "price": "1.00",
        "customer": "17850",
        "country": "United Kingdom",
    } | others
    return ",".join([number, *cells.values()])


def read(*rows: str | bytes, currency: str = "GBP") -> list[SalesLine | BadLine]:
    lines = [HEADING, *rows]
    return list(
        read_lines([(x if isinstance(x, bytes) else x.encode()) + b"\n" for x in lines], currency)
    )


def documents(*rows: str | bytes) -> list[SalesDocument | Omission]:
    return list(documents_of(read(*rows)))


def only_document(*rows: str) -> SalesDocument:
    [document] = documents(*rows)
    assert isinstance(document, SalesDocument)
    return document


def refusals(*rows: str | bytes) -> list[tuple[int, str, str, str]]:
    return [
        (found.line, found.document, found.scope.value, found.code)
        for found in documents(*rows)
        if isinstance(found, Omission) and found.outcome is Outcome.REFUSED
    ]


def test_adds_up_an_invoice_of_the_real_file_to_the_penny() -> None:
    with SALES_FILE.open("rb") as file:
        found = next(iter(documents_of(read_lines(file, "GBP"))))

    # 6×2.55 + 6×3.39 + 8×2.75 + 6×3.39 + 6×3.39 + 2×7.65 + 6×4.25
    assert isinstance(found, SalesDocument)
    assert (found.number, found.net_amount, found.day) == ("536365", 139_12, date(2010, 12, 1))
    assert (found.customer, found.country) == ("17850", "GB")
    assert (found.first_line, found.last_line) == (2, 8)
    assert found.lines[0].description == "WHITE HANGING HEART T-LIGHT HOLDER"


def test_counts_what_the_real_file_holds() -> None:
    with SALES_FILE.open("rb") as file:
        found = list(documents_of(read_lines(file, "GBP")))

    made = [x for x in found if isinstance(x, SalesDocument)]
    omitted = [x for x in found if isinstance(x, Omission)]
    assert len(made) == 466
    assert sum(document.is_cancellation for document in made) == 43
    assert {x.outcome for x in omitted} == {Outcome.LEFT_OUT}
    assert sum(x.scope is Scope.LINE for x in omitted) == 46
    assert sum(x.scope is Scope.DOCUMENT for x in omitted) == 45
    assert sum(d.net_amount for d in made if not d.is_cancellation) == 183_515_38
    assert sum(d.net_amount for d in made if d.is_cancellation) == 3_580_58


def test_reads_descriptions_with_commas_quotes_and_odd_blanks() -> None:
    [line] = read('536365,1,"RECORD  FRAME 7"", SINGLE\t",6,12/1/2010 8:26,2.55,,France')

    assert isinstance(line, SalesLine)
    assert (line.description, line.customer) == ('RECORD FRAME 7", SINGLE', "")


def test_calls_goods_without_a_description_by_their_stock_code() -> None:
    [line] = read(row(description="  ", sku="22139"))

    assert isinstance(line, SalesLine)
    assert line.description == "22139"


def test_takes_the_columns_in_any_order_and_a_byte_order_mark() -> None:
    lines = [
        (
            b"\xef\xbb\xbfCountry,InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,"
            b"CustomerID,Remark\r\n"
        ),
        b"France,536365,1,Mug,6,12/1/2010 8:26,2.55,17850,hello\r\n",
    ]

    [line] = read_lines(lines, "GBP")

    assert isinstance(line, SalesLine)
    assert (line.country, line.unit_amount, line.quantity) == ("France", 255, Decimal(6))


@pytest.mark.parametrize(
    "heading", [b"", b"InvoiceNo,StockCode\n", HEADING.encode() + b",Country\n", b"\xff\xfe\n"]
)
def test_refuses_a_file_without_the_heading(heading: bytes) -> None:
    with pytest.raises(NotASalesFile, match="heading"):
        list(read_lines([heading, GOOD.encode()], "GBP"))


@pytest.mark.parametrize(
    ("written", "currency", "minor_units"),
    [
        ("2.1", "GBP", 210),
        ("2.100", "GBP", 210),
        ("0", "GBP", 0),
        ("15", "JPY", 15),
        ("15.0", "JPY", 15),
        ("1.234", "KWD", 1234),
    ],
)
def test_reads_prices_in_the_minor_units_of_the_currency(
    written: str, currency: str, minor_units: int
) -> None:
    [line] = read(row(price=written), currency=currency)

    assert isinstance(line, SalesLine)
    assert line.unit_amount == minor_units


def test_takes_quantities_with_decimals() -> None:
    assert only_document(row(quantity="0.125", price="10.00")).net_amount == 1_25
    assert only_document(row(quantity="0.125", price="1.00")).net_amount == 13


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (row(quantity="six"), "invalid_quantity"),
        (row(quantity="NaN"), "invalid_quantity"),
        (row(quantity="1e3"), "invalid_quantity"),
        (row(quantity="1" * 40), "invalid_quantity"),
        (row(quantity="٣"), "invalid_quantity"),
        (row(price="NaN"), "invalid_price"),
        (row(price="two pounds"), "invalid_price"),
        (row(price="-11062.06"), "invalid_price"),
        (row(price='"1,50"'), "invalid_price"),
        (row(price=""), "invalid_price"),
        (row(price="0.125"), "price_too_fine"),
        (row(moment="2010-12-01"), "invalid_date"),
        (row(moment="13/1/2010 8:26"), "invalid_date"),
        (row(moment="2/30/2010 8:26"), "invalid_date"),
        (row(moment="12/31/9999 8:26"), "invalid_date"),
        (row(customer="a b"), "invalid_customer"),
        (row(description="x" * 501), "too_long"),
        ("536365,1,Mug", "wrong_columns"),
        (row() + ",more", "wrong_columns"),
        (row(description="\udcff").encode(errors="surrogateescape"), "not_utf8"),
        ('536365,1,"Mug,6,12/1/2010 8:26,2.55,17850,United Kingdom', "not_csv"),
    ],
)
def test_names_a_line_that_it_cannot_read_and_goes_on(bad: str | bytes, code: str) -> None:
    good, found = read(GOOD, bad)[:1], read(GOOD, bad, row("536366"))

    assert found[0] == good[0]
    assert isinstance(found[1], BadLine)
    assert (found[1].number, found[1].code) == (3, code)
    assert isinstance(found[2], SalesLine)


@pytest.mark.parametrize(
    ("broken", "code"),
    [
        (row(description='"Mug'), "not_csv"),
        ('"536365",1,"Mug,6,12/1/2010 8:26,2.55,17850,United Kingdom', "not_csv"),
        (row(description="\udcff").encode(errors="surrogateescape"), "not_utf8"),
        (row(description="x" * 200_000), "not_csv"),
        (row(description="x" * 20_000_000), "too_long"),
    ],
)
def test_refuses_the_document_of_a_line_that_is_no_row(broken: str | bytes, code: str) -> None:
    assert refusals(row(), broken, row()) == [
        (3, "536365", "line", code),
        (2, "536365", "document", "unreadable_line"),
    ]


@pytest.mark.parametrize("number", ["", "A563185", "c536365", "536365-2", "5" * 21, "=1+1"])
def test_refuses_a_line_of_no_document(number: str) -> None:
    assert refusals(GOOD, row(number), row("536366")) == [(3, "", "line", "invalid_number")]


def test_shows_what_it_could_not_read_without_acting_on_the_terminal() -> None:
    [line] = read(row(quantity="\x1b[31m6"))

    assert isinstance(line, BadLine)
    assert line.reason == r"the quantity “\x1b[31m6” is no number"


def test_refuses_a_document_as_a_whole_for_one_line_that_cannot_be_read() -> None:
    found = refusals(row("1"), row("2"), row("2", price="?"), row("2"), row("3"))

    assert found == [
        (4, "2", "line", "invalid_price"),
        (3, "2", "document", "unreadable_line"),
    ]


def test_refuses_what_comes_back_of_a_document_that_was_refused() -> None:
    found = refusals(row("2", price="?"), row("3"), row("2"))

    assert found == [
        (2, "2", "line", "invalid_price"),
        (2, "2", "document", "unreadable_line"),
        (4, "2", "document", "comes_back"),
    ]


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([row(customer="17850"), row(customer="13047")], "mixed_customer"),
        ([row(customer="17850"), row(customer="")], "mixed_customer"),
        ([row(country="France"), row(country="Germany")], "mixed_country"),
        ([row(country="Atlantis")], "unknown_country"),
        ([row(quantity="-1")], "wrong_sign"),
        ([row("C536365", quantity="1")], "wrong_sign"),
        ([row(quantity="2"), row(quantity="-1")], "wrong_sign"),
    ],
)
def test_refuses_a_document_that_does_not_hold_together(rows: list[str], code: str) -> None:
    assert refusals(*rows) == [(2, rows[0].split(",")[0], "document", code)]


def test_leaves_out_lines_without_money_whatever_their_sign() -> None:
    found = documents(
        row(price="0"),
        row(quantity="3", price="2.10"),
        row(quantity="-9", price="0"),
        row(quantity="0"),
    )

    *omitted, document = found
    assert isinstance(document, SalesDocument)
    assert (document.net_amount, len(document.lines)) == (6_30, 1)
    assert [(x.line, x.code) for x in omitted if isinstance(x, Omission)] == [
        (2, "line_without_money"),
        (4, "line_without_money"),
        (5, "line_without_money"),
    ]


def test_leaves_out_a_document_without_money() -> None:
    found = documents(row("1", price="0"), row("2", quantity="0.1", price="0.01"), row("3"))

    assert [(x.document, x.code) for x in found if isinstance(x, Omission)][1:] == [
        ("1", "document_without_money"),
        ("2", "document_without_money"),
    ]


def test_dates_a_document_by_its_first_line() -> None:
    document = only_document(row(moment="12/1/2010 23:59"), row(moment="12/2/2010 0:00"))

    assert document.day == date(2010, 12, 1)


def test_counts_a_cancellation_in_positive_amounts() -> None:
    document = only_document(row("C536366", quantity="-2", price="0.50"))

    assert document.is_cancellation
    assert document.net_amount == 1_00


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("United Kingdom", "GB"),
        ("EIRE", "IE"),
        ("USA", "US"),
        ("RSA", "ZA"),
        ("Channel Islands", "JE"),
        ("Czech Republic", "CZ"),
        ("european community", ""),
        ("Unspecified", ""),
    ],
)
def test_knows_countries_as_such_files_name_them(name: str, code: str) -> None:
    assert only_document(row(country=name)).country == code


def sold(number: str, day: str, customer: str = "17850") -> str:
    return row(number, moment=f"12/{day}/2010 8:26", customer=customer)


def steps(*rows: str) -> list[str]:
    return [
        f"{step.number} paid {step.day.day}"
        if isinstance(step, SamplePayment)
        else f"{step.number} sold {step.day.day}"
        for step in with_sample_payments(documents_of(read(*rows)))
        if not isinstance(step, Omission)
    ]


def test_pays_two_of_three_invoices_three_to_seven_days_on() -> None:
    # 3 days and the number's rest by five; 536367 is a multiple of three.
    found = steps(
        sold("536365", "1"), sold("536366", "1"), sold("536367", "1"), sold("536369", "1")
    )

    assert [step for step in found if "paid" in step] == [
        "536365 paid 4",
        "536366 paid 5",
        "536369 paid 8",
    ]


def test_pays_no_walk_in_and_no_cancellation() -> None:
    found = steps(sold("536365", "1", customer=""), row("C536366", quantity="-1"))

    assert found == ["536365 sold 1", "C536366 sold 1"]


def test_puts_payments_before_the_documents_of_their_day() -> None:
    found = steps(sold("536365", "1"), sold("536368", "3"), sold("536373", "4"), sold("1", "2"))

    assert found == [
        "536365 sold 1",
        "536368 sold 3",
        "536365 paid 4",
        "536373 sold 4",
        "1 sold 2",
        "1 paid 6",
        "536368 paid 9",
    ]


def many_lines(count: int) -> Iterator[bytes]:
    """Five lines a document, a hundred documents a day."""
    yield HEADING.encode() + b"\n"
    for number in range(count):
        document = number // 5
        day = date.fromordinal(date(2010, 1, 1).toordinal() + document // 100)
        cells: Iterable[Any] = (
            *(document, "85123A", "A thing", 6),
            *(f"{day.month}/{day.day}/{day.year} 8:26", "2.55", 17850 + document % 400, "France"),
        )
        yield ",".join(map(str, cells)).encode() + b"\n"


def test_reads_in_memory_that_does_not_grow_with_the_file() -> None:
    def peak(count: int) -> int:
        tracemalloc.start()
        for _ in with_sample_payments(documents_of(read_lines(many_lines(count), "GBP"))):
            pass
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(1_000)  # What is made once, such as the list of countries.

    # A hundred documents a day: in both, as many payments are to come as a week has.
    assert peak(20_000) < 1.3 * peak(5_000)


def test_reads_numbers_exactly() -> None:
    [line] = read(row(quantity="0.000001", price="0.10"))

    assert isinstance(line, SalesLine)
    assert line.quantity == Decimal("0.000001")
