"""The API through gunicorn as `make run` serves it, with eight clients that stay connected."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from statistics import quantiles
from uuid import uuid4

from bench.books import Books
from bench.load import Answers, Load
from bench.measuring import Row, compare
from bench.posting import BATCH, post_batches
from bench.server import FOLDER
from core.servers import PROJECT
from organizations.actors import Actor
from organizations.services.keys import create_api_key

CLIENTS = 8


class Api:
    """A gunicorn that runs, and a key to its books."""

    def __init__(self, books: Books, port: int) -> None:
        actor = Actor.system(books.organization, "bench")
        self._key = create_api_key(actor=actor, name="bench", scopes=["*"])[1]
        self._books = books
        self._port = port

    def ask(self, path: str, *, entries: int, clients: int, duration_s: float) -> Answers:
        """Put a load on one path, from another process; every answer must be 200 or 201."""
        one, other = self._books.accounts[:2]
        load = Load(
            host="127.0.0.1",
            port=self._port,
            path=f"/api/v1/{path}",
            key=self._key,
            clients=clients,
            duration_s=duration_s,
            entries=entries,
            accounts=(one.code, other.code),
            run=uuid4().hex,
        )
        done = subprocess.run(
            [sys.executable, "-m", "bench.load"],
            input=json.dumps(asdict(load)),
            capture_output=True,
            text=True,
            cwd=PROJECT,
            timeout=duration_s + 60,
        )
        if done.returncode:
            raise RuntimeError(done.stderr)
        return Answers(**json.loads(done.stdout))


@contextmanager
def served_api(books: Books) -> Iterator[Api]:
    """gunicorn with the configuration of `make run`, on a port of the system's choice."""
    with (FOLDER / "gunicorn.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "--config", "python:config.gunicorn", "config.wsgi"],
            cwd=PROJECT,
            env=os.environ | {"BIND": "127.0.0.1:0", "API_REQUESTS_PER_MINUTE": "0"},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    try:
        assert process.stdout is not None
        said = process.stdout.readline()
        yield Api(books, int(said.rstrip().rpartition(":")[2]))
    finally:
        process.terminate()
        process.wait(60)


def single_requests(api: Api, *, rounds: int, duration_s: float) -> list[Row]:
    """One entry per request, each with an Idempotency-Key, against requests that do nothing."""
    latencies: list[float] = []

    def post() -> float:
        answers = api.ask("journal-entries", entries=1, clients=CLIENTS, duration_s=duration_s)
        latencies.extend(answers.latencies)
        return len(answers.latencies) / answers.seconds

    def ping() -> float:
        answers = api.ask("ping", entries=0, clients=CLIENTS, duration_s=duration_s)
        return len(answers.latencies) / answers.seconds

    found = compare(candidate=post, baseline=ping, rounds=rounds)
    p50, p99 = (quantiles(latencies, n=100)[at] * 1_000 for at in (49, 98))
    return [
        Row(
            f"POST /journal-entries, {CLIENTS} clients",
            figure=found.candidate,
            unit="requests/s",
            ratio=found.ratio,
            at_least=0.12,
            baseline=found.baseline,
            note="GET /ping through the same stack; 400 requests/s are asked for",
        ),
        Row("POST /journal-entries, p50", figure=p50, unit="ms"),
        Row("POST /journal-entries, p99", figure=p99, unit="ms", note="60 ms are asked for"),
    ]


def bulk_requests(api: Api, books: Books, *, rounds: int, duration_s: float) -> Row:
    """1,000 entries per request, one client, against `post_entries` with 1,000 per call."""

    def post() -> float:
        answers = api.ask("journal-entries/bulk", entries=BATCH, clients=1, duration_s=duration_s)
        return len(answers.latencies) * BATCH / sum(answers.latencies)

    found = compare(candidate=post, baseline=lambda: post_batches(books, 10), rounds=rounds)
    return Row(
        "POST /journal-entries/bulk, 1,000 each",
        figure=found.candidate,
        unit="entries/s",
        ratio=found.ratio,
        at_least=0.7,
        baseline=found.baseline,
        note="post_entries with 1,000; 8,000 entries/s are asked for",
    )
