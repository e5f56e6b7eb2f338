"""Many journal entries in one request over HTTP."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from drf_spectacular.utils import extend_schema

from core.api.answers import json_answer
from core.api.errors import Malformed, error_answer, problem, refusal_problems, status_of
from core.api.schema import answered, asked
from core.api.views import refuse
from core.errors import Refusal
from ledger.api import WRITE
from ledger.api.entry_shapes import ENTRY_EXAMPLE, TAG, BulkInput, BulkOutput
from ledger.drafts import EntryDraft
from ledger.entry_json import MalformedEntry, Problem, parse_entry
from ledger.errors import ReferenceConflict
from ledger.models import EntryStatus, JournalEntry
from ledger.services.entries import submit_entries, submit_what_is_sound
from organizations.api.callers import access
from organizations.api.views import OrganizationView

MOST_ENTRIES = 10_000
MOST_PROBLEMS = 100


class EntryBulk(OrganizationView):
    tag = TAG
    largest_body = 24_000_000
    access = {"POST": access(WRITE, "ledger.import_journal")}

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
    seen: set[str] = set()
    for value, outcome in zip(values, outcomes, strict=True):
        if isinstance(outcome, Refusal):
            counts["refused"] += 1
            reference = value.get("reference") if isinstance(value, dict) else None
            error = refusal_problems(outcome)[0]
            named = reference if isinstance(reference, str) else None
            results.append({"reference": named, "error": error})
            continue
        # The second of two equal entries in one request is a replay of the first.
        id = str(outcome.id)
        status = "replayed" if outcome.is_replay or id in seen else "posted"
        seen.add(id)
        counts[status] += 1
        results.append({"reference": outcome.reference, "id": id, "status": status})
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
