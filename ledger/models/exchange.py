"""Dated exchange rates, for reading the books in one reporting currency."""

from django.db import models
from django.db.models import F, Q

from core.db import CurrencyField, TenantModel


class ExchangeRate(TenantModel):
    """One unit of `currency` is worth `rate` units of `quote_currency`, from `valid_on` on.

    Major units, not minor ones; a rate is a ratio and no amount of money, hence a decimal.
    """

    currency = CurrencyField()
    quote_currency = CurrencyField()
    valid_on = models.DateField()
    rate = models.DecimalField(max_digits=24, decimal_places=12)
    source = models.CharField(max_length=100, blank=True, default="", db_default="")

    class Meta(TenantModel.Meta):
        ordering = ("-valid_on", "currency")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "currency", "quote_currency", "valid_on"],
                name="exchangerate_is_one_per_day",
            ),
            models.CheckConstraint(name="exchangerate_is_positive", condition=Q(rate__gt=0)),
            models.CheckConstraint(
                name="exchangerate_joins_two_currencies",
                condition=~Q(currency=F("quote_currency")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.currency}/{self.quote_currency} {self.rate} ({self.valid_on})"
