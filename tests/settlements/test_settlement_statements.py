"""A settlement's statement: from opening to closing balance, line by line, in every form."""

import csv
import io
import json
import time
from datetime import date, timedelta
from typing import Any

import openpyxl
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pypdf import PdfReader

from bench.settlement_volume import fill_sales
from core.db import uuid7
from ledger.errors import ReportTooLong
from ledger.models import JournalEntry
from settlements.documents import render_html, render_pdf, statement_document
from settlements.documents import statements as documents
from settlements.exports import export, file_name
from settlements.models import Settlement
from settlements.selectors.payees import get_payee
from settlements.selectors.positions import payee_positions
from settlements.selectors.settlements import get_settlement
from settlements.selectors.statements import (
    SettlementStatement,
    settlement_statement,
    statement_lines,
)
from tests.settlements.market import DAY, IBAN, Market
from tests.settlements.story import Story

MARCH, APRIL, MAY = date(2026, 3, 31), date(2026, 4, 30), date(2026, 5, 31)


def statement_of(market: Market, settlement: Settlement) -> SettlementStatement:
    found = get_settlement(market.organization, settlement.pk)
    statement = settlement_statement(market.organization, found)
    assert statement.ties
    return statement


def balances(statement: SettlementStatement) -> tuple[int, int, int, int]:
    """Opening, all lines, payout, closing."""
    return (
        statement.opening_amount,
        statement.sums.amount,
        statement.payout_amount,
        statement.closing_amount,
    )


def file_of(statement: SettlementStatement, format: str) -> bytes:
    return b"".join(export(statement, format))


def rows_of(statement: SettlementStatement) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(file_of(statement, "csv").decode(), newline="")))


@pytest.fixture
def returned(market: Market) -> SettlementStatement:
    """The second of Ana's: with a refund, a fee, a reserve, and a payout that came back."""
    ana = market.payee(
        name="Ana Events", iban=IBAN, reserve={"percentage": "10", "days": 20}, country="IE"
    )
    concert = market.event(ana, "concert", ends_on=DAY)
    sale = market.sell(ana, 100_00, on=DAY, event=concert, reference="T-1")
    market.paid(ana, DAY)
    market.sell(ana, 200_00, on=DAY + timedelta(days=1), event=concert, reference="T-2")
    market.refund(sale, 50_00, fee="keep", reason="The singer was ill", reference="R-1")
    market.adjust(ana, -3_00, kind="fee", reason="Chargeback", reference="A-1")
    settlement = market.paid(ana, APRIL)
    again = market.retry(market.fail(settlement, failed_on=APRIL + timedelta(days=4)))
    return statement_of(market, again)


# --- Balances -------------------------------------------------------------------------------------


def test_leads_from_the_opening_over_the_lines_to_the_closing_balance(market: Market) -> None:
    ana = market.payee()
    market.sell(ana, 100_00)

    statement = statement_of(market, market.settle(ana))

    assert balances(statement) == (0, 90_00, 90_00, 0)


def test_a_reserve_is_in_the_closing_balance_and_in_the_next_opening(market: Market) -> None:
    ana = market.payee(reserve={"percentage": "10", "days": 30})
    market.sell(ana, 100_00)
    first = statement_of(market, market.settle(ana, MARCH))
    market.sell(ana, 100_00, on=APRIL)
    second = statement_of(market, market.settle(ana, MAY))

    assert balances(first) == (0, 90_00, 81_00, 9_00)
    assert balances(second) == (9_00, 90_00, 90_00, 9_00)
    assert (second.reserve_before_amount, second.reserve_after_amount) == (9_00, 9_00)


def test_what_is_below_zero_is_carried_to_the_next(market: Market) -> None:
    ana = market.payee()
    sale = market.sell(ana, 100_00)
    market.paid(ana, DAY)
    market.refund(sale, on=MARCH)
    second = statement_of(market, market.settle(ana, MARCH))
    market.sell(ana, 200_00, on=APRIL)
    third = statement_of(market, market.settle(ana, APRIL))

    assert balances(second) == (0, -90_00, 0, -90_00)
    assert balances(third) == (-90_00, 180_00, 90_00, 0)


def test_each_closing_balance_is_the_next_opening_one_and_where_the_payee_stands(
    story: Story,
) -> None:
    first, second, third = (
        statement_of(story.market, settlement)
        for settlement in (story.first, story.second, story.third)
    )

    assert first.closing_amount == second.opening_amount
    assert second.closing_amount == third.opening_amount
    [position] = payee_positions(story.organization, as_of=MAY, payees=[story.ana.pk])
    assert third.closing_amount == position.reserve_amount + position.carried_forward_amount


def test_the_last_lines_balance_less_the_payout_is_the_closing_balance(
    returned: SettlementStatement,
) -> None:
    lines = list(statement_lines(returned))

    assert lines[-1].balance - returned.payout_amount == returned.closing_amount
    assert lines[0].balance == returned.opening_amount + lines[0].line.amount


def test_says_when_its_lines_are_not_what_the_settlement_says(
    market: Market, by_force: Any
) -> None:
    ana = market.payee()
    sale = market.sell(ana, 100_00)
    settlement = market.settle(ana)
    by_force("UPDATE settlements_sale SET settlement_id = NULL WHERE id = %s", sale.pk)

    found = get_settlement(market.organization, settlement.pk)
    statement = settlement_statement(market.organization, found)

    assert not statement.ties
    page = render_html(statement_document(statement, "html"))
    assert "does not tie" in page
    assert b"DOES NOT TIE" in file_of(statement, "csv")


# --- Lines ----------------------------------------------------------------------------------------


def test_every_line_names_its_sale_and_its_journal_entry(
    market: Market, returned: SettlementStatement
) -> None:
    found = [
        (line.line.kind, line.sale_reference, line.entry_reference)
        for line in statement_lines(returned)
    ]

    assert found == [
        ("fee", "", "adjustment:A-1"),
        ("sale", "T-2", "sale:T-2"),
        ("refund", "T-1", "sale-refund:R-1"),
    ]
    entries = JournalEntry.objects.of(market.organization)
    for line in statement_lines(returned):
        assert entries.get(pk=line.line.journal_entry_id).reference == line.entry_reference


def test_gross_less_what_is_kept_and_tax_is_net(market: Market) -> None:
    ana = market.payee()
    sale = market.sell(ana, 100_00, fee=10_00, tax_amount=5_00, ticket_revenue=2_00)
    market.refund(sale, 40_00, on=DAY)
    market.adjust(ana, 7_00, on=DAY)

    for line in statement_lines(statement_of(market, market.settle(ana))):
        item = line.line
        assert item.total_amount - line.kept_amount - item.tax_amount == item.amount


def test_takes_a_constant_number_of_statements_for_its_head(market: Market) -> None:
    ana = market.payee()
    for _ in range(3):
        market.sell(ana)
    settlement = get_settlement(market.organization, market.settle(ana).pk)

    with CaptureQueriesContext(connection) as queries:
        settlement_statement(market.organization, settlement)

    assert len(queries) == 2


# --- Files ----------------------------------------------------------------------------------------


def test_as_json_it_has_balances_lines_and_attempts(returned: SettlementStatement) -> None:
    content = json.loads(file_of(returned, "json"))

    assert content["report"] == "settlement-statement"
    assert content["payee"]["code"] == "ana"
    assert content["ties"] is True
    assert (content["opening_amount"], content["closing_amount"]) == (
        returned.opening_amount,
        returned.closing_amount,
    )
    assert [line["entry_reference"] for line in content["lines"]] == [
        "adjustment:A-1",
        "sale:T-2",
        "sale-refund:R-1",
    ]
    assert [(p["attempt"], p["status"]) for p in content["payouts"]] == [
        (1, "returned"),
        (2, "initiated"),
    ]
    assert content["payouts"][0]["end_to_end_id"].endswith("-1")


def test_as_csv_it_has_a_row_for_each_line_with_ids(returned: SettlementStatement) -> None:
    rows = rows_of(returned)

    lines = [row for row in rows if row["row"] == "line"]
    assert [(row["what"], row["gross"], row["net"]) for row in lines] == [
        ("fee", "-3.00", "-3.00"),
        ("sale", "200.00", "180.00"),
        ("refund", "-50.00", "-50.00"),
    ]
    refund = lines[2]
    assert (refund["sale"], refund["journal entry"]) == ("T-1", "sale-refund:R-1")
    assert refund["event"] == "concert"
    assert refund["description"] == "The singer was ill"
    assert len(refund["journal entry id"]) == len(refund["sale id"]) == 36
    assert rows[-1]["row"] == "ties"
    payouts = [row for row in rows if row["what"].startswith("Payout ")]
    assert [row["description"] for row in payouts] == [
        f"{plain(returned.payout_amount)} EUR returned account closed",
        f"{plain(returned.payout_amount)} EUR initiated",
    ]


def plain(amount: int) -> str:
    return f"{amount // 100}.{amount % 100:02}"


def test_no_cell_of_the_csv_runs_as_a_formula(market: Market) -> None:
    ana = market.payee()
    market.adjust(ana, 5_00, reason='=HYPERLINK("http://evil")')

    [line] = [
        row for row in rows_of(statement_of(market, market.settle(ana))) if row["row"] == "line"
    ]

    assert line["description"].startswith("'=")


def test_as_xlsx_its_amounts_are_numbers(returned: SettlementStatement) -> None:
    book = openpyxl.load_workbook(io.BytesIO(file_of(returned, "xlsx")))

    values = [cell for row in book.worksheets[0].iter_rows(values_only=True) for cell in row]
    assert 180 in values
    assert "sale:T-2" in values


def test_is_named_after_payee_and_number(returned: SettlementStatement) -> None:
    assert file_name(returned, "csv") == "market-settlement-ana-2.csv"
    assert file_name(returned, "pdf") == "market-settlement-ana-2.pdf"


# --- Page and PDF ---------------------------------------------------------------------------------


def text_of(content: bytes) -> str:
    pages = PdfReader(io.BytesIO(content)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


def test_the_pdf_says_it_all(returned: SettlementStatement) -> None:
    text = text_of(render_pdf(statement_document(returned, "pdf")))

    for words in (
        "Ana Events",
        "30 April 2026",
        "sale:T-2",
        "sale-refund:R-1",
        "of T-1, The singer was ill",
        "Opening balance",
        "Closing balance",
        "Held in reserve",
        "Released from reserve",
        returned.payouts[0].end_to_end_id,
        "Came back on 4 May 2026: account closed",
        "IE29 AIBK 9311 5212 3456 78",
    ):
        assert words in text, words


def test_the_same_statement_is_the_same_pdf(returned: SettlementStatement) -> None:
    first, second = (render_pdf(statement_document(returned, "pdf")) for _ in range(2))

    assert first == second


def test_the_page_links_every_line_to_its_entry_and_its_sale(
    returned: SettlementStatement,
) -> None:
    page = render_html(statement_document(returned, "html"))

    for line in statement_lines(returned):
        assert f"/admin/ledger/journalentry/{line.line.journal_entry_id}/change/" in page
        if line.line.sale_id:
            assert f"/admin/settlements/sale/{line.line.sale_id}/change/" in page


def test_names_on_the_page_are_no_markup(market: Market) -> None:
    ana = market.payee(name="<script>alert(1)</script>")
    market.adjust(ana, 5_00, reason="<b>bold</b>")

    page = render_html(statement_document(statement_of(market, market.settle(ana)), "html"))

    assert "<script>alert" not in page
    assert "&lt;b&gt;bold" in page


@pytest.mark.parametrize(
    ("story", "words"),
    [
        ("pending", "not approved yet"),
        ("processing", "under way"),
        ("completed", "Paid on 31 March 2026."),
        ("failed", "Failed on"),
    ],
)
def test_says_what_became_of_it(market: Market, story: str, words: str) -> None:
    ana = market.payee(iban=IBAN)
    market.sell(ana)
    settlement = market.settle(ana)
    if story != "pending":
        settlement = market.approve(settlement)
    if story == "completed":
        settlement = market.pay(settlement)
    if story == "failed":
        settlement = market.fail(settlement)

    page = render_html(statement_document(statement_of(market, settlement), "html"))

    assert words in page


def test_refuses_a_page_of_too_many_lines(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MOST_LINES", 2)
    ana = market.payee()
    for _ in range(3):
        market.sell(ana)

    with pytest.raises(ReportTooLong):
        statement_document(statement_of(market, market.settle(ana)), "pdf")


@pytest.mark.slow
def test_ten_thousand_lines_are_told_in_seconds(market: Market) -> None:
    fill_sales(market.organization, 9_780, payees=1)
    settlement = market.settle(get_payee(market.organization, "payee-0"), MARCH)
    assert settlement.item_count == 9_996
    start = time.perf_counter()

    statement = statement_of(market, settlement)
    rows, content = rows_of(statement), json.loads(file_of(statement, "json"))
    pdf = render_pdf(statement_document(statement, "pdf"))

    assert len([row for row in rows if row["row"] == "line"]) == settlement.item_count
    assert len(content["lines"]) == content["line_count"] == settlement.item_count
    assert len(PdfReader(io.BytesIO(pdf)).pages) > 200
    assert time.perf_counter() - start < 60


def test_another_organizations_settlement_is_not_there(
    mallory_ltd: Any, returned: SettlementStatement
) -> None:
    from settlements.errors import SettlementNotFound

    for id in (returned.settlement.pk, uuid7()):
        with pytest.raises(SettlementNotFound):
            get_settlement(mallory_ltd, id)
