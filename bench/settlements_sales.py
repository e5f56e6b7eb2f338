"""Sales of a market through the service: posted, owed to their payee, and in the audit trail."""

from collections.abc import Callable
from datetime import date
from itertools import count

from bench.books import make_books
from bench.invoicing import poster, rate, renew_statistics
from bench.measuring import Row, compare
from ledger.services.charts import install_chart
from organizations.actors import Actor
from organizations.models import Organization
from settlements.services.payees import create_payee
from settlements.services.sales import SaleDraft, record_sale

DAY = date(2010, 12, 1)
SOLD_BEFORE = 500
# Of the rate of one posting.
AT_LEAST = 0.5


def recorded_sales(*, rounds: int, duration_s: float) -> Row:
    """One sale a transaction, with fee and organizer's part, on one connection."""
    organization = Organization.objects.create(
        slug="market-sales", name="Market", currency="EUR", country="IE"
    )
    actor = Actor.system(organization)
    install_chart(actor=actor, chart="ticketing")
    create_payee(
        actor=actor, code="ana", name="Ana", currency="EUR", fee_policy={"percentage": "10"}
    )
    sell = _seller(actor)
    # On empty tables, and without statistics, PostgreSQL plans for neither.
    for _ in range(SOLD_BEFORE):
        sell()
    renew_statistics()
    books = make_books("market-sales-books", first=61, accounts=2)

    found = compare(
        candidate=lambda: rate(sell, duration_s),
        baseline=lambda: rate(poster(books), duration_s),
        rounds=rounds,
    )
    return Row(
        "record_sale, one sale per transaction, one connection",
        figure=found.candidate,
        unit="sales/s",
        ratio=found.ratio,
        at_least=AT_LEAST,
        baseline=found.baseline,
        note="post_entries with one entry",
    )


def _seller(actor: Actor) -> Callable[[], None]:
    numbers = count(1)

    def sell() -> None:
        draft = SaleDraft(
            reference=f"sale-{next(numbers)}",
            payee="ana",
            sold_on=DAY,
            method="card",
            total_amount=110_00,
            currency="EUR",
        )
        record_sale(actor=actor, draft=draft)

    return sell
