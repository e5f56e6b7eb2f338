"""The back-office pages of sales."""

from invoicing.admin import (
    credit_notes,
    customers,
    invoices,
    numbering,
    orders,
    profile,
    receivables,
    tax_rates,
    transactions,
)

__all__ = [
    "credit_notes",
    "customers",
    "invoices",
    "numbering",
    "orders",
    "profile",
    "receivables",
    "tax_rates",
    "transactions",
]
