"""post_entries against PostgreSQL alone: one entry a transaction, and a thousand a call."""

import time
from collections.abc import Callable, Sequence

from django.db import connection, transaction

from bench.books import Books, two_line_drafts
from bench.measuring import Row, compare, stopwatch
from bench.pgbench import posting_script, run_pgbench
from core.db import uuid7
from core.servers import EmbeddedPostgres
from ledger.drafts import EntryDraft
from ledger.services.posting import post_entries

BATCH = 1_000


def single_postings(server: EmbeddedPostgres, books: Books, *, rounds: int, duration_s: int) -> Row:
    """One two-line entry per transaction on one connection, with the durability of production."""
    one, other = (int(account.code) for account in books.accounts[:2])
    script = posting_script(books.organization, f"\\set one {one}\n\\set other {other}")

    found = compare(
        candidate=lambda: _post_singly(books, duration_s),
        baseline=lambda: run_pgbench(server, script, duration_s=duration_s),
        rounds=rounds,
    )
    return Row(
        "post_entries, one entry per transaction, one connection",
        figure=found.candidate,
        unit="entries/s",
        ratio=found.ratio,
        at_least=0.3,
        baseline=found.baseline,
        note="the same posting as one prepared statement by pgbench",
    )


def _post_singly(books: Books, duration_s: float) -> float:
    drafts = two_line_drafts(int(5_000 * duration_s), **_codes(books))
    posted = 0
    start = time.perf_counter()
    until = start + duration_s
    for draft in drafts:
        with transaction.atomic(durable=True):
            post_entries(books.organization, [draft])
        posted += 1
        now = time.perf_counter()
        if now > until:
            break
    return posted / (now - start)


def batch_postings(books: Books, *, rounds: int, batches: int) -> Row:
    """1,000 entries per call, against the same rows by COPY."""
    found = compare(
        candidate=lambda: post_batches(books, batches),
        baseline=lambda: _copy_batches(books, batches),
        rounds=rounds,
    )
    return Row(
        "post_entries, 1,000 entries per call",
        figure=found.candidate,
        unit="entries/s",
        ratio=found.ratio,
        at_least=0.6,
        baseline=found.baseline,
        note="the same rows by COPY into the same tables",
    )


def post_batches(books: Books, batches: int) -> float:
    """Entries per second of `post_entries` with 1,000 drafts a call."""
    return _rate(books, batches, lambda drafts: post_entries(books.organization, drafts))


def _rate(books: Books, batches: int, write: Callable[[Sequence[EntryDraft]], object]) -> float:
    """Entries per second, a transaction for each batch; making the drafts does not count."""
    seconds = 0.0
    for _ in range(batches):
        drafts = two_line_drafts(BATCH, **_codes(books))
        with stopwatch() as watch, transaction.atomic(durable=True):
            write(drafts)
        seconds += watch.seconds
    return batches * BATCH / seconds


def _codes(books: Books) -> dict[str, str]:
    one, other = books.accounts[:2]
    return {"from_code": one.code, "to_code": other.code}


def _copy_batches(books: Books, batches: int) -> float:
    """The same rows by COPY, entries first and then lines, one transaction a batch.

    COPY fills one table at a time, so "every entry has its lines" cannot hold at the end of its
    first statement: that one trigger is off while it runs, which makes the baseline the faster.
    """
    _switch_entry_trigger("DISABLE")
    try:
        return _rate(books, batches, lambda drafts: _copy(books, drafts))
    finally:
        _switch_entry_trigger("ENABLE")


def _switch_entry_trigger(how: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE ledger_journalentry {how} TRIGGER new_entries_keep_the_laws")


def _copy(books: Books, drafts: Sequence[EntryDraft]) -> None:
    organization = str(books.organization.pk)
    ids = {account.code: str(account.pk) for account in books.accounts}
    entries = [str(uuid7()) for _ in drafts]
    with connection.cursor() as cursor:
        with cursor.copy(
            "COPY ledger_journalentry (organization_id, id, reference, effective_on, status,"
            " description, reference_type, reference_id, metadata, currency, total_amount)"
            " FROM STDIN"
        ) as copy:
            for entry, draft in zip(entries, drafts, strict=True):
                copy.write_row(
                    (
                        *(organization, entry, draft.reference, draft.effective_on, "posted"),
                        *(draft.description, "", "", "{}", "GBP", draft.lines[0].debit),
                    )
                )
        with cursor.copy(
            "COPY ledger_journalline (organization_id, id, entry_id, account_id, position, debit,"
            " credit, description) FROM STDIN"
        ) as copy:
            for entry, draft in zip(entries, drafts, strict=True):
                for position, line in enumerate(draft.lines, start=1):
                    copy.write_row(
                        (
                            *(organization, str(uuid7()), entry, ids[str(line.account)], position),
                            *(line.debit, line.credit, line.description),
                        )
                    )
