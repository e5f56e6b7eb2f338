"""Proposals: they count nowhere, can be edited, and somebody else posts the large ones."""

from datetime import date
from typing import Any

import pytest

from ledger.drafts import EntryDraft, credit, debit
from ledger.errors import (
    AccountInUse,
    BooksClosed,
    EntryChanged,
    EntryHasTooFewLines,
    EntryNotFound,
    EntryNotPending,
    OwnApproval,
    ReferenceConflict,
    UnbalancedEntry,
    UnknownAccount,
)
from ledger.models import AccountBalance, EntryStatus, JournalEntry, JournalLine, ProposedLine
from ledger.selectors.accounts import get_account
from ledger.selectors.entries import get_entry
from ledger.services.accounts import create_account, update_account
from ledger.services.entries import (
    approve_entry,
    edit_proposal,
    propose_entry,
    submit_entries,
    withdraw_proposal,
)
from ledger.services.periods import close_books
from organizations.actors import Actor
from organizations.models import AuditEvent, Organization

DAY = date(2026, 1, 15)


def draft(amount: int = 500_00, credited: int | None = None, **others: Any) -> EntryDraft:
    lines = [debit("1000", amount), credit("4000", credited or amount)]
    fields: dict[str, Any] = {"reference": "accrual", "effective_on": DAY, "lines": lines}
    return EntryDraft(**fields | others)


@pytest.fixture
def threshold(acme: Organization) -> None:
    acme.approval_threshold_amount = 100_00
    acme.save()


def test_counts_nowhere_until_it_is_posted(acme: Organization, as_alice: Actor) -> None:
    entry = propose_entry(actor=as_alice, draft=draft())

    assert (entry.status, entry.posted_at) == (EntryStatus.PENDING, None)
    assert ProposedLine.objects.of(acme).count() == 2
    assert not JournalLine.objects.of(acme).exists()
    assert not AccountBalance.objects.of(acme).exists()


def test_posts_what_was_proposed(acme: Organization, as_alice: Actor, as_carol: Actor) -> None:
    entry = propose_entry(actor=as_alice, draft=draft())

    posted = approve_entry(actor=as_carol, entry=entry)

    assert posted.status == EntryStatus.POSTED
    assert (posted.maker_id, posted.checker_id) == (as_alice.user_id, as_carol.user_id)
    assert list(JournalLine.objects.of(acme).values_list("account__code", "debit", "credit")) == [
        ("1000", 500_00, 0),
        ("4000", 0, 500_00),
    ]
    assert not ProposedLine.objects.of(acme).exists()


def test_may_be_out_of_balance_until_it_is_posted(as_alice: Actor, as_carol: Actor) -> None:
    entry = propose_entry(actor=as_alice, draft=draft(5, credited=6))

    with pytest.raises(UnbalancedEntry):
        approve_entry(actor=as_carol, entry=entry)

    assert get_entry(as_alice.organization, entry.pk).status == EntryStatus.PENDING


def test_may_have_one_line_until_it_is_posted(as_alice: Actor, as_carol: Actor) -> None:
    entry = propose_entry(actor=as_alice, draft=draft(lines=[debit("1000", 5)]))

    with pytest.raises(EntryHasTooFewLines):
        approve_entry(actor=as_carol, entry=entry)


def test_refuses_accounts_that_are_not_there(as_alice: Actor) -> None:
    with pytest.raises(UnknownAccount):
        propose_entry(actor=as_alice, draft=draft(lines=[debit("nowhere", 5)]))


@pytest.mark.usefixtures("threshold")
def test_refuses_the_makers_own_approval_above_the_threshold(
    as_alice: Actor, as_carol: Actor
) -> None:
    entry = propose_entry(actor=as_alice, draft=draft())

    with pytest.raises(OwnApproval):
        approve_entry(actor=as_alice, entry=entry)

    assert approve_entry(actor=as_carol, entry=entry).status == EntryStatus.POSTED


@pytest.mark.usefixtures("threshold")
def test_lets_the_maker_post_below_the_threshold(as_alice: Actor) -> None:
    entry = propose_entry(actor=as_alice, draft=draft(100_00))

    assert approve_entry(actor=as_alice, entry=entry).status == EntryStatus.POSTED


@pytest.mark.usefixtures("threshold")
def test_whoever_edits_it_may_not_approve_it(as_alice: Actor, as_carol: Actor) -> None:
    entry = propose_entry(actor=as_alice, draft=draft())
    edited = edit_proposal(actor=as_carol, entry=entry, draft=draft(600_00))

    with pytest.raises(OwnApproval):
        approve_entry(actor=as_carol, entry=edited)

    assert approve_entry(actor=as_alice, entry=edited).total_amount == 600_00


def test_a_threshold_set_later_counts_when_it_is_posted(
    acme: Organization, as_alice: Actor
) -> None:
    entry = propose_entry(actor=as_alice, draft=draft())
    acme.approval_threshold_amount = 1
    acme.save()

    with pytest.raises(OwnApproval):
        approve_entry(actor=as_alice, entry=entry)


def test_refuses_an_approval_of_what_was_edited_since(as_alice: Actor, as_carol: Actor) -> None:
    seen = propose_entry(actor=as_alice, draft=draft())
    edit_proposal(actor=as_alice, entry=seen, draft=draft(900_00), revision=seen.revision)

    with pytest.raises(EntryChanged):
        approve_entry(actor=as_carol, entry=seen, revision=seen.revision)


def test_an_edit_replaces_what_it_says_and_is_audited(acme: Organization, as_alice: Actor) -> None:
    entry = propose_entry(actor=as_alice, draft=draft())

    edited = edit_proposal(
        actor=as_alice, entry=entry, draft=draft(7, reference="other", description="new")
    )

    assert (edited.reference, edited.total_amount, edited.revision) == ("other", 7, 2)
    assert [line.debit for line in ProposedLine.objects.of(acme).order_by("position")] == [7, 0]
    [event] = AuditEvent.objects.of(acme).filter(action="edit_proposal")
    assert event.before["lines"][0] == {"account": "1000", "debit": 500_00, "credit": 0}
    assert event.after["lines"][0] == {"account": "1000", "debit": 7, "credit": 0}


def test_an_edit_cannot_take_a_reference_that_is_in_the_books(
    as_alice: Actor, system: Actor
) -> None:
    submit_entries(actor=system, drafts=[draft(reference="taken")])
    entry = propose_entry(actor=as_alice, draft=draft())

    with pytest.raises(ReferenceConflict):
        edit_proposal(actor=as_alice, entry=entry, draft=draft(reference="taken"))


def test_proposing_again_returns_what_stands(as_alice: Actor, as_carol: Actor) -> None:
    first = propose_entry(actor=as_alice, draft=draft())
    again = propose_entry(actor=as_alice, draft=draft())
    approve_entry(actor=as_carol, entry=first)
    posted = propose_entry(actor=as_alice, draft=draft())

    assert again.is_replay
    assert (again.pk, posted.pk) == (first.pk, first.pk)
    assert posted.status == EntryStatus.POSTED
    with pytest.raises(ReferenceConflict):
        propose_entry(actor=as_alice, draft=draft(1))


def test_a_withdrawn_one_is_gone_and_its_reference_free(
    acme: Organization, as_alice: Actor
) -> None:
    entry = propose_entry(actor=as_alice, draft=draft())

    withdraw_proposal(actor=as_alice, entry=entry)

    assert not JournalEntry.objects.of(acme).exists()
    [event] = AuditEvent.objects.of(acme).filter(action="withdraw_proposal")
    assert event.before["reference"] == "accrual"
    assert not propose_entry(actor=as_alice, draft=draft(1)).is_replay


def test_a_posted_one_is_neither_edited_nor_withdrawn_nor_posted_again(
    as_alice: Actor, as_carol: Actor
) -> None:
    entry = approve_entry(actor=as_carol, entry=propose_entry(actor=as_alice, draft=draft()))

    for attempt in (
        lambda: edit_proposal(actor=as_alice, entry=entry, draft=draft(1)),
        lambda: withdraw_proposal(actor=as_alice, entry=entry),
        lambda: approve_entry(actor=as_carol, entry=entry),
    ):
        with pytest.raises(EntryNotPending):
            attempt()


def test_is_not_posted_into_closed_books(as_alice: Actor, as_carol: Actor) -> None:
    entry = propose_entry(actor=as_alice, draft=draft())
    close_books(actor=as_carol, through=DAY)

    with pytest.raises(BooksClosed):
        approve_entry(actor=as_carol, entry=entry)


def test_another_organizations_entry_is_not_there(as_alice: Actor, as_mallory: Actor) -> None:
    entry = propose_entry(actor=as_alice, draft=draft())

    for attempt in (
        lambda: approve_entry(actor=as_mallory, entry=entry),
        lambda: withdraw_proposal(actor=as_mallory, entry=entry),
        lambda: get_entry(as_mallory.organization, entry.pk),
    ):
        with pytest.raises(EntryNotFound):
            attempt()


def test_keeps_its_accounts_in_their_type_and_currency(
    as_alice: Actor, as_carol: Actor, system: Actor
) -> None:
    create_account(actor=system, code="new", name="New", type="asset")
    propose_entry(actor=as_alice, draft=draft(lines=[debit("new", 5), credit("4000", 5)]))

    with pytest.raises(AccountInUse):
        update_account(
            actor=as_carol, account=get_account(as_alice.organization, "new"), currency="EUR"
        )
