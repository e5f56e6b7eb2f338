"""What PostgreSQL refuses by itself once a document stands: it never changes, and never goes."""

import pytest

from core.db import uuid7
from invoicing.models import CreditNote, FinancialTransaction, Invoice
from tests.invoicing.raw_sales import RawSales, a_trigger_of_ones_own
from tests.ledger.raw_books import refused, run

pytestmark = [pytest.mark.django_db, pytest.mark.database_rules]


@pytest.fixture
def acme() -> RawSales:
    acme = RawSales("acme")
    acme.documents()
    return acme


@pytest.fixture
def mallory() -> RawSales:
    return RawSales("mallory")


TABLES = ["invoice", "creditnote", "financialtransaction"]
CHANGES = {
    "invoice": [
        "paid_amount = 1",
        "refunded_amount = 1, paid_amount = 1",
        "credited_amount = 1",
        "subtotal_amount = 0, tax_amount = total_amount",
        "number = 'x'",
        "sequence = 9",
        "fiscal_year = 2030",
        "issued_on = '2024-03-10'",
        "due_on = '2026-01-01'",
        "snapshot = '{\"a\": 1}'",
        "created_at = '2020-01-01'",
        "receivable_id = entry_id",
        "entry_id = NULL",
        "customer_id = NULL",
    ],
    "creditnote": [
        "refunded_amount = 1",
        "total_amount = total_amount + 1, subtotal_amount = subtotal_amount + 1",
        "invoice_id = NULL",
        "reason = 'x'",
        "reference = 'x'",
        "number = 'x'",
        "issued_on = '2024-03-10'",
    ],
    "financialtransaction": [
        "status = 'reversed'",
        "amount = 1",
        "method = 'cash'",
        "provider_reference = 'x'",
        "occurred_on = '2024-03-10'",
        "reason = 'x'",
        "entry_id = id",
    ],
}
ALL_CHANGES = [(table, change) for table, changes in CHANGES.items() for change in changes]


@pytest.mark.parametrize(("table", "change"), ALL_CHANGES)
def test_a_document_never_changes(acme, table, change):
    with refused("document_is_final") as facts:
        run(f"UPDATE invoicing_{table} SET {change}")

    assert facts["table"] == f"invoicing_{table}"


@pytest.mark.parametrize(("table", "change"), ALL_CHANGES)
def test_a_document_never_changes_from_a_trigger_of_ones_own(acme, table, change):
    with refused("document_is_final"):
        a_trigger_of_ones_own(f"UPDATE invoicing_{table} SET {change}")


WAYS = {
    "delete": "DELETE FROM invoicing_{table}",
    "delete of nothing": "DELETE FROM invoicing_{table} WHERE false",
    "truncate": "TRUNCATE invoicing_{table} CASCADE",
    "merge": "MERGE INTO invoicing_{table} t USING (SELECT 1) s ON true"
    " WHEN MATCHED THEN UPDATE SET created_at = '2020-01-01'",
    "merge delete": "MERGE INTO invoicing_{table} t USING (SELECT 1) s ON true"
    " WHEN MATCHED THEN DELETE",
    "in a common table": "WITH u AS (UPDATE invoicing_{table} SET created_at = '2020-01-01'"
    " RETURNING 1) SELECT count(*) FROM u",
    "in a block": "DO $$ BEGIN DELETE FROM invoicing_{table}; END $$",
}


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
def test_a_document_stays(acme, table, way):
    with refused("document_is_final"):
        run(way.format(table=table))


@pytest.mark.parametrize("table", TABLES)
def test_a_document_does_not_go_from_a_trigger_of_ones_own(acme, table):
    with refused("document_is_final"):
        a_trigger_of_ones_own(f"DELETE FROM invoicing_{table}")


@pytest.mark.parametrize("table", ["customer", "numberseries", "order", "invoice", "creditnote"])
def test_emptying_what_documents_hang_on_empties_nothing(acme, table):
    with refused("row_is_final" if table == "order" else "document_is_final"):
        run(f"TRUNCATE invoicing_{table} CASCADE")


@pytest.mark.parametrize("model", [Invoice, CreditNote, FinancialTransaction])
def test_a_document_does_not_change_through_models(acme, model):
    rows = model.objects.of(acme.id)

    with refused("document_is_final"):
        rows.update(created_at="2020-01-01T00:00:00Z")
    with refused("document_is_final"):
        rows.delete()
    with refused("document_is_final"):
        row = rows.first()
        row.snapshot = row.reason = {"a": 1}
        row.save()


@pytest.mark.parametrize("column", ["organization_id", "id"])
@pytest.mark.parametrize("table", TABLES)
def test_a_document_keeps_its_organization_and_its_id(acme, mallory, table, column):
    value = mallory.id if column == "organization_id" else uuid7()

    # Two triggers see to it; the first by its name speaks.
    with refused(
        "document_is_final" if table != "financialtransaction" else "row_keeps_its_organization"
    ):
        run(f"UPDATE invoicing_{table} SET {column} = %s", [value])
