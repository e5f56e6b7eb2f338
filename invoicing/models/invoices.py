"""Invoices: issued once, with a legal number; never changed afterwards."""

from django.db import models
from django.db.models import Case, F, GeneratedField, Q, Value, When
from django.db.models.functions import Now

from core.db import CurrencyField, MinorUnitsField, TenantForeignKey
from invoicing.models.numbering import NumberedDocument


class InvoiceStatus(models.TextChoices):
    OPEN = "open", "Open"
    PARTIALLY_PAID = "partially_paid", "Partially paid"
    PAID = "paid", "Paid"
    CREDITED = "credited", "Credited"


_OPEN = F("total_amount") - F("credited_amount") - F("paid_amount") + F("refunded_amount")


class Invoice(NumberedDocument):
    """A claim on a customer. What was paid, refunded and credited is kept by triggers on the rows
    of those; status and open amount follow from it.

    `open_amount` is what is still owed; negative, it is owed to the customer.
    `receivable` is the account that the issue debited, and that payments credit.
    """

    order = TenantForeignKey("Order", related_name="invoices")
    customer = TenantForeignKey("Customer", null=True, blank=True, related_name="invoices")
    due_on = models.DateField()
    currency = CurrencyField()
    subtotal_amount = MinorUnitsField()
    tax_amount = MinorUnitsField()
    total_amount = MinorUnitsField()
    paid_amount = MinorUnitsField(default=0, db_default=0, editable=False)
    refunded_amount = MinorUnitsField(default=0, db_default=0, editable=False)
    credited_amount = MinorUnitsField(default=0, db_default=0, editable=False)
    open_amount = GeneratedField(expression=_OPEN, output_field=MinorUnitsField(), db_persist=True)
    status = GeneratedField(
        expression=Case(
            When(
                Q(credited_amount__gt=0) & Q(credited_amount=F("total_amount")),
                then=Value("credited"),
            ),
            When(
                total_amount__lte=F("credited_amount") + F("paid_amount") - F("refunded_amount"),
                then=Value("paid"),
            ),
            When(
                Q(paid_amount__gt=F("refunded_amount")) | Q(credited_amount__gt=0),
                then=Value("partially_paid"),
            ),
            default=Value("open"),
        ),
        output_field=models.CharField(max_length=20, choices=InvoiceStatus),
        db_persist=True,
    )
    snapshot = models.JSONField(help_text="Seller and buyer as they were at the issue.")
    receivable = TenantForeignKey("ledger.Account", related_name="+")
    entry = TenantForeignKey("ledger.JournalEntry", null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta(NumberedDocument.Meta):
        ordering = ("-issued_on", "-id")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "order"], name="invoice_is_one_per_order"
            ),
            models.UniqueConstraint(
                fields=["organization", "number"], name="invoice_number_is_unique"
            ),
            models.UniqueConstraint(
                fields=["organization", "series", "fiscal_year", "sequence"],
                name="invoice_sequence_is_unique",
            ),
            models.CheckConstraint(
                name="invoice_total_is_subtotal_and_tax",
                condition=Q(total_amount=F("subtotal_amount") + F("tax_amount")),
            ),
            models.CheckConstraint(
                name="invoice_amounts_are_not_negative",
                condition=Q(
                    subtotal_amount__gte=0,
                    tax_amount__gte=0,
                    paid_amount__gte=0,
                    refunded_amount__gte=0,
                    credited_amount__gte=0,
                ),
            ),
            models.CheckConstraint(
                name="invoice_refunds_are_within_payments",
                condition=Q(refunded_amount__lte=F("paid_amount")),
            ),
            models.CheckConstraint(
                name="invoice_credits_are_within_its_total",
                condition=Q(credited_amount__lte=F("total_amount")),
            ),
            models.CheckConstraint(
                name="invoice_is_posted", condition=Q(entry__isnull=False) | Q(total_amount=0)
            ),
            models.CheckConstraint(
                name="invoice_is_due_after_its_issue", condition=Q(due_on__gte=F("issued_on"))
            ),
            # One that posts nothing has no entry to hold its date to this.
            models.CheckConstraint(
                name="invoice_dates_are_plausible",
                condition=Q(issued_on__gte="1900-01-01", due_on__lte="2199-12-31"),
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "issued_on", "id"], name="invoice_by_date"),
            models.Index(
                fields=["organization", "customer", "issued_on"], name="invoice_by_customer"
            ),
            models.Index(
                fields=["organization", "due_on"],
                condition=~Q(open_amount=0),
                name="invoice_open_by_due_date",
            ),
            models.Index(fields=["organization", "entry"], name="invoice_by_entry"),
        ]
        permissions = [
            ("issue_invoice", "Can issue invoices"),
            ("view_statements", "Can see statements and ageing"),
        ]

    def __str__(self) -> str:
        return f"Invoice {self.number}"
