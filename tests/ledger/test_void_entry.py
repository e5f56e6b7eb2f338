"""Voiding: a reversal that mirrors, once, in an open period."""

from datetime import date
from typing import Any

import pytest

from ledger.drafts import EntryDraft, LineDraft, credit, debit
from ledger.errors import AlreadyVoided, BooksClosed, EntryNotFound, EntryNotPosted
from ledger.models import EntryStatus, JournalEntry, JournalLine
from ledger.selectors.accounts import get_account
from ledger.selectors.balances import balance_at
from ledger.services.entries import propose_entry, submit_entries, void_entry
from ledger.services.periods import close_books
from organizations.actors import Actor
from organizations.models import AuditEvent, Organization

DAY = date(2026, 1, 15)


@pytest.fixture
def sale(post: Any) -> JournalEntry:
    entry: JournalEntry = post(
        debit("1100", 120, "owed"), credit("4000", 100), credit("2200", 20), on=DAY, reference="s-1"
    )
    return entry


def test_posts_the_mirror_image_and_marks_the_entry(
    acme: Organization, as_carol: Actor, sale: JournalEntry
) -> None:
    reversal = void_entry(actor=as_carol, entry=sale, on=None, reason="twice")

    lines = JournalLine.objects.of(acme).filter(entry_id=reversal.pk).order_by("position")
    assert list(lines.values_list("account__code", "debit", "credit", "description")) == [
        ("1100", 0, 120, "owed"),
        ("4000", 100, 0, ""),
        ("2200", 20, 0, ""),
    ]
    assert (reversal.reference, reversal.effective_on) == ("void-s-1", DAY)
    assert "twice" in reversal.description
    sale.refresh_from_db()
    assert sale.status == EntryStatus.VOIDED
    for code in ("1100", "4000", "2200"):
        assert balance_at(acme, get_account(acme, code), date.max) == 0


def test_dates_the_reversal_in_an_open_period(as_carol: Actor, sale: JournalEntry) -> None:
    close_books(actor=as_carol, through=date(2026, 1, 31))

    reversal = void_entry(actor=as_carol, entry=sale, on=None, reason="late")

    assert reversal.effective_on == date(2026, 2, 1)


def test_refuses_a_date_in_a_closed_period(as_carol: Actor, sale: JournalEntry) -> None:
    close_books(actor=as_carol, through=date(2026, 1, 31))

    with pytest.raises(BooksClosed):
        void_entry(actor=as_carol, entry=sale, on=DAY, reason="late")

    sale.refresh_from_db()
    assert sale.status == EntryStatus.POSTED


def test_refuses_a_second_time(as_carol: Actor, sale: JournalEntry) -> None:
    void_entry(actor=as_carol, entry=sale, on=None, reason="twice")

    with pytest.raises(AlreadyVoided) as refused:
        void_entry(actor=as_carol, entry=sale, on=None, reason="twice")

    assert refused.value.reference == "s-1"


def test_a_reversal_can_be_voided_in_its_turn(
    acme: Organization, as_carol: Actor, sale: JournalEntry
) -> None:
    reversal = void_entry(actor=as_carol, entry=sale, on=None, reason="wrong one")
    void_entry(actor=as_carol, entry=reversal, on=None, reason="it was right")

    assert balance_at(acme, get_account(acme, "1100"), date.max) == 120


def test_pending_entries_are_withdrawn_not_voided(as_alice: Actor, as_carol: Actor) -> None:
    draft = EntryDraft("p", DAY, [debit("1000", 1), credit("4000", 1)])
    entry = propose_entry(actor=as_alice, draft=draft)

    with pytest.raises(EntryNotPosted):
        void_entry(actor=as_carol, entry=entry, on=None, reason="no")


def test_another_organizations_entry_is_not_there(as_mallory: Actor, sale: JournalEntry) -> None:
    with pytest.raises(EntryNotFound):
        void_entry(actor=as_mallory, entry=sale, on=None, reason="mine")


def test_a_taken_reference_does_not_keep_an_entry_from_being_voided(
    system: Actor, as_carol: Actor, sale: JournalEntry
) -> None:
    lines = [LineDraft("1000", 1), LineDraft("4000", 0, 1)]
    submit_entries(actor=system, drafts=[EntryDraft("void-s-1", DAY, lines)])

    reversal = void_entry(actor=as_carol, entry=sale, on=None, reason="twice")

    assert reversal.reference == f"void-{sale.pk}"


def test_taking_every_foreseeable_reference_does_not_keep_an_entry_from_being_voided(
    system: Actor, as_alice: Actor, as_carol: Actor, sale: JournalEntry
) -> None:
    lines = [LineDraft("1000", 1), LineDraft("4000", 0, 1)]
    submit_entries(actor=system, drafts=[EntryDraft("void-s-1", DAY, lines)])
    propose_entry(actor=as_alice, draft=EntryDraft(f"void-{sale.pk}", DAY, lines))

    reversal = void_entry(actor=as_carol, entry=sale, on=None, reason="hidden")

    assert reversal.reverses_id == sale.pk


def test_a_long_reference_does_not_keep_an_entry_from_being_voided(
    as_carol: Actor, post: Any
) -> None:
    entry = post(debit("1000", 1), credit("4000", 1), reference="r" * 200)

    assert void_entry(actor=as_carol, entry=entry, on=None, reason="").reverses_id == entry.pk


def test_leaves_who_did_it_and_why(acme: Organization, as_carol: Actor, sale: JournalEntry) -> None:
    reversal = void_entry(actor=as_carol, entry=sale, on=None, reason="twice")

    [event] = AuditEvent.objects.of(acme).filter(action="void_entry")
    assert (event.actor_name, event.facts) == ("Carol", {"reason": "twice"})
    assert event.before == {"status": "posted"}
    assert event.after == {"status": "voided", "reversal": str(reversal.pk)}
