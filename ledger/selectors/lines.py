"""The lines of entries, for whoever shows entries whole: one statement for any number of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from core.db import prepared_cursor
from ledger.models import EntryStatus, JournalEntry
from organizations.models import Organization


@dataclass(frozen=True, slots=True)
class LineRow:
    """One side of an entry, posted or proposed, with its account's code and currency."""

    position: int
    account: str
    currency: str
    debit: int
    credit: int
    description: str


def lines_of(
    organization: Organization, entries: Iterable[JournalEntry]
) -> dict[UUID, list[LineRow]]:
    """Every entry's lines, in their order; of a pending entry the proposed ones."""
    posted: list[UUID] = []
    pending: list[UUID] = []
    for entry in entries:
        (pending if entry.status == EntryStatus.PENDING else posted).append(entry.pk)
    found: dict[UUID, list[LineRow]] = {}
    for table, ids in (("ledger_journalline", posted), ("ledger_proposedline", pending)):
        if ids:
            for entry_id, *line in _rows(table, organization, ids):
                found.setdefault(entry_id, []).append(LineRow(*line))
    return found


def _rows(table: str, organization: Organization, ids: list[UUID]) -> list[tuple[Any, ...]]:
    sql = f"""
        SELECT l.entry_id, l.position, a.code, a.currency, l.debit, l.credit, l.description
          FROM {table} l
          JOIN ledger_account a
            ON a.organization_id = l.organization_id AND a.id = l.account_id
         WHERE l.organization_id = %s AND l.entry_id = ANY(%s)
         ORDER BY l.entry_id, l.position"""
    with prepared_cursor() as cursor:
        cursor.execute(sql, (organization.pk, ids))
        return list(cursor.fetchall())


def reversals_of(organization: Organization, entries: Iterable[JournalEntry]) -> dict[UUID, UUID]:
    """By the id of each voided entry, the id of the entry that reverses it."""
    voided = [entry.pk for entry in entries if entry.status == EntryStatus.VOIDED]
    if not voided:
        return {}
    rows = JournalEntry.objects.of(organization).filter(reverses_id__in=voided)
    return dict(rows.values_list("reverses_id", "id"))
