"""`make run`: web, worker and beat start together, and end together."""

import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial

import psutil
import pytest

from core.servers import PROJECT
from tests.faults.programs import Broker, own_broker, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

PROGRAMS = {"web": "gunicorn", "worker": "worker", "beat": "beat"}


@pytest.fixture
def broker(db, tmp_path) -> Iterator[Broker]:
    with own_broker(tmp_path) as one:
        yield one


@pytest.fixture
def served(broker) -> "Iterator[subprocess.Popen[str]]":
    served = subprocess.Popen(
        [sys.executable, "-m", "config.serve"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        cwd=PROJECT,
        env={**broker.environment, "BIND": "127.0.0.1:0", "LOG_FORMAT": "json"},
    )
    try:
        yield served
    finally:
        served.terminate()
        served.communicate(timeout=60)


def program(served, name):
    """The process that was started for this program, if it was."""
    for child in psutil.Process(served.pid).children():
        try:
            if PROGRAMS[name] in child.cmdline():
                return child
        except psutil.NoSuchProcess:
            continue
    return None


def everybody(served):
    return [wait_for(partial(program, served, name)) for name in PROGRAMS]


def with_children(processes):
    return [*processes, *(child for one in processes for child in one.children(recursive=True))]


def are_gone(processes):
    return not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in processes)


def wait_until_the_worker_works(broker, served):
    """Its pool is there, and it has taken a task."""
    broker.send("organizations.tasks.sweep_outbox")
    wait_for(lambda: program(served, "worker").children())
    wait_for(lambda: not broker.waiting())


def test_they_end_together_when_asked(broker, served):
    started = everybody(served)
    wait_until_the_worker_works(broker, served)
    family = with_children(started)

    served.terminate()

    assert served.wait(60) == 0
    assert are_gone(family)


def test_when_one_is_killed_the_others_end_and_it_is_named(broker, served):
    started = everybody(served)
    wait_until_the_worker_works(broker, served)
    family = with_children(started)

    program(served, "worker").kill()

    _, said = served.communicate(timeout=60)
    assert served.returncode == 1
    assert "worker ended by itself, so everything was stopped" in said
    wait_for(lambda: are_gone(family))


@pytest.mark.parametrize(
    ("url", "options"),
    [
        ("amqp://guest:guest@127.0.0.1:5672//", "{}"),
        ("amqps://guest:guest@127.0.0.1:5671//", "{}"),
        ("redis://127.0.0.1:6379/0", "{'visibility_timeout': 900, 'socket_connect_timeout': 2}"),
    ],
)
def test_only_redis_gets_what_only_redis_knows(url, options):
    asked = "from config import settings; print(settings.CELERY_BROKER_TRANSPORT_OPTIONS)"

    told = subprocess.run(
        [sys.executable, "-c", asked],
        capture_output=True,
        text=True,
        cwd=PROJECT,
        env={**os.environ, "CELERY_BROKER_URL": url},
        check=True,
    )

    assert told.stdout.strip() == options
