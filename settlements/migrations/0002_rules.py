"""Tenant keys, and what settlements promise."""

from django.db import migrations

from core.migrations import TenantTable, sql_file


class Migration(migrations.Migration):
    dependencies = [("settlements", "0001_initial"), ("ledger", "0004_entry_aliases")]

    operations = [
        TenantTable("Payee"),
        TenantTable("PayoutProfile"),
        # These hang on a row that has a real organization.
        TenantTable("Event", organization_is_checked=False),
        TenantTable("Settlement", organization_is_checked=False),
        TenantTable("Sale", organization_is_checked=False),
        TenantTable("Refund", organization_is_checked=False),
        TenantTable("Adjustment", organization_is_checked=False),
        TenantTable("Payout", organization_is_checked=False),
        TenantTable("PayoutBatch"),
        TenantTable("PayoutBatchItem", organization_is_checked=False),
        sql_file(__file__, "0002_rules"),
    ]
