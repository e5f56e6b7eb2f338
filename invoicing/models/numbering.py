"""Legal numbers: series, and the counter row of each fiscal year.

The counters are moved by the insert of a document and by nothing else (a trigger), so that
numbers have neither gaps nor doubles: invoicing/migrations/sql/0002_rules.sql.
"""

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from core.db import TenantForeignKey, TenantModel


class DocumentKind(models.TextChoices):
    INVOICE = "invoice", "Invoice"
    CREDIT_NOTE = "credit_note", "Credit note"


class NumberSeries(TenantModel):
    """A series of legal numbers for one kind of document; each fiscal year starts at 1."""

    kind = models.CharField(max_length=20, choices=DocumentKind)
    code = models.CharField(
        max_length=30, default="main", validators=[RegexValidator(r"\A[A-Za-z0-9._-]+\Z")]
    )
    prefix = models.CharField(
        max_length=30,
        blank=True,
        default="",
        help_text="{year} stands for the fiscal year, {yy} for its last two digits.",
    )
    width = models.PositiveSmallIntegerField(
        default=5,
        validators=[MinValueValidator(1), MaxValueValidator(12)],
        help_text="To how many digits the number is filled with zeros.",
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta(TenantModel.Meta):
        ordering = ("kind", "code")
        verbose_name_plural = "number series"
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "kind", "code"], name="numberseries_code_is_unique"
            ),
            models.CheckConstraint(
                name="numberseries_kind_is_known",
                condition=Q(kind__in=[k.value for k in DocumentKind]),
            ),
            models.CheckConstraint(
                name="numberseries_code_is_plain",
                condition=Q(code__regex=r"^[A-Za-z0-9._-]{1,30}$"),
            ),
            models.CheckConstraint(
                name="numberseries_prefix_is_plain",
                condition=Q(prefix__regex=r"^([A-Za-z0-9 ./_-]|\{year\}|\{yy\}){0,30}$"),
            ),
            models.CheckConstraint(
                name="numberseries_width_is_1_to_12", condition=Q(width__range=(1, 12))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} series {self.code}"


class NumberCounter(TenantModel):
    """The last number given in a series and fiscal year."""

    series = TenantForeignKey(NumberSeries, related_name="counters")
    fiscal_year = models.PositiveSmallIntegerField()
    last_number = models.BigIntegerField(default=0)

    class Meta(TenantModel.Meta):
        ordering = ("fiscal_year",)
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "series", "fiscal_year"],
                name="numbercounter_is_one_per_year",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.fiscal_year}: {self.last_number}"


class NumberedDocument(TenantModel):
    """What an invoice and a credit note have in common: the number, the date, the amounts.

    The database gives fiscal year, sequence and number when the row comes in.
    """

    series = TenantForeignKey(NumberSeries, related_name="+")
    fiscal_year = models.PositiveSmallIntegerField(editable=False)
    sequence = models.BigIntegerField(editable=False)
    number = models.CharField(max_length=50, editable=False)
    issued_on = models.DateField()

    class Meta(TenantModel.Meta):
        abstract = True
