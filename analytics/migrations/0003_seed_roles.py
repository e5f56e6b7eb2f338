"""What the five roles may do in analytics."""

from functools import partial

from django.db import migrations

from organizations.seeding import seed_roles, unseed_roles


class Migration(migrations.Migration):
    dependencies = [
        ("analytics", "0002_rules"),
        ("organizations", "0003_seed_roles"),
    ]

    operations = [
        migrations.RunPython(
            partial(seed_roles, app_label="analytics"),
            partial(unseed_roles, app_label="analytics"),
        )
    ]
