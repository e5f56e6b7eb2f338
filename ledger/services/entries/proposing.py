"""Propose an entry, edit the proposal, withdraw it: nothing of it counts until it is posted."""

from datetime import datetime

from django.utils import timezone

from ledger.drafts import MOST_LINES, EntryDraft
from ledger.errors import EntryHasTooFewLines, EntryHasTooManyLines
from ledger.models import JournalEntry, ProposedLine
from ledger.services.entries.auditing import as_audited
from ledger.services.entries.locking import lock_entry, lock_pending
from ledger.services.entries.restricting import mark_need_of_approval, refuse_reserved
from ledger.services.posting import Batch, Contents, entries_under, find_accounts
from organizations.actors import Actor
from organizations.services.auditing import atomic_use_case


def propose_entry(*, actor: Actor, draft: EntryDraft, now: datetime | None = None) -> JournalEntry:
    """Keep a draft as pending: it counts nowhere and need not balance until it is posted.

    What stands under the reference already is returned as it is, marked `is_replay`, when it says
    the same.

    Raises:
        UnknownAccount, CurrencyMismatch, LineNotDebitOrCredit, ReferenceConflict, …
    """
    _check_proposal(actor, draft)
    with atomic_use_case(actor, "propose_entry") as audit:
        accounts = find_accounts(actor.organization, [draft])
        batch = Batch(actor.organization, actor, now or timezone.now())
        batch.add(draft, accounts)
        if not batch.propose():
            entry = entries_under(actor.organization, [draft.reference])[draft.reference]
            contents = Contents(actor.organization, accounts)
            contents.expect(entry, draft)
            contents.check()
            return entry
        entry = lock_entry(actor.organization, batch.entries[0].pk)
        mark_need_of_approval(actor, entry)
        audit(entry, after=as_audited(entry))
    return entry


def _check_proposal(actor: Actor, draft: EntryDraft) -> None:
    refuse_reserved(actor, [draft])
    if not draft.lines:
        raise EntryHasTooFewLines(reference=draft.reference, lines=0)
    if len(draft.lines) > MOST_LINES:
        raise EntryHasTooManyLines(
            reference=draft.reference, lines=len(draft.lines), most=MOST_LINES
        )
    draft.check_date()
    draft.check_lines()


def edit_proposal(
    *,
    actor: Actor,
    entry: JournalEntry,
    draft: EntryDraft,
    revision: int | None = None,
    now: datetime | None = None,
) -> JournalEntry:
    """Replace what a pending entry says. Whoever edits it becomes its maker: they may not
    approve what they wrote themselves.

    Raises:
        EntryNotPending, EntryChanged, ReferenceConflict (the new reference is taken), …
    """
    _check_proposal(actor, draft)
    with atomic_use_case(actor, "edit_proposal") as audit:
        locked = lock_pending(actor.organization, entry, revision)
        before = _as_proposed(locked)
        batch = Batch(actor.organization, actor, now or timezone.now())
        batch.add(draft, find_accounts(actor.organization, [draft]))
        _rewrite(locked, batch)
        mark_need_of_approval(actor, locked)
        audit(locked, before=before, after=_as_proposed(locked))
    return locked


# What an edit replaces in an entry; the rest of it stays as it was proposed.
_REWRITTEN = (
    "reference",
    "effective_on",
    "description",
    "reference_type",
    "reference_id",
    "metadata",
    "currency",
    "total_amount",
    "maker_id",
    "maker_key_id",
)


def _rewrite(pending: JournalEntry, batch: Batch) -> None:
    """Let a pending entry say what the one entry of the batch says."""
    [edited] = batch.entries
    for name in _REWRITTEN:
        setattr(pending, name, getattr(edited, name))
    pending.revision += 1
    pending.save()
    ProposedLine.objects.of(pending.organization_id).filter(entry_id=pending.pk).delete()
    ProposedLine.objects.bulk_create(
        ProposedLine(
            organization_id=pending.organization_id,
            id=line_id,
            entry_id=pending.pk,
            account_id=account_id,
            position=position,
            debit=debit,
            credit=credit,
            description=description,
        )
        for line_id, _, account_id, position, debit, credit, description in batch.lines
    )


def withdraw_proposal(*, actor: Actor, entry: JournalEntry) -> None:
    """Delete a pending entry; the audit trail keeps what it said.

    Raises:
        EntryNotPending
    """
    with atomic_use_case(actor, "withdraw_proposal") as audit:
        locked = lock_pending(actor.organization, entry)
        before = _as_proposed(locked)
        ProposedLine.objects.of(actor.organization).filter(entry_id=locked.pk).delete()
        audit(locked, before=before)
        locked.delete()


def _as_proposed(entry: JournalEntry) -> dict[str, object]:
    """What the trail keeps of a proposal: its lines too, as these can change."""
    return as_audited(entry) | {"lines": _proposed_sides(entry)}


def _proposed_sides(entry: JournalEntry) -> list[dict[str, object]]:
    lines = ProposedLine.objects.of(entry.organization_id).filter(entry_id=entry.pk)
    return [
        {"account": code, "debit": debit, "credit": credit}
        for code, debit, credit in lines.order_by("position").values_list(
            "account__code", "debit", "credit"
        )
    ]
