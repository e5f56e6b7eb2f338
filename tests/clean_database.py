"""An empty database again after a test that committed.

Django would TRUNCATE, and the books refuse that as they refuse DELETE. So the tests' connection,
a superuser's, switches all triggers off while it deletes. The product never has that door.

Deleting is also the faster way: a test leaves few rows in few tables, while TRUNCATE makes new
files for every table.
"""

from django.db import connection

# Copies of what the migrations have put in: permissions, roles, schedules.
SEEDS = "seeds"

LIST_TABLES = """
    SELECT relname FROM pg_class
    WHERE relkind IN ('r', 'p') AND NOT relispartition AND relname <> 'django_migrations'
      AND relnamespace = %s::regnamespace
    ORDER BY relname
"""


def remember_seeds() -> None:
    """Copy every table that the migrations have filled."""
    _refuse_real_books()
    with connection.cursor() as cursor:
        cursor.execute(f"DROP SCHEMA IF EXISTS {SEEDS} CASCADE; CREATE SCHEMA {SEEDS}")
        for table in _filled(_tables("public")):
            cursor.execute(f'CREATE TABLE {SEEDS}."{table}" AS TABLE public."{table}"')


def restore() -> None:
    """Make every table hold what it held after the migrations."""
    _refuse_real_books()
    seeded = set(_tables(SEEDS))
    tables = _tables("public")
    spoilt = [t for t in tables if t in seeded and _differs(t)]
    filled = _filled([t for t in tables if t not in seeded])
    if not spoilt and not filled:
        return
    with connection.cursor() as cursor:
        # A thread that still holds a lock is a fault of its test: say so instead of waiting.
        statements = [
            "SET LOCAL session_replication_role = replica",
            "SET LOCAL lock_timeout = '10s'",
            *(f'DELETE FROM public."{t}"' for t in (*filled, *spoilt)),
            *(f'INSERT INTO public."{t}" SELECT * FROM {SEEDS}."{t}"' for t in spoilt),
        ]
        cursor.execute("; ".join(["BEGIN", *statements, "COMMIT"]))


def _refuse_real_books() -> None:
    name = connection.settings_dict["NAME"]
    if not name.startswith("test_"):
        raise RuntimeError(f"{name} is not a test's database: nothing is deleted there")


def _tables(schema: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(LIST_TABLES, [schema])
        return [name for (name,) in cursor.fetchall()]


def _filled(tables: list[str]) -> list[str]:
    if not tables:
        return []
    asked = " UNION ALL ".join(
        f"SELECT '{t}' WHERE EXISTS (SELECT FROM public.\"{t}\")" for t in tables
    )
    with connection.cursor() as cursor:
        cursor.execute(asked)
        return [name for (name,) in cursor.fetchall()]


def _differs(table: str) -> bool:
    now, then = (
        f'SELECT t::text FROM public."{table}" t',
        f'SELECT t::text FROM {SEEDS}."{table}" t',
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT EXISTS (({now} EXCEPT ALL {then}) UNION ALL ({then} EXCEPT ALL {now}))"
        )
        [differs] = cursor.fetchone()
        return bool(differs)
