"""`manage.py post_journal` of a small file and of one ten times its size: memory and speed."""

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.books import Books
from bench.measuring import Row, stopwatch
from core.servers import PROJECT

SMALL = 10_000
LARGE = 100_000


def journal_import(books: Books, *, large: int = LARGE) -> list[Row]:
    """Peak resident memory of the command for both files, and its speed on the large one."""
    small = large // (LARGE // SMALL)
    with TemporaryDirectory() as folder:
        small_mb, _ = _post(books, Path(folder) / "small.jsonl", small)
        large_mb, seconds = _post(books, Path(folder) / "large.jsonl", large)
    return [
        Row(
            f"post_journal of {large:,} entries, peak memory",
            figure=large_mb,
            unit="MB",
            ratio=small_mb / large_mb,
            at_least=0.9,
            baseline=small_mb,
            note=f"the same command on {small:,} entries",
        ),
        Row(f"post_journal of {large:,} entries", figure=large / seconds, unit="entries/s"),
    ]


def _post(books: Books, path: Path, entries: int) -> tuple[float, float]:
    """(peak memory in MB, seconds) of the command on a file of so many entries."""
    _write(books, path, entries)
    with stopwatch() as watch:
        process = subprocess.Popen(
            [
                *(sys.executable, "manage.py", "post_journal", str(path)),
                *("--organization", books.organization.slug),
            ],
            cwd=PROJECT,
            stdout=subprocess.PIPE,
        )
        said = process.stdout.read() if process.stdout else b""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode or f"posted {entries}, replayed 0".encode() not in said:
        raise RuntimeError(f"post_journal, exit {process.returncode}: {said!r}")
    # Linux counts in kilobytes.
    return usage.ru_maxrss / 1024, watch.seconds


def _write(books: Books, path: Path, entries: int) -> None:
    one, other = books.accounts[:2]
    with path.open("w") as file:
        for number in range(entries):
            amount = 100 + number % 900
            entry = {
                "reference": f"{path.stem}-{number}",
                "effective_on": "2010-12-01",
                "description": f"Sale {number}",
                "reference_type": "invoice",
                "reference_id": str(number),
                "lines": [
                    {"account": one.code, "debit": amount},
                    {"account": other.code, "credit": amount},
                ],
            }
            file.write(json.dumps(entry) + "\n")
