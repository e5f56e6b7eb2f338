"""The five roles, with what they may do to an organization itself."""

from functools import partial

from django.db import migrations

from organizations.seeding import seed_roles, unseed_roles


class Migration(migrations.Migration):
    dependencies = [
        ("organizations", "0002_append_only"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [
        migrations.RunPython(
            partial(seed_roles, app_label="organizations"),
            partial(unseed_roles, app_label="organizations"),
        )
    ]
