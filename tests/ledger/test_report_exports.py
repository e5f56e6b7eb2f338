"""Reports as files, read back and compared with the books."""

import csv
import io
import json
from datetime import UTC, date, datetime
from typing import Any

import openpyxl
import pypdf
import pytest

from ledger import exports
from ledger.drafts import credit, debit
from ledger.errors import ReportTooLong
from ledger.exports.csv_file import inert, plain_amount
from ledger.models import Account
from ledger.selectors.accounts import get_account
from ledger.selectors.reports import REPORTS, general_ledger, journal_report, trial_balance
from ledger.services.accounts import create_account, update_account

ON = date(2026, 1, 31)
PERIOD: Any = {"since": date(2026, 1, 1), "until": ON}
NOW = datetime(2026, 2, 1, 9, 30, tzinfo=UTC)
ATTACK = '=HYPERLINK("http://mallory.example","Click")'


@pytest.fixture
def books(acme, post):
    post(debit("1000", 1_234_567_89), credit("4000", 1_234_567_89), reference="sale-1")
    post(debit("6000", 40_05), credit("1000", 40_05), reference="rent-1")
    return acme


def written(report, format):
    return b"".join(exports.export(report, format, printed_by="Alice", now=NOW))


def rows_of_csv(report):
    return list(csv.DictReader(io.StringIO(written(report, "csv").decode())))


def sheet_of(report) -> Any:
    return openpyxl.load_workbook(io.BytesIO(written(report, "xlsx"))).active


def rows_of_xlsx(report):
    """The sheet's cells below the header, by the header's titles."""
    sheet = sheet_of(report)
    header_at = int(sheet.freeze_panes[1:]) - 1
    titles = [cell.value for cell in sheet[header_at]]
    return [dict(zip(titles, row, strict=True)) for row in sheet.iter_rows(min_row=header_at + 1)]


def text_of_pdf(report):
    reader = pypdf.PdfReader(io.BytesIO(written(report, "pdf")))
    return "\n".join(page.extract_text() for page in reader.pages)


# --- CSV ------------------------------------------------------------------------------------------


def test_csv_holds_the_figures_in_major_units(books):
    rows = rows_of_csv(trial_balance(books, as_of=ON))

    assert [(r["row"], r["account"], r["debit"], r["credit"]) for r in rows] == [
        ("line", "1000", "1234527.84", ""),
        ("line", "4000", "", "1234567.89"),
        ("line", "6000", "40.05", ""),
        ("result", "", "1234567.89", "1234567.89"),
        ("ties", "", "", ""),
    ]
    assert {r["currency"] for r in rows} == {"GBP"}


@pytest.mark.parametrize(
    ("amount", "currency", "written"),
    [
        (-5, "GBP", "-0.05"),
        (123_450, "JPY", "123450"),
        (1_234, "KWD", "1.234"),
        (-1_000_000_00, "USD", "-1000000.00"),
        (2**63 - 1, "GBP", "92233720368547758.07"),
    ],
)
def test_csv_amounts_have_the_currencys_decimals(amount, currency, written):
    assert plain_amount(amount, currency) == written


@pytest.mark.parametrize(
    "attack", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "＝1"]
)
def test_csv_texts_are_no_formulas(attack):
    assert inert(attack) == f"'{attack}"


def test_csv_leaves_harmless_texts_alone():
    assert inert("Sale 1 = 2") == "Sale 1 = 2"


def test_csv_of_one_account_runs_from_opening_to_closing(books):
    rows = rows_of_csv(general_ledger(books, **PERIOD, account=get_account(books, "6000")))

    assert [row["balance"] for row in rows] == ["0.00", "40.05", "40.05", ""]


def test_csv_negative_amounts_stay_numbers(acme, post):
    post(debit("6000", 40_05), credit("1000", 40_05))

    rows = rows_of_csv(general_ledger(acme, **PERIOD, account=get_account(acme, "1000")))

    assert [row["balance"] for row in rows] == ["0.00", "-40.05", "-40.05", ""]


def test_csv_of_an_attack_in_every_text(acme, post, as_olga):
    update_account(actor=as_olga, account=get_account(acme, "4000"), name=ATTACK)
    post(debit("1000", 1, ATTACK), credit("4000", 1, ATTACK), reference=ATTACK, description=ATTACK)

    for name in REPORTS:
        for row in csv.reader(io.StringIO(written(REPORTS[name].run(acme), "csv").decode())):
            assert not any(cell.startswith(("=", "+", "@")) for cell in row)


# --- XLSX -----------------------------------------------------------------------------------------


def test_xlsx_holds_numbers_in_major_units(books):
    rows = rows_of_xlsx(trial_balance(books, as_of=ON))

    cash = rows[0]
    assert cash["Account"].value == "1000"
    assert cash["Debit"].data_type == "n"
    assert cash["Debit"].value == pytest.approx(1_234_527.84, abs=0)
    assert cash["Debit"].number_format.startswith("#,##0.00")
    total = rows[-2]
    assert (total["Debit"].value, total["Credit"].value) == (1_234_567.89, 1_234_567.89)


def test_xlsx_holds_dates_as_dates(books):
    rows = rows_of_xlsx(general_ledger(books, **PERIOD))

    [sale] = [row for row in rows if row["Reference"].value == "sale-1" and row["Debit"].value]
    assert sale["Date"].value == datetime(2026, 1, 15)  # noqa: DTZ001
    assert sale["Date"].is_date


@pytest.mark.parametrize(("currency", "format"), [("JPY", "#,##0;"), ("KWD", "#,##0.000;")])
def test_xlsx_amounts_have_the_currencys_decimals(acme, post, as_olga, currency, format):
    for code, kind in [("J1", "asset"), ("J2", "revenue")]:
        create_account(actor=as_olga, code=code, name=code, type=kind, currency=currency)
    post(debit("J1", 1_234), credit("J2", 1_234))

    [one, *_] = rows_of_xlsx(trial_balance(acme, as_of=ON))

    assert one["Debit"].number_format.startswith(format)
    assert one["Debit"].value == {"JPY": 1234, "KWD": 1.234}[currency]


def test_xlsx_keeps_what_a_number_would_round(acme, post):
    post(debit("1000", 2**62), credit("4000", 2**62))

    [cash, *_] = rows_of_xlsx(trial_balance(acme, as_of=ON))

    assert cash["Debit"].value == "46,116,860,184,273,879.04"


def test_xlsx_texts_are_no_formulas_and_no_links(acme, post, as_olga):
    update_account(actor=as_olga, account=get_account(acme, "4000"), name=ATTACK)
    post(debit("1000", 1, ATTACK), credit("4000", 1, "http://x.example"), description=ATTACK)

    for name in REPORTS:
        sheet = sheet_of(REPORTS[name].run(acme))
        cells = [cell for row in sheet.iter_rows() for cell in row]
        assert not any(cell.data_type == "f" or cell.hyperlink for cell in cells)


def test_xlsx_freezes_and_repeats_its_header(books):
    sheet = sheet_of(trial_balance(books, as_of=ON))

    assert sheet.freeze_panes == "A7"
    assert sheet.print_title_rows == "$6:$6"
    assert [cell.value for cell in sheet[6]][:4] == ["Row", "Currency", "Account", "Name"]


def test_xlsx_goes_on_on_another_sheet(books, monkeypatch):
    monkeypatch.setattr("ledger.exports.xlsx_file._MOST_ROWS", 10)

    book = openpyxl.load_workbook(io.BytesIO(written(general_ledger(books, **PERIOD), "xlsx")))

    assert book.sheetnames == ["General ledger", "General ledger 2"]
    kinds = [row[0].value for sheet in book for row in sheet.iter_rows()]
    assert kinds.count("Row") == 2
    assert kinds.count("line") == 4


# --- PDF ------------------------------------------------------------------------------------------


def test_pdf_says_whose_what_when_and_who(books):
    text = text_of_pdf(trial_balance(books, as_of=ON))

    for words in (
        "Acme Ltd",
        "Trial balance",
        "As of 2026-01-31",
        "Printed 2026-02-01 09:30 UTC by Alice",
        "Page 1 of 1",
        "1,234,527.84",
        "1,234,567.89",
        "Ties: debits = credits",
    ):
        assert words in text


def test_pdf_is_a4_and_repeats_its_header_on_every_page(books, post):
    for number in range(120):
        post(debit("1000", 100 + number), credit("4000", 100 + number))

    reader = pypdf.PdfReader(io.BytesIO(written(general_ledger(books, **PERIOD), "pdf")))

    assert len(reader.pages) > 3
    for number, page in enumerate(reader.pages, start=1):
        text = page.extract_text()
        assert "Reference" in text
        assert f"Page {number} of {len(reader.pages)}" in text
    assert [round(float(side)) for side in reader.pages[0].mediabox[2:]] == [842, 595]


@pytest.mark.parametrize(
    "text",
    [
        "#panic()",
        "*bold* _it_ `raw` $x^2$ \\ @ref <label> // gone? /* gone? */",
        '"quoted" \\u{41} #sys.inputs',
        "公司 Ünïcode شركة עברית 🧾",
        "a" * 200,
        "x\ny\tz",
    ],
)
def test_pdf_shows_any_text_and_runs_none(acme, post, as_olga, text):
    update_account(actor=as_olga, account=get_account(acme, "4000"), name=text)
    post(debit("1000", 1, text), credit("4000", 1), description=text)

    for name in ("trial-balance", "journal", "general-ledger"):
        shown = text_of_pdf(REPORTS[name].run(acme))
        assert "0.01" in shown
        if text.startswith("#panic"):
            assert "#panic()" in shown


# --- All of them ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(REPORTS))
@pytest.mark.parametrize("format", list(exports.FORMATS))
def test_every_report_in_every_format(books, name, format):
    report = REPORTS[name].run(books, {}, now=NOW)

    content = written(report, format)

    start = {"pdf": b"%PDF", "xlsx": b"PK", "json": b"{", "csv": b"row,currency"}
    assert content.startswith(start.get(format, report.title.encode()))
    assert exports.file_name(report, format).startswith(f"acme-{name}-")


@pytest.mark.parametrize("name", list(REPORTS))
@pytest.mark.parametrize("format", list(exports.FORMATS))
def test_every_report_of_empty_books(acme, name, format):
    assert written(REPORTS[name].run(acme), format)


@pytest.mark.parametrize("format", ["csv", "xlsx", "pdf", "table", "json"])
def test_a_report_that_does_not_tie_says_so_in_every_format(books, by_force, format):
    account = Account.objects.of(books).get(code="1000")
    by_force(
        "UPDATE ledger_accountbalance SET debits = debits + 1 "
        "WHERE organization_id = %s AND account_id = %s",
        books.pk,
        account.pk,
    )
    for report in (trial_balance(books, as_of=ON), general_ledger(books, **PERIOD)):
        assert not report.ties
        if format == "pdf":
            assert "This report does not tie." in text_of_pdf(report)
        elif format == "xlsx":
            assert any(row["Row"].value == "check" for row in rows_of_xlsx(report))
        elif format == "json":
            assert json.loads(written(report, "json"))["ties"] is False
        else:
            assert "DOES NOT TIE" in written(report, format).decode()


def test_too_many_rows_for_paper_are_refused(books, monkeypatch):
    monkeypatch.setattr("ledger.exports.pdf_file.MOST_ROWS", 3)

    with pytest.raises(ReportTooLong) as refused:
        exports.export(general_ledger(books, **PERIOD), "pdf")

    assert "take csv or xlsx" in refused.value.message


def test_too_many_lines_for_json_are_refused(books, monkeypatch):
    monkeypatch.setattr("ledger.exports.json_shapes.MOST_LINES", 3)

    for report in (general_ledger(books, **PERIOD), journal_report(books, **PERIOD)):
        with pytest.raises(ReportTooLong):
            exports.export(report, "json")


# --- JSON -----------------------------------------------------------------------------------------


def test_json_of_a_trial_balance_has_the_promised_shape(books):
    shape = exports.as_json(trial_balance(books, as_of=ON))

    assert (shape["report"], shape["organization"]) == ("trial-balance", "acme")
    assert (shape["as_of"], shape["ties"]) == ("2026-01-31", True)
    [gbp] = shape["currencies"]
    assert (gbp["currency"], gbp["total_debit"], gbp["total_credit"]) == (
        "GBP",
        1_234_567_89,
        1_234_567_89,
    )
    assert (
        gbp["rows"][0].items()
        >= {
            "code": "1000",
            "name": "Cash",
            "type": "asset",
            "debit": 1_234_527_84,
            "credit": 0,
        }.items()
    )


def test_json_of_a_balance_sheet_has_the_promised_shape(books):
    [gbp] = exports.as_json(REPORTS["balance-sheet"].run(books))["currencies"]

    [cash] = gbp["assets"]
    assert cash.items() >= {"code": "1000", "name": "Cash", "balance": 1_234_527_84}.items()
    assert (gbp["liabilities"], gbp["equity"]) == ([], [])
    assert gbp["current_earnings"] == gbp["total_assets"] == gbp["total_equity"] == 1_234_527_84
    assert (gbp["total_liabilities"], gbp["is_balanced"]) == (0, True)


def test_json_of_a_revenue_report_has_the_promised_shape(books):
    [gbp] = exports.as_json(REPORTS["revenue"].run(books, {"from": "2026-01-01"}))["currencies"]

    [sales] = gbp["items"]
    assert sales.items() >= {"code": "4000", "amount": 1_234_567_89}.items()
    assert gbp["total_revenue"] == 1_234_567_89


@pytest.mark.parametrize("name", list(REPORTS))
def test_json_is_plain(books, name):
    shape = exports.as_json(REPORTS[name].run(books, {"known_at": "2030-01-01T00:00:00Z"}))

    assert json.loads(json.dumps(shape)) == shape
