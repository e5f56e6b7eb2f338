"""Put the sweep of expired idempotency keys on the clock; operators may change it in the admin."""

from typing import Any

from django.db import migrations

NAME = "Delete expired idempotency keys"


def add_task(apps: Any, schema_editor: Any) -> None:
    schedule, _ = apps.get_model("django_celery_beat", "IntervalSchedule").objects.get_or_create(
        every=1, period="hours"
    )
    apps.get_model("django_celery_beat", "PeriodicTask").objects.get_or_create(
        name=NAME,
        defaults={
            "task": "organizations.tasks.delete_expired_idempotency_keys",
            "interval": schedule,
        },
    )


def remove_task(apps: Any, schema_editor: Any) -> None:
    apps.get_model("django_celery_beat", "PeriodicTask").objects.filter(name=NAME).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("organizations", "0004_feature_flags"),
        ("django_celery_beat", "0019_alter_periodictasks_options"),
    ]

    operations = [migrations.RunPython(add_task, remove_task)]
