"""A customer's statement: what moved the account, in order, and that it agrees with itself."""

import csv
import io
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bench.invoice_volume import fill_invoices
from invoicing import exports
from invoicing.models import CreditNote, Customer, Invoice
from invoicing.selectors.statements import customer_statement
from invoicing.services.crediting import issue_credit_note
from invoicing.services.customers import create_customer
from ledger.errors import PeriodReversed
from ledger.models import Account
from tests.fixtures import make_organization
from tests.invoicing.selling import DAY, Till, item

APRIL = date(2026, 4, 1)


@pytest.fixture
def till(system):
    return Till(system)


@pytest.fixture
def lindqvist(system):
    return create_customer(actor=system, name="Lindqvist AB", code="LIND")


@pytest.fixture
def foreign_accounts(acme):
    """Receivable, sales and tax in euros."""
    for code, type, role in (
        ("1100.EUR", "asset", "accounts_receivable"),
        ("4000.EUR", "revenue", "sales_revenue"),
        ("2200.EUR", "liability", "tax_payable"),
    ):
        Account.objects.create(
            organization=acme, code=code, name=code, type=type, role=role, currency="EUR"
        )


def statement(customer, since=None, until=APRIL, **others):
    return customer_statement(customer.organization, customer, since=since, until=until, **others)


def the_part(customer, *arguments, **others):
    [part] = statement(customer, *arguments, **others).currencies
    return part


def moved(part):
    return [(m.kind.value, m.occurred_on.day, m.amount, m.balance) for m in part.movements]


def give_credit(till, customer, amount, on=DAY, **others):
    return issue_credit_note(
        actor=till.actor,
        currency="GBP",
        items=[item(amount)],
        reason="sold before these books",
        customer=customer,
        on=on,
        **others,
    )


def test_every_kind_of_movement_is_there_with_its_sign_and_a_running_balance(till, lindqvist):
    invoice = till.invoice(customer=lindqvist)
    bounced = till.pay(invoice, 20_00, on=DAY + timedelta(1))
    till.reverse(bounced, on=DAY + timedelta(2))
    till.pay(invoice, on=DAY + timedelta(3))
    till.refund(invoice, 30_00, on=DAY + timedelta(4))
    give_credit(till, lindqvist, 10_00, on=DAY + timedelta(5))

    part = the_part(lindqvist)

    assert moved(part)[:4] == [
        ("invoice", 10, 120_00, 120_00),
        ("payment", 11, -20_00, 100_00),
        ("payment_taken_back", 12, 20_00, 120_00),
        ("payment", 13, -120_00, 0),
    ]
    assert sorted(kind for kind, *_ in moved(part)[4:6]) == ["credit_note", "refund"]
    assert moved(part)[6] == ("credit_note", 15, -12_00, -12_00)
    assert (part.opening_amount, part.closing_amount) == (0, -12_00)
    assert part.debit_amount - part.credit_amount == -12_00
    assert part.ties


def test_what_came_before_the_first_day_is_the_opening_balance(till, lindqvist):
    invoice = till.invoice(customer=lindqvist)
    till.pay(invoice, 20_00, on=DAY + timedelta(5))
    till.pay(invoice, 30_00, on=DAY + timedelta(9))

    part = the_part(lindqvist, DAY + timedelta(5), DAY + timedelta(8))

    assert part.opening_amount == 120_00
    assert moved(part) == [("payment", 15, -20_00, 100_00)]
    assert part.closing_amount == 100_00


def test_a_day_belongs_to_the_statement_that_begins_and_to_the_one_that_ends_on_it(till, lindqvist):
    till.invoice(customer=lindqvist)

    assert [m.amount for m in the_part(lindqvist, DAY, DAY).movements] == [120_00]
    assert statement(lindqvist, None, DAY - timedelta(1)).currencies == ()
    assert the_part(lindqvist, DAY + timedelta(1)).opening_amount == 120_00


def test_movements_of_one_day_stand_in_the_order_in_which_they_came(till, lindqvist):
    first = till.invoice(customer=lindqvist)
    paid = till.pay(first)
    second = till.invoice(customer=lindqvist)

    assert [m.id for m in the_part(lindqvist).movements] == [first.pk, paid.pk, second.pk]


def test_each_movement_names_its_document_and_its_entry(till, lindqvist):
    invoice = till.invoice(customer=lindqvist, reference="PO-7")
    payment = till.pay(invoice, provider_reference="FT-1")
    credited = till.refund(invoice, 12_00, reason="one was broken")

    charged, paid, *back = the_part(lindqvist).movements

    assert (charged.number, charged.id, charged.entry_id) == (
        invoice.number,
        invoice.pk,
        invoice.entry_id,
    )
    assert (charged.due_on, charged.description) == (invoice.due_on, "PO-7")
    assert (paid.number, paid.id, paid.entry_id) == (
        invoice.number,
        payment.pk,
        payment.entry_id,
    )
    assert (paid.due_on, paid.description) == (None, "Bank, FT-1")
    note, refund = sorted(back, key=lambda m: m.kind.value)
    assert note.number.startswith("CN-")
    assert note.description == "one was broken"
    assert (refund.number, refund.id) == (invoice.number, credited.pk)
    assert refund.description == "Bank, one was broken"


def test_currencies_stand_apart(till, lindqvist, foreign_accounts):
    till.invoice(customer=lindqvist)
    till.invoice(item(7_00), customer=lindqvist, currency="EUR")

    found = statement(lindqvist)

    assert [(p.currency, p.closing_amount) for p in found.currencies] == [
        ("EUR", 8_40),
        ("GBP", 120_00),
    ]
    [euros] = statement(lindqvist, currency="EUR").currencies
    assert euros.closing_amount == 8_40


def test_a_currency_that_is_asked_for_is_there_also_when_it_never_moved(lindqvist):
    part = the_part(lindqvist, currency="USD")

    assert (part.currency, part.opening_amount, part.closing_amount) == ("USD", 0, 0)
    assert part.movements == ()


def test_another_customer_and_another_organization_are_not_in_it(
    till, lindqvist, system, as_mallory
):
    other = create_customer(actor=system, name="Other")
    till.invoice(customer=other)
    stranger = create_customer(actor=as_mallory, name="Lindqvist AB", code="LIND")
    Till(as_mallory).invoice(customer=stranger)

    assert statement(lindqvist).currencies == ()
    assert customer_statement(till.organization, stranger, since=None, until=APRIL).currencies == ()


def test_without_a_customer_it_is_of_the_walk_in_sales(till, lindqvist):
    till.invoice(customer=lindqvist)
    till.invoice(item(1_00))

    [part] = customer_statement(till.organization, None, since=None, until=APRIL).currencies

    assert moved(part) == [("invoice", 10, 1_20, 1_20)]


def test_what_is_open_at_the_end_is_aged_on_that_day(till, lindqvist):
    late = till.invoice(customer=lindqvist)
    till.invoice(item(5_00), customer=lindqvist, on=DAY + timedelta(20))
    till.pay(late, 20_00)
    till.pay(late, 100_00, on=late.due_on + timedelta(11))

    part = the_part(lindqvist, until=late.due_on + timedelta(10))

    assert [(i.number, i.open_amount, i.days_overdue) for i in part.open_items] == [
        (late.number, 100_00, 10),
        ("INV-2026-00002", 6_00, 0),
    ]
    assert (part.aged.days_1_30_amount, part.aged.current_amount) == (100_00, 6_00)
    assert part.aged.total_amount == part.closing_amount


def test_an_invoice_over_nothing_is_a_movement_of_nothing(till, lindqvist):
    till.invoice(item(0), customer=lindqvist)

    part = the_part(lindqvist)

    assert [(m.amount, m.entry_id) for m in part.movements] == [(0, None)]
    assert part.open_items == ()


def test_refuses_a_period_that_ends_before_it_begins(lindqvist):
    with pytest.raises(PeriodReversed):
        statement(lindqvist, APRIL, DAY)


def test_takes_one_statement_whatever_is_in_it(till, lindqvist):
    with CaptureQueriesContext(connection) as none:
        statement(lindqvist)
    for _ in range(5):
        till.pay(till.invoice(customer=lindqvist), 1_00)

    with CaptureQueriesContext(connection) as many:
        statement(lindqvist, DAY)

    assert len(none) == len(many) == 1


def test_thousands_of_movements_are_one_statement_and_agree_with_the_documents(db):
    acme = make_organization("volume", "Volume Ltd")
    fill_invoices(acme, 1_000, customers=2)
    [customer] = Customer.objects.of(acme)
    given: Any = CreditNote.objects.of(acme).filter(customer=customer, invoice__isnull=True)

    part = the_part(customer, date(2024, 6, 1), date(2026, 12, 31))

    open_amounts = Invoice.objects.of(acme).filter(customer=customer).values_list("open_amount")
    owed = sum(amount for (amount,) in open_amounts)
    assert part.closing_amount == owed - sum(note.total_amount for note in given)
    assert len(part.movements) > 500
    assert part.ties


# --- Files ----------------------------------------------------------------------------------------


@pytest.fixture
def sold(till, lindqvist):
    invoice = till.invoice(customer=lindqvist, reference="=PO()")
    till.pay(invoice, 20_00)
    return statement(lindqvist, DAY)


def written(report, format):
    return b"".join(exports.export(report, format, printed_by="Alice"))


def test_csv_runs_from_opening_to_closing(sold):
    rows = list(csv.DictReader(io.StringIO(written(sold, "csv").decode())))

    assert [(r["row"], r["charged"], r["credited"], r["balance"]) for r in rows] == [
        ("opening", "", "", "0.00"),
        ("line", "120.00", "", "120.00"),
        ("line", "", "20.00", "100.00"),
        ("closing", "120.00", "20.00", "100.00"),
        ("ties", "", "", ""),
    ]
    assert rows[1]["description"] == "'=PO()"


def test_the_table_names_the_customer_and_says_that_it_ties(sold):
    text = written(sold, "table").decode()

    assert "Statement · Acme Ltd" in text
    assert "Lindqvist AB (LIND)" in text
    assert "Ties: open items = closing balance (GBP)" in text


def test_json_has_the_movements(sold):
    shown = exports.as_json(sold)

    assert shown["customer"]["code"] == "LIND"
    [part] = shown["currencies"]
    assert [m["balance"] for m in part["movements"]] == [120_00, 100_00]
    assert part["open_items"][0]["open_amount"] == 100_00


@pytest.mark.parametrize(("format", "begins"), [("pdf", b"%PDF"), ("xlsx", b"PK")])
def test_it_is_a_file_of_every_kind(sold, format, begins):
    assert written(sold, format).startswith(begins)
    assert exports.file_name(sold, format) == f"acme-statement-LIND-2026-04-01.{format}"
