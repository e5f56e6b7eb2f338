"""Arrays as parameters: what PostgreSQL reads out of them is what was put in."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from core.db import prepared_cursor, uuid7
from core.db.prepared import array_parameter, text_array_parameter


def read(parameter: str, kind: str) -> Any:
    with prepared_cursor() as cursor:
        cursor.execute(f"SELECT %s::{kind}[]", (parameter,))
        return cursor.fetchone()[0]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([], "uuid"),
        ([UUID(int=0), UUID(int=1), UUID(int=2**128 - 1), uuid7()], "uuid"),
        ([None, UUID(int=7), None], "uuid"),
        ([0, -1, 2**63 - 1, -(2**63)], "bigint"),
        ([date(1900, 1, 1), date(2199, 12, 31)], "date"),
    ],
)
def test_numbers_dates_and_ids_arrive_as_they_are(values, kind):
    assert read(array_parameter(iter(values)), kind) == values


@pytest.mark.django_db
@pytest.mark.parametrize(
    "values",
    [
        [],
        [""],
        ["", ""],
        ["plain", "NULL", "null", "", "with, comma", "{braces}", " blanks "],
        ['"'],
        ['","'],
        ['a","b', "c"],
        ["\\", 'both \\" of them'],
        ["line\nend", "\t", "äöü", "😀", "'"],
        ['{"country": "United Kingdom"}', "{}"],
    ],
)
def test_texts_arrive_as_they_are(values):
    assert read(text_array_parameter(iter(values)), "text") == values
