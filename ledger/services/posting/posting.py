"""Post drafts: look their accounts up, insert them, compare what was in the books already."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from core.db import require_transaction
from ledger.drafts import EntryDraft
from ledger.models import JournalEntry
from ledger.services.posting.accounts import AccountsByName, find_accounts
from ledger.services.posting.batch import Batch
from ledger.services.posting.contents import Contents, entries_under
from organizations.actors import Actor
from organizations.models import Organization


def post_entries(
    organization: Organization,
    drafts: Sequence[EntryDraft],
    *,
    actor: Actor | None = None,
    now: datetime | None = None,
    voids: Sequence[UUID] = (),
    accounts: AccountsByName | None = None,
) -> list[JournalEntry]:
    """Post drafts, in their order, inside the caller's transaction; all of them or none.

    What is in the books already under the same reference and with the same content is returned
    as it stands, marked `is_replay`; what is only proposed is not in them.
    `voids` are posted entries that become voided by the reversals among the drafts, in the same
    statement. `accounts` are those that the drafts name, where the caller has looked them up
    already; their laws are checked by the triggers all the same.

    Raises:
        UnbalancedEntry, UnknownAccount, CurrencyMismatch, AccountArchived, AccountHasChildren,
        BooksClosed, ReferenceConflict, …: nothing was written; the transaction is spent.
    """
    require_transaction()
    if not drafts:
        return []
    if accounts is None:
        accounts = find_accounts(organization, drafts)
    first_of: dict[str, int] = {}
    batch = Batch(organization, actor, now or timezone.now())
    for position, draft in enumerate(drafts):
        if draft.reference not in first_of:
            draft.check_shape()
            first_of[draft.reference] = position
            batch.add(draft, accounts)
    inserted = batch.insert(voids)

    fresh = {entry.reference: entry for entry in batch.entries if entry.id in inserted}
    in_books = fresh
    if len(inserted) < len(first_of):
        missing = [reference for reference in first_of if reference not in fresh]
        in_books = fresh | entries_under(organization, missing)
    results: list[JournalEntry] = []
    contents = Contents(organization, accounts, taking_proposals=False)
    for position, draft in enumerate(drafts):
        entry = in_books[draft.reference]
        if draft.reference in fresh:
            if first_of[draft.reference] != position:
                contents.compare_drafts(drafts[first_of[draft.reference]], draft, position)
        else:
            contents.expect(entry, draft, position)
        results.append(entry)
    contents.check()
    return results
