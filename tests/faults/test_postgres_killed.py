"""PostgreSQL lost in the middle of a load: what was acknowledged is there, and nothing twice."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from core.servers import PROJECT, EmbeddedPostgres

pytestmark = pytest.mark.slow

ENTRIES = 3000

# `post_journal`, but it says after each commit how many lines of the file are in the books.
LOADER = """
import sys
import django
django.setup()
from ledger.services.importing import import_journal
from organizations.actors import Actor
from organizations.models import Organization
actor = Actor.system(Organization.objects.get(slug=sys.argv[1]))
with open(sys.argv[2], "rb") as lines:
    import_journal(actor=actor, lines=lines, batch_size=int(sys.argv[3]),
                   on_refused=lambda refused: sys.exit(refused.reason),
                   on_batch=lambda counts: print(counts.lines, flush=True))
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """A server that nobody else uses, with our tables in it."""
    server = EmbeddedPostgres(tmp_path_factory.mktemp("faults") / "postgres")
    server.start()
    manage(server, "migrate", "--verbosity", "0")
    yield server
    server.stop()


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    path = tmp_path / "journal.jsonl"
    with path.open("w") as lines:
        for number in range(1, ENTRIES + 1):
            entry = {
                "reference": f"sale-{number}",
                "effective_on": "2025-03-10",
                "lines": [
                    {"account": "1000", "debit": number},
                    {"account": "4000", "credit": number},
                ],
            }
            lines.write(json.dumps(entry) + "\n")
    return path


def power_cut(server: EmbeddedPostgres) -> None:
    """All of the server's processes at once."""
    server.kill()


def killed_postmaster(server: EmbeddedPostgres) -> None:
    """The postmaster alone; its children notice by themselves, perhaps after one more commit."""
    os.kill(server.pid, signal.SIGKILL)


def terminated_connection(server: EmbeddedPostgres) -> None:
    """The server stays and throws the loader out."""
    ask(
        server,
        """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'""",
    )


@pytest.mark.parametrize(
    ("fault", "batch_size"), [(power_cut, 1), (killed_postmaster, 100), (terminated_connection, 7)]
)
def test_what_was_acknowledged_is_there_and_nothing_is_there_twice(
    server, journal, fault, batch_size
):
    organization = f"acme-{fault.__name__.replace('_', '-')}-{batch_size}"
    create = ["create_organization", organization, "--name", "Acme", "--currency", "GBP"]
    manage(server, *create, "--chart", "retail")

    acknowledged = load_until_the(fault, server, organization, journal, batch_size)
    server.start()

    numbers = posted(server, organization)
    assert 0 < acknowledged < ENTRIES
    assert numbers[:acknowledged] == list(range(1, acknowledged + 1))
    # At most the one batch whose COMMIT was on its way: unknown to the loader, and whole.
    assert len(numbers) in (acknowledged, acknowledged + batch_size)

    again = manage(server, "post_journal", str(journal), "--organization", organization)

    assert f"posted {ENTRIES - len(numbers)}, replayed {len(numbers)}, refused 0" in again
    assert posted(server, organization) == list(range(1, ENTRIES + 1))
    assert books_tie(server, organization)
    assert balance(server, organization, "1000") == ENTRIES * (ENTRIES + 1) // 2


def load_until_the(
    fault: Callable[[EmbeddedPostgres], None],
    server: EmbeddedPostgres,
    organization: str,
    journal: Path,
    batch_size: int,
) -> int:
    """Load the journal until a few commits are through, then break the server; how many lines of
    it had been acknowledged."""
    loader = subprocess.Popen(
        [sys.executable, "-c", LOADER, organization, str(journal), str(batch_size)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=PROJECT,
        env=environment(server),
    )
    assert loader.stdout is not None
    acknowledged = 0
    for _ in range(7):
        acknowledged = int(loader.stdout.readline())
    fault(server)
    rest, error = loader.communicate(timeout=60)
    assert loader.returncode != 0, "the loader did not notice"
    assert "OperationalError" in error
    return int(rest.split()[-1]) if rest.split() else acknowledged


def environment(server: EmbeddedPostgres) -> dict[str, str]:
    return {
        **os.environ,
        "DATABASE_URL": server.url,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "PYTHONPATH": str(PROJECT),
    }


def manage(server: EmbeddedPostgres, *command: str) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", *command],
        capture_output=True,
        text=True,
        cwd=PROJECT,
        env=environment(server),
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def posted(server: EmbeddedPostgres, organization: str) -> list[int]:
    """The numbers of the sales that are in the books, each as often as it is there."""
    found = ask(
        server,
        """SELECT substr(e.reference, 6)::int
             FROM organizations_organization o
             JOIN ledger_journalentry e ON e.organization_id = o.id
             JOIN ledger_journalline l ON l.organization_id = o.id AND l.entry_id = e.id
            WHERE o.slug = %s AND e.status = 'posted' AND l.debit > 0
            ORDER BY 1""",
        organization,
    )
    return [number for (number,) in found]


def balance(server: EmbeddedPostgres, organization: str, code: str) -> int:
    [[total]] = ask(
        server,
        """SELECT sum(b.debits) - sum(b.credits)
             FROM organizations_organization o
             JOIN ledger_account a ON a.organization_id = o.id
             JOIN ledger_accountbalance b ON b.organization_id = o.id AND b.account_id = a.id
            WHERE o.slug = %s AND a.code = %s""",
        organization,
        code,
    )
    return int(total)


def books_tie(server: EmbeddedPostgres, organization: str) -> bool:
    report = manage(server, "verify_books", "--organization", organization, "--format", "json")
    return bool(json.loads(report)["ties"])


def ask(server: EmbeddedPostgres, sql: str, *parameters: Any) -> list[Any]:
    with psycopg.connect(server.url, autocommit=True) as connection:
        return connection.execute(sql, parameters or None).fetchall()
