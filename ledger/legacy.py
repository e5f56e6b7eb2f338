"""Legacy transactions as files spell them: JSON lines or CSV (docs/how-to/backfill.md)."""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from core.strict_json import MalformedJson, loads
from ledger.drafts import EntryDraft
from ledger.entry_json import MalformedEntry, Problem, parse_entry, shown
from ledger.line_files import RefusedLine, bounded_lines, is_too_long


@dataclass(frozen=True, slots=True)
class LegacyTransaction:
    """One transaction of the old books. Without a draft it only says that two names are one.

    `reference` is the name that it gets here, `legacy_reference` the one that it had.
    """

    number: int
    legacy_reference: str
    reference: str
    draft: EntryDraft | None


Row = LegacyTransaction | RefusedLine


def read_legacy_file(path: Path) -> Iterator[Row]:
    """The transactions of a file, one after the other: CSV by its name, else JSON lines.

    Raises:
        OSError
        MalformedLegacyFile: it is CSV without the columns that are needed.
    """
    if path.suffix.lower() == ".csv":
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as handle:
            yield from read_csv(handle)
    else:
        with path.open("rb") as handle:
            yield from read_json_lines(bounded_lines(handle))


class MalformedLegacyFile(ValueError):
    """The file as a whole cannot be read; the message says why."""


def read_json_lines(lines: Iterable[bytes]) -> Iterator[Row]:
    """One transaction from each line that holds something."""
    for number, text in enumerate(lines, start=1):
        if not text.strip():
            continue
        if is_too_long(text):
            yield RefusedLine.too_long(number)
            continue
        try:
            value = loads(text)
        except MalformedJson as fault:
            yield RefusedLine(number, "", fault.code, fault.message)
            continue
        yield _transaction(number, value)


# --- One transaction ------------------------------------------------------------------------------

_NAMES = ("legacy_reference", "reference", "invoice_id", "payment_id")
_PAIR = ("debit_account", "credit_account", "amount")
_ENTRY = ("effective_on", "description", "reference_type", "reference_id", "metadata", "lines")
_FIELDS = frozenset((*_NAMES, *_PAIR, *_ENTRY))


def _transaction(number: int, value: Any) -> Row:
    try:
        return _read(number, value)
    except MalformedEntry as fault:
        legacy = value.get("legacy_reference", "") if isinstance(value, dict) else ""
        name = legacy[:200] if isinstance(legacy, str) else ""
        return RefusedLine(number, name, fault.code, fault.message)


def _read(number: int, value: Any) -> LegacyTransaction:
    if not isinstance(value, dict):
        raise MalformedEntry([Problem("", "not_an_object", "expected an object")])
    problems = [
        Problem(name[:100].replace("\0", "\\0"), "unknown_field", "there is no such field")
        for name in sorted(value.keys() - _FIELDS)
    ]
    names = {name: _name(value, name, problems) for name in _NAMES}
    if not names["legacy_reference"]:
        problems.append(Problem("legacy_reference", "required", "this field is required"))
    if names["payment_id"] and not names["invoice_id"]:
        problems.append(Problem("invoice_id", "required", "a payment needs its invoice_id"))
    if problems:
        raise MalformedEntry(problems)
    reference = standard_reference(**names)
    entry = _entry(value, names, reference)
    draft = None if entry is None else parse_entry(entry)
    return LegacyTransaction(number, names["legacy_reference"], reference, draft)


def standard_reference(
    legacy_reference: str, reference: str, invoice_id: str, payment_id: str
) -> str:
    """The reference that a legacy transaction gets: the one given, or else the standard one of
    its invoice or payment, or else the legacy one as it is."""
    if reference:
        return reference
    if invoice_id and payment_id:
        return f"invoice-{invoice_id}-payment-{payment_id}"
    if invoice_id:
        return f"invoice-{invoice_id}-issuance"
    return legacy_reference


def _name(value: Mapping[str, Any], name: str, problems: list[Problem]) -> str:
    given = value.get(name, "")
    if type(given) is not str:
        problems.append(Problem(name, "invalid", f"expected text, got {shown(given)}"))
        return ""
    if len(given) > 200:
        problems.append(Problem(name, "max_length", "at most 200 characters are taken"))
    elif "\0" in given or given != given.strip() or re.search("[\ud800-\udfff]", given):
        problems.append(Problem(name, "invalid", "no NUL, surrogates or blanks at the ends"))
    return given


def _entry(
    value: Mapping[str, Any], names: Mapping[str, str], reference: str
) -> dict[str, Any] | None:
    """The transaction as the journal's own JSON; None where it has no lines at all."""
    entry: dict[str, Any] = {name: value[name] for name in _ENTRY if name in value}
    pair = [name for name in _PAIR if name in value]
    if pair:
        missing = [name for name in _PAIR if name not in value]
        if missing or "lines" in value:
            text = "give debit_account, credit_account and amount, or else lines"
            raise MalformedEntry([Problem((missing or ["lines"])[0], "invalid", text)])
        entry["lines"] = [
            {"account": value["debit_account"], "debit": value["amount"]},
            {"account": value["credit_account"], "credit": value["amount"]},
        ]
    if "lines" not in entry:
        if entry:
            raise MalformedEntry([Problem("lines", "required", "this field is required")])
        return None
    if names["invoice_id"]:
        entry.setdefault("reference_type", "invoice")
        entry.setdefault("reference_id", names["invoice_id"])
    return {**entry, "reference": reference}


# --- CSV ------------------------------------------------------------------------------------------

_HEAD = (*_NAMES, "effective_on", "description", "reference_type", "reference_id")
_LINE = ("account", "debit", "credit", "line_description")


def read_csv(lines: Iterable[str]) -> Iterator[Row]:
    """One transaction from each row (debit_account, credit_account, amount), or from the rows
    that follow each other with one legacy_reference (account, debit, credit).

    Raises:
        MalformedLegacyFile: columns are missing or unknown.
    """
    reader = csv.DictReader(lines, strict=True)
    columns = _columns(reader)
    rows = _rows(reader)
    if "account" not in columns:
        for number, row in rows:
            yield row if isinstance(row, RefusedLine) else _transaction(number, _one_row(row))
        return
    for _, group in groupby(rows, key=_legacy_reference):
        numbered = list(group)
        number, first = numbered[0]
        if isinstance(first, RefusedLine):
            yield first
            continue
        yield _joined(number, [row for _, row in numbered if not isinstance(row, RefusedLine)])


def _columns(reader: "csv.DictReader[str]") -> set[str]:
    try:
        columns = list(reader.fieldnames or [])
    except csv.Error as error:
        raise MalformedLegacyFile(f"the header is no CSV: {error}") from error
    known = {*_HEAD, *_LINE, *_PAIR}
    if "legacy_reference" not in columns:
        raise MalformedLegacyFile("the header has no column legacy_reference")
    if unknown := sorted(set(columns) - known):
        raise MalformedLegacyFile(
            f"unknown columns {', '.join(unknown)[:200]}; known are {', '.join(sorted(known))}"
        )
    if len(columns) != len(set(columns)):
        raise MalformedLegacyFile("a column stands twice in the header")
    if "account" in columns and set(_PAIR) & set(columns):
        raise MalformedLegacyFile("give debit_account, credit_account, amount or else account")
    return set(columns)


def _rows(reader: "csv.DictReader[str]") -> Iterator[tuple[int, dict[str, str] | RefusedLine]]:
    """Rows with the line on which each ends; what is no row is refused and the rest goes on."""
    while True:
        try:
            row: dict[Any, Any] = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield reader.line_num, RefusedLine(reader.line_num, "", "malformed_csv", str(error))
            continue
        if None in row or None in row.values():
            reason = "the row has more or fewer cells than the header"
            refused = RefusedLine(reader.line_num, _text(row), "malformed_csv", reason)
            yield reader.line_num, refused
        else:
            yield reader.line_num, row


def _text(row: Mapping[str, Any]) -> str:
    return str(row.get("legacy_reference") or "")[:200]


def _legacy_reference(numbered: tuple[int, dict[str, str] | RefusedLine]) -> object:
    number, row = numbered
    # A refused row stands alone and parts the rows around it.
    return number if isinstance(row, RefusedLine) else row["legacy_reference"]


def _one_row(row: Mapping[str, str]) -> dict[str, Any]:
    value: dict[str, Any] = {name: row[name] for name in (*_HEAD, *_PAIR) if row.get(name)}
    if "amount" in value:
        value["amount"] = _minor_units(value["amount"])
    return value


def _joined(number: int, rows: list[dict[str, str]]) -> Row:
    first = rows[0]
    head: dict[str, Any] = {name: first[name] for name in _HEAD if first.get(name)}
    for row in rows[1:]:
        for name in _HEAD:
            if row.get(name) and row[name] != first.get(name):
                reason = f"{name} is {row[name][:60]!r} after {str(first.get(name))[:60]!r}"
                return RefusedLine(number, _text(first), "malformed_csv", reason)
    lines = [line for line in map(_line, rows) if line]
    return _transaction(number, {**head, "lines": lines} if lines else head)


def _line(row: Mapping[str, str]) -> dict[str, Any]:
    line: dict[str, Any] = {name: row[name] for name in ("account",) if row.get(name)}
    for side in ("debit", "credit"):
        if row.get(side):
            line[side] = _minor_units(row[side])
    if row.get("line_description"):
        line["description"] = row["line_description"]
    return line


def _minor_units(text: str) -> int | str:
    """The integer that a cell holds; anything else stays text, which is refused by its name."""
    return int(text) if re.fullmatch(r"-?[0-9]{1,30}", text) else text
