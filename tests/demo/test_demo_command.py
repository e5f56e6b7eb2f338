"""The main job from beginning to end; its figures were added up by hand from the file."""

import io
from datetime import date

import pytest
from django.core.management import CommandError, call_command
from openpyxl import load_workbook

from demo.expected import Invoice
from demo.gift_shop import SLUG, codes_by_role, late_draft
from ledger.models import JournalEntry, JournalLine
from ledger.selectors.balances import balance_at
from ledger.services.entries import submit_entries
from ledger.services.periods import reopen_books
from organizations.actors import Actor
from organizations.models import AuditEvent, Organization

pytestmark = pytest.mark.django_db(transaction=True)

# awk over the file: sums of quantity × price per invoice, VAT on each of them.
BALANCES = {
    "1000": 42_252_70,
    "1100": 166_418_18,
    "2200": 28_736_08,
    "4000": 183_515_38,
    "4080": -3_580_58,
}
FILES = sorted(
    f"{report}.{ending}"
    for report in ("balance-sheet", "income-statement", "trial-balance")
    for ending in ("csv", "pdf", "xlsx")
)


@pytest.fixture
def demo(tmp_path):
    def run():
        screen = io.StringIO()
        call_command("demo", output=tmp_path, stdout=screen)
        return screen.getvalue()

    return run


def shop():
    return Organization.objects.get(slug=SLUG)


def balances():
    return {code: balance_at(shop(), code, date(2010, 12, 31)) for code in BALANCES}


def rows_written():
    return [
        model.objects.filter(organization=shop()).count()
        for model in (JournalEntry, JournalLine, AuditEvent)
    ]


def test_posts_the_sales_and_finds_the_figures_of_the_file(demo):
    said = demo()

    assert balances() == BALANCES
    assert "All" in said
    assert "checks hold" in said
    assert "✗" not in said
    for figure in ("212,251.46", "179,934.80", "208,670.88"):
        assert figure in said


def test_changes_nothing_when_it_is_run_again(demo):
    first = demo()
    written = rows_written()

    second = demo()

    assert rows_written() == written
    assert balances() == BALANCES
    assert "posted 466, replayed 0" in first
    assert second.replace("posted 0, replayed 466", "posted 466, replayed 0") == first


def test_voids_one_sale_corrects_it_and_closes_the_books(demo):
    demo()

    entries = {entry.reference: entry for entry in JournalEntry.objects.of(shop())}
    assert entries["invoice-536970"].status == "voided"
    assert entries["void-invoice-536970"].effective_on == date(2010, 12, 3)
    assert entries["void-invoice-536970"].reverses_id == entries["invoice-536970"].pk
    assert entries["invoice-536970-correction"].effective_on == date(2010, 12, 5)
    assert entries["invoice-536970-correction"].total_amount == 1_543_95  # 120 × 10.95 + 17.5 %
    assert "late-sale" not in entries
    assert len(entries) == 468
    assert shop().closed_through == date(2010, 12, 3)


def test_writes_the_reports_as_files(demo, tmp_path):
    demo()

    assert sorted(path.name for path in tmp_path.iterdir()) == FILES
    lines = (tmp_path / "trial-balance.csv").read_text().splitlines()
    assert lines[-2].endswith("212251.46,212251.46")
    [sheet] = load_workbook(tmp_path / "balance-sheet.xlsx").worksheets
    amounts = {cell for row in sheet.iter_rows(values_only=True) for cell in row}
    assert 208670.88 in amounts
    assert (tmp_path / "income-statement.pdf").read_bytes().startswith(b"%PDF-")


def test_fails_and_names_the_check_when_a_figure_is_off(demo, monkeypatch):
    # As if the file said one penny more of VAT on each invoice than the program posts.
    honest = Invoice.__dict__["vat"].fget
    monkeypatch.setattr(Invoice, "vat", property(lambda invoice: honest(invoice) + 1))

    with pytest.raises(CommandError, match="Tax payable"):
        demo()


def test_fails_when_the_books_hold_more_than_the_sales(demo):
    demo()
    actor = Actor.system(shop())
    reopen_books(actor=actor, through=None, reason="to slip something in")
    submit_entries(actor=actor, drafts=[late_draft(codes_by_role(shop()))])

    with pytest.raises(CommandError, match="entries in the books"):
        demo()
