"""Bring legacy transactions and legacy references into the books, once, with proof.

A rehearsal does everything that the real run does, posting included, and takes each batch back:
what it refuses is what the database refuses. docs/how-to/backfill.md says it for those who use it.
"""

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Min

from core.db.transactions import shared_transaction
from core.errors import Refusal
from ledger.checksums import Checksum, Side
from ledger.drafts import EntryDraft
from ledger.errors import (
    BeforeOpening,
    EntryNotPosted,
    LegacyReferenceTaken,
    LegacyReferenceUnknown,
    RepeatedInFile,
)
from ledger.legacy import LegacyTransaction, Row
from ledger.line_files import RefusedLine
from ledger.models import AccountRole, EntryAlias, EntryStatus, JournalEntry, JournalLine
from ledger.services.entries import submit_what_is_sound
from ledger.services.posting import find_accounts
from organizations.actors import Actor
from organizations.models import Organization
from organizations.services.auditing import atomic_use_case


@dataclass(frozen=True, slots=True)
class BookTotals:
    """How many entries the books hold, and the debits of each currency."""

    entries: int
    debits: Mapping[str, int]


@dataclass(slots=True)
class Backfill:
    """What a run found and did. Without `confirmed`, `posted` and `aliased` are what it would do.

    `file` is the checksum of every sound transaction as the file has it; `before` and `after` of
    those that the books hold, as the books have them. `accounts` are the control totals of what
    is new: (debits, credits) by account code and currency. Nothing may be dated before the
    opening balances of `opened_on`.
    """

    confirmed: bool
    opened_on: date | None = None
    rows: int = 0
    posted: int = 0
    already: int = 0
    aliased: int = 0
    repeated: int = 0
    refused: int = 0
    accounts: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    file: Checksum = field(default_factory=Checksum)
    before: Checksum = field(default_factory=Checksum)
    after: Checksum = field(default_factory=Checksum)
    books_before: BookTotals = BookTotals(0, {})
    books_after: BookTotals = BookTotals(0, {})

    @property
    def ties(self) -> bool:
        """Whether the books hold, or after a rehearsal would hold, just what the file says."""
        return self.file == self.after


def backfill(
    *,
    actor: Actor,
    rows: Iterable[Row],
    confirm: bool,
    batch_size: int = 1000,
    on_refused: Callable[[RefusedLine], None],
    on_batch: Callable[[Backfill], None] = lambda run: None,
) -> Backfill:
    """Bring in what is sound and new; name the rest. Batches commit one by one, so a run that
    broke off is simply started again. Memory does not grow with the file.
    """
    organization = actor.organization
    run = Backfill(confirm, opened_on(organization), books_before=book_totals(organization))
    with SeenInFile() as seen:
        source = iter(rows)
        while batch := list(islice(source, batch_size)):
            _Batch(actor, run, on_refused).bring_in(batch, seen)
            on_batch(run)
    run.books_after = book_totals(organization)
    return run


def book_totals(organization: Organization) -> BookTotals:
    """Two statements, of which neither reads lines."""
    entries = JournalEntry.objects.of(organization).exclude(status=EntryStatus.PENDING).count()
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT a.currency, sum(b.debits)::bigint
                 FROM ledger_accountbalance b
                 JOIN ledger_account a
                   ON a.id = b.account_id AND a.organization_id = b.organization_id
                WHERE b.organization_id = %s
                GROUP BY a.currency ORDER BY a.currency""",
            [organization.pk],
        )
        return BookTotals(entries, dict(cursor.fetchall()))


def opened_on(organization: Organization) -> date | None:
    """The date of the first opening balance that stands; what was before is contained in it."""
    lines = JournalLine.objects.of(organization).filter(
        account__role=AccountRole.OPENING_BALANCE,
        entry__status=EntryStatus.POSTED,
        entry__reverses__isnull=True,
    )
    first: date | None = lines.aggregate(first=Min("entry__effective_on"))["first"]
    return first


class SeenInFile:
    """Which names the file has used, and for what: on disk, so that memory does not grow."""

    def __enter__(self) -> "SeenInFile":
        # SQLite's empty name is a private file that goes away by itself.
        self.names = sqlite3.connect("")
        self.names.execute("CREATE TABLE seen (name TEXT PRIMARY KEY, line INTEGER, content BLOB)")
        return self

    def __exit__(self, *error: object) -> None:
        self.names.close()

    def is_repeated(self, row: LegacyTransaction) -> bool:
        """Whether the file said the very same before; remembers it otherwise.

        Raises:
            RepeatedInFile: one of its names stood for something else.
        """
        content = hashlib.sha256(repr((row.legacy_reference, row.reference, row.draft)).encode())
        names = {row.legacy_reference, row.reference}
        for name in sorted(names):
            found = self.names.execute(
                "SELECT line, content FROM seen WHERE name = ?", (name,)
            ).fetchone()
            if found is not None and found[1] != content.digest():
                raise RepeatedInFile(reference=name, line=found[0])
            if found is not None:
                return True
        self.names.executemany(
            "INSERT INTO seen VALUES (?, ?, ?)",
            [(name, row.number, content.digest()) for name in names],
        )
        return False


@dataclass(frozen=True, slots=True)
class _InBooks:
    """An entry that stands in the books."""

    id: UUID
    reference: str
    status: str


class _Batch:
    """One batch: looked up, posted in one transaction, and read back."""

    def __init__(
        self, actor: Actor, run: Backfill, on_refused: Callable[[RefusedLine], None]
    ) -> None:
        self.actor = actor
        self.organization = actor.organization
        self.run = run
        self.on_refused = on_refused

    def bring_in(self, rows: Sequence[Row], seen: SeenInFile) -> None:
        self.run.rows += len(rows)
        fresh = [row for row in self._readable(rows) if self._is_new_in_file(row, seen)]
        known = self._in_books(fresh)
        asked = [row for row in fresh if self._may_come_in(row, known)]
        # What stands in the books is compared under the reference that it has there.
        drafts = [r.draft._replace(reference=_reference(r, known)) for r in asked if r.draft]
        before = self._sides(entry.id for entry in known.values())
        outcomes = iter(self._write(drafts, asked, known))
        sound: list[tuple[LegacyTransaction, EntryDraft, UUID, bool]] = []
        for row in asked:
            if row.draft is None:
                continue
            outcome = next(outcomes)
            if isinstance(outcome, Refusal):
                self._refuse(row, outcome)
            else:
                draft = row.draft._replace(reference=outcome.reference)
                sound.append((row, draft, outcome.pk, outcome.is_replay))
        self._account_for(sound, before)

    def _readable(self, rows: Sequence[Row]) -> Iterator[LegacyTransaction]:
        for row in rows:
            if isinstance(row, RefusedLine):
                self.run.refused += 1
                self.on_refused(row)
            else:
                yield row

    def _refuse(self, row: LegacyTransaction, refusal: Refusal) -> None:
        self.run.refused += 1
        self.on_refused(
            RefusedLine(row.number, row.legacy_reference, refusal.code, refusal.message)
        )

    def _is_new_in_file(self, row: LegacyTransaction, seen: SeenInFile) -> bool:
        try:
            if not seen.is_repeated(row):
                return True
            self.run.repeated += 1
        except RepeatedInFile as refusal:
            self._refuse(row, refusal)
        return False

    def _in_books(self, rows: Sequence[LegacyTransaction]) -> dict[str, _InBooks]:
        """What the books know under any name of these rows, as reference or as alias."""
        names = [name for row in rows for name in (row.reference, row.legacy_reference)]
        entries = JournalEntry.objects.of(self.organization).filter(reference__in=names)
        aliases = EntryAlias.objects.of(self.organization).filter(alias__in=names)
        known = {
            alias: _InBooks(*entry)
            for alias, *entry in aliases.values_list(
                "alias", "entry_id", "entry__reference", "entry__status"
            )
        }
        for entry_id, reference, status in entries.values_list("id", "reference", "status"):
            known[reference] = _InBooks(entry_id, reference, status)
        return known

    def _may_come_in(self, row: LegacyTransaction, known: Mapping[str, _InBooks]) -> bool:
        try:
            entry = _entry_of(row, known)
            if entry is not None and entry.status == EntryStatus.PENDING:
                raise EntryNotPosted(reference=entry.reference, status=entry.status)
            if entry is None and row.draft is None:
                raise LegacyReferenceUnknown(
                    legacy_reference=row.legacy_reference, reference=row.reference
                )
            if entry is None and row.draft is not None:
                self._check_not_before_opening(row.draft)
        except Refusal as refusal:
            self._refuse(row, refusal)
            return False
        return True

    def _check_not_before_opening(self, draft: EntryDraft) -> None:
        opening = self.run.opened_on
        if opening is not None and draft.effective_on < opening:
            raise BeforeOpening(
                reference=draft.reference,
                effective_on=draft.effective_on.isoformat(),
                opened_on=opening.isoformat(),
            )

    def _write(
        self,
        drafts: Sequence[EntryDraft],
        rows: Sequence[LegacyTransaction],
        known: Mapping[str, _InBooks],
    ) -> list[JournalEntry | Refusal]:
        """Post what is sound and give it its other names, in one transaction; a rehearsal takes
        it back."""
        with shared_transaction():
            outcomes = submit_what_is_sound(actor=self.actor, drafts=drafts) if drafts else []
            aliases = self._aliases(rows, iter(outcomes), known)
            self.run.aliased += len(aliases)
            if aliases:
                with atomic_use_case(self.actor, "name_entries") as audit:
                    audit(*self._add(aliases), named=len(aliases))
            if not self.run.confirmed:
                transaction.set_rollback(True)
        return outcomes

    def _aliases(
        self,
        rows: Sequence[LegacyTransaction],
        outcomes: Iterator[JournalEntry | Refusal],
        known: Mapping[str, _InBooks],
    ) -> list[EntryAlias]:
        aliases: list[EntryAlias] = []
        for row in rows:
            entry: JournalEntry | _InBooks | Refusal | None
            entry = _entry_of(row, known) if row.draft is None else next(outcomes)
            if entry is None or isinstance(entry, Refusal):
                continue
            for name in sorted({row.legacy_reference, row.reference} - {entry.reference}):
                if name not in known:
                    alias = EntryAlias(organization=self.organization, alias=name)
                    alias.entry_id = entry.id
                    aliases.append(alias)
        return aliases

    def _add(self, aliases: Sequence[EntryAlias]) -> list[EntryAlias]:
        """Another run may be giving the same names at this moment, but not to other entries."""
        EntryAlias.objects.bulk_create(aliases, ignore_conflicts=True)
        wanted = {alias.alias: alias.entry_id for alias in aliases}
        kept = list(EntryAlias.objects.of(self.organization).filter(alias__in=wanted))
        for alias in kept:
            if alias.entry_id != wanted[alias.alias]:
                raise LegacyReferenceTaken(
                    legacy_reference=alias.alias, reference=str(wanted[alias.alias])
                )
        return kept

    # --- Proof ----------------------------------------------------------------------------------

    def _account_for(
        self,
        sound: Sequence[tuple[LegacyTransaction, EntryDraft, UUID, bool]],
        before: Mapping[UUID, list[Side]],
    ) -> None:
        """Add the batch to the counts, the control totals and the three checksums."""
        accounts = find_accounts(self.organization, [draft for _, draft, _, _ in sound])
        after = self._sides(entry_id for _, _, entry_id, _ in sound) if self.run.confirmed else None
        for _, draft, entry_id, is_replay in sound:
            sides: list[Side] = []
            for position, line in enumerate(draft.lines, start=1):
                account = accounts.get(line.account, draft.reference, position)
                sides.append((account.code, account.currency, line.debit, line.credit))
            head = (draft.reference, draft.effective_on)
            self.run.file.add(*head, sides)
            # A rehearsal has taken its entries back: what would stand there is what was accepted.
            self.run.after.add(*head, after.get(entry_id, []) if after is not None else sides)
            if is_replay:
                self.run.already += 1
                self.run.before.add(*head, before.get(entry_id, []))
            else:
                self.run.posted += 1
                self._add_control_totals(sides)

    def _add_control_totals(self, sides: Sequence[Side]) -> None:
        for code, currency, debit, credit in sides:
            so_far = self.run.accounts.get((code, currency), (0, 0))
            self.run.accounts[code, currency] = (so_far[0] + debit, so_far[1] + credit)

    def _sides(self, entry_ids: Iterable[UUID]) -> dict[UUID, list[Side]]:
        """What the books say of these entries."""
        sides: dict[UUID, list[Side]] = {}
        lines = JournalLine.objects.of(self.organization).filter(entry_id__in=list(entry_ids))
        for entry_id, *side in lines.order_by("entry_id", "position").values_list(
            "entry_id", "account__code", "account__currency", "debit", "credit"
        ):
            sides.setdefault(entry_id, []).append((side[0], side[1], side[2], side[3]))
        return sides


def _entry_of(row: LegacyTransaction, known: Mapping[str, _InBooks]) -> _InBooks | None:
    """The one entry that any of the row's names stands for.

    Raises:
        LegacyReferenceTaken: they stand for two.
    """
    entries = {
        entry.id: entry
        for entry in (known.get(row.reference), known.get(row.legacy_reference))
        if entry is not None
    }
    if len(entries) > 1:
        raise LegacyReferenceTaken(legacy_reference=row.legacy_reference, reference=row.reference)
    return next(iter(entries.values()), None)


def _reference(row: LegacyTransaction, known: Mapping[str, _InBooks]) -> str:
    entry = _entry_of(row, known)
    return row.reference if entry is None else entry.reference
