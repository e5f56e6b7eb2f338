"""What the database lets nobody change, delete or empty once it is there: column by column."""

from typing import Any

import pytest
from django.db import DatabaseError, models, transaction

from settlements.models import (
    Adjustment,
    Payout,
    PayoutBatch,
    PayoutBatchItem,
    Refund,
    Sale,
    Settlement,
)
from tests.invoicing.raw_sales import a_trigger_of_ones_own
from tests.ledger.raw_books import broken, refused, run
from tests.settlements.raw_market import LATER, SHARE, RawMarket

pytestmark = [pytest.mark.django_db, pytest.mark.database_rules]

TABLES: list[type[models.Model]] = [
    Sale,
    Refund,
    Adjustment,
    Settlement,
    Payout,
    PayoutBatch,
    PayoutBatchItem,
]

# What a table says when it is changed.
TRUTHS = {
    Sale: "item_is_final",
    Refund: "item_is_final",
    Adjustment: "item_is_final",
    Settlement: "settlement_is_final",
    Payout: "payout_goes_forward_only",
    PayoutBatch: "item_is_final",
    PayoutBatchItem: "item_is_final",
}

# Something else than there is, by the kind of column.
OTHERWISE = {
    "UUIDField": "gen_random_uuid()",
    "ForeignKey": "gen_random_uuid()",
    "TenantForeignKey": "gen_random_uuid()",
    "GlobalForeignKey": "gen_random_uuid()",
    "CharField": "CASE WHEN {0} = 'x' THEN 'y' ELSE 'x' END",
    "CurrencyField": "'XXX'",
    "DateField": "coalesce({0} + 1, '2025-01-01')",
    "DateTimeField": "coalesce({0} + interval '1 s', now())",
    "JSONField": "'{{\"x\": 1}}'",
    "BinaryField": "'other'",
}
NUMBER = "{0} + 1"

COLUMNS = [
    pytest.param(model, field, id=f"{model._meta.model_name}.{field.column}")
    for model in TABLES
    for field in model._meta.local_fields
]


@pytest.fixture
def acme() -> RawMarket:
    """With a row in each table, all of one payout that was made."""
    acme = RawMarket("acme")
    ana = acme.payee()
    acme.refund(acme.sell(ana, event_id=acme.event(ana)), 10_00)
    acme.adjust(ana, -5_00)
    held = {"reserve_held_amount": 5_00, "reserve_release_on": LATER}
    payout = acme.approve(acme.settle(ana, **held))
    acme.batch(payout)
    acme.pay(payout)
    return acme


def otherwise(field: Any) -> str:
    kind = type(field).__name__
    return OTHERWISE.get(kind, NUMBER).format(field.column)


@pytest.mark.parametrize(("model", "field"), COLUMNS)
def test_a_column_does_not_change(acme, model, field):
    table, before = model._meta.db_table, rows(model)

    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        run(f"UPDATE {table} SET {field.column} = {otherwise(field)}")

    assert broken(caught.value) in {TRUTHS[model], "row_keeps_its_organization", *SOME_OTHER[model]}
    assert rows(model) == before


# The status has a truth of its own; of a reserve that is not released yet, the one who releases it
# is asked for.
SOME_OTHER: dict[type[models.Model], set[str]] = {
    **{model: set() for model in TABLES},
    Settlement: {
        "settlement_status_follows_its_payouts",
        "settlement_reserve_released_by_is_of_its_organization",
    },
}


@pytest.mark.parametrize(
    ("table", "column", "truth"),
    [
        ("sale", "settlement_id", "settlement_keeps_its_items"),
        ("refund", "settlement_id", "settlement_keeps_its_items"),
        ("adjustment", "settlement_id", "settlement_keeps_its_items"),
        ("sale", "event_id", "item_is_final"),
        ("settlement", "approved_at", "settlement_is_final"),
        ("settlement", "approved_by_id", "settlement_is_final"),
        ("settlement", "prepared_by_id", "settlement_is_final"),
        ("settlement", "reserve_release_on", "settlement_is_final"),
        ("payout", "paid_on", "payout_goes_forward_only"),
        ("payout", "entry_id", "payout_goes_forward_only"),
        ("payoutbatch", "created_by_id", "item_is_final"),
    ],
)
def test_a_column_does_not_become_null(acme, table, column, truth):
    with refused(truth):
        run(f"UPDATE settlements_{table} SET {column} = NULL")


@pytest.mark.parametrize("model", TABLES)
def test_a_row_is_not_deleted(acme, model):
    truth = "settlement_is_discarded_while_pending_and_last"

    with refused(truth if model is Settlement else "item_is_final"):
        run(f"DELETE FROM {model._meta.db_table}")
    with refused(truth if model is Settlement else "item_is_final"):
        a_trigger_of_ones_own(f"DELETE FROM {model._meta.db_table}")


@pytest.mark.parametrize("model", TABLES)
def test_a_table_is_not_emptied(acme, model):
    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        run(f"TRUNCATE {model._meta.db_table} CASCADE")

    assert broken(caught.value) in {"item_is_final", "row_is_final"}


@pytest.mark.parametrize("table", ["settlements_payee", "settlements_event", "ledger_account"])
def test_what_they_hang_on_is_not_emptied_either(acme, table):
    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        run(f"TRUNCATE {table} CASCADE")

    assert broken(caught.value) in {"item_is_final", "row_is_final"}


def test_metadata_does_not_change_into_what_counts_as_the_same():
    """1.0 = 1.00 for JSON, and is not what was written."""
    acme = RawMarket("acme")
    ana = acme.payee()
    acme.sell(ana, metadata='{"rate": 1.0}')
    acme.settle(ana, metadata='{"rate": 1.0}')

    with refused("item_is_final"):
        run("""UPDATE settlements_sale SET metadata = '{"rate": 1.00}'""")
    with refused("settlement_is_final"):
        run("""UPDATE settlements_settlement SET metadata = '{"rate": 1.00}'""")


@pytest.mark.parametrize("model", [Sale, Settlement, Payout])
def test_an_update_that_changes_nothing_is_let_through(acme, model):
    before = rows(model)

    model.objects.update(id=models.F("id"), currency=models.F("currency"))

    assert rows(model) == before


def test_django_does_not_change_them_either(acme):
    with refused("item_is_final"):
        Sale.objects.of(acme.id).update(organizer_amount=SHARE + 1)
    with refused("item_is_final"):
        Sale.objects.of(acme.id).update(quantity=models.F("quantity") + 1)
    with refused("settlement_is_final"):
        Settlement.objects.of(acme.id).update(total_amount=models.F("total_amount") + 1)
    with refused("payout_goes_forward_only"):
        Payout.objects.of(acme.id).update(amount=1)


def rows(model: type[models.Model]) -> Any:
    return run(f"SELECT t::text FROM {model._meta.db_table} t ORDER BY 1")
