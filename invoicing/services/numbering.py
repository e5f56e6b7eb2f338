"""Legal numbers: the series, and the number that the next document of one will get.

The database gives the numbers and counts them (invoicing/migrations/sql/0002_rules.sql). What is
here locks the counter a moment earlier, so that the journal entry can say the number.
"""

import re
from collections.abc import Callable
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from core.db import prepared_cursor, require_transaction, uuid7
from invoicing.errors import InvalidSeries, SeriesNotFound
from invoicing.models import DocumentKind, NumberSeries
from organizations.actors import Actor
from organizations.models import Organization
from organizations.services.auditing import atomic_use_case

# The series that everybody has; made when its first document is issued.
MAIN = "main"
_MAIN_PREFIX: dict[str, str] = {
    DocumentKind.INVOICE: "INV-{year}-",
    DocumentKind.CREDIT_NOTE: "CN-{year}-",
}

_CODE = re.compile(r"[A-Za-z0-9._-]{1,30}")
_PREFIX = re.compile(r"(?:[A-Za-z0-9 ./_-]|\{year\}|\{yy\}){0,30}")
_MOST_PREFIX = 30


def create_series(
    *, actor: Actor, kind: str, code: str, prefix: str, width: int = 5
) -> NumberSeries:
    """A series of numbers for one kind of document, beside `main`.

    `prefix` may hold {year} and {yy}, which stand for the fiscal year; `width` is to how many
    digits the number is filled with zeros.

    Raises:
        InvalidSeries, SeriesCodeTaken
    """
    if kind not in DocumentKind.values:
        raise InvalidSeries(
            field="kind", problem=f"{kind} is none of {', '.join(DocumentKind.values)}"
        )
    if not _CODE.fullmatch(code):
        raise InvalidSeries(field="code", problem="use up to 30 letters, digits and ._-")
    _check_prefix(prefix)
    _check_width(width)
    with atomic_use_case(actor, "create_series") as audit:
        series: NumberSeries = NumberSeries.objects.create(
            organization=actor.organization, kind=kind, code=code, prefix=prefix, width=width
        )
        audit(series, after={"kind": kind, "code": code, "prefix": prefix, "width": width})
    return series


def change_series(*, actor: Actor, series: NumberSeries, **changes: Any) -> NumberSeries:
    """Change `prefix` or `width`, from the next document on; what was issued keeps its number.

    Raises:
        InvalidSeries, SeriesNotFound
    """
    for name, value in changes.items():
        if name not in _CHECKS:
            raise InvalidSeries(field=name, problem="only prefix and width can change")
        _CHECKS[name](value)
    with atomic_use_case(actor, "change_series") as audit:
        locked: NumberSeries | None = (
            NumberSeries.objects.of(actor.organization)
            .select_for_update()
            .filter(pk=series.pk)
            .first()
        )
        if locked is None:
            raise SeriesNotFound(kind=series.get_kind_display().lower(), series=series.code)
        differing = [name for name in changes if getattr(locked, name) != changes[name]]
        if differing:
            before = {name: getattr(locked, name) for name in differing}
            for name in differing:
                setattr(locked, name, changes[name])
            locked.save(update_fields=differing)
            audit(locked, before=before, after={name: changes[name] for name in differing})
    return locked


def series_for(organization: Organization, kind: str, code: str = MAIN) -> NumberSeries:
    """The series of that kind and code; `main` is made where it is asked for first.

    Raises:
        SeriesNotFound
    """
    require_transaction()
    named = NumberSeries.objects.of(organization).filter(kind=kind, code=code)
    series: NumberSeries | None = named.first()
    if series is None and code == MAIN:
        with prepared_cursor() as cursor:
            cursor.execute(_MAKE_MAIN, (organization.pk, uuid7(), kind, code, _MAIN_PREFIX[kind]))
        series = named.first()
    if series is None:
        raise SeriesNotFound(kind=DocumentKind(kind).label.lower(), series=code)
    return series


class NextNumber(NamedTuple):
    """The number that the next document gets, while its counter is locked."""

    series_id: UUID
    number: str


def next_number(organization: Organization, series: NumberSeries, day: date) -> str:
    """The number that the next document of a series will get on that day; locks the counter until
    the end of the transaction."""
    return lock_number(organization, series.kind, series.code, day).number


def lock_number(organization: Organization, kind: str, code: str, day: date) -> NextNumber:
    """The same for a series by its code, by one statement where it has been used before.

    Raises:
        SeriesNotFound
    """
    require_transaction()
    found = _lock_counter(organization, kind, code, day)
    if found is None:
        series = series_for(organization, kind, code)
        with prepared_cursor() as cursor:
            cursor.execute(_BEGIN_YEAR, (uuid7(), series.pk, day, organization.pk))
        found = _lock_counter(organization, kind, code, day)
    if found is None:
        raise SeriesNotFound(kind=DocumentKind(kind).label.lower(), series=code)
    return found


def _lock_counter(organization: Organization, kind: str, code: str, day: date) -> NextNumber | None:
    with prepared_cursor() as cursor:
        cursor.execute(_LOCK_COUNTER, (day, organization.pk, kind, code))
        row = cursor.fetchone()
    return None if row is None else NextNumber(*row)


def _check_prefix(prefix: str) -> None:
    if len(prefix) > _MOST_PREFIX or not _PREFIX.fullmatch(prefix):
        raise InvalidSeries(
            field="prefix",
            problem=f"use up to {_MOST_PREFIX} letters, digits, spaces and ./_- , with {{year}} or "
            f"{{yy}} for the fiscal year",
        )


def _check_width(width: int) -> None:
    if not 1 <= width <= 12:
        raise InvalidSeries(field="width", problem=f"1 to 12 digits, not {width}")


_CHECKS: dict[str, Callable[[Any], None]] = {"prefix": _check_prefix, "width": _check_width}

_LOCK_COUNTER = """
SELECT s.id, invoicing_number(s.prefix, s.width, c.fiscal_year, c.last_number + 1)
  FROM invoicing_numberseries s
  JOIN organizations_organization o ON o.id = s.organization_id
  JOIN invoicing_numbercounter c
    ON c.organization_id = s.organization_id AND c.series_id = s.id
   AND c.fiscal_year = invoicing_fiscal_year(%s, o.fiscal_year_start_month)
 WHERE s.organization_id = %s AND s.kind = %s AND s.code = %s
   FOR NO KEY UPDATE OF c
"""

_BEGIN_YEAR = """
INSERT INTO invoicing_numbercounter (organization_id, id, series_id, fiscal_year, last_number)
SELECT o.id, %s, %s, invoicing_fiscal_year(%s, o.fiscal_year_start_month), 0
  FROM organizations_organization o WHERE o.id = %s
ON CONFLICT (organization_id, series_id, fiscal_year) DO NOTHING
"""

_MAKE_MAIN = """
INSERT INTO invoicing_numberseries (organization_id, id, kind, code, prefix, width)
VALUES (%s, %s, %s, %s, %s, 5)
ON CONFLICT (organization_id, kind, code) DO NOTHING
"""
