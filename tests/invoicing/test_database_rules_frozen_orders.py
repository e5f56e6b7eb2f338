"""What PostgreSQL refuses by itself about a locked order: nothing of it changes any more."""

import pytest
from django.db import connection

from invoicing.models import Order, OrderItem, OrderTaxLine, TaxRate
from tests.invoicing.raw_sales import NET, TAX, RawSales, insert_together
from tests.ledger.raw_books import refused, run

pytestmark = [pytest.mark.django_db, pytest.mark.database_rules]


@pytest.fixture
def acme() -> RawSales:
    return RawSales("acme")


CHANGES_OF_ITEMS = {
    "update": "UPDATE invoicing_orderitem SET quantity = quantity + 1",
    "update of nothing": "UPDATE invoicing_orderitem SET sku = sku",
    "delete": "DELETE FROM invoicing_orderitem",
    "merge": "MERGE INTO invoicing_orderitem i USING (SELECT 1) s ON true"
    " WHEN MATCHED THEN UPDATE SET description = 'x'",
    "merge delete": "MERGE INTO invoicing_orderitem i USING (SELECT 1) s ON true"
    " WHEN MATCHED THEN DELETE",
    "in a common table": "WITH u AS (UPDATE invoicing_orderitem SET description = 'x' RETURNING 1)"
    " SELECT count(*) FROM u",
    "upsert": "INSERT INTO invoicing_orderitem (organization_id, id, order_id, position,"
    " description, quantity, unit_amount)"
    " SELECT organization_id, gen_random_uuid(), order_id, position, 'x', 1, 1"
    "   FROM invoicing_orderitem"
    " ON CONFLICT (organization_id, order_id, position) DO UPDATE SET unit_amount = 1",
    "update of tax": "UPDATE invoicing_ordertaxline SET percentage = 5",
    "delete of tax": "DELETE FROM invoicing_ordertaxline",
    "merge of tax": "MERGE INTO invoicing_ordertaxline i USING (SELECT 1) s ON true"
    " WHEN MATCHED THEN DELETE",
}


@pytest.mark.parametrize("attack", CHANGES_OF_ITEMS.values(), ids=CHANGES_OF_ITEMS.keys())
def test_items_and_tax_of_a_locked_order_do_not_change(acme, attack):
    order = acme.locked()

    with refused("order_is_frozen") as facts:
        run(attack)

    assert facts == {"order": str(order), "status": "pending"}


def test_a_locked_order_takes_no_items_and_no_tax(acme):
    order = acme.locked()

    with refused("order_is_frozen"):
        acme.item(order, 0, 0, position=2)
    with refused("order_is_frozen"):
        acme.tax_line(order, 0, 0, code="other")
    with refused("order_is_frozen"):
        copy_item(acme, order)


def test_a_cancelled_order_takes_no_items(acme):
    order = acme.filled()
    run("UPDATE invoicing_order SET status = 'cancelled', cancelled_at = now()")

    with refused("order_is_frozen"):
        acme.item(order, position=2)


def test_items_of_a_locked_order_do_not_change_through_models(acme):
    order = acme.locked()
    items = OrderItem.objects.of(acme.id)

    with refused("order_is_frozen"):
        items.update(unit_amount=1)
    with refused("order_is_frozen"):
        items.delete()
    with refused("order_is_frozen"):
        OrderTaxLine.objects.of(acme.id).update(tax_amount=0)
    with refused("order_is_frozen"):
        OrderItem.objects.bulk_create(
            [OrderItem(**acme.item_row(order, position=2, revenue_account_id=None))]
        )
    with refused("order_is_frozen"):
        item = items.get()
        item.description = "x"
        OrderItem.objects.bulk_update([item], ["description"])


@pytest.mark.parametrize("table", ["orderitem", "ordertaxline"])
def test_items_and_tax_do_not_move_into_or_out_of_a_locked_order(acme, table):
    locked, draft = acme.locked(), acme.filled()
    run(f"UPDATE invoicing_{table} SET position = 2 WHERE order_id = %s", [draft])
    if table == "ordertaxline":
        run("UPDATE invoicing_ordertaxline SET code = 'x' WHERE order_id = %s", [draft])

    for source, target in [(draft, locked), (locked, draft)]:
        with refused("order_is_frozen") as facts:
            run(f"UPDATE invoicing_{table} SET order_id = %s WHERE order_id = %s", [target, source])
        assert facts["order"] == str(locked)


def test_one_item_of_a_locked_order_among_those_of_drafts_is_found(acme):
    draft, locked = acme.draft(), acme.locked()
    rows = [
        acme.item_row(draft, position=1),
        acme.item_row(locked, position=2),
        acme.item_row(draft, position=3),
    ]

    with refused("order_is_frozen"):
        run(*insert_together("orderitem", *rows))

    assert len(acme.of("orderitem", "id")) == 1


FROZEN = [
    "total_amount = total_amount + 1, subtotal_amount = subtotal_amount + 1",
    "currency = 'EUR'",
    "customer_id = NULL",
    "reference = 'x'",
    "country = 'FR'",
    "taxed_on = '2020-01-01'",
    "rounding = 'line'",
    "snapshot = '{\"a\": 1}'",
    "metadata = '{\"a\": 1}'",
    "locked_at = '2020-01-01'",
    "created_at = '2020-01-01'",
    "paid_at = now()",
    "status = 'draft', locked_at = NULL, snapshot = NULL",
    "status = 'paid', paid_at = now()",
    "status = 'partially_refunded'",
    "status = 'refunded'",
    "status = 'cancelled', cancelled_at = now(), reference = 'x'",
]


@pytest.mark.parametrize("change", FROZEN)
def test_a_locked_order_does_not_change(acme, change):
    acme.locked(customer_id=acme.customer())

    with refused("order_is_frozen"):
        run(f"UPDATE invoicing_order SET {change}")


@pytest.mark.parametrize("change", FROZEN)
def test_an_invoiced_order_does_not_change(acme, change):
    acme.invoice(customer_id=acme.customer())

    with refused(
        "order_with_an_invoice_is_not_cancelled" if "'cancelled'" in change else "order_is_frozen"
    ):
        run(f"UPDATE invoicing_order SET {change}")


def test_a_locked_order_does_not_change_through_models(acme):
    acme.locked()
    orders = Order.objects.of(acme.id)

    with refused("order_is_frozen"):
        orders.update(status="paid", paid_at="2025-03-10T12:00:00Z")
    order = orders.get()
    order.reference = "x"
    with refused("order_is_frozen"):
        order.save()
    with refused("order_is_frozen"):
        orders.filter(pk=order.pk)._raw_delete(orders.db)


@pytest.mark.parametrize("table", ["order", "orderitem", "ordertaxline"])
def test_orders_are_not_truncated(acme, table):
    acme.draft()

    with refused("row_is_final"):
        run(f"TRUNCATE invoicing_{table} CASCADE")


def test_a_locked_order_without_an_invoice_is_cancelled_and_keeps_what_it_was(acme):
    order = acme.locked()

    with refused("order_times_fit_its_status"):
        run("UPDATE invoicing_order SET status = 'cancelled'")
    run("UPDATE invoicing_order SET status = 'cancelled', cancelled_at = now()")

    status, total = acme.of("order", "status, total_amount", order)
    assert (status, total) == ("cancelled", NET + TAX)
    with refused("order_is_frozen"):
        run("UPDATE invoicing_order SET status = 'pending', cancelled_at = NULL")
    with refused("order_is_frozen"):
        run("DELETE FROM invoicing_order")


# --- Tax rates ------------------------------------------------------------------------------------


def test_a_rate_that_a_locked_order_was_taxed_with_changes_and_goes_without_a_trace(acme):
    rate = acme.add("taxrate", code="VAT", name="VAT", percentage=20, category="standard")
    order = acme.locked()
    before = acme.of("ordertaxline", "*"), acme.of("orderitem", "*"), acme.of("order", "*", order)

    run("UPDATE invoicing_taxrate SET percentage = 5, name = 'less' WHERE id = %s", [rate])
    TaxRate.objects.of(acme.id).delete()

    assert before == (
        acme.of("ordertaxline", "*"),
        acme.of("orderitem", "*"),
        acme.of("order", "*", order),
    )
    assert acme.of("taxrate", "id") == []


# --- The attacks' tools ---------------------------------------------------------------------------


def copy_item(acme, order):
    row = acme.item_row(order, position=3)
    with (
        connection.wrap_database_errors,
        connection.cursor() as cursor,
        cursor.copy(f"COPY invoicing_orderitem ({', '.join(row)}) FROM STDIN") as stream,
    ):
        stream.write_row(tuple(row.values()))
