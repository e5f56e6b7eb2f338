"""Every tenant table has the keys of docs/why/tenant-keys.md, and money is a BIGINT.

What is asked is the catalog of the migrated database, not the models: a table that a migration
made by hand is seen as well.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.db import connection

from core.db import GlobalForeignKey, MinorUnitsField, TenantForeignKey, TenantModel

pytestmark = [pytest.mark.django_db, pytest.mark.database_rules]

# Part of the installation's directory: asked before there is an organization to ask for, or about
# all of them.
DIRECTORY = {
    "organizations_membership",
    "organizations_apikeyprefix",
    "organizations_featureflag_organizations",
}

# Ratios and quantities, and no amounts of money.
DECIMALS = {
    ("ledger_exchangerate", "rate"),
    ("invoicing_taxrate", "percentage"),
    ("invoicing_ordertaxline", "percentage"),
    ("invoicing_creditnotetaxline", "percentage"),
    ("invoicing_orderitem", "quantity"),
    ("invoicing_creditnoteitem", "quantity"),
    ("settlements_payee", "fee_percentage"),
    ("settlements_payee", "reserve_percentage"),
}

# "What was done to this row?": GIN cannot lead with a uuid column, and the bitmap is rechecked
# against organization_id.
OTHER_INDEXES = {"auditevent_by_subject"}

NAMES_OF_AMOUNTS = re.compile(r"(^|_)(amount|debits?|credits?|balance|price|fee|total|subtotal)$")


# --- The database of this installation -----------------------------------------------------------


def test_there_are_tenant_tables():
    assert {"ledger_journalline", "organizations_auditevent"} <= tenant_tables()
    assert not tenant_tables() & DIRECTORY


def test_every_tenant_table_keeps_the_rules():
    assert broken_rules() == []


def test_every_reference_of_a_tenant_model_is_a_foreign_key_of_the_database():
    assert missing_foreign_keys() == []


def test_every_tenant_row_hangs_on_an_organization_that_exists():
    assert sorted(tenant_tables() - hanging_on_an_organization()) == []


def test_the_declared_exceptions_exist():
    """An exception that nothing needs any more would hide the next mistake."""
    indexes = {name for name, *_ in rows("SELECT indexname FROM pg_indexes")}

    assert indexes >= OTHER_INDEXES
    assert {(t, c) for t, c, kind in column_types() if kind == "numeric"} >= DECIMALS
    assert tables_with("organization_id") >= DIRECTORY


# --- That this would notice ----------------------------------------------------------------------

GOOD = """CREATE TABLE bad (organization_id uuid NOT NULL, id uuid NOT NULL, account_id uuid,
  amount bigint, PRIMARY KEY (id, organization_id));
  CREATE TRIGGER row_stays_where_it_is BEFORE UPDATE OF organization_id, id ON bad FOR EACH ROW
    WHEN ((OLD.organization_id, OLD.id) IS DISTINCT FROM (NEW.organization_id, NEW.id))
    EXECUTE FUNCTION core_refuse_move();"""

REFERS = "ALTER TABLE bad ADD CONSTRAINT refers FOREIGN KEY (account_id, organization_id)"
REFERRED = " REFERENCES ledger_account (id, organization_id)"


def test_a_table_that_keeps_the_rules_is_not_named():
    run(GOOD + REFERS + REFERRED)

    assert broken_rules() == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (
            "ALTER TABLE bad DROP CONSTRAINT bad_pkey, ADD PRIMARY KEY (organization_id, id)",
            "its primary key is (organization_id, id)",
        ),
        (
            "ALTER TABLE bad DROP CONSTRAINT bad_pkey, ADD PRIMARY KEY (id)",
            "its primary key is (id)",
        ),
        (
            (
                "ALTER TABLE bad DROP CONSTRAINT bad_pkey;"
                "ALTER TABLE bad ALTER organization_id DROP NOT NULL"
            ),
            "organization_id may be NULL",
        ),
        ("DROP TRIGGER row_stays_where_it_is ON bad", "its rows can leave their organization"),
        (
            "ALTER TABLE bad DISABLE TRIGGER row_stays_where_it_is",
            "its rows can leave their organization",
        ),
        ("ALTER TABLE bad ADD code text UNIQUE", "unique bad_code_key is (code)"),
        (
            "ALTER TABLE bad ADD code text; CREATE UNIQUE INDEX x ON bad (code, organization_id)",
            "unique x is (code, organization_id)",
        ),
        (
            "CREATE UNIQUE INDEX x ON bad (lower(account_id::text), organization_id)",
            "unique x is (, organization_id)",
        ),
        ("CREATE INDEX x ON bad (account_id)", "index x is (account_id)"),
        (
            "ALTER TABLE bad ADD CONSTRAINT refers FOREIGN KEY (account_id, id)" + REFERRED,
            "foreign key refers is (account_id, id)",
        ),
        (
            (
                "ALTER TABLE bad ADD parent_id uuid UNIQUE; ALTER TABLE bad ADD CONSTRAINT refers"
                " FOREIGN KEY (account_id) REFERENCES bad (parent_id)"
            ),
            "foreign key refers is (account_id)",
        ),
        (REFERS + REFERRED + " DEFERRABLE", "foreign key refers is deferrable"),
        (REFERS + REFERRED + " ON DELETE SET NULL", "foreign key refers is ON DELETE SET NULL"),
        (REFERS + REFERRED + " ON DELETE CASCADE", "foreign key refers is ON DELETE CASCADE"),
        (REFERS + REFERRED + " ON UPDATE CASCADE", "foreign key refers is ON UPDATE CASCADE"),
        ("ALTER TABLE bad ALTER amount TYPE integer", "money column amount is integer"),
        ("ALTER TABLE bad ADD fee_amount numeric(12, 2)", "fee_amount is numeric"),
        ("ALTER TABLE bad ADD rate double precision", "rate is double precision"),
        ("ALTER TABLE bad ADD price money", "price is money"),
        ("ALTER TABLE bad ADD number bigserial", "number is a sequence"),
        (
            "ALTER TABLE bad ADD number int GENERATED ALWAYS AS IDENTITY",
            "number is a sequence",
        ),
    ],
)
def test_a_table_that_breaks_a_rule_is_named(change, fault):
    run(GOOD + change)

    assert f"bad: {fault}" in broken_rules()


def test_a_directory_table_that_nobody_declared_is_named():
    run("CREATE TABLE bad (id serial PRIMARY KEY, organization_id uuid)")

    assert {fault.split(":")[0] for fault in broken_rules()} == {"bad"}


def test_a_reference_without_a_foreign_key_is_named():
    run("ALTER TABLE ledger_journalline DROP CONSTRAINT journalline_account_is_of_its_organization")

    assert missing_foreign_keys() == ["ledger_journalline.account_id"]


def test_a_table_that_hangs_on_nothing_is_named():
    run("ALTER TABLE ledger_exchangerate DROP CONSTRAINT exchangerate_organization_exists")

    assert tenant_tables() - hanging_on_an_organization() == {"ledger_exchangerate"}


# --- Reading the catalog -------------------------------------------------------------------------


def tenant_tables() -> set[str]:
    """Tables of tenant models, and every other table with an organization_id."""
    models = {model._meta.db_table for model in apps.get_models() if issubclass(model, TenantModel)}
    return models | tables_with("organization_id") - DIRECTORY


def broken_rules() -> list[str]:
    """`table: what is wrong with it`, for every tenant table."""
    tables = tenant_tables()
    checks = [keys, indexes, foreign_keys, columns, immovable]
    return sorted(f"{t}: {fault}" for t in tables for check in checks for fault in check(t))


def keys(table: str) -> Iterator[str]:
    primary = rows(
        """SELECT array_agg(a.attname::text ORDER BY k.place)
             FROM pg_constraint c
             CROSS JOIN unnest(c.conkey) WITH ORDINALITY AS k(number, place)
             JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.number
            WHERE c.conrelid = %s::regclass AND c.contype = 'p' GROUP BY c.oid""",
        [table],
    )
    if primary != [(["id", "organization_id"],)]:
        found = ", ".join(primary[0][0]) if primary else "nothing"
        yield f"its primary key is ({found})"
    for name, kind, not_null in rows(
        """SELECT attname, format_type(atttypid, NULL), attnotnull FROM pg_attribute
            WHERE attrelid = %s::regclass AND attname IN ('organization_id', 'id')""",
        [table],
    ):
        if not not_null:
            yield f"{name} may be NULL"
        if kind != "uuid":
            yield f"{name} is {kind}"


def indexes(table: str) -> Iterator[str]:
    for name, unique, names in rows(
        """SELECT c.relname, i.indisunique,
                  ARRAY(SELECT coalesce(a.attname::text, '')
                          FROM unnest(i.indkey::smallint[]) WITH ORDINALITY AS k(number, place)
                          LEFT JOIN pg_attribute a
                            ON a.attrelid = i.indrelid AND a.attnum = k.number
                         ORDER BY k.place)
             FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
            WHERE i.indrelid = %s::regclass AND NOT i.indisprimary""",
        [table],
    ):
        if names[0] != "organization_id" and name not in OTHER_INDEXES:
            yield f"{'unique' if unique else 'index'} {name} is ({', '.join(names)})"


ACTIONS = {"c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}


def foreign_keys(table: str) -> Iterator[str]:
    tenants = tenant_tables()
    for name, target, local, remote, deferrable, deleting, updating in rows(
        """SELECT c.conname, c.confrelid::regclass::text,
                  ARRAY(SELECT a.attname::text
                          FROM unnest(c.conkey) WITH ORDINALITY AS k(number, place)
                          JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.number
                         ORDER BY k.place),
                  ARRAY(SELECT a.attname::text
                          FROM unnest(c.confkey) WITH ORDINALITY AS k(number, place)
                          JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.number
                         ORDER BY k.place),
                  c.condeferrable, c.confdeltype::text, c.confupdtype::text
             FROM pg_constraint c WHERE c.conrelid = %s::regclass AND c.contype = 'f'""",
        [table],
    ):
        composite = len(local) == 2 and local[1] == "organization_id"
        if target in tenants and not (composite and remote == ["id", "organization_id"]):
            yield f"foreign key {name} is ({', '.join(local)})"
        if deferrable:
            yield f"foreign key {name} is deferrable"
        for event, action in [("DELETE", deleting), ("UPDATE", updating)]:
            if action in ACTIONS:
                yield f"foreign key {name} is ON {event} {ACTIONS[action]}"


def columns(table: str) -> Iterator[str]:
    money = {
        field.column
        for model in apps.get_models()
        if model._meta.db_table == table
        for field in model._meta.local_fields
        if isinstance(field, MinorUnitsField)
    }
    for _, column, kind in column_types(table):
        if (column in money or NAMES_OF_AMOUNTS.search(column)) and kind != "bigint":
            yield f"money column {column} is {kind}"
        if kind in {"numeric", "double precision", "real", "money"} and (
            (table, column) not in DECIMALS
        ):
            yield f"{column} is {kind}"
    for (column,) in rows(
        """SELECT a.attname FROM pg_attribute a
             LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
            WHERE a.attrelid = %s::regclass AND a.attnum > 0
              AND (a.attidentity <> '' OR pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval(%%')""",
        [table],
    ):
        yield f"{column} is a sequence"


def immovable(table: str) -> Iterator[str]:
    """Rule 1: organization_id is never changed, nor is the id that others refer to."""
    found = rows(
        """SELECT 1 FROM pg_trigger t
            WHERE t.tgrelid = %s::regclass AND t.tgname = 'row_stays_where_it_is'
              AND t.tgenabled = 'O' AND t.tgfoid = 'core_refuse_move'::regproc
              AND pg_get_triggerdef(t.oid) LIKE
                  '%% BEFORE UPDATE OF organization_id, id ON %% FOR EACH ROW WHEN %%'""",
        [table],
    )
    if not found:
        yield "its rows can leave their organization"


def missing_foreign_keys() -> list[str]:
    """References of tenant models that the database does not hold to."""
    known = {
        (table, column)
        for table, column in rows(
            """SELECT c.conrelid::regclass::text, a.attname
                 FROM pg_constraint c
                 JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
                WHERE c.contype = 'f'"""
        )
    }
    asked = {
        (model._meta.db_table, field.column)
        for model in apps.get_models()
        if issubclass(model, TenantModel)
        for field in model._meta.local_fields
        if isinstance(field, TenantForeignKey | GlobalForeignKey)
    }
    return sorted(f"{table}.{column}" for table, column in asked - known)


def hanging_on_an_organization() -> set[str]:
    """Tables whose rows must have an organization: by a foreign key of their own, or by one to a
    tenant table in a column that is never NULL."""
    return {
        table
        for (table,) in rows(
            """SELECT DISTINCT c.conrelid::regclass::text
                 FROM pg_constraint c
                 JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
                WHERE c.contype = 'f' AND a.attnotnull
                  AND (c.confrelid = 'organizations_organization'::regclass
                       OR c.confrelid::regclass::text = ANY (%s))""",
            [sorted(tenant_tables())],
        )
    }


def tables_with(column: str) -> set[str]:
    found = rows(
        """SELECT c.relname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
            WHERE a.attname = %s AND NOT a.attisdropped AND c.relkind IN ('r', 'p')
              AND c.relnamespace = 'public'::regnamespace""",
        [column],
    )
    return {name for (name,) in found}


def column_types(table: str | None = None) -> list[tuple[str, str, str]]:
    return [
        (name, column, kind)
        for name, column, kind in rows(
            """SELECT c.relname, a.attname, format_type(a.atttypid, NULL)
                 FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
                WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p')
                  AND c.relnamespace = 'public'::regnamespace
                  AND c.relname = coalesce(%s, c.relname)""",
            [table],
        )
    ]


def rows(sql: str, parameters: Any = None) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())


def run(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)
