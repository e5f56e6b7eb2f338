"""Use cases of journal entries: submit, propose, edit, withdraw, approve, void."""

from ledger.services.entries.approving import approve_entry
from ledger.services.entries.locking import lock_entry, lock_pending
from ledger.services.entries.proposing import edit_proposal, propose_entry, withdraw_proposal
from ledger.services.entries.submitting import submit_entries, submit_what_is_sound
from ledger.services.entries.voiding import void_entry

__all__ = [
    "approve_entry",
    "edit_proposal",
    "lock_entry",
    "lock_pending",
    "propose_entry",
    "submit_entries",
    "submit_what_is_sound",
    "void_entry",
    "withdraw_proposal",
]
