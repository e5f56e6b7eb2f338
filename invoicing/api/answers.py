"""Rows of invoicing as answers have them, by a constant number of statements for any number."""

from collections.abc import Sequence, Set
from typing import Any

from django.db.models import prefetch_related_objects

from core.api.answers import moment
from invoicing.documents.receipts import receipt_link, receipt_token
from invoicing.models import (
    CreditNote,
    CreditNoteItem,
    Customer,
    FinancialTransaction,
    Invoice,
    NumberSeries,
    Order,
    OrderItem,
    TaxRate,
)
from invoicing.rules import plain_number

NOTHING: Set[str] = frozenset()

# What has to be at hand to write down an order, an invoice, a credit note.
_PARTS_OF_AN_ORDER = ("items__revenue_account", "tax_lines", "invoices")
_PARTS_OF_AN_INVOICE = ("series",)
_PARTS_OF_A_CREDIT_NOTE = ("series", "items__order_item", "tax_lines")


def _below(name: str, parts: Sequence[str]) -> list[str]:
    return [name, *(f"{name}__{part}" for part in parts)]


# --- Tax rates, customers, series -----------------------------------------------------------------

_OF_A_RATE = ("code", "name", "country", "region", "category", "inclusive", "compound")


def tax_rate_as_json(rate: TaxRate) -> dict[str, Any]:
    return {
        "id": rate.pk,
        **{name: getattr(rate, name) for name in _OF_A_RATE},
        "percentage": plain_number(rate.percentage),
        "valid_from": rate.valid_from,
        "valid_to": rate.valid_to,
        "active": rate.active,
    }


_OF_A_CUSTOMER = (
    "id",
    "code",
    "name",
    "email",
    "phone",
    "address",
    "postcode",
    "city",
    "region",
    "country",
    "tax_id",
    "payment_terms_days",
    "active",
    "metadata",
)


def customer_as_json(customer: Customer) -> dict[str, Any]:
    return {
        **{name: getattr(customer, name) for name in _OF_A_CUSTOMER},
        "created_at": moment(customer.created_at),
    }


def many_series_as_json(many: Sequence[NumberSeries]) -> list[dict[str, Any]]:
    prefetch_related_objects(many, "counters")
    return [series_as_json(series) for series in many]


def series_as_json(series: NumberSeries) -> dict[str, Any]:
    return {
        "id": series.pk,
        "kind": series.kind,
        "code": series.code,
        "prefix": series.prefix,
        "width": series.width,
        "counters": [
            {"fiscal_year": counter.fiscal_year, "last_number": counter.last_number}
            for counter in series.counters.all()
        ],
    }


# --- Orders ---------------------------------------------------------------------------------------

_OF_AN_ORDER = (
    "id",
    "reference",
    "status",
    "currency",
    "country",
    "region",
    "taxed_on",
    "rounding",
    "subtotal_amount",
    "tax_amount",
    "total_amount",
    "snapshot",
    "metadata",
)


def orders_as_json(orders: Sequence[Order], expand: Set[str] = NOTHING) -> list[dict[str, Any]]:
    """Orders whole, with their items and taxes; `expand` may name customer and invoice."""
    parts = [*_PARTS_OF_AN_ORDER]
    if "invoice" in expand:
        parts += _below("invoices", _PARTS_OF_AN_INVOICE)
    if "customer" in expand:
        parts.append("customer")
    prefetch_related_objects(orders, *parts)
    return [_order(order, expand) for order in orders]


def order_as_json(order: Order, expand: Set[str] = NOTHING) -> dict[str, Any]:
    return orders_as_json([order], expand)[0]


def _order(order: Order, expand: Set[str] = NOTHING) -> dict[str, Any]:
    invoice = next(iter(order.invoices.all()), None)
    return {
        **{name: getattr(order, name) for name in _OF_AN_ORDER},
        "customer": _customer_of(order, expand),
        "items": [_item(item) for item in order.items.all()],
        "tax_lines": [_tax_line(line) for line in order.tax_lines.all()],
        "invoice": _invoice(invoice) if invoice and "invoice" in expand else invoice and invoice.pk,
        "created_at": moment(order.created_at),
        "locked_at": moment(order.locked_at),
        "paid_at": moment(order.paid_at),
        "cancelled_at": moment(order.cancelled_at),
    }


def _item(item: OrderItem) -> dict[str, Any]:
    return {
        "position": item.position,
        "sku": item.sku,
        "description": item.description,
        "quantity": plain_number(item.quantity),
        "unit_amount": item.unit_amount,
        "discount_amount": item.discount_amount,
        "tax_rates": item.tax_codes,
        "revenue_account": item.revenue_account.code if item.revenue_account else None,
        "net_amount": item.net_amount,
        "tax_amount": item.tax_amount,
        "total_amount": item.total_amount,
    }


def _tax_line(line: Any) -> dict[str, Any]:
    return {
        "position": line.position,
        **{name: getattr(line, name) for name in _OF_A_RATE},
        "percentage": plain_number(line.percentage),
        "taxable_amount": line.taxable_amount,
        "tax_amount": line.tax_amount,
    }


def _customer_of(row: Any, expand: Set[str]) -> Any:
    whole = "customer" in expand and row.customer_id is not None
    return customer_as_json(row.customer) if whole else row.customer_id


def _invoice_of(row: Any, expand: Set[str]) -> Any:
    whole = "invoice" in expand and row.invoice_id is not None
    return _invoice(row.invoice) if whole else row.invoice_id


# --- Invoices and credit notes --------------------------------------------------------------------

_OF_A_DOCUMENT = (
    "id",
    "number",
    "fiscal_year",
    "issued_on",
    "currency",
    "subtotal_amount",
    "tax_amount",
    "total_amount",
    "refunded_amount",
    "snapshot",
)


def invoices_as_json(
    invoices: Sequence[Invoice], expand: Set[str] = NOTHING
) -> list[dict[str, Any]]:
    """Invoices; `expand` may name customer and order."""
    parts = [*_PARTS_OF_AN_INVOICE]
    if "order" in expand:
        parts += _below("order", _PARTS_OF_AN_ORDER)
    if "customer" in expand:
        parts.append("customer")
    prefetch_related_objects(invoices, *parts)
    return [_invoice(invoice, expand) for invoice in invoices]


def invoice_as_json(invoice: Invoice, expand: Set[str] = NOTHING) -> dict[str, Any]:
    return invoices_as_json([invoice], expand)[0]


def _invoice(invoice: Invoice, expand: Set[str] = NOTHING) -> dict[str, Any]:
    return {
        **{name: getattr(invoice, name) for name in _OF_A_DOCUMENT},
        "series": invoice.series.code,
        "status": str(invoice.status),
        "due_on": invoice.due_on,
        "customer": _customer_of(invoice, expand),
        "order": _order(invoice.order) if "order" in expand else invoice.order_id,
        "paid_amount": invoice.paid_amount,
        "credited_amount": invoice.credited_amount,
        "open_amount": invoice.open_amount,
        "journal_entry": invoice.entry_id,
        "created_at": moment(invoice.created_at),
    }


def credit_notes_as_json(
    credit_notes: Sequence[CreditNote], expand: Set[str] = NOTHING
) -> list[dict[str, Any]]:
    """Credit notes with their items and taxes; `expand` may name customer and invoice."""
    parts = [*_PARTS_OF_A_CREDIT_NOTE]
    if "invoice" in expand:
        parts += _below("invoice", _PARTS_OF_AN_INVOICE)
    if "customer" in expand:
        parts.append("customer")
    prefetch_related_objects(credit_notes, *parts)
    return [_credit_note(credit_note, expand) for credit_note in credit_notes]


def credit_note_as_json(credit_note: CreditNote, expand: Set[str] = NOTHING) -> dict[str, Any]:
    return credit_notes_as_json([credit_note], expand)[0]


def _credit_note(credit_note: CreditNote, expand: Set[str]) -> dict[str, Any]:
    return {
        **{name: getattr(credit_note, name) for name in _OF_A_DOCUMENT},
        "series": credit_note.series.code,
        "invoice": _invoice_of(credit_note, expand),
        "customer": _customer_of(credit_note, expand),
        "reference": credit_note.reference,
        "reason": credit_note.reason,
        "items": [_credited(item) for item in credit_note.items.all()],
        "tax_lines": [_tax_line(line) for line in credit_note.tax_lines.all()],
        "journal_entry": credit_note.entry_id,
        "created_at": moment(credit_note.created_at),
    }


def _credited(item: CreditNoteItem) -> dict[str, Any]:
    return {
        "position": item.position,
        "order_position": item.order_item.position if item.order_item else None,
        "sku": item.sku,
        "description": item.description,
        "quantity": plain_number(item.quantity),
        "unit_amount": item.unit_amount,
        "net_amount": item.net_amount,
        "tax_amount": item.tax_amount,
        "total_amount": item.total_amount,
    }


# --- Payments -------------------------------------------------------------------------------------

_OF_A_PAYMENT = (
    "id",
    "type",
    "status",
    "method",
    "amount",
    "currency",
    "provider_reference",
    "occurred_on",
    "reason",
)


def payments_as_json(
    payments: Sequence[FinancialTransaction], expand: Set[str] = NOTHING
) -> list[dict[str, Any]]:
    """Payments, those taken back, and refunds; `expand` may name customer and invoice."""
    parts = _below("invoice", _PARTS_OF_AN_INVOICE) if "invoice" in expand else []
    if "customer" in expand:
        parts.append("customer")
    prefetch_related_objects(payments, *parts)
    return [_payment(payment, expand) for payment in payments]


def payment_as_json(payment: FinancialTransaction, expand: Set[str] = NOTHING) -> dict[str, Any]:
    return payments_as_json([payment], expand)[0]


def _payment(payment: FinancialTransaction, expand: Set[str]) -> dict[str, Any]:
    return {
        **{name: getattr(payment, name) for name in _OF_A_PAYMENT},
        "invoice": _invoice_of(payment, expand),
        "credit_note": payment.credit_note_id,
        "customer": _customer_of(payment, expand),
        "reverses": payment.reverses_id,
        "journal_entry": payment.entry_id,
        "created_at": moment(payment.created_at),
    }


def receipt_as_json(payment: FinancialTransaction, public_root: str) -> dict[str, Any]:
    """The receipt of a payment, and where anyone can have it confirmed."""
    token = receipt_token(payment)
    return {"id": payment.pk, "token": token, "url": receipt_link(token, public_root)}
