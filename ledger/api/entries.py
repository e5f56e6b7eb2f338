"""Journal entries, one at a time, over HTTP."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from drf_spectacular.utils import extend_schema

from core.api.answers import json_answer, moment
from core.api.pagination import page_of
from core.api.schema import asked
from core.api.serializers import StrictSerializer
from core.api.views import empty_answer, refuse
from ledger.api import READ, WRITE
from ledger.api.entry_shapes import (
    ENTRY_EXAMPLE,
    TAG,
    EditInput,
    EntryInput,
    EntryOutput,
    EntryPage,
    Filters,
    PostInput,
    VoidInput,
)
from ledger.drafts import EntryDraft
from ledger.entry_json import parse_entry
from ledger.models import EntryStatus, JournalEntry
from ledger.selectors.accounts import get_account
from ledger.selectors.entries import get_entry, list_entries
from ledger.selectors.lines import LineRow, lines_of, reversals_of
from ledger.services.entries import (
    approve_entry,
    edit_proposal,
    propose_entry,
    submit_entries,
    void_entry,
    withdraw_proposal,
)
from organizations.api.callers import access
from organizations.api.views import OrganizationView
from organizations.models import Organization


def entries_as_json(
    organization: Organization, entries: Sequence[JournalEntry]
) -> list[dict[str, Any]]:
    """Entries whole, with their lines."""
    lines = lines_of(organization, entries)
    reversals = reversals_of(organization, entries)
    return [_as_json(entry, lines.get(entry.pk, ()), reversals.get(entry.pk)) for entry in entries]


def _as_json(
    entry: JournalEntry, lines: Iterable[LineRow], reversed_by: UUID | None
) -> dict[str, Any]:
    return {
        "id": entry.pk,
        "reference": entry.reference,
        "effective_on": entry.effective_on,
        "posted_at": moment(entry.posted_at),
        "status": str(entry.status),
        "description": entry.description,
        "reference_type": entry.reference_type,
        "reference_id": entry.reference_id,
        "metadata": entry.metadata,
        "currency": entry.currency,
        "total_amount": entry.total_amount,
        "reverses": entry.reverses_id,
        "reversed_by": reversed_by,
        "maker": _who(entry.maker_id, entry.maker_key_id),
        "checker": _who(entry.checker_id, entry.checker_key_id),
        "needs_approval": entry.needs_approval,
        "revision": entry.revision,
        "lines": [
            {
                "position": line.position,
                "account": line.account,
                "currency": line.currency,
                "debit": line.debit,
                "credit": line.credit,
                "description": line.description,
            }
            for line in lines
        ],
    }


def _who(user_id: UUID | None, api_key_id: UUID | None) -> dict[str, Any] | None:
    if user_id is not None:
        return {"type": "user", "id": user_id}
    if api_key_id is not None:
        return {"type": "api_key", "id": api_key_id}
    return None


def _lines_as_posted(entry: JournalEntry, draft: EntryDraft) -> list[LineRow] | None:
    """The lines of an entry that was posted just now, or None where its draft does not tell.

    While they would be read, other postings to the same accounts would wait. A draft's names are
    codes unless they are as long as an id; and where its debits make up the total, which counts
    one currency, there is no other, as each currency balances.
    """
    if sum(line.debit for line in draft.lines) != entry.total_amount:
        return None
    if any(not isinstance(line.account, str) or len(line.account) >= 32 for line in draft.lines):
        return None
    return [
        LineRow(
            position, str(line.account), entry.currency, line.debit, line.credit, line.description
        )
        for position, line in enumerate(draft.lines, start=1)
    ]


class EntryView(OrganizationView):
    tag = TAG

    def entry_answer(self, entry: JournalEntry, status: int = 200) -> HttpResponse:
        [content] = entries_as_json(self.organization, [entry])
        return json_answer(content, status)


# --- Endpoints ------------------------------------------------------------------------------------


class EntryList(EntryView):
    names_rows = True
    largest_body = 4_000_000
    access = {
        "GET": access(READ, "ledger.view_journalentry"),
        "POST": access(WRITE, "ledger.post_journalentry", "ledger.add_journalentry"),
    }

    @extend_schema(operation_id="list_entries", parameters=[Filters], responses=EntryPage)
    def get(self, request: HttpRequest) -> HttpResponse:
        """List journal entries.

        The latest effective date first. Filters are combined.
        """
        given = self.query(Filters)
        cursor, page_size = given.pop("cursor", None), given.pop("page_size")
        if "account" in given:
            given["account"] = get_account(self.organization, given["account"])
        page = page_of(
            request,
            list_entries(self.organization, **given),
            ordering="-effective_on",
            page_size=page_size,
            cursor=cursor,
        )
        return json_answer(page.as_json(entries_as_json(self.organization, page.rows)))

    @extend_schema(
        operation_id="post_entry",
        request=EntryInput,
        responses={201: EntryOutput, 200: EntryOutput},
        examples=[asked(ENTRY_EXAMPLE)],
    )
    def post(self, request: HttpRequest) -> HttpResponse:
        """Post a journal entry.

        201 when it is new, 200 when the same entry is in the books already under its reference;
        another entry under a reference that is taken is a 409. `"status": "pending"` proposes it
        instead: it counts nowhere until it is posted.
        """
        self.no_query()
        value = self.json()
        draft = parse_entry(value)
        if value.get("status") == EntryStatus.PENDING:
            self.require("ledger.add_journalentry")
            entry = propose_entry(actor=self.actor, draft=draft, now=self.now)
        else:
            self.require("ledger.post_journalentry")
            [entry] = submit_entries(actor=self.actor, drafts=[draft], now=self.now)
            if not entry.is_replay and (lines := _lines_as_posted(entry, draft)):
                return json_answer(_as_json(entry, lines, None), 201)
        return self.entry_answer(entry, 200 if entry.is_replay else 201)


class EntryDetail(EntryView):
    access = {
        "GET": access(READ, "ledger.view_journalentry"),
        "PUT": access(WRITE, "ledger.change_journalentry"),
        "DELETE": access(WRITE, "ledger.delete_journalentry"),
    }
    largest_body = 4_000_000

    @extend_schema(operation_id="get_entry", responses=EntryOutput)
    def get(self, request: HttpRequest, id: UUID) -> HttpResponse:
        """Read a journal entry."""
        self.no_query()
        return self.entry_answer(get_entry(self.organization, id))

    @extend_schema(
        operation_id="edit_entry",
        request=EditInput,
        responses=EntryOutput,
        examples=[asked({**ENTRY_EXAMPLE, "revision": 1})],
    )
    def put(self, request: HttpRequest, id: UUID) -> HttpResponse:
        """Replace a pending entry.

        Whoever edits it becomes its maker. What is posted never changes: void it, and post
        another.
        """
        self.no_query()
        value = self.json()
        revision = value.pop("revision", None) if isinstance(value, dict) else None
        if revision is not None and (type(revision) is not int or not 0 < revision < 2**31):
            refuse("revision", "Expected the revision that was looked at, an integer.")
        draft = parse_entry(value)
        if value.get("status") == EntryStatus.POSTED:
            refuse("status", "Post it by POST …/post.", "invalid_choice")
        entry = get_entry(self.organization, id)
        edited = edit_proposal(actor=self.actor, entry=entry, draft=draft, revision=revision)
        return self.entry_answer(edited)

    @extend_schema(operation_id="withdraw_entry", request=None, responses={204: None})
    def delete(self, request: HttpRequest, id: UUID) -> HttpResponse:
        """Withdraw a pending entry.

        The audit trail keeps what it said.
        """
        self.no_query()
        self.read(StrictSerializer)
        withdraw_proposal(actor=self.actor, entry=get_entry(self.organization, id))
        return empty_answer()


class EntryPost(EntryView):
    access = {
        "POST": access(WRITE, "ledger.post_journalentry", "ledger.approve_journalentry"),
    }

    @extend_schema(
        operation_id="approve_entry",
        request=PostInput,
        responses=EntryOutput,
        examples=[asked({"revision": 1})],
    )
    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:
        """Post a pending entry.

        One's own takes `ledger.post_journalentry`, somebody else's `ledger.approve_journalentry`.
        Above the organization's threshold the maker may not (`own_approval`).
        """
        self.no_query()
        given = self.read(PostInput)
        entry = get_entry(self.organization, id)
        is_own = self.actor.user is not None and entry.maker_id == self.actor.user_id
        self.require("ledger.post_journalentry" if is_own else "ledger.approve_journalentry")
        # Whose it is was read without a lock; the revision says whether it still is.
        revision = given.get("revision", entry.revision)
        posted = approve_entry(actor=self.actor, entry=entry, revision=revision, now=self.now)
        return self.entry_answer(posted)


class EntryVoid(EntryView):
    access = {"POST": access(WRITE, "ledger.void_journalentry")}

    @extend_schema(
        operation_id="void_entry",
        request=VoidInput,
        responses={201: EntryOutput},
        examples=[asked({"reason": "Entered twice", "on": "2010-12-31"})],
    )
    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:
        """Void a posted entry; the answer is its reversal.

        Both stay in the books. The reversal is dated `on`; without it on the entry's own date, or
        on the first open day where that one is closed.
        """
        self.no_query()
        given = self.read(VoidInput)
        reversal = void_entry(
            actor=self.actor,
            entry=get_entry(self.organization, id),
            on=given.get("on"),
            reason=given["reason"],
            now=self.now,
        )
        return self.entry_answer(reversal, 201)
