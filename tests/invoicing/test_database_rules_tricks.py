"""What a session may set up for itself does not get it round the rules of invoicing.

Temporary tables, schemas, functions and triggers on tables of one's own need no more than a
connection; so does another role.
"""

import pytest

from tests.invoicing.raw_sales import (
    NET,
    TAX,
    RawSales,
    Statement,
    a_trigger_of_ones_own,
    insert,
    run_all,
)
from tests.ledger.raw_books import refused, run

pytestmark = [pytest.mark.django_db, pytest.mark.database_rules]

TOTAL = NET + TAX


@pytest.fixture
def acme() -> RawSales:
    return RawSales("acme")


# --- Tables that stand in for ours ----------------------------------------------------------------

TABLES = [
    "invoicing_order",
    "invoicing_orderitem",
    "invoicing_ordertaxline",
    "invoicing_invoice",
    "invoicing_creditnote",
    "invoicing_creditnoteitem",
    "invoicing_creditnotetaxline",
    "invoicing_financialtransaction",
    "invoicing_numbercounter",
    "invoicing_numberseries",
    "ledger_journalentry",
    "ledger_journalline",
    "ledger_account",
    "organizations_organization",
]


@pytest.mark.parametrize("table", TABLES)
def test_an_empty_temporary_table_does_not_stand_in_for_ours(acme, table):
    """PostgreSQL looks for tables among the temporary ones first."""
    invoice = acme.invoice()
    order, locked, draft = acme.of("invoice", "order_id", invoice), acme.locked(), acme.filled()
    paying, crediting = acme.paying(invoice, TOTAL + 1), acme.crediting(invoice, NET, TAX + 1)
    good, issuing = acme.paying(invoice, 10), acme.issuing(locked)
    taken_back = acme.bouncing(good[1][1]["id"], invoice, 10)
    for posting, *_ in (paying, crediting, good, issuing, taken_back):
        run(*posting)
    run(f"CREATE TEMPORARY TABLE {table} (LIKE public.{table}) ON COMMIT DROP")

    with refused("order_is_frozen"):
        run(*ours(insert("orderitem", acme.item_row(order, 0, 0, position=2))))
    with refused("order_amounts_are_those_of_its_items"):
        run(*ours(acme.locking(draft, 1, 1)))
    with refused("order_is_frozen"):
        run("UPDATE public.invoicing_order SET status = 'paid' WHERE id = %s", [order])
    with refused("invoice_is_not_overpaid"):
        run(*ours(paying[1]))
    with refused("invoice_is_not_overcredited"):
        run(*ours(crediting[1]))
    with refused("numbercounter_counts_documents"):
        run("UPDATE public.invoicing_numbercounter SET last_number = 7")
    for statement in (good[1], taken_back[1], issuing[1]):
        run(*ours(statement))

    assert acme.numbers() == ["INV-2025-00001", "INV-2025-00002"]
    assert acme.of("financialtransaction", "status", good[1][1]["id"]) == "reversed"


def test_a_temporary_journal_does_not_vouch_for_a_posting(acme):
    row = acme.payment_row(acme.invoice(), 10)
    sql, given = acme.movement(row)
    run(sql, {**given, "debits": [5, 0], "credits": [0, 5], "total": 5})
    for table in ("ledger_journalentry", "ledger_journalline"):
        run(f"CREATE TEMPORARY TABLE {table} (LIKE public.{table}) ON COMMIT DROP")
        run(f"INSERT INTO pg_temp.{table} SELECT * FROM public.{table}")
    run("UPDATE pg_temp.ledger_journalentry SET total_amount = 10 WHERE total_amount = 5")
    run("UPDATE pg_temp.ledger_journalline SET debit = 2 * debit, credit = 2 * credit")

    with refused("document_is_posted_as_it_says"):
        run(*insert("financialtransaction", {**row, "entry_id": given["id"]}))


# --- Functions and operators that stand in for ours -----------------------------------------------


def test_a_schema_put_before_ours_does_not_bring_its_own_functions(acme):
    invoice = acme.invoice()
    paying = acme.paying(invoice, TOTAL + 1)
    run(*paying[0])
    run("CREATE SCHEMA evil")
    for function in (
        "ledger_refuse(truth text, facts jsonb) RETURNS void LANGUAGE sql AS 'SELECT'",
        """invoicing_paid_of(o uuid, i uuid, OUT paid bigint, OUT refunded bigint) LANGUAGE sql
           AS 'SELECT 0::bigint, 0::bigint'""",
        """invoicing_number(p text, w int, y int, s bigint) RETURNS text LANGUAGE sql
           AS 'SELECT ''mine'''""",
        "same(record, record) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN true; END'",
    ):
        run(f"CREATE FUNCTION evil.{function}")
    run("CREATE OPERATOR evil.*= (FUNCTION = evil.same, LEFTARG = record, RIGHTARG = record)")
    run("SET LOCAL search_path = evil, pg_catalog, public")

    with refused("invoice_is_not_overpaid"):
        run(*paying[1])
    with refused("document_is_final"):
        run("UPDATE invoicing_invoice SET paid_amount = 5")
    with refused("order_is_frozen"):
        run("UPDATE invoicing_order SET reference = 'x'")
    acme.invoice()

    assert acme.numbers() == ["INV-2025-00001", "INV-2025-00002"]


# --- Triggers of one's own ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        "status = 'paid', paid_at = now()",
        "status = 'paid'",
        "paid_at = now()",
        "status = 'cancelled', cancelled_at = now()",
        "status = 'refunded'",
        "reference = 'x'",
        "status = 'draft', locked_at = NULL, snapshot = NULL",
    ],
)
def test_an_order_does_not_change_from_a_trigger_of_ones_own(acme, change):
    invoice = acme.invoice()

    with refused(
        "order_with_an_invoice_is_not_cancelled" if "cancelled" in change else "order_is_frozen"
    ):
        a_trigger_of_ones_own(f"UPDATE invoicing_order SET {change}")

    assert acme.order_of(invoice) == "pending"


def test_an_order_without_an_invoice_is_not_paid_from_a_trigger_of_ones_own(acme):
    acme.locked()

    with refused("order_is_frozen"):
        a_trigger_of_ones_own("UPDATE invoicing_order SET status = 'paid', paid_at = now()")


def test_a_time_of_payment_is_not_chosen_from_a_trigger_of_ones_own(acme):
    acme.pay(acme.invoice(), TOTAL)

    with refused("order_is_frozen"):
        a_trigger_of_ones_own("UPDATE invoicing_order SET paid_at = '2020-01-01'")


def test_a_payment_is_not_made_reversed_and_back_from_a_trigger_of_ones_own(acme):
    invoice = acme.invoice()
    payment = acme.pay(invoice, 10)

    with refused("document_is_final"):
        a_trigger_of_ones_own("UPDATE invoicing_financialtransaction SET status = 'reversed'")
    acme.bounce(payment, invoice, 10)
    with refused("document_is_final"):
        a_trigger_of_ones_own("UPDATE invoicing_financialtransaction SET status = 'completed'")


def test_what_a_document_says_is_the_same_from_whatever_trigger(acme):
    """A payment that comes in from another table's trigger is as good as any."""
    invoice = acme.invoice()
    statements = acme.paying(invoice, 10)
    run(*statements[0])
    row = statements[1][1]
    columns = ", ".join(row)
    values = ", ".join(f"'{value}'" for value in row.values())

    a_trigger_of_ones_own(
        f"INSERT INTO invoicing_financialtransaction ({columns}) VALUES ({values})"
    )

    assert acme.amounts(invoice) == (10, 0, 0)


# --- Statements within statements -----------------------------------------------------------------


def test_an_item_does_not_slip_in_by_a_function_of_the_statement_that_locks(acme):
    order = acme.filled()
    run(
        """CREATE FUNCTION pg_temp.slip_in(o uuid, i uuid) RETURNS int LANGUAGE plpgsql AS $$ BEGIN
             INSERT INTO invoicing_orderitem (organization_id, id, order_id, position, description,
                                              quantity, unit_amount, tax_codes)
             VALUES (o, gen_random_uuid(), i, 9, 'x', 1, 0, '{}');
             RETURN 1;
           END $$"""
    )
    sql, given = acme.locking(order)

    with refused("order_is_frozen"):
        run(f"{sql} RETURNING pg_temp.slip_in(organization_id, id)", given)


def test_an_invoice_does_not_slip_in_by_a_function_of_the_statement_that_cancels(acme):
    posting, (_, row) = acme.issuing(acme.locked())
    run(*posting)
    columns, values = ", ".join(row), ", ".join(f"'{value}'" for value in row.values())
    run(
        f"""CREATE FUNCTION pg_temp.slip_in() RETURNS timestamptz LANGUAGE plpgsql AS $$ BEGIN
              INSERT INTO invoicing_invoice ({columns}) VALUES ({values});
              RETURN now();
            END $$"""
    )
    cancel = "UPDATE invoicing_order SET status = 'cancelled', cancelled_at ="

    with refused("order_with_an_invoice_is_not_cancelled"):
        run(f"{cancel} pg_temp.slip_in()")
    with refused("invoice_is_of_its_locked_order"):
        run(f"{cancel} now() RETURNING pg_temp.slip_in()")


def test_a_credit_note_does_not_slip_in_by_a_function_of_the_statement_that_adds_an_item(acme):
    """By one amount and without items; then the statement's own item makes it one by items."""
    invoice = acme.invoice(NET, 0)
    [(item,)] = acme.of("orderitem", "id")
    posting, (_, row) = acme.crediting(invoice, 10_00, 0)
    run(*posting)
    columns, values = ", ".join(row), ", ".join(f"'{value}'" for value in row.values())
    run(
        f"""CREATE FUNCTION pg_temp.slip_in() RETURNS int LANGUAGE plpgsql AS $$ BEGIN
              INSERT INTO invoicing_creditnote ({columns}) VALUES ({values});
              RETURN 1;
            END $$"""
    )
    sql, given = insert(
        "creditnoteitem",
        acme.credit_item_row(10_00, 0, credit_note_id=row["id"], order_item_id=item),
    )

    with refused("creditnote_gets_its_parts_once"):
        run(sql.replace("%(quantity)s", "pg_temp.slip_in()"), given)


# --- Another role ---------------------------------------------------------------------------------


def test_another_role_is_held_to_the_same_rules(acme):
    invoice = acme.invoice()
    acme.pay(invoice, 10)
    paying, good = acme.paying(invoice, TOTAL), acme.paying(invoice, 10)
    run("CREATE ROLE countinghouse_clerk")
    run("GRANT USAGE ON SCHEMA public TO countinghouse_clerk")
    run("GRANT ALL ON ALL TABLES IN SCHEMA public TO countinghouse_clerk")
    run("SET LOCAL ROLE countinghouse_clerk")

    with refused("invoice_is_not_overpaid"):
        run_all(paying)
    for attack in (
        "UPDATE invoicing_invoice SET paid_amount = total_amount",
        "DELETE FROM invoicing_financialtransaction",
        "TRUNCATE invoicing_invoice CASCADE",
    ):
        with refused("document_is_final"):
            run(attack)
    with refused("document_is_final"):
        a_trigger_of_ones_own("UPDATE invoicing_invoice SET paid_amount = total_amount")
    with refused("numbercounter_counts_documents"):
        a_trigger_of_ones_own("UPDATE invoicing_numbercounter SET last_number = 7")
    run_all(good)

    assert acme.amounts(invoice) == (20, 0, 0)


@pytest.mark.parametrize(
    "attack",
    [
        "SET LOCAL session_replication_role = replica",
        "ALTER TABLE invoicing_invoice DISABLE TRIGGER invoice_is_final",
        "DROP TRIGGER invoice_is_final ON invoicing_invoice",
        "CREATE RULE quiet AS ON INSERT TO invoicing_invoice DO INSTEAD NOTHING",
        "CREATE TABLE pg_temp.more () INHERITS (invoicing_invoice)",
        "ALTER FUNCTION ledger_refuse SECURITY INVOKER",
    ],
)
def test_another_role_does_not_switch_the_rules_off(acme, attack):
    run("CREATE ROLE countinghouse_clerk")
    run("GRANT USAGE ON SCHEMA public TO countinghouse_clerk")
    run("GRANT ALL ON ALL TABLES IN SCHEMA public TO countinghouse_clerk")
    run("SET LOCAL ROLE countinghouse_clerk")

    with pytest.raises(Exception, match=r"permission denied|must be owner"):
        run(attack)


# --- The attacks' tools ---------------------------------------------------------------------------


def ours(statement: Statement) -> Statement:
    """The same about our own table, whatever stands before it."""
    sql, given = statement
    for verb in ("INSERT INTO", "UPDATE"):
        sql = sql.replace(f"{verb} invoicing_", f"{verb} public.invoicing_")
    return sql, given
