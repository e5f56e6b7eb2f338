"""Put on the clock what keeps the outbox and the record of jobs in order."""

from functools import partial
from typing import Any

from django.db import migrations

from organizations.seeding import seed_schedule, unseed_schedule

KEYS = "Delete expired idempotency keys"
SCHEDULES: list[dict[str, Any]] = [
    {
        "name": "Deliver what waits in the outbox",
        "task": "organizations.tasks.sweep_outbox",
        "every": 1,
        "period": "minutes",
        "description": "Alerts and other messages that could not be delivered when they were "
        "written. Without it a lost message stays lost.",
    },
    {
        "name": "Find jobs that were lost",
        "task": "organizations.tasks.sweep_lost_runs",
        "every": 5,
        "period": "minutes",
        "description": "Ends the record of a job whose worker was killed, and raises an alert.",
    },
    {
        "name": "Delete delivered messages",
        "task": "organizations.tasks.delete_delivered_messages",
        "every": 1,
        "period": "hours",
        "description": "Messages of the outbox that were delivered more than a week ago.",
    },
]


def describe_keys(apps: Any, schema_editor: Any) -> None:
    tasks = apps.get_model("django_celery_beat", "PeriodicTask").objects
    tasks.filter(name=KEYS, description="").update(
        description="Stored answers to requests with an Idempotency-Key whose time is over.",
        expire_seconds=3600,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("organizations", "0007_job_rules"),
        ("django_celery_beat", "0019_alter_periodictasks_options"),
    ]

    operations = [
        *(
            migrations.RunPython(
                partial(seed_schedule, **schedule), partial(unseed_schedule, **schedule)
            )
            for schedule in SCHEDULES
        ),
        migrations.RunPython(describe_keys, migrations.RunPython.noop),
    ]
