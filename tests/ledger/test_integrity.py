"""Verification finds every way in which books can be off, and names the row."""

import json
import threading
from datetime import date, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.db import uuid7
from ledger import reconciliation
from ledger.drafts import EntryDraft, credit, debit
from ledger.models import Account, AccountBalance, EntryAlias, JournalEntry, JournalLine
from ledger.selectors.integrity import check_integrity, findings, verify_books
from ledger.services.cashbook import record_cash_entry, settle_debt
from ledger.services.entries import (
    approve_entry,
    propose_entry,
    submit_what_is_sound,
    void_entry,
)
from ledger.services.periods import close_books, close_year, reopen_books, reopen_year
from organizations.models import Organization

JANUARY = date(2026, 1, 15)


@pytest.fixture
def sale(post):
    return post(debit("1000", 100), credit("4000", 100), reference="sale")


def account(organization, code):
    return Account.objects.of(organization).get(code=code)


def found(organization=None):
    """(check, problem, name) of everything that is off."""
    checks = verify_books(organization).checks
    return {(check.name, f.problem, f.name) for check in checks for f in check.findings}


def the_finding(organization, problem):
    [finding] = [
        f for c in verify_books(organization).checks for f in c.findings if f.problem == problem
    ]
    return finding


# --- Sound books ----------------------------------------------------------------------------------


def test_empty_books_tie(acme):
    assert verify_books(acme).ties
    assert verify_books().ties


def test_books_with_everything_in_them_tie(acme, system, post, as_alice, as_carol):
    post(debit("1000", 100), credit("4000", 100), on=date(2025, 6, 1))
    wrong = post(debit("1000", 70), credit("1100", 30), credit("4000", 40))
    reversal = void_entry(actor=system, entry=wrong, on=date(2026, 2, 1), reason="Wrong")
    void_entry(actor=system, entry=reversal, on=date(2026, 2, 2), reason="It was right")
    draft = EntryDraft("proposed", JANUARY, [debit("1000", 5), credit("4000", 5)])
    approve_entry(actor=as_carol, entry=propose_entry(actor=as_alice, draft=draft))
    propose_entry(actor=as_alice, draft=EntryDraft("half", JANUARY, [debit("1000", 5)]))
    settle_debt(
        actor=system,
        cash_entry=record_cash_entry(actor=system, kind="DEBT", amount=-5, currency="GBP"),
    )
    close_year(actor=system, year=2025)
    reopen_year(actor=system, year=2025, reason="An invoice was late")
    post(debit("1000", 1), credit("4000", 1), on=date(2025, 12, 31))
    close_year(actor=system, year=2025)

    assert found(acme) == set()
    assert verify_books(acme).ties


def test_takes_a_constant_number_of_statements(acme, mallory_ltd, post):
    with CaptureQueriesContext(connection) as few:
        verify_books()
    for number in range(30):
        post(debit("1000", number + 1), credit("4000", number + 1), organization=acme)
        post(debit("1000", number + 1), credit("4000", number + 1), organization=mallory_ltd)

    with CaptureQueriesContext(connection) as many:
        verify_books()

    assert len(few) == len(many) == 8


# --- Entries --------------------------------------------------------------------------------------


def test_names_an_entry_that_does_not_balance(acme, sale, by_force):
    by_force("UPDATE ledger_journalline SET debit = 90 WHERE entry_id = %s AND debit > 0", sale.pk)

    finding = the_finding(acme, "entry_is_unbalanced")
    assert (finding.name, finding.id) == ("sale", str(sale.pk))
    assert (finding.expected, finding.got, finding.detail) == ("90", "100", "GBP")
    assert finding.message == "sale does not balance in GBP: debits 90, credits 100"
    assert ("totals_match_lines", "total_is_off", "sale") in found(acme)
    assert ("balances_equal_lines", "balance_is_off", "1000") in found(acme)
    assert ("accounting_equation", "equation_does_not_hold", "GBP") in found(acme)


def test_names_an_entry_that_balances_only_across_currencies(acme, sale, by_force):
    euro = Account.objects.create(
        organization=acme, code="1000.EUR", name="Euro", type="asset", currency="EUR"
    )
    by_force(
        "UPDATE ledger_journalline SET account_id = %s WHERE entry_id = %s AND debit > 0",
        euro.pk,
        sale.pk,
    )

    unbalanced = [f for c in verify_books(acme).checks for f in c.findings]
    assert {f.detail for f in unbalanced if f.problem == "entry_is_unbalanced"} == {"EUR", "GBP"}


def test_names_an_entry_with_one_line(acme, sale, by_force):
    by_force("DELETE FROM ledger_journalline WHERE entry_id = %s AND credit > 0", sale.pk)

    finding = the_finding(acme, "entry_has_too_few_lines")
    assert (finding.name, finding.expected, finding.got) == ("sale", "2", "1")


def test_names_an_entry_without_lines(acme, sale, by_force):
    by_force("DELETE FROM ledger_journalline WHERE entry_id = %s", sale.pk)

    assert the_finding(acme, "entry_has_too_few_lines").got == "0"
    assert ("balances_equal_lines", "balance_is_surplus", "1000") in found(acme)
    assert ("balances_equal_lines", "balance_is_surplus", "4000") in found(acme)


def test_names_a_pending_entry_with_lines(acme, sale, by_force):
    by_force(
        "UPDATE ledger_journalentry SET status = 'pending', posted_at = NULL WHERE id = %s", sale.pk
    )

    assert found(acme) == {("entries_have_lines", "pending_entry_has_lines", "sale")}


def test_names_a_total_that_is_not_the_sum_of_the_debits(acme, sale, by_force):
    by_force("UPDATE ledger_journalentry SET total_amount = 99 WHERE id = %s", sale.pk)

    finding = the_finding(acme, "total_is_off")
    assert found(acme) == {("totals_match_lines", "total_is_off", "sale")}
    assert (finding.expected, finding.got) == ("100", "99")


def test_names_a_reference_that_stands_twice(acme, post, sale):
    other = post(debit("1000", 1), credit("4000", 1), reference="other")
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE ledger_journalentry DROP CONSTRAINT entry_reference_is_unique")
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(
            "UPDATE ledger_journalentry SET reference = 'sale' WHERE id = %s", [other.pk]
        )
        cursor.execute("RESET session_replication_role")

    finding = the_finding(acme, "reference_is_not_unique")
    assert (finding.name, finding.got) == ("sale", "2")
    assert str(sale.pk) in finding.detail
    assert str(other.pk) in finding.detail


def test_names_an_alias_that_another_entry_has_as_reference(acme, post, sale):
    EntryAlias.objects.create(organization=acme, alias="old-7", entry=sale)
    taken = post(debit("1000", 1), credit("4000", 1), reference="old-7")

    finding = the_finding(acme, "alias_is_a_reference")
    assert (finding.name, finding.expected, finding.got) == ("old-7", "sale", str(taken.pk))


# --- Lines ----------------------------------------------------------------------------------------


def test_names_a_line_on_another_organizations_account(acme, mallory_ltd, sale, by_force):
    foreign = account(mallory_ltd, "1000")
    by_force(
        "UPDATE ledger_journalline SET account_id = %s WHERE entry_id = %s AND debit > 0",
        foreign.pk,
        sale.pk,
    )

    finding = the_finding(acme, "line_account_is_foreign")
    assert (finding.name, finding.got) == ("sale", "mallory-ltd 1000")
    assert finding.detail == "position 1"


def test_names_a_line_of_an_entry_that_is_not_there(acme, sale, by_force):
    by_force("DELETE FROM ledger_journalentry WHERE id = %s", sale.pk)

    lost = [f for c in verify_books(acme).checks for f in c.findings]
    assert [f.expected for f in lost if f.problem == "line_has_no_entry"] == [str(sale.pk)] * 2


def test_names_a_line_that_is_neither_debit_nor_credit(acme, sale):
    line = JournalLine.objects.get(entry_id=sale.pk, position=1)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE ledger_journalline DROP CONSTRAINT line_is_debit_or_credit")
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("UPDATE ledger_journalline SET credit = 5 WHERE id = %s", [line.pk])
        cursor.execute("RESET session_replication_role")

    finding = the_finding(acme, "line_is_not_one_sided")
    assert (finding.id, finding.expected, finding.got) == (str(line.pk), "100", "5")


# --- Balances -------------------------------------------------------------------------------------


def test_names_a_balance_that_is_not_the_sum_of_its_lines(acme, sale, by_force):
    balance = AccountBalance.objects.of(acme).get(account__code="1000")
    by_force("UPDATE ledger_accountbalance SET debits = 101 WHERE id = %s", balance.pk)

    finding = the_finding(acme, "balance_is_off")
    assert found(acme) == {("balances_equal_lines", "balance_is_off", "1000")}
    assert finding.id == str(balance.pk)
    assert (finding.expected, finding.got) == ("100 / 0", "101 / 0")
    assert finding.detail == "2026-01 GBP"


def test_names_a_balance_that_is_missing(acme, sale, by_force):
    by_force("DELETE FROM ledger_accountbalance WHERE account_id = %s", account(acme, "1000").pk)

    finding = the_finding(acme, "balance_is_missing")
    assert (finding.name, finding.expected, finding.got) == ("1000", "100 / 0", "0 / 0")
    assert finding.id == str(account(acme, "1000").pk)


def test_names_a_balance_in_another_month_on_both_sides(acme, sale, by_force):
    by_force(
        "UPDATE ledger_accountbalance SET month = '2025-12-01' WHERE account_id = %s",
        account(acme, "1000").pk,
    )

    assert the_finding(acme, "balance_is_surplus").detail == "2025-12 GBP"
    assert the_finding(acme, "balance_is_missing").detail == "2026-01 GBP"


def test_adds_up_the_slots_of_a_balance(acme, sale, by_force):
    cash = account(acme, "1000")
    by_force("UPDATE ledger_accountbalance SET debits = 40 WHERE account_id = %s", cash.pk)
    by_force(
        "INSERT INTO ledger_accountbalance"
        " (organization_id, id, account_id, month, slot, debits, credits)"
        " VALUES (%s, %s, %s, '2026-01-01', 7, 60, 0)",
        acme.pk,
        uuid7(),
        cash.pk,
    )

    assert verify_books(acme).ties


# --- Voids ----------------------------------------------------------------------------------------


def test_names_a_voided_entry_that_nothing_reverses(acme, sale, by_force):
    by_force("UPDATE ledger_journalentry SET status = 'voided' WHERE id = %s", sale.pk)

    assert found(acme) == {("voided_entries_are_reversed", "voided_entry_has_no_reversal", "sale")}


def test_names_a_reversed_entry_that_is_not_voided(acme, system, sale, by_force):
    void_entry(actor=system, entry=sale, on=JANUARY, reason="Wrong")
    by_force("UPDATE ledger_journalentry SET status = 'posted' WHERE id = %s", sale.pk)

    finding = the_finding(acme, "reversed_entry_is_not_voided")
    assert (finding.id, finding.name, finding.got) == (str(sale.pk), "sale", "posted")


def test_names_a_reversal_that_mirrors_another_account(acme, system, sale, by_force):
    reversal = void_entry(actor=system, entry=sale, on=JANUARY, reason="Wrong")
    by_force(
        "UPDATE ledger_journalline SET account_id = %s WHERE entry_id = %s AND credit > 0",
        account(acme, "1010").pk,
        reversal.pk,
    )

    off = [f for c in verify_books(acme).checks for f in c.findings]
    mirrors = {(f.name, f.got, f.detail) for f in off if f.problem == "reversal_is_no_mirror"}
    assert mirrors == {
        (reversal.reference, "100", "account 1000"),
        (reversal.reference, "-100", "account 1010"),
    }


def test_names_a_proposal_of_an_entry_that_is_posted(acme, sale, by_force):
    by_force(
        "INSERT INTO ledger_proposedline"
        " (organization_id, id, entry_id, account_id, position, debit, credit)"
        " VALUES (%s, %s, %s, %s, 1, 5, 0)",
        acme.pk,
        uuid7(),
        sale.pk,
        account(acme, "1000").pk,
    )

    assert found(acme) == {
        ("posted_entries_have_no_proposals", "proposal_is_left_over", "sale"),
    }


# --- Periods --------------------------------------------------------------------------------------


def into_closed_books(organization, by_force, reference, on):
    """An entry with its lines and balances, put in with the triggers off; returns its id."""
    entry_id = uuid7()
    by_force(
        "INSERT INTO ledger_journalentry (organization_id, id, reference, effective_on, posted_at,"
        " status, currency, total_amount)"
        " VALUES (%s, %s, %s, %s, now(), 'posted', 'GBP', 10)",
        organization.pk,
        entry_id,
        reference,
        on,
    )
    for position, (code, taken, given) in enumerate([("1000", 10, 0), ("4000", 0, 10)], start=1):
        by_force(
            "INSERT INTO ledger_journalline"
            " (organization_id, id, entry_id, account_id, position, debit, credit)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s)",
            *(organization.pk, uuid7(), entry_id, account(organization, code).pk),
            *(position, taken, given),
        )
        by_force(
            "INSERT INTO ledger_accountbalance"
            " (organization_id, id, account_id, month, slot, debits, credits)"
            " VALUES (%s, %s, %s, %s, 50, %s, %s)",
            *(organization.pk, uuid7(), account(organization, code).pk),
            *(on.replace(day=1), taken, given),
        )
    return entry_id


def test_names_an_entry_that_was_put_into_a_closed_period(acme, system, sale, by_force):
    close_books(actor=system, through=date(2026, 1, 31))
    into_closed_books(acme, by_force, "late", date(2026, 1, 31))
    into_closed_books(acme, by_force, "in time", date(2026, 2, 1))

    finding = the_finding(acme, "closed_period_was_entered")
    assert found(acme) == {
        ("closed_periods_are_untouched", "closed_period_was_entered", "late"),
    }
    assert (finding.expected, finding.got) == ("after 2026-01-31", "2026-01-31")


def test_names_it_also_when_the_period_was_opened_again_later(acme, system, by_force):
    close_books(actor=system, through=date(2026, 1, 31))
    into_closed_books(acme, by_force, "late", JANUARY)
    # The audit trail allows a posting that waited for the reopening a minute.
    by_force(
        "UPDATE ledger_journalentry SET created_at = created_at - interval '1 hour' "
        "WHERE reference = 'late'"
    )
    by_force(
        "UPDATE organizations_auditevent SET occurred_at = occurred_at - interval '2 hours' "
        "WHERE action = 'close_books'"
    )
    reopen_books(actor=system, through=None, reason="Late invoices")

    assert found(acme) == {("closed_periods_are_untouched", "closed_period_was_entered", "late")}


def test_a_posting_after_the_reopening_is_sound(acme, system, post):
    close_books(actor=system, through=date(2026, 1, 31))
    reopen_books(actor=system, through=date(2025, 12, 31), reason="Late invoices")
    post(debit("1000", 1), credit("4000", 1), on=JANUARY)
    close_books(actor=system, through=date(2026, 1, 31))

    assert verify_books(acme).ties


def test_a_posting_that_waited_for_a_closing_and_its_reopening_is_sound(
    acme, system, post, by_force
):
    close_books(actor=system, through=date(2026, 1, 15))
    close_books(actor=system, through=date(2026, 1, 31))
    reopen_books(actor=system, through=date(2025, 12, 31), reason="Late invoices")
    post(debit("1000", 1), credit("4000", 1), on=date(2026, 1, 15), reference="waited")
    by_force(
        "UPDATE ledger_journalentry SET created_at = v.occurred_at + interval '1 microsecond'"
        "  FROM organizations_auditevent v WHERE v.after ->> 'closed_through' = '2026-01-15'"
    )

    assert verify_books(acme).ties

    by_force("UPDATE ledger_journalentry SET created_at = created_at - interval '1 hour'")
    by_force(
        "UPDATE organizations_auditevent SET occurred_at = occurred_at - interval '2 hours'"
        " WHERE after ->> 'closed_through' = '2026-01-15'"
    )
    assert the_finding(acme, "closed_period_was_entered").name == "waited"


def test_a_proposal_older_than_the_closing_and_posted_after_it_is_named(
    acme, system, as_alice, by_force
):
    draft = EntryDraft("pending", JANUARY, [debit("1000", 5), credit("4000", 5)])
    entry = propose_entry(actor=as_alice, draft=draft)
    approve_entry(actor=system, entry=entry)
    by_force(
        "INSERT INTO organizations_auditevent"
        " (organization_id, id, occurred_at, action, subject_ids, actor_name, facts, after)"
        " SELECT %s, %s, e.created_at + (v.occurred_at - e.created_at) / 2, 'close_books', '{}',"
        " 'test', '{}', '{\"closed_through\": \"2026-01-31\"}'"
        "   FROM ledger_journalentry e, organizations_auditevent v"
        "  WHERE e.id = %s AND v.action = 'approve_entry'",
        acme.pk,
        uuid7(),
        entry.pk,
    )
    by_force("UPDATE organizations_organization SET closed_through = '2026-01-31'")

    assert the_finding(acme, "closed_period_was_entered").name == "pending"


def test_names_books_that_were_closed_without_a_trail(acme):
    Organization.objects.filter(pk=acme.pk).update(closed_through=date(2026, 1, 31))

    finding = the_finding(acme, "closing_has_no_trail")
    assert (finding.name, finding.expected, finding.got) == ("acme", "open", "2026-01-31")


@pytest.mark.django_db(transaction=True)
def test_closing_while_others_post_leaves_books_that_tie(acme, system):
    """The trail's moments and the entries' agree, whoever waited for whom."""
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(20)]

    def keep_posting(name):
        try:
            for number in range(40):
                drafts = [
                    EntryDraft(f"{name}-{number}-{n}", day, [debit("1000", 1), credit("4000", 1)])
                    for n, day in enumerate(days)
                ]

                submit_what_is_sound(actor=system, drafts=drafts)
        finally:
            connection.close()

    threads = [threading.Thread(target=keep_posting, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for day in days:
        close_books(actor=system, through=day)
        if day.day % 5 == 0:
            reopen_books(actor=system, through=day - timedelta(days=3), reason="Late")
            close_books(actor=system, through=day)
    for thread in threads:
        thread.join()

    assert JournalEntry.objects.exists()
    assert found(acme) == set()


# --- Accounts -------------------------------------------------------------------------------------


def test_names_an_account_with_children_and_lines(acme, sale, by_force):
    by_force(
        "UPDATE ledger_account SET parent_id = %s WHERE id = %s",
        account(acme, "1000").pk,
        account(acme, "1010").pk,
    )

    finding = the_finding(acme, "parent_account_has_lines")
    assert (finding.name, finding.got) == ("1000", "1")


def test_names_an_account_of_another_type_than_its_parent(acme, by_force):
    child = account(acme, "1000")
    by_force("UPDATE ledger_account SET type = 'expense' WHERE id = %s", child.pk)

    finding = the_finding(acme, "account_differs_from_its_parent")
    assert (finding.name, finding.expected, finding.got) == (child.code, "asset", "expense")


def test_names_an_account_under_another_organizations_account(acme, mallory_ltd, by_force):
    child = Account.objects.of(acme).filter(parent__isnull=False).first()
    foreign = account(mallory_ltd, "1000")
    by_force("UPDATE ledger_account SET parent_id = %s WHERE id = %s", foreign.pk, child.pk)

    assert the_finding(acme, "account_differs_from_its_parent").name == child.code


def test_names_every_account_of_a_cycle(acme, by_force):
    one, two, three = (
        Account.objects.create(
            organization=acme, code=f"c{n}", name="c", type="asset", currency="GBP"
        )
        for n in range(3)
    )
    for child, parent in [(one, two), (two, three), (three, one)]:
        by_force("UPDATE ledger_account SET parent_id = %s WHERE id = %s", parent.pk, child.pk)

    assert found(acme) == {
        ("accounts_form_a_tree", "account_is_above_itself", code) for code in ("c0", "c1", "c2")
    }


# --- One organization or all ----------------------------------------------------------------------


def test_keeps_organizations_apart(acme, mallory_ltd, sale, by_force):
    by_force("UPDATE ledger_journalentry SET total_amount = 99 WHERE id = %s", sale.pk)

    assert verify_books(mallory_ltd).ties
    assert [f.organization for c in verify_books().checks for f in c.findings] == ["acme"]


def test_counts_all_and_keeps_the_first(acme, post, by_force, monkeypatch):
    monkeypatch.setattr(findings, "MOST_FINDINGS", 3)
    for number in range(5):
        post(debit("1000", 1), credit("4000", 1), reference=f"sale-{number}")
    by_force("UPDATE ledger_journalentry SET total_amount = 99")

    [check] = [check for check in verify_books(acme).checks if not check.passed]

    assert check.mismatch_count == 5
    assert [f.name for f in check.findings] == ["sale-0", "sale-1", "sale-2"]


def test_is_one_check_among_the_reconciliations(acme, sale, by_force):
    by_force("UPDATE ledger_journalentry SET total_amount = 99 WHERE id = %s", sale.pk)

    result = check_integrity(acme)

    assert (result.name, result.passed, result.mismatch_count) == ("integrity", False, 1)
    assert "integrity" in reconciliation.check_names()


# --- The command ----------------------------------------------------------------------------------


def run(*arguments):
    """(exit status, standard output) of verify_books."""
    output = StringIO()
    try:
        call_command("verify_books", *arguments, stdout=output)
    except SystemExit as ended:
        return ended.code, output.getvalue()
    return 0, output.getvalue()


def test_the_command_says_that_sound_books_tie(acme, sale):
    status, output = run("--organization", "acme")

    assert status == 0
    assert "Everything ties." in output
    assert "entries_balance" in output


def test_the_command_names_the_row_and_fails(acme, sale, by_force):
    by_force("UPDATE ledger_journalentry SET total_amount = 99 WHERE id = %s", sale.pk)

    status, output = run()

    assert status == 1
    assert f"acme: sale says that its total is 99 GBP; its debits are 100 [{sale.pk}]" in output
    assert "1 rows are off." in output


def test_the_command_writes_json(acme, sale, by_force):
    by_force("UPDATE ledger_journalentry SET total_amount = 99 WHERE id = %s", sale.pk)

    status, output = run("--organization", "acme", "--format", "json")

    shown = json.loads(output)
    [off] = [check for check in shown["checks"] if not check["passed"]]
    assert status == 1
    assert (shown["organization"], shown["ties"]) == ("acme", False)
    assert off["name"] == "totals_match_lines"
    assert off["findings"][0]["id"] == str(sale.pk)
    assert (off["findings"][0]["expected"], off["findings"][0]["got"]) == ("100", "99")


def test_the_command_refuses_an_organization_that_there_is_not(db):
    with pytest.raises(CommandError, match="nobody"):
        run("--organization", "nobody")
