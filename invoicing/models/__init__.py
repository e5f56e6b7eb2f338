"""What is sold and owed: rates, customers, orders, invoices, credit notes, payments."""

from invoicing.models.credit_notes import CreditNote, CreditNoteItem, CreditNoteTaxLine
from invoicing.models.customers import Customer
from invoicing.models.invoices import Invoice, InvoiceStatus
from invoicing.models.numbering import DocumentKind, NumberCounter, NumberSeries
from invoicing.models.orders import Order, OrderItem, OrderStatus, OrderTaxLine
from invoicing.models.profile import InvoicingProfile, Paper
from invoicing.models.tax_rates import TaxCategory, TaxRate
from invoicing.models.transactions import (
    FinancialTransaction,
    PaymentMethod,
    TransactionStatus,
    TransactionType,
)

__all__ = [
    "CreditNote",
    "CreditNoteItem",
    "CreditNoteTaxLine",
    "Customer",
    "DocumentKind",
    "FinancialTransaction",
    "Invoice",
    "InvoiceStatus",
    "InvoicingProfile",
    "NumberCounter",
    "NumberSeries",
    "Order",
    "OrderItem",
    "OrderStatus",
    "OrderTaxLine",
    "Paper",
    "PaymentMethod",
    "TaxCategory",
    "TaxRate",
    "TransactionStatus",
    "TransactionType",
]
