"""What a payee is paid: the settlement, its attempts at paying, and the files for the bank."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from core.db import CurrencyField, GlobalForeignKey, MinorUnitsField, TenantForeignKey, TenantModel


class SettlementStatus(models.TextChoices):
    PENDING = "pending", "Pending"
    PROCESSING = "processing", "Processing"
    COMPLETED = "completed", "Completed"
    FAILED = "failed", "Failed"


class Settlement(TenantModel):
    """The unsettled items of a payee through a day, and what comes of them.

    total = sales − refunds + adjustments + carried forward − reserve held + reserve released.
    A total that is not above zero has nothing to pay: it is completed at once, and what it is
    below zero is carried forward by the payee's next settlement. The settlements of a payee are a
    chain, numbered by `sequence`. The status follows from the payouts (triggers); one that nobody
    has approved may be discarded, if it is the last of the chain.

    A reserve that was held is released by one later settlement, `reserve_released_by`.
    """

    payee = TenantForeignKey("Payee", related_name="settlements")
    sequence = models.PositiveIntegerField()
    through = models.DateField(help_text="Items through this day are in it.")
    due_on = models.DateField(help_text="The bank day on which it is to be paid.")
    currency = CurrencyField()
    status = models.CharField(
        max_length=10, choices=SettlementStatus, default=SettlementStatus.PENDING
    )
    item_count = models.PositiveIntegerField()
    sales_amount = MinorUnitsField(help_text="The organizer's parts of the sales.")
    refunds_amount = MinorUnitsField(help_text="What the organizer bears of the refunds.")
    adjustments_amount = MinorUnitsField()
    carried_forward_amount = MinorUnitsField(
        default=0, db_default=0, help_text="What the settlement before was below zero."
    )
    reserve_held_amount = MinorUnitsField(default=0, db_default=0)
    reserve_released_amount = MinorUnitsField(default=0, db_default=0)
    total_amount = MinorUnitsField()
    reserve_release_on = models.DateField(null=True, blank=True)
    reserve_released_by = TenantForeignKey(
        "self", null=True, blank=True, related_name="released_reserves"
    )
    prepared_by = GlobalForeignKey("organizations.User", null=True, blank=True)
    prepared_by_key = TenantForeignKey("organizations.ApiKey", null=True, related_name="+")
    prepared_at = models.DateTimeField(db_default=Now(), editable=False)
    approved_by = GlobalForeignKey("organizations.User", null=True, blank=True)
    approved_by_key = TenantForeignKey("organizations.ApiKey", null=True, related_name="+")
    approved_at = models.DateTimeField(null=True, blank=True, editable=False)
    metadata = models.JSONField(default=dict, blank=True, db_default={})

    class Meta(TenantModel.Meta):
        ordering = ("-through", "-id")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "payee", "sequence"],
                name="settlement_sequence_is_unique",
            ),
            models.CheckConstraint(
                name="settlement_amounts_add_up",
                condition=Q(
                    total_amount=F("sales_amount")
                    - F("refunds_amount")
                    + F("adjustments_amount")
                    + F("carried_forward_amount")
                    - F("reserve_held_amount")
                    + F("reserve_released_amount")
                ),
            ),
            models.CheckConstraint(
                name="settlement_amounts_have_their_signs",
                condition=Q(
                    sequence__gte=1,
                    sales_amount__gte=0,
                    refunds_amount__gte=0,
                    carried_forward_amount__lte=0,
                    reserve_held_amount__gte=0,
                    reserve_released_amount__gte=0,
                ),
            ),
            models.CheckConstraint(
                name="settlement_holds_no_more_than_there_is",
                condition=Q(reserve_held_amount=0) | Q(total_amount__gte=0),
            ),
            models.CheckConstraint(
                name="settlement_status_is_known",
                condition=Q(status__in=[s.value for s in SettlementStatus]),
            ),
            models.CheckConstraint(
                name="settlement_without_payout_is_completed",
                condition=Q(total_amount__gt=0) | Q(status="completed", approved_at__isnull=True),
            ),
            models.CheckConstraint(
                name="settlement_is_approved_before_it_is_paid",
                condition=Q(approved_at__isnull=True, approved_by__isnull=True)
                & Q(approved_by_key__isnull=True)
                & (Q(status="pending") | Q(total_amount__lte=0))
                | Q(approved_at__isnull=False)
                & (Q(approved_by__isnull=False) | Q(approved_by_key__isnull=False)),
            ),
            models.CheckConstraint(
                name="settlement_is_approved_by_another",
                condition=(
                    Q(approved_by__isnull=True)
                    | Q(prepared_by__isnull=True)
                    | ~Q(approved_by=F("prepared_by"))
                )
                & (
                    Q(approved_by_key__isnull=True)
                    | Q(prepared_by_key__isnull=True)
                    | ~Q(approved_by_key=F("prepared_by_key"))
                ),
            ),
            models.CheckConstraint(
                name="settlement_dates_are_plausible",
                condition=Q(
                    through__gte="1900-01-01", due_on__gte=F("through"), due_on__lte="2199-12-31"
                )
                & (
                    Q(reserve_release_on__isnull=True)
                    | Q(reserve_release_on__gt=F("through"), reserve_release_on__lte="2201-12-31")
                ),
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "through", "id"], name="settlement_by_date"),
            models.Index(
                fields=["organization", "status", "due_on"],
                condition=~Q(status="completed"),
                name="settlement_open_by_status",
            ),
            models.Index(
                fields=["organization", "payee"],
                condition=Q(reserve_held_amount__gt=0, reserve_released_by__isnull=True),
                name="settlement_reserve_held",
            ),
            models.Index(
                fields=["organization", "reserve_released_by"],
                condition=Q(reserve_released_by__isnull=False),
                name="settlement_reserve_released",
            ),
        ]
        permissions = [
            ("calculate_settlement", "Can calculate and discard settlements"),
            ("approve_settlement", "Can approve settlements that somebody else prepared"),
            ("pay_settlement", "Can record settlements as paid, failed or tried again"),
        ]

    def __str__(self) -> str:
        return f"Settlement {self.sequence} through {self.through:%Y-%m-%d}"


class PayoutStatus(models.TextChoices):
    INITIATED = "initiated", "Initiated"
    PAID = "paid", "Paid"
    FAILED = "failed", "Failed"
    RETURNED = "returned", "Returned"


class Payout(TenantModel):
    """One attempt at paying a settlement, with the bank details as they were then.

    initiated → paid | failed; paid → returned. Its entries are `payout:{end_to_end_id}`, when it is
    paid, and `payout-return:{end_to_end_id}`, when it comes back. One that failed before it was
    paid has posted nothing.
    """

    settlement = TenantForeignKey("Settlement", related_name="payouts")
    attempt = models.PositiveSmallIntegerField()
    end_to_end_id = models.CharField(max_length=35)
    amount = MinorUnitsField()
    currency = CurrencyField()
    account_holder = models.CharField(max_length=200)
    iban = models.CharField(max_length=34, blank=True, default="", db_default="")
    bic = models.CharField(max_length=11, blank=True, default="", db_default="")
    status = models.CharField(
        max_length=10, choices=PayoutStatus, default=PayoutStatus.INITIATED, db_default="initiated"
    )
    initiated_at = models.DateTimeField(db_default=Now(), editable=False)
    paid_on = models.DateField(null=True, blank=True)
    entry = TenantForeignKey("ledger.JournalEntry", null=True, related_name="+")
    failed_on = models.DateField(null=True, blank=True)
    failure_reason = models.CharField(max_length=500, blank=True, default="", db_default="")
    failure_code = models.CharField(max_length=35, blank=True, default="", db_default="")
    return_entry = TenantForeignKey("ledger.JournalEntry", null=True, related_name="+")

    class Meta(TenantModel.Meta):
        ordering = ("-initiated_at", "-id")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "settlement", "attempt"], name="payout_attempt_is_unique"
            ),
            models.UniqueConstraint(
                fields=["organization", "end_to_end_id"], name="payout_end_to_end_id_is_unique"
            ),
            models.UniqueConstraint(
                fields=["organization", "settlement"],
                condition=Q(status__in=["initiated", "paid"]),
                name="payout_is_one_at_a_time",
            ),
            models.CheckConstraint(name="payout_amount_is_positive", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="payout_end_to_end_id_is_plain",
                condition=Q(end_to_end_id__regex=r"^[A-Za-z0-9][A-Za-z0-9-]{0,34}$"),
            ),
            models.CheckConstraint(
                name="payout_failed_on_is_plausible",
                condition=Q(failed_on__isnull=True)
                | Q(failed_on__range=("1900-01-01", "2199-12-31")),
            ),
            models.CheckConstraint(
                name="payout_facts_fit_its_status",
                condition=Q(
                    status="initiated",
                    paid_on__isnull=True,
                    entry__isnull=True,
                    failed_on__isnull=True,
                    return_entry__isnull=True,
                )
                | Q(
                    status="paid",
                    paid_on__isnull=False,
                    entry__isnull=False,
                    failed_on__isnull=True,
                    return_entry__isnull=True,
                )
                | Q(
                    status="failed",
                    paid_on__isnull=True,
                    entry__isnull=True,
                    failed_on__isnull=False,
                    return_entry__isnull=True,
                )
                & ~Q(failure_reason="")
                | Q(
                    status="returned",
                    paid_on__isnull=False,
                    entry__isnull=False,
                    failed_on__isnull=False,
                    return_entry__isnull=False,
                    failed_on__gte=F("paid_on"),
                )
                & ~Q(failure_reason=""),
            ),
        ]
        indexes = [
            models.Index(
                fields=["organization", "paid_on"],
                condition=Q(paid_on__isnull=False),
                name="payout_by_payment_date",
            ),
        ]

    def __str__(self) -> str:
        return self.end_to_end_id


class BatchFormat(models.TextChoices):
    PAIN_001 = "pain.001", "SEPA pain.001"
    CSV = "csv", "CSV"


class PayoutBatch(TenantModel):
    """A file that asks the bank to pay, kept as it was given out. Append-only.

    One that holds a payout which an earlier file held says why, in `reason`.
    """

    format = models.CharField(max_length=10, choices=BatchFormat)
    message_id = models.CharField(max_length=35)
    currency = CurrencyField()
    payout_count = models.PositiveIntegerField()
    control_sum_amount = MinorUnitsField()
    executes_on = models.DateField()
    reason = models.CharField(max_length=500, blank=True, default="", db_default="")
    file_name = models.CharField(max_length=100)
    content = models.BinaryField()
    content_hash = models.CharField(max_length=64, help_text="SHA-256 of the file, in hexadecimal.")
    created_by = GlobalForeignKey("organizations.User", null=True, blank=True)
    created_by_key = TenantForeignKey("organizations.ApiKey", null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta(TenantModel.Meta):
        ordering = ("-created_at", "-id")
        verbose_name_plural = "payout batches"
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "message_id"], name="payoutbatch_message_id_is_unique"
            ),
            models.CheckConstraint(
                name="payoutbatch_is_not_empty",
                condition=Q(payout_count__gte=1, control_sum_amount__gt=0),
            ),
            models.CheckConstraint(
                name="payoutbatch_executes_on_is_plausible",
                condition=Q(executes_on__range=("1900-01-01", "2199-12-31")),
            ),
            models.CheckConstraint(
                name="payoutbatch_format_is_known",
                condition=Q(format__in=[f.value for f in BatchFormat]),
            ),
            models.CheckConstraint(
                name="payoutbatch_hash_is_a_hash",
                condition=Q(content_hash__regex=r"^[0-9a-f]{64}$"),
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "created_at", "id"], name="payoutbatch_by_time"),
        ]

    def __str__(self) -> str:
        return self.message_id


class PayoutBatchItem(TenantModel):
    """A payout that a batch asks for. Append-only; comes in with its batch, by one statement."""

    batch = TenantForeignKey("PayoutBatch", related_name="items")
    payout = TenantForeignKey("Payout", related_name="batch_items")
    position = models.PositiveIntegerField()

    class Meta(TenantModel.Meta):
        ordering = ("batch", "position")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "batch", "position"],
                name="payoutbatchitem_position_is_unique",
            ),
            models.UniqueConstraint(
                fields=["organization", "batch", "payout"],
                name="payoutbatchitem_is_one_per_payout",
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "payout"], name="payoutbatchitem_by_payout"),
        ]

    def __str__(self) -> str:
        return f"{self.batch_id} {self.position}"
