"""Statements that run often: bound on the server and prepared once per connection."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from types import NoneType
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.backends.postgresql.base import ServerBindingCursor  # type: ignore[attr-defined]


@contextmanager
def prepared_cursor() -> Iterator[Any]:
    """A cursor whose statements psycopg prepares on the server (see DATABASE_PREPARE).

    Django's own cursors put parameters into the statement's text, so the server parses and
    plans each anew. Execute wrappers and error translation work as on Django's cursors.
    """
    connection.ensure_connection()
    with connection.wrap_database_errors:
        raw = ServerBindingCursor(connection.connection)
    with connection.make_cursor(raw) as cursor:
        yield cursor


def array_parameter(values: Iterable[int | UUID | str | date | None]) -> str:
    """An array of numbers, dates and ids, for a parameter that is cast: `%s::uuid[]`.

    psycopg looks at each element of a list in Python, which for a thousand entries takes longer
    than PostgreSQL takes to insert them.
    """
    return "{" + ",".join([_SPELT.get(value.__class__, str)(value) for value in values]) + "}"


# An id without its hyphens, which PostgreSQL reads as well, takes a third of the time.
_SPELT: dict[type, Callable[[Any], str]] = {
    UUID: lambda value: f"{value.int:032x}",
    NoneType: lambda _: "NULL",
}


def text_array_parameter(values: Iterable[str]) -> str:
    """An array of texts, for a parameter that is cast: `%s::text[]`, `%s::jsonb[]`."""
    values = list(values)
    plain = '","'.join(values)
    # Mostly there is nothing to be escaped: no quotes but those between the texts.
    if values and "\\" not in plain and plain.count('"') == 2 * (len(values) - 1):
        return '{"' + plain + '"}'
    quoted = [value.replace("\\", "\\\\").replace('"', '\\"') for value in values]
    return '{"' + '","'.join(quoted) + '"}' if quoted else "{}"
