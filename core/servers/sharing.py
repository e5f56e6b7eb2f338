"""A server that several processes share: the first one starts it, the last one stops it."""

import fcntl
import os
import stat
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

from core.servers.account import (
    Account,
    ServerFailed,
    account_for,
    give_to_owner_of,
    make_folder,
)
from core.servers.processes import kill_hard

# A unix socket's path has room for this many bytes.
LONGEST_SOCKET_PATH = 107

# Long, for PostgreSQL may have up to max_wal_size to replay, perhaps on a slow disk.
START_TIMEOUT_S = 600


class EmbeddedServer(ABC):
    """The server of a directory; many processes may start it, and the last to stop it does.

    A process that ends without `stop` is no user any more, and leaves the server to the next one.
    """

    def __init__(self, directory: Path, *, log: Path | None = None) -> None:
        self.directory = directory.absolute()
        self.log = log or self.directory / "server.log"
        self._users = Users(self.directory)

    @property
    @abstractmethod
    def url(self) -> str:
        """Where clients find it, whether it runs or not."""

    @property
    def pid(self) -> int:
        pid = self._running_pid()
        if pid is None:
            raise ServerFailed(f"no server is running in {self.directory}")
        return pid

    def start(self) -> None:
        """Use the server, starting it unless it runs; recovers what a crash has left."""
        _make_private(self.directory)
        with self._users.gate():
            self._users.join()
            self._have_running()

    def stop(self) -> None:
        """Stop using the server; its last user shuts it down and waits until it is down."""
        if not self.directory.exists():
            return
        with self._users.gate():
            if self._users.leave() and self._running_pid() is not None:
                self._shut_down()

    def kill(self) -> None:
        """Lose the server as in a power cut, and return when all its processes are gone."""
        kill_hard(self.pid)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _have_running(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while self._running_pid() is not None:
            if self._answers():
                return
            # It recovers, or is dying of a kill this moment.
            if time.monotonic() > deadline:
                raise ServerFailed(f"the server in {self.directory} runs but does not answer")
            time.sleep(0.05)
        self._launch()

    @property
    @abstractmethod
    def _program(self) -> Path: ...

    @abstractmethod
    def _running_pid(self) -> int | None: ...

    @abstractmethod
    def _answers(self) -> bool: ...

    @abstractmethod
    def _launch(self) -> None: ...

    @abstractmethod
    def _shut_down(self) -> None: ...

    @cached_property
    def _account(self) -> Account:
        account = account_for(self.directory)
        account.own(self.directory)
        return account.able_to_reach(self.directory, self._program)

    def _prepare_log(self) -> None:
        if self.log.exists() and self.log.stat().st_size > 10_000_000:
            self.log.replace(self.log.with_suffix(".log.1"))
        self.log.touch(mode=0o600)
        self._account.own(self.log)

    def _last_words(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-10:])


class Users:
    """The processes that use the server in a directory, each holding a shared lock on one file.

    The kernel drops a lock with its process, and nothing is written: a `kill -9` leaves no trace.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._lock: int | None = None

    @contextmanager
    def gate(self) -> Iterator[None]:
        """Held by whoever starts or stops the server, one at a time."""
        gate = self._open("gate.lock")
        try:
            fcntl.flock(gate, fcntl.LOCK_EX)
            yield
        finally:
            os.close(gate)

    def join(self) -> None:
        if self._lock is None:
            self._lock = self._open("users.lock")
            fcntl.flock(self._lock, fcntl.LOCK_SH)

    def leave(self) -> bool:
        """Stop being a user; True when no user is left."""
        if self._lock is not None:
            # Closed, not unlocked: a forked child that still runs keeps the lock it inherited.
            os.close(self._lock)
            self._lock = None
        return not self._any()

    def _any(self) -> bool:
        probe = self._open("users.lock")
        try:
            fcntl.flock(probe, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(probe)
        return False

    def _open(self, name: str) -> int:
        lock = os.open(self._directory / name, os.O_RDWR | os.O_CREAT, 0o600)
        give_to_owner_of(self._directory, lock)
        return lock


def private_directory(path: Path, account: Account) -> Path:
    """Make a folder that only the account can enter, or refuse one that somebody else made."""
    path.mkdir(mode=0o700, exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (account.uid, os.geteuid()):
        raise ServerFailed(f"{path} belongs to uid {found.st_uid}: remove it")
    path.chmod(0o700)
    account.own(path)
    return path


def _make_private(directory: Path) -> None:
    make_folder(directory.parent)
    directory.mkdir(mode=0o700, exist_ok=True)
    if not os.access(directory, os.R_OK | os.W_OK | os.X_OK):
        owner = directory.stat().st_uid
        raise ServerFailed(f"{directory} belongs to uid {owner}: run this as that user or as root")
