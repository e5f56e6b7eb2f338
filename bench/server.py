"""A PostgreSQL for the measuring alone: the embedded one, with its own settings, thrown away."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import django

from core.collector import settle
from core.servers import LOCAL, EmbeddedPostgres

FOLDER = LOCAL / "bench"


@contextmanager
def private_server() -> Iterator[EmbeddedPostgres]:
    """A server with an empty, migrated database; DATABASE_URL names it, also to children."""
    directory = FOLDER / f"postgres-{os.getpid()}"
    _remove_leftovers()
    with EmbeddedPostgres(directory) as server:
        os.environ["DATABASE_URL"] = server.url
        os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
        django.setup()
        from django.core.management import call_command
        from django.db import connections

        call_command("migrate", interactive=False, verbosity=0)
        # As in the processes that serve requests.
        settle()
        try:
            yield server
        finally:
            connections.close_all()
    shutil.rmtree(directory)


def _remove_leftovers() -> None:
    """What a run that was killed has left: its cluster, if nobody runs it any more."""
    for directory in FOLDER.glob("postgres-*"):
        if not _is_running(int(directory.name.removeprefix("postgres-"))):
            EmbeddedPostgres(directory).stop()
            shutil.rmtree(directory)


def _is_running(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()
