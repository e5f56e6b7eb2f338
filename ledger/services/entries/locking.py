"""Entries locked until the end of the transaction, by those who are about to change them."""

from uuid import UUID

from ledger.errors import EntryChanged, EntryNotFound, EntryNotPending
from ledger.models import EntryStatus, JournalEntry
from organizations.models import Organization


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
