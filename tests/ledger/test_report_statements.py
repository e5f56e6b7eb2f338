"""How many SQL statements a report takes: as many for two accounts as for two hundred."""

from datetime import UTC, date, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ledger import exports
from ledger.drafts import credit, debit
from ledger.models import Account
from ledger.selectors.accounts import get_account
from ledger.selectors.balances import account_statement, balance_at, balances_at
from ledger.selectors.reports import REPORTS

KNOWN_AT = datetime(2026, 12, 1, tzinfo=UTC)


def grow(acme, post, times):
    """More accounts, more entries, more months."""
    Account.objects.bulk_create(
        Account(organization=acme, code=f"X{times}-{n}", name="x", type="expense", currency="GBP")
        for n in range(times)
    )
    for number in range(times):
        post(
            debit(f"X{times}-{number}", 5),
            credit("1000", 5),
            on=date(2026, 1 + number % 12, 1 + number % 28),
            now=datetime(2026, 1 + number % 12, 28, tzinfo=UTC),
        )


def count(work):
    with CaptureQueriesContext(connection) as queries:
        work()
    return len(queries)


def run(acme, name, **given):
    report = REPORTS[name].run(acme, {"known_at": KNOWN_AT, **given})
    return exports.as_json(report)


@pytest.mark.parametrize("name", list(REPORTS))
def test_reports_take_as_many_statements_whatever_there_is(acme, post, name):
    grow(acme, post, 2)
    few = count(lambda: run(acme, name))
    grow(acme, post, 60)

    assert count(lambda: run(acme, name)) == few
    assert few <= 4


@pytest.mark.parametrize(
    "work",
    [
        lambda acme: balances_at(acme, date(2026, 6, 15)),
        lambda acme: balance_at(acme, get_account(acme, "1000"), date(2026, 6, 15)),
        lambda acme: list(account_statement(get_account(acme, "1000")).lines()),
    ],
)
def test_balances_take_as_many_statements_whatever_there_is(acme, post, work):
    grow(acme, post, 2)
    few = count(lambda: work(acme))
    grow(acme, post, 60)

    assert count(lambda: work(acme)) == few
    assert few <= 3


def test_a_month_end_reads_no_line(acme, post):
    grow(acme, post, 10)

    with CaptureQueriesContext(connection) as queries:
        balances_at(acme, date(2026, 6, 30))

    assert not any("ledger_journalline" in query["sql"] for query in queries)


# Two years of a busy shop: 10,000 entries of two lines, put there without asking the triggers.
MANY_LINES = [
    """
    INSERT INTO ledger_journalentry
           (organization_id, id, reference, effective_on, posted_at, status, currency, total_amount)
    SELECT %(organization)s, gen_random_uuid(), 'many-' || n, date '2025-01-01' + n / 14, now(),
           'posted', 'GBP', 1
      FROM generate_series(1, 10000) n
    """,
    """
    INSERT INTO ledger_journalline
           (organization_id, id, entry_id, account_id, position, debit, credit)
    SELECT e.organization_id, gen_random_uuid(), e.id, a.id, (a.code = '1000')::int + 1,
           (a.code = '1000')::int, (a.code = '4000')::int
      FROM ledger_journalentry e
      JOIN ledger_account a
        ON a.organization_id = e.organization_id AND a.code IN ('1000', '4000')
     WHERE e.organization_id = %(organization)s
    """,
]


@pytest.mark.parametrize("on", [date(2026, 6, 4), date(2026, 6, 26)])
def test_the_lines_of_part_of_a_month_are_found_by_index(acme, by_force, on):
    for statement in MANY_LINES:
        by_force(statement.replace("%(organization)s", "%s"), acme.pk)
    with CaptureQueriesContext(connection) as queries:
        balances_at(acme, on)
    [query] = queries

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE ledger_journalentry, ledger_journalline")
        cursor.execute(f"EXPLAIN {query['sql']}")
        plan = "\n".join(row[0] for row in cursor.fetchall())

    assert "entry_by_date" in plan
    assert "line_position_is_unique" in plan
    assert "Seq Scan on ledger_journalline" not in plan
