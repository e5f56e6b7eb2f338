"""A journal entry from its JSON value: strict reading, with every fault named.

Hand-written because it stands in the hottest path: a thousand entries in a few milliseconds.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from core.errors import Refusal
from ledger.drafts import MOST_LINES, MOST_MINOR_UNITS, EntryDraft, LineDraft

MOST_REFERENCE = 200
MOST_TEXT = 1000
MOST_METADATA_BYTES = 16_384
# So many members, names and values of so many letters, stay below that whatever they are: JSON
# spells a letter with at most 12 (\ud83d\ude00).
MOST_PLAIN_MEMBERS = 20
MOST_PLAIN = 30


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of the input: where (a dotted path), which, and in words."""

    attr: str
    code: str
    detail: str


class MalformedEntry(Refusal):
    """The entry is malformed: {summary}."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__(
            problems=problems,
            summary="; ".join(f"{p.attr}: {p.detail}" if p.attr else p.detail for p in problems),
        )


_ENTRY_FIELDS = frozenset(
    (
        "reference",
        "effective_on",
        "description",
        "reference_type",
        "reference_id",
        "metadata",
        "lines",
        "status",
    )
)
_LINE_FIELDS = frozenset(("account", "debit", "credit", "description", "currency"))


def parse_entry(value: Any, at: str = "") -> EntryDraft:
    """Read one entry; `at` is put before every path that is named (`entries.17.`).

    `status` may stand in the object (`posted` or `pending`); it is the caller's to act on.

    Raises:
        MalformedEntry: with every fault that was found.
    """
    if not isinstance(value, dict):
        raise MalformedEntry([Problem(at.rstrip("."), "not_an_object", "expected an object")])
    faults = _Faults(at)
    if not value.keys() <= _ENTRY_FIELDS:
        faults.unknown(value, _ENTRY_FIELDS, "")
    # The plain case first; whatever is not plain is looked at more closely.
    reference = value.get("reference")
    if not reference or not _is_plain(reference, MOST_REFERENCE) or " " in reference:
        reference = faults.text(value, "reference", MOST_REFERENCE, required=True)
    effective_on = faults.day(value, "effective_on")
    description = value.get("description", "")
    if description != "" and not _is_plain(description, MOST_TEXT):
        description = faults.text(value, "description", MOST_TEXT)
    reference_type = value.get("reference_type", "")
    if reference_type != "" and not _is_plain(reference_type, 60):
        reference_type = faults.text(value, "reference_type", 60)
    reference_id = value.get("reference_id", "")
    if reference_id != "" and not _is_plain(reference_id, MOST_REFERENCE):
        reference_id = faults.text(value, "reference_id", MOST_REFERENCE)
    metadata = faults.metadata(value)
    if value.get("status", "posted") not in ("posted", "pending"):
        faults.add("status", "invalid_choice", 'expected "posted" or "pending"')
    lines = _parse_lines(value, faults)
    if faults.problems:
        raise MalformedEntry(faults.problems)
    return EntryDraft(
        reference, effective_on, lines, description, reference_type, reference_id, metadata
    )


def _parse_lines(value: Mapping[str, Any], faults: "_Faults") -> list[LineDraft]:
    given = value.get("lines")
    if given is None:
        faults.add("lines", "required", "this field is required")
        return []
    if not isinstance(given, list):
        faults.add("lines", "not_a_list", "expected a list of lines")
        return []
    if len(given) > MOST_LINES:
        faults.add("lines", "too_many", f"{len(given)} lines; at most {MOST_LINES} are taken")
        return []
    lines: list[LineDraft] = []
    for index, line in enumerate(given):
        if not isinstance(line, dict):
            faults.add(f"lines.{index}", "not_an_object", "expected an object")
            continue
        if not line.keys() <= _LINE_FIELDS:
            faults.unknown(line, _LINE_FIELDS, f"lines.{index}.")
        account = line.get("account")
        debit = line.get("debit", 0)
        credit = line.get("credit", 0)
        description = line.get("description", "")
        # The plain case first; whatever is not plain is looked at more closely.
        if not (
            type(account) is str
            and 0 < len(account) <= 100
            and "\0" not in account
            and type(debit) is int
            and type(credit) is int
            and -MOST_MINOR_UNITS <= debit <= MOST_MINOR_UNITS
            and -MOST_MINOR_UNITS <= credit <= MOST_MINOR_UNITS
        ):
            faults.line(line, index)
            continue
        if description and not _is_text(description, MOST_TEXT):
            faults.text(line, "description", MOST_TEXT, path=f"lines.{index}.description")
        currency = line.get("currency")
        if currency is not None and not _is_text(currency, 3):
            faults.add(f"lines.{index}.currency", "invalid", "expected an ISO 4217 code")
        lines.append(LineDraft(account, debit, credit, description or "", currency))
    return lines


def _is_text(value: Any, most: int) -> bool:
    return type(value) is str and len(value) <= most and "\0" not in value and _is_unicode(value)


def _is_plain(value: Any, most: int) -> bool:
    """Whether it is text that is printed, and so has neither NUL characters nor surrogates."""
    return type(value) is str and len(value) <= most and value.isprintable()


def _is_plain_metadata(value: Mapping[str, Any]) -> bool:
    """Whether it is a small flat object of plain texts and amounts: nothing to be at fault."""
    if len(value) > MOST_PLAIN_MEMBERS:
        return False
    for name, inner in value.items():
        if type(inner) is int:
            inner = str(inner) if -MOST_MINOR_UNITS <= inner <= MOST_MINOR_UNITS else None
        if not (_is_plain(name, MOST_PLAIN) and _is_plain(inner, MOST_PLAIN)):
            return False
    return True


def _is_unicode(value: str) -> bool:
    """No lone surrogates, which JSON can spell and UTF-8 cannot."""
    return value.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in value)


class _Faults:
    """Collects what is wrong, with the path of each."""

    def __init__(self, at: str) -> None:
        self.at = at
        self.problems: list[Problem] = []

    def add(self, path: str, code: str, detail: str) -> None:
        self.problems.append(Problem(self.at + path, code, detail))

    def unknown(self, value: Mapping[str, Any], known: frozenset[str], path: str) -> None:
        for name in sorted(value.keys() - known):
            shown = name[:100].replace("\0", "\\0")
            self.add(path + shown, "unknown_field", "there is no such field")

    def text(
        self,
        value: Mapping[str, Any],
        name: str,
        most: int,
        *,
        required: bool = False,
        path: str = "",
    ) -> str:
        given = value.get(name, "")
        path = path or name
        if type(given) is not str:
            self.add(path, "invalid", f"expected text, got {shown(given)}")
            return ""
        if not given:
            if required:
                self.add(path, "required", "this field is required and may not be empty")
        elif len(given) > most:
            self.add(path, "max_length", f"{len(given)} characters; at most {most} are taken")
        elif "\0" in given:
            self.add(path, "null_characters_not_allowed", "NUL characters are not allowed")
        elif not _is_unicode(given):
            self.add(path, "invalid", "lone surrogates are not text")
        elif required and given != given.strip():
            self.add(path, "invalid", "no blanks at the beginning or end are taken")
        elif required and not given.isprintable():
            self.add(path, "invalid", "control and invisible characters are not taken")
        return given

    def day(self, value: Mapping[str, Any], name: str) -> date:
        given = value.get(name)
        if given is None:
            self.add(name, "required", "this field is required")
        elif type(given) is not str:
            self.add(name, "invalid", f"expected a date such as 2010-12-31, got {shown(given)}")
        else:
            try:
                if len(given) == 10 and given[4] == given[7] == "-":
                    return date.fromisoformat(given)
            except ValueError:
                pass
            self.add(name, "invalid", f"{shown(given)} is no date; expected one such as 2010-12-31")
        return date.min

    def metadata(self, value: Mapping[str, Any]) -> dict[str, Any]:
        given = value.get("metadata")
        if given is None:
            return {}
        if not isinstance(given, dict):
            self.add("metadata", "not_an_object", "expected an object")
            return {}
        if _is_plain_metadata(given):
            return given
        text = json.dumps(given)
        if "\\u0000" in text or not _is_unicode(json.dumps(given, ensure_ascii=False)):
            self.add("metadata", "invalid", "NUL characters and lone surrogates are not allowed")
        if not all_finite(given):
            self.add("metadata", "invalid", "a number in it is out of range")
        if len(text) > MOST_METADATA_BYTES:
            self.add("metadata", "max_length", f"at most {MOST_METADATA_BYTES} bytes are taken")
        return given

    def line(self, line: Mapping[str, Any], index: int) -> None:
        path = f"lines.{index}."
        self.text(line, "account", 100, required=True, path=path + "account")
        for side in ("debit", "credit"):
            amount = line.get(side, 0)
            if type(amount) is not int:
                self.add(
                    path + side,
                    "invalid",
                    f"expected an integer of minor units, got {shown(amount)}",
                )
            elif not -MOST_MINOR_UNITS <= amount <= MOST_MINOR_UNITS:
                self.add(path + side, "out_of_range", f"{shown(amount)} does not fit into 64 bits")


def all_finite(value: Any) -> bool:
    """Whether no number inside is an infinity, which 1e400 becomes."""
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, dict):
        return all(all_finite(inner) for inner in value.values())
    if isinstance(value, list):
        return all(all_finite(inner) for inner in value)
    return True


def shown(value: Any) -> str:
    """The value as a message can show it: short, on one line."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > 10**30:
        return "an integer of more than 30 digits"
    text = value if isinstance(value, UUID) else json.dumps(value, default=str)
    text = str(text)
    return text if len(text) <= 60 else text[:57] + "…"
