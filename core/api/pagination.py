"""Pages of a list: keyset cursors, so that page 1,000 costs what page 1 does."""

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, QueryDict

from core.api.errors import Malformed


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in a list: the ordering value and the id of the row next to it."""

    value: Any
    id: UUID
    backwards: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows, and where the others are."""

    rows: Sequence[Any]
    next: str | None
    previous: str | None

    def as_json(self, results: Sequence[Any]) -> dict[str, Any]:
        """`results` are the rows in the shape of the answer."""
        return {"next": self.next, "previous": self.previous, "results": results}


def page_of(
    request: HttpRequest,
    rows: "QuerySet[Any]",
    *,
    ordering: str,
    page_size: int,
    cursor: str | None = None,
) -> Page:
    """One page of `rows`, ordered by one column (`-` before it: the last first) and the id."""
    field, descending = ordering.lstrip("-"), ordering.startswith("-")

    def ask(place: Cursor | None, most: int) -> list[Any]:
        backwards = place is not None and place.backwards
        asked = rows if place is None else _beyond(rows, field, place, descending != backwards)
        sign = "-" if descending != backwards else ""
        return list(asked.order_by(f"{sign}{field}", f"{sign}id")[:most])

    place = read_cursor(rows.model, field, cursor) if cursor else None
    return page_by(request, ask, field=field, page_size=page_size, place=place)


def page_by(
    request: HttpRequest,
    ask: Callable[[Cursor | None, int], list[Any]],
    *,
    field: str,
    page_size: int,
    place: Cursor | None = None,
) -> Page:
    """One page of what `ask` finds: up to so many rows beyond a place, those nearest to it first.

    `field` is the attribute of theirs that is the ordering value.
    """
    backwards = place is not None and place.backwards
    found = ask(place, page_size + 1)
    more = len(found) > page_size
    found = found[:page_size]
    if backwards:
        found.reverse()
    has_next = backwards or more
    has_previous = more if backwards else place is not None
    return Page(
        found,
        _link(request, field, found[-1], False) if found and has_next else None,
        _link(request, field, found[0], True) if found and has_previous else None,
    )


def _beyond(rows: "QuerySet[Any]", field: str, place: Cursor, falling: bool) -> "QuerySet[Any]":
    word = "lt" if falling else "gt"
    # The first condition is implied by the second; it lets the index find the place.
    return rows.filter(
        Q(**{f"{field}__{word}e": place.value}),
        Q(**{f"{field}__{word}": place.value}) | Q(**{f"id__{word}": place.id}),
    )


def _link(request: HttpRequest, field: str, row: Any, backwards: bool) -> str:
    value = getattr(row, field)
    text = value.isoformat() if isinstance(value, date | datetime) else value
    content = json.dumps([text, str(row.id), backwards], separators=(",", ":"))
    query: QueryDict = request.GET.copy()
    query["cursor"] = base64.urlsafe_b64encode(content.encode()).decode().rstrip("=")
    return f"{request.build_absolute_uri(request.path)}?{query.urlencode()}"


def read_cursor(model: type[Model], field: str, text: str) -> Cursor:
    """The place that a cursor names.

    Raises:
        Malformed: it is not one of this list's.
    """
    try:
        padded = text.encode() + b"=" * (-len(text) % 4)
        value, row_id, backwards = json.loads(base64.urlsafe_b64decode(padded))
        if not isinstance(value, str) or not isinstance(backwards, bool) or "\0" in value:
            raise ValueError(text)
        column: Any = model._meta.get_field(field)
        # Half of a surrogate pair can be spelt in JSON and not be asked of the database.
        value.encode()
        value = column.to_python(value)
        if value is None:
            raise ValueError(text)
        if isinstance(value, datetime):
            # PostgreSQL takes no offset beyond ±15:59, Python any below a day.
            value = value.astimezone(UTC)
        return Cursor(value, UUID(row_id), backwards)
    except (
        ValueError,
        TypeError,
        AttributeError,
        OverflowError,
        RecursionError,
        ValidationError,
    ):
        raise Malformed(
            "This cursor is not one of this list's.", code="invalid_cursor", attr="cursor"
        ) from None
