"""How visits became sales, day by day."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from core.db import CurrencyField, MinorUnitsField, TenantForeignKey, TenantModel

MOST_CAMPAIGN = 100


class FunnelSnapshot(TenantModel):
    """One day of one event, of one campaign or of none, as whoever counts visits has told it.

    Visitors may be fewer than checkouts: a checkout is begun from a newsletter, a partner's page or
    an app as well, and none of these is a visit to the event's own page.
    """

    event = TenantForeignKey("settlements.Event", related_name="+")
    campaign = models.CharField(
        max_length=MOST_CAMPAIGN, blank=True, default="", db_default="", help_text="Empty: none."
    )
    snapshot_on = models.DateField("day")
    visitor_count = models.BigIntegerField("visitors")
    checkout_started_count = models.BigIntegerField("checkouts started")
    checkout_completed_count = models.BigIntegerField("checkouts completed")
    revenue_total = MinorUnitsField("revenue")
    currency = CurrencyField()
    metadata = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta(TenantModel.Meta):
        ordering = ("-snapshot_on", "-id")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "event", "campaign", "snapshot_on"],
                name="funnelsnapshot_is_one_per_event_campaign_and_day",
            ),
            models.CheckConstraint(
                name="funnelsnapshot_counts_are_not_negative",
                condition=Q(
                    visitor_count__gte=0,
                    checkout_started_count__gte=0,
                    checkout_completed_count__gte=0,
                ),
            ),
            models.CheckConstraint(
                name="funnelsnapshot_completes_what_was_started",
                condition=Q(checkout_completed_count__lte=F("checkout_started_count")),
            ),
            models.CheckConstraint(
                name="funnelsnapshot_revenue_is_not_negative", condition=Q(revenue_total__gte=0)
            ),
            models.CheckConstraint(
                name="funnelsnapshot_currency_is_a_code",
                condition=Q(currency__regex=r"^[A-Z]{3}$"),
            ),
            models.CheckConstraint(
                name="funnelsnapshot_day_is_plausible",
                condition=Q(snapshot_on__range=("1900-01-01", "2199-12-31")),
            ),
            models.CheckConstraint(
                name="funnelsnapshot_campaign_is_plain",
                condition=Q(campaign__regex=r"^[^[:cntrl:]]*$"),
            ),
        ]
        indexes = [
            models.Index(
                fields=["organization", "snapshot_on", "id"], name="funnelsnapshot_by_day"
            ),
            models.Index(fields=["organization", "updated_at"], name="funnelsnapshot_by_change"),
            models.Index(fields=["organization", "campaign"], name="funnelsnapshot_by_campaign"),
        ]

    def __str__(self) -> str:
        of = f" {self.campaign}" if self.campaign else ""
        return f"{self.event.code}{of} {self.snapshot_on:%Y-%m-%d}"
