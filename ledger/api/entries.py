"""Journal entries over HTTP."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from core.api.answers import json_answer, moment
from core.api.errors import Malformed, error_answer, problem, refusal_problems, status_of
from core.api.pagination import page_of
from core.api.schema import answered, asked
from core.api.serializers import Day, Paged, Span, StrictSerializer, Text, Whole
from core.api.views import empty_answer, refuse
from core.errors import Refusal
from ledger.api import READ, WRITE
from ledger.drafts import EntryDraft
from ledger.entry_json import MalformedEntry, Problem, parse_entry
from ledger.errors import ReferenceConflict
from ledger.models import EntryStatus, JournalEntry
from ledger.selectors.accounts import get_account
from ledger.selectors.entries import get_entry, list_entries
from ledger.selectors.lines import LineRow, lines_of, reversals_of
from ledger.services.entries import (
    approve_entry,
    edit_proposal,
    propose_entry,
    submit_entries,
    submit_what_is_sound,
    void_entry,
    withdraw_proposal,
)
from organizations.api.callers import access
from organizations.api.views import OrganizationView
from organizations.models import Organization

MOST_ENTRIES = 10_000
MOST_PROBLEMS = 100
TAG = "Journal entries"

ENTRY_EXAMPLE = {
    "reference": "invoice-536365",
    "effective_on": "2010-12-01",
    "description": "Sale 536365",
    "reference_type": "invoice",
    "reference_id": "536365",
    "metadata": {},
    "lines": [
        {"account": "1100", "debit": 16347, "description": "receivable"},
        {"account": "4000", "credit": 13912},
        {"account": "2200", "credit": 2435},
    ],
}


# --- Shapes, for the description alone: bodies are read by ledger.entry_json ----------------------


class LineInput(serializers.Serializer[Any]):
    """One side: `debit` or `credit`, above zero."""

    account = serializers.CharField(max_length=100, help_text="The account's code or id.")
    debit = serializers.IntegerField(required=False, help_text="Minor units.")
    credit = serializers.IntegerField(required=False, help_text="Minor units.")
    description = serializers.CharField(required=False, max_length=1000)
    currency = serializers.CharField(
        required=False, help_text="Where given, it must be the account's."
    )


class EntryInput(serializers.Serializer[Any]):
    """A balanced entry: per currency its debits equal its credits."""

    reference = serializers.CharField(
        max_length=200, help_text="One reference posts once, for ever: repeat it safely."
    )
    effective_on = serializers.DateField(help_text="When it happened.")
    description = serializers.CharField(required=False, max_length=1000)
    reference_type = serializers.CharField(required=False, max_length=60)
    reference_id = serializers.CharField(required=False, max_length=200)
    metadata = serializers.DictField(required=False)
    lines = LineInput(many=True, help_text="2 to 10,000 lines.")
    status = serializers.ChoiceField(
        ["posted", "pending"], required=False, help_text="`pending` proposes it."
    )


class EditInput(EntryInput):
    """What a pending entry shall say from now on."""

    revision = serializers.IntegerField(
        required=False, help_text="The revision that was looked at; 409 where it is not the last."
    )
    status = serializers.ChoiceField(["pending"], required=False)


class BulkInput(serializers.Serializer[Any]):
    """Up to 10,000 entries."""

    entries = EntryInput(many=True, help_text="1 to 10,000 entries.")
    atomic = serializers.BooleanField(
        required=False,
        default=True,
        help_text="true: all or nothing. false: the sound ones, and why the others are not in.",
    )


class MakerOutput(serializers.Serializer[Any]):
    type = serializers.ChoiceField(["user", "api_key"])
    id = serializers.UUIDField()


class LineOutput(serializers.Serializer[Any]):
    position = serializers.IntegerField()
    account = serializers.CharField(help_text="The account's code.")
    currency = serializers.CharField()
    debit = serializers.IntegerField()
    credit = serializers.IntegerField()
    description = serializers.CharField(allow_blank=True)


class EntryOutput(serializers.Serializer[Any]):
    """An entry with its lines; of a pending entry the proposed ones."""

    id = serializers.UUIDField()
    reference = serializers.CharField()
    effective_on = serializers.DateField(help_text="When it happened.")
    posted_at = serializers.DateTimeField(
        allow_null=True, help_text="When the books learnt of it; null while it is pending."
    )
    status = serializers.ChoiceField(EntryStatus.choices)
    description = serializers.CharField(allow_blank=True)
    reference_type = serializers.CharField(allow_blank=True)
    reference_id = serializers.CharField(allow_blank=True)
    metadata = serializers.DictField()
    currency = serializers.CharField(help_text="That of the first line, and of the total.")
    total_amount = serializers.IntegerField(help_text="The sum of the debits in that currency.")
    reverses = serializers.UUIDField(allow_null=True, help_text="The entry that it reverses.")
    reversed_by = serializers.UUIDField(allow_null=True, help_text="What voided it.")
    maker = MakerOutput(allow_null=True)
    checker = MakerOutput(allow_null=True)
    needs_approval = serializers.BooleanField()
    revision = serializers.IntegerField()
    lines = LineOutput(many=True)


class EntryPage(serializers.Serializer[Any]):
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = EntryOutput(many=True)


class BulkErrorOutput(serializers.Serializer[Any]):
    code = serializers.CharField()
    detail = serializers.CharField()
    attr = serializers.CharField(allow_null=True)


class BulkResultOutput(serializers.Serializer[Any]):
    reference = serializers.CharField(allow_null=True)
    id = serializers.UUIDField(required=False)
    status = serializers.ChoiceField(["posted", "replayed"], required=False)
    error = BulkErrorOutput(required=False)


class BulkOutput(serializers.Serializer[Any]):
    """What became of each entry, in the order in which they came."""

    posted = serializers.IntegerField()
    replayed = serializers.IntegerField()
    refused = serializers.IntegerField()
    results = BulkResultOutput(many=True)


class Filters(Paged, Span):
    reference = serializers.CharField(
        required=False, max_length=200, help_text="The one entry of this reference."
    )
    reference_type = serializers.CharField(
        required=False, max_length=60, help_text="The kind of business fact: invoice."
    )
    reference_id = serializers.CharField(
        required=False, max_length=200, help_text="The business fact's own id."
    )
    account = serializers.CharField(
        required=False, max_length=100, help_text="Entries with a line on it: code or id."
    )
    status = serializers.ChoiceField(
        EntryStatus.choices, required=False, help_text="Only those of this status."
    )


class VoidInput(StrictSerializer):
    reason = Text(max_length=500, help_text="Kept in the audit trail and the description.")
    on = Day(
        required=False,
        help_text="The reversal's date; without it the entry's own, or the first open day.",
    )


class PostInput(StrictSerializer):
    revision = Whole(
        required=False,
        min_value=1,
        max_value=2**31 - 1,
        help_text="The revision that was looked at; 409 where it is not the last.",
    )


# --- Answers --------------------------------------------------------------------------------------


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


class EntryBulk(EntryView):
    largest_body = 24_000_000
    access = {"POST": access(WRITE, "ledger.post_journalentry")}

    # The drafts of this request, for naming the place of a refusal.
    drafts: Sequence[EntryDraft] = ()

    @extend_schema(
        operation_id="post_entries",
        request=BulkInput,
        responses={201: BulkOutput},
        examples=[
            asked({"entries": [ENTRY_EXAMPLE], "atomic": True}),
            answered(
                {
                    "posted": 1,
                    "replayed": 0,
                    "refused": 0,
                    "results": [
                        {
                            "reference": "invoice-536365",
                            "id": "0199e0a4-6a5f-7c3e-8a52-0d7f5c1b2a90",
                            "status": "posted",
                        }
                    ],
                }
            ),
        ],
    )
    def post(self, request: HttpRequest) -> HttpResponse:
        """Post up to 10,000 journal entries.

        With `"atomic": true`, the default, all are posted or none; the error then names each
        entry at fault (`entries.17.lines`). With `false` the sound ones are posted, and each of
        the others carries its error in the results. What is in the books already is replayed.
        """
        self.no_query()
        values, is_atomic = _read_bulk(self.json())
        if is_atomic:
            self.drafts = _all_drafts(values)
            entries = submit_entries(actor=self.actor, drafts=self.drafts, now=self.now)
            return _bulk_answer(values, entries)
        parsed = [_draft_or_problem(value, "") for value in values]
        self.drafts = [draft for draft in parsed if isinstance(draft, EntryDraft)]
        outcomes = iter(
            submit_what_is_sound(actor=self.actor, drafts=self.drafts, now=self.now)
            if self.drafts
            else ()
        )
        return _bulk_answer(
            values, [next(outcomes) if isinstance(p, EntryDraft) else p for p in parsed]
        )

    def refused(self, refusal: Refusal) -> HttpResponse:
        """With the place of each entry at fault."""
        if not self.drafts or "problems" in refusal.facts:
            return super().refused(refusal)
        problems = _placed(refusal, self.drafts)
        return error_answer(self.request, status_of(refusal), problems)


def _read_bulk(given: Any) -> tuple[list[Any], bool]:
    if not isinstance(given, dict):
        raise Malformed("Expected an object with entries.", code="not_an_object")
    for name in sorted(given.keys() - {"entries", "atomic"}):
        refuse(name[:100], "There is no such field.", "unknown_field")
    entries, is_atomic = given.get("entries"), given.get("atomic", True)
    if not isinstance(is_atomic, bool):
        refuse("atomic", "Expected true or false.")
    if entries is None:
        refuse("entries", "This field is required.", "required")
    if not isinstance(entries, list):
        refuse("entries", "Expected a list of entries.", "not_a_list")
    if not 1 <= len(entries) <= MOST_ENTRIES:
        refuse(
            "entries",
            f"{len(entries)} entries; 1 to {MOST_ENTRIES} are taken in one request.",
            "too_many" if entries else "empty",
        )
    return entries, is_atomic


def _draft_or_problem(value: Any, at: str) -> EntryDraft | MalformedEntry:
    try:
        draft = parse_entry(value, at)
    except MalformedEntry as error:
        return error
    if value.get("status") == EntryStatus.PENDING:
        detail = "entries are proposed one at a time; here they are posted"
        return MalformedEntry([Problem(f"{at}status", "invalid_choice", detail)])
    return draft


def _all_drafts(values: Sequence[Any]) -> list[EntryDraft]:
    drafts: list[EntryDraft] = []
    problems: list[Problem] = []
    for index, value in enumerate(values):
        parsed = _draft_or_problem(value, f"entries.{index}.")
        if isinstance(parsed, EntryDraft):
            drafts.append(parsed)
        else:
            problems += parsed.problems
    if problems:
        raise MalformedEntry(problems[:MOST_PROBLEMS])
    return drafts


def _bulk_answer(values: Sequence[Any], outcomes: Sequence[JournalEntry | Refusal]) -> HttpResponse:
    results: list[dict[str, Any]] = []
    counts = {"posted": 0, "replayed": 0, "refused": 0}
    seen: set[UUID] = set()
    for value, outcome in zip(values, outcomes, strict=True):
        if isinstance(outcome, Refusal):
            counts["refused"] += 1
            reference = value.get("reference") if isinstance(value, dict) else None
            error = refusal_problems(outcome)[0]
            named = reference if isinstance(reference, str) else None
            results.append({"reference": named, "error": error})
            continue
        # The second of two equal entries in one request is a replay of the first.
        status = "replayed" if outcome.is_replay or outcome.pk in seen else "posted"
        seen.add(outcome.pk)
        counts[status] += 1
        results.append({"reference": outcome.reference, "id": str(outcome.pk), "status": status})
    return json_answer({**counts, "results": results}, 201)


def _placed(refusal: Refusal, drafts: Sequence[EntryDraft]) -> list[dict[str, str | None]]:
    """One problem for each offender that the refusal names, with the entry's place."""
    place: dict[str, int] = {}
    for index, draft in enumerate(drafts):
        place.setdefault(draft.reference, index)
    shared = {name: fact for name, fact in refusal.facts.items() if name != "offenders"}
    problems: list[dict[str, str | None]] = []
    for own in (refusal.facts.get("offenders") or [shared])[:MOST_PROBLEMS]:
        facts = {**shared, **own}
        if own.get("reference"):
            # Its own alone: all of them would make ten thousand long messages.
            facts["references"] = own["reference"]
        one = type(refusal)(**facts)
        found = _place_of(refusal, own, place)
        attr = refusal.attr
        if found is not None:
            attr = f"entries.{found}.{attr}" if attr else f"entries.{found}"
        problems.append(problem(one.code, one.message, attr))
    return problems


def _place_of(refusal: Refusal, own: Mapping[str, Any], place: Mapping[str, int]) -> int | None:
    # Of one reference twice with different contents, the later draft is at fault.
    if isinstance(refusal, ReferenceConflict) and own.get("position") is not None:
        return int(own["position"])
    references = [own.get("reference"), *own.get("references", ())]
    return next((place[name] for name in references if name in place), None)


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
