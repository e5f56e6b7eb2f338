"""Tenant keys, the shared trigger functions, and an audit trail that nobody can change."""

from django.db import migrations

from core.migrations import TenantTable, sql_file


class Migration(migrations.Migration):
    dependencies = [("organizations", "0001_initial")]

    operations = [
        sql_file(__file__, "0002_append_only"),
        TenantTable("ApiKey"),
        TenantTable("AuditEvent"),
        TenantTable("IdempotencyKey"),
    ]
