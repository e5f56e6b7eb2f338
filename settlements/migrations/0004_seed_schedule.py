"""Put settlements on the clock; operators may change it in the admin."""

from functools import partial
from typing import Any

from django.db import migrations

from organizations.seeding import seed_schedule, unseed_schedule

SCHEDULE: dict[str, Any] = {
    "name": "Run due settlements",
    "task": "settlements.tasks.run_due_settlements",
    "every": 1,
    "period": "hours",
    "description": "Each payee once a period is over in the organization's time zone. It looks "
    "every hour for those that are due and not settled yet, so a lost or failed run is made up for.",
}


class Migration(migrations.Migration):
    dependencies = [
        ("settlements", "0003_seed_roles"),
        ("organizations", "0008_seed_schedules"),
    ]

    operations = [
        migrations.RunPython(
            partial(seed_schedule, **SCHEDULE), partial(unseed_schedule, **SCHEDULE)
        )
    ]
