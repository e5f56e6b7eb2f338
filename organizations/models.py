"""Who keeps books, whose books they are, and what was done to them."""

import zoneinfo
from datetime import date, datetime
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.core.serializers.json import DjangoJSONEncoder
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone
from waffle.models import AbstractUserFlag

from core.db import CurrencyField, GlobalForeignKey, TenantForeignKey, TenantModel, uuid7


class User(AbstractUser):
    """A person. What they may do follows from their membership, organization by organization."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)

    # The organization that this user's request is about; set by CurrentOrganizationMiddleware.
    active_organization: "Organization | None" = None
    # Their membership in it, as the middleware found it.
    active_membership: "Membership | None" = None

    class Meta:
        verbose_name = "user"
        verbose_name_plural = "users"

    @property
    def display_name(self) -> str:
        return self.get_full_name() or self.username


class Organization(models.Model):
    """A set of books: the tenant to which every other row belongs."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    slug = models.SlugField(unique=True, max_length=63)
    name = models.CharField(max_length=200)
    currency = CurrencyField(help_text="The base currency: reports can be converted into it.")
    country = models.CharField(
        max_length=2, blank=True, default="", validators=[RegexValidator(r"\A[A-Z]{2}\Z")]
    )
    time_zone = models.CharField(max_length=63, default="UTC")
    fiscal_year_start_month = models.PositiveSmallIntegerField(
        default=1, validators=[MinValueValidator(1), MaxValueValidator(12)]
    )
    closed_through = models.DateField(
        null=True,
        blank=True,
        editable=False,
        help_text="Nothing is posted with an effective date on or before this day.",
    )
    approval_threshold_amount = models.BigIntegerField(
        null=True,
        blank=True,
        help_text="Manual entries above this amount (minor units of the base currency) need a "
        "second person. Empty: no entry does.",
    )
    alert_threshold_count = models.PositiveIntegerField(
        default=0,
        help_text="A job that finds more mismatches than this raises an alert.",
    )
    operations_webhook_url = models.CharField(max_length=500, blank=True, default="")
    # Kept as it is, since every alert is signed with it: in no API, no audit row and no log.
    operations_webhook_secret = models.CharField(
        max_length=100, blank=True, default="", editable=False
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ("name",)
        constraints = [
            models.CheckConstraint(
                name="organization_fiscal_year_starts_in_a_month",
                condition=Q(fiscal_year_start_month__range=(1, 12)),
            ),
            models.CheckConstraint(
                name="organization_currency_is_a_code", condition=Q(currency__regex=r"^[A-Z]{3}$")
            ),
            models.CheckConstraint(
                name="organization_threshold_is_not_negative",
                condition=Q(approval_threshold_amount__isnull=True)
                | Q(approval_threshold_amount__gte=0),
            ),
            models.CheckConstraint(
                name="organization_webhook_is_http",
                condition=Q(operations_webhook_url="")
                | Q(operations_webhook_url__regex=r"^https?://"),
            ),
        ]
        permissions = [
            ("close_books", "Can close the books through a date"),
            ("reopen_books", "Can reopen closed books"),
            ("close_year", "Can close and reopen a fiscal year"),
        ]

    def __str__(self) -> str:
        return self.name

    def today(self, now: datetime | None = None) -> date:
        """The date in the organization's time zone."""
        return (now or timezone.now()).astimezone(zoneinfo.ZoneInfo(self.time_zone)).date()


class Role(models.TextChoices):
    """What a member is; each role is a Django group of the same name, whose permissions count."""

    OWNER = "owner", "Owner"
    CONTROLLER = "controller", "Controller"
    ACCOUNTANT = "accountant", "Accountant"
    CASHIER = "cashier", "Cashier"
    AUDITOR = "auditor", "Auditor"


class Membership(models.Model):
    """That a user belongs to an organization, in a role.

    Part of the installation's directory, not a tenant table: it is asked "whose books may this
    user open?" before there is an organization to ask for.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "user"], name="membership_is_one_per_user"
            ),
            models.CheckConstraint(
                name="membership_role_is_known", condition=Q(role__in=[r.value for r in Role])
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.get_role_display()}"


class ApiKey(TenantModel):
    """A program's credential. Only a hash of its secret is kept."""

    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=16, editable=False)
    secret_hash = models.CharField(max_length=64, editable=False)
    scopes = ArrayField(models.CharField(max_length=40))
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    created_by = GlobalForeignKey(User, null=True, blank=True, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta(TenantModel.Meta):
        verbose_name = "API key"
        verbose_name_plural = "API keys"
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "prefix"], name="apikey_prefix_is_unique"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} (ch_{self.prefix}…)"


class ApiKeyPrefix(models.Model):
    """Which organization a key belongs to: the small table that is unique installation-wide."""

    prefix = models.CharField(max_length=16, primary_key=True)
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")
    key_id = models.UUIDField()

    def __str__(self) -> str:
        return self.prefix


class AuditEvent(TenantModel):
    """Who did what, to which row, when and from where. Append-only; doubles as the outbox."""

    occurred_at = models.DateTimeField(db_default=Now())
    action = models.CharField(max_length=60)
    subject_type = models.CharField(max_length=60, blank=True, db_default="", default="")
    subject_ids = ArrayField(models.UUIDField(), default=list)
    user = GlobalForeignKey(User, null=True)
    api_key = TenantForeignKey(ApiKey, null=True, related_name="+")
    actor_name = models.CharField(max_length=200)
    request_id = models.CharField(max_length=100, blank=True, db_default="", default="")
    ip_address = models.GenericIPAddressField(null=True)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    facts = models.JSONField(default=dict)

    class Meta(TenantModel.Meta):
        ordering = ("-occurred_at", "-id")
        constraints = [
            models.CheckConstraint(
                name="auditevent_has_at_most_one_actor",
                condition=Q(user__isnull=True) | Q(api_key__isnull=True),
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "occurred_at", "id"], name="auditevent_by_time"),
            models.Index(
                fields=["organization", "action", "occurred_at"], name="auditevent_by_action"
            ),
            # A bulk posting is one event about up to 10,000 rows; a GIN index finds it by any of
            # them. The short pending list keeps the cost of merging it off single requests.
            GinIndex(
                fields=["subject_ids"],
                name="auditevent_by_subject",
                gin_pending_list_limit=256,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} by {self.actor_name}"


class IdempotencyKey(TenantModel):
    """An `Idempotency-Key` that was used, the request's fingerprint and the stored answer."""

    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    status_code = models.PositiveSmallIntegerField()
    content_type = models.CharField(max_length=100)
    body = models.BinaryField()
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "key"], name="idempotencykey_is_used_once"
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "expires_at"], name="idempotencykey_by_expiry")
        ]

    def __str__(self) -> str:
        return self.key


class JobOutcome(models.TextChoices):
    """How a job's run ended, or that it has not."""

    RUNNING = "running", "Running"
    SUCCEEDED = "succeeded", "Succeeded"
    MISMATCHED = "mismatched", "Mismatched"
    FAILED = "failed", "Failed"
    LOST = "lost", "Lost"


class JobRun(TenantModel):
    """One run of a scheduled job: when, with which outcome, what it counted and found off.

    Append-only but for its one ending: the trigger jobrun_ends_once.
    """

    name = models.CharField(max_length=60)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=10, choices=JobOutcome, default=JobOutcome.RUNNING)
    counts = models.JSONField(default=dict)
    mismatch_count = models.PositiveIntegerField(default=0)
    mismatches = models.JSONField(default=list)
    error = models.TextField(blank=True, default="")

    class Meta(TenantModel.Meta):
        ordering = ("-started_at", "-id")
        constraints = [
            models.CheckConstraint(
                name="jobrun_outcome_is_known",
                condition=Q(outcome__in=[outcome.value for outcome in JobOutcome]),
            ),
            models.CheckConstraint(
                name="jobrun_ended_unless_running",
                condition=Q(outcome="running", ended_at__isnull=True)
                # A comparison with NULL would count as true.
                | (
                    ~Q(outcome="running") & Q(ended_at__isnull=False, ended_at__gte=F("started_at"))
                ),
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "started_at", "id"], name="jobrun_by_time"),
            models.Index(fields=["organization", "name", "started_at"], name="jobrun_by_name"),
            models.Index(
                fields=["organization", "started_at"],
                name="jobrun_running",
                condition=Q(outcome="running"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.started_at:%Y-%m-%d %H:%M}"


class OutboxMessage(TenantModel):
    """Something to be done after a commit, written in that commit; done at least once."""

    topic = models.CharField(max_length=60)
    payload = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    created_at = models.DateTimeField(db_default=Now())
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(db_default=Now())
    delivered_at = models.DateTimeField(null=True)
    last_error = models.TextField(blank=True, default="")

    class Meta(TenantModel.Meta):
        ordering = ("-created_at", "-id")
        indexes = [
            models.Index(
                fields=["organization", "next_attempt_at"],
                name="outboxmessage_waiting",
                condition=Q(delivered_at__isnull=True),
            ),
            models.Index(
                fields=["organization", "delivered_at"],
                name="outboxmessage_delivered",
                condition=Q(delivered_at__isnull=False),
            ),
            models.Index(fields=["organization", "created_at", "id"], name="outboxmessage_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.topic} {self.created_at:%Y-%m-%d %H:%M}"


class FeatureFlag(AbstractUserFlag):
    """A capability that is rolled out organization by organization.

    Like `Membership` part of the installation's directory: which flags there are is the
    operator's to say, and for whom.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organizations = models.ManyToManyField(
        Organization,
        blank=True,
        related_name="+",
        help_text="Active for these organizations, whoever the user is.",
    )

    class Meta:
        verbose_name = "feature flag"
        verbose_name_plural = "feature flags"

    def is_active_for(self, organization: Organization) -> bool:
        """Whether it is on for this organization: for all, or for it by name."""
        if self.everyone is not None:
            return self.everyone
        return self.organizations.filter(pk=organization.pk).exists()

    def is_active_for_user(self, user: Any) -> bool | None:
        """As waffle asks: also on for members of an organization that has it."""
        organization = getattr(user, "active_organization", None)
        if organization is not None and self.is_active_for(organization):
            return True
        active: bool | None = super().is_active_for_user(user)
        return active
