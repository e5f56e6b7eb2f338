"""The books: accounts, entries and their lines, balances, and what is kept about them."""

from ledger.models.accounts import Account, AccountRole, AccountStatus, AccountType
from ledger.models.aliases import EntryAlias
from ledger.models.balances import AccountBalance
from ledger.models.cashbook import CashEntry, CashKind
from ledger.models.entries import EntryStatus, JournalEntry, JournalLine, ProposedLine
from ledger.models.exchange import ExchangeRate
from ledger.models.reconciliation import ReconciliationRun

__all__ = [
    "Account",
    "AccountBalance",
    "AccountRole",
    "AccountStatus",
    "AccountType",
    "CashEntry",
    "CashKind",
    "EntryAlias",
    "EntryStatus",
    "ExchangeRate",
    "JournalEntry",
    "JournalLine",
    "ProposedLine",
    "ReconciliationRun",
]
