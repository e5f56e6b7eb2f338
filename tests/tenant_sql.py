"""Fails a test whose SQL touches a tenant table without saying of which organization.

docs/why/tenant-keys.md. Every statement that our own code sends while a test runs is
parsed; what a test asks the database by itself is the test's own business. A test about many
organizations at once says so: `@pytest.mark.all_organizations`.
"""

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, lru_cache
from types import FrameType
from typing import Any

import pytest
import sqlglot
from django.apps import apps
from django.conf import settings
from django.db import connection
from sqlglot import exp
from sqlglot.errors import ParseError

from core.db import TenantModel
from core.servers import PROJECT

TENANT = "organization_id"
PRODUCT = tuple(f"{PROJECT / folder}/" for folder in ("core", "config", "demo", *settings.APPS))
# Asked through these, it is still the caller who asks.
BETWEEN = (f"{PROJECT / 'core' / 'db'}/",)
# Where no organization is given these ask of the whole installation, and say so.
INSTALLATION_WIDE = {(str(PROJECT / "ledger/selectors/integrity/findings.py"), "find")}
STATEMENT = re.compile(r"\s*(SELECT|WITH|INSERT|UPDATE|DELETE|MERGE)\b", re.IGNORECASE)
PARAMETER = re.compile(r"%(\(\w+\))?s|%%")


class NoOrganization(AssertionError):
    """SQL that reads or changes rows of any organization."""


@pytest.fixture(autouse=True)
def tenant_sql(request: pytest.FixtureRequest) -> Iterator[None]:
    """Watch the test's connection; see the module."""
    if request.node.get_closest_marker("all_organizations"):
        yield
        return
    with watched(_is_asked_by_the_product) as faults:
        yield
    # The product may have caught it, as an API answers an error with a 500.
    assert not faults, faults[0]


@contextmanager
def watched(counts: Callable[[], bool] = lambda: True) -> Iterator[list[str]]:
    """Refuse SQL without an organization on this connection, where it `counts`; yields what was
    refused.

    Raises:
        NoOrganization: in the statement at fault.
    """
    faults: list[str] = []

    def watch(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
        if isinstance(sql, str) and STATEMENT.match(sql) and counts():
            for fault in faults_of(sql):
                faults.append(f"{fault}\n{sql}")
                raise NoOrganization(faults[-1])
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        yield faults


def _is_asked_by_the_product() -> bool:
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        path = frame.f_code.co_filename
        if (path, frame.f_code.co_name) in INSTALLATION_WIDE:
            return frame.f_locals["organization"] is not None
        if path.startswith(PRODUCT) and not path.startswith(BETWEEN):
            return "/migrations/" not in path
        frame = frame.f_back
    return False


@cache
def tenant_tables() -> frozenset[str]:
    return frozenset(
        model._meta.db_table for model in apps.get_models() if issubclass(model, TenantModel)
    )


@lru_cache(maxsize=4096)
def faults_of(sql: str) -> tuple[str, ...]:
    """What is wrong with a statement; nothing where it is about one organization."""
    text = PARAMETER.sub(lambda found: "%" if found[0] == "%%" else "$1", sql)
    try:
        statements = sqlglot.parse(text, read="postgres")
    except ParseError as error:
        return (f"not understood: {error}",)
    return tuple(
        fault
        for statement in statements
        if statement is not None
        for query in statement.find_all(exp.Select, exp.Update, exp.Delete, exp.Insert, exp.Merge)
        for fault in _faults_of_query(query)
    )


def _faults_of_query(query: exp.Expr) -> Iterator[str]:
    if isinstance(query, exp.Insert):
        yield from _faults_of_conflict(query)
        return
    if isinstance(query, exp.Merge):
        yield "MERGE has no place here"
        return
    tables = {name: table for name, table in _sources(query) if table in tenant_tables()}
    # What other common tables and functions in the query are called: they count as bound.
    bound = _bound_by_conditions(query, set(tables), len(list(_sources(query))) == 1)
    for name, table in tables.items():
        if name not in bound:
            yield f"{table} (as {name}) without {TENANT}"


def _sources(query: exp.Expr) -> Iterator[tuple[str, str]]:
    """(alias, table) of everything that stands in FROM, JOIN, USING or is changed itself."""
    for source in _source_expressions(query):
        if isinstance(source, exp.Table) and not _is_common_table(source):
            yield source.alias_or_name, source.name
        elif source is not None:
            yield source.alias_or_name, ""


def _source_expressions(query: exp.Expr) -> Iterator[exp.Expr | None]:
    if isinstance(query, exp.Update | exp.Delete):
        yield query.this
        yield from query.args.get("using") or []
    for name in ("from", "from_"):
        if query.args.get(name):
            source = query.args[name]
            yield source.this
            yield from (join.this for join in source.this.args.get("joins") or [])
    for holder in [query, *(s for s in [query.this] if isinstance(s, exp.Table))]:
        yield from (join.this for join in holder.args.get("joins") or [])


def _is_common_table(table: exp.Table) -> bool:
    parent: exp.Expr | None = table
    while parent is not None:
        common = parent.args.get("with") or parent.args.get("with_")
        if common and any(cte.alias == table.name for cte in common.expressions):
            return True
        parent = parent.parent
    return False


def _bound_by_conditions(query: exp.Expr, names: set[str], alone: bool) -> set[str]:
    """Which of the tables are tied to an organization: by a value, by a row of something else
    than these tables, or by another table that is tied itself."""
    ties: list[tuple[str, set[str]]] = []
    for condition in _conditions(query):
        for side, other in _comparisons(condition):
            column = _tenant_column(side, names, alone)
            if column is not None:
                ties.append((column, _tenant_columns_in(other, names, alone)))
    bound: set[str] = set()
    while True:
        more = {name for name, others in ties if not others - bound} - bound
        if not more:
            return bound
        bound |= more


def _conditions(query: exp.Expr) -> Iterator[exp.Expr]:
    """The parts of WHERE and ON that must all hold."""
    places = [query.args.get("where")]
    froms = [query.args.get(name) for name in ("from", "from_")]
    holders = [query, query.this, *(source.this for source in froms if source is not None)]
    for holder in holders:
        if isinstance(holder, exp.Expr):
            places.extend(join.args.get("on") for join in holder.args.get("joins") or [])
    for place in places:
        if place is not None:
            whole = place.this if isinstance(place, exp.Where) else place
            yield from _conjuncts(whole)


def _conjuncts(condition: exp.Expr) -> Iterator[exp.Expr]:
    condition = condition.unnest()
    if isinstance(condition, exp.And):
        yield from _conjuncts(condition.left)
        yield from _conjuncts(condition.right)
    elif isinstance(condition, exp.Is) and isinstance(condition.expression, exp.Boolean):
        # (… = …) IS TRUE
        if condition.expression.this:
            yield from _conjuncts(condition.this)
    else:
        yield condition


def _comparisons(condition: exp.Expr) -> Iterator[tuple[exp.Expr, exp.Expr]]:
    """What is compared with what: both ways, and member by member where rows are compared."""
    if isinstance(condition, exp.EQ):
        left, right = condition.left.unnest(), condition.right.unnest()
        pairs = [(left, right)]
        if isinstance(left, exp.Tuple) and isinstance(right, exp.Tuple):
            pairs = list(zip(left.expressions, right.expressions, strict=False))
        for one, other in pairs:
            yield one, other
            yield other, one
    elif isinstance(condition, exp.In):
        asked = condition.this.unnest()
        members = asked.expressions if isinstance(asked, exp.Tuple) else [asked]
        for member in members:
            yield member, exp.Null()


def _tenant_column(side: exp.Expr, names: set[str], alone: bool) -> str | None:
    column = side.unnest()
    if isinstance(column, exp.Cast):
        column = column.this
    if not isinstance(column, exp.Column) or column.name != TENANT:
        return None
    if column.table:
        return column.table if column.table in names else None
    return next(iter(names)) if alone and names else None


def _tenant_columns_in(other: exp.Expr, names: set[str], alone: bool) -> set[str]:
    used = {column.table for column in other.find_all(exp.Column)}
    return names if alone and "" in used else used & names


def _faults_of_conflict(query: exp.Insert) -> Iterator[str]:
    table = query.this.this if isinstance(query.this, exp.Schema) else query.this
    conflict = query.args.get("conflict")
    if table.name not in tenant_tables() or conflict is None:
        return
    keys = [key.name for key in conflict.args.get("conflict_keys") or []]
    if keys and TENANT not in keys:
        yield f"{table.name}: ON CONFLICT ({', '.join(keys)}) without {TENANT}"
