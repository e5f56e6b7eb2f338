"""Which refusal each constraint of the analytics tables stands for."""

from analytics.errors import (
    CompletedExceedsStarted,
    ImplausibleDay,
    InvalidCampaign,
    NegativeCount,
    NegativeRevenue,
    SnapshotCurrencyMismatch,
)
from core.errors import ConstraintRegistry
from settlements.errors import UnknownEvent


def register_constraints() -> None:
    """Make them known to the translator."""
    ConstraintRegistry.register(
        {
            "funnelsnapshot_event_is_of_its_organization": lambda facts: UnknownEvent(
                event=facts.get("event_id")
            ),
            "funnelsnapshot_counts_are_not_negative": lambda facts: NegativeCount(
                field="A count", count="below zero"
            ),
            "funnelsnapshot_completes_what_was_started": lambda facts: CompletedExceedsStarted(
                completed="More", started="fewer"
            ),
            "funnelsnapshot_revenue_is_not_negative": lambda facts: NegativeRevenue(
                revenue="below zero"
            ),
            "funnelsnapshot_is_in_the_currency_of_its_payee": (
                lambda facts: SnapshotCurrencyMismatch(**facts)
            ),
            "funnelsnapshot_day_is_plausible": lambda facts: ImplausibleDay(
                field="snapshot_on", day="This"
            ),
            "funnelsnapshot_campaign_is_plain": lambda facts: InvalidCampaign(
                problem="it holds a control character"
            ),
        }
    )
