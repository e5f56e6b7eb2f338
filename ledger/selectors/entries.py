"""Journal entries, one or many."""

from datetime import date
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q, QuerySet

from ledger.errors import EntryNotFound
from ledger.models import Account, EntryAlias, JournalEntry, JournalLine, ProposedLine
from organizations.models import Organization


def get_entry(organization: Organization, id: UUID | str) -> JournalEntry:
    """The entry with this id.

    Raises:
        EntryNotFound: there is none, or it is another organization's.
    """
    try:
        entry: JournalEntry = (
            JournalEntry.objects.of(organization).select_related("maker", "checker").get(pk=id)
        )
    except (JournalEntry.DoesNotExist, ValidationError):
        raise EntryNotFound(entry=str(id)[:100]) from None
    return entry


def list_entries(
    organization: Organization,
    *,
    reference: str | None = None,
    reference_type: str | None = None,
    reference_id: str | None = None,
    account: Account | None = None,
    status: str | None = None,
    since: date | None = None,
    until: date | None = None,
) -> QuerySet[JournalEntry]:
    """Entries by what they say, newest effective date first.

    `reference` also finds the entry that had this name in the books that came before.
    """
    filters: dict[str, Any] = {
        "reference_type": reference_type,
        "reference_id": reference_id,
        "status": status,
        "effective_on__gte": since,
        "effective_on__lte": until,
    }
    entries: QuerySet[JournalEntry] = JournalEntry.objects.of(organization).filter(
        **{name: value for name, value in filters.items() if value is not None}
    )
    if reference is not None:
        aliased = EntryAlias.objects.of(organization).filter(alias=reference).values("entry_id")
        entries = entries.filter(Q(reference=reference) | Q(pk__in=aliased))
    if account is not None:
        entries = entries.filter(
            Q(Exists(_lines_on(JournalLine, organization, account)))
            | Q(Exists(_lines_on(ProposedLine, organization, account)))
        )
    return entries.order_by("-effective_on", "-id")


def _lines_on(
    model: type[JournalLine] | type[ProposedLine], organization: Organization, account: Account
) -> Any:
    return model.objects.of(organization).filter(account_id=account.pk, entry_id=OuterRef("pk"))


def has_lines(organization: Organization) -> bool:
    """Whether anything is in the books, proposed lines included."""
    lines: bool = JournalLine.objects.of(organization).exists()
    proposed: bool = ProposedLine.objects.of(organization).exists()
    return lines or proposed
