"""What PostgreSQL refuses by itself about orders: from the lock on, nothing of them changes."""

import pytest

from core.db import uuid7
from invoicing.models import Order
from tests.invoicing.raw_sales import DAY, NET, TAX, RawSales, insert
from tests.ledger.raw_books import refused, run

pytestmark = [pytest.mark.django_db, pytest.mark.database_rules]


@pytest.fixture
def acme() -> RawSales:
    return RawSales("acme")


@pytest.fixture
def mallory() -> RawSales:
    return RawSales("mallory")


# --- A draft --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "status", ["pending", "paid", "partially_refunded", "refunded", "cancelled"]
)
def test_an_order_begins_as_a_draft(acme, status):
    with refused("order_begins_as_a_draft") as facts:
        acme.draft(
            status=status, locked_at="2025-03-10", snapshot="{}", taxed_on=DAY, rounding="line"
        )

    assert facts["status"] == status


def test_an_order_begins_as_a_draft_from_bulk_create(acme):
    with refused("order_begins_as_a_draft"):
        Order.objects.bulk_create(
            [Order(organization=acme.books.organization, currency="GBP", status="cancelled")]
        )


@pytest.mark.parametrize("column", ["paid_at", "cancelled_at"])
def test_a_draft_was_neither_paid_nor_cancelled(acme, column):
    with refused("order_times_fit_its_status"):
        acme.draft(**{column: "2025-03-10"})
    acme.draft()
    with refused("order_times_fit_its_status"):
        run(f"UPDATE invoicing_order SET {column} = now()")


def test_a_draft_is_not_locked_without_saying_so(acme):
    acme.draft()

    with refused("order_is_locked_with_its_snapshot"):
        run("UPDATE invoicing_order SET locked_at = now()")
    with refused("order_is_locked_with_its_snapshot"):
        run("UPDATE invoicing_order SET snapshot = '{}'")


def test_a_draft_changes_and_goes_freely(acme):
    order = acme.draft()
    item = acme.item(order, position=1)
    acme.item(order, position=2)
    acme.tax_line(order)
    run("UPDATE invoicing_orderitem SET quantity = 7 WHERE id = %s", [item])
    run("UPDATE invoicing_order SET currency = 'EUR', reference = 'O-1'")
    run("DELETE FROM invoicing_orderitem")
    run("DELETE FROM invoicing_ordertaxline")

    run("DELETE FROM invoicing_order")

    assert acme.of("order", "id") == []


def test_a_draft_with_items_is_not_deleted(acme):
    acme.filled()

    with refused("orderitem_order_is_of_its_organization"):
        run("DELETE FROM invoicing_order")


@pytest.mark.parametrize("status", ["paid", "partially_refunded", "refunded"])
def test_a_draft_does_not_become_more_than_pending(acme, status):
    order = acme.filled()
    sql, given = acme.locking(order)

    with refused("order_is_frozen"):
        run(sql.replace("'pending'", f"'{status}'"), given)


def test_a_draft_is_cancelled_as_a_draft(acme):
    order = acme.filled()
    sql, given = acme.locking(order, more=", cancelled_at = now()")

    with refused("order_is_frozen"):
        run(sql.replace("'pending'", "'cancelled'"), given)
    with refused("order_times_fit_its_status"):
        run("UPDATE invoicing_order SET status = 'cancelled'")
    run("UPDATE invoicing_order SET status = 'cancelled', cancelled_at = now()")

    with refused("order_is_frozen"):
        run("UPDATE invoicing_order SET status = 'draft', cancelled_at = NULL")


# --- The lock -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("net", "tax"),
    [(NET + 1, TAX), (NET, TAX + 1), (NET - 1, TAX + 1), (0, 0)],
    ids=["net", "tax", "moved", "nothing"],
)
def test_an_order_is_locked_with_the_amounts_of_its_items(acme, net, tax):
    order = acme.filled()

    with refused("order_amounts_are_those_of_its_items") as facts:
        run(*acme.locking(order, net, tax))

    assert (facts["items"], facts["tax_of_items"], facts["tax_lines"]) == (NET, TAX, TAX)


def test_an_order_is_locked_with_the_tax_of_its_tax_lines(acme):
    order = acme.draft()
    acme.item(order)
    acme.tax_line(order, NET, TAX - 1)

    with refused("order_amounts_are_those_of_its_items"):
        run(*acme.locking(order))


def test_an_order_is_locked_with_items_that_name_their_rates(acme):
    order = acme.filled()
    run("UPDATE invoicing_orderitem SET tax_codes = NULL")

    with refused("order_amounts_are_those_of_its_items"):
        run(*acme.locking(order))


def test_a_total_that_is_not_subtotal_and_tax_is_refused(acme):
    order = acme.filled()
    sql, given = acme.locking(order)

    with refused("order_total_is_subtotal_and_tax"):
        run(sql, {**given, "total": NET + TAX + 1})


def test_an_empty_order_is_not_locked(acme):
    order = acme.draft()

    with refused("order_has_items"):
        run(*acme.locking(order, 0, 0))


def test_another_orders_items_do_not_count(acme, mallory):
    acme.filled()
    mallory.filled()
    empty = acme.draft()

    with refused("order_has_items"):
        run(*acme.locking(empty))


@pytest.mark.parametrize("missing", ["locked_at", "snapshot", "taxed_on"])
def test_an_order_is_locked_with_its_time_its_snapshot_and_its_day(acme, missing):
    order = acme.filled()

    with refused("order_is_locked_with_its_snapshot"):
        run(*forgetting(acme, order, missing))


def test_an_order_is_not_locked_as_paid_or_cancelled_already(acme):
    order = acme.filled()

    for column in ("paid_at", "cancelled_at"):
        with refused("order_times_fit_its_status"):
            run(*acme.locking(order, more=f", {column} = now()"))


def test_several_orders_are_locked_by_one_statement_or_none_is(acme):
    good, bad = acme.filled(reference="good"), acme.filled(reference="bad")
    run("UPDATE invoicing_orderitem SET net_amount = 1, total_amount = tax_amount + 1"
        " WHERE order_id = %s", [bad])  # fmt: skip
    sql, given = acme.locking(good)

    with refused("order_amounts_are_those_of_its_items") as facts:
        run(sql.replace("AND id = %(order)s", ""), given)

    assert facts["order"] == str(bad)
    assert acme.of("order", "status", good) == "draft"


def test_an_item_that_comes_in_by_the_statement_that_locks_is_refused(acme):
    order = acme.filled()
    sql, given = acme.locking(order)
    adding, item = insert("orderitem", acme.item_row(order, 0, 0, position=2))

    with refused("order_is_frozen"):
        run(f"WITH added AS ({adding} RETURNING 1) {sql}", {**item, **given})
    with refused("order_is_frozen"):
        run(f"WITH locked AS ({sql} RETURNING 1) {adding}", {**item, **given})


def test_an_item_that_goes_by_the_statement_that_locks_is_refused(acme):
    order = acme.filled()
    sql, given = acme.locking(order)

    with refused("order_is_frozen"):
        run(f"WITH gone AS (DELETE FROM invoicing_orderitem RETURNING 1) {sql}", given)


# --- Law 7: of one organization -------------------------------------------------------------------


def test_an_order_is_for_a_customer_of_its_own_organization(acme, mallory):
    stranger = mallory.customer()

    with refused("order_customer_is_of_its_organization"):
        acme.draft(customer_id=stranger)
    acme.draft()
    with refused("order_customer_is_of_its_organization"):
        Order.objects.of(acme.id).update(customer_id=stranger)


@pytest.mark.parametrize("table", ["orderitem", "ordertaxline"])
def test_items_and_tax_are_of_their_orders_organization(acme, mallory, table):
    theirs = mallory.draft()
    add = acme.item if table == "orderitem" else acme.tax_line

    with refused(f"{table}_order_is_of_its_organization"):
        add(theirs)
    add(acme.draft())
    with refused(f"{table}_order_is_of_its_organization"):
        run(f"UPDATE invoicing_{table} SET order_id = %s", [theirs])


def test_an_item_earns_on_an_account_of_its_own_organization(acme, mallory):
    with refused("orderitem_revenue_account_is_of_its_organization"):
        acme.item(acme.draft(), revenue_account_id=mallory.accounts["sales"])


def test_nothing_is_of_an_order_that_does_not_exist(acme):
    with refused("orderitem_order_is_of_its_organization"):
        acme.item(uuid7())


@pytest.mark.parametrize("column", ["organization_id", "id"])
@pytest.mark.parametrize(
    "table", ["order", "orderitem", "ordertaxline", "customer", "taxrate", "numberseries"]
)
def test_a_row_keeps_its_organization_and_its_id(acme, mallory, table, column):
    acme.filled(customer_id=acme.customer())
    acme.add("taxrate", code="VAT", name="VAT", percentage=20, category="standard")
    value = mallory.id if column == "organization_id" else uuid7()

    with refused("row_keeps_its_organization"):
        run(
            f"UPDATE invoicing_{table} SET {column} = %s WHERE organization_id = %s",
            [value, acme.id],
        )


# --- The attacks' tools ---------------------------------------------------------------------------


def forgetting(acme, order, column):
    sql, given = acme.locking(order)
    values = {"locked_at": "now()", "snapshot": "'{}'", "taxed_on": "%(on)s"}
    return sql.replace(f"{column} = {values[column]}", f"{column} = NULL"), given
