"""Bring a stream of entries into the books, batch by batch, in bounded memory."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from uuid import UUID

from django.db import connection

from core.errors import Refusal
from core.strict_json import MalformedJson, loads
from ledger.drafts import EntryDraft
from ledger.entry_json import MalformedEntry, parse_entry
from ledger.line_files import RefusedLine, is_too_long
from ledger.models import JournalEntry
from ledger.services.entries import submit_what_is_sound
from organizations.actors import Actor

# From so many entries on, the statistics that the tables had say nothing any more.
LARGE_IMPORT = 10_000


@dataclass(slots=True)
class ImportCounts:
    """What became of the lines so far."""

    posted: int = 0
    replayed: int = 0
    refused: int = 0
    lines: int = 0


def import_journal(
    *,
    actor: Actor,
    lines: Iterable[bytes],
    batch_size: int = 1000,
    on_refused: Callable[[RefusedLine], None],
    on_batch: Callable[[ImportCounts], None] = lambda counts: None,
) -> ImportCounts:
    """Post JSON lines, one entry each; blank lines are left out.

    Each batch commits by itself. What was posted before is replayed, so a stream that broke off
    is simply sent again. Each refused line goes to `on_refused`; the others are in.
    """
    counts = ImportCounts()
    for batch in batched_lines(lines, batch_size):
        outcomes = _submit(actor, [(number, _read(number, text)) for number, text in batch])
        _count(counts, outcomes, on_refused)
        counts.lines = batch[-1][0]
        on_batch(counts)
    if counts.posted >= LARGE_IMPORT:
        _renew_statistics()
    return counts


def _renew_statistics() -> None:
    """Tell the planner what is in the tables now; autovacuum would, a minute later or never."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE ledger_journalentry, ledger_journalline, ledger_accountbalance")


def batched_lines(lines: Iterable[bytes], size: int) -> Iterator[tuple[tuple[int, bytes], ...]]:
    """Numbered lines that hold something, in batches."""
    held = ((number, text) for number, text in enumerate(lines, start=1) if text.strip())
    while batch := tuple(islice(held, size)):
        yield batch


def _read(number: int, text: bytes) -> EntryDraft | RefusedLine:
    if is_too_long(text):
        return RefusedLine.too_long(number)
    value: object = None
    try:
        value = loads(text)
        if isinstance(value, dict) and value.get("status", "posted") != "posted":
            return RefusedLine(
                number, _reference(value), "invalid_status", "only posted entries are taken here"
            )
        return parse_entry(value)
    except (MalformedJson, MalformedEntry) as fault:
        return RefusedLine(number, _reference(value), fault.code, fault.message)


def _reference(value: object) -> str:
    reference = value.get("reference", "") if isinstance(value, dict) else ""
    return reference[:200] if isinstance(reference, str) else ""


def _submit(
    actor: Actor, batch: Sequence[tuple[int, EntryDraft | RefusedLine]]
) -> Iterator[JournalEntry | RefusedLine]:
    """Post what is sound of a batch; what became of each line, in their order."""
    drafts = [read for _, read in batch if isinstance(read, EntryDraft)]
    submitted = iter(submit_what_is_sound(actor=actor, drafts=drafts) if drafts else ())
    for number, read in batch:
        outcome = next(submitted) if isinstance(read, EntryDraft) else read
        if isinstance(outcome, Refusal):
            outcome = RefusedLine(number, read.reference, outcome.code, outcome.message)
        yield outcome


def _count(
    counts: ImportCounts,
    outcomes: Iterable[JournalEntry | RefusedLine],
    on_refused: Callable[[RefusedLine], None],
) -> None:
    seen: set[UUID] = set()
    for outcome in outcomes:
        if isinstance(outcome, RefusedLine):
            counts.refused += 1
            on_refused(outcome)
        elif outcome.is_replay or outcome.pk in seen:
            # The second of two equal lines in one batch is a replay of the first.
            counts.replayed += 1
        else:
            seen.add(outcome.pk)
            counts.posted += 1
