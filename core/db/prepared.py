"""Statements that run often: bound on the server and prepared once per connection."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

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


def json_parameter(value: Any) -> Any:
    """A value for a jsonb parameter."""
    from psycopg.types.json import Jsonb

    return Jsonb(value)
