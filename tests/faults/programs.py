"""Programs of their own processes on the database of the tests: a worker, and a clock."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import connection
from redis import Redis

from core.servers import PROJECT, EmbeddedRedis
from core.servers.processes import kill_hard

PATIENCE_S = 120

SEND = """
import sys
import django
django.setup()
from config.celery import app
app.loader.import_default_modules()
for name in sys.argv[1:]:
    app.tasks[name].delay()
"""

# Beat's own scheduler on a clock that stands where it is told to: it says what it has sent.
BEAT = """
import sys
from datetime import datetime
import django, time_machine
django.setup()
from config.celery import app
from django_celery_beat.schedulers import DatabaseScheduler
with time_machine.travel(datetime.fromisoformat(sys.argv[1]), tick=False) as clock:
    scheduler = DatabaseScheduler(app=app)
    send = scheduler.apply_async
    def telling(entry, *arguments, **options):
        print(sys.argv[step], entry.task)
        return send(entry, *arguments, **options)
    scheduler.apply_async = telling
    for step in range(1, len(sys.argv)):
        clock.move_to(datetime.fromisoformat(sys.argv[step]))
        while scheduler.tick() == 0:
            pass
    scheduler.sync()
"""


def database_url_of_the_tests() -> str:
    given = connection.settings_dict
    login = f"{given['USER']}:{given['PASSWORD']}@"
    if given["HOST"].startswith("/"):
        return f"postgres://{login}/{given['NAME']}?host={given['HOST']}"
    address = f"{given['HOST'] or '127.0.0.1'}:{given['PORT'] or 5432}"
    return f"postgres://{login}{address}/{given['NAME']}"


class Broker:
    """A Redis that nobody else uses, and the workers that take their work from it."""

    def __init__(self, folder: Path) -> None:
        self.server = EmbeddedRedis(folder / "redis")
        self.settings: dict[str, str] = {}
        self.workers: list[subprocess.Popen[bytes]] = []

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "DATABASE_URL": database_url_of_the_tests(),
            "REDIS_URL": self.server.url,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "PYTHONPATH": str(PROJECT),
            **self.settings,
        }

    def start_worker(self) -> "subprocess.Popen[bytes]":
        command = ["celery", "--quiet", "-A", "config", "worker", "--concurrency", "1"]
        worker = subprocess.Popen(
            [sys.executable, "-m", *command],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=PROJECT,
            env=self.environment,
        )
        self.workers.append(worker)
        return worker

    def kill_worker(self) -> None:
        """kill -9 of the worker with the processes of its pool, as a power cut would."""
        worker = self.workers.pop()
        kill_hard(worker.pid)
        worker.wait()

    def send(self, *tasks: str) -> None:
        self._run(SEND, *tasks)

    def tick(self, *moments: datetime) -> list[tuple[str, str]]:
        """Beat, started at the first moment and looking at each: (moment, task) as it sent them."""
        told = self._run(BEAT, *(moment.isoformat() for moment in moments))
        return [(line.split()[0], line.split()[1]) for line in told.splitlines()]

    def forget_everything(self) -> None:
        with Redis.from_url(self.server.url) as redis:
            redis.flushall()

    def waiting(self) -> int:
        """How many messages are queued, or taken and not acknowledged."""
        with Redis.from_url(self.server.url) as redis:
            return int(redis.llen("celery")) + int(redis.hlen("unacked"))

    def _run(self, program: str, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", program, *arguments],
            capture_output=True,
            text=True,
            cwd=PROJECT,
            env=self.environment,
            timeout=PATIENCE_S,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@contextmanager
def own_broker(folder: Path) -> Iterator[Broker]:
    broker = Broker(folder)
    broker.server.start()
    try:
        yield broker
    finally:
        while broker.workers:
            broker.kill_worker()
        broker.server.stop()


def wait_for(what: Callable[[], Any]) -> Any:
    """What it answers, as soon as that is something."""
    deadline = time.monotonic() + PATIENCE_S
    while not (found := what()):
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.05)
    return found
