"""Random sequences of everything that happens to entries, against a ledger in plain Python."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from core.db import uuid7
from core.errors import Refusal
from ledger.drafts import EntryDraft, LineDraft
from ledger.models import Account, JournalEntry
from ledger.selectors.balances import balances_at
from ledger.selectors.reports.trial_balance import trial_balance
from ledger.services.entries import (
    approve_entry,
    edit_proposal,
    propose_entry,
    submit_entries,
    submit_what_is_sound,
    void_entry,
    withdraw_proposal,
)
from ledger.services.periods import close_books, reopen_books
from organizations.actors import Actor
from organizations.models import Organization
from tests.ledger.raw_books import run

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
# Few, so that entries often lie on the very day through which the books are closed.
DAYS = [
    date(2025, month, day) for month, day in [(1, 31), (2, 1), (2, 15), (2, 28), (3, 1), (4, 3)]
]
CURRENCIES = {"1000": "GBP", "1010": "GBP", "4000": "GBP", "1900": "EUR", "4900": "EUR"}
TYPES = {"1": "asset", "4": "revenue"}

Side = tuple[str, int]  # account code; debits above zero, credits below


@dataclass(frozen=True)
class Known:
    """What the plain ledger knows of an entry."""

    status: str
    on: date
    sides: tuple[Side, ...]


class PlainLedger:
    """The laws of the books, said once more in as few words as possible."""

    def __init__(self) -> None:
        self.entries: dict[str, Known] = {}
        self.closed_through: date | None = None

    def is_open(self, on: date) -> bool:
        return self.closed_through is None or on > self.closed_through

    def takes(self, on: date, sides: Sequence[Side]) -> bool:
        totals: dict[str, int] = defaultdict(int)
        for code, amount in sides:
            totals[CURRENCIES[code]] += amount
        return len(sides) >= 2 and not any(totals.values()) and self.is_open(on)

    def post(self, reference: str, on: date, sides: tuple[Side, ...]) -> bool:
        """Whether it is in the books afterwards, new or as it was."""
        known = self.entries.get(reference)
        if known is not None:
            return known.status != "pending" and (known.on, known.sides) == (on, sides)
        if self.takes(on, sides):
            self.entries[reference] = Known("posted", on, sides)
            return True
        return False

    def balances(self, on: date) -> dict[str, tuple[int, int]]:
        """Debits and credits of each account that took a line through that day."""
        totals: dict[str, tuple[int, int]] = {}
        for entry in self.entries.values():
            if entry.status != "pending" and entry.on <= on:
                for code, amount in entry.sides:
                    debits, credits_ = totals.get(code, (0, 0))
                    totals[code] = (debits + max(amount, 0), credits_ + max(-amount, 0))
        return totals


days = st.sampled_from(DAYS)
names = st.sampled_from([f"r{n}" for n in range(8)])
amounts = st.integers(1, 9)


@st.composite
def balanced(draw: Any) -> tuple[Side, ...]:
    codes = draw(st.sampled_from([["1000", "1010", "4000"], ["1900", "4900"]]))
    parts = draw(st.lists(st.tuples(st.sampled_from(codes), amounts), min_size=1, max_size=3))
    return (*parts, (draw(st.sampled_from(codes)), -sum(amount for _, amount in parts)))


either = st.sampled_from(list(CURRENCIES))
anything = st.lists(st.tuples(either, amounts.map(lambda n: n - 5).filter(bool)), max_size=3)
# Mostly sound ones, or little would ever happen.
sides_of_entries = st.one_of(balanced(), balanced(), balanced(), anything.map(tuple))
drafts = st.tuples(names, days, sides_of_entries)


class Books(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.plain = PlainLedger()
        self.organization = Organization.objects.create(
            slug=f"books-{uuid7().hex}"[:60], name="Books", currency="GBP"
        )
        self.actor = Actor.system(self.organization)
        self.codes = {
            Account.objects.create(
                organization=self.organization,
                code=code,
                name=code,
                type=TYPES[code[0]],
                currency=currency,
                balance_slots=3,
            ).pk: code
            for code, currency in CURRENCIES.items()
        }

    # --- What happens ---------------------------------------------------------------------------

    @rule(draft=drafts)
    def post(self, draft: Any) -> None:
        was_there = draft[0] in self.plain.entries
        sound = self.plain.post(*draft)

        done = attempt(submit_entries, actor=self.actor, drafts=[as_draft(*draft)])

        assert bool(done) == sound
        if done:
            assert done[0].is_replay == was_there

    @rule(batch=st.lists(drafts, min_size=1, max_size=4))
    def post_all_or_nothing(self, batch: Any) -> None:
        before = dict(self.plain.entries)
        results = [self.plain.post(*draft) for draft in batch]
        sound = all(results)
        if not sound:
            self.plain.entries = before

        done = attempt(submit_entries, actor=self.actor, drafts=[as_draft(*d) for d in batch])

        assert bool(done) == sound

    @rule(batch=st.lists(drafts, min_size=1, max_size=4, unique_by=lambda draft: draft[0]))
    def post_what_is_sound(self, batch: Any) -> None:
        sound = [self.plain.post(*draft) for draft in batch]

        done = submit_what_is_sound(actor=self.actor, drafts=[as_draft(*d) for d in batch])

        assert [isinstance(result, JournalEntry) for result in done] == sound

    @precondition(lambda self: self.plain.entries)
    @rule(data=st.data())
    def post_the_same_again(self, data: Any) -> None:
        reference = data.draw(st.sampled_from(sorted(self.plain.entries)))
        known = self.plain.entries[reference]
        if reference.startswith("void-"):
            return  # its description says why, which this draft would not

        done = attempt(
            submit_entries, actor=self.actor, drafts=[as_draft(reference, known.on, known.sides)]
        )

        # What is only proposed is not in the books, so it is no replay.
        assert bool(done) == (known.status != "pending")
        if done:
            assert done[0].is_replay
            assert done[0].status == known.status

    @rule(draft=drafts)
    def propose(self, draft: Any) -> None:
        reference, on, sides = draft
        known = self.plain.entries.get(reference)
        sound = bool(sides) and (known is None or (known.on, known.sides) == (on, sides))
        if sound and known is None:
            self.plain.entries[reference] = Known("pending", on, sides)

        done = attempt(propose_entry, actor=self.actor, draft=as_draft(*draft))

        assert bool(done) == sound

    @rule(reference=names, on=days, sides=sides_of_entries)
    def edit(self, reference: str, on: date, sides: Any) -> None:
        known = self.plain.entries.get(reference)
        if known is None:
            return
        sound = known.status == "pending" and bool(sides)
        if sound:
            self.plain.entries[reference] = replace(known, on=on, sides=sides)

        done = attempt(
            edit_proposal,
            actor=self.actor,
            entry=self.entry(reference),
            draft=as_draft(reference, on, sides),
        )

        assert bool(done) == sound

    @rule(reference=names)
    def withdraw(self, reference: str) -> None:
        known = self.plain.entries.get(reference)
        if known is None:
            return
        entry = self.entry(reference)
        if known.status == "pending":
            del self.plain.entries[reference]
            withdraw_proposal(actor=self.actor, entry=entry)
        else:
            with pytest.raises(Refusal):
                withdraw_proposal(actor=self.actor, entry=entry)

    @rule(reference=names)
    def approve(self, reference: str) -> None:
        known = self.plain.entries.get(reference)
        if known is None:
            return
        sound = known.status == "pending" and self.plain.takes(known.on, known.sides)
        if sound:
            self.plain.entries[reference] = replace(known, status="posted")

        done = attempt(approve_entry, actor=self.actor, entry=self.entry(reference), now=NOW)

        assert bool(done) == sound

    @precondition(lambda self: self.plain.entries)
    @rule(data=st.data(), on=st.none() | days)
    def void(self, data: Any, on: date | None) -> None:
        reference = data.draw(st.sampled_from(sorted(self.plain.entries)))
        known = self.plain.entries[reference]
        day = on or self.first_open_day(known.on)
        sound = known.status == "posted" and self.plain.is_open(day)

        done = attempt(
            void_entry,
            actor=self.actor,
            entry=self.entry(reference),
            on=on,
            reason="a mistake",
            now=NOW,
        )

        assert bool(done) == sound
        if done:
            mirrored = tuple((code, -amount) for code, amount in known.sides)
            self.plain.entries[reference] = replace(known, status="voided")
            self.plain.entries[done.reference] = Known("posted", day, mirrored)

    @rule(through=days)
    def close(self, through: date) -> None:
        closed = self.plain.closed_through
        sound = closed is None or through >= closed
        if sound:
            self.plain.closed_through = through

        done = attempt(close_books, actor=self.actor, through=through, now=NOW)

        assert bool(done) == sound

    @rule(through=st.none() | days)
    def reopen(self, through: date | None) -> None:
        closed = self.plain.closed_through
        if closed is None or (through is not None and through >= closed):
            with pytest.raises(Refusal):
                reopen_books(actor=self.actor, through=through, reason="late invoice")
        else:
            self.plain.closed_through = through
            reopen_books(actor=self.actor, through=through, reason="late invoice")

    def first_open_day(self, on: date) -> date:
        closed = self.plain.closed_through
        return on if closed is None or on > closed else closed + timedelta(days=1)

    def entry(self, reference: str) -> JournalEntry:
        entry: JournalEntry = JournalEntry.objects.of(self.organization).get(reference=reference)
        return entry

    # --- What holds after each step --------------------------------------------------------------

    @invariant()
    def every_entry_has_its_status(self) -> None:
        entries = JournalEntry.objects.of(self.organization).values_list(
            "reference", "status", "effective_on"
        )

        assert {reference: (status, on) for reference, status, on in entries} == {
            reference: (known.status, known.on) for reference, known in self.plain.entries.items()
        }

    @invariant()
    def balances_are_those_of_the_plain_ledger(self) -> None:
        for on in (*DAYS, date(2025, 3, 31), date(2199, 1, 1)):
            balances = balances_at(self.organization, on)

            assert {
                self.codes[id]: (totals.debits, totals.credits) for id, totals in balances.items()
            } == self.plain.balances(on)

    @invariant()
    def the_trial_balance_ties(self) -> None:
        report = trial_balance(self.organization, as_of=date(2025, 2, 28))
        nets = {
            code: debits - credits_
            for code, (debits, credits_) in self.plain.balances(date(2025, 2, 28)).items()
        }

        assert report.ties
        shown = {row.code: row.debit - row.credit for c in report.currencies for row in c.rows}
        assert {code: net for code, net in shown.items() if net} == {
            code: net for code, net in nets.items() if net
        }

    @invariant()
    def the_laws_hold_by_definition(self) -> None:
        assert run(LAWS, {"organization": self.organization.pk}) == []


# Every entry that does not balance, and every account whose balance is not the sum of its lines.
LAWS = """
SELECT e.reference, a.currency
  FROM ledger_journalentry e
  JOIN ledger_journalline l ON l.organization_id = e.organization_id AND l.entry_id = e.id
  JOIN ledger_account a ON a.organization_id = l.organization_id AND a.id = l.account_id
 WHERE e.organization_id = %(organization)s
 GROUP BY e.reference, a.currency
HAVING sum(l.debit) <> sum(l.credit) OR count(*) < 2
 UNION ALL
SELECT a.code, 'balance'
  FROM ledger_account a
 WHERE a.organization_id = %(organization)s
   AND (SELECT (coalesce(sum(debits), 0), coalesce(sum(credits), 0)) FROM ledger_accountbalance b
         WHERE b.organization_id = a.organization_id AND b.account_id = a.id)
       <> (SELECT (coalesce(sum(debit), 0), coalesce(sum(credit), 0)) FROM ledger_journalline l
            WHERE l.organization_id = a.organization_id AND l.account_id = a.id)
"""


def as_draft(reference: str, on: date, sides: Sequence[Side]) -> EntryDraft:
    lines = [LineDraft(code, max(amount, 0), max(-amount, 0)) for code, amount in sides]
    return EntryDraft(reference, on, lines)


def attempt(service: Any, **arguments: Any) -> Any:
    """What the service returns, or None where it refuses."""
    try:
        return service(**arguments)
    except Refusal:
        return None


@pytest.mark.django_db
@pytest.mark.slow
def test_the_books_agree_with_a_plain_ledger_after_any_sequence():
    run_state_machine_as_test(
        Books,
        settings=settings(
            max_examples=80,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
