"""Payees and events in the database: what their items stand on never changes."""

from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction

from core.db import uuid7
from settlements.models import Event, Payee
from tests.invoicing.raw_sales import a_trigger_of_ones_own, in_one
from tests.ledger.raw_books import broken, failing, refused, run
from tests.settlements.raw_market import DAY, SHARE, RawMarket, insert

pytestmark = [pytest.mark.django_db, pytest.mark.database_rules]


@pytest.fixture
def acme() -> RawMarket:
    return RawMarket("acme")


@pytest.fixture
def elsewhere() -> RawMarket:
    return RawMarket("elsewhere")


# --- Currency and account -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    ["currency = 'EUR'", "payable_id = (SELECT id FROM ledger_account WHERE code = 'tax')"],
)
def test_a_payee_keeps_its_currency_and_its_account(acme, change):
    acme.payee()

    with refused("payee_keeps_its_currency_and_account"):
        run(f"UPDATE settlements_payee SET {change}")
    with refused("payee_keeps_its_currency_and_account"):
        a_trigger_of_ones_own(f"UPDATE settlements_payee SET {change}")


def test_a_payee_does_not_change_by_django_on_conflict_or_merge(acme):
    row = acme.payee_row()
    run(*insert("payee", row))
    sql, given = insert("payee", {**row, "id": uuid7()})

    with refused("payee_keeps_its_currency_and_account"):
        Payee.objects.of(acme.id).update(currency="EUR")
    with refused("payee_keeps_its_currency_and_account"):
        run(
            f"{sql} ON CONFLICT (organization_id, code) DO UPDATE SET currency = 'EUR'",
            given,
        )
    with refused("payee_keeps_its_currency_and_account"):
        run(
            """MERGE INTO settlements_payee p USING (SELECT 1) s ON p.organization_id = %s
               WHEN MATCHED THEN UPDATE SET currency = 'EUR'""",
            [acme.id],
        )


@pytest.mark.parametrize("sold", [True, False], ids=["sold for", "new"])
def test_a_payee_is_not_deleted_and_put_back_as_another(acme, sold):
    """By one statement, at whose end no foreign key finds anything missing."""
    row = acme.payee_row()
    run(*insert("payee", row))
    if sold:
        acme.sell(row["id"])
    euros = {**row, "currency": "EUR", "payable_id": acme.accounts["owed-in-euros"]}
    names = ", ".join(row)

    with refused("row_is_final"):
        run(
            f"""WITH gone AS (DELETE FROM settlements_payee WHERE id = %(id)s RETURNING id AS was)
                INSERT INTO settlements_payee ({names})
                SELECT {", ".join(f"%({name})s" for name in row)} FROM gone""",
            euros,
        )


def test_a_payee_is_owed_on_a_liability_account_in_their_currency(acme, elsewhere):
    for account in ("cash", "fees", "owed-in-euros"):
        with refused("payee_payable_is_a_liability_in_its_currency"):
            acme.payee(payable_id=acme.accounts[account])
    with refused("payee_payable_is_a_liability_in_its_currency"):
        acme.payee(currency="EUR")
    with refused("payee_payable_is_a_liability_in_its_currency"):
        acme.payee(payable_id=elsewhere.accounts["owed"])
    with refused("payee_payable_is_a_liability_in_its_currency"):
        Payee.objects.bulk_create(
            [
                Payee(
                    organization_id=acme.id,
                    code="ana",
                    name="Ana",
                    currency="GBP",
                    payable_id=acme.accounts["cash"],
                )
            ]
        )


def test_a_payee_does_not_come_in_before_its_account(acme):
    account = uuid7()
    sql, given = in_one(
        insert("payee", acme.payee_row(payable_id=account), "RETURNING organization_id"),
        (
            """INSERT INTO ledger_account (organization_id, id, code, name, type, currency)
               SELECT organization_id, %(account)s, 'new', 'new', 'asset', 'EUR' FROM s0""",
            {"account": account},
        ),
    )

    with refused("payee_payable_is_a_liability_in_its_currency"):
        run(sql, given)


@pytest.mark.parametrize("change", ["type = 'asset'", "currency = 'EUR'"])
def test_the_account_of_a_payee_does_not_become_another(acme, change):
    """Which has no lines yet, so that the ledger would let it."""
    acme.payee()

    with refused("payable_keeps_its_type_and_currency"):
        run(f"UPDATE ledger_account SET {change} WHERE id = %s", [acme.accounts["owed"]])
    with refused("payable_keeps_its_type_and_currency"):
        run(
            f"""WITH renamed AS (UPDATE settlements_payee SET name = 'x')
                UPDATE ledger_account SET {change} WHERE id = %s""",
            [acme.accounts["owed"]],
        )
    run(f"UPDATE ledger_account SET {change} WHERE code = 'tax'")
    run("UPDATE ledger_account SET name = 'Owed' WHERE code = 'owed'")


@pytest.mark.parametrize("first", ["payee", "account"])
def test_a_payee_and_their_account_do_not_part_in_one_statement(acme, first):
    payee = insert("payee", acme.payee_row())
    account = (
        "UPDATE ledger_account SET type = 'asset' WHERE id = %(changed)s",
        {"changed": acme.accounts["owed"]},
    )
    both = [payee, account] if first == "payee" else [account, payee]

    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        run(*in_one(*both))

    assert broken(caught.value) in {
        "payable_keeps_its_type_and_currency",
        "payee_payable_is_a_liability_in_its_currency",
    }


def test_the_account_of_a_payee_is_not_deleted_and_put_back_as_another(acme):
    acme.payee()

    with refused("payable_keeps_its_type_and_currency"):
        run(
            """WITH gone AS (DELETE FROM ledger_account WHERE id = %s RETURNING *)
               INSERT INTO ledger_account (organization_id, id, code, name, type, currency)
               SELECT organization_id, id, code, name, 'liability', 'EUR' FROM gone""",
            [acme.accounts["owed"]],
        )


# --- What a payee says ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "truth"),
    [
        ({"code": "a b"}, "payee_code_is_plain"),
        ({"code": "a\n"}, "payee_code_is_plain"),
        ({"code": ""}, "payee_code_is_plain"),
        ({"status": "gone"}, "payee_status_is_known"),
        ({"schedule_every": "year"}, "payee_schedule_comes_due"),
        ({"schedule_every": "week"}, "payee_schedule_comes_due"),
        ({"schedule_every": "week", "schedule_weekday": 0}, "payee_schedule_comes_due"),
        ({"schedule_every": "week", "schedule_weekday": 8}, "payee_schedule_comes_due"),
        ({"schedule_every": "month"}, "payee_schedule_comes_due"),
        ({"schedule_every": "month", "schedule_day": 32}, "payee_schedule_comes_due"),
        (
            {"schedule_every": "month", "schedule_day": 1, "schedule_days": 1},
            "payee_schedule_comes_due",
        ),
        ({"schedule_every": "event"}, "payee_schedule_comes_due"),
        ({"schedule_every": "event", "schedule_days": 366}, "payee_schedule_comes_due"),
        ({"schedule_every": "day", "schedule_weekday": 1}, "payee_schedule_comes_due"),
        ({"reserve_percentage": 10}, "payee_reserve_is_percentage_or_floor"),
        ({"reserve_days": 10}, "payee_reserve_is_percentage_or_floor"),
        (
            {"reserve_percentage": Decimal("NaN"), "reserve_days": 10},
            "payee_reserve_is_percentage_or_floor",
        ),
        ({"reserve_percentage": 101, "reserve_days": 1}, "payee_reserve_is_percentage_or_floor"),
        ({"reserve_percentage": 0, "reserve_days": 1}, "payee_reserve_is_percentage_or_floor"),
        ({"reserve_percentage": 10, "reserve_days": 0}, "payee_reserve_is_percentage_or_floor"),
        ({"reserve_percentage": 10, "reserve_days": 731}, "payee_reserve_is_percentage_or_floor"),
        ({"reserve_floor_amount": 0}, "payee_reserve_is_percentage_or_floor"),
        (
            {"reserve_percentage": 10, "reserve_days": 1, "reserve_floor_amount": 1},
            "payee_reserve_is_percentage_or_floor",
        ),
        ({"minimum_payout_amount": -1}, "payee_minimum_payout_is_not_negative"),
        ({"fee_percentage": Decimal("NaN")}, "payee_fee_is_plausible"),
        ({"fee_percentage": Decimal("100.0001")}, "payee_fee_is_plausible"),
        ({"fee_percentage": -1}, "payee_fee_is_plausible"),
        ({"fee_per_ticket_amount": -1}, "payee_fee_is_plausible"),
        ({"fee_borne_by": "nobody"}, "payee_fee_is_plausible"),
        ({"iban": "IE12 BOFI 9000 0112"}, "payee_iban_is_plain"),
        ({"iban": "ie12BOFI90000112345678"}, "payee_iban_is_plain"),
        ({"iban": "IE12BOFI90000112345678\n"}, "payee_iban_is_plain"),
        ({"bic": "BOFI"}, "payee_bic_is_plain"),
    ],
)
def test_a_payee_says_nothing_absurd(acme, changes, truth):
    with refused(truth):
        acme.payee(**changes)


@pytest.mark.parametrize("amount", ["Infinity", "-Infinity", "1e9"])
def test_a_percentage_is_not_out_of_bounds(acme, amount):
    with failing("22003"):
        acme.payee(fee_percentage=Decimal(amount))


def test_a_payee_is_of_one_organization(acme, elsewhere):
    ana = acme.payee()

    with refused("row_keeps_its_organization"):
        run("UPDATE settlements_payee SET organization_id = %s", [elsewhere.id])
    with refused("event_payee_is_of_its_organization"):
        elsewhere.event(ana)
    with refused("payee_code_is_unique"):
        acme.payee()
    elsewhere.payee()


def test_an_account_to_pay_from_is_one_per_organization_and_plain(acme):
    acme.add("payoutprofile", name="Acme", iban="IE12BOFI90000112345678")

    with refused("payoutprofile_is_one_per_organization"):
        acme.add("payoutprofile", name="Acme", iban="IE12BOFI90000112345678")
    with refused("payoutprofile_iban_is_plain"):
        run("UPDATE settlements_payoutprofile SET iban = ''")


# --- Events ---------------------------------------------------------------------------------------


def test_an_event_keeps_its_payee(acme):
    ana, bea = acme.payee(), acme.payee("bea")
    acme.event(ana)

    with refused("event_keeps_its_payee"):
        run("UPDATE settlements_event SET payee_id = %s", [bea])
    with refused("event_keeps_its_payee"):
        Event.objects.of(acme.id).update(payee_id=bea)


def test_an_event_is_not_deleted_and_put_back_as_anothers(acme):
    ana, bea = acme.payee(), acme.payee("bea")
    acme.sell(ana, event_id=acme.event(ana))

    with refused("row_is_final"):
        run(
            """WITH gone AS (DELETE FROM settlements_event RETURNING *)
               INSERT INTO settlements_event (organization_id, id, code, name, payee_id, ends_on)
               SELECT organization_id, id, code, name, %s, ends_on FROM gone""",
            [bea],
        )


@pytest.mark.parametrize("ends_on", ["infinity", "-infinity", "1899-12-31", "2200-01-01"])
def test_an_event_ends_on_a_plausible_day(acme, ends_on):
    with refused("event_ends_on_is_plausible"):
        acme.event(acme.payee(), ends_on=ends_on)


def test_what_is_sold_for_a_payee_is_of_their_own_event(acme, elsewhere):
    ana, bea = acme.payee(), acme.payee("bea")
    gala = acme.event(bea)
    foreign = elsewhere.event(elsewhere.payee())

    with refused("item_is_of_an_event_of_its_payee"):
        acme.sell(ana, event_id=gala)
    with refused("item_is_of_an_event_of_its_payee"):
        acme.adjust(ana, 1_00, event_id=gala)
    for event in (foreign, uuid7()):
        with refused("sale_event_is_of_its_organization"):
            acme.sell(ana, event_id=event)
        with refused("adjustment_event_is_of_its_organization"):
            acme.adjust(ana, 1_00, event_id=event)

    acme.sell(bea, SHARE, event_id=gala, sold_on=DAY)
