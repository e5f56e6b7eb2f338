"""Settling: a settlement's life from its calculation to the money's arrival."""

from settlements.services.settling.approving import approve_settlement, retry_settlement
from settlements.services.settling.calculating import calculate_settlement
from settlements.services.settling.discarding import discard_settlement
from settlements.services.settling.paying import (
    MOST_FAILURE_CODE,
    MOST_REASON,
    fail_settlement,
    pay_settlement,
)

__all__ = [
    "MOST_FAILURE_CODE",
    "MOST_REASON",
    "approve_settlement",
    "calculate_settlement",
    "discard_settlement",
    "fail_settlement",
    "pay_settlement",
    "retry_settlement",
]
