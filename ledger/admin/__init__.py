"""The back-office pages of the books."""

from ledger.admin import (
    accounts,
    cashbook,
    dashboard,
    entries,
    exchange,
    periods,
    reconciliation,
    reports,
)

__all__ = [
    "accounts",
    "cashbook",
    "dashboard",
    "entries",
    "exchange",
    "periods",
    "reconciliation",
    "reports",
]
