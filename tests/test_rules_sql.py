"""docs/rules.sql says what the migrated database holds."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from organizations.management.commands import rules_sql
from organizations.management.commands.rules_sql import _Statements, present_rules


def test_the_file_in_the_repository_is_fresh():
    call_command("rules_sql", "--check", stdout=StringIO())


def test_a_stale_file_is_named_and_left_alone(tmp_path, monkeypatch):
    path = tmp_path / "rules.sql"
    path.write_text("of yesterday")
    monkeypatch.setattr(rules_sql, "PATH", path)

    with pytest.raises(CommandError, match="stale"):
        call_command("rules_sql", "--check", stdout=StringIO())

    assert path.read_text() == "of yesterday"


def test_what_it_writes_is_fresh(tmp_path, monkeypatch):
    monkeypatch.setattr(rules_sql, "PATH", tmp_path / "docs" / "rules.sql")

    call_command("rules_sql", stdout=StringIO())

    call_command("rules_sql", "--check", stdout=StringIO())


def test_later_definitions_replace_and_drop_earlier_ones():
    statements = _Statements()
    statements.run(
        """-- First; with a semicolon.
        CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END $$;
        CREATE TRIGGER t AFTER INSERT ON a FOR EACH ROW EXECUTE FUNCTION f();
        CREATE TRIGGER t AFTER INSERT ON b FOR EACH ROW EXECUTE FUNCTION f();"""
    )
    statements.run(
        """-- Second.
        CREATE OR REPLACE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $x$ BEGIN END $x$;
        DROP TRIGGER t ON a;"""
    )

    text = statements.text()

    assert "-- Second." in text
    assert "-- First" not in text
    assert "ON b" in text
    assert "ON a" not in text


@pytest.mark.django_db
def test_it_names_every_rule_that_the_database_holds():
    """Nothing is left out: each constraint, trigger and function of ours is in the file."""
    text = present_rules()
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT conname FROM pg_constraint
                WHERE contype <> 'n' AND conname !~ '_check$'
                  AND conrelid::regclass::text ~ '^(organizations|ledger)_'
                  AND conname ~ '_(is|are|has|exists|fits|joins|only|starts|totals|month)(_|$)'
               UNION
               SELECT tgname FROM pg_trigger
                WHERE NOT tgisinternal AND tgrelid::regclass::text ~ '^(organizations|ledger)_'
               UNION
               SELECT proname FROM pg_proc
                WHERE pronamespace = 'public'::regnamespace
                  AND prolang IN (SELECT oid FROM pg_language WHERE lanname = 'plpgsql')"""
        )
        names = {name for (name,) in cursor.fetchall()}

    assert len(names) > 80
    assert sorted(name for name in names if name not in text) == []
