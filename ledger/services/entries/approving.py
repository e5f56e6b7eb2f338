"""Approve a proposal: turn its lines into lines of the books."""

from datetime import datetime

from django.utils import timezone

from core.db import prepared_cursor, uuid7
from core.errors import refusing
from ledger.errors import EntryHasTooFewLines, OwnApproval
from ledger.models import EntryStatus, JournalEntry, ProposedLine
from ledger.services.entries.auditing import as_audited
from ledger.services.entries.locking import lock_entry, lock_pending
from ledger.services.entries.restricting import mark_need_of_approval
from organizations.actors import Actor
from organizations.services.auditing import atomic_use_case


def approve_entry(
    *,
    actor: Actor,
    entry: JournalEntry,
    revision: int | None = None,
    now: datetime | None = None,
) -> JournalEntry:
    """Post a pending entry. `revision` is the one that the actor looked at.

    Raises:
        OwnApproval: it needs a second person, and the actor made it.
        EntryNotPending, EntryChanged, UnbalancedEntry, BooksClosed, …
    """
    with atomic_use_case(actor, "approve_entry") as audit:
        pending = lock_pending(actor.organization, entry, revision)
        # The threshold may have been lowered since.
        mark_need_of_approval(actor, pending)
        if pending.needs_approval and _made_by(pending, actor):
            raise OwnApproval(reference=pending.reference)
        _post_pending(actor, pending, now or timezone.now())
        posted = lock_entry(actor.organization, pending.pk)
        audit(posted, before={"status": EntryStatus.PENDING}, after=as_audited(posted))
    return posted


def _made_by(entry: JournalEntry, actor: Actor) -> bool:
    return (actor.user is not None and entry.maker_id == actor.user_id) or (
        actor.api_key is not None and entry.maker_key_id == actor.api_key_id
    )


def _post_pending(actor: Actor, pending: JournalEntry, now: datetime) -> None:
    """Turn the proposed lines into lines: one statement, as in any posting."""
    proposed = list(
        ProposedLine.objects.of(actor.organization).filter(entry_id=pending.pk).order_by("position")
    )
    if len(proposed) < 2:
        raise EntryHasTooFewLines(reference=pending.reference, lines=len(proposed))
    with refusing(), prepared_cursor() as cursor:
        cursor.execute(
            _POST_PENDING,
            (
                now,
                actor.user_id,
                actor.api_key_id,
                actor.organization.pk,
                pending.pk,
                actor.organization.pk,
                pending.pk,
                [uuid7() for _ in proposed],
                [line.account_id for line in proposed],
                [line.position for line in proposed],
                [line.debit for line in proposed],
                [line.credit for line in proposed],
                [line.description for line in proposed],
            ),
        )
    ProposedLine.objects.of(actor.organization).filter(entry_id=pending.pk).delete()


_POST_PENDING = """
WITH e AS (
  UPDATE ledger_journalentry
     SET status = 'posted', posted_at = %s, checker_id = %s, checker_key_id = %s
   WHERE organization_id = %s AND id = %s AND status = 'pending'
)
INSERT INTO ledger_journalline
       (organization_id, entry_id, id, account_id, position, debit, credit, description)
SELECT %s, %s, u.*
  FROM unnest(%s::uuid[], %s::uuid[], %s::smallint[], %s::bigint[], %s::bigint[], %s::text[]) AS u
"""
