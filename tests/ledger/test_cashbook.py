"""The cashbook: what each kind posts, how a debt is settled, and the figures."""

import threading
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from core.errors import Refusal
from ledger.drafts import EntryDraft, credit, debit
from ledger.errors import (
    AmountTooLarge,
    ApprovalRequired,
    BooksClosed,
    CashEntryNotFound,
    DebtAlreadySettled,
    DebtVoided,
    NotADebt,
    ReservedReferenceType,
    RoleUnfilled,
    SettledTooEarly,
    UserNotAMember,
    WrongSign,
)
from ledger.models import Account, CashEntry, CashKind, JournalEntry
from ledger.selectors.balances import balance_at
from ledger.selectors.cashbook import (
    CashMetrics,
    cash_metrics,
    check_cashbook,
    get_cash_entry,
    list_cash_entries,
)
from ledger.services.cashbook import record_cash_entry, settle_debt
from ledger.services.entries import submit_entries, void_entry
from ledger.services.periods import close_books
from organizations.actors import Actor
from organizations.models import AuditEvent, Membership
from tests.factories import AccountFactory

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
TODAY = NOON.date()


@pytest.fixture
def record(system):
    def record_entry(kind, amount, currency="GBP", occurred_at=NOON, **others):
        return record_cash_entry(
            actor=system,
            kind=kind,
            amount=amount,
            currency=currency,
            occurred_at=occurred_at,
            **others,
        )

    return record_entry


def sides(cash_entry):
    """(account's role, debit, credit) of the journal entry's lines."""
    lines = cash_entry.entry.lines.order_by("position")
    return [(line.account.role, line.debit, line.credit) for line in lines]


@pytest.mark.parametrize(
    ("kind", "amount", "debited", "credited"),
    [
        ("REVENUE", 120_00, "cash", "other_income"),
        ("EXPENSE", -45_00, "operating_expense", "cash"),
        ("PAYMENT", 30_00, "cash", "suspense"),
        ("PAYMENT", -30_00, "suspense", "cash"),
        ("DEBT", 500_00, "loans_receivable", "suspense"),
        ("DEBT", -500_00, "suspense", "loans_payable"),
    ],
)
def test_posts_each_kind_by_the_table(record, kind, amount, debited, credited):
    cash_entry = record(kind, amount)

    figures = {role: (debit, credit) for role, debit, credit in sides(cash_entry)}
    assert figures == {debited: (abs(amount), 0), credited: (0, abs(amount))}
    assert sides(cash_entry)[0][1] - sides(cash_entry)[0][2] == amount


def test_names_the_journal_entry_after_the_cash_entry(record, acme):
    cash_entry = record("REVENUE", 1_00, memo="A grant")

    entry = JournalEntry.objects.of(acme).get(reference=f"cash-{cash_entry.pk}")
    assert cash_entry.entry_id == entry.pk
    assert (entry.reference_type, entry.reference_id) == ("cash-entry", str(cash_entry.pk))
    assert entry.description == "A grant"
    assert entry.total_amount == 1_00


def test_dates_the_entry_in_the_organizations_time_zone(record, acme):
    acme.time_zone = "Asia/Tokyo"
    acme.save()

    cash_entry = record("REVENUE", 1_00, occurred_at=datetime(2026, 3, 31, 15, 30, tzinfo=UTC))

    assert cash_entry.entry.effective_on == date(2026, 4, 1)


def test_leaves_an_audit_event(record, acme):
    moment = datetime(2026, 3, 31, 15, 30, tzinfo=UTC)

    cash_entry = record("EXPENSE", -9_00, memo="Paper", occurred_at=moment)

    event = AuditEvent.objects.of(acme).get(action="record_cash_entry")
    assert event.subject_ids == [cash_entry.pk]
    assert event.after["amount"] == -9_00
    assert event.after["occurred_at"] == "2026-03-31T15:30:00+00:00"
    assert event.after["memo"] == "Paper"


@pytest.mark.parametrize(
    ("kind", "amount"),
    [("REVENUE", -1), ("REVENUE", 0), ("EXPENSE", 1), ("EXPENSE", 0), ("PAYMENT", 0), ("DEBT", 0)],
)
def test_refuses_a_sign_that_does_not_fit_the_kind(record, kind, amount):
    with pytest.raises(WrongSign) as refused:
        record(kind, amount)

    assert (refused.value.kind, refused.value.amount) == (kind, amount)
    assert not CashEntry.objects.exists()


def test_refuses_more_than_64_bits(record):
    with pytest.raises(AmountTooLarge):
        record("REVENUE", 2**63)


def test_refuses_a_kind_that_there_is_not(record):
    with pytest.raises(ValueError, match="GIFT"):
        record("GIFT", 1)


def test_refuses_a_currency_in_which_no_account_has_the_role(record):
    with pytest.raises(RoleUnfilled) as refused:
        record("REVENUE", 1_00, currency="KWD")

    assert refused.value.currency == "KWD"
    assert not JournalEntry.objects.exists()


def test_refuses_a_closed_day_and_writes_nothing(record, system):
    close_books(actor=system, through=TODAY, now=NOON)

    with pytest.raises(BooksClosed):
        record("REVENUE", 1_00)

    assert not CashEntry.objects.exists()
    assert not AuditEvent.objects.filter(action="record_cash_entry").exists()


def test_takes_an_active_member_as_user(record, dan):
    assert record("REVENUE", 1_00, user=dan).user_id == dan.pk
    assert record("REVENUE", 1_00, user=dan.pk).user_id == dan.pk


def test_refuses_a_user_of_another_organization(record, mallory):
    with pytest.raises(UserNotAMember):
        record("REVENUE", 1_00, user=mallory)


def test_refuses_a_member_who_has_left(record, dan):
    Membership.objects.filter(user=dan).update(is_active=False)

    with pytest.raises(UserNotAMember):
        record("REVENUE", 1_00, user=dan)


def test_refuses_an_archived_cash_account(record, acme):
    Account.objects.of(acme).filter(role="cash").update(status="archived")

    with pytest.raises(RoleUnfilled):
        record("REVENUE", 1_00)


@pytest.mark.parametrize("fields", [{"amount": 2}, {"memo": "other"}, {"kind": "PAYMENT"}])
def test_is_append_only_for_raw_updates_too(record, fields):
    cash_entry = record("REVENUE", 1_00)

    with pytest.raises(IntegrityError), transaction.atomic():
        CashEntry.objects.filter(pk=cash_entry.pk).update(**fields)

    with pytest.raises(IntegrityError), transaction.atomic():
        CashEntry.objects.filter(pk=cash_entry.pk).delete()


def test_needs_no_more_statements_the_longer_the_book_is(record):
    record("REVENUE", 1_00)
    with CaptureQueriesContext(connection) as first:
        record("REVENUE", 1_00)
    for _ in range(20):
        record("REVENUE", 1_00)

    with CaptureQueriesContext(connection) as later:
        record("REVENUE", 1_00)

    assert len(later) == len(first)


# --- Settling a debt ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "paid"),
    [
        (-500_00, [("cash", 0, 500_00), ("loans_payable", 500_00, 0)]),
        (500_00, [("cash", 500_00, 0), ("loans_receivable", 0, 500_00)]),
    ],
)
def test_settling_records_the_payment_that_clears_the_loan(record, system, acme, amount, paid):
    debt = record("DEBT", amount, memo="Van")
    later = NOON + timedelta(days=3)

    settled = settle_debt(actor=system, cash_entry=debt, settled_at=later)

    debt.refresh_from_db()
    assert settled.pk == debt.pk
    assert debt.settled_at == later
    payment = debt.settled_by
    assert (payment.kind, payment.amount, payment.occurred_at) == ("PAYMENT", amount, later)
    assert sides(payment) == paid
    assert payment.entry.effective_on == later.date()
    assert balance_at(acme, payment.entry.lines.get(position=2).account) == 0


def test_a_settlement_is_of_the_same_user(record, system, dan):
    debt = record("DEBT", -1_00, user=dan)

    settled = settle_debt(actor=system, cash_entry=debt, now=NOON)

    assert CashEntry.objects.get(pk=settled.settled_by_id).user_id == dan.pk


def test_refuses_to_settle_twice(record, system):
    debt = record("DEBT", -1_00)
    settle_debt(actor=system, cash_entry=debt, now=NOON)

    with pytest.raises(DebtAlreadySettled):
        settle_debt(actor=system, cash_entry=debt, now=NOON)

    assert CashEntry.objects.filter(kind=CashKind.PAYMENT).count() == 1


def test_refuses_to_settle_what_is_no_debt(record, system):
    with pytest.raises(NotADebt) as refused:
        settle_debt(actor=system, cash_entry=record("REVENUE", 1_00))

    assert refused.value.kind == "REVENUE"


def test_refuses_to_settle_a_debt_before_it_was_made(record, system):
    debt = record("DEBT", -1_00)

    with pytest.raises(SettledTooEarly):
        settle_debt(actor=system, cash_entry=debt, settled_at=NOON - timedelta(seconds=1))


def test_refuses_another_organizations_debt(record, as_mallory):
    debt = record("DEBT", -1_00)

    with pytest.raises(CashEntryNotFound):
        settle_debt(actor=as_mallory, cash_entry=debt)


def test_a_settlement_that_is_refused_leaves_the_debt_unsettled(record, system):
    debt = record("DEBT", -1_00)
    close_books(actor=system, through=TODAY, now=NOON)

    with pytest.raises(BooksClosed):
        settle_debt(actor=system, cash_entry=debt, settled_at=NOON)

    debt.refresh_from_db()
    assert debt.settled_at is None


def test_a_settled_debt_cannot_be_opened_again_by_raw_updates(record, system):
    debt = record("DEBT", -1_00)
    settle_debt(actor=system, cash_entry=debt, now=NOON)

    with pytest.raises(IntegrityError), transaction.atomic():
        CashEntry.objects.filter(pk=debt.pk).update(settled_at=None, settled_by=None)


@pytest.mark.django_db(transaction=True)
def test_of_several_who_settle_one_debt_at_once_one_wins(record, system):
    debt = record("DEBT", -1_00)
    barrier = threading.Barrier(4)
    outcomes: list[CashEntry | Refusal] = []

    def settle():
        try:
            barrier.wait()
            outcomes.append(settle_debt(actor=system, cash_entry=debt, now=NOON))
        except Refusal as refusal:
            outcomes.append(refusal)
        finally:
            connection.close()

    threads = [threading.Thread(target=settle) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    won = [outcome for outcome in outcomes if isinstance(outcome, CashEntry)]
    lost = [outcome for outcome in outcomes if isinstance(outcome, DebtAlreadySettled)]
    assert (len(won), len(lost)) == (1, 3)
    assert CashEntry.objects.filter(kind=CashKind.PAYMENT).count() == 1
    assert cash_metrics(system.organization, as_of=TODAY)["GBP"].current_balance == -1_00


# --- Reading --------------------------------------------------------------------------------------


def test_another_organizations_entry_is_not_there(record, mallory_ltd):
    cash_entry = record("REVENUE", 1_00)

    with pytest.raises(CashEntryNotFound):
        get_cash_entry(mallory_ltd, cash_entry.pk)


@pytest.mark.parametrize("id", [uuid4(), "no-id"])
def test_an_unknown_entry_is_not_there(acme, id):
    with pytest.raises(CashEntryNotFound):
        get_cash_entry(acme, id)


def test_lists_by_kind_user_time_and_whether_settled(record, system, acme, dan):
    sale = record("REVENUE", 1_00, user=dan, occurred_at=NOON - timedelta(days=1))
    owed = record("DEBT", -2_00)
    paid = record("DEBT", -3_00)
    settle_debt(actor=system, cash_entry=paid, now=NOON)

    assert list(list_cash_entries(acme, kind="REVENUE")) == [sale]
    assert list(list_cash_entries(acme, user=dan)) == [sale]
    assert list(list_cash_entries(acme, until=NOON - timedelta(hours=1))) == [sale]
    assert list(list_cash_entries(acme, settled=False)) == [owed]
    assert list(list_cash_entries(acme, settled=True)) == [paid]


# --- Metrics --------------------------------------------------------------------------------------


def test_the_figures_of_the_seed(record, acme):
    record("REVENUE", 1000_00)
    record("EXPENSE", -300_00)
    record("PAYMENT", -50_00)
    record("PAYMENT", 20_00)
    record("DEBT", -400_00)
    record("DEBT", 150_00)

    assert cash_metrics(acme, as_of=TODAY) == {
        "GBP": CashMetrics(current_balance=670_00, loan_balance=-250_00, mtd_revenue=1000_00)
    }


def test_the_figures_tie_to_the_accounts(record, acme, system):
    record("REVENUE", 1000_00)
    record("EXPENSE", -300_00)
    record("PAYMENT", 20_00)
    settle_debt(actor=system, cash_entry=record("DEBT", -400_00), settled_at=NOON)
    record("DEBT", 150_00)

    figures = cash_metrics(acme, as_of=TODAY)["GBP"]

    assert figures.current_balance == balance_at(acme, "1000", TODAY) == 320_00
    assert figures.loan_balance == balance_at(acme, "1180", TODAY) - balance_at(acme, "2500", TODAY)
    assert figures.mtd_revenue == balance_at(acme, "4900", TODAY)


def test_a_loan_taken_in_cash_leaves_nothing_in_suspense(record, acme):
    record("PAYMENT", 400_00, memo="The bank lends")
    record("DEBT", -400_00, memo="The bank lends")

    assert balance_at(acme, "1900", TODAY) == 0
    assert balance_at(acme, "1000", TODAY) == balance_at(acme, "2500", TODAY) == 400_00


def test_no_entry_no_figures(acme):
    assert cash_metrics(acme) == {}


def test_keeps_currencies_apart(record, acme):
    AccountFactory(organization=acme, role="cash", type="asset", currency="EUR")
    AccountFactory(organization=acme, role="other_income", type="revenue", currency="EUR")
    record("REVENUE", 1_00)
    record("REVENUE", 7_00, currency="EUR")

    figures = cash_metrics(acme, as_of=TODAY)

    assert {currency: f.mtd_revenue for currency, f in figures.items()} == {
        "EUR": 7_00,
        "GBP": 1_00,
    }


def test_a_users_figures_are_their_own(record, acme, system, dan, alice):
    record("REVENUE", 10_00, user=dan)
    record("REVENUE", 5_00, user=alice)
    record("REVENUE", 1_00)
    settle_debt(actor=system, cash_entry=record("DEBT", -3_00, user=dan), settled_at=NOON)

    assert cash_metrics(acme, user=dan, as_of=TODAY) == {"GBP": CashMetrics(7_00, 0, 10_00)}
    assert cash_metrics(acme, user=alice.pk, as_of=TODAY) == {"GBP": CashMetrics(5_00, 0, 5_00)}


def test_another_organizations_entries_do_not_count(record, mallory_ltd):
    record("REVENUE", 10_00)

    assert cash_metrics(mallory_ltd, as_of=TODAY) == {}


def test_a_debt_settled_later_was_not_settled_then(record, acme, system):
    debt = record("DEBT", -100_00)
    settle_debt(actor=system, cash_entry=debt, settled_at=NOON + timedelta(days=5))

    then = cash_metrics(acme, as_of=TODAY + timedelta(days=4))["GBP"]
    afterwards = cash_metrics(acme, as_of=TODAY + timedelta(days=5))["GBP"]

    assert (then.loan_balance, then.current_balance) == (-100_00, 0)
    assert (afterwards.loan_balance, afterwards.current_balance) == (0, -100_00)


def test_leaves_out_what_occurred_after_the_day(record, acme):
    record("REVENUE", 1_00, occurred_at=NOON + timedelta(days=1))

    assert cash_metrics(acme, as_of=TODAY) == {}


def test_the_month_begins_at_the_organizations_midnight(record, acme):
    acme.time_zone = "America/New_York"
    acme.save()
    before_midnight = datetime(2026, 3, 1, 4, 59, tzinfo=UTC)
    record("REVENUE", 1_00, occurred_at=before_midnight)
    record("REVENUE", 2_00, occurred_at=before_midnight + timedelta(minutes=1))

    assert cash_metrics(acme, as_of=date(2026, 3, 31))["GBP"].mtd_revenue == 2_00
    assert cash_metrics(acme, as_of=date(2026, 2, 28))["GBP"].mtd_revenue == 1_00


def test_a_voided_entry_counts_until_its_reversal(record, acme, system):
    sale = record("REVENUE", 10_00)
    void_entry(
        actor=system, entry=sale.entry, on=TODAY + timedelta(days=2), reason="Not ours", now=NOON
    )

    assert cash_metrics(acme, as_of=TODAY)["GBP"].current_balance == 10_00
    assert cash_metrics(acme, as_of=TODAY + timedelta(days=2)) == {}


def test_an_entry_whose_reversal_is_voided_counts_again(record, acme, system):
    sale = record("REVENUE", 10_00)
    reversal = void_entry(actor=system, entry=sale.entry, on=TODAY, reason="Not ours", now=NOON)
    later = TODAY + timedelta(days=2)
    again = void_entry(actor=system, entry=reversal, on=later, reason="It was", now=NOON)

    assert cash_metrics(acme, as_of=TODAY) == {}
    assert cash_metrics(acme, as_of=later) == {"GBP": CashMetrics(10_00, 0, 10_00)}
    assert balance_at(acme, "1000", later) == 10_00

    void_entry(actor=system, entry=again, on=later, reason="Not ours after all", now=NOON)
    assert cash_metrics(acme, as_of=later) == {}


def test_refuses_to_settle_a_debt_whose_posting_was_voided(record, acme, system):
    debt = record("DEBT", 10_00)
    void_entry(actor=system, entry=debt.entry, on=TODAY, reason="Not ours", now=NOON)

    with pytest.raises(DebtVoided):
        settle_debt(actor=system, cash_entry=debt, settled_at=NOON)

    assert cash_metrics(acme, as_of=TODAY) == {}


def test_a_payment_that_is_voided_leaves_the_debt_owed(record, acme, system):
    settled = settle_debt(actor=system, cash_entry=record("DEBT", -10_00), settled_at=NOON)
    payment = CashEntry.objects.get(pk=settled.settled_by_id)
    void_entry(actor=system, entry=payment.entry, on=TODAY, reason="It bounced", now=NOON)

    assert cash_metrics(acme, as_of=TODAY) == {"GBP": CashMetrics(0, -10_00, 0)}
    assert balance_at(acme, "2500", TODAY) == 10_00


def test_takes_one_statement_however_many_entries(record, acme, django_assert_num_queries):
    for _ in range(5):
        record("REVENUE", 1_00)

    with django_assert_num_queries(1):
        cash_metrics(acme, as_of=TODAY)


# --- Reconciliation -------------------------------------------------------------------------------


def test_a_sound_cashbook_passes(record, acme, system):
    record("REVENUE", 1_00)
    settle_debt(actor=system, cash_entry=record("DEBT", -2_00), settled_at=NOON)
    void_entry(actor=system, entry=record("EXPENSE", -3_00).entry, on=TODAY, reason="x", now=NOON)

    assert check_cashbook(acme).findings == []
    assert check_cashbook(acme).passed


def test_names_an_amount_that_differs_from_the_journal(record, acme, by_force):
    cash_entry = record("REVENUE", 1_00)
    by_force("UPDATE ledger_cashentry SET amount = 99 WHERE id = %s", cash_entry.pk)

    [finding] = check_cashbook(acme).findings

    assert finding.problem == "cash_amount_is_off"
    assert (finding.id, finding.expected, finding.got) == (str(cash_entry.pk), "99", "100")


def test_names_a_cash_entry_without_a_journal_entry(record, acme, by_force):
    cash_entry = record("REVENUE", 1_00)
    by_force("UPDATE ledger_cashentry SET entry_id = %s WHERE id = %s", uuid4(), cash_entry.pk)

    findings = check_cashbook(acme).findings

    assert {(f.problem, f.id) for f in findings} == {
        ("cash_entry_is_not_posted", str(cash_entry.pk)),
        ("cash_entry_is_missing", str(cash_entry.entry_id)),
    }


def test_names_a_cash_entry_that_points_to_anothers_posting(record, acme, by_force):
    one, other = record("REVENUE", 1_00), record("REVENUE", 1_00)
    by_force("UPDATE ledger_journalentry SET reference = 'x' WHERE id = %s", other.entry_id)

    [finding] = check_cashbook(acme).findings

    assert (finding.problem, finding.got) == ("cash_reference_is_off", "x")
    assert finding.id == str(other.pk) != str(one.pk)


def test_names_a_date_that_differs(record, acme, by_force):
    cash_entry = record("REVENUE", 1_00)
    by_force(
        "UPDATE ledger_cashentry SET occurred_at = occurred_at - interval '3 days' WHERE id = %s",
        cash_entry.pk,
    )

    [finding] = check_cashbook(acme).findings

    assert (finding.problem, finding.got) == ("cash_date_is_off", "2026-03-10")


def test_names_a_debt_whose_payment_is_of_another_amount(record, acme, system, by_force):
    debt = settle_debt(actor=system, cash_entry=record("DEBT", -2_00), settled_at=NOON)
    by_force("UPDATE ledger_cashentry SET amount = -1 WHERE id = %s", debt.settled_by_id)

    findings = {finding.problem: finding for finding in check_cashbook(acme).findings}

    assert findings["settlement_is_off"].id == str(debt.pk)
    assert "-200 GBP" in findings["settlement_is_off"].expected
    assert "-1 GBP" in findings["settlement_is_off"].got


def test_checks_one_organization_alone(record, mallory_ltd, by_force):
    cash_entry = record("REVENUE", 1_00)
    by_force("UPDATE ledger_cashentry SET amount = 99 WHERE id = %s", cash_entry.pk)

    assert check_cashbook(mallory_ltd).passed


def test_a_person_is_named_as_who_recorded_it(acme, dan):
    recorded = record_cash_entry(
        actor=Actor.of_user(acme, dan), kind="REVENUE", amount=1_00, currency="GBP"
    )

    assert recorded.entry.maker_id == dan.pk
    assert AuditEvent.objects.of(acme).get(action="record_cash_entry").user_id == dan.pk


def test_a_person_alone_records_no_more_than_the_threshold(acme, as_alice, system):
    acme.approval_threshold_amount = 100_00
    acme.save()
    entry: Any = {"kind": "REVENUE", "currency": "GBP"}

    record_cash_entry(actor=as_alice, amount=100_00, **entry)
    with pytest.raises(ApprovalRequired):
        record_cash_entry(actor=as_alice, amount=100_01, **entry)
    record_cash_entry(actor=system, amount=100_01, **entry)

    assert CashEntry.objects.of(acme).count() == 2


def test_no_journal_entry_passes_for_a_cash_entry(acme, system):
    draft = EntryDraft(
        "cash-x",
        date(2026, 1, 5),
        [debit("1000", 5), credit("4000", 5)],
        reference_type="cash-entry",
    )

    with pytest.raises(ReservedReferenceType):
        submit_entries(actor=system, drafts=[draft])
