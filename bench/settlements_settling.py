"""Settling: a payee with very many open sales, and very many payees at once."""

import os
import subprocess
import sys
from datetime import date

from bench.measuring import Row, stopwatch
from bench.settlement_volume import market_with_sales
from core.servers import PROJECT
from ledger.selectors.integrity import verify_books
from organizations.actors import Actor
from organizations.models import Organization
from settlements.models import Settlement
from settlements.selectors.payees import get_payee
from settlements.services.running import run_settlements
from settlements.services.settling import calculate_settlement

THROUGH = date(2010, 12, 31)
SALES, PAYEES, SALES_OF_EACH = 100_000, 1_000, 20
MOST_S, MOST_S_OF_ALL = 10, 60


def one_large_payee(*, sales: int = SALES) -> list[Row]:
    """How long it takes to settle so many sales, and how much memory, next to a tenth of them."""
    organization = market_with_sales("large", sales)
    with stopwatch() as watch:
        settlement = calculate_settlement(
            actor=Actor.system(organization),
            payee=get_payee(organization, "payee-0"),
            through=THROUGH,
        )
    _check(organization, [settlement], sales)
    small_mb = _peak_mb(market_with_sales("small", sales // 10))
    large_mb = _peak_mb(market_with_sales("as-large", sales))
    return [
        Row(
            f"settling a payee with {sales:,} open sales",
            figure=watch.seconds,
            unit="s",
            figure_at_most=MOST_S,
        ),
        Row(
            f"run_settlements of {sales:,} sales, peak memory",
            figure=large_mb,
            unit="MB",
            ratio=small_mb / large_mb,
            at_least=0.9,
            baseline=small_mb,
            note=f"the same command on {sales // 10:,} sales",
        ),
    ]


def many_payees(*, payees: int = PAYEES) -> Row:
    """All of them due at once, settled by one process."""
    sales = payees * SALES_OF_EACH
    organization = market_with_sales("many", sales, payees=payees)
    with stopwatch() as watch:
        run = run_settlements(organization, through=THROUGH)
    if run.counts["settled"] != payees:
        raise RuntimeError(f"not all were settled: {run.counts}")
    _check(organization, list(Settlement.objects.of(organization)), sales)
    return Row(
        f"{payees:,} payees due at once, one process",
        figure=watch.seconds,
        unit="s",
        figure_at_most=MOST_S_OF_ALL,
    )


def _check(organization: Organization, settlements: list[Settlement], sales: int) -> None:
    items = sales + -(-sales // 50) + (sales + 498) // 500
    if sum(settlement.item_count for settlement in settlements) != items:
        raise RuntimeError(f"of {items} items not all were settled")
    if not verify_books(organization).ties:
        raise RuntimeError("the books do not verify")


def _peak_mb(organization: Organization) -> float:
    """Of the command that settles all that is due."""
    process = subprocess.Popen(
        [
            *(sys.executable, "manage.py", "run_settlements"),
            *("--organization", organization.slug, "--through", THROUGH.isoformat()),
        ],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
    )
    said = process.stdout.read() if process.stdout else b""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode or b": 1 settled" not in said:
        raise RuntimeError(f"run_settlements, exit {process.returncode}: {said!r}")
    # Linux counts in kilobytes.
    return usage.ru_maxrss / 1024
