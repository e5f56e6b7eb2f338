"""Run every row of the table: `make bench`, or some: `make bench ARGS="--only http --quick"`."""

import json
import os
import platform
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping, Sequence

import psutil
from rich.console import Console
from rich.table import Table

from bench.measuring import Row
from bench.server import FOLDER, private_server
from core.servers import EmbeddedPostgres

RESULTS = FOLDER / "results.json"
MEASURES = ("single", "batch", "hot", "http", "import", "reports", "scattered")
# Beside the table: takes as long as all of it.
ON_DEMAND = ("scattered",)

Measures = Mapping[str, Callable[[], Sequence[Row]]]


def main() -> None:
    given = arguments()
    console = Console(width=120)
    console.print(f"Measuring on {machine()}", highlight=False)
    rows: list[Row] = []
    with private_server() as server:
        for name, measure in measures(server, quick=given.quick).items():
            if name in given.only:
                for row in measure():
                    rows.append(row)
                    console.print(f"  {row.name}: {figure(row.figure)} {row.unit}", highlight=False)
    RESULTS.write_text(json.dumps([row.as_json() for row in rows], indent=2) + "\n")
    console.print()
    console.print(table(rows))
    for row in rows:
        if not row.holds:
            console.print(f"✗ falls short: {row.name}, {row.ratio} < {row.at_least}", style="red")
    console.print(f"written to {RESULTS}", highlight=False)


def arguments() -> Namespace:
    parser = ArgumentParser(prog="python -m bench", description="Measure, into .local/bench/.")
    parser.add_argument(
        "--only", nargs="+", choices=MEASURES, default=[m for m in MEASURES if m not in ON_DEMAND]
    )
    parser.add_argument("--quick", action="store_true", help="a tenth of the work, rough figures")
    return parser.parse_args()


def measures(server: EmbeddedPostgres, *, quick: bool) -> Measures:
    """What is measured, in the order of the table; the largest tables come last."""
    # Django's models can be imported only now that it knows its database.
    from bench.books import make_books
    from bench.hot_accounts import hot_accounts
    from bench.http import bulk_requests, served_api, single_requests
    from bench.journal_import import LARGE, journal_import
    from bench.posting import batch_postings, single_postings
    from bench.trial_balance import LINES, load_lines, trial_balances

    rounds, duration_s, share = (2, 1, 10) if quick else (7, 2, 1)

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

    made = (single, batch, hot, http, imported, reports, scattered)
    return dict(zip(MEASURES, made, strict=True))


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
    for title in ("", "what", "figure", "", "against", "ratio", "at least"):
        drawn.add_column(
            title, justify="right" if title in ("figure", "ratio", "at least") else "left"
        )
    for row in rows:
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        against = "" if row.baseline is None else f"{figure(row.baseline)}: "
        drawn.add_row(
            "" if row.at_least is None else "[green]✓[/]" if row.holds else "[red]✗[/]",
            row.name,
            figure(row.figure),
            row.unit,
            f"[dim]{against}{row.note}[/]",
            f"[bold]{ratio}[/]",
            "" if row.at_least is None else str(row.at_least),
        )
    return drawn


def figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:,.1f}"


if __name__ == "__main__":
    main()
