"""What sales, refunds, adjustments and payouts post: drafts, without a look at the database.

A part of zero has no line. The references are those that the database compares with the row.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from invoicing.services.postings import METHOD_ROLES, RoleAccounts
from ledger.drafts import EntryDraft, LineDraft
from ledger.models import AccountRole
from settlements.fees import RefundParts, SaleParts
from settlements.models import Payee

SALE, REFUND, ADJUSTMENT, PAYOUT, PAYOUT_RETURN = (
    "sale",
    "sale-refund",
    "adjustment",
    "payout",
    "payout-return",
)

_Side = tuple[AccountRole, int]


def roles_of_sale(method: str) -> list[AccountRole]:
    """The roles whose accounts a sale or a refund by this method may need."""
    return [METHOD_ROLES[method], *_PARTS]


_PARTS = (AccountRole.TICKET_REVENUE, AccountRole.PLATFORM_FEES, AccountRole.TAX_PAYABLE)


def sale(
    reference: str,
    on: date,
    method: str,
    parts: SaleParts,
    *,
    payee: str,
    payable: UUID,
    accounts: RoleAccounts,
) -> EntryDraft:
    """The method's account against revenue, fee, tax and what the payee is owed.

    Raises:
        RoleUnfilled
    """
    lines = [LineDraft(accounts[METHOD_ROLES[method]], parts.total)]
    lines += [LineDraft(accounts[role], 0, amount) for role, amount in _by_role(parts) if amount]
    if parts.organizer_amount:
        lines.append(LineDraft(payable, 0, parts.organizer_amount))
    return _draft(SALE, reference, on, f"Sale {reference}, {payee}", lines)


def refund(
    reference: str,
    on: date,
    method: str,
    parts: RefundParts,
    *,
    sale: str,
    metadata: Mapping[str, Any],
    payable: UUID,
    accounts: RoleAccounts,
) -> EntryDraft:
    """The mirror of the sale's posting for what is given back; what was asked for stands in the
    metadata.

    Raises:
        RoleUnfilled
    """
    lines = [LineDraft(accounts[role], amount) for role, amount in _by_role(parts) if amount]
    if parts.organizer_amount:
        lines.append(LineDraft(payable, parts.organizer_amount))
    lines.append(LineDraft(accounts[METHOD_ROLES[method]], 0, parts.amount))
    draft = _draft(REFUND, reference, on, f"Refund {reference} of sale {sale}", lines)
    return draft._replace(metadata=metadata)


def adjustment(
    reference: str, on: date, amount: int, description: str, *, payable: UUID, account: UUID
) -> EntryDraft:
    """What the payee is owed more, or less where it is below zero, against another account."""
    lines = _moved(abs(amount), *((account, payable) if amount > 0 else (payable, account)))
    return _draft(ADJUSTMENT, reference, on, description, lines)


def payout(end_to_end_id: str, on: date, amount: int, *, payee: Payee, bank: UUID) -> EntryDraft:
    """What the payee was owed leaves the bank."""
    lines = _moved(amount, payee.payable_id, bank)
    return _draft(PAYOUT, end_to_end_id, on, f"Payout to {payee.name}", lines)


def payout_return(
    end_to_end_id: str, on: date, amount: int, *, payee: Payee, bank: UUID
) -> EntryDraft:
    """It came back: the mirror of the payout, on the day on which it did."""
    lines = _moved(amount, bank, payee.payable_id)
    return _draft(PAYOUT_RETURN, end_to_end_id, on, f"Payout to {payee.name}, returned", lines)


def _draft(
    kind: str, reference: str, on: date, description: str, lines: Iterable[LineDraft]
) -> EntryDraft:
    return EntryDraft(
        reference=f"{kind}:{reference}",
        effective_on=on,
        lines=tuple(lines),
        description=description,
        reference_type=kind,
        reference_id=reference,
    )


def _by_role(parts: SaleParts | RefundParts) -> Iterable[_Side]:
    return zip(_PARTS, (parts.ticket_revenue, parts.platform_fee, parts.tax_amount), strict=True)


def _moved(amount: int, debited: UUID, credited: UUID) -> list[LineDraft]:
    return [LineDraft(debited, amount), LineDraft(credited, 0, amount)]
