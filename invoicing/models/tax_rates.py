"""Tax rates, and the part of them that every tax line keeps."""

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from core.db import MinorUnitsField, TenantModel


class TaxCategory(models.TextChoices):
    """EN 16931's categories (UNTDID 5305): S, Z, E and AE. Only `standard` charges anything."""

    STANDARD = "standard", "Standard"
    ZERO = "zero", "Zero-rated"
    EXEMPT = "exempt", "Exempt"
    REVERSE_CHARGE = "reverse_charge", "Reverse charge"


class PercentageField(models.DecimalField):  # type: ignore[type-arg]
    """A ratio, and no amount of money: 17.5 means 17.5 %."""

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**{"max_digits": 8, "decimal_places": 5, **kwargs})  # type: ignore[arg-type]


class TaxRate(TenantModel):
    """A rate as it is now. What an order was taxed with stands in its tax lines, not here."""

    code = models.CharField(max_length=50, validators=[RegexValidator(r"\A[A-Za-z0-9.:_-]+\Z")])
    name = models.CharField(max_length=100)
    percentage = PercentageField(
        validators=[MinValueValidator(0), MaxValueValidator(100)],
        help_text="17.5 means 17.5 %.",
    )
    country = models.CharField(
        max_length=2, blank=True, default="", db_default="", help_text="Empty: everywhere."
    )
    region = models.CharField(
        max_length=20, blank=True, default="", db_default="", help_text="Empty: the whole country."
    )
    inclusive = models.BooleanField(
        default=False, db_default=False, help_text="Prices contain this tax."
    )
    compound = models.BooleanField(
        default=False, db_default=False, help_text="Charged on the net and the taxes before it."
    )
    category = models.CharField(max_length=20, choices=TaxCategory, default=TaxCategory.STANDARD)
    valid_from = models.DateField(null=True, blank=True)
    valid_to = models.DateField(null=True, blank=True, help_text="The last day.")
    active = models.BooleanField(default=True, db_default=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta(TenantModel.Meta):
        ordering = ("code",)
        constraints = [
            models.UniqueConstraint(fields=["organization", "code"], name="taxrate_code_is_unique"),
            models.CheckConstraint(
                name="taxrate_code_is_plain", condition=Q(code__regex=r"^[A-Za-z0-9.:_-]{1,50}$")
            ),
            models.CheckConstraint(
                name="taxrate_percentage_is_0_to_100",
                condition=Q(percentage__gte=0, percentage__lte=100),
            ),
            models.CheckConstraint(
                name="taxrate_category_is_known",
                condition=Q(category__in=[c.value for c in TaxCategory]),
            ),
            models.CheckConstraint(
                name="taxrate_only_standard_charges",
                condition=Q(category="standard", percentage__gt=0)
                | (~Q(category="standard") & Q(percentage=0)),
            ),
            models.CheckConstraint(
                name="taxrate_country_is_a_code",
                condition=Q(country="") | Q(country__regex=r"^[A-Z]{2}$"),
            ),
            models.CheckConstraint(
                name="taxrate_region_is_of_a_country", condition=Q(region="") | ~Q(country="")
            ),
            models.CheckConstraint(
                name="taxrate_is_valid_for_a_while",
                condition=Q(valid_from__isnull=True)
                | Q(valid_to__isnull=True)
                | Q(valid_from__lte=F("valid_to")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class FrozenTax(TenantModel):
    """One rate of one document as it was on the day: a copy that no later change of the rate,
    nor its deletion, can reach."""

    position = models.PositiveSmallIntegerField()
    code = models.CharField(max_length=50)
    name = models.CharField(max_length=100)
    percentage = PercentageField()
    country = models.CharField(max_length=2, blank=True, default="", db_default="")
    region = models.CharField(max_length=20, blank=True, default="", db_default="")
    category = models.CharField(max_length=20, choices=TaxCategory)
    inclusive = models.BooleanField(default=False)
    compound = models.BooleanField(default=False)
    taxable_amount = MinorUnitsField()
    tax_amount = MinorUnitsField()

    class Meta(TenantModel.Meta):
        abstract = True
        ordering = ("position",)

    def __str__(self) -> str:
        return f"{self.code} {self.name}"
