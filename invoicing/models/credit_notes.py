"""Credit notes: what is taken back of an invoice, or given to a customer without one."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from core.db import CurrencyField, MinorUnitsField, TenantForeignKey, TenantModel
from invoicing.models.numbering import NumberedDocument
from invoicing.models.tax_rates import FrozenTax


class CreditNote(NumberedDocument):
    """Amounts are positive: they reduce what the customer owes.

    One without an invoice (a return of what was sold before these books began) stands on the
    customer's account until it is refunded; `refunded_amount` is kept by a trigger.
    """

    invoice = TenantForeignKey("Invoice", null=True, blank=True, related_name="credit_notes")
    customer = TenantForeignKey("Customer", null=True, blank=True, related_name="credit_notes")
    reference = models.CharField(
        max_length=100,
        blank=True,
        default="",
        db_default="",
        help_text="The seller's own name for it; taken once.",
    )
    reason = models.CharField(max_length=500)
    currency = CurrencyField()
    subtotal_amount = MinorUnitsField()
    tax_amount = MinorUnitsField()
    total_amount = MinorUnitsField()
    refunded_amount = MinorUnitsField(default=0, db_default=0, editable=False)
    part_count = models.PositiveIntegerField(
        editable=False, help_text="How many tax lines and items came in with it; none follows."
    )
    snapshot = models.JSONField(help_text="Seller and buyer as they were at the issue.")
    receivable = TenantForeignKey("ledger.Account", related_name="+")
    entry = TenantForeignKey("ledger.JournalEntry", related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta(NumberedDocument.Meta):
        ordering = ("-issued_on", "-id")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "number"], name="creditnote_number_is_unique"
            ),
            models.UniqueConstraint(
                fields=["organization", "series", "fiscal_year", "sequence"],
                name="creditnote_sequence_is_unique",
            ),
            models.UniqueConstraint(
                fields=["organization", "reference"],
                condition=~Q(reference=""),
                name="creditnote_reference_is_unique",
            ),
            models.CheckConstraint(
                name="creditnote_total_is_subtotal_and_tax",
                condition=Q(total_amount=F("subtotal_amount") + F("tax_amount")),
            ),
            models.CheckConstraint(
                name="creditnote_amounts_are_positive",
                condition=Q(
                    total_amount__gt=0,
                    subtotal_amount__gte=0,
                    tax_amount__gte=0,
                    refunded_amount__gte=0,
                ),
            ),
            models.CheckConstraint(
                name="creditnote_refunds_are_within_its_total",
                condition=Q(refunded_amount__lte=F("total_amount")),
            ),
            models.CheckConstraint(
                name="creditnote_of_an_invoice_is_refunded_there",
                condition=Q(invoice__isnull=True) | Q(refunded_amount=0),
            ),
            models.CheckConstraint(
                name="creditnote_currency_is_a_code", condition=Q(currency__regex=r"^[A-Z]{3}$")
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "issued_on", "id"], name="creditnote_by_date"),
            models.Index(fields=["organization", "invoice"], name="creditnote_by_invoice"),
            models.Index(
                fields=["organization", "customer", "issued_on"], name="creditnote_by_customer"
            ),
            models.Index(fields=["organization", "entry"], name="creditnote_by_entry"),
        ]

    def __str__(self) -> str:
        return f"Credit note {self.number}"


class CreditNoteItem(TenantModel):
    """A line that is taken back; of an item of the order never more than was sold."""

    credit_note = TenantForeignKey(CreditNote, related_name="items")
    position = models.PositiveSmallIntegerField()
    order_item = TenantForeignKey("OrderItem", null=True, related_name="+")
    sku = models.CharField("SKU", max_length=100, blank=True, default="", db_default="")
    description = models.CharField(max_length=500)
    quantity = models.DecimalField(max_digits=18, decimal_places=6)
    unit_amount = MinorUnitsField()
    net_amount = MinorUnitsField()
    tax_amount = MinorUnitsField()
    total_amount = MinorUnitsField()

    class Meta(TenantModel.Meta):
        ordering = ("position",)
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "credit_note", "position"],
                name="creditnoteitem_position_is_unique",
            ),
            models.CheckConstraint(
                name="creditnoteitem_quantity_is_positive", condition=Q(quantity__gt=0)
            ),
            models.CheckConstraint(
                name="creditnoteitem_total_is_net_and_tax",
                condition=Q(total_amount=F("net_amount") + F("tax_amount")),
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "order_item"], name="creditnoteitem_by_order_item")
        ]

    def __str__(self) -> str:
        return self.description


class CreditNoteTaxLine(FrozenTax):
    """What of one rate a credit note takes back."""

    credit_note = TenantForeignKey(CreditNote, related_name="tax_lines")

    class Meta(FrozenTax.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "credit_note", "code"],
                name="creditnotetaxline_is_one_per_rate",
            ),
            models.CheckConstraint(
                name="creditnotetaxline_amounts_are_not_negative",
                condition=Q(taxable_amount__gte=0, tax_amount__gte=0),
            ),
        ]
