"""Put the keeping of recent figures on the clock; operators may change it in the admin."""

from functools import partial
from typing import Any

from django.db import migrations

from organizations.seeding import seed_schedule, unseed_schedule

SCHEDULE: dict[str, Any] = {
    "name": "Keep recent figures",
    "task": "analytics.tasks.keep_recent_figures",
    "every": 15,
    "period": "minutes",
    "description": "Writes the funnel snapshots of the last day to the cache anew, so that reads "
    "find them there, and find nothing outdated whatever became of Redis.",
}


class Migration(migrations.Migration):
    dependencies = [
        ("analytics", "0003_seed_roles"),
        ("organizations", "0008_seed_schedules"),
    ]

    operations = [
        migrations.RunPython(
            partial(seed_schedule, **SCHEDULE), partial(unseed_schedule, **SCHEDULE)
        )
    ]
