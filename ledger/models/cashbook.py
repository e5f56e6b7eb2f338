"""The cashbook: money in and money out, for people who do not think in debits and credits."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from core.db import CurrencyField, GlobalForeignKey, MinorUnitsField, TenantForeignKey, TenantModel
from core.money import format_amount


class CashKind(models.TextChoices):
    REVENUE = "REVENUE", "Revenue"
    EXPENSE = "EXPENSE", "Expense"
    PAYMENT = "PAYMENT", "Payment"
    DEBT = "DEBT", "Debt"


class CashEntry(TenantModel):
    """One movement, for a user or for the organization itself, backed by a journal entry.

    `amount` is signed: positive is an inflow, negative an outflow. A debt moves no cash until it
    is settled; `settled_at` is set once, together with the payment that settles it.
    """

    kind = models.CharField(max_length=10, choices=CashKind)
    amount = MinorUnitsField()
    currency = CurrencyField()
    occurred_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = TenantForeignKey("self", null=True, blank=True, related_name="settles")
    user = GlobalForeignKey("organizations.User", null=True, blank=True)
    memo = models.CharField(max_length=1000, blank=True, default="", db_default="")
    entry = TenantForeignKey("JournalEntry", related_name="cash_entries")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta(TenantModel.Meta):
        ordering = ("-occurred_at", "-id")
        verbose_name_plural = "cash entries"
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "entry"], name="cashentry_has_an_entry_of_its_own"
            ),
            models.CheckConstraint(
                name="cashentry_kind_is_known", condition=Q(kind__in=[k.value for k in CashKind])
            ),
            models.CheckConstraint(
                name="cashentry_sign_fits_its_kind",
                condition=Q(kind="REVENUE", amount__gt=0)
                | Q(kind="EXPENSE", amount__lt=0)
                | (Q(kind__in=["PAYMENT", "DEBT"]) & ~Q(amount=0)),
            ),
            models.CheckConstraint(
                name="cashentry_currency_is_a_code", condition=Q(currency__regex=r"^[A-Z]{3}$")
            ),
            models.CheckConstraint(
                name="cashentry_only_a_debt_is_settled",
                condition=Q(settled_at__isnull=True, settled_by__isnull=True)
                | Q(kind="DEBT", settled_at__isnull=False, settled_by__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "occurred_at", "id"], name="cashentry_by_time"),
            models.Index(fields=["organization", "user", "occurred_at"], name="cashentry_by_user"),
        ]

    def __str__(self) -> str:
        amount = format_amount(self.amount, self.currency)
        return f"{self.get_kind_display()} {amount} {self.currency}"
