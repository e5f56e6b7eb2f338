"""A trial balance at any date over a million lines, against summing the lines."""

from datetime import date, timedelta
from random import Random
from typing import Any

from django.db import connection

from bench.books import Books
from bench.measuring import Row, compare, stopwatch
from ledger.selectors.reports.trial_balance import trial_balance
from organizations.models import Organization

LINES = 1_000_000
ENTRIES_PER_STATEMENT = 10_000
FIRST_DAY = date(2008, 1, 1)
DAYS = 3 * 365

# Entries of two lines, posted as post_entries posts them: one statement for entries and lines,
# with all triggers, ids by time. Dates follow the order of posting, as in books that are kept day
# by day, one in twenty being up to a month late; or, `scattered`, they follow nothing at all.
_LOAD = """
WITH drafts AS MATERIALIZED (
  SELECT uuidv7() AS id, n,
         %(first)s::date + CASE
           WHEN %(scattered)s THEN (random() * (%(days)s - 1))::int
           WHEN n %% 20 = 0 THEN greatest(0, (n - 1) * %(days)s / %(entries)s - (n %% 31))::int
           ELSE ((n - 1) * %(days)s / %(entries)s)::int
         END AS effective_on,
         (1 + random() * 100000)::bigint AS amount,
         (random() * (%(accounts)s - 1))::int AS one, (random() * (%(accounts)s - 1))::int AS other
    FROM generate_series(%(since)s::bigint, %(until)s::bigint) AS n
), e AS (
  INSERT INTO ledger_journalentry (organization_id, id, reference, effective_on, status,
                                   description, reference_type, reference_id, metadata, currency,
                                   total_amount)
  SELECT %(organization)s, id, 'load-' || n, effective_on, 'posted', 'A sale', '', '', '{}', 'GBP',
         amount
    FROM drafts
  RETURNING id
)
INSERT INTO ledger_journalline (organization_id, id, entry_id, account_id, position, debit, credit,
                                description)
SELECT %(organization)s, uuidv7(), e.id, (%(ids)s::uuid[])[1 + s.account], s.position,
       s.debit, s.credit, ''
  FROM e
  JOIN drafts d ON d.id = e.id,
       LATERAL (VALUES (d.one, 1, d.amount, 0), (d.other, 2, 0, d.amount))
               AS s(account, position, debit, credit)
"""

# What somebody writes who has never heard of balances.
_SUM_OF_LINES = """
SELECT a.code, sum(l.debit), sum(l.credit)
  FROM ledger_journalline l
  JOIN ledger_journalentry e ON e.organization_id = l.organization_id AND e.id = l.entry_id
  JOIN ledger_account a ON a.organization_id = l.organization_id AND a.id = l.account_id
 WHERE l.organization_id = %s AND e.organization_id = %s AND e.effective_on <= %s
 GROUP BY a.code
"""


def load_lines(books: Books, lines: int = LINES, *, scattered: bool = False) -> float:
    """Fill the books; lines per second."""
    entries = lines // 2
    facts: dict[str, Any] = {
        "organization": books.organization.pk,
        "ids": [account.pk for account in books.accounts],
        "accounts": len(books.accounts),
        "first": FIRST_DAY,
        "days": DAYS,
        "entries": entries,
        "scattered": scattered,
    }
    with stopwatch() as watch, connection.cursor() as cursor:
        for since in range(1, entries + 1, ENTRIES_PER_STATEMENT):
            until = min(since + ENTRIES_PER_STATEMENT - 1, entries)
            cursor.execute(_LOAD, facts | {"since": since, "until": until})
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    return lines / watch.seconds


def trial_balances(books: Books, *, rounds: int, lines: int = LINES, what: str = "") -> Row:
    """Trial balances at random days, each held against the sum of the lines: same figures."""
    random = Random(1)
    days = [FIRST_DAY + timedelta(random.randrange(DAYS)) for _ in range(rounds)]
    for day in days:
        assert _by_report(books.organization, day) == _by_lines(books.organization, day), day

    asked = iter(days * 4)

    def report() -> float:
        with stopwatch() as watch:
            _by_report(books.organization, next(asked))
        return 1 / watch.seconds

    def lines_summed() -> float:
        with stopwatch() as watch:
            _by_lines(books.organization, next(asked))
        return 1 / watch.seconds

    found = compare(candidate=report, baseline=lines_summed, rounds=rounds)
    return Row(
        f"trial balance at any date, {lines:,} lines{what}",
        figure=1_000 / found.candidate,
        unit="ms",
        ratio=found.ratio,
        at_least=20,
        baseline=1_000 / found.baseline,
        note="summing the lines by SQL; the same figures on every day",
    )


def _by_report(organization: Organization, day: date) -> dict[str, int]:
    report = trial_balance(organization, as_of=day)
    return {row.code: row.debit - row.credit for part in report.currencies for row in part.rows}


def _by_lines(organization: Organization, day: date) -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(_SUM_OF_LINES, (organization.pk, organization.pk, day))
        rows = cursor.fetchall()
    return {code: int(debit - credit) for code, debit, credit in rows if debit != credit}
