"""Snapshots, funnels and cash metrics through a real Redis: never an outdated one after a write."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from analytics.errors import SnapshotNotFound
from analytics.funnels import Steps
from analytics.models import FunnelSnapshot
from analytics.selectors import snapshots
from analytics.selectors.funnels import funnel
from analytics.selectors.snapshots import (
    SNAPSHOTS,
    get_snapshot,
    organizations_with_recent_snapshots,
    snapshot_group,
)
from analytics.services.keeping import keep_recent
from analytics.tasks import keep_figures_of, keep_recent_figures
from core.read_through.store import TTL_S, Store
from ledger.selectors.cashbook import cash_metrics
from ledger.services.cashbook import record_cash_entry, settle_debt
from ledger.services.entries import void_entry
from organizations.models import AuditEvent, JobRun, OutboxMessage
from organizations.services.outbox import deliver_due
from tests.analytics.conftest import DAY
from tests.core.redis_servers import OwnRedis, SilentServer, store_at

pytestmark = pytest.mark.django_db(transaction=True)

NOON = datetime(2026, 3, 11, 12, tzinfo=UTC)
MOST_DELAY_S = 0.2


@pytest.fixture
def server(tmp_path: Path) -> Iterator[OwnRedis]:
    redis = OwnRedis(tmp_path / "redis")
    yield redis
    redis.stop()


@pytest.fixture(autouse=True)
def store(server: OwnRedis, monkeypatch: pytest.MonkeyPatch) -> Store:
    """All figures of this process are kept in the test's own Redis."""
    found = store_at(server.url, first_s=0.1)
    monkeypatch.setattr("core.read_through.store.figures", found)
    return found


# --- Snapshots ------------------------------------------------------------------------------------


def test_a_snapshot_is_read_from_the_database_once(record, acme, fair, django_assert_num_queries):
    row = record(metadata={"from": "web"})

    with django_assert_num_queries(1):
        first = get_snapshot(acme, event=fair, snapshot_on=DAY)
    with django_assert_num_queries(0):
        again = get_snapshot(acme, event=fair, snapshot_on=DAY)

    assert again == first == snapshots.as_snapshot(row)


def test_it_is_kept_for_a_day_at_most(record, acme, fair, store):
    record()
    get_snapshot(acme, event=fair, snapshot_on=DAY)

    left_s = store.expires_in_s(SNAPSHOTS.group(acme.pk, snapshot_group(fair.pk, DAY)))
    assert 0 < left_s <= TTL_S


def test_a_correction_is_read_by_whoever_asks_after_it(record, acme, fair):
    """Without any worker."""
    for visitors in (100, 200, 300):
        record(visitors)
        assert get_snapshot(acme, event=fair, snapshot_on=DAY).visitor_count == visitors


def test_a_worker_keeps_it_after_the_commit(record, acme, fair, django_assert_num_queries):
    record()

    assert deliver_due(acme, most=10) == 1

    with django_assert_num_queries(0):
        assert get_snapshot(acme, event=fair, snapshot_on=DAY).visitor_count == 100


def test_the_same_message_twice_or_late_does_no_harm(record, acme, fair):
    record(100)
    record(200)
    deliver_due(acme, most=10)
    OutboxMessage.objects.of(acme).update(delivered_at=None, next_attempt_at=timezone.now())

    deliver_due(acme, most=10)

    assert get_snapshot(acme, event=fair, snapshot_on=DAY).visitor_count == 200


def test_what_is_not_there_is_asked_for_anew(record, acme, fair):
    with pytest.raises(SnapshotNotFound):
        get_snapshot(acme, event=fair, snapshot_on=DAY)

    FunnelSnapshot.objects.create(
        organization=acme,
        event=fair,
        snapshot_on=DAY,
        visitor_count=1,
        checkout_started_count=0,
        checkout_completed_count=0,
        revenue_total=0,
        currency="GBP",
    )

    assert get_snapshot(acme, event=fair, snapshot_on=DAY).visitor_count == 1


def test_each_organization_has_its_own(
    record, acme, mallory_ltd, fair, their_fair, as_mallory, django_assert_num_queries
):
    record(100)
    record(7, 2, 1, event=their_fair, actor=as_mallory)
    for organization, event in ((acme, fair), (mallory_ltd, their_fair)):
        get_snapshot(organization, event=event, snapshot_on=DAY)
        funnel(organization, since=DAY, until=DAY)

    with django_assert_num_queries(0):
        assert get_snapshot(acme, event=fair, snapshot_on=DAY).visitor_count == 100
        assert get_snapshot(mallory_ltd, event=their_fair, snapshot_on=DAY).visitor_count == 7
        assert funnel(acme, since=DAY, until=DAY).range.steps.visitors == 100
        assert funnel(mallory_ltd, since=DAY, until=DAY).range.steps.visitors == 7
    with pytest.raises(SnapshotNotFound):
        get_snapshot(mallory_ltd, event=fair, snapshot_on=DAY)


def test_a_reader_who_is_overtaken_by_a_write_keeps_nothing(record, acme, fair, monkeypatch):
    record(100)
    has_read, may_go_on = threading.Event(), threading.Event()
    ask = snapshots._from_database

    def paused(*asked):
        found = ask(*asked)
        if threading.current_thread() is not threading.main_thread():
            has_read.set()
            may_go_on.wait(10)
            connection.close()
        return found

    monkeypatch.setattr(snapshots, "_from_database", paused)
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(get_snapshot, acme, event=fair, snapshot_on=DAY)
        has_read.wait(10)
        record(200)
        may_go_on.set()
        assert slow.result(10).visitor_count == 100

    assert get_snapshot(acme, event=fair, snapshot_on=DAY).visitor_count == 200


def test_a_hundred_readers_ask_the_database_once(record, acme, fair, monkeypatch):
    record()
    asked = []
    ask = snapshots._from_database

    def counted(*given):
        asked.append(given)
        found = ask(*given)
        time.sleep(0.1)
        connection.close()
        return found

    monkeypatch.setattr(snapshots, "_from_database", counted)
    together = threading.Barrier(25)

    def read(_: int) -> int:
        together.wait()
        return get_snapshot(acme, event=fair, snapshot_on=DAY).visitor_count

    with ThreadPoolExecutor(25) as pool:
        assert list(pool.map(read, range(100))) == [100] * 100

    assert len(asked) == 1


def test_of_many_who_record_the_same_day_at_once_each_is_recorded_and_one_row_is_left(
    record, acme, fair
):
    together = threading.Barrier(8)

    def write(visitors: int) -> None:
        together.wait()
        record(visitors)
        connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(100, 108)))

    row = FunnelSnapshot.objects.of(acme).get()
    told = AuditEvent.objects.of(acme).filter(action="record_snapshot").order_by("id")
    assert len(told) == 8
    # Each has replaced what the one before had left.
    counts = [(e.before or {}).get("visitor_count") for e in told]
    assert sorted(filter(None, counts)) == sorted(set(range(100, 108)) - {row.visitor_count})
    assert get_snapshot(acme, event=fair, snapshot_on=DAY).visitor_count == row.visitor_count


# --- Funnels --------------------------------------------------------------------------------------


def test_a_funnel_is_computed_once_until_a_snapshot_comes(record, acme, django_assert_num_queries):
    record(100, 20, 10)
    with django_assert_num_queries(1):
        first = funnel(acme, since=DAY, until=DAY)
    with django_assert_num_queries(0):
        assert funnel(acme, since=DAY, until=DAY) == first

    record(1, 1, 1, campaign="spring")

    assert funnel(acme, since=DAY, until=DAY).range.steps == Steps(101, 21, 11)


# --- Cash metrics ---------------------------------------------------------------------------------


def test_cash_metrics_are_computed_once_until_the_cashbook_changes(
    acme, system, django_assert_num_queries
):
    def balance() -> int:
        return cash_metrics(acme, as_of=DAY)["GBP"].current_balance

    record_cash_entry(actor=system, kind="REVENUE", amount=500, currency="GBP", occurred_at=_at(9))
    with django_assert_num_queries(1):
        assert balance() == 500
    with django_assert_num_queries(0):
        assert balance() == 500

    late = record_cash_entry(
        actor=system, kind="REVENUE", amount=70, currency="GBP", occurred_at=_at(8)
    )
    assert balance() == 570

    void_entry(actor=system, entry=late.entry, on=None, reason="A mistake")
    assert balance() == 500


def test_cash_metrics_of_a_past_day_stay_right_when_a_debt_is_settled_later(acme, system):
    debt = record_cash_entry(
        actor=system, kind="DEBT", amount=-900, currency="GBP", occurred_at=_at(8)
    )
    assert cash_metrics(acme, as_of=DAY)["GBP"].loan_balance == -900

    settle_debt(actor=system, cash_entry=debt, settled_at=_at(12), now=_at(12))

    assert cash_metrics(acme, as_of=DAY)["GBP"].loan_balance == -900
    assert cash_metrics(acme, as_of=_at(12).date())["GBP"].loan_balance == 0


def test_cash_metrics_of_a_user_and_of_a_day_are_their_own(acme, system, dan):
    record_cash_entry(actor=system, kind="REVENUE", amount=5, currency="GBP", occurred_at=_at(9))
    record_cash_entry(
        actor=system, kind="REVENUE", amount=3, currency="GBP", occurred_at=_at(9), user=dan
    )

    for _ in range(2):
        assert cash_metrics(acme, as_of=DAY)["GBP"].mtd_revenue == 8
        assert cash_metrics(acme, user=dan, as_of=DAY)["GBP"].mtd_revenue == 3
        # The same entries on the first of the next month.
        april = DAY.replace(month=4, day=1)
        assert cash_metrics(acme, as_of=april)["GBP"].mtd_revenue == 0
        assert cash_metrics(acme, as_of=DAY - timedelta(days=9)) == {}


def test_a_worker_keeps_todays_cash_metrics(acme, system, django_assert_num_queries):
    record_cash_entry(actor=system, kind="REVENUE", amount=5, currency="GBP")
    deliver_due(acme, most=10)

    with django_assert_num_queries(0):
        assert cash_metrics(acme)["GBP"].current_balance == 5


def _at(day: int) -> datetime:
    return datetime(2026, 3, day, 12, tzinfo=UTC)


# --- Redis away -----------------------------------------------------------------------------------


def test_with_redis_killed_writes_succeed_and_reads_are_right(record, acme, fair, server):
    record(100)
    get_snapshot(acme, event=fair, snapshot_on=DAY)
    server.kill()

    for visitors in range(200, 220):
        record(visitors)
        start = time.monotonic()
        found = get_snapshot(acme, event=fair, snapshot_on=DAY)
        assert time.monotonic() - start <= MOST_DELAY_S
        assert found.visitor_count == visitors

    server.start()
    time.sleep(0.2)
    assert get_snapshot(acme, event=fair, snapshot_on=DAY).visitor_count == 219


def test_what_redis_was_not_told_it_is_told_by_the_outbox(record, acme, fair, server, monkeypatch):
    """Redis hangs while a process writes that is gone when Redis goes on."""
    record(100)
    deliver_due(acme, most=10)
    get_snapshot(acme, event=fair, snapshot_on=DAY)
    writers = store_at(server.url, timeout_s=0.06)
    with server.hanging(), monkeypatch.context() as patch:
        patch.setattr("core.read_through.store.figures", writers)
        record(200)
        assert deliver_due(acme, most=10) == 1
    message = OutboxMessage.objects.of(acme).get(delivered_at=None)
    assert message.last_error.startswith("CacheAway")

    assert deliver_due(acme, most=10, now=message.next_attempt_at) == 1

    assert get_snapshot(acme, event=fair, snapshot_on=DAY).visitor_count == 200


def test_a_redis_that_hangs_delays_neither_reads_nor_writes_by_more(
    record, acme, fair, monkeypatch
):
    silent = SilentServer()
    hung = store_at(silent.url, timeout_s=0.06)
    monkeypatch.setattr("core.read_through.store.figures", hung)

    with CaptureQueriesContext(connection) as asked:
        record(100)
        start = time.monotonic()
        found = get_snapshot(acme, event=fair, snapshot_on=DAY)
        took_s = time.monotonic() - start
    silent.close()

    assert found.visitor_count == 100
    assert took_s <= MOST_DELAY_S
    assert len(asked) < 15


# --- The clock ------------------------------------------------------------------------------------


def test_the_clock_puts_right_what_went_wrong(record, acme, fair):
    """Whatever it was: here a program that writes past the services."""
    row = record(100, now=timezone.now())
    get_snapshot(acme, event=fair, snapshot_on=DAY)
    funnel(acme, since=DAY, until=DAY)
    FunnelSnapshot.objects.of(acme).filter(pk=row.pk).update(visitor_count=300)

    keep_recent(acme, timezone.now())

    assert get_snapshot(acme, event=fair, snapshot_on=DAY).visitor_count == 300
    assert funnel(acme, since=DAY, until=DAY).range.steps.visitors == 300
    run = JobRun.objects.get(name="keep recent figures")
    assert (run.outcome, run.counts) == ("succeeded", {"snapshots": 1})


def test_the_clock_lets_a_redis_that_is_away_be(record, acme, server):
    record(now=timezone.now())
    server.kill()

    keep_recent(acme, timezone.now())

    run = JobRun.objects.get(name="keep recent figures")
    assert (run.outcome, run.counts) == ("succeeded", {"cache_away": 1})


def test_only_organizations_with_recent_snapshots_are_gone_through(record, acme, mallory_ltd):
    now = timezone.now()
    assert list(organizations_with_recent_snapshots(now)) == []
    record(now=now - timedelta(hours=23))

    assert list(organizations_with_recent_snapshots(now)) == [acme]
    assert list(organizations_with_recent_snapshots(now + timedelta(hours=2))) == []


def test_the_task_goes_through_them(record, acme, fair, monkeypatch, django_assert_num_queries):
    record(now=timezone.now())
    monkeypatch.setattr(keep_figures_of, "delay", keep_figures_of)

    keep_recent_figures()

    with django_assert_num_queries(0):
        get_snapshot(acme, event=fair, snapshot_on=DAY)
