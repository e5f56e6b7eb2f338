"""The command that streams JSON lines into the books."""

import csv
import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError

from ledger.line_files import bounded_lines
from ledger.models import JournalEntry
from organizations.models import Organization


def line(reference: str, amount: int = 100, **others: Any) -> str:
    return json.dumps(
        {
            "reference": reference,
            "effective_on": "2026-01-15",
            "lines": [{"account": "1000", "debit": amount}, {"account": "4000", "credit": amount}],
        }
        | others
    )


@pytest.fixture
def journal(tmp_path: Path) -> Any:
    def write(*lines: str | bytes) -> Path:
        path = tmp_path / "journal.jsonl"
        path.write_bytes(b"\n".join(x if isinstance(x, bytes) else x.encode() for x in lines))
        return path

    return write


def run(path: Path, *options: str) -> tuple[str, int]:
    said = StringIO()
    status = 0
    try:
        call_command("post_journal", str(path), "--organization=acme", *options, stdout=said)
    except SystemExit as left:
        status = int(left.code or 0)
    return said.getvalue().strip(), status


def test_posts_each_line_and_nothing_twice(acme: Organization, journal: Any) -> None:
    path = journal(line("a"), "", line("b"), line("c"))

    assert run(path, "--batch-size=2") == ("posted 3, replayed 0, refused 0", 0)
    assert run(path) == ("posted 0, replayed 3, refused 0", 0)
    assert JournalEntry.objects.of(acme).count() == 3


def test_names_the_bad_lines_and_posts_the_good_ones(
    acme: Organization, journal: Any, tmp_path: Path
) -> None:
    path = journal(
        line("good"),
        line("cut")[:40],
        line("float", lines=[{"account": "1000", "debit": 1.5}]),
        line(
            "unbalanced", lines=[{"account": "1000", "debit": 1}, {"account": "4000", "credit": 2}]
        ),
        line("nowhere", lines=[{"account": "x", "debit": 1}, {"account": "4000", "credit": 1}]),
        b'{"reference": "twice", "reference": "twice"}',
        b"\xff\xfe",
        line("pending", status="pending"),
        line("=HYPERLINK()", effective_on="2026-02-30"),
        line("good"),
        line("good", 5),
        line("good too"),
    )

    said, status = run(path, f"--refused={tmp_path / 'refused.csv'}")

    assert (said, status) == ("posted 2, replayed 1, refused 9", 1)
    rows = list(csv.DictReader((tmp_path / "refused.csv").open(encoding="utf-8")))
    assert [(int(row["line"]), row["code"]) for row in rows] == [
        (2, "malformed_json"),
        (3, "malformed_entry"),
        (4, "unbalanced_entry"),
        (5, "unknown_account"),
        (6, "malformed_json"),
        (7, "malformed_json"),
        (8, "invalid_status"),
        (9, "malformed_entry"),
        (11, "reference_conflict"),
    ]
    assert next(r["reference"] for r in rows if r["line"] == "9") == "'=HYPERLINK()"
    assert set(JournalEntry.objects.of(acme).values_list("reference", flat=True)) == {
        "good",
        "good too",
    }


def test_running_again_after_refusals_is_safe(acme: Organization, journal: Any) -> None:
    path = journal(line("a"), line("bad")[:30], line("b"))

    run(path)

    assert run(path) == ("posted 0, replayed 2, refused 1", 1)
    assert JournalEntry.objects.of(acme).count() == 2


@pytest.mark.parametrize("size", ["1", "2", "3"])
def test_counts_a_line_that_is_there_twice_as_replayed_wherever_a_batch_ends(
    acme: Organization, journal: Any, size: str
) -> None:
    path = journal(line("a"), line("a"), line("b"))

    assert run(path, f"--batch-size={size}") == ("posted 2, replayed 1, refused 0", 0)
    assert JournalEntry.objects.of(acme).count() == 2


def test_refuses_a_line_that_is_too_long_without_holding_all_of_it(
    acme: Organization, journal: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.line_files.LONGEST_LINE", 300)
    path = journal(line("a"), b"x" * 10_000, line("b"))

    assert run(path) == ("posted 2, replayed 0, refused 1", 1)
    with path.open("rb") as source:
        assert max(map(len, bounded_lines(source))) == 301


def test_passes_over_a_byte_order_mark(acme: Organization, journal: Any) -> None:
    assert run(journal(b"\xef\xbb\xbf" + line("a").encode()))[0].startswith("posted 1")
    assert JournalEntry.objects.of(acme).count() == 1


@pytest.mark.usefixtures("acme")
def test_says_when_the_file_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No such file"):
        run(tmp_path / "nothing.jsonl")


@pytest.mark.usefixtures("acme")
@pytest.mark.parametrize("size", ["0", "10001", "-5", "many"])
def test_takes_batches_of_one_to_ten_thousand(journal: Any, size: str) -> None:
    with pytest.raises(CommandError, match="batch-size"):
        run(journal(line("a")), f"--batch-size={size}")


def test_does_not_empty_the_journal_for_its_refused_lines(
    acme: Organization, journal: Any, tmp_path: Path
) -> None:
    path = journal(line("a"))
    link = tmp_path / "link"
    link.symlink_to(path)

    with pytest.raises(CommandError, match="is the journal itself"):
        run(path, f"--refused={link}")

    assert path.read_text() == line("a")


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="no /dev/full here")
def test_says_when_refused_lines_cannot_be_kept(acme: Organization, journal: Any) -> None:
    with pytest.raises(CommandError, match="No space left"):
        run(journal(line("a"), "{"), "--refused=/dev/full")


def test_shows_what_a_line_says_without_doing_it(
    acme: Organization, journal: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [{"account": "\x1b[31mred", "debit": 1}, {"account": "4000", "credit": 1}]
    _, status = run(journal(line("a", lines=lines)))

    assert status == 1
    assert "no account \\x1b[31mred" in capsys.readouterr().err


def test_names_the_line_with_which_a_sum_leaves_64_bits(acme: Organization, journal: Any) -> None:
    said, status = run(journal(line("a"), line("big", 2**63 - 1), line("b")))

    assert (said, status) == ("posted 2, replayed 0, refused 1", 1)


def test_a_database_that_goes_away_is_no_riddle(
    acme: Organization, journal: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(**_: Any) -> None:
        raise OperationalError("connection is bad")

    monkeypatch.setattr("ledger.services.importing.submit_what_is_sound", lost)

    with pytest.raises(CommandError, match="nothing is posted twice"):
        run(journal(line("a")))
