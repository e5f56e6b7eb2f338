"""The embedded PostgreSQL and Redis: what the program uses where it is given no servers.

They run from binaries that Python packages carry, keep everything under `.local/`, listen on
unix sockets only, are shared by all commands of this checkout, and stop with the last of them.
docs/why/embedded-servers.md says why the process control is our own.
"""

import atexit
import os
from functools import cache
from pathlib import Path

import environ

from core.servers.account import ServerFailed
from core.servers.postgres import EmbeddedPostgres, postgres_binary
from core.servers.redis import EmbeddedRedis

__all__ = [
    "LOCAL",
    "PROJECT",
    "EmbeddedPostgres",
    "EmbeddedRedis",
    "ServerFailed",
    "database_url",
    "ensure_redis",
    "ensure_servers",
    "postgres_binary",
    "redis_url",
]

PROJECT = Path(__file__).resolve().parent.parent.parent
LOCAL = PROJECT / ".local"


def ensure_servers() -> None:
    """Have a PostgreSQL behind DATABASE_URL until this process ends."""
    if database_url() == _postgres().url:
        _postgres().start()
        # Set, so that child processes talk to the same server; they count as users of their own.
        os.environ["DATABASE_URL"] = _postgres().url
        # Last, so that dbshell finds a psql where the machine has none.
        os.environ["PATH"] = f"{os.environ.get('PATH', '')}:{postgres_binary('psql').parent}"
        atexit.register(_postgres().stop)


def ensure_redis() -> None:
    """Have a Redis behind REDIS_URL until this process ends: for those who cannot do without."""
    if redis_url() == _redis().url:
        _redis().start()
        os.environ["REDIS_URL"] = _redis().url
        atexit.register(_redis().stop)


def database_url() -> str:
    """Where the database is, running or not: DATABASE_URL, or else the embedded one."""
    return _given("DATABASE_URL") or _postgres().url


def redis_url() -> str:
    """Where Redis is, running or not: REDIS_URL, or else the embedded one."""
    return _given("REDIS_URL") or _redis().url


def _given(name: str) -> str:
    # A checkout's .env says the same as the environment would, which has the last word.
    environ.Env.read_env(PROJECT / ".env")
    return os.environ.get(name, "")


@cache
def _postgres() -> EmbeddedPostgres:
    return EmbeddedPostgres(LOCAL / "postgres", log=LOCAL / "postgres.log")


@cache
def _redis() -> EmbeddedRedis:
    return EmbeddedRedis(LOCAL / "redis", log=LOCAL / "redis.log")
