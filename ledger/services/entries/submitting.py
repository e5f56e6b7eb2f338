"""Submit drafts: all of them or none, or those that are sound."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from core.errors import AmountOutOfRange, Refusal
from ledger.drafts import EntryDraft
from ledger.models import JournalEntry
from ledger.services.entries.auditing import as_audited
from ledger.services.entries.restricting import refuse_above_threshold, refuse_reserved
from ledger.services.posting import find_accounts, post_entries
from organizations.actors import Actor
from organizations.services.auditing import Audit, atomic_use_case


def submit_entries(
    *, actor: Actor, drafts: Sequence[EntryDraft], now: datetime | None = None
) -> list[JournalEntry]:
    """Post drafts, all of them or none; see `post_entries` for replays and refusals.

    Raises:
        ApprovalRequired: made by a person and above the organization's threshold.
    """
    refuse_reserved(actor, drafts)
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
        refuse_above_threshold(actor.organization, entries)
    return entries


def _record(audit: Audit, entries: Sequence[JournalEntry]) -> None:
    """One event for all that is new. What each entry says is in the entry, which cannot change."""
    fresh = {entry.id: entry for entry in entries if not entry.is_replay}
    if not fresh:
        return
    after: dict[str, object] = {"posted": len(fresh)}
    if len(fresh) == 1:
        [entry] = fresh.values()
        after = as_audited(entry)
    audit.record("journalentry", fresh, after=after)


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
            refuse_reserved(actor, [draft])
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
    first_of: dict[str, EntryDraft] = {}
    for position, index in enumerate(left):
        draft = drafts[index]
        reference = draft.reference
        # What the database refused is the first draft of its reference, and its equals: another
        # draft of that reference has not been tried. A conflict is the one draft's that differs.
        own = own_facts.get((reference, None))
        if own is not None and first_of.setdefault(reference, draft) != draft:
            own = None
        own = own or own_facts.get((reference, position))
        if own is None:
            rest.append(index)
        else:
            facts = {**refusal.facts, **own, "reference": reference}
            facts.pop("offenders", None)
            refused[index] = type(refusal)(**facts)
    if len(rest) == len(left):
        raise refusal
    return rest
