"""The back-office pages of sales."""

from invoicing.admin import credit_notes, customers, invoices, orders, tax_rates, transactions

__all__ = ["credit_notes", "customers", "invoices", "orders", "tax_rates", "transactions"]
