"""The frame of a use case: one transaction, one audit row or more."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any
from uuid import UUID

from django.db import models

from core.db import prepared_cursor, use_case_transaction, uuid7
from core.db.prepared import array_parameter
from core.errors import refusing
from organizations.actors import Actor


class Audit:
    """Collects what a use case did; written in its transaction, as its last statement."""

    def __init__(self, actor: Actor, action: str) -> None:
        self._actor = actor
        self._action = action
        self._events: list[tuple[object, ...]] = []

    def __call__(
        self,
        *subjects: models.Model,
        before: dict[str, Any] | None = None,
        after: dict[str, Any] | None = None,
        **facts: Any,
    ) -> None:
        """Record that the action was done to `subjects`, all of one kind."""
        self.record(
            subjects[0]._meta.model_name or "" if subjects else "",
            [subject.pk for subject in subjects],
            before=before,
            after=after,
            **facts,
        )

    def record(
        self,
        subject_type: str,
        subject_ids: Iterable[UUID],
        before: dict[str, Any] | None = None,
        after: dict[str, Any] | None = None,
        **facts: Any,
    ) -> None:
        actor = self._actor
        self._events.append(
            (
                actor.organization.id,
                uuid7(),
                self._action,
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

    def write(self) -> None:
        """Insert the events, one prepared statement each: every write waits for this."""
        with prepared_cursor() as cursor:
            for event in self._events:
                cursor.execute(_INSERT, event)
        self._events = []


_INSERT = """
INSERT INTO organizations_auditevent
       (organization_id, id, action, subject_type, subject_ids, user_id, api_key_id, actor_name,
        request_id, ip_address, before, after, facts)
VALUES (%s, %s, %s, %s, %s::uuid[], %s, %s, %s, %s, %s::inet, %s::jsonb, %s::jsonb, %s::jsonb)
"""


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
