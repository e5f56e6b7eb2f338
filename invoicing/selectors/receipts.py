"""What the books say today of a payment whose receipt somebody holds in their hands."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from invoicing.errors import ForgedReceipt
from invoicing.models import (
    CreditNote,
    FinancialTransaction,
    Invoice,
    TransactionStatus,
    TransactionType,
)


class Standing(StrEnum):
    """What has become of a payment."""

    STANDS = "stands"
    TAKEN_BACK = "taken_back"
    PARTLY_REFUNDED = "partly_refunded"
    REFUNDED = "refunded"


@dataclass(frozen=True, slots=True)
class Happened:
    """A refund or a credit note that came after the payment."""

    on: date
    amount: int
    number: str = ""


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A payment as anybody may know it who holds its receipt: nobody's name but the seller's.

    Refunds and credit notes are those of the invoice since the payment came in: money has no mark
    that would tell of which payment it is.
    """

    seller: str
    invoice_number: str
    method: str
    amount: int
    currency: str
    paid_on: date
    standing: Standing
    taken_back_on: date | None
    refunds: tuple[Happened, ...]
    credit_notes: tuple[Happened, ...]


def confirm_receipt(organization_id: UUID, entry_id: UUID) -> Confirmation:
    """What became of the payment that this entry posted.

    Raises:
        ForgedReceipt: no payment of an invoice was posted by it.
    """
    payment: FinancialTransaction | None = (
        FinancialTransaction.objects.of(organization_id)
        .filter(entry_id=entry_id, type=TransactionType.CREDIT)
        .select_related("invoice")
        .first()
    )
    if payment is None or payment.invoice is None:
        raise ForgedReceipt
    refunds = _refunds_since(payment)
    return Confirmation(
        seller=payment.invoice.snapshot["seller"]["name"],
        invoice_number=payment.invoice.number,
        method=payment.get_method_display(),
        amount=payment.amount,
        currency=payment.currency,
        paid_on=payment.occurred_on,
        standing=_standing(payment, payment.invoice, refunds),
        taken_back_on=_taken_back_on(payment),
        refunds=refunds,
        credit_notes=_credited_since(payment),
    )


def _standing(
    payment: FinancialTransaction, invoice: Invoice, refunds: tuple[Happened, ...]
) -> Standing:
    if payment.status == TransactionStatus.REVERSED:
        return Standing.TAKEN_BACK
    if not refunds:
        return Standing.STANDS
    if invoice.refunded_amount == invoice.paid_amount:
        return Standing.REFUNDED
    return Standing.PARTLY_REFUNDED


def _taken_back_on(payment: FinancialTransaction) -> date | None:
    if payment.status != TransactionStatus.REVERSED:
        return None
    reversals = FinancialTransaction.objects.of(payment.organization_id)
    day: date = reversals.values_list("occurred_on", flat=True).get(reverses_id=payment.pk)
    return day


def _refunds_since(payment: FinancialTransaction) -> tuple[Happened, ...]:
    rows = FinancialTransaction.objects.of(payment.organization_id).filter(
        invoice_id=payment.invoice_id,
        type=TransactionType.REFUND,
        created_at__gte=payment.created_at,
    )
    return tuple(
        Happened(on, amount)
        for on, amount in rows.order_by("occurred_on", "id").values_list("occurred_on", "amount")
    )


def _credited_since(payment: FinancialTransaction) -> tuple[Happened, ...]:
    rows = CreditNote.objects.of(payment.organization_id).filter(
        invoice_id=payment.invoice_id, created_at__gte=payment.created_at
    )
    return tuple(
        Happened(on, amount, number)
        for on, amount, number in rows.order_by("issued_on", "id").values_list(
            "issued_on", "total_amount", "number"
        )
    )
