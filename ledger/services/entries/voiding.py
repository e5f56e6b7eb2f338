"""Void an entry: post its reversal and mark it."""

from datetime import date, datetime, timedelta

from core.db import uuid7
from ledger.drafts import CASH_ENTRY, EntryDraft, LineDraft
from ledger.errors import AlreadyVoided, EntryNotPosted
from ledger.models import EntryStatus, JournalEntry, JournalLine
from ledger.services.entries.locking import lock_entry
from ledger.services.keeping import forget_cash_metrics
from ledger.services.posting import entries_under, post_entries
from organizations.actors import Actor
from organizations.models import Organization
from organizations.services.auditing import atomic_use_case


def void_entry(
    *,
    actor: Actor,
    entry: JournalEntry,
    on: date | None,
    reason: str,
    now: datetime | None = None,
) -> JournalEntry:
    """Post the reversal of an entry and mark the entry voided; returns the reversal.

    The reversal is dated `on`; without it, on the entry's own date, or on the first open day
    where that one is closed.

    Raises:
        AlreadyVoided: the entry has a reversal.
        EntryNotPosted: it is pending.
        BooksClosed: `on` lies in a closed period.
    """
    with atomic_use_case(actor, "void_entry") as audit:
        original = lock_entry(actor.organization, entry.pk)
        if original.status == EntryStatus.VOIDED:
            raise AlreadyVoided(reference=original.reference)
        if original.status != EntryStatus.POSTED:
            raise EntryNotPosted(reference=original.reference, status=original.status)
        draft = _reversed(actor.organization, original, on, reason)
        [reversal] = post_entries(
            actor.organization, [draft], actor=actor, now=now, voids=[original.pk]
        )
        audit(
            original,
            before={"status": EntryStatus.POSTED},
            after={"status": EntryStatus.VOIDED, "reversal": reversal.pk},
            reason=reason,
        )
        if original.reference_type == CASH_ENTRY:
            forget_cash_metrics(actor.organization)
    return reversal


def _reversed(
    organization: Organization, original: JournalEntry, on: date | None, reason: str
) -> EntryDraft:
    lines = JournalLine.objects.of(organization).filter(entry_id=original.pk).order_by("position")
    return EntryDraft(
        reference=_reversal_reference(organization, original),
        effective_on=on or _first_open_day(organization, original.effective_on),
        description=f"Void of {original.reference}: {reason}"[:1000],
        reference_type=original.reference_type,
        reference_id=original.reference_id,
        lines=[
            LineDraft(line.account_id, line.credit, line.debit, line.description) for line in lines
        ],
        reverses=original.pk,
    )


def _reversal_reference(organization: Organization, original: JournalEntry) -> str:
    """`void-` and the reference; where that is taken or too long, the entry's id serves.

    Whoever posts entries can take both beforehand, and must not be able to keep an entry from
    being voided by it: the last resort nobody can foresee.
    """
    wanted = [f"void-{original.reference}", f"void-{original.pk}"]
    taken = entries_under(organization, wanted)
    free = (name for name in wanted if name not in taken and len(name) <= 200)
    return next(free, f"void-{uuid7()}")


def _first_open_day(organization: Organization, day: date) -> date:
    closed_through = Organization.objects.values_list("closed_through", flat=True).get(
        pk=organization.pk
    )
    if closed_through is None or day > closed_through:
        return day
    return closed_through + timedelta(days=1)
