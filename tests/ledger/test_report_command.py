"""`manage.py report`."""

import csv
import io
import json
import os
from datetime import date
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from ledger.drafts import credit, debit
from ledger.selectors.accounts import get_account
from ledger.selectors.reports import REPORTS


@pytest.fixture
def books(acme, post):
    post(debit("1000", 1_234_50), credit("4000", 1_234_50), on=date(2026, 1, 15), reference="s-1")
    return acme


def report(*arguments):
    out = io.StringIO()
    call_command("report", *arguments, "--organization", "acme", stdout=out, stderr=io.StringIO())
    return out.getvalue()


def test_prints_a_table(books):
    text = report("trial-balance", "--as-of", "2026-01-31")

    assert "Trial balance · Acme Ltd" in text
    assert "As of 2026-01-31" in text
    assert "1,234.50" in text
    assert "Ties: debits = credits (GBP)" in text


def test_a_table_fits_into_80_columns(books, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")

    for name, kind in REPORTS.items():
        day = "--as-of" if "as_of" in kind.parameters else "--to"
        assert max(map(len, report(name, day, "2026-01-31").splitlines())) <= 80


def test_prints_json(books):
    shape = json.loads(report("revenue", "--from=2026-01-01", "--to=2026-01-31", "--format=json"))

    assert shape["currencies"][0]["total_revenue"] == 1_234_50


def test_prints_csv(books):
    text = report("journal", "--from=2026-01-01", "--to=2026-01-31", "--format=csv")

    lines = [row for row in csv.DictReader(io.StringIO(text)) if row["row"] == "line"]
    assert [(r["account"], r["debit"], r["credit"]) for r in lines] == [
        ("1000", "1234.50", ""),
        ("4000", "", "1234.50"),
    ]


@pytest.mark.parametrize(("format", "start"), [("pdf", b"%PDF"), ("xlsx", b"PK"), ("csv", b"row")])
def test_writes_a_file(books, tmp_path: Path, format, start):
    path = tmp_path / f"report.{format}"

    report("balance-sheet", f"--format={format}", f"--output={path}")

    assert path.read_bytes().startswith(start)
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_takes_one_account(books):
    text = report("general-ledger", "--from=2026-01-01", "--to=2026-01-31", "--account=1000")

    assert "1000 Cash" in text
    assert "4000" not in text


def test_takes_a_posting_time(books):
    text = report("trial-balance", "--known-at=2001-01-01T00:00:00Z")

    assert "Nothing was posted." in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["profit"], "There is no report profit"),
        (["trial-balance", "--as-of=2026-02-30"], "as_of: '2026-02-30' is not a date"),
        (["trial-balance", "--from=2026-02-01"], "from: the trial-balance report takes as_of"),
        (["journal", "--from=2026-02-01", "--to=2026-01-01"], "The period begins on 2026-02-01"),
        (["general-ledger", "--account=9999"], "There is no account 9999"),
        (["trial-balance", "--currency=EUR", "--as-of=2026-12-31"], "no exchange rate from GBP"),
    ],
)
def test_says_what_was_wrong(books, arguments, words):
    with pytest.raises(CommandError, match=words) as refused:
        report(*arguments)

    assert refused.value.returncode == 1


def test_an_unknown_organization_is_refused(db):
    with pytest.raises(CommandError, match="There is no organization nobody"):
        call_command("report", "journal", "--organization", "nobody")


def test_a_file_that_cannot_be_written_is_refused(books, tmp_path: Path):
    with pytest.raises(CommandError, match="cannot be written"):
        report("journal", "--format=csv", f"--output={tmp_path}/no/such/folder.csv")


def test_what_was_there_stays_where_the_report_is_refused(books, tmp_path: Path, monkeypatch):
    path = tmp_path / "old.json"
    path.write_text("old")
    monkeypatch.setattr("ledger.exports.json_shapes.MOST_LINES", 1)

    with pytest.raises(CommandError, match="more than"):
        report("journal", "--from=2026-01-01", "--format=json", f"--output={path}")

    assert path.read_text() == "old"


def test_writes_into_a_pipe_and_leaves_it_one(books, tmp_path: Path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reading = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        report("trial-balance", "--format=csv", f"--output={path}")

        assert os.read(reading, 10_000).count(b"\n") > 2
        assert path.is_fifo()
    finally:
        os.close(reading)


def test_writes_the_file_that_a_link_names(books, tmp_path: Path):
    target, link = tmp_path / "target.csv", tmp_path / "link.csv"
    target.write_text("old")
    link.symlink_to(target)

    report("trial-balance", "--format=csv", f"--output={link}")

    assert link.is_symlink()
    assert target.read_text() != "old"


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="no /dev/full here")
def test_a_full_disk_is_an_error(books):
    with pytest.raises(CommandError, match="No space left"):
        report("trial-balance", "--format=csv", "--output=/dev/full")


def test_exits_3_where_the_report_does_not_tie(books, by_force):
    by_force(
        "UPDATE ledger_accountbalance SET debits = debits + 1 WHERE account_id = %s",
        get_account(books, "1000").pk,
    )

    with pytest.raises(SystemExit) as stopped:
        report("trial-balance")

    assert stopped.value.code == 3
