"""Organizers, what is sold for them, and what they are paid."""

from settlements.models.items import Adjustment, AdjustmentKind, PayeeItem, Refund, Sale
from settlements.models.payees import Event, Every, FeeBearer, Payee, PayeeStatus, PayoutProfile
from settlements.models.settlements import (
    BatchFormat,
    Payout,
    PayoutBatch,
    PayoutBatchItem,
    PayoutStatus,
    Settlement,
    SettlementStatus,
)

__all__ = [
    "Adjustment",
    "AdjustmentKind",
    "BatchFormat",
    "Event",
    "Every",
    "FeeBearer",
    "Payee",
    "PayeeItem",
    "PayeeStatus",
    "Payout",
    "PayoutBatch",
    "PayoutBatchItem",
    "PayoutProfile",
    "PayoutStatus",
    "Refund",
    "Sale",
    "Settlement",
    "SettlementStatus",
]
