"""The outbox: what has to be done after a commit is written in that commit, and then done.

A message is delivered at least once. It is claimed by a short transaction that puts its next
attempt off, so a worker that is killed while it delivers leaves a message that comes due again.
"""

import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from core.db import require_transaction
from organizations.models import Organization, OutboxMessage

Deliver = Callable[[Organization, Mapping[str, Any]], None]
Tell = Callable[[UUID], None]

# Longer than one delivery takes: so long a message is its worker's alone.
CLAIMED_FOR = timedelta(minutes=2)
FIRST_PAUSE = timedelta(seconds=10)
LONGEST_PAUSE = timedelta(hours=1)
KEPT_FOR = timedelta(days=7)
MOST_ERROR_LETTERS = 2_000

logger = structlog.get_logger(__name__)

_topics: dict[str, Deliver] = {}
_tell: list[Tell] = []


class _Untold(threading.local):
    """The organizations whose messages of this thread's transaction nobody was told of yet."""

    def __init__(self) -> None:
        self.organizations: set[UUID] = set()


_untold = _Untold()


def register(topic: str, deliver: Deliver) -> None:
    """Say how messages of a topic are delivered; to be called when an app loads.

    `deliver` is called outside a transaction, at least once for each message. An exception puts
    the message off.
    """
    _topics[topic] = deliver


def tell_worker_by(tell: Tell) -> None:
    """Set what is called after a commit with the organization that has new messages.

    It must not raise, and must not keep the request waiting.
    """
    _tell[:] = [tell]


def enqueue(organization: Organization, topic: str, /, **payload: Any) -> OutboxMessage:
    """Have a message delivered if, and soon after, the caller's transaction commits.

    Raises:
        KeyError: no app has registered the topic.
        RuntimeError: no transaction is open.
    """
    require_transaction()
    if topic not in _topics:
        raise KeyError(f"nobody delivers {topic!r}; topics are {sorted(_topics)}")
    message: OutboxMessage = OutboxMessage.objects.create(
        organization=organization, topic=topic, payload=payload, next_attempt_at=timezone.now()
    )
    _untold.organizations.add(organization.pk)
    transaction.on_commit(lambda: _tell_of(organization.pk))
    return message


def _tell_of(organization_id: UUID) -> None:
    """Tell the worker once, however many messages the transaction has left."""
    if organization_id in _untold.organizations:
        _untold.organizations.discard(organization_id)
        for tell in _tell:
            tell(organization_id)


def organizations_with_due_messages(now: datetime | None = None) -> QuerySet[Organization]:
    """Those for whom something waits whose time has come."""
    due = OutboxMessage.objects.filter(
        organization_id=OuterRef("pk"),
        delivered_at__isnull=True,
        next_attempt_at__lte=now or timezone.now(),
    )
    return Organization.objects.filter(Exists(due)).order_by("id")


def deliver_due(
    organization: Organization, *, most: int, within_s: float = 60, now: datetime | None = None
) -> int:
    """Deliver up to `most` messages whose time has come; how many were tried.

    One after the other, each claimed by itself: what fails, hangs or kills the worker is one
    message, and it comes last the next time. None is begun when `within_s` have passed.
    """
    tried = 0
    deadline = time.monotonic() + within_s
    while tried < most and time.monotonic() < deadline:
        message = _claim(organization, now or timezone.now())
        if message is None:
            break
        _attempt(organization, message, now)
        tried += 1
    return tried


def _claim(organization: Organization, now: datetime) -> OutboxMessage | None:
    """The next message, put off by as long as its delivery may take at most."""
    with transaction.atomic(durable=True):
        message: OutboxMessage | None = (
            OutboxMessage.objects.of(organization)
            .filter(delivered_at__isnull=True, next_attempt_at__lte=now)
            # New ones first: what has failed before waits for what may well go through.
            .order_by("attempts", "next_attempt_at", "id")
            .select_for_update(skip_locked=True)
            .first()
        )
        if message is not None:
            message.attempts += 1
            message.next_attempt_at = now + max(CLAIMED_FOR, pause_after(message.attempts))
            message.save(update_fields=["attempts", "next_attempt_at"])
    return message


def _attempt(organization: Organization, message: OutboxMessage, now: datetime | None) -> None:
    try:
        deliver = _topics.get(message.topic)
        if deliver is None:
            raise LookupError(f"nobody delivers the topic {message.topic!r}")
        deliver(organization, message.payload)
    except Exception as error:  # noqa: BLE001 - one bad message must not stop the others
        _put_off(organization, message, error, now or timezone.now())
    else:
        _mark_delivered(organization, message, now or timezone.now())


def _put_off(
    organization: Organization, message: OutboxMessage, error: Exception, now: datetime
) -> None:
    told = f"{type(error).__name__}: {error}"[:MOST_ERROR_LETTERS].replace("\x00", "")
    logger.warning(
        "outbox_delivery_failed",
        organization=organization.slug,
        topic=message.topic,
        message_id=str(message.pk),
        attempts=message.attempts,
        error=told,
    )
    _own_attempt(organization, message).update(
        last_error=told, next_attempt_at=now + pause_after(message.attempts)
    )


def _mark_delivered(organization: Organization, message: OutboxMessage, now: datetime) -> None:
    _own_attempt(organization, message).update(delivered_at=now, last_error="")


def _own_attempt(organization: Organization, message: OutboxMessage) -> Any:
    """The message, unless its claim ran out and somebody else has taken it since."""
    rows = OutboxMessage.objects.of(organization)
    return rows.filter(pk=message.pk, attempts=message.attempts, delivered_at__isnull=True)


def pause_after(attempts: int) -> timedelta:
    """How long a message rests after so many attempts: 10 s, 20 s, 40 s … up to an hour."""
    doublings = min(attempts - 1, 20)
    return min(LONGEST_PAUSE, FIRST_PAUSE * (1 << doublings))


def delete_delivered(organization: Organization, now: datetime, most: int = 10_000) -> int:
    """Delete up to `most` messages that were delivered a week ago; how many there were."""
    old = OutboxMessage.objects.of(organization).filter(delivered_at__lt=now - KEPT_FOR)
    chosen = old.order_by("delivered_at").values("pk")[:most]
    count, _ = OutboxMessage.objects.of(organization).filter(pk__in=chosen).delete()
    return int(count)


def organizations_with_old_messages(now: datetime) -> QuerySet[Organization]:
    """Those that have messages which were delivered a week ago."""
    old = OutboxMessage.objects.filter(
        organization_id=OuterRef("pk"), delivered_at__lt=now - KEPT_FOR
    )
    return Organization.objects.filter(Exists(old)).order_by("id")
