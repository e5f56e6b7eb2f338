"""Throw a calculation away that nobody has approved."""

from django.db import connection

from organizations.actors import Actor
from organizations.services.auditing import atomic_use_case
from settlements.errors import SettlementNotLast, SettlementNotPending
from settlements.models import Settlement, SettlementStatus
from settlements.services.settling.locking import lock_payee, lock_settlement


def discard_settlement(*, actor: Actor, settlement: Settlement) -> None:
    """Let the settlement's items and the reserves that it released go, and delete it.

    Raises:
        SettlementNotFound, SettlementNotPending
        SettlementNotLast: a later one of the payee stands on it.
    """
    organization = actor.organization
    with atomic_use_case(actor, "discard_settlement") as audit:
        lock_payee(organization, settlement.payee_id)
        found = lock_settlement(organization, settlement.pk)
        if found.status != SettlementStatus.PENDING:
            raise SettlementNotPending(settlement=str(found.pk), status=found.status)
        if _is_followed(found):
            raise SettlementNotLast(settlement=str(found.pk))
        _let_go(found)
        before = {
            "payee": found.payee.code,
            "sequence": found.sequence,
            "through": found.through,
            "item_count": found.item_count,
            "total_amount": found.total_amount,
            "currency": found.currency,
        }
        audit(found, before=before)


def _is_followed(settlement: Settlement) -> bool:
    chain = Settlement.objects.of(settlement.organization_id).filter(payee_id=settlement.payee_id)
    return bool(chain.filter(sequence__gt=settlement.sequence).exists())


def _let_go(settlement: Settlement) -> None:
    given = {"organization": settlement.organization_id, "settlement": settlement.pk}
    with connection.cursor() as cursor:
        cursor.execute(_LET_GO, given)


_OF_IT = "i.organization_id = %(organization)s AND i.settlement_id = %(settlement)s"
_LET_GO = f"""
WITH sales AS (
  UPDATE settlements_sale i SET settlement_id = NULL WHERE {_OF_IT}
), refunds AS (
  UPDATE settlements_refund i SET settlement_id = NULL WHERE {_OF_IT}
), adjustments AS (
  UPDATE settlements_adjustment i SET settlement_id = NULL WHERE {_OF_IT}
), released AS (
  UPDATE settlements_settlement r SET reserve_released_by_id = NULL
   WHERE r.organization_id = %(organization)s AND r.reserve_released_by_id = %(settlement)s
)
DELETE FROM settlements_settlement s
 WHERE s.organization_id = %(organization)s AND s.id = %(settlement)s"""
