"""Tenant keys, and what invoicing promises."""

from django.db import migrations

from core.migrations import TenantTable, sql_file


class Migration(migrations.Migration):
    dependencies = [("invoicing", "0001_initial"), ("ledger", "0004_entry_aliases")]

    operations = [
        TenantTable("TaxRate"),
        TenantTable("Customer"),
        TenantTable("InvoicingProfile"),
        TenantTable("NumberSeries"),
        # These hang on a row that has a real organization.
        TenantTable("NumberCounter", organization_is_checked=False),
        TenantTable("Order"),
        TenantTable("OrderItem", organization_is_checked=False),
        TenantTable("OrderTaxLine", organization_is_checked=False),
        TenantTable("Invoice", organization_is_checked=False),
        TenantTable("CreditNote", organization_is_checked=False),
        TenantTable("CreditNoteItem", organization_is_checked=False),
        TenantTable("CreditNoteTaxLine", organization_is_checked=False),
        TenantTable("FinancialTransaction", organization_is_checked=False),
        sql_file(__file__, "0002_rules"),
    ]
