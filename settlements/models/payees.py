"""Who is paid for what is sold, for which events, and from which account of ours."""

from decimal import Decimal

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from core.db import CurrencyField, MinorUnitsField, TenantForeignKey, TenantModel
from settlements import fees, schedules


class Every(models.TextChoices):
    """The values of `schedules.Every`, as people read them."""

    MANUAL = schedules.Every.MANUAL, "By hand"
    DAY = schedules.Every.DAY, "Daily"
    WEEK = schedules.Every.WEEK, "Weekly"
    MONTH = schedules.Every.MONTH, "Monthly"
    EVENT = schedules.Every.EVENT, "After each event"


class PayeeStatus(models.TextChoices):
    ACTIVE = "active", "Active"
    SUSPENDED = "suspended", "Suspended"


class FeeBearer(models.TextChoices):
    """The values of `fees.FeeBearer`, as people read them."""

    BUYER = fees.FeeBearer.BUYER, "Buyer"
    ORGANIZER = fees.FeeBearer.ORGANIZER, "Organizer"


_CODE = RegexValidator(r"\A[A-Za-z0-9.:_-]+\Z")


class Payee(TenantModel):
    """An organizer: what is sold for them, less what the platform keeps, is owed to them.

    `payable` is the control account on which that stands; it and the currency never change.
    Schedule, reserve and fee policy are columns, so that what never comes due cannot be stored;
    settlements/schedules.py, reserves.py and fees.py say what they mean.
    """

    code = models.CharField(max_length=100, validators=[_CODE])
    name = models.CharField(max_length=200)
    email = models.EmailField(blank=True, default="", db_default="")
    currency = CurrencyField()
    country = models.CharField(
        max_length=2, blank=True, default="", db_default="", help_text="Whose bank days count."
    )
    payable = TenantForeignKey("ledger.Account", related_name="+")
    status = models.CharField(
        max_length=10, choices=PayeeStatus, default=PayeeStatus.ACTIVE, db_default="active"
    )
    schedule_every = models.CharField(
        max_length=10, choices=Every, default=Every.MANUAL, db_default="manual"
    )
    schedule_weekday = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="The last day of the week: 1 Monday to 7 Sunday."
    )
    schedule_day = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="The last day of the month, or the month's own if earlier."
    )
    schedule_days = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="How many days after an event's end."
    )
    minimum_payout_amount = MinorUnitsField(default=0, db_default=0)
    reserve_percentage = models.DecimalField(
        max_digits=7, decimal_places=4, null=True, blank=True, help_text="Of sales less refunds."
    )
    reserve_days = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="After how many days what was held is released."
    )
    reserve_floor_amount = MinorUnitsField(
        null=True, blank=True, help_text="Instead of a percentage: what is held at all times."
    )
    fee_percentage = models.DecimalField(
        max_digits=7, decimal_places=4, default=Decimal(0), db_default=Decimal(0)
    )
    fee_per_ticket_amount = MinorUnitsField(default=0, db_default=0)
    fee_borne_by = models.CharField(
        max_length=10, choices=FeeBearer, default=FeeBearer.ORGANIZER, db_default="organizer"
    )
    account_holder = models.CharField(max_length=70, blank=True, default="", db_default="")
    iban = models.CharField(max_length=34, blank=True, default="", db_default="")
    bic = models.CharField(max_length=11, blank=True, default="", db_default="")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta(TenantModel.Meta):
        ordering = ("code",)
        constraints = [
            models.UniqueConstraint(fields=["organization", "code"], name="payee_code_is_unique"),
            models.CheckConstraint(
                name="payee_code_is_plain", condition=Q(code__regex=r"^[A-Za-z0-9.:_-]{1,100}$")
            ),
            models.CheckConstraint(
                name="payee_currency_is_a_code", condition=Q(currency__regex=r"^[A-Z]{3}$")
            ),
            models.CheckConstraint(
                name="payee_status_is_known",
                condition=Q(status__in=[s.value for s in PayeeStatus]),
            ),
            models.CheckConstraint(
                name="payee_schedule_comes_due",
                condition=Q(
                    schedule_every__in=["manual", "day"],
                    schedule_weekday__isnull=True,
                    schedule_day__isnull=True,
                    schedule_days__isnull=True,
                )
                | Q(
                    schedule_every="week",
                    schedule_weekday__isnull=False,
                    schedule_weekday__range=(1, 7),
                    schedule_day__isnull=True,
                    schedule_days__isnull=True,
                )
                | Q(
                    schedule_every="month",
                    schedule_weekday__isnull=True,
                    schedule_day__isnull=False,
                    schedule_day__range=(1, 31),
                    schedule_days__isnull=True,
                )
                | Q(
                    schedule_every="event",
                    schedule_weekday__isnull=True,
                    schedule_day__isnull=True,
                    schedule_days__isnull=False,
                    schedule_days__range=(0, 365),
                ),
            ),
            models.CheckConstraint(
                name="payee_reserve_is_percentage_or_floor",
                condition=Q(
                    reserve_percentage__isnull=True,
                    reserve_days__isnull=True,
                    reserve_floor_amount__isnull=True,
                )
                | Q(
                    reserve_percentage__isnull=False,
                    reserve_percentage__gt=0,
                    reserve_percentage__lte=100,
                    reserve_days__isnull=False,
                    reserve_days__range=(1, 730),
                    reserve_floor_amount__isnull=True,
                )
                | Q(
                    reserve_percentage__isnull=True,
                    reserve_days__isnull=True,
                    reserve_floor_amount__isnull=False,
                    reserve_floor_amount__gt=0,
                ),
            ),
            models.CheckConstraint(
                name="payee_minimum_payout_is_not_negative",
                condition=Q(minimum_payout_amount__gte=0),
            ),
            models.CheckConstraint(
                name="payee_fee_is_plausible",
                condition=Q(
                    fee_percentage__gte=0,
                    fee_percentage__lte=100,
                    fee_per_ticket_amount__gte=0,
                    fee_borne_by__in=[b.value for b in FeeBearer],
                ),
            ),
            models.CheckConstraint(
                name="payee_iban_is_plain",
                condition=Q(iban="") | Q(iban__regex=r"^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$"),
            ),
            models.CheckConstraint(
                name="payee_bic_is_plain",
                condition=Q(bic="")
                | Q(bic__regex=r"^[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?$"),
            ),
        ]
        indexes = [
            models.Index(
                fields=["organization", "schedule_every"],
                condition=Q(status="active"),
                name="payee_active_by_schedule",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class Event(TenantModel):
    """What is sold for a payee: a concert, a day, a course. Its payee never changes."""

    code = models.CharField(max_length=100, validators=[_CODE])
    name = models.CharField(max_length=200)
    payee = TenantForeignKey("Payee", related_name="events")
    ends_on = models.DateField()
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta(TenantModel.Meta):
        ordering = ("-ends_on", "code")
        constraints = [
            models.UniqueConstraint(fields=["organization", "code"], name="event_code_is_unique"),
            models.CheckConstraint(
                name="event_code_is_plain", condition=Q(code__regex=r"^[A-Za-z0-9.:_-]{1,100}$")
            ),
            models.CheckConstraint(
                name="event_ends_on_is_plausible",
                condition=Q(ends_on__range=("1900-01-01", "2199-12-31")),
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "payee", "ends_on"], name="event_by_payee"),
            models.Index(fields=["organization", "ends_on", "id"], name="event_by_end"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class PayoutProfile(TenantModel):
    """From which account of the organization payouts leave, as a bank file needs to know it."""

    name = models.CharField(max_length=70)
    iban = models.CharField(max_length=34)
    bic = models.CharField(max_length=11, blank=True, default="", db_default="")
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["organization"], name="payoutprofile_is_one_per_organization"
            ),
            models.CheckConstraint(
                name="payoutprofile_iban_is_plain",
                condition=Q(iban__regex=r"^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$"),
            ),
            models.CheckConstraint(
                name="payoutprofile_bic_is_plain",
                condition=Q(bic="")
                | Q(bic__regex=r"^[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?$"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.iban}"
