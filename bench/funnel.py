"""A funnel snapshot from Redis against PostgreSQL, how long an outdated one is served, and what a
Redis that is away costs a read."""

import logging
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db import connection
from django.test import Client
from django_redis.cache import RedisCache

from analytics.selectors import snapshots
from analytics.services.snapshots import record_snapshot
from bench.measuring import Row, compare, stopwatch
from bench.server import FOLDER
from core.read_through import store as stores
from core.read_through.store import Store
from core.servers import EmbeddedRedis
from ledger.models import Account, AccountType
from organizations.actors import Actor
from organizations.models import Organization
from organizations.services.keys import create_api_key
from organizations.services.outbox import deliver_due
from settlements.models import Event, Payee

DAY = date(2010, 12, 1)
SNAPSHOTS = 1_000
READERS = 4


class Shop:
    """An organization with one event and many days of snapshots."""

    def __init__(self, slug: str, *, days: int = SNAPSHOTS) -> None:
        self.organization = Organization.objects.create(slug=slug, name=slug, currency="GBP")
        self._actor = Actor.system(self.organization, "bench")
        payable = Account.objects.create(
            organization=self.organization,
            code="2400",
            name="Owed to organizers",
            type=AccountType.LIABILITY,
            currency="GBP",
        )
        payee = Payee.objects.create(
            organization=self.organization, code="p", name="P", currency="GBP", payable=payable
        )
        self.event = Event.objects.create(
            organization=self.organization, code="e", name="E", payee=payee, ends_on=DAY
        )
        for number in range(days):
            self.write(number, date.fromordinal(DAY.toordinal() - number))

    def write(self, visitors: int, on: date = DAY) -> None:
        record_snapshot(
            actor=self._actor,
            event=self.event,
            snapshot_on=on,
            visitor_count=visitors,
            checkout_started_count=0,
            checkout_completed_count=0,
            revenue_total=0,
            currency="GBP",
        )

    def read(self, on: date = DAY) -> int:
        return snapshots.get_snapshot(
            self.organization, event=self.event, snapshot_on=on
        ).visitor_count

    def read_from_database(self) -> None:
        snapshots._from_database(self.organization, self.event.pk, DAY, "")

    def client(self) -> Client:
        _, key = create_api_key(actor=self._actor, name="bench", scopes=["*"])
        return Client(headers={"Authorization": f"Api-Key {key}"}, SERVER_NAME="localhost")


@contextmanager
def redis_of_our_own() -> Iterator[EmbeddedRedis]:
    directory = FOLDER / f"redis-{uuid4().hex[:8]}"
    try:
        with EmbeddedRedis(directory) as server:
            yield server
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def store_at(url: str) -> Store:
    """A store as one process has it: connections and a back-off of its own."""
    timeout_s: float = settings.FIGURES_TIMEOUT_S
    times = f"socket_timeout={timeout_s}&socket_connect_timeout={timeout_s}"
    address = f"{url}&{times}&client_name={uuid4().hex}"
    cache = RedisCache(address, settings.CACHES["figures"])
    return Store(lambda: cache)


@contextmanager
def figures_kept_in(store: Store) -> Iterator[None]:
    before, stores.figures = stores.figures, store
    try:
        yield
    finally:
        stores.figures = before


def funnel_snapshots(*, rounds: int, duration_s: float) -> list[Row]:
    with _quiet():
        return _funnel_snapshots(rounds=rounds, duration_s=duration_s)


@contextmanager
def _quiet() -> Iterator[None]:
    """Here is no broker for the worker's messages, which each write would say."""
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


def _funnel_snapshots(*, rounds: int, duration_s: float) -> list[Row]:
    shop = Shop("funnel")
    with redis_of_our_own() as redis:
        with figures_kept_in(store_at(redis.url)):
            rows = [
                _reads(shop, rounds=rounds, duration_s=duration_s),
                _requests(shop, rounds=rounds, duration_s=duration_s),
            ]
        rows.append(_staleness(shop, redis, duration_s=2 * duration_s))
        rows.append(_staleness_by_outbox(shop, redis, duration_s=2 * duration_s))
        rows.append(_delay_killed(shop, redis))
    return [*rows, _delay_hanging(shop)]


def _reads(shop: Shop, *, rounds: int, duration_s: float) -> Row:
    """The selector in one process, one after the other."""
    shop.read()
    found = compare(
        candidate=lambda: _per_second(shop.read, duration_s),
        baseline=lambda: _per_second(shop.read_from_database, duration_s),
        rounds=rounds,
    )
    return Row(
        "the same snapshot from Redis",
        figure=found.candidate,
        unit="reads/s",
        ratio=found.ratio,
        at_least=3,
        baseline=found.baseline,
        note="the same read from PostgreSQL",
    )


def _requests(shop: Shop, *, rounds: int, duration_s: float) -> Row:
    """The whole stack in process: most of a request is finding out who asks, by PostgreSQL."""
    client = shop.client()
    asked = {"event": "e", "campaign": "", "from": DAY.isoformat(), "to": DAY.isoformat()}

    def ask() -> None:
        answer = client.get("/api/v1/funnel-snapshots", asked)
        assert len(answer.json()["results"]) == 1, answer.content

    def without_cache() -> float:
        with figures_kept_in(_NoStore()):
            return _per_second(ask, duration_s)

    found = compare(
        candidate=lambda: _per_second(ask, duration_s), baseline=without_cache, rounds=rounds
    )
    return Row(
        "GET /funnel-snapshots of one, from Redis",
        figure=found.candidate,
        unit="requests/s",
        ratio=found.ratio,
        baseline=found.baseline,
        note="from PostgreSQL; who asks and which event is meant are looked up in both",
    )


class _NoStore(Store):
    """A Redis that nobody asks."""

    def __init__(self) -> None:
        super().__init__(lambda: None)

    def get(self, group: str, figure: str) -> bytes | None:
        raise stores.CacheAway


def _per_second(do: Callable[[], object], duration_s: float) -> float:
    count, start = 0, time.perf_counter()
    while (took_s := time.perf_counter() - start) < duration_s:
        do()
        count += 1
    return count / took_s


def _staleness(shop: Shop, redis: EmbeddedRedis, *, duration_s: float) -> Row:
    """The writer forgets the snapshot itself, before its write is acknowledged."""
    with figures_kept_in(store_at(redis.url)):
        worst_s, note = _longest_outdated(shop, duration_s, tell=lambda: None)
    return Row(
        "an outdated snapshot after a write was acknowledged",
        figure=1_000 * worst_s,
        unit="ms",
        figure_at_most=1_000,
        note=note,
    )


def _staleness_by_outbox(shop: Shop, redis: EmbeddedRedis, *, duration_s: float) -> Row:
    """The writer does not reach Redis: a worker hears of each write and forgets the snapshot.

    Ten writes a second, which one worker keeps up with beside the readers of this process.
    """
    # What was written before had no worker.
    while deliver_due(shop.organization, most=1_000):
        pass
    is_told, is_over = threading.Event(), threading.Event()

    def work() -> None:
        while not is_over.is_set():
            if is_told.wait(0.1):
                is_told.clear()
                deliver_due(shop.organization, most=100)
        connection.close()

    worker = threading.Thread(target=work)
    worker.start()
    with figures_kept_in(_CutOff(store_at(redis.url), threading.current_thread())):
        worst_s, note = _longest_outdated(shop, duration_s, tell=is_told.set, pause_s=0.1)
        is_over.set()
        worker.join()
    return Row(
        "the same where the writer is cut off from Redis",
        figure=1_000 * worst_s,
        unit="ms",
        figure_at_most=1_000,
        note=f"by the outbox; {note}",
    )


class _CutOff(Store):
    """A Redis that one thread cannot reach."""

    def __init__(self, store: Store, thread: threading.Thread) -> None:
        super().__init__(lambda: None)
        self._store, self._thread = store, thread

    def _ask(self, group: str | None = None, command: str = "", *arguments: Any) -> Any:
        if threading.current_thread() is self._thread:
            raise stores.CacheAway
        return self._store._ask(group, command, *arguments)

    def forget(self, groups: Iterable[str]) -> None:
        if threading.current_thread() is self._thread:
            raise stores.CacheAway
        self._store.forget(groups)


def _longest_outdated(
    shop: Shop, duration_s: float, *, tell: Callable[[], None], pause_s: float = 0
) -> tuple[float, str]:
    """One writes, as fast as it can or with a pause; readers say how long after a write was
    acknowledged they were still given what was there before."""
    shop.write(0)
    acknowledged: list[tuple[int, float]] = [(0, 0.0)]
    outdated_s: list[float] = []
    reads: list[int] = []
    is_over = threading.Event()

    def watch() -> None:
        worst_s, count = 0.0, 0
        while not is_over.is_set():
            asked_at = time.perf_counter()
            found = shop.read()
            count += 1
            # The first write that the reader should have seen, and has not.
            if found + 1 < len(acknowledged) and acknowledged[found + 1][1] < asked_at:
                worst_s = max(worst_s, asked_at - acknowledged[found + 1][1])
        outdated_s.append(worst_s)
        reads.append(count)
        connection.close()

    readers = [threading.Thread(target=watch) for _ in range(READERS)]
    for reader in readers:
        reader.start()
    number, until = 0, time.perf_counter() + duration_s
    while time.perf_counter() < until:
        number += 1
        shop.write(number)
        acknowledged.append((number, time.perf_counter()))
        tell()
        time.sleep(pause_s)
    is_over.set()
    for reader in readers:
        reader.join()
    note = f"{number:,} writes, {sum(reads):,} reads by {READERS} readers beside them"
    return max(outdated_s), note


def _delay_killed(shop: Shop, redis: EmbeddedRedis) -> Row:
    store = store_at(redis.url)
    with figures_kept_in(store):
        shop.read()
        redis.kill()
        worst_s = _longest(shop.read, 500)
    return Row(
        "a read with Redis killed, the slowest of 500",
        figure=1_000 * worst_s,
        unit="ms",
        figure_at_most=200,
    )


def _delay_hanging(shop: Shop) -> Row:
    """A server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}/0?db=0"
        with figures_kept_in(store_at(url)):
            until = time.perf_counter() + 3
            worst_s = 0.0
            while time.perf_counter() < until:
                worst_s = max(worst_s, _longest(shop.read, 10))
    return Row(
        "a read with Redis hanging, the slowest of 3 s",
        figure=1_000 * worst_s,
        unit="ms",
        figure_at_most=200,
        note="and for the time of the back-off nobody asks it",
    )


def _longest(do: Callable[[], object], times: int) -> float:
    worst_s = 0.0
    for _ in range(times):
        with stopwatch() as watch:
            do()
        worst_s = max(worst_s, watch.seconds)
    return worst_s
