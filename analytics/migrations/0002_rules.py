"""Tenant keys, and that a snapshot counts in the money that its event's payee is paid in."""

from django.db import migrations

from core.migrations import TenantTable, sql_file


class Migration(migrations.Migration):
    dependencies = [("analytics", "0001_initial"), ("settlements", "0002_rules")]

    operations = [
        # It hangs on an event, which has a real organization.
        TenantTable("FunnelSnapshot", organization_is_checked=False),
        sql_file(__file__, "0002_rules"),
    ]
