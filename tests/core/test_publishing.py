"""A request that leaves work for the worker does not wait for a broker that is away."""

import socket
import time
from collections.abc import Iterator

import pytest
from celery import Celery

from core import publishing
from core.publishing import publish
from core.read_through.back_off import BackOff

# The promise is 200 ms; the rest is for a machine that is busy with the other tests.
SOON_S = 0.6


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    """A process that has not found the broker away yet."""
    monkeypatch.setattr(publishing, "_back_off", BackOff())


def task_of(broker_url):
    app = Celery("test", broker=broker_url, set_as_current=False)

    def nothing() -> None:
        """It is sent, and never run."""

    return app.task(name="tests.nothing")(nothing)


@pytest.fixture
def silent() -> Iterator[int]:
    """The port of a server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def nobody() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def seconds_of(call):
    began = time.monotonic()
    assert call() is False
    return time.monotonic() - began


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
@pytest.mark.parametrize("where", ["silent", "nobody"])
def test_gives_up_soon_on_a_broker_that_is_away(scheme, where, request):
    task = task_of(f"{scheme}://127.0.0.1:{request.getfixturevalue(where)}//")

    assert seconds_of(lambda: publish(task)) < SOON_S


def test_leaves_a_broker_alone_that_was_away(silent, monkeypatch):
    task = task_of(f"redis://127.0.0.1:{silent}/0")
    publish(task)
    monkeypatch.setattr(publishing, "_producer", lambda _: pytest.fail("it was tried"))

    assert all(publish(task) is False for _ in range(100))


@pytest.mark.redis
def test_sends_again_when_the_broker_is_back(redis_server, nobody, monkeypatch):
    monkeypatch.setattr(publishing, "_back_off", BackOff(first_s=0.01))
    url = redis_server.replace("unix://", "redis+socket://").replace("?db=0", "?virtual_host=9")
    url = url if url.startswith("redis+socket") else url.rpartition("/")[0] + "/9"
    here, away = task_of(url), task_of(f"redis://127.0.0.1:{nobody}/0")
    assert publish(away) is False
    time.sleep(0.02)

    assert publish(here) is True

    with here.app.connection_for_write() as connection:
        assert connection.default_channel.queue_purge("celery") == 1
