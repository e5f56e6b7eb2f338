"""Approve settlements, and try again to pay those that failed: each makes an attempt at paying."""

from datetime import datetime

from django.utils import timezone

from organizations.actors import Actor
from organizations.services.auditing import atomic_use_case
from settlements.errors import (
    PayeeSuspended,
    SettlementNotFailed,
    SettlementNotPending,
)
from settlements.models import Payee, PayeeStatus, Payout, Settlement, SettlementStatus
from settlements.selectors.settlements import get_settlement
from settlements.services.settling.locking import lock_latest_payout, lock_settlement


def approve_settlement(
    *, actor: Actor, settlement: Settlement, now: datetime | None = None
) -> Settlement:
    """Approve a settlement that somebody else has prepared: it is to be paid now.

    Raises:
        SettlementNotFound, SettlementNotPending, OwnApproval
        PayeeSuspended: no money is sent to them.
    """
    with atomic_use_case(actor, "approve_settlement") as audit:
        found = lock_settlement(actor.organization, settlement.pk)
        if found.status != SettlementStatus.PENDING:
            raise SettlementNotPending(settlement=str(found.pk), status=found.status)
        _check_active(found.payee)
        found.approved_at = now or timezone.now()
        found.approved_by_id = actor.user_id
        found.approved_by_key_id = actor.api_key_id
        found.save(update_fields=["approved_at", "approved_by", "approved_by_key"])
        payout = _initiate(found, attempt=1, now=found.approved_at)
        after = {"total_amount": found.total_amount, "currency": found.currency}
        audit(found, before={"status": found.status}, after={"status": _PROCESSING, **after})
        audit.event(
            "settlement_approved",
            found,
            payee=found.payee.code,
            end_to_end_id=payout.end_to_end_id,
            **after,
        )
        return get_settlement(actor.organization, found.pk)


def retry_settlement(
    *, actor: Actor, settlement: Settlement, now: datetime | None = None
) -> Settlement:
    """Try again to pay a settlement whose payout failed or was returned: a new attempt with an
    end-to-end id of its own, to the bank account that the payee has now.

    Raises:
        SettlementNotFound, SettlementNotFailed
        PayeeSuspended: no money is sent to them.
    """
    with atomic_use_case(actor, "retry_settlement") as audit:
        found = lock_settlement(actor.organization, settlement.pk)
        failed = lock_latest_payout(found)
        if found.status != SettlementStatus.FAILED or failed is None:
            raise SettlementNotFailed(settlement=str(found.pk), status=found.status)
        _check_active(found.payee)
        payout = _initiate(found, attempt=failed.attempt + 1, now=now or timezone.now())
        audit(
            found,
            before={"status": found.status},
            after={"status": _PROCESSING, "end_to_end_id": payout.end_to_end_id},
        )
        return get_settlement(actor.organization, found.pk)


_PROCESSING = SettlementStatus.PROCESSING.value


def _check_active(payee: Payee) -> None:
    if payee.status != PayeeStatus.ACTIVE:
        raise PayeeSuspended(payee=payee.code)


def _initiate(settlement: Settlement, *, attempt: int, now: datetime) -> Payout:
    """An attempt at paying all of it, by the payee's bank details as they are now."""
    payee = settlement.payee
    payout: Payout = Payout.objects.create(
        organization_id=settlement.organization_id,
        settlement=settlement,
        attempt=attempt,
        end_to_end_id=f"{settlement.pk.hex}-{attempt}",
        amount=settlement.total_amount,
        currency=settlement.currency,
        account_holder=payee.account_holder or payee.name,
        iban=payee.iban,
        bic=payee.bic,
        initiated_at=now,
    )
    return payout
