"""Run every row of the table: `make bench`, or some: `make bench ARGS="--only http --quick"`."""

import json
import os
import platform
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import psutil
from rich.console import Console
from rich.table import Table

from bench.measuring import Row
from bench.server import FOLDER, private_server
from core.servers import EmbeddedPostgres

RESULTS = FOLDER / "results.json"
MEASURES = (
    *("single", "batch", "hot", "http", "import", "sales", "import_sales", "documents"),
    *("settled_sales", "settling", "reconciled_sales"),
    *("funnel", "reports", "invoices", "scattered"),
)
# Beside the table: takes as long as all of it.
ON_DEMAND = ("scattered",)

Measures = dict[str, Callable[[], Sequence[Row]]]


def main() -> None:
    given = arguments()
    console = Console(width=120)
    console.print(f"Measuring on {machine()}", highlight=False)
    rows: list[Row] = []
    with private_server() as server:
        for name, measure in measures(server, Effort.of(quick=given.quick)).items():
            if name in given.only:
                for row in measure():
                    rows.append(row)
                    console.print(f"  {row.name}: {figure(row.figure)} {row.unit}", highlight=False)
    RESULTS.write_text(json.dumps([row.as_json() for row in rows], indent=2) + "\n")
    console.print()
    console.print(table(rows))
    for row in rows:
        if not row.holds:
            got = row.ratio if row.at_least is not None else row.figure
            console.print(f"✗ falls short: {row.name}: {got:.2f}, {row.promise}", style="red")
    console.print(f"written to {RESULTS}", highlight=False)


def arguments() -> Namespace:
    parser = ArgumentParser(prog="python -m bench", description="Measure, into .local/bench/.")
    parser.add_argument(
        "--only", nargs="+", choices=MEASURES, default=[m for m in MEASURES if m not in ON_DEMAND]
    )
    parser.add_argument("--quick", action="store_true", help="a tenth of the work, rough figures")
    return parser.parse_args()


@dataclass(frozen=True, slots=True)
class Effort:
    """How long is measured, and what part of the large tables is made."""

    rounds: int
    duration_s: int
    share: int

    @classmethod
    def of(cls, *, quick: bool) -> "Effort":
        return cls(2, 1, 10) if quick else cls(7, 2, 1)


def measures(server: EmbeddedPostgres, effort: Effort) -> Measures:
    """What is measured, in the order of the table; the largest tables come last."""
    made = (
        ledger_measures(server, effort)
        | invoicing_measures(effort)
        | settlements_measures(effort)
        | analytics_measures(effort)
    )
    return {name: made[name] for name in MEASURES}


def ledger_measures(server: EmbeddedPostgres, effort: Effort) -> Measures:
    # Django's models can be imported only now that it knows its database.
    from bench.books import make_books
    from bench.hot_accounts import hot_accounts
    from bench.http import bulk_requests, served_api, single_requests
    from bench.journal_import import LARGE, journal_import
    from bench.posting import batch_postings, single_postings
    from bench.trial_balance import LINES, load_lines, trial_balances

    rounds, duration_s, share = effort.rounds, effort.duration_s, effort.share

    def single() -> list[Row]:
        books = make_books("single", first=1, accounts=2)
        return [single_postings(server, books, rounds=rounds, duration_s=duration_s)]

    def batch() -> list[Row]:
        books = make_books("batch", first=11, accounts=2)
        return [batch_postings(books, rounds=rounds, batches=10 * duration_s)]

    def hot() -> list[Row]:
        books = make_books("hot", first=21, accounts=2, slots=16)
        spread = make_books("spread", first=10_001, accounts=1_000)
        return [hot_accounts(server, books, spread, rounds=rounds, duration_s=duration_s)]

    def http() -> list[Row]:
        books = make_books("http", first=31, accounts=2, slots=16)
        with served_api(books) as api:
            return [
                *single_requests(api, rounds=rounds, duration_s=2 * duration_s),
                bulk_requests(api, books, rounds=rounds, duration_s=2 * duration_s),
            ]

    def imported() -> list[Row]:
        return journal_import(make_books("import", first=41, accounts=2), large=LARGE // share)

    def reports() -> list[Row]:
        books = make_books("reports", first=20_001, accounts=200)
        load_lines(books, LINES // share)
        return [trial_balances(books, rounds=2 * rounds, lines=LINES // share)]

    def scattered() -> list[Row]:
        books = make_books("scattered", first=30_001, accounts=200)
        load_lines(books, LINES // share, scattered=True)
        what = ", dates scattered"
        return [trial_balances(books, rounds=2 * rounds, lines=LINES // share, what=what)]

    return {
        "single": single,
        "batch": batch,
        "hot": hot,
        "http": http,
        "import": imported,
        "reports": reports,
        "scattered": scattered,
    }


def invoicing_measures(effort: Effort) -> Measures:
    from bench.invoicing import (
        long_statement,
        one_page,
        sales_import,
        single_sales,
        very_many_invoices,
    )

    rounds, duration_s, share = effort.rounds, effort.duration_s, effort.share

    def sales() -> list[Row]:
        return single_sales(rounds=rounds, duration_s=duration_s)

    def sales_imported() -> list[Row]:
        return [sales_import(rounds=(rounds + 1) // 2)]

    def documents() -> list[Row]:
        return [one_page(rounds=3 * rounds)]

    def invoices() -> list[Row]:
        return [
            *very_many_invoices(rounds=rounds, invoices=100_000 // share),
            long_statement(rounds=rounds, movements=10_000 // share),
        ]

    return {
        "sales": sales,
        "import_sales": sales_imported,
        "documents": documents,
        "invoices": invoices,
    }


def settlements_measures(effort: Effort) -> Measures:
    from bench.settlements_reconcile import LINES as STATEMENT_LINES
    from bench.settlements_reconcile import SALES as RECONCILED
    from bench.settlements_reconcile import long_settlement_statement, reconciled_sales
    from bench.settlements_sales import recorded_sales
    from bench.settlements_settling import PAYEES, SALES, many_payees, one_large_payee

    rounds, duration_s = effort.rounds, effort.duration_s

    def settled_sales() -> list[Row]:
        return [recorded_sales(rounds=rounds, duration_s=duration_s)]

    def settling() -> list[Row]:
        return [
            *one_large_payee(sales=SALES // effort.share),
            many_payees(payees=PAYEES // effort.share),
        ]

    def reconciled() -> list[Row]:
        return [
            *reconciled_sales(rounds=rounds, sales=RECONCILED // effort.share),
            long_settlement_statement(rounds=rounds, lines=STATEMENT_LINES // effort.share),
        ]

    return {
        "settled_sales": settled_sales,
        "settling": settling,
        "reconciled_sales": reconciled,
    }


def analytics_measures(effort: Effort) -> Measures:
    from bench.funnel import funnel_snapshots

    def funnel() -> list[Row]:
        return funnel_snapshots(rounds=effort.rounds, duration_s=effort.duration_s)

    return {"funnel": funnel}


def machine() -> str:
    """What the figures depend on."""
    memory_gb = psutil.virtual_memory().total / 2**30
    load = os.getloadavg()[0]
    return (
        f"{os.cpu_count()} cores ({processor()}), {memory_gb:.0f} GB, {platform.system()} "
        f"{platform.release()}, Python {platform.python_version()}, load {load:.1f} before"
    )


def processor() -> str:
    try:
        with open("/proc/cpuinfo") as file:
            names = [line.partition(":")[2].strip() for line in file if "model name" in line]
    except FileNotFoundError:
        names = []
    return names[0] if names else platform.processor() or "unknown"


def table(rows: Sequence[Row]) -> Table:
    drawn = Table(title="How fast", title_justify="left", box=None, padding=(0, 2, 0, 0))
    for title in ("", "what", "figure", "", "against", "ratio", "promised"):
        drawn.add_column(title, justify="right" if title in ("figure", "ratio") else "left")
    for row in rows:
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        against = "" if row.baseline is None else f"{figure(row.baseline)}: "
        drawn.add_row(
            "" if not row.is_promised else "[green]✓[/]" if row.holds else "[red]✗[/]",
            row.name,
            figure(row.figure),
            row.unit,
            f"[dim]{against}{row.note}[/]",
            f"[bold]{ratio}[/]",
            row.promise,
        )
    return drawn


def figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:,.1f}"


if __name__ == "__main__":
    main()
