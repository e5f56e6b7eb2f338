"""What a session may set up for itself does not get it round the rules of settlements.

Temporary tables, schemas, functions and triggers on tables of one's own need no more than a
connection; so does another role.
"""

from typing import Any

import pytest

from tests.invoicing.raw_sales import Statement, a_trigger_of_ones_own, run_all
from tests.ledger.raw_books import refused, run
from tests.settlements.raw_market import LATER, SHARE, RawMarket, refused_by_any

pytestmark = [pytest.mark.django_db, pytest.mark.database_rules]


@pytest.fixture
def acme() -> RawMarket:
    return RawMarket("acme")


# --- Tables that stand in for ours ----------------------------------------------------------------

TABLES = [
    "settlements_payee",
    "settlements_event",
    "settlements_sale",
    "settlements_refund",
    "settlements_adjustment",
    "settlements_settlement",
    "settlements_payout",
    "settlements_payoutbatch",
    "settlements_payoutbatchitem",
    "ledger_journalentry",
    "ledger_journalline",
    "ledger_account",
]


@pytest.mark.parametrize("table", TABLES)
def test_an_empty_temporary_table_does_not_stand_in_for_ours(acme, table):
    """PostgreSQL looks for tables among the temporary ones first."""
    ana, bea = acme.payee(), acme.payee("bea")
    gala = acme.event(bea)
    sale = acme.sell(ana)
    wrong = [
        (acme.selling(ana, event_id=gala), "item_is_of_an_event_of_its_payee"),
        (acme.refunding(sale, SHARE + 1), "sale_is_not_overrefunded"),
        ([acme.settling(ana, sales_amount=1)], "settlement_amounts_are_those_of_its_items"),
        ([acme.settling(ana, sequence=2)], "settlement_follows_the_one_before"),
    ]
    payout = acme.payout()
    wrong.append(([acme.batching(payout, control_sum_amount=1)], BATCH_SUMS))
    good = acme.paying(payout)
    for statements, _ in (*wrong, (good, "")):
        run_all(statements[:-1])
    run(f"CREATE TEMPORARY TABLE {table} (LIKE public.{table}) ON COMMIT DROP")

    for statements, truth in wrong:
        with refused(truth):
            run(*ours(statements[-1]))
    with refused("settlement_status_follows_its_payouts"):
        run("UPDATE public.settlements_settlement SET status = 'completed'")
    with refused("account_with_lines_stays"):
        run("DELETE FROM public.ledger_account WHERE code = 'owed'")
    run(*ours(good[-1]))

    assert acme.of("payout", "status", payout) == "paid"


BATCH_SUMS = "payoutbatch_amounts_are_those_of_its_payouts"


def test_a_schema_put_before_ours_does_not_bring_its_own_functions(acme):
    ana = acme.payee()
    sale = acme.sell(ana)
    refunding = acme.refunding(sale, SHARE + 1)
    run(*refunding[0])
    settling = acme.settling(ana, sales_amount=1)
    run("CREATE SCHEMA evil")
    for function in (
        "ledger_refuse(truth text, facts jsonb) RETURNS void LANGUAGE sql AS 'SELECT'",
        """settlements_check_settlement(o uuid, s uuid, l boolean) RETURNS void LANGUAGE sql
           AS 'SELECT'""",
        """settlements_status_of(o uuid, s uuid, t bigint) RETURNS text LANGUAGE sql
           AS 'SELECT ''completed'''""",
        "settlements_need_new_snapshots() RETURNS void LANGUAGE sql AS 'SELECT'",
        """settlements_check_posting(o uuid, p uuid, e uuid, r text, d date, c text, t bigint,
           w bigint) RETURNS void LANGUAGE sql AS 'SELECT'""",
        "same(record, record) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN true; END'",
    ):
        run(f"CREATE FUNCTION evil.{function}")
    run("CREATE OPERATOR evil.*= (FUNCTION = evil.same, LEFTARG = record, RIGHTARG = record)")
    run("SET LOCAL search_path = evil, pg_catalog, public")

    with refused("sale_is_not_overrefunded"):
        run(*refunding[1])
    with refused("settlement_amounts_are_those_of_its_items"):
        run(*settling)
    with refused("item_is_final"):
        run("UPDATE settlements_sale SET organizer_amount = 5, total_amount = 5")


# --- Triggers of one's own ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("attack", "truth"),
    [
        ("UPDATE settlements_sale SET settlement_id = NULL", "settlement_keeps_its_items"),
        ("UPDATE settlements_settlement SET total_amount = 1", "settlement_is_final"),
        (
            "UPDATE settlements_settlement SET status = 'pending'",
            "settlement_status_follows_its_payouts",
        ),
        ("UPDATE settlements_settlement SET approved_at = NULL", "settlement_is_final"),
        ("UPDATE settlements_payout SET status = 'initiated'", "payout_goes_forward_only"),
        ("UPDATE settlements_payout SET amount = 1", "payout_goes_forward_only"),
        ("DELETE FROM settlements_payout", "item_is_final"),
        (
            "DELETE FROM settlements_settlement",
            "settlement_is_discarded_while_pending_and_last",
        ),
        ("DELETE FROM settlements_payee", "row_is_final"),
        ("DELETE FROM settlements_event", "row_is_final"),
        ("TRUNCATE settlements_sale CASCADE", "item_is_final"),
    ],
)
def test_nothing_is_allowed_from_a_trigger_of_ones_own(acme, attack, truth):
    acme.pay(acme.payout())

    with refused(truth):
        a_trigger_of_ones_own(attack)


# --- Statements within statements -----------------------------------------------------------------


def slipping_in(statement: str, returns: str = "int", value: str = "1") -> None:
    run(
        f"""CREATE OR REPLACE FUNCTION pg_temp.slip_in() RETURNS {returns} LANGUAGE plpgsql
            AS $$ BEGIN {statement}; RETURN {value}; END $$"""
    )


def test_an_item_does_not_slip_in_by_a_function_of_the_statement_that_settles(acme):
    ana = acme.payee()
    acme.sell(ana)
    more = acme.sell(ana, 0, platform_fee=1)
    [one, _] = acme.unsettled(ana)["sale"]
    sql, given = acme.settling(ana, items={"sale": [one]})
    slipping_in(
        f"""UPDATE settlements_sale SET settlement_id = '{given["id"]}' WHERE id = '{more}'"""
    )

    for place in ("AND id = ANY (%(reserves_of_2)s)", "AND id = ANY (%(ids_of_1)s)"):
        assert place in sql
        with refused_by_any(
            "settlement_amounts_are_those_of_its_items", "sale_settlement_is_of_its_organization"
        ):
            run(sql.replace(place, f"{place} AND pg_temp.slip_in() = 1"), given)
            run("SELECT pg_temp.slip_in()")


def test_an_item_is_not_swapped_by_a_function_of_a_statement_about_another(acme):
    ana = acme.payee()
    one = acme.sell(ana)
    settlement = acme.settle(ana)
    other = acme.sell(ana)
    slipping_in(
        f"""UPDATE settlements_sale SET settlement_id = '{settlement}' WHERE id = '{other}'"""
    )

    with refused_by_any("settlement_keeps_its_items", "settlement_amounts_are_those_of_its_items"):
        run(
            """UPDATE settlements_sale SET settlement_id = NULL
                WHERE id = %s RETURNING pg_temp.slip_in()""",
            [one],
        )


def test_a_settlement_is_not_paid_by_a_function_of_the_statement_that_discards_it(acme):
    ana = acme.payee()
    acme.sell(ana)
    settlement = acme.settle(ana)
    row = acme.payout_row(settlement)
    names, values = ", ".join(row), ", ".join(f"'{value}'" for value in row.values())
    slipping_in(
        f"""UPDATE settlements_settlement SET approved_at = now(),
                   approved_by_id = '{acme.approves}';
            INSERT INTO settlements_payout ({names}) VALUES ({values})"""
    )
    sql, given = acme.discarding(settlement)

    for where in ("AND pg_temp.slip_in() = 1", "RETURNING pg_temp.slip_in()"):
        with refused_by_any(
            "settlement_is_discarded_while_pending_and_last",
            "payout_is_of_an_approved_settlement",
            "27000",  # Already modified by an operation triggered by the current command.
        ):
            run(f"{sql} {where}", given)


def test_a_refund_does_not_slip_in_by_a_function_of_the_statement_that_refunds(acme):
    sale = acme.sell(acme.payee())
    posting, (sql, row) = acme.refunding(sale, 60_00)
    more, (_, again) = acme.refunding(sale, 40_00)
    run_all([posting, more])
    names, values = ", ".join(again), ", ".join(literal(value) for value in again.values())
    slipping_in(f"INSERT INTO settlements_refund ({names}) VALUES ({values})")

    with refused("sale_is_not_overrefunded"):
        run(f"{sql} RETURNING pg_temp.slip_in()", row)
    with refused("sale_is_not_overrefunded"):
        run(sql.replace("%(method)s", "CASE pg_temp.slip_in() WHEN 1 THEN %(method)s END"), row)


def test_what_was_refunded_is_not_set_by_a_function_of_the_statement_that_refunds(acme):
    sale = acme.sell(acme.payee())
    posting, (sql, row) = acme.refunding(sale, 60_00)
    run(*posting)
    slipping_in("UPDATE settlements_sale SET refunded_amount = 59")

    with refused("item_is_final"):
        run(f"{sql} RETURNING pg_temp.slip_in()", row)


def test_a_payout_is_not_exported_by_a_function_of_the_statement_that_fails_it(acme):
    """Exported as long as it lives, and failed before the statement ends: in no order."""
    payout = acme.payout()
    batch = acme.batch_row([payout], content=b"x")
    item = acme.batch_item(batch["id"], payout)[1]
    names = ", ".join(name for name in batch if name != "content")
    values = ", ".join(literal(value) for name, value in batch.items() if name != "content")
    item_values = ", ".join(literal(value) for value in item.values())
    slipping_in(
        f"""WITH b AS (INSERT INTO settlements_payoutbatch ({names}, content)
                       VALUES ({values}, 'x'))
            INSERT INTO settlements_payoutbatchitem ({", ".join(item)}) VALUES ({item_values})"""
    )
    sql, given = acme.failing(payout)

    with refused("payoutbatch_asks_for_initiated_payouts"):
        run(f"{sql} RETURNING pg_temp.slip_in()", given)


def test_two_changes_of_one_table_by_one_statement_are_both_seen(acme):
    ana, bea = acme.payee(), acme.payee("bea")
    acme.sell(ana)
    acme.sell(bea)
    theirs, more = acme.settle(ana), acme.sell(ana)
    sql, given = acme.settling(bea)
    adding = """UPDATE settlements_sale SET settlement_id = %(theirs)s WHERE id = %(more)s"""

    for first, later in ((f"a AS ({adding}), ", ""), ("", f"a AS ({adding}), ")):
        with refused("settlement_amounts_are_those_of_its_items"):
            run(
                sql.replace("WITH s0", f"WITH {first}s0").replace("s1 AS", f"{later}s1 AS"),
                {**given, "theirs": theirs, "more": more},
            )
    run(sql, given)


@pytest.mark.parametrize("verb", ["INSERT", "UPDATE"])
def test_merge_settles_nothing_that_does_not_add_up(acme, verb):
    ana = acme.payee()
    sale = acme.sell(ana)
    row = acme.settlement_row(ana)
    names, values = ", ".join(row), ", ".join(f"%({name})s" for name in row)
    if verb == "UPDATE":
        run(*acme.settling(ana))
        more = acme.sell(ana, 0, platform_fee=1)
        settlement = acme.of("sale", "settlement_id", sale)

    with refused("settlement_amounts_are_those_of_its_items"):
        if verb == "INSERT":
            run(
                f"""MERGE INTO settlements_settlement s USING (SELECT 1) n ON s.sequence = 9
                    WHEN NOT MATCHED THEN INSERT ({names}) VALUES ({values})""",
                row,
            )
        else:
            run(
                """MERGE INTO settlements_sale s USING (SELECT %s::uuid AS id) n ON s.id = n.id
                   WHEN MATCHED THEN UPDATE SET settlement_id = %s""",
                [more, settlement],
            )


# --- Another role ---------------------------------------------------------------------------------


def test_another_role_is_held_to_the_same_rules(acme):
    payout = acme.payout()
    acme.batch(payout)
    good, settlement = acme.paying(payout), acme.of("payout", "settlement_id", payout)
    run("CREATE ROLE countinghouse_clerk")
    run("GRANT USAGE ON SCHEMA public TO countinghouse_clerk")
    run("GRANT ALL ON ALL TABLES IN SCHEMA public TO countinghouse_clerk")
    run("SET LOCAL ROLE countinghouse_clerk")

    for attack, truth in [
        ("UPDATE settlements_sale SET settlement_id = NULL", "settlement_keeps_its_items"),
        ("DELETE FROM settlements_payoutbatchitem", "item_is_final"),
        ("TRUNCATE settlements_settlement CASCADE", "row_is_final"),
        (
            "UPDATE settlements_settlement SET status = 'completed'",
            "settlement_status_follows_its_payouts",
        ),
    ]:
        with refused_by_any(truth, "item_is_final"):
            run(attack)
    run_all(good)

    assert acme.status(settlement) == "completed"
    assert acme.of("payout", "paid_on", payout) == LATER


# --- The attacks' tools ---------------------------------------------------------------------------


def ours(statement: Statement) -> Statement:
    """The same about our own tables, whatever stands before them."""
    sql, given = statement
    for verb in ("INSERT INTO", "UPDATE"):
        sql = sql.replace(f"{verb} settlements_", f"{verb} public.settlements_")
    return sql, given


def literal(value: Any) -> str:
    return "NULL" if value is None else f"'{value}'"
