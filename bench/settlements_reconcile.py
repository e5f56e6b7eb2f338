"""Reconciling very many sales with the ledger, and telling what payees are owed and were paid."""

from collections.abc import Callable
from datetime import date
from statistics import median

from bench.invoicing import renew_statistics
from bench.measuring import Row, stopwatch
from bench.settlement_volume import market_with_sales
from organizations.actors import Actor
from settlements.documents import render_pdf, statement_document
from settlements.selectors.payees import get_payee
from settlements.selectors.positions import payee_positions
from settlements.selectors.reconciliation import check_settlements
from settlements.selectors.settlements import get_settlement
from settlements.selectors.statements import settlement_statement
from settlements.services.running import run_settlements
from settlements.services.settling import calculate_settlement

SALES, PAYEES, LINES = 100_000, 100, 10_000
# Half of the days that sales are of.
HALF, THROUGH = date(2010, 12, 14), date(2010, 12, 31)
MOST_S, MOST_S_OF_POSITIONS, MOST_S_OF_A_STATEMENT = 10, 3, 20


def reconciled_sales(*, rounds: int, sales: int = SALES) -> list[Row]:
    """So many sales of a hundred payees, half of them settled; and what the payees are owed."""
    organization = market_with_sales("reconciled", sales, payees=PAYEES)
    run_settlements(organization, through=HALF)
    renew_statistics()

    def check() -> None:
        result = check_settlements(organization)
        if not result.passed:
            raise RuntimeError(f"it does not reconcile: {result.findings[0].message}")

    def positions() -> None:
        found = payee_positions(organization, as_of=HALF)
        if len(found) != PAYEES or not all(position.ties for position in found):
            raise RuntimeError("what payees are owed does not tie")

    return [
        Row(
            f"reconciling {sales:,} sales, their settlements and the ledger",
            figure=_seconds(check, rounds),
            unit="s",
            figure_at_most=MOST_S,
        ),
        Row(
            f"what {PAYEES} payees are owed on a day, {sales:,} sales",
            figure=_seconds(positions, rounds),
            unit="s",
            figure_at_most=MOST_S_OF_POSITIONS,
        ),
    ]


def long_settlement_statement(*, rounds: int, lines: int = LINES) -> Row:
    """The PDF of a settlement of so many sales, from the database."""
    organization = market_with_sales("statement", lines * 48 // 50)
    made = calculate_settlement(
        actor=Actor.system(organization), payee=get_payee(organization, "payee-0"), through=THROUGH
    )

    def statement() -> None:
        settlement = get_settlement(organization, made.pk)
        told = settlement_statement(organization, settlement)
        render_pdf(statement_document(told, "pdf"))

    return Row(
        f"a settlement's statement of {made.item_count:,} lines as PDF",
        figure=_seconds(statement, min(rounds, 3)),
        unit="s",
        figure_at_most=MOST_S_OF_A_STATEMENT,
    )


def _seconds(work: Callable[[], None], rounds: int) -> float:
    """The median of several runs."""
    found = []
    for _ in range(rounds):
        with stopwatch() as watch:
            work()
        found.append(watch.seconds)
    return median(found)
