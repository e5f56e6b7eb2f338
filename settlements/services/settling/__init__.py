"""Settling: a settlement's life from its calculation to the money's arrival."""

from settlements.services.settling.approving import approve_settlement, retry_settlement
from settlements.services.settling.calculating import calculate_settlement
from settlements.services.settling.discarding import discard_settlement
from settlements.services.settling.paying import fail_settlement, pay_settlement

__all__ = [
    "approve_settlement",
    "calculate_settlement",
    "discard_settlement",
    "fail_settlement",
    "pay_settlement",
    "retry_settlement",
]
