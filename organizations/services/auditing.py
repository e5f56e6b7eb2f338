"""The frame of a use case: one transaction, one audit row or more."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from typing import Any
from uuid import UUID

from django.db import models

from core.db import prepared_cursor, use_case_transaction, uuid7
from core.db.prepared import array_parameter
from core.db.rows import Beside
from core.errors import refusing
from organizations.actors import Actor


class Audit:
    """Collects what a use case did; written in its transaction, as its last statement."""

    def __init__(self, actor: Actor, action: str) -> None:
        self._actor = actor
        self._action = action
        self._rows: list[tuple[object, ...]] = []

    def __call__(
        self,
        *subjects: models.Model,
        before: dict[str, Any] | None = None,
        after: dict[str, Any] | None = None,
        **facts: Any,
    ) -> None:
        """Record that the action was done to `subjects`, all of one kind."""
        self.record(
            _kind(subjects[0]) if subjects else "",
            [subject.pk for subject in subjects],
            before=before,
            after=after,
            **facts,
        )

    def event(self, name: str, subject: models.Model, /, **facts: Any) -> None:
        """Record that something came about, `invoice_paid`, for whoever is to be told of it."""
        self._add(name, _kind(subject), [subject.pk], None, None, facts)

    def record(
        self,
        subject_type: str,
        subject_ids: Iterable[UUID],
        before: dict[str, Any] | None = None,
        after: dict[str, Any] | None = None,
        **facts: Any,
    ) -> None:
        self._add(self._action, subject_type, subject_ids, before, after, facts)

    def _add(
        self,
        action: str,
        subject_type: str,
        subject_ids: Iterable[UUID],
        before: dict[str, Any] | None,
        after: dict[str, Any] | None,
        facts: dict[str, Any],
    ) -> None:
        actor = self._actor
        self._rows.append(
            (
                actor.organization.id,
                uuid7(),
                action,
                subject_type,
                array_parameter(subject_ids),
                actor.user_id,
                actor.api_key_id,
                actor.name[:200],
                actor.request_id[:100],
                actor.ip_address,
                _json(before),
                _json(after),
                _json(facts),
            )
        )

    def taken(self) -> Beside:
        """What is recorded so far, few rows of it, for `insert_row` to write with a row of its own;
        it is not written again."""
        rows, self._rows = self._rows, []
        statement = _INSERT + ", ".join([_ROW] * len(rows))
        return Beside(statement, [value for row in rows for value in row])

    def write(self) -> None:
        """Insert the rows by a prepared statement: every write waits for this.

        Very many, as an import makes them, go in by several of one length: a statement of another
        length is another one, to be parsed and planned.
        """
        with prepared_cursor() as cursor:
            for first in range(0, len(self._rows), _MOST_ROWS):
                rows = self._rows[first : first + _MOST_ROWS]
                statement = _INSERT + ", ".join([_ROW] * len(rows))
                cursor.execute(statement, [value for row in rows for value in row])
        self._rows = []


_INSERT = """
INSERT INTO organizations_auditevent
       (organization_id, id, action, subject_type, subject_ids, user_id, api_key_id, actor_name,
        request_id, ip_address, before, after, facts)
VALUES """
_MOST_ROWS = 20
_ROW = "(%s, %s, %s, %s, %s::uuid[], %s, %s, %s, %s, %s::inet, %s::jsonb, %s::jsonb, %s::jsonb)"


@contextmanager
def atomic_use_case(actor: Actor, action: str) -> Iterator[Audit]:
    """One use case: its transaction, its audit trail, and refusals in the books' own words.

    What is passed to the yielded `Audit` is written with the fact itself, or not at all. A broken
    database constraint comes out as the refusal that it stands for.
    """
    with refusing(), use_case_transaction():
        audit = Audit(actor, action)
        yield audit
        audit.write()


def save_changed(
    audit: Audit, row: models.Model, before: Mapping[str, Any], after: Mapping[str, Any]
) -> None:
    """Save the fields that differ, and tell the audit trail of those; nothing where none does."""
    changed = [name for name in before if before[name] != after[name]]
    if changed:
        row.save(update_fields=changed)
        audit(
            row,
            before={name: before[name] for name in changed},
            after={name: after[name] for name in changed},
        )


def _kind(subject: models.Model) -> str:
    return subject._meta.model_name or ""


def _json(values: dict[str, Any] | None) -> str | None:
    return None if values is None else json.dumps(_plain_value(values))


def _plain_value(value: Any) -> Any:
    """JSON values only: numbers stay exact, moments and days are ISO, the rest becomes its text."""
    if isinstance(value, dict):
        return {str(name): _plain_value(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain_value(inner) for inner in value]
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, date):
        return value.isoformat()
    return str(value)
