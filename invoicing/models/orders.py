"""Orders: what is sold, to whom, and what it was taxed with when it was locked."""

from decimal import Decimal

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from core.db import CurrencyField, MinorUnitsField, TenantForeignKey, TenantModel
from invoicing.models.tax_rates import FrozenTax


class OrderStatus(models.TextChoices):
    """draft → pending (locked) → paid → partially refunded → refunded; or cancelled."""

    DRAFT = "draft", "Draft"
    PENDING = "pending", "Pending"
    PAID = "paid", "Paid"
    PARTIALLY_REFUNDED = "partially_refunded", "Partially refunded"
    REFUNDED = "refunded", "Refunded"
    CANCELLED = "cancelled", "Cancelled"


class Order(TenantModel):
    """Edited freely while a draft. The lock computes its amounts and freezes it with its items,
    tax lines and snapshot (triggers); its status then follows its invoice.
    """

    customer = TenantForeignKey("Customer", null=True, blank=True, related_name="orders")
    reference = models.CharField(
        max_length=100,
        blank=True,
        default="",
        db_default="",
        help_text="The seller's own name for it; taken once.",
    )
    currency = CurrencyField()
    status = models.CharField(
        max_length=20, choices=OrderStatus, default=OrderStatus.DRAFT, db_default="draft"
    )
    # Where the goods go and the day that decides the rates; both given by the lock.
    country = models.CharField(max_length=2, blank=True, default="", db_default="")
    region = models.CharField(max_length=20, blank=True, default="", db_default="")
    taxed_on = models.DateField(null=True, blank=True)
    rounding = models.CharField(max_length=10, blank=True, default="", db_default="")
    subtotal_amount = MinorUnitsField(default=0, db_default=0)
    tax_amount = MinorUnitsField(default=0, db_default=0)
    total_amount = MinorUnitsField(default=0, db_default=0)
    snapshot = models.JSONField(null=True, blank=True)
    metadata = models.JSONField(default=dict, blank=True, db_default={})
    locked_at = models.DateTimeField(null=True, blank=True, editable=False)
    paid_at = models.DateTimeField(null=True, blank=True, editable=False)
    cancelled_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta(TenantModel.Meta):
        ordering = ("-created_at", "-id")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "reference"],
                condition=~Q(reference=""),
                name="order_reference_is_unique",
            ),
            models.CheckConstraint(
                name="order_status_is_known",
                condition=Q(status__in=[s.value for s in OrderStatus]),
            ),
            models.CheckConstraint(
                name="order_currency_is_a_code", condition=Q(currency__regex=r"^[A-Z]{3}$")
            ),
            models.CheckConstraint(
                name="order_total_is_subtotal_and_tax",
                condition=Q(total_amount=F("subtotal_amount") + F("tax_amount")),
            ),
            models.CheckConstraint(
                name="order_amounts_are_not_negative",
                condition=Q(subtotal_amount__gte=0, tax_amount__gte=0, total_amount__gte=0),
            ),
            models.CheckConstraint(
                name="order_is_locked_with_its_snapshot",
                condition=Q(status="draft", locked_at__isnull=True, snapshot__isnull=True)
                | Q(status="cancelled")
                | Q(
                    locked_at__isnull=False,
                    snapshot__isnull=False,
                    taxed_on__isnull=False,
                    rounding__in=["document", "line"],
                ),
            ),
            models.CheckConstraint(
                name="order_times_fit_its_status",
                condition=Q(
                    status__in=["draft", "pending"],
                    paid_at__isnull=True,
                    cancelled_at__isnull=True,
                )
                | Q(status="paid", paid_at__isnull=False, cancelled_at__isnull=True)
                # Of a part that was paid something may be refunded.
                | Q(status__in=["partially_refunded", "refunded"], cancelled_at__isnull=True)
                | Q(status="cancelled", paid_at__isnull=True, cancelled_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "created_at", "id"], name="order_by_time"),
            models.Index(fields=["organization", "status", "created_at"], name="order_by_status"),
            models.Index(fields=["organization", "customer"], name="order_by_customer"),
        ]
        permissions = [
            ("lock_order", "Can lock orders"),
            ("cancel_order", "Can cancel orders"),
        ]

    def __str__(self) -> str:
        return f"Order {self.name}"

    @property
    def name(self) -> str:
        """The reference, or what tells the id from others."""
        return self.reference or str(self.pk)[-12:]


class OrderItem(TenantModel):
    """A line of an order. Its amounts are zero until the lock computes them.

    `tax_codes` names rates by code: None lets the lock find those of the place; after the lock it
    holds the codes that were applied.
    """

    order = TenantForeignKey(Order, related_name="items")
    position = models.PositiveSmallIntegerField()
    sku = models.CharField("SKU", max_length=100, blank=True, default="", db_default="")
    description = models.CharField(max_length=500)
    quantity = models.DecimalField(max_digits=18, decimal_places=6)
    unit_amount = MinorUnitsField(help_text="Minor units; contains the rates that are inclusive.")
    discount_amount = MinorUnitsField(default=0, db_default=0)
    tax_codes = ArrayField(models.CharField(max_length=50), null=True, blank=True)
    revenue_account = TenantForeignKey(
        "ledger.Account",
        null=True,
        blank=True,
        related_name="+",
        help_text="Empty: the account that has the role sales revenue.",
    )
    net_amount = MinorUnitsField(default=0, db_default=0)
    tax_amount = MinorUnitsField(default=0, db_default=0)
    total_amount = MinorUnitsField(default=0, db_default=0)

    class Meta(TenantModel.Meta):
        ordering = ("position",)
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "order", "position"], name="orderitem_position_is_unique"
            ),
            models.CheckConstraint(
                name="orderitem_quantity_is_positive", condition=Q(quantity__gt=0)
            ),
            models.CheckConstraint(
                name="orderitem_price_is_not_negative", condition=Q(unit_amount__gte=0)
            ),
            models.CheckConstraint(
                name="orderitem_discount_is_within_its_price",
                condition=Q(discount_amount__gte=0)
                & Q(discount_amount__lte=F("quantity") * F("unit_amount") + Decimal("0.5")),
            ),
            models.CheckConstraint(
                name="orderitem_total_is_net_and_tax",
                condition=Q(total_amount=F("net_amount") + F("tax_amount")),
            ),
        ]

    def __str__(self) -> str:
        return self.description


class OrderTaxLine(FrozenTax):
    """What one rate charged on an order, as it was when the order was locked."""

    order = TenantForeignKey(Order, related_name="tax_lines")

    class Meta(FrozenTax.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "order", "code"], name="ordertaxline_is_one_per_rate"
            ),
            models.CheckConstraint(
                name="ordertaxline_amounts_are_not_negative",
                condition=Q(taxable_amount__gte=0, tax_amount__gte=0),
            ),
        ]
