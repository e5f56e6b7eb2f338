"""Bring a stream of entries into the books, batch by batch, in bounded memory."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from core.errors import Refusal
from ledger.drafts import EntryDraft
from ledger.entry_json import MalformedEntry, MalformedJson, loads, parse_entry
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
    """Post JSON lines, one entry each (api.md, "An entry"); blank lines are left out.

    Each batch commits by itself. What was posted before is replayed, so a stream that broke off
    is simply sent again. Each refused line goes to `on_refused`; the others are in.
    """
    counts = ImportCounts()
    for batch in batched_lines(lines, batch_size):
        drafts: list[EntryDraft] = []
        numbers: list[int] = []
        for number, text in batch:
            counts.lines = number
            outcome = _read(number, text)
            if isinstance(outcome, RefusedLine):
                counts.refused += 1
                on_refused(outcome)
            else:
                drafts.append(outcome)
                numbers.append(number)
        _post_batch(actor, drafts, numbers, counts, on_refused)
        on_batch(counts)
    return counts


def batched_lines(lines: Iterable[bytes], size: int) -> Iterator[tuple[tuple[int, bytes], ...]]:
    """Numbered lines that hold something, in batches."""
    held = ((number, text) for number, text in enumerate(lines, start=1) if text.strip())
    while batch := tuple(islice(held, size)):
        yield batch


def _read(number: int, text: bytes) -> EntryDraft | RefusedLine:
    if len(text) > LONGEST_LINE:
        reason = f"the line is {len(text)} bytes long; at most {LONGEST_LINE} are taken"
        return RefusedLine(number, "", "too_long", reason)
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


def _post_batch(
    actor: Actor,
    drafts: list[EntryDraft],
    numbers: list[int],
    counts: ImportCounts,
    on_refused: Callable[[RefusedLine], None],
) -> None:
    if not drafts:
        return
    outcomes = submit_what_is_sound(actor=actor, drafts=drafts)
    for number, draft, outcome in zip(numbers, drafts, outcomes, strict=True):
        if isinstance(outcome, Refusal):
            counts.refused += 1
            on_refused(RefusedLine(number, draft.reference, outcome.code, outcome.message))
        elif outcome.is_replay:
            counts.replayed += 1
        else:
            counts.posted += 1
