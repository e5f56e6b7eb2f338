"""The embedded servers: started once, shared, stopped by the last, recovered after any crash."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
from redis import Redis

from core.servers import PROJECT, EmbeddedPostgres, EmbeddedRedis, ServerFailed

# Another command of the same checkout: it says the server's pid, and leaves when it is told.
OTHER_COMMAND = """
import sys
from pathlib import Path
from core.servers import EmbeddedPostgres
with EmbeddedPostgres(Path(sys.argv[1])) as server:
    print(server.pid, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(tmp_path / "postgres")
    yield server
    server.stop()


@pytest.fixture
def running(server: EmbeddedPostgres) -> EmbeddedPostgres:
    server.start()
    return server


def test_starts_a_postgresql_18_on_a_unix_socket_alone(running):
    assert ask(running, "SHOW server_version").startswith("18.")
    assert ask(running, "SHOW listen_addresses") == ""
    assert ask(running, "SELECT inet_server_addr()") is None


def test_loses_nothing_that_was_committed(running):
    for setting in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums"):
        assert ask(running, f"SHOW {setting}") == "on"


def test_does_not_run_as_root(running):
    assert psutil.Process(running.pid).uids().effective != 0


def test_lets_nobody_else_in(running):
    assert running.directory.stat().st_mode & 0o077 == 0


def test_leaves_the_folders_around_it_alone(tmp_path, server):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    before = [(p, p.stat().st_mode, p.stat().st_uid) for p in (closed, *closed.parents)]

    with EmbeddedPostgres(closed / "project" / "postgres") as hidden:
        assert ask(hidden, "SELECT 1") == 1

    assert [(p, p.stat().st_mode, p.stat().st_uid) for p, _, _ in before] == before


def test_works_under_a_path_too_long_for_a_socket(tmp_path):
    deep = tmp_path / ("long" * 20) / "it's, a project"

    with EmbeddedPostgres(deep / "postgres") as server:
        assert ask(server, "SELECT 1") == 1


def test_is_down_when_its_only_user_has_left(running):
    process = psutil.Process(running.pid)

    running.stop()

    assert not is_alive(process)
    assert not (running.directory / "data" / "postmaster.pid").exists()


def test_is_shared_and_stays_for_the_one_who_still_uses_it(running):
    with other_command(running) as other:
        assert pid_told_by(other) == running.pid

    assert ask(running, "SELECT 1") == 1


def test_outlives_the_command_that_started_it_while_another_runs(server):
    with other_command(server) as other:
        started = pid_told_by(other)
        server.start()

    assert server.pid == started
    assert ask(server, "SELECT 1") == 1


def test_does_not_wait_for_a_user_who_was_killed(running):
    with other_command(running) as other:
        pid_told_by(other)
        other.kill()
    process = psutil.Process(running.pid)

    running.stop()

    assert not is_alive(process)


def test_is_taken_over_from_a_command_that_was_killed(server):
    with other_command(server) as other:
        left_behind = pid_told_by(other)
        other.kill()

    server.start()

    assert server.pid == left_behind


def test_is_started_once_by_commands_that_race(server):
    with other_command(server) as one, other_command(server) as two, other_command(server) as three:
        pids = {pid_told_by(each) for each in (one, two, three)}
        [process] = [psutil.Process(pid) for pid in pids]

    assert not is_alive(process)


def test_comes_back_with_all_that_was_committed_after_a_kill(running):
    with connect(running) as connection:
        connection.execute("CREATE TABLE entry AS SELECT generate_series(1, 1000) AS line")

    running.kill()
    running.start()

    assert ask(running, "SELECT count(*) FROM entry") == 1000


def test_starts_while_processes_of_a_killed_server_still_linger(running):
    busy = connect(running)
    busy.execute("SELECT 1")

    os.kill(running.pid, signal.SIGKILL)
    running.start()

    assert ask(running, "SELECT 1") == 1
    busy.close()


def test_is_not_fooled_by_a_pid_that_another_process_has_got(running):
    running.kill()
    note = running.directory / "data" / "postmaster.pid"
    note.write_text(note.read_text().replace(note.read_text().split()[0], str(os.getppid()), 1))

    running.start()

    assert running.pid != os.getppid()
    assert ask(running, "SELECT 1") == 1


def test_begins_again_where_making_the_cluster_was_cut_off(server):
    half_made = server.directory / "data.new"
    half_made.mkdir(parents=True)
    (half_made / "PG_VERSION").write_text("18\n")

    server.start()

    assert ask(server, "SELECT 1") == 1


def test_refuses_the_data_of_another_postgresql(server):
    (server.directory / "data").mkdir(parents=True)
    (server.directory / "data" / "PG_VERSION").write_text("17\n")

    with pytest.raises(ServerFailed, match="not of PostgreSQL 18"):
        server.start()


def test_redis_starts_is_killed_comes_back_and_stops(tmp_path):
    with EmbeddedRedis(tmp_path / "redis") as server, Redis.from_url(server.url) as client:
        assert client.ping()
        assert client.config_get("port")["port"] == "0"
        server.kill()
        server.start()
        assert client.ping()
        process = psutil.Process(server.pid)

    assert not is_alive(process)


def connect(server: EmbeddedPostgres) -> psycopg.Connection[Any]:
    return psycopg.connect(server.url, autocommit=True)


def ask(server: EmbeddedPostgres, question: str) -> Any:
    with connect(server) as connection:
        [answer] = connection.execute(question).fetchone() or [None]
        return answer


@contextmanager
def other_command(server: EmbeddedPostgres) -> "Iterator[subprocess.Popen[str]]":
    command = [sys.executable, "-c", OTHER_COMMAND, str(server.directory)]
    with subprocess.Popen(
        command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process


def pid_told_by(other: "subprocess.Popen[str]") -> int:
    assert other.stdout
    return int(other.stdout.readline())


def is_alive(process: psutil.Process) -> bool:
    # Where nobody reaps orphans they stay as zombies.
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
