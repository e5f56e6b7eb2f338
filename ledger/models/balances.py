"""Gross monthly totals per account, kept by the posting trigger and by nothing else."""

from django.db import models
from django.db.models import Q

from core.db import MinorUnitsField, TenantForeignKey, TenantModel


class AccountBalance(TenantModel):
    """What one account took in one month, through one of its slots.

    The balance as of a date is the sum of the months before it plus the lines of its own month.
    The database refuses every write that does not come from the posting trigger.
    """

    account = TenantForeignKey("Account", related_name="balances")
    month = models.DateField(help_text="The first day of the month of the entries' effective date.")
    slot = models.PositiveSmallIntegerField()
    debits = MinorUnitsField()
    credits = MinorUnitsField()

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "account", "month", "slot"],
                name="balance_is_one_per_account_month_and_slot",
            ),
            models.CheckConstraint(name="balance_month_is_a_first_day", condition=Q(month__day=1)),
            models.CheckConstraint(
                name="balance_totals_are_not_negative",
                condition=Q(debits__gte=0, credits__gte=0),
            ),
        ]
        indexes = [models.Index(fields=["organization", "month"], name="balance_by_month")]

    def __str__(self) -> str:
        return f"{self.account_id} {self.month:%Y-%m}/{self.slot}"
