"""Eight connections that all post between the same two accounts, against a thousand accounts."""

from bench.books import Books
from bench.measuring import Row, compare
from bench.pgbench import posting_script, run_pgbench
from core.servers import EmbeddedPostgres

CLIENTS = 8


def hot_accounts(
    server: EmbeddedPostgres, hot: Books, spread: Books, *, rounds: int, duration_s: int
) -> Row:
    """The same prepared statement on both sides: only the accounts that it names differ.

    By pgbench, so that eight Python processes do not take the processors from the database.
    """
    one, other = (int(account.code) for account in hot.accounts)
    first, last = (int(spread.accounts[at].code) for at in (0, -1))
    hot_script = posting_script(hot.organization, f"\\set one {one}\n\\set other {other}")
    spread_script = posting_script(
        spread.organization,
        f"\\set one random({first}, {last})\n\\set other random({first}, {last})",
    )

    found = compare(
        candidate=lambda: run_pgbench(server, hot_script, clients=CLIENTS, duration_s=duration_s),
        baseline=lambda: run_pgbench(server, spread_script, clients=CLIENTS, duration_s=duration_s),
        rounds=rounds,
    )
    return Row(
        "two hot accounts, 16 slots, 8 connections",
        figure=found.candidate,
        unit="entries/s",
        ratio=found.ratio,
        at_least=0.8,
        baseline=found.baseline,
        note="the same load spread over 1,000 accounts",
    )
