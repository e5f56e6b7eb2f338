"""What the five roles may do in the ledger."""

from functools import partial

from django.db import migrations

from organizations.seeding import seed_roles, unseed_roles


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0002_rules"),
        ("organizations", "0003_seed_roles"),
    ]

    operations = [
        migrations.RunPython(
            partial(seed_roles, app_label="ledger"),
            partial(unseed_roles, app_label="ledger"),
        )
    ]
