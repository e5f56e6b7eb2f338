"""Tenant keys and the laws of the books."""

from django.db import migrations

from core.migrations import TenantTable, sql_file


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]

    operations = [
        TenantTable("Account"),
        TenantTable("JournalEntry"),
        # These hang on an entry or an account, which has a real organization.
        TenantTable("JournalLine", organization_is_checked=False),
        TenantTable("ProposedLine", organization_is_checked=False),
        TenantTable("AccountBalance", organization_is_checked=False),
        TenantTable("CashEntry"),
        TenantTable("ExchangeRate"),
        TenantTable("ReconciliationRun"),
        sql_file(__file__, "0002_rules"),
    ]
