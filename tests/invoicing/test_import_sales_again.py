"""The command that imports sales, run again, killed and completed, and on files of any length."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError
from django.db import OperationalError

from invoicing.imports.booking import Booking
from invoicing.imports.importing import SalesImport
from invoicing.imports.rates import sales_rates
from invoicing.models import CreditNote, Customer, FinancialTransaction, Invoice, Order, TaxRate
from invoicing.services.payments import reverse_payment
from ledger.models import JournalEntry
from ledger.reconciliation import run_checks
from ledger.selectors.integrity import verify_books
from organizations.actors import Actor
from organizations.models import AuditEvent, Organization
from tests.fixtures import make_organization
from tests.invoicing.sales_files import HEADING, SALES_FILE, row, write_sales
from tests.invoicing.sales_files import run_import as run
from tests.invoicing.selling import statements_of

WRITTEN = (
    AuditEvent,
    CreditNote,
    Customer,
    FinancialTransaction,
    Invoice,
    JournalEntry,
    Order,
    TaxRate,
)

pytestmark = pytest.mark.django_db(transaction=True)

Sales = Callable[..., Path]


@pytest.fixture
def sales(tmp_path: Path) -> Sales:
    """sales(row, …) writes a file of these rows."""
    return partial(write_sales, tmp_path)


@pytest.fixture
def real_slice(tmp_path: Path) -> Path:
    """The first 60 invoice numbers of the real file, with lines and documents without money, a
    walk-in and credit notes among them."""
    lines = SALES_FILE.read_text().splitlines()
    numbers = list(dict.fromkeys(line.partition(",")[0] for line in lines[1:]))[:60]
    path = tmp_path / "slice.csv"
    path.write_text("\n".join(x for x in lines if x.partition(",")[0] in ("InvoiceNo", *numbers)))
    return path


def rows_written(organization: Organization) -> list[int]:
    return [model.objects.of(organization).count() for model in WRITTEN]


# --- Again, and after a kill ----------------------------------------------------------------------


def test_creates_nothing_in_a_second_run(acme: Organization, real_slice: Path) -> None:
    first, _ = run(real_slice, "--payments=sample")
    written = rows_written(acme)

    second, status = run(real_slice, "--payments=sample")

    assert first[0] == "imported 56 invoices and 3 credit notes, there already 0"
    assert (second[0], status) == ("imported 0 invoices and 0 credit notes, there already 59", 0)
    assert second[1] == "customers 0, payments 0, refunds 0"
    assert rows_written(acme) == written


@pytest.mark.parametrize("steps", [1, 30, 85])
def test_is_completed_by_the_next_run_where_one_was_killed(
    acme: Organization, real_slice: Path, monkeypatch: Any, steps: int
) -> None:
    other = make_organization("other", "Other Ltd", country="GB")
    run(real_slice, "--payments=sample", organization="other")
    honest, taken = Booking.book, Counter[str]()

    def killed(booking: Booking, step: Any) -> Any:
        taken["steps"] += 1
        if taken["steps"] > steps:
            raise OperationalError("server closed the connection unexpectedly")
        return honest(booking, step)

    monkeypatch.setattr(Booking, "book", killed)
    with pytest.raises(CommandError, match="Run this again: nothing comes in twice"):
        run(real_slice, "--payments=sample", "--batch-size=4")
    monkeypatch.undo()

    _, status = run(real_slice, "--payments=sample")

    assert status == 0
    assert facts(acme) == facts(other)
    assert all(result.passed for result in run_checks(acme, ["invoices"]))
    assert verify_books(acme).ties


def facts(organization: Organization) -> list[Any]:
    """All that the import has written, without ids and times."""
    invoices = Invoice.objects.of(organization).values_list(
        "number", "order__reference", "issued_on", "total_amount", "paid_amount", "credited_amount"
    )
    notes = CreditNote.objects.of(organization).values_list(
        "number", "reference", "issued_on", "total_amount", "refunded_amount", "invoice__number"
    )
    money = FinancialTransaction.objects.of(organization).values_list(
        "type", "method", "amount", "occurred_on", "invoice__number", "credit_note__number"
    )
    return [sorted(rows, key=str) for rows in (invoices, notes, money)]


def test_pays_no_invoice_again_whose_sample_payment_bounced(
    acme: Organization, sales: Sales
) -> None:
    run(sales(row("1")), "--payments=sample")
    [paid] = FinancialTransaction.objects.of(acme)
    reverse_payment(actor=Actor.system(acme), payment=paid, reason="bounced", on=date(2010, 12, 6))

    said, _ = run(sales(row("1")), "--payments=sample")

    assert said[1] == "customers 0, payments 0, refunds 0"


# --- In bounded time and memory -------------------------------------------------------------------


def test_asks_the_database_as_often_for_many_items_as_for_one(
    acme: Organization, sales: Sales
) -> None:
    counts = []
    for number, items in (("1", 1), ("2", 1), ("5", 200)):
        path = sales(*(row(number, sku=f"s{item}") for item in range(items)))
        counts.append(len(statements_of(partial(run, path))))

    assert counts[2] == counts[1]


def test_holds_no_more_than_a_batch(acme: Organization, monkeypatch: Any) -> None:
    """What is read is booked before more of it is read."""
    read = Counter[str]()
    ahead: list[int] = []

    def lines() -> Iterator[bytes]:
        yield HEADING.encode()
        for number in range(1, 41):
            read["documents"] += 1
            yield row(str(3 * number)).encode()

    honest = Booking.book

    def book(booking: Booking, step: Any) -> Any:
        read["booked"] += 1
        ahead.append(read["documents"] - read["booked"])
        return honest(booking, step)

    monkeypatch.setattr(Booking, "book", book)
    SalesImport(Actor.system(acme), "GBP", sales_rates(acme), batch_size=5).run(lines())

    assert read["booked"] == 40
    assert max(ahead) <= 5
