"""Bring a stream of entries into the books, batch by batch, in bounded memory."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO
from uuid import UUID

from core.errors import Refusal
from core.strict_json import MalformedJson, loads
from ledger.drafts import EntryDraft
from ledger.entry_json import MalformedEntry, parse_entry
from ledger.models import JournalEntry
from ledger.services.entries import submit_what_is_sound
from organizations.actors import Actor

LONGEST_LINE = 20_000_000


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """A line of the input that is not in the books, and why."""

    number: int
    reference: str
    code: str
    reason: str

    @classmethod
    def too_long(cls, number: int) -> "RefusedLine":
        return cls(number, "", "too_long", f"at most {LONGEST_LINE} bytes are taken in a line")


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
    return counts


def bounded_lines(source: BinaryIO) -> Iterator[bytes]:
    """The lines of a stream; of one that is too long as much as shows that it is."""
    while line := source.readline(LONGEST_LINE + 1):
        yield line
        while line and not line.endswith(b"\n"):
            line = source.readline(LONGEST_LINE + 1)


def is_too_long(line: bytes) -> bool:
    return len(line) > LONGEST_LINE


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
