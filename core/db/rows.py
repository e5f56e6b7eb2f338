"""Rows by prepared statements, in and out of the models' instances.

Sales, invoices and payments are waited for at a till: going through Django's query compiler and
having PostgreSQL plan each statement anew would take longer than everything that they write.
"""

import json
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple, TypeVar

from django.db import DEFAULT_DB_ALIAS, models

from core.db.prepared import prepared_cursor
from core.db.tenants import TenantModel

_Row = TypeVar("_Row", bound=TenantModel)


@cache
def columns_of(model: type[TenantModel], alias: str) -> str:
    """All columns of a table, for a SELECT whose row `as_instance` takes."""
    return ", ".join(f"{alias}.{field.column}" for field in model._meta.concrete_fields)


def as_instance(model: type[_Row], values: Sequence[Any]) -> _Row:
    """The row as Django would have read it; `values` are those of `columns_of`."""
    read = list(values)
    for index in _json_columns(model):
        if isinstance(read[index], str):
            read[index] = json.loads(read[index])
    return model.from_db(DEFAULT_DB_ALIAS, _attributes(model), read)


class Beside(NamedTuple):
    """An INSERT that goes in by the same statement as a row: one journey to the database less."""

    statement: str
    parameters: Sequence[Any]


def insert_row(
    row: TenantModel,
    given: tuple[str, ...],
    *parts: Sequence[TenantModel],
    beside: Beside | None = None,
) -> None:
    """Insert a row, and with it in one statement the rows of its parts, each group of one model.

    `given` names the columns that the database fills in, read back into the row.
    """
    groups = [group for group in parts if group]
    names, statement = _insert(
        type(row),
        given,
        tuple(type(group[0]) for group in groups),
        beside.statement if beside else "",
    )
    parameters = [_parameter(getattr(row, name)) for name in names]
    parameters += [_as_recordset(group) for group in groups]
    parameters += beside.parameters if beside else ()
    with prepared_cursor() as cursor:
        cursor.execute(statement, parameters)
        values = cursor.fetchone()
    for name, value in zip(given, values, strict=True):
        setattr(row, name, value)
    for inserted in (row, *(part for group in groups for part in group)):
        inserted._state.adding = False
        inserted._state.db = DEFAULT_DB_ALIAS


@cache
def _insert(
    model: type[TenantModel],
    given: tuple[str, ...],
    parts: tuple[type[TenantModel], ...],
    beside: str,
) -> tuple[list[str], str]:
    fields = [field for field in model._meta.concrete_fields if field.name not in given]
    columns = ", ".join(field.column for field in fields)
    places = ", ".join("%s" for _ in fields)
    table, returned = model._meta.db_table, ", ".join(given)
    statement = f"INSERT INTO {table} ({columns}) VALUES ({places}) RETURNING {returned}"
    if parts or beside:
        inserts = [f"parts_{n} AS ({_insert_parts(part)})" for n, part in enumerate(parts)]
        inserts += [f"beside AS ({beside})"] if beside else []
        statement = (
            f"WITH inserted AS ({statement}), {', '.join(inserts)} SELECT {returned} FROM inserted"
        )
    return [field.attname for field in fields], statement


def _insert_parts(model: type[TenantModel]) -> str:
    """All rows of a group out of one JSON parameter, each column by its name and type."""
    table = model._meta.db_table
    names = [field.column for field in model._meta.concrete_fields]
    read = ", ".join(f"r.{name}" for name in names)
    return (
        f"INSERT INTO {table} ({', '.join(names)})"
        f" SELECT {read} FROM jsonb_populate_recordset(NULL::{table}, %s::jsonb) r"
    )


def _as_recordset(rows: Sequence[TenantModel]) -> str:
    # What is no JSON value goes in as its text, which PostgreSQL reads exactly.
    told = [
        {field.column: getattr(row, field.attname) for field in row._meta.concrete_fields}
        for row in rows
    ]
    return json.dumps(told, default=str)


def _parameter(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict) else value


@cache
def _attributes(model: type[TenantModel]) -> list[str]:
    return [field.attname for field in model._meta.concrete_fields]


@cache
def _json_columns(model: type[TenantModel]) -> list[int]:
    return [
        index
        for index, field in enumerate(model._meta.concrete_fields)
        if isinstance(field, models.JSONField)
    ]
