"""Migration operations: composite keys for tenant tables, and SQL kept in files of its own."""

from pathlib import Path
from typing import Any

from django.db.migrations.operations import RunSQL
from django.db.migrations.operations.base import Operation

from core.db import GlobalForeignKey, TenantForeignKey


class TenantTable(Operation):
    """Give a table the keys of a tenant table (docs/why/tenant-keys.md).

    PRIMARY KEY (id, organization_id); a foreign key (x_id, organization_id) for every
    TenantForeignKey and a plain one for every GlobalForeignKey, all NOT DEFERRABLE; and a trigger
    that keeps a row in its organization. Run it after the CreateModel of everything that the
    table refers to.

    `organization_is_checked=False` leaves out the foreign key to the organization, for a table
    whose every row hangs on another tenant row and so has a real organization already.
    """

    reduces_to_sql = True
    reversible = True

    def __init__(self, model_name: str, organization_is_checked: bool = True) -> None:
        self.model_name = model_name
        self.organization_is_checked = organization_is_checked

    def deconstruct(self) -> Any:
        return (
            type(self).__name__,
            [],
            {
                "model_name": self.model_name,
                "organization_is_checked": self.organization_is_checked,
            },
        )

    def describe(self) -> str:
        return f"Give {self.model_name} the keys of a tenant table"

    def state_forwards(self, app_label: str, state: Any) -> None:
        """The state keeps the single column `id`, so that the admin and DRF work."""

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        table = model._meta.db_table
        schema_editor.execute(
            f'ALTER TABLE "{table}" DROP CONSTRAINT "{table}_pkey", '
            f'ADD CONSTRAINT "{table}_pkey" PRIMARY KEY (id, organization_id)'
        )
        for name, definition in self._foreign_keys(model):
            schema_editor.execute(f'ALTER TABLE "{table}" ADD CONSTRAINT "{name}" {definition}')
        schema_editor.execute(
            "CREATE TRIGGER row_stays_where_it_is BEFORE UPDATE OF organization_id, id"
            f' ON "{table}"'
            " FOR EACH ROW WHEN ((OLD.organization_id, OLD.id)"
            " IS DISTINCT FROM (NEW.organization_id, NEW.id))"
            " EXECUTE FUNCTION core_refuse_move()"
        )

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        model = from_state.apps.get_model(app_label, self.model_name)
        table = model._meta.db_table
        schema_editor.execute(f'DROP TRIGGER row_stays_where_it_is ON "{table}"')
        for name, _ in self._foreign_keys(model):
            schema_editor.execute(f'ALTER TABLE "{table}" DROP CONSTRAINT "{name}"')
        schema_editor.execute(
            f'ALTER TABLE "{table}" DROP CONSTRAINT "{table}_pkey", '
            f'ADD CONSTRAINT "{table}_pkey" PRIMARY KEY (id)'
        )

    def _foreign_keys(self, model: Any) -> list[tuple[str, str]]:
        keys: list[tuple[str, str]] = []
        for field in model._meta.local_fields:
            if field.name == "organization" and not self.organization_is_checked:
                continue
            definition = foreign_key_definition(field)
            if definition is not None:
                keys.append((foreign_key_name(model, field), definition))
        return keys


def foreign_key_name(model: Any, field: Any) -> str:
    """The constraint's name, a truth about the row."""
    fact = "is_of_its_organization" if isinstance(field, TenantForeignKey) else "exists"
    return f"{model._meta.model_name}_{field.name}_{fact}"


def foreign_key_definition(field: Any) -> str | None:
    """The FOREIGN KEY clause for a reference of ours; None for any other field."""
    if not field.is_relation:
        return None
    target = field.remote_field.model._meta.db_table
    if isinstance(field, TenantForeignKey):
        columns, referred = f'"{field.column}", organization_id', "id, organization_id"
    elif isinstance(field, GlobalForeignKey) or field.name == "organization":
        columns, referred = f'"{field.column}"', f'"{field.target_field.column}"'
    else:
        return None
    return f'FOREIGN KEY ({columns}) REFERENCES "{target}" ({referred}) NOT DEFERRABLE'


def sql_file(migration: str, name: str) -> RunSQL:
    """Run `sql/<name>.sql` beside a migration; backwards, `sql/<name>.down.sql`."""
    folder = Path(migration).parent / "sql"
    return RunSQL(
        (folder / f"{name}.sql").read_text(),
        (folder / f"{name}.down.sql").read_text(),
    )
