"""The main job from beginning to end; its figures were added up by hand from the file."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db.models import Sum
from openpyxl import load_workbook

from demo.gift_shop import SLUG
from demo.market import SLUG as MARKET
from invoicing.models import (
    CreditNote,
    FinancialTransaction,
    Invoice,
    NumberCounter,
    Order,
    TaxRate,
)
from ledger.models import JournalEntry, JournalLine
from ledger.selectors.balances import balance_at
from organizations.models import AuditEvent, Organization
from settlements.models import Payout, PayoutBatch, Refund, Sale, Settlement
from settlements.selectors.positions import payee_positions
from tests import clean_database
from tests.tenant_sql import _is_asked_by_the_product, watched

pytestmark = pytest.mark.django_db

# awk over the file: sums of quantity × price per invoice, VAT on each of them. All cash but that
# of the last day has gone to the bank.
BALANCES = {
    "1000": 3_94,
    "1010": 158_206_37,
    "1100": 50_460_57,
    "2200": 28_736_08,
    "4000": 183_515_38,
    "4080": -3_580_58,
}
REPORTS = [
    f"{report}.{ending}"
    for report in ("balance-sheet", "income-statement", "trial-balance")
    for ending in ("csv", "pdf", "xlsx")
]
DOCUMENTS = [
    "credit-note-CN-2010-00017.pdf",
    "invoice-INV-2010-00170.pdf",
    "receipt-INV-2010-00170.pdf",
    "statement-16546.pdf",
]
WRITTEN = (JournalEntry, JournalLine, AuditEvent, Order, Invoice, CreditNote, FinancialTransaction)
# The same of the marketplace: awk over the last two days' invoices and cancellations, in cents.
SOLD = {"united-kingdom": 65_249_44, "france": 1_952_30, "germany": 3_032_22, "japan": 320_08}
CANCELLED = 1_714_25
WRITTEN_BY_MARKET = (JournalEntry, AuditEvent, Sale, Refund, Settlement, Payout, PayoutBatch)


@dataclass
class Demo:
    """What two runs said and wrote, and where the files are."""

    folder: Path
    said: list[str]
    rows: list[list[int]]


@pytest.fixture(scope="module")
def demo(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Demo]:
    """Run twice, once for all tests of this file."""
    ran = Demo(tmp_path_factory.mktemp("demo"), [], [])
    with django_db_blocker.unblock():
        try:
            for _ in range(2):
                screen = io.StringIO()
                with watched(_is_asked_by_the_product):
                    call_command("demo", output=ran.folder, stdout=screen)
                ran.said.append(screen.getvalue())
                ran.rows.append(
                    [model.objects.of(shop()).count() for model in WRITTEN]
                    + [model.objects.of(market()).count() for model in WRITTEN_BY_MARKET]
                )
            yield ran
        finally:
            clean_database.restore()


def shop() -> Organization:
    return Organization.objects.get(slug=SLUG)


def market() -> Organization:
    return Organization.objects.get(slug=MARKET)


def without_news(said: str) -> list[str]:
    """Without what is new in a run, and the id that the refused invoice would have had."""
    return [line for line in said.splitlines() if "new," not in line and "-issuance" not in line]


def test_leads_the_sales_to_the_figures_of_the_file(demo: Demo) -> None:
    found = {code: balance_at(shop(), code, date(2010, 12, 31)) for code in BALANCES}

    assert found == BALANCES
    assert "checks hold" in demo.said[0]
    assert "✗" not in demo.said[0]
    for figure in ("212,251.46", "179,934.80", "208,670.88"):
        assert figure in demo.said[0]


def test_changes_nothing_when_it_is_run_again(demo: Demo) -> None:
    first, second = demo.said

    assert demo.rows[1] == demo.rows[0]
    assert "423 invoices and 43 credit notes new, 0 there already" in first
    assert "0 invoices and 0 credit notes new, 466 there already" in second
    assert without_news(second) == without_news(first)


def test_taxes_sales_at_home_and_exports_by_their_rates(demo: Demo) -> None:
    rates = {rate.code: (rate.name, rate.percentage) for rate in TaxRate.objects.of(shop())}

    assert rates == {
        "GB-STANDARD": ("GB standard 17.5 %", 17.5),
        "EXPORT-ZERO": ("export zero-rated", 0),
    }


def test_settles_an_invoice_as_its_number_says(demo: Demo) -> None:
    # 536365 is no multiple of three: paid after 3 + 536365 % 5 days; 536367 is one.
    paid = FinancialTransaction.objects.of(shop()).get(invoice__order__reference="536365")
    open_ = Invoice.objects.of(shop()).get(order__reference="536367")

    assert (paid.method, paid.amount, paid.occurred_on) == ("bank", 163_47, date(2010, 12, 4))
    assert open_.paid_amount == 0


def test_takes_a_walk_ins_cash_at_once(demo: Demo) -> None:
    [paid] = FinancialTransaction.objects.of(shop()).filter(invoice__order__reference="536544")

    assert (paid.method, paid.occurred_on) == ("cash", date(2010, 12, 1))
    assert paid.invoice is not None
    assert paid.invoice.open_amount == 0


def test_credits_the_invoice_that_holds_what_was_cancelled(demo: Demo) -> None:
    note = CreditNote.objects.of(shop()).get(reference="C536506")

    assert note.invoice is not None
    assert note.invoice.order.reference == "536488"
    assert note.invoice.paid_amount == 0


def test_refunds_what_no_debt_is_left_for(demo: Demo) -> None:
    # 16546 owed 351.80 when 1,037.62 were credited; 14527 had bought nothing yet.
    partly = CreditNote.objects.of(shop()).get(reference="C536812")
    whole = CreditNote.objects.of(shop()).get(reference="C536379")

    assert (partly.total_amount, partly.refunded_amount) == (1_037_62, 685_82)
    assert (whole.total_amount, whole.refunded_amount) == (32_31, 32_31)


def test_voids_an_entry_corrects_it_and_closes_the_books(demo: Demo) -> None:
    entries = {entry.reference: entry for entry in JournalEntry.objects.of(shop())}

    wrong = entries["cash-to-bank-2010-12-03"]
    assert wrong.status == "voided"
    assert entries["void-cash-to-bank-2010-12-03"].reverses_id == wrong.pk
    assert entries["cash-to-bank-2010-12-03-corrected"].total_amount == 42_248_76
    assert len(entries) == 786
    assert shop().closed_through == date(2010, 12, 3)


def test_uses_up_no_number_for_the_invoice_that_came_too_late(demo: Demo) -> None:
    counters = NumberCounter.objects.of(shop()).values_list("series__kind", "last_number")

    assert dict(counters) == {"invoice": 423, "credit_note": 43}


def test_writes_the_reports_as_files(demo: Demo) -> None:
    lines = list(csv.reader((demo.folder / "trial-balance.csv").open()))
    [sheet] = load_workbook(demo.folder / "balance-sheet.xlsx").worksheets

    files = [path.name for path in demo.folder.iterdir() if path.is_file()]
    assert sorted(files) == sorted(REPORTS + DOCUMENTS)
    assert lines[-2][-2:] == ["212251.46", "212251.46"]
    assert 208670.88 in {cell for row in sheet.iter_rows(values_only=True) for cell in row}


def test_prints_documents(demo: Demo) -> None:
    for name in DOCUMENTS:
        assert (demo.folder / name).read_bytes().startswith(b"%PDF-")
    assert "/r/" in demo.said[0]


def test_sells_the_last_two_days_for_organizers(demo: Demo) -> None:
    sold = Sale.objects.of(market()).values("payee__code").annotate(total=Sum("total_amount"))
    refunded = Refund.objects.of(market()).aggregate(total=Sum("amount"))

    found = {row["payee__code"]: row["total"] for row in sold.order_by()}
    assert {code: found[code] for code in SOLD} == SOLD
    assert refunded == {"total": CANCELLED}


def test_pays_each_organizer_once_and_one_at_the_second_attempt(demo: Demo) -> None:
    settlements = Settlement.objects.of(market())
    payouts = Payout.objects.of(market())

    assert {settlement.status for settlement in settlements} == {"completed"}
    assert payouts.filter(status="paid").count() == settlements.count() == 12
    [returned] = payouts.filter(status="returned")
    assert (returned.settlement.payee.code, returned.failure_code) == ("france", "AC04")
    assert returned.return_entry is not None


def test_owes_organizers_the_reserve_alone(demo: Demo) -> None:
    open_ = {p.payee.code: p for p in payee_positions(market()) if p.open_amount}

    assert set(open_) == {"united-kingdom"}
    position = open_["united-kingdom"]
    assert position.reserve_amount == position.ledger_amount == 2_859_08


def test_writes_the_bank_file_and_the_statements(demo: Demo) -> None:
    batches = PayoutBatch.objects.of(market()).order_by("pk")
    folder = demo.folder / "market"

    assert (folder / batches[0].file_name).read_bytes() == bytes(batches[0].content)
    assert batches[0].control_sum_amount == 64_723_58
    assert len(list(folder.glob("settlement-*.pdf"))) == 12
