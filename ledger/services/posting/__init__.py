"""Posting: the one path by which entries and lines enter the books.

A posting is one SELECT of the accounts and one statement that inserts entries and lines, for one
entry or for ten thousand. The laws are checked by the statement's triggers.
"""

from ledger.services.posting.accounts import AccountsByName, KnownAccount, find_accounts
from ledger.services.posting.batch import Batch
from ledger.services.posting.contents import Contents, entries_under
from ledger.services.posting.posting import post_entries

__all__ = [
    "AccountsByName",
    "Batch",
    "Contents",
    "KnownAccount",
    "entries_under",
    "find_accounts",
    "post_entries",
]
