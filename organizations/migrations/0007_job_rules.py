"""Tenant keys for runs and messages, that a run ends once, and who may see them."""

from functools import partial

from django.db import migrations

from core.migrations import TenantTable, sql_file
from organizations.seeding import seed_permissions, unseed_permissions

NEW = ("view_jobrun", "view_outboxmessage")


class Migration(migrations.Migration):
    dependencies = [("organizations", "0006_jobs_and_outbox")]

    operations = [
        TenantTable("JobRun"),
        TenantTable("OutboxMessage"),
        sql_file(__file__, "0007_job_rules"),
        migrations.RunPython(
            partial(seed_permissions, app_label="organizations", codenames=NEW),
            partial(unseed_permissions, app_label="organizations", codenames=NEW),
        ),
    ]
