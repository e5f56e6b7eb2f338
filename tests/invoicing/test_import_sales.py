"""The command that leads a sales file through orders and invoices."""

import csv
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest
from django.core.management import CommandError

from invoicing.models import Customer, FinancialTransaction, Invoice, NumberCounter, TaxRate
from invoicing.services.orders import ItemDraft, create_order
from invoicing.services.payments import record_payment
from invoicing.services.tax_rates import create_tax_rate
from ledger.selectors.balances import balance_at
from ledger.services.periods import close_books
from organizations.actors import Actor
from organizations.models import Organization
from tests.fixtures import make_organization
from tests.invoicing.sales_files import (
    HEADING,
    cancelled,
    invoice,
    note,
    row,
    write_sales,
)
from tests.invoicing.sales_files import run_import as run

pytestmark = pytest.mark.django_db(transaction=True)

Sales = Callable[..., Path]


@pytest.fixture
def sales(tmp_path: Path) -> Sales:
    """sales(row, …) writes a file of these rows."""
    return partial(write_sales, tmp_path)


def balances(organization: Organization, *codes: str) -> tuple[int, ...]:
    return tuple(balance_at(organization, code, date.max) for code in codes)


def report(path: Path) -> list[tuple[str, ...]]:
    with path.open(encoding="utf-8") as file:
        return [
            (x["line"], x["document"], x["scope"], x["outcome"], x["code"])
            for x in csv.DictReader(file)
        ]


# --- What becomes of a document -------------------------------------------------------------------


def test_orders_locks_and_invoices_a_sale_on_its_date(acme: Organization, sales: Sales) -> None:
    said, status = run(
        sales(
            row("536365", quantity="6", price="2.55"),
            row("536365", quantity="0.5", price="3.39", sku="71053"),
        )
    )

    sold = invoice(acme, "536365")
    assert (said[0], status) == ("imported 1 invoices and 0 credit notes, there already 0", 0)
    assert (sold.issued_on, sold.order.taxed_on) == (date(2010, 12, 1), date(2010, 12, 1))
    assert (sold.subtotal_amount, sold.tax_amount, sold.status) == (17_00, 2_98, "open")
    assert [item.quantity for item in sold.order.items.all()] == [6, Decimal("0.5")]
    assert sold.customer is not None
    assert (sold.customer.code, sold.customer.name) == ("17850", "Customer 17850")
    assert balances(acme, "1100", "4000", "2200") == (19_98, 17_00, 2_98)


def test_taxes_what_goes_abroad_with_the_export_rate(acme: Organization, sales: Sales) -> None:
    run(sales(row("1", country="EIRE"), row("2", country="Unspecified", customer="12345")))

    for number, country in (("1", "EIRE"), ("2", "Unspecified")):
        [line] = invoice(acme, number).order.tax_lines.all()
        assert (line.code, line.category, line.tax_amount) == ("EXPORT-ZERO", "zero", 0)
        assert invoice(acme, number).order.metadata == {"country": country}
    assert invoice(acme, "1").order.country == "IE"
    assert not TaxRate.objects.of(acme).filter(code="GB-STANDARD").exists()


def test_charges_the_rate_of_the_day(acme: Organization, sales: Sales) -> None:
    run(sales(row("1", moment="1/3/2011 9:00"), row("2", moment="1/4/2011 9:00")))

    assert invoice(acme, "1").tax_amount == 1_75
    assert invoice(acme, "2").tax_amount == 2_00


def test_takes_a_walk_ins_cash_with_the_sale(acme: Organization, sales: Sales) -> None:
    run(sales(row("1", customer="")))

    assert invoice(acme, "1").status == "paid"
    assert balances(acme, "1000", "1100") == (11_75, 0)


def test_lets_customers_owe_unless_samples_are_asked_for(acme: Organization, sales: Sales) -> None:
    path = sales(row("1"), row("3"))

    assert run(path)[0][1] == "customers 1, payments 0, refunds 0"
    assert run(path, "--payments=sample")[0][1] == "customers 0, payments 1, refunds 0"

    [paid] = FinancialTransaction.objects.of(acme)
    assert paid.occurred_on == date(2010, 12, 5)
    assert (invoice(acme, "1").status, invoice(acme, "3").status) == ("paid", "open")


# --- Cancellations --------------------------------------------------------------------------------


def test_credits_the_latest_invoice_that_holds_the_goods(acme: Organization, sales: Sales) -> None:
    run(sales(row("1"), row("2", moment="12/2/2010 8:00"), row("3", sku="x"), cancelled()))

    assert note(acme, "C9").invoice == invoice(acme, "2")
    assert (note(acme, "C9").subtotal_amount, note(acme, "C9").tax_amount) == (2_00, 35)
    assert [item.quantity for item in note(acme, "C9").items.all()] == [2]


@pytest.mark.parametrize(
    "others",
    [
        {"quantity": "-11"},
        {"price": "0.99"},
        {"sku": "x"},
        {"customer": "13047"},
        {"country": "France"},
        {"moment": "11/30/2010 9:00"},
    ],
)
def test_credits_the_customer_where_no_invoice_fits(
    acme: Organization, sales: Sales, others: dict[str, str]
) -> None:
    _, status = run(sales(row("1"), cancelled(**others)))

    assert status == 0
    assert note(acme, "C9").invoice is None
    assert invoice(acme, "1").credited_amount == 0


def test_credits_no_invoice_that_was_paid(acme: Organization, sales: Sales) -> None:
    run(sales(row("1")))
    record_payment(
        actor=Actor.system(acme),
        invoice=invoice(acme, "1"),
        method="bank",
        amount=1,
        on=date(2010, 12, 1),
    )

    run(sales(row("1"), cancelled()))

    assert note(acme, "C9").invoice is None


def test_credits_each_piece_once(acme: Organization, sales: Sales) -> None:
    run(sales(row("1"), *(cancelled(f"C{n}", quantity="-4") for n in (7, 8, 9))))

    found = [note(acme, f"C{n}").invoice for n in (7, 8, 9)]
    assert found == [invoice(acme, "1"), invoice(acme, "1"), None]


def test_takes_back_pieces_of_two_lines_at_one_price(acme: Organization, sales: Sales) -> None:
    run(sales(row("1", quantity="3"), row("1", quantity="4"), cancelled(quantity="-5")))

    assert [item.quantity for item in note(acme, "C9").items.all()] == [3, 2]
    assert note(acme, "C9").invoice == invoice(acme, "1")


def test_credits_no_invoice_on_which_the_tax_would_be_another(
    acme: Organization, sales: Sales
) -> None:
    # 0.10 bears 0.02 (1.75 pence). Three such notes over an invoice of 0.30, which bears 0.05
    # (5.25), would have to take back 0.02, 0.02 and 0.01.
    parts = [cancelled(f"C{n}", quantity="-1", price="0.10") for n in (7, 8, 9)]
    run(sales(row("1", quantity="3", price="0.10"), *parts))

    assert [note(acme, f"C{n}").tax_amount for n in (7, 8, 9)] == [2, 2, 2]
    assert note(acme, "C8").invoice == invoice(acme, "1")
    assert note(acme, "C9").invoice is None


def test_refunds_a_walk_in_in_cash(acme: Organization, sales: Sales) -> None:
    run(sales(cancelled(customer="")))

    assert note(acme, "C9").refunded_amount == 2_35
    assert balances(acme, "1000", "1100", "4080") == (-2_35, 0, -2_00)


def test_refunds_what_is_credited_beyond_the_debt(acme: Organization, sales: Sales) -> None:
    said, _ = run(
        sales(row("3", quantity="1"), cancelled("C8", sku="x"), cancelled("C9", sku="y")),
        "--payments=sample",
    )

    # 1.18 are owed; of 2.35 half is refunded, and of the next 2.35 all.
    assert said[1] == "customers 1, payments 0, refunds 2"
    assert note(acme, "C8").refunded_amount == 1_17
    assert note(acme, "C9").refunded_amount == 2_35
    assert balances(acme, "1010", "1100") == (-3_52, 0)


def test_leaves_credit_to_the_customers_good_without_samples(
    acme: Organization, sales: Sales
) -> None:
    run(sales(cancelled()))

    assert note(acme, "C9").refunded_amount == 0
    assert balances(acme, "1100") == (-2_35,)


def test_pays_nothing_that_was_cancelled_before(acme: Organization, sales: Sales) -> None:
    run(sales(row("1"), cancelled()), "--payments=sample")

    assert invoice(acme, "1").paid_amount == 0


# --- Dirt -----------------------------------------------------------------------------------------


def test_names_what_is_left_out_and_brings_in_the_rest(
    acme: Organization, sales: Sales, tmp_path: Path
) -> None:
    path = sales(
        row("1"),
        row("1", price="0"),
        row("2", quantity="many"),
        row("2"),
        row("3", customer="1"),
        row("3", customer="2"),
        row("4", price="0"),
        "nonsense",
        row("5", quantity="-1"),
        row("6", price="0.001"),
        row("7", moment="1/1/2009 9:00"),
        row("8"),
    )

    said, status = run(path, f"--report={tmp_path / 'report.csv'}")

    assert (said[0], status) == ("imported 2 invoices and 0 credit notes, there already 0", 1)
    assert said[2:] == [
        "left out without money: 1 documents, 2 lines",
        "refused 5 documents, 3 lines",
    ]
    assert report(tmp_path / "report.csv") == [
        ("3", "1", "line", "left out", "line_without_money"),
        ("4", "2", "line", "refused", "invalid_quantity"),
        ("4", "2", "document", "refused", "unreadable_line"),
        ("6", "3", "document", "refused", "mixed_customer"),
        ("8", "4", "line", "left out", "line_without_money"),
        ("9", "", "line", "refused", "invalid_number"),
        ("8", "4", "document", "left out", "document_without_money"),
        ("10", "5", "document", "refused", "wrong_sign"),
        ("11", "6", "line", "refused", "price_too_fine"),
        ("11", "6", "document", "refused", "unreadable_line"),
        ("12", "7", "document", "refused", "no_tax_rate"),
    ]


def test_shows_the_refusals_on_the_screen(
    acme: Organization, sales: Sales, capsys: pytest.CaptureFixture[str]
) -> None:
    run(sales(row("1", price="\x1b[31m")))

    shown = capsys.readouterr().err
    assert r"line 2, 1: invalid_price: the price “\x1b[31m” is no number from 0 up" in shown


def test_brings_in_the_others_of_a_batch_where_the_books_refuse_one(
    acme: Organization, sales: Sales, tmp_path: Path
) -> None:
    close_books(actor=Actor.system(acme), through=date(2010, 11, 30))
    late = row("2", moment="11/30/2010 9:00", customer="99999")

    said, status = run(sales(row("1"), late, row("3")), f"--report={tmp_path / 'report.csv'}")

    assert (said[0], status) == ("imported 2 invoices and 0 credit notes, there already 0", 1)
    assert report(tmp_path / "report.csv") == [("3", "2", "document", "refused", "books_closed")]
    assert not Customer.objects.of(acme).filter(code="99999").exists()
    assert NumberCounter.objects.of(acme).get().last_number == 2


@pytest.mark.parametrize(("number", "sign"), [("2", ""), ("C2", "-")])
def test_refuses_amounts_that_exceed_the_books(
    acme: Organization, sales: Sales, tmp_path: Path, number: str, sign: str
) -> None:
    huge = row(number, quantity=f"{sign}99999999999", price="999999999999.99")

    run(sales(row("1"), huge), f"--report={tmp_path / 'report.csv'}")

    assert report(tmp_path / "report.csv") == [
        ("3", number, "document", "refused", "amount_out_of_range")
    ]


def test_refuses_what_comes_back_under_a_number_that_is_taken(
    acme: Organization, sales: Sales, tmp_path: Path
) -> None:
    path = sales(row("1"), row("2"), row("1", sku="x"))

    _, status = run(path, f"--report={tmp_path / 'report.csv'}")

    assert status == 1
    assert report(tmp_path / "report.csv") == [("4", "1", "document", "refused", "number_taken")]
    assert invoice(acme, "1").order.items.count() == 1


@pytest.mark.parametrize(
    "others", [{"moment": "12/2/2010 9:00"}, {"customer": "1"}, {"price": "2"}]
)
def test_refuses_another_document_under_the_number_of_an_earlier_run(
    acme: Organization, sales: Sales, others: dict[str, str]
) -> None:
    run(sales(row("1")))

    said, status = run(sales(row("1", **others)))

    assert (said[3], status) == ("refused 1 documents, 0 lines", 1)


def test_refuses_the_number_of_an_order_that_has_no_invoice(
    acme: Organization, sales: Sales, tmp_path: Path
) -> None:
    items = [ItemDraft("A thing", Decimal(10), 1_00, sku="85123A")]
    create_order(actor=Actor.system(acme), currency="GBP", items=items, reference="1")

    run(sales(row("1")), f"--report={tmp_path / 'report.csv'}")

    assert report(tmp_path / "report.csv")[0][4] == "not_invoiced"


def test_refuses_a_file_that_is_no_sales_file(acme: Organization, tmp_path: Path) -> None:
    path = tmp_path / "other.csv"
    path.write_text("a,b\n1,2\n")

    with pytest.raises(CommandError, match="heading needs each of InvoiceNo"):
        run(path)


def test_does_not_empty_the_file_for_its_report(acme: Organization, sales: Sales) -> None:
    path = sales(row("1"))

    with pytest.raises(CommandError, match="is the sales file itself"):
        run(path, f"--report={path}")

    assert path.read_text().startswith(HEADING)


# --- Whose rates, which organization --------------------------------------------------------------


def test_takes_the_rates_that_are_named(sales: Sales) -> None:
    shop = make_organization("laden", "Laden", currency="EUR", country="DE")
    actor = Actor.system(shop)
    for code, percentage, country in (("UST", "19", "DE"), ("FREI", "0", "")):
        create_tax_rate(
            actor=actor, code=code, name=code, percentage=Decimal(percentage), country=country
        )

    _, status = run(
        sales(row("1", country="Germany"), row("2", country="United Kingdom")),
        "--standard-rate=UST",
        "--export-rate=FREI",
        organization="laden",
    )

    assert status == 0
    assert (invoice(shop, "1").tax_amount, invoice(shop, "2").tax_amount) == (1_90, 0)
    assert invoice(shop, "1").currency == "EUR"


@pytest.mark.parametrize(
    ("options", "problem"),
    [([], "name its standard rate"), (["--standard-rate=UST"], "there is no tax rate UST")],
)
def test_guesses_no_rate_of_another_country(sales: Sales, options: list[str], problem: str) -> None:
    make_organization("laden", "Laden", currency="EUR", country="DE")

    with pytest.raises(CommandError, match=problem):
        run(sales(row("1", country="Germany")), *options, organization="laden")


def test_keeps_to_its_organization(
    acme: Organization, mallory_ltd: Organization, sales: Sales
) -> None:
    run(sales(row("1")), organization="mallory-ltd")

    said, _ = run(sales(row("1")))

    assert said[0] == "imported 1 invoices and 0 credit notes, there already 0"
    assert Invoice.objects.of(acme).count() == Invoice.objects.of(mallory_ltd).count() == 1
