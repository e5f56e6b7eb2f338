"""Entries by any name that they have."""

from ledger.models import JournalEntry
from organizations.models import Organization


def entry_named(organization: Organization, name: str) -> JournalEntry | None:
    """The entry with this reference, or else the one that had this name in the old books."""
    entries = JournalEntry.objects.of(organization)
    entry: JournalEntry | None = (
        entries.filter(reference=name).first()
        or entries.filter(aliases__alias=name, aliases__organization_id=organization.pk).first()
    )
    return entry
