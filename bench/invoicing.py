"""Orders, invoices and payments through the services, and what is asked of very many of them."""

import time
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from statistics import median

from django.db import connection, transaction

from bench.books import Books, make_books, two_line_drafts
from bench.invoice_volume import fill_invoices
from bench.measuring import Row, compare, stopwatch
from core.servers import PROJECT
from invoicing.documents import invoice_document, render_pdf
from invoicing.imports.importing import SalesImport
from invoicing.imports.rates import sales_rates
from invoicing.models import Customer, Invoice
from invoicing.selectors.ageing import ageing
from invoicing.selectors.customers import get_customer
from invoicing.selectors.invoices import get_invoice
from invoicing.selectors.reconciliation import check_invoices
from invoicing.selectors.statements import Statement, customer_statement
from invoicing.services.customers import create_customer
from invoicing.services.issuing import invoice_order, issue_invoice
from invoicing.services.orders import ItemDraft, create_order, lock_order
from invoicing.services.paying import PaymentDraft
from invoicing.services.payments import record_payment
from invoicing.services.tax_rates import create_tax_rate
from ledger.services.charts import install_chart
from ledger.services.posting import post_entries
from organizations.actors import Actor
from organizations.models import Organization

# Of the time of one posting.
MOST_TIMES = 8
SOLD_BEFORE = 500
DOCUMENTS_PER_SECOND = 100
DAY = date(2010, 12, 1)
SALES_FILE = PROJECT / "demo/data/online_retail_2010_12.csv"


def single_sales(*, rounds: int, duration_s: float) -> list[Row]:
    """An order of three items created, locked, invoiced and paid: by one use case, and by four,
    each with its transaction, audit and events."""
    actor, customer = _shop("sales")
    books = make_books("sales-books", first=51, accounts=2)
    # A shop that has sold before: on empty tables, and without statistics, PostgreSQL plans for
    # neither.
    for _ in range(SOLD_BEFORE):
        _sell(actor, customer)
    renew_statistics()

    def row(name: str, sell: Callable[[Actor, Customer], None]) -> Row:
        found = compare(
            candidate=lambda: rate(lambda: sell(actor, customer), duration_s),
            baseline=lambda: rate(poster(books), duration_s),
            rounds=rounds,
        )
        return Row(
            f"order, lock, issue, pay: {name}, one connection",
            figure=found.candidate,
            unit="sales/s",
            ratio=found.ratio,
            at_least=1 / MOST_TIMES,
            baseline=found.baseline,
            note="post_entries with one entry",
        )

    return [row("one call", _sell_at_once), row("four calls", _sell)]


def sales_import(*, rounds: int) -> Row:
    """The demo's file with its payments and refunds, each time into another organization."""
    rates = [_import(f"import-{number}") for number in range(rounds)]
    return Row(
        "import_sales of the real file, with payments",
        figure=sorted(rates)[len(rates) // 2],
        unit="documents/s",
        figure_at_least=DOCUMENTS_PER_SECOND,
    )


def very_many_invoices(*, rounds: int, invoices: int) -> list[Row]:
    """Ageing and reconciliation of so many invoices with their payments and credit notes."""
    organization = _organization("very-many")
    fill_invoices(organization, invoices)
    renew_statistics()
    day = date(2025, 12, 31)
    if not ageing(organization, as_of=day).ties or not check_invoices(organization).passed:
        raise RuntimeError("the invoices do not tie with the ledger")
    return [
        Row(
            f"ageing over {invoices:,} invoices",
            figure=_milliseconds(lambda: ageing(organization, as_of=day), rounds),
            unit="ms",
            figure_at_most=1_000,
        ),
        Row(
            f"reconciling {invoices:,} invoices with the ledger",
            figure=_milliseconds(lambda: check_invoices(organization), max(1, rounds // 3)),
            unit="ms",
            figure_at_most=20_000,
        ),
    ]


def long_statement(*, rounds: int, movements: int) -> Row:
    """The statement of a customer with at least so many movements."""
    organization = _organization("long-statement")
    # Every other invoice is this customer's; each makes 1.9 movements.
    fill_invoices(organization, movements * 6 // 5, customers=2)
    renew_statistics()
    customer = get_customer(organization, "C1")

    def state() -> Statement:
        return customer_statement(organization, customer, since=None, until=date(2026, 12, 31))

    [part] = state().currencies
    if len(part.movements) < movements or not part.ties:
        raise RuntimeError(f"{len(part.movements)} movements, ties: {part.ties}")
    return Row(
        f"a statement of {len(part.movements):,} movements",
        figure=_milliseconds(state, rounds),
        unit="ms",
        figure_at_most=1_000,
    )


def one_page(*, rounds: int) -> Row:
    """An invoice of one page, from the database to the PDF."""
    actor, customer = _shop("printed")
    _sell(actor, customer)
    [issued] = Invoice.objects.of(actor.organization)

    def print_it() -> bytes:
        return render_pdf(invoice_document(get_invoice(actor.organization, issued.pk)))

    if not print_it().startswith(b"%PDF-"):
        raise RuntimeError("no PDF")
    return Row(
        "an invoice of one page as PDF",
        figure=_milliseconds(print_it, rounds),
        unit="ms",
        figure_at_most=100,
    )


def _milliseconds(do: Callable[[], object], rounds: int) -> float:
    """The median of several rounds after a warm-up."""
    do()
    taken = []
    for _ in range(rounds):
        with stopwatch() as watch:
            do()
        taken.append(watch.seconds * 1_000)
    return median(taken)


def renew_statistics() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _organization(slug: str) -> Organization:
    organization = Organization.objects.create(
        slug=slug, name=slug.title(), currency="GBP", country="GB"
    )
    install_chart(actor=Actor.system(organization), chart="retail")
    return organization


def _shop(slug: str) -> tuple[Actor, Customer]:
    actor = Actor.system(_organization(slug))
    create_tax_rate(actor=actor, code="VAT", name="VAT", percentage=Decimal("17.5"), country="GB")
    return actor, create_customer(actor=actor, name="A customer", country="GB")


def _sell(actor: Actor, customer: Customer) -> None:
    order = create_order(actor=actor, currency="GBP", items=_ITEMS, customer=customer)
    order = lock_order(actor=actor, order=order, on=DAY)
    invoice = issue_invoice(actor=actor, order=order, issued_on=DAY)
    record_payment(actor=actor, invoice=invoice, method="bank", on=DAY)


def _sell_at_once(actor: Actor, customer: Customer) -> None:
    invoice_order(
        actor=actor,
        currency="GBP",
        items=_ITEMS,
        customer=customer,
        issued_on=DAY,
        payment=PaymentDraft("bank"),
    )


_ITEMS = [
    ItemDraft("Lantern", Decimal(6), 3_39, sku="71053"),
    ItemDraft("Cupid hearts coat hanger", Decimal(8), 2_75, sku="84406B"),
    ItemDraft("Glass star frosted T-light holder", Decimal("2.5"), 4_25, sku="21730"),
]


def poster(books: Books) -> Callable[[], None]:
    one, other = books.accounts[:2]

    def post() -> None:
        drafts = two_line_drafts(1, from_code=one.code, to_code=other.code)
        with transaction.atomic(durable=True):
            post_entries(books.organization, drafts)

    return post


def rate(do: Callable[[], None], duration_s: float) -> float:
    """How often a second."""
    done = 0
    start = now = time.perf_counter()
    while now < start + duration_s:
        do()
        done += 1
        now = time.perf_counter()
    return done / (now - start)


def _import(slug: str) -> float:
    """Documents a second, counting neither payments nor refunds."""
    organization = _organization(slug)
    run = SalesImport(
        Actor.system(organization), "GBP", sales_rates(organization), sample_payments=True
    )
    with SALES_FILE.open("rb") as file, stopwatch() as watch:
        tally = run.run(file)
    documents = tally.invoices + tally.credit_notes
    if not documents or not tally.is_complete:
        raise RuntimeError(f"the import came to {tally}")
    return documents / watch.seconds
