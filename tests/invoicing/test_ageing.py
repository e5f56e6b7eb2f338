"""Ageing: who owed what on any day, as it stood then, and that it is what the ledger says."""

import csv
import io
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bench.invoice_volume import fill_invoices
from invoicing import exports
from invoicing.open_items import Aged, Bucket
from invoicing.selectors.ageing import WALK_IN, ageing
from invoicing.services.crediting import issue_credit_note
from invoicing.services.customers import create_customer
from invoicing.services.refunds import refund_credit_note
from ledger.drafts import credit, debit
from ledger.models import Account
from ledger.selectors.balances import balance_at
from tests.fixtures import make_organization
from tests.invoicing.selling import DAY, RECEIVABLE, Till, item

END = date(2030, 1, 1)


@pytest.fixture
def till(system):
    return Till(system)


@pytest.fixture
def lindqvist(system):
    return create_customer(actor=system, name="Lindqvist AB", code="LIND")


def the_part(organization, as_of, **others):
    [part] = ageing(organization, as_of=as_of, **others).currencies
    return part


def the_row(organization, as_of, **others):
    [row] = the_part(organization, as_of, **others).rows
    return row


def give_credit(till, amount, on=DAY, **others):
    return issue_credit_note(
        actor=till.actor,
        currency="GBP",
        items=[item(amount)],
        reason="sold before these books",
        on=on,
        **others,
    )


@pytest.mark.parametrize(
    ("days", "bucket"),
    [
        (-1, Bucket.CURRENT),
        (0, Bucket.CURRENT),
        (1, Bucket.DAYS_1_30),
        (30, Bucket.DAYS_1_30),
        (31, Bucket.DAYS_31_60),
        (60, Bucket.DAYS_31_60),
        (61, Bucket.DAYS_61_90),
        (90, Bucket.DAYS_61_90),
        (91, Bucket.OVER_90),
    ],
)
def test_a_claim_stands_where_its_days_past_due_put_it(acme, till, days, bucket):
    invoice = till.invoice()

    row = the_row(acme, invoice.due_on + timedelta(days))

    [found] = row.items
    assert (found.bucket, found.days_overdue) == (bucket, max(days, 0))
    assert {b: row.amounts.amount(b) for b in Bucket if row.amounts.amount(b)} == {bucket: 120_00}


def test_figures_are_those_of_the_day_whatever_came_later(acme, till, lindqvist):
    invoice = till.invoice(customer=lindqvist)
    payment = till.pay(invoice, 50_00, on=DAY + timedelta(5))
    till.reverse(payment, on=DAY + timedelta(8))
    till.pay(invoice, on=DAY + timedelta(9))
    till.refund(invoice, on=DAY + timedelta(12))

    open_on = {
        day: [row.amounts.total_amount for part in found.currencies for row in part.rows]
        for day in (-1, 0, 5, 8, 9, 12)
        for found in [ageing(acme, as_of=DAY + timedelta(day))]
    }

    assert open_on == {-1: [], 0: [120_00], 5: [70_00], 8: [120_00], 9: [], 12: []}


def test_each_customer_has_a_row_and_walk_in_sales_have_the_last(acme, till, system, lindqvist):
    ahlberg = create_customer(actor=system, name="ahlberg")
    till.invoice(item(1_00))
    till.invoice(item(2_00), customer=lindqvist)
    till.invoice(item(3_00), customer=ahlberg)
    till.invoice(item(4_00), customer=lindqvist)

    part = the_part(acme, DAY)

    assert [(row.name, row.customer_id, row.amounts.total_amount) for row in part.rows] == [
        ("ahlberg", ahlberg.pk, 3_60),
        ("Lindqvist AB", lindqvist.pk, 7_20),
        (WALK_IN, None, 1_20),
    ]
    assert [i.open_amount for i in part.rows[1].items] == [2_40, 4_80]
    assert part.totals == Aged(current_amount=12_00)


def test_a_credit_note_without_an_invoice_is_unapplied_until_it_is_refunded(
    acme, till, lindqvist, system
):
    invoice = till.invoice(customer=lindqvist)
    note = give_credit(till, 10_00, customer=lindqvist)
    later = DAY + timedelta(3)
    refund_credit_note(
        actor=system, credit_note=note, method="bank", reason="sent back", amount=5_00, on=later
    )

    before = the_row(acme, DAY)
    after = the_row(acme, later)

    assert before.amounts == Aged(current_amount=120_00, unapplied_amount=12_00)
    assert before.amounts.total_amount == 108_00
    assert {i.number: (i.open_amount, i.bucket) for i in before.items} == {
        invoice.number: (120_00, Bucket.CURRENT),
        note.number: (-12_00, Bucket.UNAPPLIED),
    }
    assert after.amounts.unapplied_amount == 7_00


def test_an_invoice_that_was_paid_and_then_credited_is_owed_to_the_customer(acme, till):
    invoice = till.invoice()
    till.pay(invoice)
    till.credit(invoice, 30_00)

    row = the_row(acme, invoice.due_on + timedelta(40))

    assert row.amounts == Aged(unapplied_amount=30_00)
    assert row.items[0].days_overdue == 0


def test_what_was_paid_before_it_was_issued_is_unapplied_until_then(acme, till):
    invoice = till.invoice(on=DAY + timedelta(5))
    till.pay(invoice, 20_00, on=DAY)

    assert the_row(acme, DAY).amounts == Aged(unapplied_amount=20_00)
    assert the_row(acme, DAY + timedelta(5)).amounts == Aged(current_amount=100_00)


def test_it_ties_to_the_receivable_in_the_ledger(acme, till, lindqvist):
    till.pay(till.invoice(customer=lindqvist), 20_00, on=DAY + timedelta(4))
    give_credit(till, 10_00)

    for day in (DAY, DAY + timedelta(4), END):
        part = the_part(acme, day)
        assert part.ledger_amount == balance_at(acme, RECEIVABLE, day)
        assert part.totals.total_amount == part.ledger_amount
        assert part.ties


def test_says_that_it_does_not_tie_when_something_else_was_posted_to_receivable(acme, till, post):
    till.invoice()
    post(debit(RECEIVABLE, 7_00), credit("4000", 7_00), on=DAY)

    found = ageing(acme, as_of=DAY)

    [part] = found.currencies
    assert (part.totals.total_amount, part.ledger_amount) == (120_00, 127_00)
    assert not found.ties
    assert exports.as_json(found)["ties"] is False
    table = b"".join(exports.export(found, "table")).decode()
    assert "DOES NOT TIE: total = receivable in the ledger (GBP)" in table
    assert "127.00" in table


def test_a_currency_in_which_only_the_ledger_has_something_is_shown(acme, post):
    post(debit(RECEIVABLE, 7_00), credit("4000", 7_00), on=DAY)

    part = the_part(acme, DAY)

    assert (part.rows, part.ledger_amount, part.ties) == ((), 7_00, False)


def test_ties_also_when_the_role_has_moved_to_another_account(acme, till):
    till.invoice()
    Account.objects.of(acme).filter(code=RECEIVABLE).update(role="")
    Account.objects.create(
        organization=acme,
        code="1101",
        name="New",
        type="asset",
        currency="GBP",
        role="accounts_receivable",
    )
    till.invoice(item(50_00))

    part = the_part(acme, DAY)

    assert (part.totals.total_amount, part.ledger_amount) == (180_00, 180_00)


def test_known_at_leaves_out_what_was_posted_later(acme, till):
    invoice = till.invoice()
    between = timezone.now()
    till.pay(invoice, 20_00)
    till.invoice()

    known = the_part(acme, DAY, known_at=between)

    assert (known.totals.total_amount, known.ledger_amount) == (120_00, 120_00)
    assert the_part(acme, DAY).totals.total_amount == 220_00


def test_of_one_customer_there_is_that_customer_and_nothing_of_the_ledger(acme, till, lindqvist):
    till.invoice()
    till.invoice(item(2_00), customer=lindqvist)

    part = the_part(acme, DAY, customer=lindqvist)

    assert [row.name for row in part.rows] == ["Lindqvist AB"]
    assert part.totals.total_amount == 2_40
    assert (part.ledger_amount, part.ties) == (None, True)


def test_organizations_are_kept_apart(acme, mallory_ltd, till, as_mallory):
    Till(as_mallory).invoice()

    assert ageing(acme, as_of=DAY).currencies == ()


def test_takes_one_statement_whatever_is_in_it(db):
    few, many = make_organization("few", "Few"), make_organization("many", "Many")
    fill_invoices(few, 20)
    fill_invoices(many, 2_000)

    counts = []
    for organization in (few, many):
        with CaptureQueriesContext(connection) as asked:
            found = ageing(organization, as_of=date(2025, 6, 14))
        assert found.ties
        counts.append(len(asked))

    assert counts == [1, 1]


def test_csv_has_a_column_for_each_bucket_and_unapplied_reduces_the_total(acme, till, lindqvist):
    invoice = till.invoice(customer=lindqvist)
    give_credit(till, 10_00, customer=lindqvist)

    found = ageing(acme, as_of=invoice.due_on + timedelta(31))
    rows = list(csv.DictReader(io.StringIO(b"".join(exports.export(found, "csv")).decode())))

    assert [
        (r["row"], r["customer"], r["31–60 days"], r["unapplied"], r["total"]) for r in rows
    ] == [
        ("line", "LIND", "120.00", "-12.00", "108.00"),
        ("result", "", "120.00", "-12.00", "108.00"),
        ("ties", "", "", "", ""),
    ]
    assert exports.file_name(found, "csv") == f"acme-ageing-{found.as_of}.csv"


@pytest.mark.parametrize(("format", "begins"), [("pdf", b"%PDF"), ("xlsx", b"PK")])
def test_it_is_a_file_of_every_kind(acme, till, format, begins):
    till.invoice()

    assert b"".join(exports.export(ageing(acme, as_of=DAY), format)).startswith(begins)
