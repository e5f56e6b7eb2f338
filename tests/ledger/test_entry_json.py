"""Reading an entry from JSON: what is taken, and how each fault is named."""

import json
import sys
from datetime import date
from typing import Any

import pytest

from ledger.drafts import EntryDraft, LineDraft
from ledger.entry_json import MOST_METADATA_BYTES, MalformedEntry, parse_entry

GOOD: dict[str, Any] = {
    "reference": "invoice-1",
    "effective_on": "2010-12-01",
    "description": "Sale",
    "reference_type": "invoice",
    "reference_id": "1",
    "metadata": {"till": 3},
    "lines": [
        {"account": "1100", "debit": 100, "description": "receivable"},
        {"account": "4000", "credit": 100, "currency": "GBP"},
    ],
}


def problems_of(value: Any) -> dict[str, str]:
    with pytest.raises(MalformedEntry) as refused:
        parse_entry(value)
    return {problem.attr: problem.code for problem in refused.value.problems}


def line(**changes: Any) -> dict[str, Any]:
    first, second = GOOD["lines"]
    return GOOD | {"lines": [first | changes, second]}


def test_reads_an_entry_as_it_stands_in_the_interface() -> None:
    draft = parse_entry(GOOD)

    assert draft == EntryDraft(
        "invoice-1",
        date(2010, 12, 1),
        [
            LineDraft("1100", 100, 0, "receivable"),
            LineDraft("4000", 0, 100, "", "GBP"),
        ],
        "Sale",
        "invoice",
        "1",
        {"till": 3},
    )


@pytest.mark.parametrize("amount", [1.0, "1", True, None, [1], {}])
def test_takes_no_amount_but_an_integer(amount: Any) -> None:
    assert problems_of(line(debit=amount)) == {"lines.0.debit": "invalid"}


@pytest.mark.parametrize("amount", [2**63, -(2**63), 10**400])
def test_takes_no_amount_beyond_64_bits(amount: int) -> None:
    assert problems_of(line(debit=amount)) == {"lines.0.debit": "out_of_range"}


@pytest.mark.parametrize(
    "day", ["2010-02-30", "2010-13-01", "20101201", "2010-W01-1", "1/12/2010", "", 20101201, True]
)
def test_takes_no_date_but_a_real_one(day: Any) -> None:
    assert problems_of(GOOD | {"effective_on": day}) == {"effective_on": "invalid"}


def test_names_every_missing_field() -> None:
    assert problems_of({}) == {
        "reference": "required",
        "effective_on": "required",
        "lines": "required",
    }


def test_names_unknown_fields_where_they_stand() -> None:
    value = line(amount=5) | {"refrence": "x"}

    assert problems_of(value) == {"refrence": "unknown_field", "lines.0.amount": "unknown_field"}


@pytest.mark.parametrize("value", [None, [], "x", 3, True])
def test_takes_nothing_but_an_object(value: Any) -> None:
    assert problems_of(value) == {"": "not_an_object"}


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
@pytest.mark.parametrize("name", ["reference", "description", "reference_type", "reference_id"])
def test_takes_no_text_that_the_database_cannot_hold(name: str, text: str) -> None:
    assert set(problems_of(GOOD | {name: text})) == {name}


def test_takes_no_text_of_a_megabyte() -> None:
    assert problems_of(GOOD | {"description": "x" * 1_000_000}) == {"description": "max_length"}


def test_takes_no_reference_with_blanks_around_it() -> None:
    assert problems_of(GOOD | {"reference": " a "}) == {"reference": "invalid"}


@pytest.mark.parametrize("metadata", [[], "x", 3, False, {"a": float("inf")}, {"a": "x" * 20_000}])
def test_takes_no_metadata_but_a_small_object(metadata: Any) -> None:
    assert set(problems_of(GOOD | {"metadata": metadata})) == {"metadata"}


@pytest.mark.parametrize(
    "metadata",
    [
        {"a\0": "x"},
        {"a": "x\0"},
        {"a": "\ud800"},
        {"\udfff": 1},
        {"a": 10**20_000},
        {"a": {"b": "\0"}},
        {str(n): "x" * 1_000 for n in range(20)},
    ],
)
def test_takes_no_metadata_that_cannot_be_kept(metadata: Any) -> None:
    sys.set_int_max_str_digits(0)
    try:
        assert set(problems_of(GOOD | {"metadata": metadata})) == {"metadata"}
    finally:
        sys.set_int_max_str_digits(sys.int_info.default_max_str_digits)


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"till": 3, "country": "Österreich", "flag": True, "none": None, "share": 0.5},
        {"nested": {"list": [1, "two"]}, "lines": "one\ntwo"},
        {"😀" * 29 + chr(ord("a") + n): "😀" * 30 for n in range(20)},
    ],
)
def test_takes_small_metadata_as_it_is(metadata: Any) -> None:
    assert len(json.dumps(metadata)) <= MOST_METADATA_BYTES
    assert parse_entry(GOOD | {"metadata": metadata}).metadata == metadata


@pytest.mark.parametrize("name", ["reference", "description", "reference_type", "reference_id"])
@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("x\0", "null_characters_not_allowed"),
        ("\ud800", "invalid"),
        ("x" * 1_001, "max_length"),
        (0, "invalid"),
        (False, "invalid"),
        ([], "invalid"),
        (None, "invalid"),
    ],
)
def test_takes_no_text_that_cannot_be_kept(name: str, text: Any, code: str) -> None:
    assert problems_of(GOOD | {name: text}) == {name: code}


@pytest.mark.parametrize("reference", [" a", "a ", "\u00a0a", "a\u3000", "a\n", "\ta"])
def test_takes_no_blanks_around_a_reference(reference: str) -> None:
    assert problems_of(GOOD | {"reference": reference}) == {"reference": "invalid"}


@pytest.mark.parametrize("text", ["a b", "a\u00a0b", "a\nb", "Müller", "😀"])
def test_takes_any_other_text_as_it_is(text: str) -> None:
    assert parse_entry(GOOD | {"description": text}).description == text


def test_puts_the_place_in_the_bulk_before_each_path() -> None:
    with pytest.raises(MalformedEntry) as refused:
        parse_entry(line(debit="1"), "entries.17.")

    [problem] = refused.value.problems
    assert problem.attr == "entries.17.lines.0.debit"


def test_takes_ten_thousand_lines_and_no_more() -> None:
    ten_thousand = GOOD | {"lines": [{"account": "1100", "debit": 1}] * 10_000}

    assert len(parse_entry(ten_thousand).lines) == 10_000
    assert problems_of(GOOD | {"lines": [{}] * 10_001}) == {"lines": "too_many"}


@pytest.mark.parametrize("reference", ["a\nb", "a\x1b[2Jb", "a\u200bb", "a\u202eb"])
def test_takes_no_reference_that_cannot_be_seen_as_it_is(reference: str) -> None:
    assert problems_of(GOOD | {"reference": reference}) == {"reference": "invalid"}
