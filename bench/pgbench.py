"""Load by pgbench: a posting as one prepared statement, without any Python."""

import re
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from core.servers import EmbeddedPostgres, postgres_binary
from organizations.models import Organization

# The rows that `post_entries` writes for a two-line entry, between two accounts that the numbers
# :one and :other name (see bench.books.account_id). Two random numbers make a reference that no
# other transaction has.
POSTING = """
\\set n random(1, 9000000000000000000)
\\set m random(1, 9000000000000000000)
{chosen}
WITH e AS (
  INSERT INTO ledger_journalentry
         (organization_id, posted_at, status, id, reference, effective_on, description,
          reference_type, reference_id, metadata, currency, total_amount)
  VALUES ('{organization}', now(), 'posted', uuidv7(), concat('p-', :n::bigint, :m::bigint),
          '2010-12-01', 'A sale', '', '', '{{}}', 'GBP', 100)
  ON CONFLICT (organization_id, reference) DO NOTHING
  RETURNING id
)
INSERT INTO ledger_journalline
       (organization_id, id, entry_id, account_id, position, debit, credit, description)
SELECT '{organization}', uuidv7(), e.id,
       ('00000000-0000-7000-8000-' || lpad(to_hex(u.account), 12, '0'))::uuid,
       u.position, u.debit, u.credit, ''
  FROM e, (VALUES (:one::int, 1, 100, 0), (:other::int, 2, 0, 100))
       AS u(account, position, debit, credit);
"""


def posting_script(organization: Organization, chosen: str) -> str:
    """The script of one posting; `chosen` are the \\set lines for :one and :other."""
    return POSTING.format(organization=organization.pk, chosen=chosen)


def run_pgbench(
    server: EmbeddedPostgres, script: str, *, clients: int = 1, duration_s: int = 2
) -> float:
    """Transactions per second of a script, each statement prepared once per connection."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "script.sql"
        path.write_text(script)
        said = subprocess.run(
            [
                *(postgres_binary("pgbench"), "--no-vacuum", "--protocol", "prepared"),
                *("--client", str(clients), "--jobs", "1", "--time", str(duration_s)),
                *("--file", path, server.url),
            ],
            capture_output=True,
            text=True,
            check=True,
            timeout=60 + duration_s,
        ).stdout
    if "number of failed transactions: 0 " not in said:
        raise RuntimeError(f"pgbench lost transactions:\n{said}")
    found = re.search(r"^tps = ([\d.]+) \(without", said, re.MULTILINE)
    if found is None:
        raise RuntimeError(f"pgbench said no figure:\n{said}")
    return float(found[1])
