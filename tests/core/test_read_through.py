"""Figures read through a real Redis: kept and forgotten, stampedes, and races with writes."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction

from core.db import uuid7
from core.read_through.reading import ReadThrough
from core.read_through.store import TTL_S
from tests.core.figures import FIGURE, GROUP, Truth, reading
from tests.core.redis_servers import OwnRedis, store_at


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnRedis]:
    redis = OwnRedis(tmp_path_factory.mktemp("redis") / "data")
    yield redis
    redis.stop()


@pytest.fixture
def figures(server: OwnRedis) -> ReadThrough[int]:
    return reading(store_at(server.url))


@pytest.fixture
def read(figures: ReadThrough[int], organization_id: UUID) -> Callable[..., int]:
    def one(compute: Callable[[], int], figure: str = FIGURE, **options: Any) -> int:
        return figures.read(organization_id, GROUP, figure, compute, **options)

    return one


# --- Reading ------------------------------------------------------------------------------------


def test_computes_once_and_keeps_it_for_a_day_at_most(read, figures, organization_id, truth):
    assert [read(truth), read(truth), read(truth)] == [1, 1, 1]

    assert truth.asked == 1
    left_s = figures.store.expires_in_s(figures.group(organization_id, GROUP))
    assert 0 < left_s <= TTL_S == 86_400


def test_a_figure_that_comes_later_does_not_prolong_the_day(read, figures, organization_id, server):
    read(lambda: 1)
    client = server.client()
    [key] = client.keys(f"*{organization_id}*")
    client.expire(key, 100)

    read(lambda: 2, "another")

    assert figures.store.expires_in_s(figures.group(organization_id, GROUP)) <= 100


def test_keeps_no_more_than_is_wanted(read, truth):
    for _ in range(2):
        assert read(truth, keep=lambda number: number != 1) == 1

    assert truth.asked == 2


def test_organizations_groups_and_figures_each_have_their_own(figures):
    read = figures.read
    first, second = uuid7(), uuid7()

    assert read(first, "g", "f", lambda: 1) == 1
    assert read(second, "g", "f", lambda: 2) == 2
    assert read(first, "h", "f", lambda: 3) == 3
    assert read(first, "g", "e", lambda: 4) == 4

    figures.forget(second, ["g"])
    assert read(first, "g", "f", lambda: 5) == 1
    assert read(second, "g", "f", lambda: 6) == 6


def test_what_cannot_be_read_back_is_computed_anew(read, figures, organization_id, server, truth):
    read(lambda: 7)
    client = server.client()
    [key] = client.keys(f"*{organization_id}*")
    client.hset(key, f"v{FIGURE}", b'"no number"')

    assert read(truth) == 1
    assert read(truth) == 1
    assert truth.asked == 2
    assert read(truth) == 1
    assert truth.asked == 2


def test_a_group_that_has_grown_too_large_starts_anew(read, figures, monkeypatch, server):
    monkeypatch.setattr("core.read_through.store.MOST_FIGURES", 3)

    for number in range(10):
        read(lambda number=number: number, str(number))
        assert max(map(server.client().hlen, server.client().keys("*:test:*"))) <= 4


@pytest.mark.django_db
def test_a_transaction_neither_reads_nor_keeps_what_nobody_else_may_see(read, truth):
    with transaction.atomic():
        assert [read(truth), read(truth)] == [1, 1]

    assert truth.asked == 2


# --- Stampedes ----------------------------------------------------------------------------------


def test_of_many_who_ask_at_once_one_computes(server, organization_id):
    truth = Truth(takes_s=0.2)
    # As many processes as stores, each with several threads.
    processes = [reading(store_at(server.url)) for _ in range(4)]
    together = threading.Barrier(32)

    def ask(number: int) -> int:
        together.wait()
        return processes[number % 4].read(organization_id, GROUP, FIGURE, truth)

    with ThreadPoolExecutor(32) as pool:
        found = list(pool.map(ask, range(32)))

    assert found == [1] * 32
    assert truth.asked == 1


def test_one_computes_again_after_each_write_however_many_ask(server, organization_id):
    truth = Truth(takes_s=0.02)
    figures = reading(store_at(server.url))
    is_over = threading.Event()

    def ask() -> None:
        while not is_over.is_set():
            figures.read(organization_id, GROUP, FIGURE, truth)

    with ThreadPoolExecutor(8) as pool:
        asking = [pool.submit(ask) for _ in range(8)]
        for _ in range(10):
            time.sleep(0.1)
            truth.number += 1
            figures.forget(organization_id, [GROUP])
        is_over.set()
        for one in asking:
            one.result(10)

    # The first, and one for each write; what was being computed while it came is computed again.
    assert truth.asked <= 1 + 2 * 10
    assert figures.read(organization_id, GROUP, FIGURE, truth) == 11


def test_who_has_waited_long_enough_computes_for_itself(server, organization_id):
    slow, quick = Truth(takes_s=2), Truth()
    figures = reading(store_at(server.url), wait_s=0.2)

    with ThreadPoolExecutor(1) as pool:
        holder = pool.submit(figures.read, organization_id, GROUP, FIGURE, slow)
        while not slow.asked:
            time.sleep(0.01)
        start = time.monotonic()
        assert figures.read(organization_id, GROUP, FIGURE, quick) == 1
        assert 0.2 <= time.monotonic() - start < 1
        holder.result(10)

    assert (slow.asked, quick.asked) == (1, 1)


def test_a_computation_that_fails_is_left_to_the_next_one_at_once(read, truth):
    with pytest.raises(ZeroDivisionError):
        read(lambda: 1 // 0)

    start = time.monotonic()
    assert read(truth) == 1
    assert time.monotonic() - start < 1


def test_the_claim_of_who_was_killed_ends(server, organization_id, truth):
    store = store_at(server.url, lease_s=0.3)
    figures = reading(store)
    assert store.claim(figures.group(organization_id, GROUP), FIGURE, "dead") is True

    assert figures.read(organization_id, GROUP, FIGURE, truth) == 1
    assert figures.read(organization_id, GROUP, FIGURE, truth) == 1

    assert truth.asked == 1


# --- Writes that come in between ------------------------------------------------------------------


class Paused:
    """A reader that has asked the database, and not told Redis yet."""

    def __init__(self, figures: ReadThrough[int], organization_id: UUID, truth: Truth) -> None:
        self._has_asked, self._may_go_on = threading.Event(), threading.Event()

        def compute() -> int:
            found = truth()
            self._has_asked.set()
            self._may_go_on.wait(10)
            return found

        self._pool = ThreadPoolExecutor(1)
        self._read = self._pool.submit(figures.read, organization_id, GROUP, FIGURE, compute)
        self._has_asked.wait(10)

    def go_on(self) -> int:
        self._may_go_on.set()
        found = self._read.result(10)
        self._pool.shutdown()
        return found


def test_what_was_computed_before_a_write_is_not_kept_after_it(figures, organization_id, truth):
    slow_reader = Paused(figures, organization_id, truth)

    truth.number = 2
    figures.forget(organization_id, [GROUP])

    assert slow_reader.go_on() == 1
    assert figures.read(organization_id, GROUP, FIGURE, truth) == 2


def test_nor_over_what_another_has_computed_since(figures, organization_id, truth):
    slow_reader = Paused(figures, organization_id, truth)
    truth.number = 2
    figures.forget(organization_id, [GROUP])
    assert figures.read(organization_id, GROUP, FIGURE, truth) == 2

    assert slow_reader.go_on() == 1

    assert figures.read(organization_id, GROUP, FIGURE, truth) == 2


def test_nor_after_redis_was_emptied(figures, organization_id, truth, server):
    """An empty Redis must not look to it like the one of before."""
    slow_reader = Paused(figures, organization_id, truth)
    truth.number = 2
    figures.forget(organization_id, [GROUP])
    server.client().flushall()

    assert slow_reader.go_on() == 1

    assert figures.read(organization_id, GROUP, FIGURE, truth) == 2


def test_emptying_redis_does_no_harm(read, server, truth):
    read(truth)
    server.client().flushall()

    assert [read(truth), read(truth)] == [1, 1]
    assert truth.asked == 2


@pytest.mark.slow
def test_nobody_ever_sees_less_than_was_written_before_they_asked(server, organization_id):
    """Writers acknowledge a number when `forget` has returned; each read that begins after that
    finds it, or a later one."""
    truth = Truth(takes_s=0.001)
    processes = [reading(store_at(server.url)) for _ in range(3)]
    acknowledged = [1]
    is_over = threading.Event()
    outdated: list[tuple[int, int]] = []

    def ask(figures: ReadThrough[int]) -> None:
        while not is_over.is_set():
            least = acknowledged[0]
            found = figures.read(organization_id, GROUP, FIGURE, truth)
            if found < least:
                outdated.append((least, found))

    with ThreadPoolExecutor(6) as pool:
        asking = [pool.submit(ask, processes[number % 3]) for number in range(6)]
        for number in range(2, 400):
            truth.number = number
            processes[number % 3].forget(organization_id, [GROUP])
            acknowledged[0] = number
        is_over.set()
        for one in asking:
            one.result(10)

    assert outdated == []
