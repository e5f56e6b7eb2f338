"""Posting: the one path by which entries and lines enter the books.

A posting is one SELECT of the accounts and one statement that inserts entries and lines, for one
entry or for ten thousand. The laws are checked by the statement's triggers.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS
from django.db.models.base import ModelState
from django.utils import timezone

from core.db import prepared_cursor, require_transaction, uuid7
from core.db.fields import uuid7_text
from core.db.prepared import array_parameter, text_array_parameter
from core.errors import refusing
from ledger.drafts import EntryDraft, LineDraft
from ledger.errors import CurrencyMismatch, ReferenceConflict, UnknownAccount
from ledger.models import EntryStatus, JournalEntry, JournalLine, ProposedLine
from organizations.actors import Actor
from organizations.models import Organization


@dataclass(frozen=True, slots=True)
class KnownAccount:
    """What posting needs to know of an account."""

    id: UUID
    code: str
    currency: str


class AccountsByName:
    """The accounts that a batch of drafts names, by code and by id."""

    def __init__(self, rows: Iterable[tuple[UUID, str, str]]) -> None:
        self.by_name: dict[str | UUID, KnownAccount] = {}
        known = [KnownAccount(*row) for row in rows]
        for account in known:
            self.by_name[account.id] = account
            self.by_name[str(account.id)] = account
        # A code may look like an id; the code is what its keeper meant.
        for account in known:
            self.by_name[account.code] = account

    def get(self, name: str | UUID, reference: str, position: int) -> KnownAccount:
        account = self.by_name.get(name)
        if account is None and isinstance(name, str):
            account = self.by_name.get(_as_uuid(name) or name)
        if account is None:
            raise UnknownAccount(reference=reference, position=position, account=str(name))
        return account

    def of_line(self, draft: EntryDraft, position: int, line: LineDraft) -> KnownAccount:
        """The account of a line; the line's own currency, if it names one, must be the account's.

        Raises:
            UnknownAccount, CurrencyMismatch
        """
        account = self.get(line.account, draft.reference, position)
        if line.currency is not None and line.currency != account.currency:
            raise CurrencyMismatch(
                reference=draft.reference,
                position=position,
                account=account.code,
                expected=account.currency,
                got=line.currency,
            )
        return account

    def check(self, draft: EntryDraft) -> None:
        """Raises UnknownAccount or CurrencyMismatch for the first line at fault."""
        for position, line in enumerate(draft.lines, start=1):
            self.of_line(draft, position, line)


def find_accounts(organization: Organization, drafts: Sequence[EntryDraft]) -> AccountsByName:
    """One SELECT for the accounts named by all drafts."""
    names = {line.account for draft in drafts for line in draft.lines}
    codes = [name for name in names if isinstance(name, str)]
    ids = [found for found in map(_as_uuid, names) if found is not None]
    sql = "SELECT id, code, currency FROM ledger_account WHERE organization_id = %s AND "
    with prepared_cursor() as cursor:
        if not ids:
            cursor.execute(sql + "code = ANY(%s)", (organization.pk, codes))
        else:
            cursor.execute(sql + "(code = ANY(%s) OR id = ANY(%s))", (organization.pk, codes, ids))
        return AccountsByName(cursor.fetchall())


def _as_uuid(name: str | UUID) -> UUID | None:
    if isinstance(name, UUID):
        return name
    if len(name) in (32, 36):
        try:
            return UUID(name)
        except ValueError:
            return None
    return None


def post_entries(
    organization: Organization,
    drafts: Sequence[EntryDraft],
    *,
    actor: Actor | None = None,
    now: datetime | None = None,
    voids: Sequence[UUID] = (),
) -> list[JournalEntry]:
    """Post drafts, in their order, inside the caller's transaction; all of them or none.

    What is in the books already under the same reference and with the same content is returned
    as it stands, marked `is_replay`; what is only proposed is not in them.
    `voids` are posted entries that become voided by the reversals among the drafts, in the same
    statement.

    Raises:
        UnbalancedEntry, UnknownAccount, CurrencyMismatch, AccountArchived, AccountHasChildren,
        BooksClosed, ReferenceConflict, …: nothing was written; the transaction is spent.
    """
    require_transaction()
    if not drafts:
        return []
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


class Batch:
    """The columns of one INSERT of entries and lines."""

    def __init__(self, organization: Organization, actor: Actor | None, now: datetime) -> None:
        self.organization = organization
        self.actor = actor
        self.now = now
        self.entries: list[JournalEntry] = []
        self.metadata: list[str] = []
        # (id, entry, account, position, debit, credit, description); the ids made here as text,
        # as nobody but PostgreSQL reads them.
        self.lines: list[tuple[str, str, UUID, int, int, int, str]] = []

    def add(self, draft: EntryDraft, accounts: AccountsByName) -> None:
        entry_id = uuid7()
        entry = str(entry_id)
        currency = ""
        total = 0
        for position, line in enumerate(draft.lines, start=1):
            account = accounts.of_line(draft, position, line)
            currency = currency or account.currency
            if account.currency == currency:
                total += line.debit
            self.lines.append(
                (
                    uuid7_text(),
                    entry,
                    account.id,
                    position,
                    line.debit,
                    line.credit,
                    line.description,
                )
            )
        self.metadata.append(json.dumps(dict(draft.metadata)) if draft.metadata else "{}")
        self.entries.append(
            _entry(
                {
                    "organization_id": self.organization.id,
                    "id": entry_id,
                    "reference": draft.reference,
                    "effective_on": draft.effective_on,
                    "posted_at": self.now,
                    "status": EntryStatus.POSTED,
                    "description": draft.description,
                    "reference_type": draft.reference_type,
                    "reference_id": draft.reference_id,
                    "metadata": draft.metadata,
                    "currency": currency,
                    "total_amount": total,
                    "reverses_id": draft.reverses,
                    "maker_id": self.actor.user_id if self.actor else None,
                    "maker_key_id": self.actor.api_key_id if self.actor else None,
                    "checker_id": None,
                    "checker_key_id": None,
                    "needs_approval": False,
                    "revision": 1,
                }
            )
        )

    def propose(self) -> set[UUID]:
        """Insert the entries as pending, with proposed lines; the ids of those that are new."""
        with refusing(), prepared_cursor() as cursor:
            cursor.execute(_PROPOSE, self._parameters(None))
            return {row[0] for row in cursor.fetchall()}

    def insert(self, voids: Sequence[UUID]) -> set[UUID]:
        """Run the one statement; the ids of the entries that are new."""
        parameters = self._parameters(self.now)
        with refusing(), prepared_cursor() as cursor:
            if voids:
                cursor.execute(_VOID + _INSERT, (self.organization.pk, list(voids), *parameters))
            else:
                cursor.execute("WITH " + _INSERT, parameters)
            return {row[0] for row in cursor.fetchall()}

    def _parameters(self, posted_at: datetime | None) -> tuple[object, ...]:
        entries = self.entries
        *columns, descriptions = zip(*self.lines, strict=True)
        return (
            self.organization.pk,
            posted_at,
            self.actor.user_id if self.actor else None,
            self.actor.api_key_id if self.actor else None,
            array_parameter(entry.id for entry in entries),
            text_array_parameter(entry.reference for entry in entries),
            array_parameter(entry.effective_on for entry in entries),
            text_array_parameter(entry.description for entry in entries),
            text_array_parameter(entry.reference_type for entry in entries),
            text_array_parameter(entry.reference_id for entry in entries),
            text_array_parameter(self.metadata),
            text_array_parameter(entry.currency for entry in entries),
            array_parameter(entry.total_amount for entry in entries),
            array_parameter(entry.reverses_id for entry in entries),
            self.organization.pk,
            *(array_parameter(column) for column in columns),
            text_array_parameter(descriptions),
        )


def _entry(values: dict[str, Any]) -> JournalEntry:
    """An entry as if read from the database, its fields put straight in their places.

    Going through the descriptor of each field costs a tenth of the time of posting. What the
    database fills in (`created_at`) is read when it is asked for.
    """
    entry = JournalEntry.__new__(JournalEntry)
    entry._state = ModelState()
    entry._state.adding = False
    entry._state.db = DEFAULT_DB_ALIAS
    entry.__dict__.update(values)
    return entry


_VOID = """
WITH voided AS (
  UPDATE ledger_journalentry SET status = 'voided'
   WHERE organization_id = %s AND id = ANY(%s::uuid[]) AND status = 'posted'
), """

# Entries and lines in one statement, at whose end the triggers of both tables fire and see both.
# A reference that is in the books already (or comes in from another connection while this one
# waits) brings neither an entry nor lines, and does not abort the caller's transaction.
_INSERT = """e AS (
  INSERT INTO ledger_journalentry
         (organization_id, posted_at, status, maker_id, maker_key_id, id, reference,
          effective_on, description, reference_type, reference_id, metadata, currency,
          total_amount, reverses_id)
  SELECT %s, %s, 'posted', %s, %s, u.*
    FROM unnest(%s::uuid[], %s::text[], %s::date[], %s::text[], %s::text[], %s::text[],
                %s::jsonb[], %s::text[], %s::bigint[], %s::uuid[]) AS u
  ON CONFLICT (organization_id, reference) DO NOTHING
  RETURNING id
), l AS (
  INSERT INTO ledger_journalline
         (organization_id, id, entry_id, account_id, position, debit, credit, description)
  SELECT %s, u.id, u.entry_id, u.account_id, u.position, u.debit, u.credit, u.description
    FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::smallint[], %s::bigint[], %s::bigint[],
                %s::text[])
         AS u(id, entry_id, account_id, position, debit, credit, description)
    JOIN e ON e.id = u.entry_id
)
SELECT id FROM e
"""


_PROPOSE = "WITH " + _INSERT.replace("'posted'", "'pending'").replace(
    "ledger_journalline", "ledger_proposedline"
)


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
