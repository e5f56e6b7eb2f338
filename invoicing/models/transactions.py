"""Money that came in and went out again for what was sold."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from core.db import CurrencyField, MinorUnitsField, TenantForeignKey, TenantModel
from core.money import format_amount


class TransactionType(models.TextChoices):
    """As the customer's account sees it: a payment credits it, one that bounced debits it again."""

    CREDIT = "credit", "Payment"
    DEBIT = "debit", "Payment taken back"
    REFUND = "refund", "Refund"


class PaymentMethod(models.TextChoices):
    CASH = "cash", "Cash"
    BANK = "bank", "Bank"
    CARD = "card", "Card"
    MOBILE_MONEY = "mobile_money", "Mobile money"
    WALLET = "wallet", "Wallet"


class TransactionStatus(models.TextChoices):
    COMPLETED = "completed", "Completed"
    REVERSED = "reversed", "Taken back"


class FinancialTransaction(TenantModel):
    """A payment, a payment taken back, or a refund, of one invoice or of one credit note that has
    no invoice. Append-only; a payment becomes `reversed` by the debit that takes it back.

    `amount` is positive; the type says which way the money went. The payment's id is its receipt's.
    """

    type = models.CharField(max_length=10, choices=TransactionType)
    status = models.CharField(
        max_length=10,
        choices=TransactionStatus,
        default=TransactionStatus.COMPLETED,
        db_default="completed",
    )
    invoice = TenantForeignKey("Invoice", null=True, related_name="transactions")
    credit_note = TenantForeignKey("CreditNote", null=True, related_name="transactions")
    customer = TenantForeignKey("Customer", null=True, related_name="transactions")
    reverses = TenantForeignKey("self", null=True, related_name="reversals")
    method = models.CharField(max_length=20, choices=PaymentMethod)
    amount = MinorUnitsField()
    currency = CurrencyField()
    provider_reference = models.CharField(max_length=200, blank=True, default="", db_default="")
    occurred_on = models.DateField()
    reason = models.CharField(max_length=500, blank=True, default="", db_default="")
    entry = TenantForeignKey("ledger.JournalEntry", related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta(TenantModel.Meta):
        ordering = ("-occurred_on", "-id")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "provider_reference"],
                condition=~Q(provider_reference=""),
                name="transaction_provider_reference_is_taken_once",
            ),
            models.UniqueConstraint(
                fields=["organization", "reverses"],
                condition=Q(reverses__isnull=False),
                name="transaction_is_reversed_once",
            ),
            models.UniqueConstraint(
                fields=["organization", "entry"], name="transaction_has_an_entry_of_its_own"
            ),
            models.CheckConstraint(
                name="transaction_amount_is_positive", condition=Q(amount__gt=0)
            ),
            models.CheckConstraint(
                name="transaction_type_is_known",
                condition=Q(type__in=[t.value for t in TransactionType]),
            ),
            models.CheckConstraint(
                name="transaction_method_is_known",
                condition=Q(method__in=[m.value for m in PaymentMethod]),
            ),
            models.CheckConstraint(
                name="transaction_status_fits_its_type",
                condition=Q(status="completed") | Q(status="reversed", type="credit"),
            ),
            models.CheckConstraint(
                name="transaction_is_of_one_document",
                condition=Q(invoice__isnull=False, credit_note__isnull=True)
                | Q(invoice__isnull=True, credit_note__isnull=False, type="refund"),
            ),
            models.CheckConstraint(
                name="transaction_reverses_a_payment",
                condition=Q(type="debit", reverses__isnull=False)
                | (~Q(type="debit") & Q(reverses__isnull=True)),
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "occurred_on", "id"], name="transaction_by_date"),
            models.Index(fields=["organization", "invoice"], name="transaction_by_invoice"),
            models.Index(fields=["organization", "credit_note"], name="transaction_by_creditnote"),
            models.Index(
                fields=["organization", "customer", "occurred_on"], name="transaction_by_customer"
            ),
        ]
        permissions = [
            ("record_payment", "Can record payments"),
            ("refund_payment", "Can refund payments"),
            ("reverse_payment", "Can take payments back"),
        ]

    def __str__(self) -> str:
        amount = format_amount(self.amount, self.currency)
        return f"{self.get_type_display()} of {amount} {self.currency}"
