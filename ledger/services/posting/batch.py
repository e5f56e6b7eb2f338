"""The one statement that inserts entries and lines, and the columns that it takes."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS
from django.db.models.base import ModelState

from core.db import prepared_cursor, uuid7
from core.db.fields import uuid7_text
from core.db.prepared import array_parameter, text_array_parameter
from core.errors import refusing
from ledger.drafts import EntryDraft
from ledger.models import EntryStatus, JournalEntry
from ledger.services.posting.accounts import AccountsByName
from organizations.actors import Actor
from organizations.models import Organization


class Batch:
    """The columns of one INSERT of entries and lines."""

    def __init__(self, organization: Organization, actor: Actor | None, now: datetime) -> None:
        self.organization = organization
        self.actor = actor
        self.now = now
        self.entries: list[JournalEntry] = []
        self.ids: list[str] = []
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
        self.ids.append(entry)
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
                    "metadata": dict(draft.metadata) if draft.metadata else {},
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
            array_parameter(self.ids),
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
