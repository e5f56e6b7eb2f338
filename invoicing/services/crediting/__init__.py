"""Credit notes: over a part of an invoice, over all that is left of it, or without one."""

from invoicing.services.crediting.of_invoices import (
    CreditItem,
    credit_invoice,
    prepare_refunded,
    void_invoice,
)
from invoicing.services.crediting.standalone import issue_credit_note
from invoicing.services.crediting.writing import PreparedCredit, write_credit

__all__ = [
    "CreditItem",
    "PreparedCredit",
    "credit_invoice",
    "issue_credit_note",
    "prepare_refunded",
    "void_invoice",
    "write_credit",
]
