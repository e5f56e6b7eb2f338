"""What adds to a payee's balance and takes off it: sales, refunds, adjustments."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from core.db import CurrencyField, MinorUnitsField, TenantForeignKey, TenantModel
from core.money import format_amount
from invoicing.models import PaymentMethod
from settlements.models.payees import FeeBearer


class PayeeItem(TenantModel):
    """One item of a payee's account. Append-only; a settlement takes it in, once.

    `payable_amount` is what it adds to what the payee is owed, `occurred_on` its date.
    """

    payee = TenantForeignKey("settlements.Payee", related_name="%(class)ss")
    event = TenantForeignKey("settlements.Event", null=True, blank=True, related_name="%(class)ss")
    reference = models.CharField(max_length=180)
    currency = CurrencyField()
    entry = TenantForeignKey("ledger.JournalEntry", related_name="+")
    settlement = TenantForeignKey(
        "settlements.Settlement", null=True, blank=True, related_name="%(class)ss"
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    # Set on what recording returns where it was there already; never on what is read.
    is_replay: bool = False

    class Meta(TenantModel.Meta):
        abstract = True

    def __str__(self) -> str:
        return self.reference


def _indexes(name: str, occurred_on: str) -> list[models.Index]:
    return [
        models.Index(fields=["organization", "payee", occurred_on, "id"], name=f"{name}_by_payee"),
        models.Index(
            fields=["organization", "payee", occurred_on],
            condition=Q(settlement__isnull=True),
            name=f"{name}_unsettled",
        ),
        models.Index(
            fields=["organization", "settlement", occurred_on, "id"],
            condition=Q(settlement__isnull=False),
            name=f"{name}_by_settlement",
        ),
        models.Index(fields=["organization", occurred_on, "id"], name=f"{name}_by_date"),
    ]


class Sale(PayeeItem):
    """What a buyer paid, and whose it is: total = ticket revenue + platform fee + tax + the
    organizer's part. `refunded_amount` is kept by a trigger on the refunds.

    Its entry is `sale:{reference}`.
    """

    sold_on = models.DateField()
    method = models.CharField(max_length=20, choices=PaymentMethod)
    quantity = models.PositiveIntegerField(default=1, db_default=1)
    total_amount = MinorUnitsField()
    ticket_revenue = MinorUnitsField(default=0, db_default=0)
    platform_fee = MinorUnitsField(default=0, db_default=0)
    tax_amount = MinorUnitsField(default=0, db_default=0)
    organizer_amount = MinorUnitsField(default=0, db_default=0)
    fee_borne_by = models.CharField(
        max_length=10, choices=FeeBearer, default=FeeBearer.ORGANIZER, db_default="organizer"
    )
    refunded_amount = MinorUnitsField(default=0, db_default=0, editable=False)
    metadata = models.JSONField(default=dict, blank=True, db_default={})

    class Meta(PayeeItem.Meta):
        ordering = ("-sold_on", "-id")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "reference"], name="sale_reference_is_unique"
            ),
            models.CheckConstraint(name="sale_has_a_reference", condition=~Q(reference="")),
            models.CheckConstraint(
                name="sale_parts_add_up",
                condition=Q(
                    total_amount=F("ticket_revenue")
                    + F("platform_fee")
                    + F("tax_amount")
                    + F("organizer_amount")
                ),
            ),
            models.CheckConstraint(
                name="sale_amounts_are_not_negative",
                condition=Q(
                    total_amount__gt=0,
                    ticket_revenue__gte=0,
                    platform_fee__gte=0,
                    tax_amount__gte=0,
                    organizer_amount__gte=0,
                ),
            ),
            models.CheckConstraint(
                name="sale_refunds_are_within_its_total",
                condition=Q(refunded_amount__gte=0, refunded_amount__lte=F("total_amount")),
            ),
            models.CheckConstraint(
                name="sale_method_is_known",
                condition=Q(method__in=[m.value for m in PaymentMethod]),
            ),
            models.CheckConstraint(name="sale_quantity_is_positive", condition=Q(quantity__gte=1)),
            models.CheckConstraint(
                name="sale_fee_is_borne_by_one",
                condition=Q(fee_borne_by__in=[b.value for b in FeeBearer]),
            ),
        ]
        indexes = _indexes("sale", "sold_on")
        permissions = [("record_sale", "Can record sales"), ("refund_sale", "Can refund sales")]

    @property
    def payable_amount(self) -> int:
        return int(self.organizer_amount)


class Refund(PayeeItem):
    """What a buyer got back of a sale, and who bore it; `amount` is the sum of its parts.

    `organizer_amount` includes `kept_fee_amount`, the fee that the platform keeps of what is
    refunded. Its entry is `sale-refund:{reference}`.
    """

    sale = TenantForeignKey("Sale", related_name="refunds")
    refunded_on = models.DateField()
    method = models.CharField(max_length=20, choices=PaymentMethod)
    amount = MinorUnitsField()
    ticket_revenue = MinorUnitsField(default=0, db_default=0)
    platform_fee = MinorUnitsField(default=0, db_default=0)
    tax_amount = MinorUnitsField(default=0, db_default=0)
    organizer_amount = MinorUnitsField(default=0, db_default=0)
    kept_fee_amount = MinorUnitsField(default=0, db_default=0)
    reason = models.CharField(max_length=500, blank=True, default="", db_default="")

    class Meta(PayeeItem.Meta):
        ordering = ("-refunded_on", "-id")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "reference"], name="refund_reference_is_unique"
            ),
            models.CheckConstraint(name="refund_has_a_reference", condition=~Q(reference="")),
            models.CheckConstraint(
                name="refund_parts_add_up",
                condition=Q(
                    amount=F("ticket_revenue")
                    + F("platform_fee")
                    + F("tax_amount")
                    + F("organizer_amount")
                ),
            ),
            models.CheckConstraint(
                name="refund_amounts_are_not_negative",
                condition=Q(
                    amount__gt=0,
                    ticket_revenue__gte=0,
                    platform_fee__gte=0,
                    tax_amount__gte=0,
                    organizer_amount__gte=0,
                    kept_fee_amount__gte=0,
                    kept_fee_amount__lte=F("organizer_amount"),
                ),
            ),
            models.CheckConstraint(
                name="refund_method_is_known",
                condition=Q(method__in=[m.value for m in PaymentMethod]),
            ),
        ]
        indexes = [
            *_indexes("refund", "refunded_on"),
            models.Index(fields=["organization", "sale"], name="refund_by_sale"),
        ]

    @property
    def payable_amount(self) -> int:
        return -int(self.organizer_amount)


class AdjustmentKind(models.TextChoices):
    ADJUSTMENT = "adjustment", "Adjustment"
    FEE = "fee", "Fee"


class Adjustment(PayeeItem):
    """What is owed more (positive) or less (negative) for a reason of its own; a fee is negative.

    `account` takes the other side. Its entry is `adjustment:{reference}`.
    """

    kind = models.CharField(
        max_length=12,
        choices=AdjustmentKind,
        default=AdjustmentKind.ADJUSTMENT,
        db_default="adjustment",
    )
    adjusted_on = models.DateField()
    amount = MinorUnitsField()
    reason = models.CharField(max_length=500)
    account = TenantForeignKey("ledger.Account", related_name="+")

    class Meta(PayeeItem.Meta):
        ordering = ("-adjusted_on", "-id")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "reference"], name="adjustment_reference_is_unique"
            ),
            models.CheckConstraint(name="adjustment_has_a_reference", condition=~Q(reference="")),
            models.CheckConstraint(name="adjustment_has_a_reason", condition=~Q(reason="")),
            models.CheckConstraint(
                name="adjustment_sign_fits_its_kind",
                condition=Q(kind="adjustment") & ~Q(amount=0) | Q(kind="fee", amount__lt=0),
            ),
        ]
        indexes = _indexes("adjustment", "adjusted_on")

    @property
    def payable_amount(self) -> int:
        return int(self.amount)

    def __str__(self) -> str:
        amount = format_amount(self.amount, self.currency)
        return f"{self.get_kind_display()} of {amount} {self.currency}"
