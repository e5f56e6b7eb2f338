"""What not everybody may post: what closes a year, and what is above the threshold."""

from collections.abc import Sequence
from uuid import UUID

from django.db import connection

from ledger.drafts import CASH_ENTRY, EntryDraft
from ledger.errors import ApprovalRequired, ReservedReferenceType
from ledger.models import JournalEntry
from ledger.periods import YEAR_END
from organizations.actors import Actor
from organizations.models import Organization


def refuse_reserved(actor: Actor, drafts: Sequence[EntryDraft]) -> None:
    """Nobody may pass an entry for what only the program itself posts.

    Income statements leave year-end closings out; a cash entry's posting stands for a row of the
    cashbook. Commands may post closings: a journal that comes from other books has its own.
    """
    is_command = actor.user is None and actor.api_key is None
    reserved = (CASH_ENTRY,) if is_command else (CASH_ENTRY, YEAR_END)
    for draft in drafts:
        if draft.reference_type in reserved:
            raise ReservedReferenceType(
                reference=draft.reference, reference_type=draft.reference_type
            )


def refuse_above_threshold(organization: Organization, entries: Sequence[JournalEntry]) -> None:
    fresh = [entry for entry in entries if not entry.is_replay]
    over = _above_threshold(organization, "ledger_journalline", [entry.pk for entry in fresh])
    if over:
        offenders = [{"reference": entry.reference} for entry in fresh if entry.pk in over]
        raise ApprovalRequired(
            **offenders[0],
            threshold=organization.approval_threshold_amount,
            currency=organization.currency,
            offenders=offenders,
        )


def _above_threshold(
    organization: Organization, line_table: str, entry_ids: Sequence[UUID]
) -> set[UUID]:
    """Entries that need a second person: their debits in the base currency exceed the threshold,
    or they have lines in another currency, which cannot be compared with it."""
    if organization.approval_threshold_amount is None or not entry_ids:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT l.entry_id FROM {line_table} l
                  JOIN ledger_account a
                    ON a.id = l.account_id AND a.organization_id = l.organization_id
                 WHERE l.organization_id = %s AND l.entry_id = ANY(%s)
                 GROUP BY l.entry_id
                HAVING sum(l.debit) FILTER (WHERE a.currency = %s) > %s
                    OR sum(l.credit) FILTER (WHERE a.currency = %s) > %s
                    OR bool_or(a.currency <> %s)""",
            (
                organization.pk,
                list(entry_ids),
                *(organization.currency, organization.approval_threshold_amount) * 2,
                organization.currency,
            ),
        )
        return {row[0] for row in cursor.fetchall()}


def mark_need_of_approval(actor: Actor, entry: JournalEntry) -> None:
    """Only entries made by a person are manual; the organization's threshold is for those."""
    needs = entry.maker_id is not None and entry.pk in _above_threshold(
        actor.organization, "ledger_proposedline", [entry.pk]
    )
    if needs != entry.needs_approval:
        entry.needs_approval = needs
        entry.save(update_fields=["needs_approval"])
