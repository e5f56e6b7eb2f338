"""`Idempotency-Key`: a request that is repeated is answered, not carried out again.

The stored answer is the last statement of the transaction that did the work, so that either both
are there or neither is. That a key is used once is a constraint; the advisory lock below is only
a courtesy, for telling a second request at once that the first is still running.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet

from core.db import prepared_cursor, uuid7
from core.db.transactions import shared_transaction
from core.errors import Conflict, Forbidden, Invalid, NotFound, Refusal
from organizations.models import IdempotencyKey, Organization

LONGEST_KEY = 255


class IdempotencyKeyInUse(Conflict):
    """A request with this Idempotency-Key is being worked on; ask again in a moment."""


class IdempotencyKeyReused(Invalid):
    """This Idempotency-Key was used with another request; take a new one for a new request."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered, and is answered again."""

    status_code: int
    content_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Claim:
    """One request under one key; `fingerprint` tells whether another request is the same."""

    organization_id: UUID
    key: str
    fingerprint: str


class _Taken(Exception):
    """Another connection has stored its answer under the key first."""


def fingerprint_of(*parts: bytes) -> str:
    """What makes two requests the same: who asks, method, path, query and the body's bytes."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8))
        digest.update(part)
    return digest.hexdigest()


def answer_once(
    claim: Claim,
    work: Callable[[], Answer],
    refused: Callable[[Refusal], Answer],
    now: datetime,
) -> tuple[Answer, bool]:
    """The answer of `work`, carried out once for this claim, and whether it is a stored one.

    `work` runs in one transaction with the storing of its answer. A refusal by the books rolls
    it back and is stored too, as `refused` words it. Anything else that is raised is not stored.

    Raises:
        IdempotencyKeyInUse, IdempotencyKeyReused
    """
    try:
        with shared_transaction():
            stored = _begin(claim, now)
            if stored is not None:
                return stored, True
            answer = work()
            if not _store(claim, answer, now):
                raise _Taken
            return answer, False
    except _Taken:
        return _stored_by_another(claim, now), True
    except Refusal as refusal:
        if not is_final(refusal):
            raise
        answer = refused(refusal)
    # Outside the transaction, which is rolled back; on its own this cannot undo anything.
    with shared_transaction():
        if _store(claim, answer, now):
            return answer, False
    return _stored_by_another(claim, now), True


def is_final(refusal: Refusal) -> bool:
    """Whether the same request would be refused again: a rule of the books said no."""
    if isinstance(refusal, IdempotencyKeyInUse | IdempotencyKeyReused | Forbidden):
        return False
    return isinstance(refusal, NotFound | Invalid | Conflict) and not _is_passing(refusal)


def _is_passing(refusal: Refusal) -> bool:
    """What the next attempt may not meet, such as a lock that could not be had in time."""
    cause = getattr(refusal.__cause__, "__cause__", None)
    return refusal.passes or getattr(cause, "sqlstate", None) == "55P03"


_BEGIN = """
SELECT pg_try_advisory_xact_lock(hashtextextended(%s::text || %s::text, 0)),
       k.fingerprint, k.status_code, k.content_type, k.body
  FROM (SELECT) one
  LEFT JOIN organizations_idempotencykey k
    ON k.organization_id = %s AND k.key = %s AND k.expires_at > %s
"""


def _begin(claim: Claim, now: datetime) -> Answer | None:
    """The stored answer, where there is one already."""
    organization_id = claim.organization_id
    with prepared_cursor() as cursor:
        cursor.execute(_BEGIN, (str(organization_id), claim.key, organization_id, claim.key, now))
        is_ours, fingerprint, *answer = cursor.fetchone()
    if fingerprint is not None:
        return _same_request(claim, fingerprint, answer)
    if not is_ours:
        raise IdempotencyKeyInUse()
    return None


def _same_request(claim: Claim, fingerprint: str, answer: list[Any]) -> Answer:
    if fingerprint != claim.fingerprint:
        raise IdempotencyKeyReused()
    status_code, content_type, body = answer
    return Answer(status_code, content_type, bytes(body))


# One that has expired is as good as none, and its row is taken over.
_STORE = """
INSERT INTO organizations_idempotencykey AS k
       (organization_id, id, key, fingerprint, status_code, content_type, body, created_at,
        expires_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (organization_id, key) DO UPDATE
   SET fingerprint = EXCLUDED.fingerprint, status_code = EXCLUDED.status_code,
       content_type = EXCLUDED.content_type, body = EXCLUDED.body,
       created_at = EXCLUDED.created_at, expires_at = EXCLUDED.expires_at
 WHERE k.organization_id = EXCLUDED.organization_id AND k.expires_at <= EXCLUDED.created_at
"""


def _store(claim: Claim, answer: Answer, now: datetime) -> bool:
    """Whether the answer was stored: not so where another request's stands."""
    with prepared_cursor() as cursor:
        cursor.execute(
            _STORE,
            (
                claim.organization_id,
                uuid7(),
                claim.key,
                claim.fingerprint,
                answer.status_code,
                answer.content_type,
                answer.body,
                now,
                now + timedelta(seconds=settings.IDEMPOTENCY_TTL_S),
            ),
        )
        return bool(cursor.rowcount)


def _stored_by_another(claim: Claim, now: datetime) -> Answer:
    row = (
        IdempotencyKey.objects.of(claim.organization_id)
        .filter(key=claim.key, expires_at__gt=now)
        .values_list("fingerprint", "status_code", "content_type", "body")
        .first()
    )
    if row is None:
        raise IdempotencyKeyInUse()
    fingerprint, *answer = row
    return _same_request(claim, fingerprint, answer)


def organizations_with_expired_keys(now: datetime) -> QuerySet[Organization]:
    """Those that have keys whose time is over."""
    expired = IdempotencyKey.objects.filter(organization_id=OuterRef("pk"), expires_at__lte=now)
    return Organization.objects.filter(Exists(expired)).order_by("id")


def delete_expired_keys(organization: Organization, now: datetime, most: int = 10_000) -> int:
    """Delete up to `most` keys whose time is over; returns how many there were."""
    with connection.cursor() as cursor:
        cursor.execute(
            """DELETE FROM organizations_idempotencykey
                WHERE organization_id = %s AND id IN (
                  SELECT id FROM organizations_idempotencykey
                   WHERE organization_id = %s AND expires_at <= %s
                   ORDER BY expires_at LIMIT %s)""",
            (organization.pk, organization.pk, now, most),
        )
        return int(cursor.rowcount)
