"""Those to whom is sold."""

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from core.db import TenantModel


class Customer(TenantModel):
    """One who buys on account. What they owe is in their invoices, and in the ledger."""

    code = models.CharField(
        max_length=50,
        blank=True,
        default="",
        db_default="",
        validators=[RegexValidator(r"\A[A-Za-z0-9.:_-]*\Z")],
    )
    name = models.CharField(max_length=200)
    email = models.EmailField(max_length=254, blank=True, default="", db_default="")
    phone = models.CharField(max_length=40, blank=True, default="", db_default="")
    address = models.TextField(
        max_length=500, blank=True, default="", db_default="", help_text="Street and number."
    )
    postcode = models.CharField(max_length=20, blank=True, default="", db_default="")
    city = models.CharField(max_length=100, blank=True, default="", db_default="")
    region = models.CharField(max_length=20, blank=True, default="", db_default="")
    country = models.CharField(max_length=2, blank=True, default="", db_default="")
    tax_id = models.CharField(
        "VAT id",
        max_length=40,
        blank=True,
        default="",
        db_default="",
        help_text="Checked by the rules of the country; needed for the reverse charge.",
    )
    payment_terms_days = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Empty: as the organization's invoices say."
    )
    active = models.BooleanField(default=True, db_default=True)
    metadata = models.JSONField(default=dict, blank=True, db_default={})
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta(TenantModel.Meta):
        ordering = ("name", "id")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "code"],
                condition=~Q(code=""),
                name="customer_code_is_unique",
            ),
            models.CheckConstraint(
                name="customer_code_is_plain", condition=Q(code__regex=r"^[A-Za-z0-9.:_-]{0,50}$")
            ),
            models.CheckConstraint(name="customer_has_a_name", condition=~Q(name="")),
            models.CheckConstraint(
                name="customer_country_is_a_code",
                condition=Q(country="") | Q(country__regex=r"^[A-Z]{2}$"),
            ),
            models.CheckConstraint(
                name="customer_payment_terms_are_0_to_365",
                condition=Q(payment_terms_days__isnull=True) | Q(payment_terms_days__lte=365),
            ),
        ]
        indexes = [models.Index(fields=["organization", "name", "id"], name="customer_by_name")]

    def __str__(self) -> str:
        return f"{self.name} ({self.code})" if self.code else self.name
