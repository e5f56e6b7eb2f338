"""Use cases of journal entries: submit, propose, edit, withdraw, approve, void."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from core.db import prepared_cursor, uuid7
from core.errors import AmountOutOfRange, Refusal, refusing
from ledger.drafts import MOST_LINES, EntryDraft, LineDraft
from ledger.errors import (
    AlreadyVoided,
    ApprovalRequired,
    EntryChanged,
    EntryHasTooFewLines,
    EntryHasTooManyLines,
    EntryNotFound,
    EntryNotPending,
    EntryNotPosted,
    OwnApproval,
    ReservedReferenceType,
)
from ledger.models import EntryStatus, JournalEntry, JournalLine, ProposedLine
from ledger.periods import YEAR_END
from ledger.services.posting import (
    Batch,
    Contents,
    entries_under,
    find_accounts,
    post_entries,
)
from organizations.actors import Actor
from organizations.models import Organization
from organizations.services.auditing import Audit, atomic_use_case


def submit_entries(
    *, actor: Actor, drafts: Sequence[EntryDraft], now: datetime | None = None
) -> list[JournalEntry]:
    """Post drafts, all of them or none; see `post_entries` for replays and refusals.

    Raises:
        ApprovalRequired: made by a person and above the organization's threshold.
    """
    _refuse_reserved(actor, drafts)
    with atomic_use_case(actor, "post_entries") as audit:
        entries = _post(actor, drafts, now)
        _record(audit, entries)
    return entries


def submit_what_is_sound(
    *, actor: Actor, drafts: Sequence[EntryDraft], now: datetime | None = None
) -> list[JournalEntry | Refusal]:
    """Post the sound drafts; in the place of each other one stands why it was refused.

    One transaction. The database names all offenders of the first rule that is broken; without
    them the rest is tried again, so there are as many attempts as kinds of faults. Only sums that
    leave 64 bits name nobody: whose they are is found by halving.
    """
    refused: dict[int, Refusal] = {}
    posted: dict[int, JournalEntry] = {}
    with atomic_use_case(actor, "post_entries") as audit:
        untried = [_keep_well_formed(actor, drafts, refused)]
        while untried:
            left = untried.pop()
            try:
                with transaction.atomic():
                    entries = _post(actor, [drafts[index] for index in left], now)
                posted.update(zip(left, entries, strict=True))
            except AmountOutOfRange as refusal:
                if len(left) == 1:
                    refused[left[0]] = refusal
                else:
                    # The first half is taken from the end first: the order stays.
                    untried += [left[len(left) // 2 :], left[: len(left) // 2]]
            except Refusal as refusal:
                untried.append(_without_offenders(drafts, left, refusal, refused))
        _record(audit, list(posted.values()))
    return [refused.get(index) or posted[index] for index in range(len(drafts))]


def _post(actor: Actor, drafts: Sequence[EntryDraft], now: datetime | None) -> list[JournalEntry]:
    entries = post_entries(actor.organization, drafts, actor=actor, now=now)
    if actor.user is not None:
        _refuse_above_threshold(actor.organization, entries)
    return entries


def _record(audit: Audit, entries: Sequence[JournalEntry]) -> None:
    """One event for all that is new. What each entry says is in the entry, which cannot change."""
    fresh = {entry.id: entry for entry in entries if not entry.is_replay}
    if not fresh:
        return
    after: dict[str, object] = {"posted": len(fresh)}
    if len(fresh) == 1:
        [entry] = fresh.values()
        after = _as_audited(entry)
    audit.record("journalentry", fresh, after=after)


def _as_audited(entry: JournalEntry) -> dict[str, object]:
    return {
        "reference": entry.reference,
        "effective_on": entry.effective_on,
        "status": entry.status,
        "description": entry.description,
        "reference_type": entry.reference_type,
        "reference_id": entry.reference_id,
        "metadata": dict(entry.metadata),
        "currency": entry.currency,
        "total_amount": entry.total_amount,
    }


def _keep_well_formed(
    actor: Actor, drafts: Sequence[EntryDraft], refused: dict[int, Refusal]
) -> list[int]:
    """Which drafts can be put to the database at all."""
    accounts = find_accounts(actor.organization, drafts)
    left: list[int] = []
    for index, draft in enumerate(drafts):
        try:
            draft.check_shape()
            accounts.check(draft)
            _refuse_reserved(actor, [draft])
            left.append(index)
        except Refusal as refusal:
            refused[index] = refusal
    return left


def _without_offenders(
    drafts: Sequence[EntryDraft],
    left: Sequence[int],
    refusal: Refusal,
    refused: dict[int, Refusal],
) -> list[int]:
    """Note the refusal with each entry that it names; the rest is left to be tried again."""
    offenders = refusal.facts.get("offenders") or [refusal.facts]
    own_facts = {(fact.get("reference"), fact.get("position")): fact for fact in offenders}
    own_facts |= {
        (name, None): refusal.facts
        for name in refusal.facts.get("references", [])
        if (name, None) not in own_facts
    }
    rest: list[int] = []
    for position, index in enumerate(left):
        reference = drafts[index].reference
        # A conflict is one draft's, not its reference's: its twin may be what is in the books.
        own = own_facts.get((reference, None)) or own_facts.get((reference, position))
        if own is None:
            rest.append(index)
        else:
            facts = {**refusal.facts, **own, "reference": reference}
            facts.pop("offenders", None)
            refused[index] = type(refusal)(**facts)
    if len(rest) == len(left):
        raise refusal
    return rest


def _refuse_above_threshold(organization: Organization, entries: Sequence[JournalEntry]) -> None:
    fresh = [entry for entry in entries if not entry.is_replay]
    over = _above_threshold(organization, "ledger_journalline", [entry.pk for entry in fresh])
    if over:
        offenders = [{"reference": entry.reference} for entry in fresh if entry.pk in over]
        raise ApprovalRequired(
            **offenders[0],
            threshold=organization.approval_threshold_amount,
            currency=organization.currency,
            offenders=offenders,
        )


def _above_threshold(
    organization: Organization, line_table: str, entry_ids: Sequence[UUID]
) -> set[UUID]:
    """Entries that need a second person: their debits in the base currency exceed the threshold,
    or they have lines in another currency, which cannot be compared with it."""
    if organization.approval_threshold_amount is None or not entry_ids:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT l.entry_id FROM {line_table} l
                  JOIN ledger_account a
                    ON a.id = l.account_id AND a.organization_id = l.organization_id
                 WHERE l.organization_id = %s AND l.entry_id = ANY(%s)
                 GROUP BY l.entry_id
                HAVING sum(l.debit) FILTER (WHERE a.currency = %s) > %s
                    OR sum(l.credit) FILTER (WHERE a.currency = %s) > %s
                    OR bool_or(a.currency <> %s)""",
            (
                organization.pk,
                list(entry_ids),
                *(organization.currency, organization.approval_threshold_amount) * 2,
                organization.currency,
            ),
        )
        return {row[0] for row in cursor.fetchall()}


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
        _mark_need_of_approval(actor, entry)
        audit(entry, after=_as_audited(entry))
    return entry


def _refuse_reserved(actor: Actor, drafts: Sequence[EntryDraft]) -> None:
    """Income statements leave year-end closings out, so nobody may pass for one.

    Commands may: a journal that comes from other books has its closings.
    """
    if actor.user is None and actor.api_key is None:
        return
    for draft in drafts:
        if draft.reference_type == YEAR_END:
            raise ReservedReferenceType(reference=draft.reference, reference_type=YEAR_END)


def _check_proposal(actor: Actor, draft: EntryDraft) -> None:
    _refuse_reserved(actor, [draft])
    if not draft.lines:
        raise EntryHasTooFewLines(reference=draft.reference, lines=0)
    if len(draft.lines) > MOST_LINES:
        raise EntryHasTooManyLines(
            reference=draft.reference, lines=len(draft.lines), most=MOST_LINES
        )
    draft.check_date()
    draft.check_lines()


def _mark_need_of_approval(actor: Actor, entry: JournalEntry) -> None:
    """Only entries made by a person are manual; the organization's threshold is for those."""
    needs = entry.maker_id is not None and entry.pk in _above_threshold(
        actor.organization, "ledger_proposedline", [entry.pk]
    )
    if needs != entry.needs_approval:
        entry.needs_approval = needs
        entry.save(update_fields=["needs_approval"])


def lock_entry(organization: Organization, id: UUID) -> JournalEntry:
    """The entry, locked until the end of the transaction.

    Raises:
        EntryNotFound
    """
    entry: JournalEntry | None = (
        JournalEntry.objects.of(organization).select_for_update().filter(pk=id).first()
    )
    if entry is None:
        raise EntryNotFound(entry=str(id))
    return entry


def lock_pending(
    organization: Organization, entry: JournalEntry, revision: int | None = None
) -> JournalEntry:
    """A pending entry, locked, in the revision that the actor looked at.

    Raises:
        EntryNotPending, EntryChanged
    """
    locked = lock_entry(organization, entry.pk)
    if locked.status != EntryStatus.PENDING:
        raise EntryNotPending(reference=locked.reference, status=locked.status)
    if revision is not None and revision != locked.revision:
        raise EntryChanged(reference=locked.reference, expected=revision, got=locked.revision)
    return locked


def edit_proposal(
    *, actor: Actor, entry: JournalEntry, draft: EntryDraft, revision: int | None = None
) -> JournalEntry:
    """Replace what a pending entry says. Whoever edits it becomes its maker: they may not
    approve what they wrote themselves.

    Raises:
        EntryNotPending, EntryChanged, ReferenceConflict (the new reference is taken), …
    """
    _check_proposal(actor, draft)
    with atomic_use_case(actor, "edit_proposal") as audit:
        locked = lock_pending(actor.organization, entry, revision)
        before = _as_audited(locked) | {"lines": _proposed_sides(locked)}
        batch = Batch(actor.organization, actor, timezone.now())
        batch.add(draft, find_accounts(actor.organization, [draft]))
        [edited] = batch.entries
        for name in (
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
        ):
            setattr(locked, name, getattr(edited, name))
        locked.revision += 1
        locked.save()
        ProposedLine.objects.of(actor.organization).filter(entry_id=locked.pk).delete()
        ProposedLine.objects.bulk_create(
            ProposedLine(
                organization_id=actor.organization.pk,
                id=line_id,
                entry_id=locked.pk,
                account_id=account_id,
                position=position,
                debit=debit,
                credit=credit,
                description=description,
            )
            for line_id, _, account_id, position, debit, credit, description in batch.lines
        )
        _mark_need_of_approval(actor, locked)
        after = _as_audited(locked) | {"lines": _proposed_sides(locked)}
        audit(locked, before=before, after=after)
    return locked


def _proposed_sides(entry: JournalEntry) -> list[dict[str, object]]:
    lines = ProposedLine.objects.of(entry.organization_id).filter(entry_id=entry.pk)
    return [
        {"account": code, "debit": debit, "credit": credit}
        for code, debit, credit in lines.order_by("position").values_list(
            "account__code", "debit", "credit"
        )
    ]


def withdraw_proposal(*, actor: Actor, entry: JournalEntry) -> None:
    """Delete a pending entry; the audit trail keeps what it said.

    Raises:
        EntryNotPending
    """
    with atomic_use_case(actor, "withdraw_proposal") as audit:
        locked = lock_pending(actor.organization, entry)
        before = _as_audited(locked) | {"lines": _proposed_sides(locked)}
        ProposedLine.objects.of(actor.organization).filter(entry_id=locked.pk).delete()
        audit(locked, before=before)
        locked.delete()


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
        _mark_need_of_approval(actor, pending)
        if pending.needs_approval and _made_by(pending, actor):
            raise OwnApproval(reference=pending.reference)
        _post_pending(actor, pending, now or timezone.now())
        posted = lock_entry(actor.organization, pending.pk)
        audit(posted, before={"status": EntryStatus.PENDING}, after=_as_audited(posted))
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
