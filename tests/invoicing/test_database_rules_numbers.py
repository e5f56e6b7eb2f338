"""What PostgreSQL sees to by itself about legal numbers: neither gaps nor doubles."""

from datetime import date

import pytest
from django.db import connection, transaction

from invoicing.models import NumberCounter, NumberSeries
from tests.invoicing.raw_sales import (
    DAY,
    RawSales,
    a_trigger_of_ones_own,
    insert,
    insert_together,
    run_all,
)
from tests.ledger.raw_books import refused, run

pytestmark = [pytest.mark.django_db, pytest.mark.database_rules]


@pytest.fixture
def acme() -> RawSales:
    return RawSales("acme")


@pytest.fixture
def mallory() -> RawSales:
    return RawSales("mallory")


# --- Who gives the number -------------------------------------------------------------------------


def test_the_number_is_given_and_not_chosen(acme):
    invoice = acme.invoice(number="mine", fiscal_year=1999, sequence=77)

    assert acme.of("invoice", "number, fiscal_year, sequence", invoice) == (
        "INV-2025-00001",
        2025,
        1,
    )


def test_numbers_follow_each_other(acme):
    for _ in range(3):
        acme.invoice()

    assert acme.numbers() == ["INV-2025-00001", "INV-2025-00002", "INV-2025-00003"]


def test_credit_notes_have_numbers_of_their_own(acme):
    invoice = acme.invoice()
    acme.invoice()

    acme.credit(invoice, 10_00, 2_00)

    assert acme.numbers("creditnote") == ["CN-2025-00001"]


def test_each_organization_counts_for_itself(acme, mallory):
    acme.invoice()

    mallory.invoice()

    assert acme.numbers() == mallory.numbers() == ["INV-2025-00001"]


def test_every_fiscal_year_begins_at_one(acme):
    run("UPDATE organizations_organization SET fiscal_year_start_month = 4")

    for day in [date(2025, 3, 31), date(2025, 4, 1), date(2026, 3, 31), date(2026, 4, 1)]:
        acme.invoice(issued_on=day, due_on=day)

    assert acme.numbers() == [
        "INV-2025-00001",
        "INV-2026-00001",
        "INV-2026-00002",
        "INV-2027-00001",
    ]


def test_a_fiscal_year_that_is_moved_gives_no_number_twice(acme):
    acme.invoice(issued_on=date(2025, 5, 1), due_on=date(2025, 5, 1))
    run("UPDATE organizations_organization SET fiscal_year_start_month = 4")
    acme.invoice(issued_on=date(2025, 5, 1), due_on=date(2025, 5, 1))

    acme.invoice(issued_on=date(2025, 3, 1), due_on=date(2025, 5, 1))

    assert acme.numbers() == ["INV-2025-00001", "INV-2025-00002", "INV-2026-00001"]


@pytest.mark.parametrize(
    ("prefix", "width", "number"),
    [("A{yy}/", 3, "A25/001"), ("", 1, "1"), ("{year}{year}.", 12, "20252025.000000000001")],
)
def test_a_series_says_how_its_numbers_look(acme, prefix, width, number):
    acme.invoice(series_id=acme.series("invoice", "shop", prefix, width))

    assert acme.numbers() == [number]


def test_a_number_outgrows_its_width(acme):
    narrow = acme.series("invoice", "shop", "N", 1)

    for _ in range(11):
        acme.invoice(0, 0, series_id=narrow)

    assert set(acme.numbers()) == {f"N{n}" for n in range(1, 12)}


# --- Gaps -----------------------------------------------------------------------------------------


def test_a_rollback_leaves_no_gap(acme):
    acme.invoice()
    before = transaction.savepoint()
    acme.invoice()
    acme.invoice()
    transaction.savepoint_rollback(before)

    acme.invoice()

    assert acme.numbers() == ["INV-2025-00001", "INV-2025-00002"]


def test_an_insert_that_comes_to_nothing_leaves_no_gap(acme):
    row = acme.invoice_row(acme.locked(0, 0), 0, 0)
    run(*insert("invoice", row))
    for conflict in ("DO NOTHING", "(id, organization_id) DO UPDATE SET sequence = 9"):
        again = insert("invoice", row, f"ON CONFLICT {conflict}")
        with refused("invoice_is_of_its_locked_order"):
            run(*again)
    other = acme.locked(0, 0)
    run(*insert("invoice", {**row, "order_id": other}, "ON CONFLICT DO NOTHING"))

    acme.invoice(0, 0)

    assert acme.numbers() == ["INV-2025-00001", "INV-2025-00002"]


def test_a_credit_note_that_comes_to_nothing_leaves_no_gap_and_credits_nothing(acme):
    invoice = acme.invoice()
    posting, (_, given) = statements = acme.crediting(invoice, 10_00, 2_00)
    run_all(statements)
    row = acme.credit_row(invoice, 10_00, 2_00, id=given["id"], entry_id=posting[1]["id"])
    run(*insert("creditnote", row, "ON CONFLICT DO NOTHING"))

    assert acme.amounts(invoice) == (0, 0, 12_00)
    acme.credit(invoice, 10_00, 2_00)
    assert acme.numbers("creditnote") == ["CN-2025-00001", "CN-2025-00002"]


def test_two_documents_of_one_statement_do_not_share_a_number(acme):
    rows = [acme.invoice_row(acme.locked(0, 0), 0, 0) for _ in range(2)]

    with refused("invoice_number_is_unique"):
        run(*insert_together("invoice", *rows))

    assert acme.of("numbercounter", "id") == []


def test_two_documents_of_one_statement_may_be_of_two_series(acme):
    shop = acme.series("invoice", "shop", "S-")
    rows = [
        acme.invoice_row(acme.locked(0, 0), 0, 0, series_id=series)
        for series in (acme.invoices, shop)
    ]

    run(*insert_together("invoice", *rows))

    assert acme.numbers() == ["INV-2025-00001", "S-00001"]


def test_copied_invoices_do_not_share_a_number(acme):
    rows = [acme.invoice_row(acme.locked(0, 0), 0, 0) for _ in range(2)]

    with (
        refused("invoice_number_is_unique"),
        connection.wrap_database_errors,
        connection.cursor() as cursor,
        cursor.copy(f"COPY invoicing_invoice ({', '.join(rows[0])}) FROM STDIN") as stream,
    ):
        for row in rows:
            stream.write_row(tuple(row.values()))


# --- Doubles --------------------------------------------------------------------------------------


def test_a_prefix_that_makes_a_number_repeat_is_refused_with_the_document(acme):
    acme.invoice()
    run("UPDATE invoicing_numberseries SET prefix = 'B' WHERE kind = 'invoice'")
    acme.invoice()
    run("UPDATE invoicing_numberseries SET prefix = 'INV-2025-0000', width = 1")
    shop = acme.series("invoice", "shop", "INV-{year}-")

    with refused("invoice_number_is_unique"):
        acme.invoice(series_id=shop)

    acme.invoice()
    assert acme.numbers() == ["B00002", "INV-2025-00001", "INV-2025-00003"]
    assert len(acme.of("numbercounter", "id")) == 1


def test_a_prefix_without_the_year_does_not_repeat_numbers_in_the_next(acme):
    shop = acme.series("invoice", "shop", "S")
    acme.invoice(series_id=shop)
    later = date(2026, 3, 10)

    with refused("invoice_number_is_unique"):
        acme.invoice(series_id=shop, issued_on=later, due_on=later)


# --- Series ---------------------------------------------------------------------------------------


def test_an_invoice_takes_no_number_of_credit_notes(acme):
    invoice = acme.invoice()

    with refused("document_number_is_of_its_kind"):
        acme.invoice(series_id=acme.credit_notes)
    with refused("document_number_is_of_its_kind"):
        acme.credit(invoice, 10_00, 2_00, series_id=acme.invoices)


def test_a_number_is_of_a_series_of_the_same_organization(acme, mallory):
    with refused("document_number_is_of_its_kind"):
        acme.invoice(series_id=mallory.invoices)


def test_a_series_keeps_its_kind(acme):
    with refused("numberseries_keeps_its_kind"):
        run("UPDATE invoicing_numberseries SET kind = 'invoice', code = 'x'")
    with refused("numberseries_keeps_its_kind"):
        NumberSeries.objects.of(acme.id).filter(kind="invoice").update(kind="credit_note", code="x")


def test_a_series_that_has_given_numbers_stays(acme):
    acme.invoice()

    with refused("numbercounter_series_is_of_its_organization"):
        run("DELETE FROM invoicing_numberseries")


@pytest.mark.parametrize(
    ("column", "value", "constraint"),
    [
        ("prefix", "{month}-", "numberseries_prefix_is_plain"),
        ("prefix", "<b>", "numberseries_prefix_is_plain"),
        ("prefix", "A\n", "numberseries_prefix_is_plain"),
        ("width", 0, "numberseries_width_is_1_to_12"),
        ("width", 13, "numberseries_width_is_1_to_12"),
        ("kind", "receipt", "numberseries_kind_is_known"),
        ("code", "a b", "numberseries_code_is_plain"),
        ("code", "main", "numberseries_code_is_unique"),
    ],
)
def test_a_series_is_of_a_plain_form(acme, column, value, constraint):
    given = {"kind": "invoice", "code": "shop", "prefix": "S", "width": 5, column: value}

    with refused(constraint):
        acme.series(**given)


# --- The counter ----------------------------------------------------------------------------------

CHANGES_OF_COUNTERS = {
    "update": "UPDATE invoicing_numbercounter SET last_number = last_number + 1",
    "back": "UPDATE invoicing_numbercounter SET last_number = 0",
    "year": "UPDATE invoicing_numbercounter SET fiscal_year = 2030",
    "year and number": "UPDATE invoicing_numbercounter SET fiscal_year = 2030, last_number = 0",
    "delete": "DELETE FROM invoicing_numbercounter",
    "delete of nothing": "DELETE FROM invoicing_numbercounter WHERE false",
    "truncate": "TRUNCATE invoicing_numbercounter",
    "truncate of series": "TRUNCATE invoicing_numberseries CASCADE",
    "insert": "INSERT INTO invoicing_numbercounter"
    " (organization_id, id, series_id, fiscal_year, last_number)"
    " SELECT organization_id, gen_random_uuid(), series_id, 2030, 5 FROM invoicing_numbercounter",
    "upsert": "INSERT INTO invoicing_numbercounter"
    " (organization_id, id, series_id, fiscal_year, last_number)"
    " SELECT organization_id, gen_random_uuid(), series_id, fiscal_year, 0"
    "   FROM invoicing_numbercounter"
    " ON CONFLICT (organization_id, series_id, fiscal_year) DO UPDATE SET last_number = 8",
    "merge": "MERGE INTO invoicing_numbercounter c USING (SELECT 1) s ON true"
    " WHEN MATCHED THEN UPDATE SET last_number = 8",
    "merge delete": "MERGE INTO invoicing_numbercounter c USING (SELECT 1) s ON true"
    " WHEN MATCHED THEN DELETE",
    "in a block": "DO $$ BEGIN UPDATE invoicing_numbercounter SET last_number = 8; END $$",
}


@pytest.mark.parametrize("attack", CHANGES_OF_COUNTERS.values(), ids=CHANGES_OF_COUNTERS.keys())
def test_a_counter_counts_documents_and_nothing_else(acme, attack):
    acme.invoice()

    with refused(
        "document_is_final" if "series CASCADE" in attack else "numbercounter_counts_documents"
    ):
        run(attack)

    assert acme.of("numbercounter", "fiscal_year, last_number") == [(2025, 1)]


@pytest.mark.parametrize(
    "attack",
    [
        sql
        for name, sql in CHANGES_OF_COUNTERS.items()
        if "truncate" not in name and "$$" not in sql
    ],
)
def test_a_counter_is_not_moved_from_a_trigger_of_ones_own(acme, attack):
    acme.invoice()

    with refused("numbercounter_counts_documents"):
        a_trigger_of_ones_own(attack)


def test_a_counter_is_not_written_through_models(acme):
    acme.invoice()
    counters = NumberCounter.objects.of(acme.id)

    with refused("numbercounter_counts_documents"):
        counters.update(last_number=7)
    with refused("numbercounter_counts_documents"):
        counters.delete()
    with refused("numbercounter_counts_documents"):
        NumberCounter.objects.bulk_create(
            [
                NumberCounter(
                    organization=acme.books.organization,
                    series_id=acme.invoices,
                    fiscal_year=2031,
                    last_number=3,
                )
            ]
        )


def test_a_counter_is_locked_without_being_moved(acme):
    acme.invoice()

    run("UPDATE invoicing_numbercounter SET last_number = last_number")
    acme.add("numbercounter", series_id=acme.invoices, fiscal_year=2026, last_number=0)

    day = date(2026, 1, 1)
    acme.invoice(issued_on=day, due_on=day)
    acme.invoice()
    assert acme.numbers() == ["INV-2025-00001", "INV-2025-00002", "INV-2026-00001"]


def test_the_number_is_of_the_day_of_issue(acme):
    invoice = acme.invoice(issued_on=DAY, due_on=date(2027, 1, 1))

    assert acme.of("invoice", "fiscal_year", invoice) == 2025
