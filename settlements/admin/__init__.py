"""The back-office pages of payees, of what is sold for them, and of what they are paid."""

from settlements.admin import (
    adjustments,
    balances,
    batches,
    events,
    payees,
    profile,
    refunds,
    sales,
    settlements,
)

__all__ = [
    "adjustments",
    "balances",
    "batches",
    "events",
    "payees",
    "profile",
    "refunds",
    "sales",
    "settlements",
]
