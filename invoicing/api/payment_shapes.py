"""What payments and refunds look like: the bodies that are read, and the answers."""

from typing import Any

from rest_framework import serializers

from core.api.serializers import Day, MinorUnits, Paged, Span, StrictSerializer, Text
from invoicing.api.expanding import CustomerOrId, Expand, InvoiceOrId
from invoicing.api.invoice_shapes import CreditNoteOutput, InvoiceOutput
from invoicing.api.order_shapes import OrderOutput
from invoicing.models import PaymentMethod, TransactionStatus, TransactionType

PAY_EXAMPLE = {"amount": 16347, "method": "bank", "provider_reference": "BACS 0042"}
REFUND_EXAMPLE = {"amount": 255, "reason": "One arrived broken"}


class RefundInput(StrictSerializer):
    reason = Text(max_length=500)
    amount = MinorUnits(
        required=False, help_text="Minor units; without it all that can be refunded."
    )
    method = serializers.ChoiceField(
        PaymentMethod.choices,
        required=False,
        help_text="Without it that of the last payment.",
    )
    provider_reference = Text(required=False, allow_blank=True, max_length=200)
    on = Day(required=False, help_text="When the money went; today, unless it is given.")


class CreditNoteRefundInput(RefundInput):
    method = serializers.ChoiceField(PaymentMethod.choices)


class ReverseInput(StrictSerializer):
    reason = Text(max_length=500, help_text="Such as: returned by the bank.")
    on = Day(required=False, help_text="When it was taken back; today, unless it is given.")


class PaymentOutput(serializers.Serializer[Any]):
    """Money that came in (`credit`), that was taken back (`debit`), or that was given back
    (`refund`). `amount` is positive."""

    id = serializers.UUIDField(help_text="Of a payment also its receipt's id.")
    type = serializers.ChoiceField(TransactionType.choices)
    status = serializers.ChoiceField(TransactionStatus.choices)
    method = serializers.ChoiceField(PaymentMethod.choices)
    amount = serializers.IntegerField()
    currency = serializers.CharField()
    provider_reference = serializers.CharField(allow_blank=True)
    occurred_on = serializers.DateField()
    reason = serializers.CharField(allow_blank=True)
    invoice = InvoiceOrId(allow_null=True)
    credit_note = serializers.UUIDField(
        allow_null=True, help_text="Of the refund of a credit note without an invoice."
    )
    customer = CustomerOrId(allow_null=True)
    reverses = serializers.UUIDField(allow_null=True, help_text="The payment that it takes back.")
    journal_entry = serializers.UUIDField(help_text="What it posted.")
    created_at = serializers.DateTimeField()


class PaymentPage(serializers.Serializer[Any]):
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = PaymentOutput(many=True)


class ReceiptOutput(serializers.Serializer[Any]):
    """The receipt of a payment; `GET /receipts/{id}/document` prints it."""

    id = serializers.UUIDField(help_text="The payment's id.")
    token = serializers.CharField(help_text="Signed; names the journal entry.")
    url = serializers.CharField(help_text="The page that confirms it to anyone.")


class PaidOutput(serializers.Serializer[Any]):
    """The payment, and the invoice as it stands after it."""

    payment = PaymentOutput()
    invoice = InvoiceOutput()
    receipt = ReceiptOutput()


class OrderPaidOutput(PaidOutput):
    """The payment, and what was paid as it stands after it."""

    order = OrderOutput()


class RefundedOutput(serializers.Serializer[Any]):
    """The refund, and the invoice as it stands after it."""

    refund = PaymentOutput()
    invoice = InvoiceOutput()


class OrderRefundedOutput(RefundedOutput):
    """The refund, and what was refunded as it stands after it."""

    order = OrderOutput()


class CreditNoteRefundedOutput(serializers.Serializer[Any]):
    """The refund, and the credit note as it stands after it."""

    refund = PaymentOutput()
    credit_note = CreditNoteOutput()


class ReversedOutput(serializers.Serializer[Any]):
    """The debit that takes the payment back; the payment and the invoice as they stand after it."""

    reversal = PaymentOutput()
    payment = PaymentOutput()
    invoice = InvoiceOutput()


class PaymentExpand(StrictSerializer):
    expand = Expand("customer", "invoice")


class PaymentFilters(Paged, Span, PaymentExpand):
    type = serializers.ChoiceField(
        TransactionType.choices,
        required=False,
        help_text="`credit` payments, `debit` payments taken back, `refund` refunds.",
    )
    method = serializers.ChoiceField(
        PaymentMethod.choices, required=False, help_text="Only those by this method."
    )
    invoice = serializers.CharField(
        required=False, max_length=50, help_text="Only this invoice's: id or number."
    )
    customer = serializers.CharField(
        required=False, max_length=50, help_text="Only this customer's: code or id."
    )
