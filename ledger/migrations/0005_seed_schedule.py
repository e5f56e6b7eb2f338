"""Put the daily reconciliation on the clock; operators may change it in the admin."""

from functools import partial
from typing import Any

from django.db import migrations

from organizations.seeding import seed_schedule, unseed_schedule

SCHEDULE: dict[str, Any] = {
    "name": "Reconcile the books",
    "task": "ledger.tasks.reconcile_all",
    "every": 1,
    "period": "hours",
    "description": "Each organization once a day, after midnight in its time zone. It looks every "
    "hour for those that are not done yet, so a lost or failed run is made up for.",
}


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0004_entry_aliases"),
        ("organizations", "0008_seed_schedules"),
    ]

    operations = [
        migrations.RunPython(
            partial(seed_schedule, **SCHEDULE), partial(unseed_schedule, **SCHEDULE)
        )
    ]
