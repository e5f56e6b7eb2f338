"""Sales and adjustments in the database: they come in unsettled, and posted as they say."""

from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction

from core.db import uuid7
from settlements.models import Sale
from tests.invoicing.raw_sales import Statement, a_trigger_of_ones_own
from tests.ledger.raw_books import failing, refused, run
from tests.settlements.raw_market import DAY, FEE, SHARE, THROUGH, RawMarket, insert

pytestmark = [pytest.mark.django_db, pytest.mark.database_rules]

LARGEST = 2**63 - 1


@pytest.fixture
def acme() -> RawMarket:
    return RawMarket("acme")


@pytest.fixture
def elsewhere() -> RawMarket:
    return RawMarket("elsewhere")


# --- Parts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "truth"),
    [
        ({"total_amount": SHARE + 1}, "sale_parts_add_up"),
        ({"platform_fee": -1, "total_amount": SHARE - 1}, "sale_amounts_are_not_negative"),
        ({"tax_amount": -1, "ticket_revenue": 1}, "sale_amounts_are_not_negative"),
        (
            {"organizer_amount": -1, "ticket_revenue": 2, "total_amount": 1},
            "sale_amounts_are_not_negative",
        ),
        ({"organizer_amount": 0, "total_amount": 0}, "sale_amounts_are_not_negative"),
        ({"refunded_amount": -1}, "sale_refunds_are_within_its_total"),
        ({"refunded_amount": SHARE + 1}, "sale_refunds_are_within_its_total"),
        ({"method": "magic"}, "sale_method_is_known"),
        ({"fee_borne_by": "nobody"}, "sale_fee_is_borne_by_one"),
        ({"quantity": 0}, "sale_quantity_is_positive"),
        ({"reference": ""}, "sale_has_a_reference"),
    ],
)
def test_a_sale_says_nothing_absurd(acme, changes, truth):
    row = {**acme.sale_row(acme.payee()), "entry_id": uuid7(), **changes}

    with refused(truth):
        run(*insert("sale", row))


def test_parts_whose_sum_is_no_number_of_ours_do_not_add_up(acme):
    row = acme.sale_row(acme.payee(), LARGEST, platform_fee=LARGEST, total_amount=LARGEST)

    with failing("22003"):
        run(*insert("sale", {**row, "entry_id": uuid7()}))


def test_the_largest_sale_is_settled_to_the_unit(acme):
    ana = acme.payee()
    acme.sell(ana, LARGEST)
    settlement = acme.settle(ana)

    assert acme.of("settlement", "sales_amount, total_amount", settlement) == (LARGEST, LARGEST)


def test_a_sum_that_no_amount_can_say_is_not_settled(acme):
    ana = acme.payee()
    acme.sell(ana, LARGEST)
    sale = acme.sell(ana, 2, sold_on=DAY - timedelta(days=90))

    with failing("22003"):
        acme.settle(ana)
    with refused("settlement_amounts_are_those_of_its_items"):
        acme.settle(ana, sales_amount=LARGEST)
    acme.settle(ana, items={"sale": [sale]})


# --- Postings -------------------------------------------------------------------------------------


def of_another_day(acme: RawMarket, row: Any) -> Statement:
    return acme.sale_posting(row, on=DAY + timedelta(days=1))


def of_another_reference(acme: RawMarket, row: Any) -> Statement:
    return acme.sale_posting({**row, "reference": "another"})


def of_another_amount(acme: RawMarket, row: Any) -> Statement:
    return acme.sale_posting({**row, "organizer_amount": SHARE + 1, "total_amount": SHARE + 1})


def of_another_share(acme: RawMarket, row: Any) -> Statement:
    return acme.sale_posting({**row, "organizer_amount": SHARE - 1, "ticket_revenue": 1})


def on_another_account(acme: RawMarket, row: Any) -> Statement:
    return acme.entry(f"sale:{row['reference']}", ("cash", SHARE, 0), ("tax", 0, SHARE))


def the_wrong_way_round(acme: RawMarket, row: Any) -> Statement:
    return acme.entry(f"sale:{row['reference']}", ("owed", SHARE, 0), ("cash", 0, SHARE))


@pytest.mark.parametrize(
    "posting",
    [
        of_another_day,
        of_another_reference,
        of_another_amount,
        of_another_share,
        on_another_account,
        the_wrong_way_round,
    ],
)
def test_a_sale_is_posted_as_it_says(acme, posting):
    row = acme.sale_row(acme.payee())
    sql, given = posting(acme, row)
    run(sql, given)

    with refused("item_is_posted_as_it_says"):
        run(*insert("sale", {**row, "entry_id": given["id"]}))


def test_a_sale_is_not_posted_by_a_pending_a_voided_or_a_foreign_entry(acme, elsewhere):
    row = acme.sale_row(acme.payee(), reference="1")
    sides = [("cash", SHARE, 0), ("owed", 0, SHARE)]
    pending = acme.books.propose("sale:1", *sides)
    foreign = elsewhere.books.post("sale:1", *sides)

    with refused("item_is_posted_as_it_says"):
        run(*insert("sale", {**row, "entry_id": pending}))
    for entry in (foreign, uuid7()):
        with refused("sale_entry_is_of_its_organization"):
            run(*insert("sale", {**row, "entry_id": entry}))
    run("DELETE FROM ledger_proposedline")
    run("DELETE FROM ledger_journalentry WHERE id = %s", [pending])
    posted = acme.books.post("sale:1", *sides)
    run(*acme.voiding(posted))
    with refused("item_is_posted_as_it_says"):
        run(*insert("sale", {**row, "entry_id": posted}))


def test_an_entry_is_the_posting_of_one_item(acme):
    ana = acme.payee()
    statements = acme.selling(ana, reference="1")
    run(*statements[0])
    run(*statements[1])
    entry = statements[0][1]["id"]

    with refused("sale_reference_is_unique"):
        acme.sell(ana, reference="1", entry_id=entry)
    with refused("item_is_posted_as_it_says"):
        acme.sell(ana, reference="2", entry_id=entry)
    with refused("item_is_posted_as_it_says"):
        acme.adjust(ana, SHARE, reference="1", entry_id=entry)


def test_a_sale_is_in_the_currency_of_its_payee(acme):
    ana = acme.payee()
    row = acme.sale_row(ana, currency="EUR")
    sql, given = acme.sale_posting(row)
    run(sql, given)

    with refused("item_is_in_the_currency_of_its_payee"):
        run(*insert("sale", {**row, "entry_id": given["id"]}))


def test_a_sale_is_of_its_organization(acme, elsewhere):
    ana = elsewhere.payee()
    row = elsewhere.sale_row(ana)
    sql, given = acme.sale_posting(row)
    run(sql, given)

    with refused("sale_payee_is_of_its_organization"):
        run(*insert("sale", {**row, "organization_id": acme.id, "entry_id": given["id"]}))


def test_what_posted_nothing_for_the_payee_is_as_good_a_sale(acme):
    sale = acme.sell(acme.payee(), 0, platform_fee=FEE, reference="fee only")

    assert acme.of("sale", "organizer_amount", sale) == 0


# --- Adjustments ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "truth"),
    [
        ({"amount": 0}, "adjustment_sign_fits_its_kind"),
        ({"kind": "fee"}, "adjustment_sign_fits_its_kind"),
        ({"kind": "gift"}, "adjustment_sign_fits_its_kind"),
        ({"reason": ""}, "adjustment_has_a_reason"),
        ({"reference": ""}, "adjustment_has_a_reference"),
    ],
)
def test_an_adjustment_says_nothing_absurd(acme, changes, truth):
    row = {**acme.adjustment_row(acme.payee(), 1_00), "entry_id": uuid7(), **changes}

    with refused(truth):
        run(*insert("adjustment", row))


def test_the_smallest_number_is_no_adjustment(acme):
    row = acme.adjustment_row(acme.payee(), -(2**63))
    sql, given = acme.moving(f"adjustment:{row['reference']}", -LARGEST, "fees")
    run(sql, given)

    with failing("22003"):
        run(*insert("adjustment", {**row, "entry_id": given["id"]}))


@pytest.mark.parametrize("amount", [5_00, -5_00])
def test_an_adjustment_is_posted_as_it_says(acme, amount):
    ana = acme.payee()
    row = acme.adjustment_row(ana, amount, reference="1")
    for posted in (amount + 1, -amount):
        sql, given = acme.moving(f"adjustment:{posted}", posted, "fees")
        run(sql, given)
        with refused("item_is_posted_as_it_says"):
            acme.adjust(ana, amount, reference=str(posted), entry_id=given["id"])
    with refused("item_is_posted_as_it_says"):
        sql, given = acme.adjustment_posting(row, on=THROUGH)
        run(sql, given)
        run(*insert("adjustment", {**row, "entry_id": given["id"]}))


def test_the_other_side_of_an_adjustment_is_the_account_that_it_names(acme):
    ana = acme.payee()

    for account in ("tax", "owed"):
        with refused("item_is_posted_as_it_says"):
            acme.adjust(ana, 5_00, account_id=acme.accounts[account])


# --- They come in unsettled -----------------------------------------------------------------------


def test_an_item_does_not_come_in_settled(acme):
    ana = acme.payee()
    sale = acme.sell(ana)
    settlement = acme.settle(ana)

    with refused("item_begins_unsettled"):
        acme.sell(ana, settlement_id=settlement)
    with refused("item_begins_unsettled"):
        acme.refund(sale, settlement_id=settlement)
    with refused("item_begins_unsettled"):
        acme.adjust(ana, 1_00, settlement_id=settlement)
    with refused("item_begins_unsettled"):
        acme.sell(ana, refunded_amount=1)


def test_django_and_copy_bring_in_nothing_else(acme):
    row = acme.sale_row(acme.payee())
    sql, given = of_another_amount(acme, row)
    run(sql, given)
    row["entry_id"] = given["id"]

    with refused("item_is_posted_as_it_says"):
        Sale.objects.bulk_create([Sale(**row)])
    with refused("item_is_posted_as_it_says"):
        Sale.objects.bulk_create([Sale(**row)], ignore_conflicts=True)
    with pytest.raises(psycopg.Error, match="item_is_posted_as_it_says"), transaction.atomic():
        copy_in("settlements_sale", row)


def test_a_reference_that_is_there_is_neither_replaced_nor_changed(acme):
    ana = acme.payee()
    acme.sell(ana, reference="1")
    sql, given = insert("sale", acme.sale_row(ana, SHARE + 1, reference="1", entry_id=uuid7()))
    conflict = "ON CONFLICT (organization_id, reference) DO"

    run(f"{sql} {conflict} NOTHING", given)
    with refused("item_is_final"):
        run(f"{sql} {conflict} UPDATE SET organizer_amount = EXCLUDED.organizer_amount", given)
    with refused("item_is_final"):
        Sale.objects.bulk_create(
            [Sale(**{**given, "id": uuid7()})],
            update_conflicts=True,
            unique_fields=["organization", "reference"],
            update_fields=["organizer_amount"],
        )
    with refused("item_is_final"):
        run(
            """MERGE INTO settlements_sale s USING (SELECT 1) n ON s.reference = '1'
               WHEN MATCHED THEN UPDATE SET organizer_amount = 1, total_amount = 1"""
        )

    assert run("SELECT organizer_amount FROM settlements_sale") == [(SHARE,)]


def test_a_sale_from_a_trigger_of_ones_own_is_as_good_as_any(acme):
    statements = acme.selling(acme.payee())
    run(*statements[0])
    row = {name: value for name, value in statements[1][1].items() if value is not None}
    columns, values = ", ".join(row), ", ".join(f"'{value}'" for value in row.values())
    inserting = f"INSERT INTO settlements_sale ({columns}) VALUES ({values})"

    with refused("item_is_posted_as_it_says"):
        a_trigger_of_ones_own(inserting.replace(row["reference"], "another"))
    a_trigger_of_ones_own(inserting)

    assert acme.count("sale") == 1


def copy_in(table: str, row: dict[str, Any]) -> None:
    """By COPY, which is no INSERT and fires the same triggers."""
    names = [name for name, value in row.items() if value is not None]
    with connection.cursor() as cursor:
        copying = cursor.copy(f"COPY {table} ({', '.join(names)}) FROM STDIN")
        with copying as lines:
            lines.write_row([row[name] for name in names])
