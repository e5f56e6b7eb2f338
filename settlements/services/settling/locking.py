"""Payees and settlements locked until the end of the transaction, by those who are about to change
what is owed.

One order everywhere: payee, settlement, payout, sale, ledger. The locks are FOR NO KEY UPDATE, for
which the foreign keys of new sales do not wait.
"""

from uuid import UUID

from core.db import prepared_cursor, require_transaction
from core.db.rows import as_instance, columns_of
from organizations.models import Organization
from settlements.errors import PayeeNotFound, SettlementNotFound
from settlements.models import Payee, Payout, Settlement


def lock_payee(organization: Organization, id: UUID) -> Payee:
    """The payee as it stands, locked.

    Raises:
        PayeeNotFound: there is none, or it is another organization's.
    """
    require_transaction()
    with prepared_cursor() as cursor:
        cursor.execute(
            f"""SELECT {columns_of(Payee, "p")} FROM settlements_payee p
                 WHERE p.id = %s AND p.organization_id = %s FOR NO KEY UPDATE""",
            (id, organization.pk),
        )
        row = cursor.fetchone()
    if row is None:
        raise PayeeNotFound(payee=str(id))
    return as_instance(Payee, row)


def lock_settlement(organization: Organization, id: UUID) -> Settlement:
    """The settlement as it stands, locked, with its payee, which is not.

    Raises:
        SettlementNotFound: there is none, or it is another organization's.
    """
    require_transaction()
    settlements = Settlement.objects.of(organization).select_related("payee")
    found: Settlement | None = (
        settlements.select_for_update(of=("self",), no_key=True).filter(pk=id).first()
    )
    if found is None:
        raise SettlementNotFound(settlement=str(id))
    return found


def lock_latest_payout(settlement: Settlement) -> Payout | None:
    """The latest attempt at paying a settlement that is locked."""
    require_transaction()
    payouts = Payout.objects.of(settlement.organization_id).filter(settlement_id=settlement.pk)
    latest: Payout | None = payouts.select_for_update(no_key=True).order_by("-attempt").first()
    return latest
