"""A run of settlements killed with `kill -9` in the middle: no payee is settled by half, and the
next run does what this one has left undone."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import psycopg
import pytest
from django.db import connection

from core.servers import PROJECT
from ledger.reconciliation import run_checks
from ledger.selectors.integrity import verify_books
from organizations.models import AuditEvent, JobOutcome, JobRun
from settlements.models import Payee, Sale, Settlement
from settlements.services.running import run_settlements
from settlements.services.settling import calculating
from settlements.services.settling.counting import Open, count_open
from tests.faults.programs import database_url_of_the_tests, wait_for
from tests.settlements.market import Market

pytestmark = [
    pytest.mark.slow,
    pytest.mark.all_organizations,
    pytest.mark.django_db(transaction=True),
]

THROUGH = date(2026, 3, 31)
PAYEES, SALES = 6, 5


def start_run() -> "subprocess.Popen[bytes]":
    command = ["manage.py", "run_settlements", "--organization", "market"]
    return subprocess.Popen(
        [sys.executable, *command, "--through", THROUGH.isoformat()],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=PROJECT,
        env={**os.environ, "DATABASE_URL": database_url_of_the_tests()},
    )


@contextmanager
def held(statement: str) -> Iterator[None]:
    """What the statement locks is another's, until the end of the block."""
    with psycopg.connect(database_url_of_the_tests()) as other:
        other.execute(statement)
        yield
        other.rollback()


def is_waiting() -> bool:
    """Whether somebody waits for a lock."""
    with psycopg.connect(database_url_of_the_tests()) as other:
        [row] = other.execute(
            """SELECT count(*) FROM pg_stat_activity
                WHERE datname = current_database() AND wait_event_type = 'Lock'"""
        )
    return bool(row[0])


def killed_while(statement: str) -> None:
    """A run that comes to where this is locked, and is killed there."""
    with held(statement):
        run = start_run()
        try:
            wait_for(is_waiting)
        finally:
            run.kill()
            run.wait()
    # The server finds out when it wants to answer.
    wait_for(lambda: not is_waiting())


BEFORE_THE_FOURTH = "SELECT 1 FROM settlements_payee WHERE code = 'payee-3' FOR UPDATE"
# Its items are taken in, but nothing is committed yet.
BEFORE_THE_FIRST_COMMIT = "LOCK TABLE organizations_auditevent IN EXCLUSIVE MODE"


@pytest.mark.parametrize(
    ("statement", "settled"), [(BEFORE_THE_FOURTH, 3), (BEFORE_THE_FIRST_COMMIT, 0)]
)
def test_no_payee_is_settled_by_half_and_the_next_run_completes_it(
    market: Market, statement: str, settled: int
) -> None:
    for number in range(PAYEES):
        payee = market.payee(f"payee-{number}", schedule={"every": "month", "day": 31})
        for _ in range(SALES):
            market.sell(payee)
    settlements = Settlement.objects.of(market.organization)

    killed_while(statement)

    assert settlements.count() == settled
    assert items_of(market) == dict.fromkeys(range(settled), SALES)
    assert [job.outcome for job in runs(market)] == [JobOutcome.RUNNING]
    assert verify_books(market.organization).ties

    assert start_run().wait(60) == 0
    assert start_run().wait(60) == 0

    assert settlements.count() == PAYEES
    assert items_of(market) == dict.fromkeys(range(PAYEES), SALES)
    assert [job.counts["settled"] for job in runs(market)[1:]] == [PAYEES - settled]
    trail = AuditEvent.objects.of(market.organization).filter(action="calculate_settlement")
    assert trail.count() == PAYEES
    assert verify_books(market.organization).ties
    assert all(check.passed for check in run_checks(market.organization, ["settlements"]))


def test_a_payee_on_whom_the_connection_broke_stops_no_other(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        payee = market.payee(f"payee-{number}", schedule={"every": "day"})
        market.sell(payee)

    def and_break(payee: Payee, through: date) -> Open:
        if payee.code == "payee-1":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        return count_open(payee, through)

    monkeypatch.setattr(calculating, "count_open", and_break)
    run = run_settlements(market.organization, through=THROUGH)

    assert [each.outcome.value for each in run.payees] == ["settled", "failed", "settled"]
    assert items_of(market) == {0: 1, 2: 1}


def items_of(market: Market) -> dict[int, int]:
    """How many sales are in each payee's settlement, by the payee's number."""
    found: dict[int, int] = {}
    for sale in Sale.objects.of(market.organization).exclude(settlement=None):
        number = int(sale.payee.code.removeprefix("payee-"))
        found[number] = found.get(number, 0) + 1
    return found


def runs(market: Market) -> list[JobRun]:
    jobs = JobRun.objects.of(market.organization).filter(name="run settlements")
    return list(jobs.order_by("started_at"))
