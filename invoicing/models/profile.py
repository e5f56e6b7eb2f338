"""How an organization appears on its documents, and its choices about them."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from core.db import TenantModel


class Paper(models.TextChoices):
    A4 = "a4", "A4"
    LETTER = "us-letter", "Letter"


class InvoicingProfile(TenantModel):
    """One row per organization; without it everything is as the defaults say."""

    legal_name = models.CharField(
        max_length=200,
        blank=True,
        default="",
        db_default="",
        help_text="Empty: the organization's name.",
    )
    address = models.TextField(max_length=500, blank=True, default="", db_default="")
    tax_id = models.CharField("VAT id", max_length=40, blank=True, default="", db_default="")
    email = models.EmailField(max_length=254, blank=True, default="", db_default="")
    phone = models.CharField(max_length=40, blank=True, default="", db_default="")
    website = models.CharField(max_length=200, blank=True, default="", db_default="")
    footer = models.TextField(
        max_length=1000,
        blank=True,
        default="",
        db_default="",
        help_text="Printed below every document: how to pay, where the company is registered.",
    )
    logo = models.BinaryField(null=True, blank=True, editable=False)
    logo_type = models.CharField(max_length=20, blank=True, default="", db_default="")
    paper = models.CharField(max_length=10, choices=Paper, default=Paper.A4, db_default="a4")
    rounding = models.CharField(
        max_length=10,
        choices=[("document", "Per document"), ("line", "Per line")],
        default="document",
        db_default="document",
        help_text="Where tax is rounded: on the document, by rate (EN 16931), or on every line.",
    )
    payment_terms_days = models.PositiveSmallIntegerField(default=30, db_default=30)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta(TenantModel.Meta):
        verbose_name = "invoicing profile"
        constraints = [
            models.UniqueConstraint(
                fields=["organization"], name="invoicingprofile_is_one_per_organization"
            ),
            models.CheckConstraint(
                name="invoicingprofile_paper_is_known",
                condition=Q(paper__in=[p.value for p in Paper]),
            ),
            models.CheckConstraint(
                name="invoicingprofile_rounding_is_known",
                condition=Q(rounding__in=["document", "line"]),
            ),
            models.CheckConstraint(
                name="invoicingprofile_payment_terms_are_0_to_365",
                condition=Q(payment_terms_days__lte=365),
            ),
            models.CheckConstraint(
                name="invoicingprofile_logo_has_a_type",
                condition=Q(logo__isnull=True, logo_type="")
                | Q(logo__isnull=False, logo_type__in=["image/png", "image/jpeg", "image/svg+xml"]),
            ),
        ]

    def __str__(self) -> str:
        return self.legal_name or "Invoicing profile"
