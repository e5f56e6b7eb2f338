"""Figures read while Redis is away: killed, hanging, full, or back with an old file."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.read_through.store import CacheAway
from tests.core.figures import FIGURE, GROUP, TIMEOUT_S, Truth, reading
from tests.core.redis_servers import SilentServer, store_at

# What a read may be late by.
MOST_DELAY_S = 0.2


def test_with_redis_killed_reads_go_on_and_come_back_to_it(own_server, organization_id, truth):
    figures = reading(store_at(own_server.url, timeout_s=TIMEOUT_S, first_s=0.1))

    def read() -> int:
        start = time.monotonic()
        found = figures.read(organization_id, GROUP, FIGURE, truth)
        assert time.monotonic() - start <= MOST_DELAY_S
        return found

    read()
    own_server.kill()
    assert [read() for _ in range(50)] == [1] * 50
    assert truth.asked == 51

    own_server.start()
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        asked = truth.asked
        read()
        if truth.asked == asked:
            return
        time.sleep(0.05)
    pytest.fail("Redis is back, and nobody reads from it")


def test_killed_while_one_computes_and_others_wait(own_server, organization_id):
    truth = Truth(takes_s=0.3)
    processes = [reading(store_at(own_server.url, timeout_s=TIMEOUT_S)) for _ in range(4)]

    with ThreadPoolExecutor(8) as pool:
        asking = [
            pool.submit(processes[number % 4].read, organization_id, GROUP, FIGURE, truth)
            for number in range(8)
        ]
        while not truth.asked:
            time.sleep(0.01)
        own_server.kill()
        assert [one.result(5) for one in asking] == [1] * 8


def test_what_a_killed_redis_had_saved_is_not_served_by_the_next(
    own_server, organization_id, truth
):
    figures = reading(store_at(own_server.url))
    figures.read(organization_id, GROUP, FIGURE, truth)
    own_server.client().save()
    truth.number = 2
    # Redis has heard of it, and the file has not.
    figures.forget(organization_id, [GROUP])

    own_server.kill()
    own_server.start()

    assert own_server.client().keys(f"*{organization_id}*")
    assert reading(store_at(own_server.url)).read(organization_id, GROUP, FIGURE, truth) == 2
    assert figures.read(organization_id, GROUP, FIGURE, truth) == 2


@pytest.fixture
def silent() -> Iterator[SilentServer]:
    found = SilentServer()
    yield found
    found.close()


def test_a_redis_that_hangs_delays_one_read_by_200_ms_at_most(silent, organization_id, truth):
    figures = reading(store_at(silent.url, timeout_s=TIMEOUT_S, first_s=60))
    delays = []
    for _ in range(20):
        start = time.monotonic()
        assert figures.read(organization_id, GROUP, FIGURE, truth) == 1
        delays.append(time.monotonic() - start)

    assert max(delays) <= MOST_DELAY_S
    # Only the first has asked.
    assert max(delays[1:]) < TIMEOUT_S
    assert len(silent.connections) == 1


def test_a_write_does_not_wait_for_a_redis_that_hangs(silent, organization_id):
    figures = reading(store_at(silent.url, timeout_s=TIMEOUT_S))

    start = time.monotonic()
    figures.forget(organization_id, [GROUP])

    assert time.monotonic() - start <= MOST_DELAY_S


def test_the_outbox_is_told_that_redis_is_away(silent, organization_id):
    figures = reading(store_at(silent.url, timeout_s=TIMEOUT_S))

    for _ in range(2):
        with pytest.raises(CacheAway):
            figures.forget_surely(organization_id, [GROUP])


def test_a_redis_that_is_full_serves_and_forgets_what_it_has(own_server, organization_id, truth):
    figures = reading(store_at(own_server.url))
    figures.read(organization_id, GROUP, FIGURE, truth)
    own_server.client().config_set("maxmemory", "1")
    # It takes nothing new, and says so.
    assert figures.read(organization_id, GROUP, "another", lambda: 7) == 7
    assert figures.read(organization_id, GROUP, FIGURE, lambda: 8) == 1

    truth.number = 2
    figures.forget(organization_id, [GROUP])

    assert figures.read(organization_id, GROUP, FIGURE, truth) == 2


def test_a_write_that_redis_has_not_heard_of_is_told_before_anything_is_read(
    own_server, organization_id, truth
):
    figures = reading(store_at(own_server.url, timeout_s=TIMEOUT_S, first_s=0.1))
    figures.read(organization_id, GROUP, FIGURE, truth)

    with own_server.hanging():
        for number in (2, 3):
            truth.number = number
            figures.forget(organization_id, [GROUP])
        assert figures.read(organization_id, GROUP, FIGURE, truth) == 3

    deadline = time.monotonic() + 1
    while time.monotonic() < deadline:
        assert figures.read(organization_id, GROUP, FIGURE, truth) == 3
        time.sleep(0.01)
    # And it is read from Redis again.
    asked = truth.asked
    assert figures.read(organization_id, GROUP, FIGURE, truth) == 3
    assert truth.asked == asked


def test_another_process_hears_of_it_from_the_outbox(own_server, organization_id, truth):
    """The process that wrote is gone before Redis is back."""
    writer = reading(store_at(own_server.url, timeout_s=TIMEOUT_S))
    reader = reading(store_at(own_server.url))
    reader.read(organization_id, GROUP, FIGURE, truth)
    with own_server.hanging():
        truth.number = 2
        writer.forget(organization_id, [GROUP])
    del writer

    worker = reading(store_at(own_server.url))
    worker.forget_surely(organization_id, [GROUP])

    assert reader.read(organization_id, GROUP, FIGURE, truth) == 2
