"""The names that entries had in the books that came before."""

import django.db.models.functions.datetime
from django.db import migrations, models

import core.db.fields
import core.db.tenants
from core.migrations import TenantTable, sql_file


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0003_seed_roles"),
        ("organizations", "0003_seed_roles"),
    ]

    operations = [
        migrations.CreateModel(
            name="EntryAlias",
            fields=[
                (
                    "organization",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        editable=False,
                        on_delete=models.DO_NOTHING,
                        related_name="+",
                        to="organizations.organization",
                    ),
                ),
                (
                    "id",
                    models.UUIDField(
                        default=core.db.fields.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("alias", models.CharField(max_length=200)),
                (
                    "entry",
                    core.db.tenants.TenantForeignKey(
                        db_index=False,
                        on_delete=models.DO_NOTHING,
                        related_name="aliases",
                        to="ledger.journalentry",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "entry aliases",
                "ordering": ("alias",),
                "abstract": False,
                "base_manager_name": "objects",
                "indexes": [
                    models.Index(fields=["organization", "entry"], name="entryalias_by_entry")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organization", "alias"), name="entryalias_names_one_entry"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("alias", ""), _negated=True),
                        name="entryalias_is_not_empty",
                    ),
                ],
            },
        ),
        # It hangs on an entry, which has a real organization.
        TenantTable("EntryAlias", organization_is_checked=False),
        sql_file(__file__, "0004_entry_aliases"),
    ]
