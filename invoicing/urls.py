"""The routes of invoicing, below /api/v1/."""

from django.urls import path, register_converter

from invoicing.api import (
    credit_notes,
    customers,
    documents,
    invoice_actions,
    invoices,
    number_series,
    orders,
    payments,
    statements,
    tax_rates,
)


class RowName:
    """A code or an id; anything else leads nowhere."""

    regex = "[A-Za-z0-9.:_-]{1,50}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


class DocumentName(RowName):
    """A document's id or its number, unless that has a slash in it."""

    regex = "[A-Za-z0-9._-][A-Za-z0-9 ._-]{0,49}"


register_converter(RowName, "name")
register_converter(DocumentName, "document")

_INVOICE = "invoices/<document:invoice>"
_CREDIT_NOTE = "credit-notes/<document:credit_note>"

urlpatterns = [
    path("tax-rates", tax_rates.TaxRateList.as_view()),
    path("tax-rates/<name:tax_rate>", tax_rates.TaxRateDetail.as_view()),
    path("customers", customers.CustomerList.as_view()),
    path("customers/<name:customer>", customers.CustomerDetail.as_view()),
    path("orders", orders.OrderList.as_view()),
    path("orders/<uuid:id>", orders.OrderDetail.as_view()),
    path("orders/<uuid:id>/lock", orders.OrderLock.as_view()),
    path("orders/<uuid:id>/pay", orders.OrderPay.as_view()),
    path("orders/<uuid:id>/refund", orders.OrderRefund.as_view()),
    path("orders/<uuid:id>/cancel", orders.OrderCancel.as_view()),
    path("invoices", invoices.InvoiceList.as_view()),
    path(_INVOICE, invoices.InvoiceDetail.as_view()),
    path(f"{_INVOICE}/payments", invoice_actions.InvoicePayments.as_view()),
    path(f"{_INVOICE}/credit-notes", invoice_actions.InvoiceCreditNotes.as_view()),
    path(f"{_INVOICE}/void", invoice_actions.InvoiceVoid.as_view()),
    path(f"{_INVOICE}/refunds", invoice_actions.InvoiceRefunds.as_view()),
    path(f"{_INVOICE}/document", documents.InvoiceDocument.as_view()),
    path("credit-notes", credit_notes.CreditNoteList.as_view()),
    path(_CREDIT_NOTE, credit_notes.CreditNoteDetail.as_view()),
    path(f"{_CREDIT_NOTE}/refunds", credit_notes.CreditNoteRefunds.as_view()),
    path(f"{_CREDIT_NOTE}/document", documents.CreditNoteDocument.as_view()),
    path("payments", payments.PaymentList.as_view()),
    path("payments/<uuid:id>", payments.PaymentDetail.as_view()),
    path("payments/<uuid:id>/reverse", payments.PaymentReverse.as_view()),
    path("receipts/<uuid:id>/document", documents.ReceiptDocument.as_view()),
    path("statements", statements.Statements.as_view()),
    path("ageing", statements.Ageing.as_view()),
    path("number-series", number_series.SeriesList.as_view()),
    path("number-series/<uuid:id>", number_series.SeriesDetail.as_view()),
]
