"""Whether what stands under a reference says what is asked for: a replay, or a conflict."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from ledger.drafts import EntryDraft
from ledger.errors import ReferenceConflict
from ledger.models import EntryStatus, JournalEntry, JournalLine, ProposedLine
from ledger.services.posting.accounts import AccountsByName
from organizations.models import Organization


def entries_under(organization: Organization, references: list[str]) -> dict[str, JournalEntry]:
    """The entries that stand in the books under these references."""
    entries = JournalEntry.objects.of(organization).filter(reference__in=references)
    found: dict[str, JournalEntry] = {}
    for entry in entries:
        entry.is_replay = True
        found[entry.reference] = entry
    return found


Side = tuple[UUID, int, int, str]


class Contents:
    """Compares what is asked for with what stands under its reference."""

    def __init__(
        self, organization: Organization, accounts: AccountsByName, *, taking_proposals: bool = True
    ) -> None:
        self.organization = organization
        self.accounts = accounts
        self.taking_proposals = taking_proposals
        self.expected: list[tuple[JournalEntry, EntryDraft, int]] = []
        self.conflicts: list[dict[str, str | int]] = []

    def expect(self, entry: JournalEntry, draft: EntryDraft, position: int = 0) -> None:
        """What stands in the books, and the draft at `position` that should say the same."""
        self.expected.append((entry, draft, position))

    def compare_drafts(self, first: EntryDraft, second: EntryDraft, position: int) -> None:
        """Two drafts of one batch under one reference; `position` is the second one's."""
        differs = _differing_heads(first, second)
        if self._sides(first) != self._sides(second):
            differs.append("lines")
        self._note(second.reference, differs, position)

    def check(self) -> None:
        """Raises ReferenceConflict for the first that says something else, naming all of them."""
        if self.expected:
            lines = self._lines_in_books()
            for entry, draft, position in self.expected:
                differs = _differing_heads(entry, draft)
                if self._sides(draft) != lines.get(entry.pk, []):
                    differs.append("lines")
                if entry.status == EntryStatus.PENDING and not self.taking_proposals:
                    # Whoever is told of a replay takes it that the money is in the books.
                    differs.append("status (it is pending)")
                self._note(draft.reference, differs, position)
        if self.conflicts:
            raise ReferenceConflict(**self.conflicts[0], offenders=self.conflicts)

    def _note(self, reference: str, differs: list[str], position: int) -> None:
        if differs:
            self.conflicts.append(
                {"reference": reference, "differs": ", ".join(differs), "position": position}
            )

    def _lines_in_books(self) -> Mapping[UUID, list[Side]]:
        sides: dict[UUID, list[Side]] = {}
        pending = {e.pk for e, _, _ in self.expected if e.status == EntryStatus.PENDING}
        posted = {e.pk for e, _, _ in self.expected if e.status != EntryStatus.PENDING}
        for model, ids in ((JournalLine, posted), (ProposedLine, pending)):
            if ids:
                rows = (
                    model.objects.of(self.organization)
                    .filter(entry_id__in=ids)
                    .order_by("entry_id", "position")
                    .values_list("entry_id", "account_id", "debit", "credit", "description")
                )
                for entry_id, *side in rows:
                    sides.setdefault(entry_id, []).append(tuple(side))
        return sides

    def _sides(self, draft: EntryDraft) -> list[Side]:
        return [
            (
                self.accounts.get(line.account, draft.reference, position).id,
                line.debit,
                line.credit,
                line.description,
            )
            for position, line in enumerate(draft.lines, start=1)
        ]


def _differing_heads(one: JournalEntry | EntryDraft, other: EntryDraft) -> list[str]:
    names = ("effective_on", "description", "reference_type", "reference_id")
    differs = [name for name in names if getattr(one, name) != getattr(other, name)]
    if _plain(one.metadata) != _plain(other.metadata):
        differs.append("metadata")
    return differs


def _plain(metadata: Mapping[str, Any]) -> Any:
    """Metadata with its numbers as they are written: 1e23 comes back from the database as the
    integer that it says, which is another number than Python's float of it; and true is not 1."""
    if not metadata:
        return {}
    return json.loads(json.dumps(dict(metadata)), parse_int=_number, parse_float=_number)


def _number(text: str) -> tuple[str, Decimal]:
    return ("number", Decimal(text))
