"""Posting: one statement for one entry or for thousands, whole or not at all."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from core.errors import AmountOutOfRange, Refusal
from ledger.drafts import EntryDraft, LineDraft, credit, debit
from ledger.errors import (
    AccountArchived,
    AccountHasChildren,
    AmountTooLarge,
    ApprovalRequired,
    BooksClosed,
    CurrencyMismatch,
    EntryHasTooFewLines,
    ImplausibleDate,
    LineNotDebitOrCredit,
    ReferenceConflict,
    ReservedReferenceType,
    UnbalancedEntry,
    UnknownAccount,
)
from ledger.models import Account, AccountBalance, EntryStatus, JournalEntry, JournalLine
from ledger.selectors.accounts import get_account
from ledger.services.accounts import archive_account, create_account
from ledger.services.entries import propose_entry, submit_entries, submit_what_is_sound
from ledger.services.periods import close_books
from ledger.services.posting import post_entries
from organizations.actors import Actor
from organizations.models import AuditEvent, Organization

DAY = date(2026, 1, 15)


def sale(reference: str, amount: int = 10_00, on: date = DAY) -> EntryDraft:
    return EntryDraft(reference, on, [debit("1000", amount), credit("4000", amount)])


def lines_of(*lines: LineDraft, reference: str = "odd") -> EntryDraft:
    return EntryDraft(reference, DAY, lines)


def balance(organization: Organization, code: str) -> int:
    rows = AccountBalance.objects.of(organization).filter(account__code=code)
    return sum(row.debits - row.credits for row in rows)


def test_posts_lines_in_their_order_and_adds_to_the_balances(acme: Organization, post: Any) -> None:
    entry = post(debit("1100", 120_00, "receivable"), credit("4000", 100_00), credit("2200", 20_00))

    lines = JournalLine.objects.of(acme).filter(entry_id=entry.pk).order_by("position")
    assert list(lines.values_list("account__code", "debit", "credit", "description")) == [
        ("1100", 120_00, 0, "receivable"),
        ("4000", 0, 100_00, ""),
        ("2200", 0, 20_00, ""),
    ]
    assert (entry.total_amount, entry.currency, entry.status) == (120_00, "GBP", "posted")
    assert balance(acme, "1100") == 120_00
    assert balance(acme, "4000") == -100_00


def test_keeps_when_it_happened_and_when_the_books_learnt_of_it(
    acme: Organization, post: Any
) -> None:
    learnt = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)

    entry = post(debit("1000", 1), credit("4000", 1), on=date(2025, 12, 31), now=learnt)

    stored = JournalEntry.objects.of(acme).get(pk=entry.pk)
    assert (stored.effective_on, stored.posted_at) == (date(2025, 12, 31), learnt)


def test_finds_accounts_by_id_as_well_as_by_code(acme: Organization, post: Any) -> None:
    cash, sales = get_account(acme, "1000"), get_account(acme, "4000")

    post(debit(cash.pk, 5), credit(str(sales.pk).upper(), 5))

    assert balance(acme, "1000") == 5


def test_takes_a_code_that_looks_like_an_id_for_the_code(
    acme: Organization, system: Actor, post: Any
) -> None:
    looks = str(get_account(acme, "1000").pk)
    named_so = create_account(actor=system, code=looks, name="Odd", type="asset")

    post(debit(looks, 5), credit("4000", 5))

    assert balance(acme, looks) == 5
    assert balance(acme, "1000") == 0
    assert named_so.code == looks


def test_balances_each_currency_by_itself(acme: Organization, system: Actor, post: Any) -> None:
    for code in ("1001", "4001"):
        create_account(actor=system, code=code, name=code, currency="JPY", type=kind_of(code))

    entry = post(debit("1000", 7), credit("4000", 7), debit("1001", 900), credit("4001", 900))

    assert (entry.currency, entry.total_amount) == ("GBP", 7)
    with pytest.raises(UnbalancedEntry) as refused:
        post(debit("1000", 7), credit("4001", 7))
    assert refused.value.difference in (7, -7)


def kind_of(code: str) -> str:
    return "asset" if code.startswith("1") else "revenue"


def test_refuses_an_entry_that_does_not_balance_and_writes_nothing(
    acme: Organization, post: Any
) -> None:
    with pytest.raises(UnbalancedEntry) as refused:
        post(debit("1000", 10_00), credit("4000", 9_00))

    assert refused.value.difference == 1_00
    assert not JournalEntry.objects.of(acme).exists()
    assert balance(acme, "1000") == 0


@pytest.mark.parametrize(
    ("lines", "error"),
    [
        ([], EntryHasTooFewLines),
        ([debit("1000", 5)], EntryHasTooFewLines),
        ([debit("1000", 0), credit("4000", 0)], LineNotDebitOrCredit),
        ([debit("1000", -5), credit("4000", -5)], LineNotDebitOrCredit),
        ([LineDraft("1000", 5, 5), LineDraft("4000", 5, 5)], LineNotDebitOrCredit),
        ([LineDraft("1000", 5, -5), credit("4000", 10)], LineNotDebitOrCredit),
        ([debit("1000", 2**63), credit("4000", 2**63)], AmountTooLarge),
        ([debit("nowhere", 5), credit("4000", 5)], UnknownAccount),
        ([debit(uuid4(), 5), credit("4000", 5)], UnknownAccount),
        ([debit("", 5), credit("4000", 5)], UnknownAccount),
        ([LineDraft("1000", 5, currency="EUR"), credit("4000", 5)], CurrencyMismatch),
    ],
)
def test_refuses_lines_that_are_none(
    acme: Organization, post: Any, lines: list[LineDraft], error: type[Refusal]
) -> None:
    with pytest.raises(error):
        post(*lines)

    assert not JournalEntry.objects.of(acme).exists()


@pytest.mark.parametrize("day", [date(1, 1, 1), date(1899, 12, 31), date(2200, 1, 1), date.max])
def test_refuses_implausible_dates(post: Any, day: date) -> None:
    with pytest.raises(ImplausibleDate) as refused:
        post(debit("1000", 1), credit("4000", 1), on=day)

    assert day.isoformat() in refused.value.message


def test_refuses_another_organizations_account_as_unknown(
    acme: Organization, mallory_ltd: Organization, post: Any
) -> None:
    hers = get_account(mallory_ltd, "1000")

    with pytest.raises(UnknownAccount) as refused:
        post(debit(hers.pk, 5), credit("4000", 5))

    assert str(hers.pk) in refused.value.message


def test_refuses_archived_accounts_and_names_the_entry(
    acme: Organization, system: Actor, post: Any
) -> None:
    create_account(actor=system, code="old", name="Old", type="asset")
    archive_account(actor=system, account=get_account(acme, "old"))

    with pytest.raises(AccountArchived) as refused:
        post(debit("old", 5), credit("4000", 5), reference="late")

    assert (refused.value.account, refused.value.references) == ("old", ["late"])


def test_refuses_accounts_with_children(acme: Organization, system: Actor, post: Any) -> None:
    create_account(actor=system, code="p", name="P", type="asset")
    create_account(actor=system, code="p.1", name="P1", type="asset", parent="p")

    with pytest.raises(AccountHasChildren) as refused:
        post(debit("p", 5), credit("4000", 5))

    assert refused.value.account == "p"


def test_refuses_closed_days_and_says_which(acme: Organization, system: Actor, post: Any) -> None:
    close_books(actor=system, through=date(2026, 1, 31))

    with pytest.raises(BooksClosed) as refused:
        post(debit("1000", 5), credit("4000", 5), on=date(2026, 1, 31), reference="late")
    post(debit("1000", 5), credit("4000", 5), on=date(2026, 2, 1))

    assert refused.value.closed_through == "2026-01-31"
    assert refused.value.reference == "late"


def test_replays_what_is_posted_already(acme: Organization, system: Actor) -> None:
    [first] = submit_entries(actor=system, drafts=[sale("a")])
    [again] = submit_entries(actor=system, drafts=[sale("a")])

    assert (first.pk, first.is_replay) == (again.pk, False)
    assert again.is_replay
    assert balance(acme, "1000") == 10_00


@pytest.mark.parametrize("number", [1e23, 1e308, 1.2345678901234567e29, -0.0, 0.1 + 0.2, 10**40])
def test_replays_metadata_whatever_the_database_makes_of_its_numbers(
    system: Actor, number: float
) -> None:
    draft = EntryDraft("a", DAY, sale("a").lines, metadata={"deep": [{"number": number}]})
    submit_entries(actor=system, drafts=[draft])

    [again] = submit_entries(actor=system, drafts=[draft])

    assert again.is_replay


def test_does_not_take_what_is_only_proposed_for_posted(acme: Organization, system: Actor) -> None:
    propose_entry(actor=system, draft=sale("a"))

    with pytest.raises(ReferenceConflict) as refused:
        submit_entries(actor=system, drafts=[sale("a")])
    [outcome] = submit_what_is_sound(actor=system, drafts=[sale("a")])

    assert refused.value.differs == "status (it is pending)"
    assert isinstance(outcome, ReferenceConflict)
    assert balance(acme, "1000") == 0


def test_names_the_entry_with_which_a_sum_leaves_64_bits_and_posts_the_others(
    acme: Organization, system: Actor
) -> None:
    drafts = [sale("a"), sale("big", 9 * 10**18), sale("b"), sale("bigger", 9 * 10**18), sale("c")]

    outcomes = submit_what_is_sound(actor=system, drafts=drafts)

    refused = [o for o in outcomes if isinstance(o, Refusal)]
    assert outcomes.index(refused[0]) == 3
    assert [type(refusal) for refusal in refused] == [AmountOutOfRange]
    assert balance(acme, "1000") == 9 * 10**18 + 3 * 10_00
    assert AuditEvent.objects.of(acme).filter(action="post_entries").count() == 1


@pytest.mark.parametrize(
    ("other", "differs"),
    [
        (sale("a", 11_00), "lines"),
        (sale("a", on=date(2026, 1, 16)), "effective_on"),
        (EntryDraft("a", DAY, sale("a").lines, description="x"), "description"),
        (EntryDraft("a", DAY, sale("a").lines, metadata={"x": 1}), "metadata"),
        (EntryDraft("a", DAY, sale("a").lines, reference_type="t"), "reference_type"),
        (EntryDraft("a", DAY, [debit("1010", 10_00), credit("4000", 10_00)]), "lines"),
    ],
)
def test_refuses_another_content_under_the_same_reference(
    system: Actor, other: EntryDraft, differs: str
) -> None:
    submit_entries(actor=system, drafts=[sale("a")])

    with pytest.raises(ReferenceConflict) as refused:
        submit_entries(actor=system, drafts=[other])

    assert refused.value.differs == differs


def test_takes_the_same_reference_in_two_organizations(system: Actor, as_mallory: Actor) -> None:
    [ours] = submit_entries(actor=system, drafts=[sale("a")])
    [hers] = submit_entries(actor=as_mallory, drafts=[sale("a", 99)])

    assert ours.pk != hers.pk
    assert not hers.is_replay


def test_posts_a_batch_whole_or_not_at_all(acme: Organization, system: Actor) -> None:
    bad = EntryDraft("bad", DAY, [debit("1000", 2), credit("4000", 1)])

    with pytest.raises(UnbalancedEntry) as refused:
        submit_entries(actor=system, drafts=[sale("a"), bad, sale("b")])

    assert refused.value.references == ["bad"]
    assert not JournalEntry.objects.of(acme).exists()


def test_answers_a_batch_in_its_order_replays_and_twins_among_it(system: Actor) -> None:
    submit_entries(actor=system, drafts=[sale("b")])

    entries = submit_entries(actor=system, drafts=[sale("c"), sale("b"), sale("a"), sale("c")])

    assert [entry.reference for entry in entries] == ["c", "b", "a", "c"]
    assert [entry.is_replay for entry in entries] == [False, True, False, False]


def test_posts_what_is_sound_and_names_each_of_the_rest(acme: Organization, system: Actor) -> None:
    submit_entries(actor=system, drafts=[sale("stands")])
    close_books(actor=system, through=date(2025, 12, 31))
    drafts = [
        sale("good"),
        lines_of(debit("1000", 1), credit("4000", 2), reference="unbalanced"),
        lines_of(debit("nowhere", 1), credit("4000", 1), reference="unknown"),
        sale("good"),
        sale("good", 5),
        sale("stands", 7),
        sale("closed", on=date(2025, 12, 31)),
        sale("old", on=date(1, 1, 1)),
        lines_of(debit("1000", 1), credit("4000", 3), reference="unbalanced too"),
        sale("good too"),
    ]

    outcomes = submit_what_is_sound(actor=system, drafts=drafts)

    assert [o.code if isinstance(o, Refusal) else o.status for o in outcomes] == [
        "posted",
        "unbalanced_entry",
        "unknown_account",
        "posted",
        "reference_conflict",
        "reference_conflict",
        "books_closed",
        "implausible_date",
        "unbalanced_entry",
        "posted",
    ]
    first, second = outcomes[1], outcomes[8]
    assert isinstance(first, Refusal)
    assert isinstance(second, Refusal)
    assert (first.difference, second.difference) == (-1, -2)
    assert set(JournalEntry.objects.of(acme).values_list("reference", flat=True)) == {
        "stands",
        "good",
        "good too",
    }


def test_leaves_one_audit_row_that_names_every_new_entry(
    acme: Organization, as_alice: Actor
) -> None:
    entries = submit_entries(actor=as_alice, drafts=[sale("a"), sale("b")])
    submit_entries(actor=as_alice, drafts=[sale("a")])

    [event] = AuditEvent.objects.of(acme).filter(action="post_entries")
    assert set(event.subject_ids) == {entry.pk for entry in entries}
    assert event.actor_name == "Alice"


def test_needs_a_second_person_above_the_threshold_but_not_from_programs(
    acme: Organization, as_alice: Actor, system: Actor
) -> None:
    acme.approval_threshold_amount = 100_00
    acme.save()

    submit_entries(actor=as_alice, drafts=[sale("at", 100_00)])
    with pytest.raises(ApprovalRequired):
        submit_entries(actor=as_alice, drafts=[sale("above", 100_01)])
    submit_entries(actor=system, drafts=[sale("above", 100_01)])


def test_needs_a_second_person_for_currencies_that_the_threshold_cannot_judge(
    acme: Organization, as_alice: Actor, system: Actor
) -> None:
    for code in ("1001", "4001"):
        create_account(actor=system, code=code, name=code, currency="KWD", type=kind_of(code))
    acme.approval_threshold_amount = 100_00
    acme.save()
    draft = EntryDraft("kwd", DAY, [debit("1001", 1), credit("4001", 1)])

    with pytest.raises(ApprovalRequired):
        submit_entries(actor=as_alice, drafts=[draft])


def test_asks_as_many_statements_for_a_thousand_entries_as_for_one(
    acme: Organization, system: Actor
) -> None:
    def statements(drafts: list[EntryDraft]) -> int:
        with CaptureQueriesContext(connection) as captured, transaction.atomic():
            post_entries(acme, drafts, actor=system)
        return len(captured)

    one = statements([sale("one")])
    thousand = statements([sale(f"many-{n}") for n in range(1000)])

    assert one == thousand
    assert Account.objects.of(acme).count() > 10


@pytest.mark.django_db(transaction=True)
def test_needs_the_callers_transaction(acme: Organization) -> None:
    with pytest.raises(RuntimeError):
        post_entries(acme, [sale("a")])


def test_takes_an_entry_of_ten_thousand_lines(acme: Organization, post: Any) -> None:
    lines = [debit("1000", 1)] * 5_000 + [credit("4000", 1)] * 5_000

    entry = post(*lines)

    assert entry.total_amount == 5_000
    assert JournalLine.objects.of(acme).filter(entry_id=entry.pk).count() == 10_000
    assert entry.status == EntryStatus.POSTED


def test_lets_nobody_pass_an_entry_for_a_years_closing(
    acme: Organization, as_alice: Actor, system: Actor
) -> None:
    draft = EntryDraft("fake", DAY, sale("x").lines, reference_type="year-end-closing")

    with pytest.raises(ReservedReferenceType):
        submit_entries(actor=as_alice, drafts=[draft])
    with pytest.raises(ReservedReferenceType):
        propose_entry(actor=as_alice, draft=draft)
    [outcome] = submit_what_is_sound(actor=as_alice, drafts=[draft])
    assert isinstance(outcome, ReservedReferenceType)
    assert not JournalEntry.objects.of(acme).exists()

    submit_entries(actor=system, drafts=[draft])


def test_blames_only_the_draft_that_differs_from_what_is_in_the_books(
    acme: Organization, system: Actor
) -> None:
    submit_entries(actor=system, drafts=[sale("a")])

    same, other = submit_what_is_sound(actor=system, drafts=[sale("a"), sale("a", 5)])

    assert isinstance(same, JournalEntry)
    assert same.is_replay
    assert isinstance(other, ReferenceConflict)


def test_a_bad_draft_does_not_spoil_a_sound_one_of_its_reference(
    acme: Organization, system: Actor
) -> None:
    bad = EntryDraft("a", DAY, [debit("1000", 2), credit("4000", 1)])

    outcomes = submit_what_is_sound(actor=system, drafts=[bad, sale("a"), bad, sale("a")])

    assert [o.code if isinstance(o, Refusal) else o.status for o in outcomes] == [
        "unbalanced_entry",
        "posted",
        "unbalanced_entry",
        "posted",
    ]
