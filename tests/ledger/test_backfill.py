"""Legacy transactions and references come into the books once, after a rehearsal, with proof."""

import hashlib
import json
import threading
import tracemalloc
from datetime import date
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from ledger.drafts import EntryDraft, credit, debit
from ledger.legacy import (
    MalformedLegacyFile,
    read_csv,
    read_json_lines,
    read_legacy_file,
)
from ledger.line_files import RefusedLine
from ledger.models import AccountBalance, EntryAlias, JournalEntry, JournalLine
from ledger.selectors.accounts import get_account
from ledger.selectors.aliases import entry_named
from ledger.selectors.balances import balance_at
from ledger.selectors.integrity import verify_books
from ledger.services.accounts import archive_account
from ledger.services.backfill import Backfill, backfill
from ledger.services.entries import propose_entry, void_entry
from ledger.services.periods import close_books
from organizations.models import AuditEvent

INVOICE = "0f8b1c52-77a5-4bfb-9e67-6a1d8c2f8a11"
PAYMENT = "7b3f2f0e-3f0c-4f43-a3f5-2d7f9f1f1c22"

ISSUANCE = {
    "legacy_reference": "invoice-INV-2019-0001",
    "invoice_id": INVOICE,
    "effective_on": "2019-03-01",
    "description": "Invoice INV-2019-0001",
    "lines": [
        {"account": "1100", "debit": 12000},
        {"account": "4000", "credit": 10000},
        {"account": "2200", "credit": 2000},
    ],
}
PAID = {
    "legacy_reference": "payment-PAY-77",
    "invoice_id": INVOICE,
    "payment_id": PAYMENT,
    "effective_on": "2019-03-20",
    "debit_account": "1010",
    "credit_account": "1100",
    "amount": 12000,
}


def plain(name, amount=100, on="2019-05-01", **others):
    return {
        "legacy_reference": name,
        "effective_on": on,
        "debit_account": "1000",
        "credit_account": "4000",
        "amount": amount,
        **others,
    }


def lines_of(*transactions):
    return [json.dumps(transaction).encode() for transaction in transactions]


@pytest.fixture
def bring_in(system):
    """bring_in(transaction, …, confirm=True) → the run and what was refused."""

    def run(*transactions, confirm=True, **others):
        refused: list[RefusedLine] = []
        outcome = backfill(
            actor=system,
            rows=read_json_lines(lines_of(*transactions)),
            confirm=confirm,
            on_refused=refused.append,
            **others,
        )
        return outcome, refused

    return run


def everything():
    """How much the books hold, in every table that a backfill could touch."""
    tables = (JournalEntry, JournalLine, AccountBalance, EntryAlias, AuditEvent)
    return [table.objects.count() for table in tables]


# --- The rehearsal --------------------------------------------------------------------------------


def test_a_rehearsal_writes_nothing_and_says_what_would_change(acme, bring_in):
    before = everything()

    run, refused = bring_in(ISSUANCE, PAID, confirm=False)

    assert everything() == before
    assert refused == []
    assert (run.rows, run.posted, run.aliased, run.already) == (2, 2, 2, 0)
    assert run.accounts == {
        ("1100", "GBP"): (12000, 12000),
        ("4000", "GBP"): (0, 10000),
        ("2200", "GBP"): (0, 2000),
        ("1010", "GBP"): (12000, 0),
    }
    assert (run.before.entries, run.after.entries) == (0, 2)
    assert run.books_before == run.books_after


def test_a_rehearsal_promises_what_the_confirmed_run_then_does(acme, bring_in):
    transactions = [ISSUANCE, PAID, plain("old-1"), plain("old-2", amount=-1)]
    rehearsed, refused = bring_in(*transactions, confirm=False)

    done, refused_then = bring_in(*transactions)

    assert refused == refused_then
    assert (done.posted, done.aliased, done.accounts) == (
        rehearsed.posted,
        rehearsed.aliased,
        rehearsed.accounts,
    )
    assert done.after == rehearsed.after
    assert done.ties


# --- The real run ---------------------------------------------------------------------------------


def test_posts_under_the_standard_references(acme, bring_in):
    bring_in(ISSUANCE, PAID, plain("old-1"), plain("old-2", reference="sale-2"))

    references = JournalEntry.objects.of(acme).values_list("reference", flat=True)
    assert set(references) == {
        f"invoice-{INVOICE}-issuance",
        f"invoice-{INVOICE}-payment-{PAYMENT}",
        "old-1",
        "sale-2",
    }
    assert balance_at(acme, "1010") == 12000
    assert balance_at(acme, "1100") == 0
    assert verify_books(acme).ties


def test_an_invoices_entries_name_the_invoice(acme, bring_in):
    bring_in(ISSUANCE)

    entry = JournalEntry.objects.of(acme).get()
    assert (entry.reference_type, entry.reference_id) == ("invoice", INVOICE)
    assert entry.effective_on == date(2019, 3, 1)


def test_an_entry_is_found_by_its_legacy_reference(acme, mallory_ltd, bring_in):
    bring_in(ISSUANCE)

    entry = JournalEntry.objects.of(acme).get()
    assert entry_named(acme, "invoice-INV-2019-0001") == entry
    assert entry_named(acme, f"invoice-{INVOICE}-issuance") == entry
    assert entry_named(acme, "invoice-INV-2019-0002") is None
    assert entry_named(mallory_ltd, "invoice-INV-2019-0001") is None


def test_a_second_run_finds_nothing_new(acme, bring_in):
    first, _ = bring_in(ISSUANCE, PAID, plain("old-1"))
    before = everything()

    second, refused = bring_in(ISSUANCE, PAID, plain("old-1"))

    assert everything() == before
    assert refused == []
    assert (second.posted, second.aliased, second.already) == (0, 0, 3)
    assert second.before == second.after == first.after
    assert second.ties


def test_a_run_that_broke_off_is_taken_up_again(acme, bring_in):
    bring_in(ISSUANCE)

    run, _ = bring_in(ISSUANCE, PAID)

    assert (run.posted, run.already) == (1, 1)
    assert run.ties


def test_gives_the_same_figures_in_small_batches(acme, bring_in):
    transactions = [plain(f"old-{n}", amount=n + 1) for n in range(7)]
    whole, _ = bring_in(*transactions, confirm=False)

    run, _ = bring_in(*transactions, batch_size=3)

    assert run.posted == 7
    assert run.after == whole.after
    assert run.books_after.entries == 7
    assert run.books_after.debits == {"GBP": sum(range(1, 8))}


def test_the_checksum_is_one_that_anybody_can_recompute(acme, bring_in):
    run, _ = bring_in(plain("old-1", amount=250))

    content = b'["old-1","2019-05-01",["1000","GBP",250,0],["4000","GBP",0,250]]\n'
    assert run.after.sha256 == hashlib.sha256(content).hexdigest()
    assert run.after.debits == {"GBP": 250}


def test_books_that_say_something_else_do_not_tie(acme, bring_in, by_force):
    bring_in(plain("old-1"), plain("old-2"))
    run, _ = bring_in(plain("old-1"), plain("old-2"))
    assert run.ties

    run.after.add("old-3", date(2019, 5, 1), [("1000", "GBP", 1, 0)])

    assert not run.ties


def test_leaves_audit_events(acme, bring_in):
    bring_in(ISSUANCE, PAID)

    posted = AuditEvent.objects.of(acme).get(action="post_entries")
    named = AuditEvent.objects.of(acme).get(action="name_entries")
    assert set(posted.subject_ids) == set(JournalEntry.objects.values_list("id", flat=True))
    assert set(named.subject_ids) == set(EntryAlias.objects.values_list("id", flat=True))


@pytest.mark.django_db(transaction=True)
def test_two_runs_at_once_post_everything_once(acme, system):
    transactions = [ISSUANCE, PAID, *(plain(f"old-{n}", reference=f"new-{n}") for n in range(40))]
    runs: list[Backfill] = []
    refused: list[RefusedLine] = []
    barrier = threading.Barrier(2)

    def bring_in():
        try:
            barrier.wait()
            runs.append(
                backfill(
                    actor=system,
                    rows=read_json_lines(lines_of(*transactions)),
                    confirm=True,
                    batch_size=5,
                    on_refused=refused.append,
                )
            )
        finally:
            connection.close()

    threads = [threading.Thread(target=bring_in) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert refused == []
    assert sum(run.posted for run in runs) == 42
    assert JournalEntry.objects.count() == EntryAlias.objects.count() == 42
    assert all(run.ties for run in runs)
    assert verify_books(acme).ties


# --- Legacy references of what is in the books already --------------------------------------------


def test_an_entry_posted_under_its_legacy_reference_gets_the_standard_name(acme, post, bring_in):
    entry = post(debit("1000", 1), credit("4000", 1), reference="invoice-INV-7")

    run, refused = bring_in({"legacy_reference": "invoice-INV-7", "invoice_id": INVOICE})

    assert (refused, run.aliased, run.posted) == ([], 1, 0)
    assert entry_named(acme, f"invoice-{INVOICE}-issuance") == entry
    entry.refresh_from_db()
    assert entry.reference == "invoice-INV-7"


def test_an_entry_posted_under_its_legacy_reference_is_not_posted_again(acme, post, bring_in):
    post(
        debit("1000", 100),
        credit("4000", 100),
        reference="old-1",
        on=date(2019, 5, 1),
    )

    run, refused = bring_in(plain("old-1", reference="sale-1"))

    assert (refused, run.posted, run.already, run.aliased) == ([], 0, 1, 1)
    assert JournalEntry.objects.count() == 1
    assert run.ties


def test_names_are_given_once(acme, post, bring_in):
    post(debit("1000", 1), credit("4000", 1), reference="sale-1")
    bring_in({"legacy_reference": "old-1", "reference": "sale-1"})

    run, refused = bring_in({"legacy_reference": "old-1", "reference": "sale-1"})

    assert (refused, run.aliased) == ([], 0)
    assert EntryAlias.objects.count() == 1


def test_refuses_a_name_for_what_is_not_in_the_books(acme, bring_in):
    _, [refused] = bring_in({"legacy_reference": "old-1", "reference": "sale-1"})

    assert (refused.number, refused.code) == (1, "legacy_reference_unknown")
    assert not EntryAlias.objects.exists()


def test_refuses_two_names_that_stand_for_two_entries(acme, post, bring_in):
    post(debit("1000", 1), credit("4000", 1), reference="old-1")
    post(debit("1000", 1), credit("4000", 1), reference="sale-1")

    _, [refused] = bring_in({"legacy_reference": "old-1", "reference": "sale-1"})

    assert refused.code == "legacy_reference_taken"


def test_an_alias_never_changes(acme, bring_in):
    bring_in(ISSUANCE)

    with pytest.raises(IntegrityError), transaction.atomic():
        EntryAlias.objects.of(acme).update(alias="x")
    with pytest.raises(IntegrityError), transaction.atomic():
        EntryAlias.objects.of(acme)._raw_delete("default")


# --- What is refused ------------------------------------------------------------------------------


def test_good_lines_are_in_and_bad_ones_are_named(acme, system, bring_in):
    archive_account(actor=system, account=get_account(acme, "1010"))
    run, refused = bring_in(
        plain("good-1"),
        plain("unknown", debit_account="9999"),
        plain("archived", debit_account="1010"),
        plain("parent", debit_account="1"),
        {**ISSUANCE, "legacy_reference": "crooked", "lines": ISSUANCE["lines"][:2]},
        plain("year one", on="0001-01-01"),
        plain("good-2"),
    )

    assert run.posted == 2
    assert {(line.number, line.reference, line.code) for line in refused} == {
        (2, "unknown", "unknown_account"),
        (3, "archived", "account_archived"),
        (4, "parent", "account_has_children"),
        (5, "crooked", "unbalanced_entry"),
        (6, "year one", "implausible_date"),
    }
    assert run.refused == 5
    assert run.ties


def test_refuses_what_lies_in_a_closed_period(acme, system, bring_in):
    close_books(actor=system, through=date(2019, 4, 30))

    run, [refused] = bring_in(plain("late", on="2019-04-30"), plain("open", on="2019-05-01"))

    assert (refused.number, refused.code) == (1, "books_closed")
    assert "2019-04-30" in refused.reason
    assert run.posted == 1


def test_refuses_what_lies_before_the_opening_balances(acme, post, bring_in):
    post(debit("1000", 5), credit("3900", 5), on=date(2019, 5, 1), reference="opening")

    run, [refused] = bring_in(plain("old", on="2019-04-30"), plain("new", on="2019-05-01"))

    assert (refused.number, refused.code) == (1, "before_opening")
    assert "2019-05-01" in refused.reason
    assert run.opened_on == date(2019, 5, 1)
    assert run.posted == 1


def test_an_opening_that_was_voided_bars_nothing(acme, post, system, bring_in):
    opening = post(debit("1000", 5), credit("3900", 5), on=date(2019, 5, 1))
    void_entry(actor=system, entry=opening, on=None, reason="The old books come in whole")

    run, refused = bring_in(plain("old", on="2019-04-30"))

    assert (refused, run.posted) == ([], 1)


def test_refuses_another_content_under_a_reference_of_the_books(acme, bring_in):
    bring_in(plain("old-1", amount=100))

    run, [refused] = bring_in(plain("old-1", amount=101))

    assert refused.code == "reference_conflict"
    assert run.file.entries == run.after.entries == 0


def test_refuses_what_is_only_pending(acme, system, bring_in):
    draft = EntryDraft("old-1", date(2019, 5, 1), [debit("1000", 100), credit("4000", 100)])
    propose_entry(actor=system, draft=draft)

    _, [refused] = bring_in(plain("old-1"))

    assert refused.code == "entry_not_posted"


@pytest.mark.parametrize("confirm", [False, True])
def test_what_stands_twice_in_the_file_comes_in_once(acme, bring_in, confirm):
    run, refused = bring_in(plain("old-1"), plain("old-1"), confirm=confirm, batch_size=1)

    assert (refused, run.posted, run.repeated) == ([], 1, 1)


@pytest.mark.parametrize("confirm", [False, True])
def test_refuses_another_content_under_a_name_of_the_same_file(acme, bring_in, confirm):
    run, [refused] = bring_in(
        plain("old-1", reference="sale-1"),
        plain("old-2", reference="sale-1"),
        confirm=confirm,
        batch_size=1,
    )

    assert (refused.number, refused.code) == (2, "repeated_in_file")
    assert "line 1" in refused.reason
    assert run.posted == 1


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b'{"legacy_reference": "a"', "JSON"),
        (b'{"legacy_reference": "a", "legacy_reference": "b"}', "twice"),
        (b"[]", "expected an object"),
        (b"{}", "legacy_reference"),
        (b'{"legacy_reference": 7}', "expected text"),
        (b'{"legacy_reference": " a"}', "blanks"),
        (b'{"legacy_reference": "a\\u0000"}', "NUL"),
        (b'{"legacy_reference": "a", "colour": "red"}', "colour"),
        (b'{"legacy_reference": "a", "payment_id": "p"}', "invoice_id"),
        (b'{"legacy_reference": "a", "effective_on": "2019-01-01"}', "lines"),
        (json.dumps({**plain("a"), "amount": 1.5}).encode(), "integer of minor units"),
        (json.dumps({**plain("a"), "amount": "1"}).encode(), "integer of minor units"),
        (json.dumps({**plain("a"), "amount": 2**63}).encode(), "64 bits"),
        (json.dumps({**plain("a"), "effective_on": "2019-02-30"}).encode(), "2019-02-30"),
        (json.dumps({**plain("a"), "lines": []}).encode(), "or else lines"),
        (json.dumps({"legacy_reference": "a", "amount": 1}).encode(), "credit_account"),
        (json.dumps({"legacy_reference": "a" * 201}).encode(), "200"),
        (b'{"legacy_reference": "\xff"}', "UTF-8"),
    ],
)
def test_names_what_is_malformed(line, says):
    good = json.dumps(plain("good")).encode()

    refused, sound = read_json_lines([b"\n", line, good])

    assert isinstance(refused, RefusedLine)
    assert refused.number == 2
    assert says in refused.reason
    assert sound.reference == "good"


# --- CSV ------------------------------------------------------------------------------------------


def csv_rows(*lines):
    return list(read_csv(line + "\n" for line in lines))


def test_reads_csv_with_one_row_for_each_transaction():
    [row] = csv_rows(
        "legacy_reference,invoice_id,effective_on,description,debit_account,credit_account,amount",
        f'invoice-INV-1,{INVOICE},2019-03-01,"Tea, green",1100,4000,12000',
    )

    assert row.reference == f"invoice-{INVOICE}-issuance"
    assert row.draft.description == "Tea, green"
    assert [(line.account, line.debit, line.credit) for line in row.draft.lines] == [
        ("1100", 12000, 0),
        ("4000", 0, 12000),
    ]


def test_reads_csv_with_a_row_for_each_line():
    one, two = csv_rows(
        "legacy_reference,effective_on,account,debit,credit,line_description",
        "old-1,2019-03-01,1100,120,,receivable",
        "old-1,,4000,,100,",
        "old-1,,2200,,20,",
        "old-2,2019-03-02,1000,5,,",
        "old-2,2019-03-02,4000,,5,",
    )

    assert [line.credit or line.debit for line in one.draft.lines] == [120, 100, 20]
    assert one.draft.lines[0].description == "receivable"
    assert (one.number, two.number) == (2, 5)
    assert two.draft.effective_on == date(2019, 3, 2)


def test_reads_csv_with_names_alone():
    [row] = csv_rows("legacy_reference,reference", "old-1,sale-1")

    assert (row.legacy_reference, row.reference, row.draft) == ("old-1", "sale-1", None)


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("old-1,2019-03-01,1000,4000,12.50", "12.50"),
        ("old-1,2019-03-01,1000,4000", "cells"),
        ("old-1,2019-03-01,1000,4000,1,2", "cells"),
        ("old-1,2019-03-01,,4000,1", "debit_account"),
        (",2019-03-01,1000,4000,1", "legacy_reference"),
        ("old-1,01/03/2019,1000,4000,1", "01/03/2019"),
    ],
)
def test_names_a_row_that_is_malformed(row, says):
    refused, sound = csv_rows(
        "legacy_reference,effective_on,debit_account,credit_account,amount",
        row,
        "old-2,2019-03-01,1000,4000,1",
    )

    assert refused.number == 2
    assert says in refused.reason
    assert sound.legacy_reference == "old-2"


def test_names_rows_of_one_transaction_that_contradict_each_other():
    [refused] = csv_rows(
        "legacy_reference,effective_on,account,debit,credit",
        "old-1,2019-03-01,1000,5,",
        "old-1,2019-03-02,4000,,5",
    )

    assert "effective_on" in refused.reason


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ("", "legacy_reference"),
        ("reference,amount", "legacy_reference"),
        ("legacy_reference,colour", "colour"),
        ("legacy_reference,legacy_reference", "twice"),
        ("legacy_reference,account,amount", "or else account"),
    ],
)
def test_refuses_csv_without_the_right_columns(header, says):
    with pytest.raises(MalformedLegacyFile, match=says):
        csv_rows(header)


# --- The command ----------------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path):
    def write(*transactions, name="legacy.jsonl"):
        path = tmp_path / name
        path.write_bytes(b"\n".join(lines_of(*transactions)))
        return path

    return write


def run(path: Path, *arguments: str):
    """(exit status, standard output, standard error) of backfill."""
    output, errors = StringIO(), StringIO()
    status: object = 0
    try:
        call_command(
            "backfill",
            str(path),
            "--organization",
            "acme",
            *arguments,
            stdout=output,
            stderr=errors,
        )
    except SystemExit as ended:
        status = ended.code
    return status, output.getvalue(), errors.getvalue()


def test_the_command_rehearses_unless_told_otherwise(acme, file):
    status, output, _ = run(file(ISSUANCE, PAID))

    assert status == 0
    assert "rehearsal, nothing is written" in output
    assert "Nothing was written; --confirm does it." in output
    assert not JournalEntry.objects.exists()


def test_the_command_writes_when_confirmed_and_shows_the_same_checksum(acme, file):
    path = file(ISSUANCE, PAID)
    _, rehearsed, _ = run(path)

    status, output, _ = run(path, "--confirm")

    assert status == 0
    assert "The books say what the file says." in output
    assert checksums(rehearsed)[-1] == checksums(output)[-1]
    assert JournalEntry.objects.count() == 2


def checksums(output):
    return [line.split()[-1] for line in output.splitlines() if "sha256" in line]


def test_the_command_names_refused_lines_and_fails(acme, file):
    status, output, errors = run(file(plain("a"), plain("b", credit_account="9999")), "--confirm")

    assert status == 1
    assert "line 2 b: unknown_account" in errors
    assert "9999" in errors
    assert JournalEntry.objects.of(acme).get().reference == "a"
    assert "refused                           1" in output


def test_the_command_takes_csv(acme, tmp_path):
    path = tmp_path / "legacy.CSV"
    path.write_text(
        "\ufefflegacy_reference,effective_on,debit_account,credit_account,amount\n"
        "old-1,2019-03-01,1000,4000,100\n",
        encoding="utf-8",
    )

    status, _, _ = run(path, "--confirm")

    assert status == 0
    assert balance_at(acme, "1000") == 100


def test_the_command_refuses_a_file_that_is_not_there(acme, tmp_path):
    with pytest.raises(CommandError, match="No such file"):
        run(tmp_path / "nothing.jsonl")


def test_the_command_refuses_both_at_once(acme, file):
    with pytest.raises(CommandError, match="exclude"):
        run(file(), "--confirm", "--dry-run")


def test_reads_a_large_file_in_bounded_memory(acme, system, tmp_path):
    path = tmp_path / "large.jsonl"
    with path.open("wb") as handle:
        for number in range(4000):
            handle.write(lines_of(plain(f"old-{number}"))[0] + b"\n")
    peaks = []

    def watch(run):
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.reset_peak()

    tracemalloc.start()
    backfill(
        actor=system,
        rows=read_legacy_file(path),
        confirm=False,
        batch_size=200,
        on_refused=lambda line: None,
        on_batch=watch,
    )
    tracemalloc.stop()

    assert max(peaks[10:]) < max(peaks[1:10]) * 1.25
