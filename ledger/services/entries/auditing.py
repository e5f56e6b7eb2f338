"""What the audit trail says of an entry."""

from ledger.models import JournalEntry


def as_audited(entry: JournalEntry) -> dict[str, object]:
    return {
        "reference": entry.reference,
        "effective_on": entry.effective_on,
        "status": entry.status,
        "description": entry.description,
        "reference_type": entry.reference_type,
        "reference_id": entry.reference_id,
        "metadata": dict(entry.metadata),
        "currency": entry.currency,
        "total_amount": entry.total_amount,
    }
