"""Journal entries: proposed, posted, voided, and the lines that they are made of."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from core.db import CurrencyField, GlobalForeignKey, MinorUnitsField, TenantForeignKey, TenantModel


class EntryStatus(models.TextChoices):
    PENDING = "pending", "Pending"
    POSTED = "posted", "Posted"
    VOIDED = "voided", "Voided"


class JournalEntry(TenantModel):
    """A business fact in the books. Once posted it never changes, but for becoming voided.

    Triggers keep: posted with its lines in one statement, balanced per currency, total equal to
    the debits in `currency`, open period, voided only together with its mirror-image reversal.
    """

    reference = models.CharField(max_length=200)
    effective_on = models.DateField()
    posted_at = models.DateTimeField(null=True, blank=True, db_default=Now())
    status = models.CharField(max_length=10, choices=EntryStatus)
    description = models.CharField(max_length=1000, blank=True, default="", db_default="")
    reference_type = models.CharField(max_length=60, blank=True, default="", db_default="")
    reference_id = models.CharField(max_length=200, blank=True, default="", db_default="")
    metadata = models.JSONField(default=dict, blank=True, db_default={})
    currency = CurrencyField(help_text="The currency of `total_amount`: that of the first line.")
    total_amount = MinorUnitsField(help_text="The sum of the debits in `currency`.")
    reverses = TenantForeignKey("self", null=True, blank=True, related_name="reversals")
    maker = GlobalForeignKey("organizations.User", null=True, blank=True)
    maker_key = TenantForeignKey("organizations.ApiKey", null=True, blank=True, related_name="+")
    checker = GlobalForeignKey("organizations.User", null=True, blank=True)
    checker_key = TenantForeignKey("organizations.ApiKey", null=True, blank=True, related_name="+")
    needs_approval = models.BooleanField(
        default=False,
        db_default=False,
        help_text="A manual entry above the threshold: somebody other than its maker posts it.",
    )
    revision = models.PositiveIntegerField(
        default=1, db_default=1, help_text="Counts the edits of a pending entry."
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    # Set by post_entries on what it returns: the reference was in the books already.
    is_replay: ClassVar[bool] = False

    class Meta(TenantModel.Meta):
        ordering = ("-effective_on", "-id")
        verbose_name_plural = "journal entries"
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "reference"], name="entry_reference_is_unique"
            ),
            models.UniqueConstraint(
                fields=["organization", "reverses"],
                condition=Q(reverses__isnull=False),
                name="entry_is_reversed_once",
            ),
            models.CheckConstraint(
                name="entry_status_is_known",
                condition=Q(status__in=[s.value for s in EntryStatus]),
            ),
            models.CheckConstraint(name="entry_has_a_reference", condition=~Q(reference="")),
            models.CheckConstraint(
                name="entry_effective_on_is_plausible",
                condition=Q(effective_on__range=("1900-01-01", "2199-12-31")),
            ),
            models.CheckConstraint(
                name="entry_currency_is_a_code", condition=Q(currency__regex=r"^[A-Z]{3}$")
            ),
            models.CheckConstraint(
                name="entry_total_is_not_negative", condition=Q(total_amount__gte=0)
            ),
            models.CheckConstraint(
                name="entry_is_dated_when_posted",
                condition=Q(status="pending", posted_at__isnull=True)
                | (~Q(status="pending") & Q(posted_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="entry_is_approved_by_another",
                condition=Q(needs_approval=False)
                | Q(status="pending")
                | (
                    (Q(checker__isnull=False) | Q(checker_key__isnull=False))
                    & (Q(checker__isnull=True) | Q(maker__isnull=True) | ~Q(checker=F("maker")))
                    & (
                        Q(checker_key__isnull=True)
                        | Q(maker_key__isnull=True)
                        | ~Q(checker_key=F("maker_key"))
                    )
                ),
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "effective_on", "id"], name="entry_by_date"),
            models.Index(fields=["organization", "posted_at", "id"], name="entry_by_posting_time"),
            models.Index(
                fields=["organization", "reference_type", "reference_id"],
                name="entry_by_business_fact",
                condition=~Q(reference_type=""),
            ),
            models.Index(
                fields=["organization", "effective_on"],
                name="entry_pending",
                condition=Q(status="pending"),
            ),
        ]
        permissions = [
            ("post_journalentry", "Can post journal entries"),
            ("approve_journalentry", "Can approve journal entries that somebody else made"),
            ("void_journalentry", "Can void posted journal entries"),
            ("import_journal", "Can import journals and legacy data"),
            ("view_reports", "Can read reports"),
            ("verify_books", "Can verify and reconcile the books"),
        ]

    def __str__(self) -> str:
        return self.reference


class JournalLine(TenantModel):
    """One side of a posted entry. That the sides balance is a trigger: entry_is_balanced."""

    entry = TenantForeignKey(JournalEntry, related_name="lines")
    account = TenantForeignKey("Account", related_name="lines")
    position = models.PositiveSmallIntegerField()
    debit = MinorUnitsField(default=0, db_default=0)
    credit = MinorUnitsField(default=0, db_default=0)
    description = models.CharField(max_length=1000, blank=True, default="", db_default="")

    class Meta(TenantModel.Meta):
        ordering = ("entry", "position")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "entry", "position"],
                # A balance within a month reads the lines of some thousand entries: with what
                # they add up in the index, it need not visit the table for each.
                include=["account", "debit", "credit"],
                name="line_position_is_unique",
            ),
            models.CheckConstraint(
                name="line_is_debit_or_credit",
                condition=Q(debit__gt=0, credit=0) | Q(debit=0, credit__gt=0),
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "account", "entry"], name="line_by_account")
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.debit or -self.credit}"


class ProposedLine(TenantModel):
    """One side of a pending entry. It counts nowhere and need not balance yet."""

    entry = TenantForeignKey(JournalEntry, related_name="proposed_lines")
    account = TenantForeignKey("Account", related_name="proposed_lines")
    position = models.PositiveSmallIntegerField()
    debit = MinorUnitsField(default=0, db_default=0)
    credit = MinorUnitsField(default=0, db_default=0)
    description = models.CharField(max_length=1000, blank=True, default="", db_default="")

    class Meta(TenantModel.Meta):
        ordering = ("entry", "position")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "entry", "position"],
                name="proposedline_position_is_unique",
            ),
            models.CheckConstraint(
                name="proposedline_is_debit_or_credit",
                condition=Q(debit__gt=0, credit=0) | Q(debit=0, credit__gt=0),
            ),
        ]
        indexes = [models.Index(fields=["organization", "account"], name="proposedline_by_account")]

    def __str__(self) -> str:
        return f"{self.account_id} {self.debit or -self.credit}"
