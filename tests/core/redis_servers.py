"""Redis servers of a test's own: one to be killed, stopped and emptied, and one that is silent."""

import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.conf import settings
from django_redis.cache import RedisCache
from redis import Redis

from core.read_through.back_off import BackOff
from core.read_through.store import Store
from core.servers import EmbeddedRedis


class OwnRedis:
    """A real Redis that only this test knows."""

    def __init__(self, directory: Path) -> None:
        self._server = EmbeddedRedis(directory)
        self.start()

    @property
    def url(self) -> str:
        return self._server.url

    def start(self) -> None:
        self._server.start()

    def stop(self) -> None:
        self._server.stop()

    def kill(self) -> None:
        """`kill -9`: it has no time to save or to say good-bye."""
        self._server.kill()

    def client(self) -> Redis:
        return Redis.from_url(self.url)

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """Stopped: connections are taken, and nothing is answered until it goes on."""
        pid = self._server.pid
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)


class SilentServer:
    """Takes connections, and counts them, and never says a word."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.connections: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self._listener.getsockname()[1]}/0?db=0"

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                self.connections.append(self._listener.accept()[0])

    def close(self) -> None:
        self._listener.close()
        for connection in self.connections:
            connection.close()


def store_at(url: str, *, timeout_s: float = 1.0, lease_s: float = 10, **back_off: Any) -> Store:
    """A store as another process would have it: with connections and a back-off of its own."""
    # django-redis has one pool of connections for each address.
    address = f"{url}&socket_timeout={timeout_s}&socket_connect_timeout={timeout_s}"
    cache = RedisCache(f"{address}&client_name={uuid4().hex}", settings.CACHES["figures"])
    return Store(lambda: cache, BackOff(**back_off), lease_s)
