"""The cashbook: money in and money out, each movement backed by a journal entry.

docs/why/cashbook.md has the table of postings and the reasons for it.
"""

from datetime import datetime
from uuid import UUID

from django.utils import timezone

from core.db import require_transaction, uuid7
from ledger.drafts import CASH_ENTRY, EntryDraft, signed
from ledger.errors import (
    CashEntryNotFound,
    DebtAlreadySettled,
    DebtVoided,
    NotADebt,
    SettledTooEarly,
    UserNotAMember,
    WrongSign,
)
from ledger.models import AccountRole, CashEntry, CashKind, JournalEntry
from ledger.selectors.accounts import account_by_role, accounts_by_role
from ledger.selectors.cashbook import is_undone
from ledger.services.entries.restricting import refuse_above_threshold
from ledger.services.keeping import forget_cash_metrics
from ledger.services.posting import post_entries
from organizations.actors import Actor
from organizations.models import Organization, User
from organizations.selectors import members_of
from organizations.services.auditing import atomic_use_case

# What stands against cash. A debt stands against the loan accounts instead of cash, and its other
# side is suspense: what it bought is not the cashbook's to say.
_COUNTERPARTS = {
    CashKind.REVENUE: AccountRole.OTHER_INCOME,
    CashKind.EXPENSE: AccountRole.OPERATING_EXPENSE,
    CashKind.PAYMENT: AccountRole.SUSPENSE,
    CashKind.DEBT: AccountRole.SUSPENSE,
}


def record_cash_entry(
    *,
    actor: Actor,
    kind: str,
    amount: int,
    currency: str,
    occurred_at: datetime | None = None,
    user: User | UUID | None = None,
    memo: str = "",
    now: datetime | None = None,
) -> CashEntry:
    """Record one movement and post it, dated on its day in the organization's time zone.

    `amount` is signed, in minor units: positive is money in, or owed to us; negative is money
    out, or owed by us. Without a user the movement is the organization's own.

    Raises:
        WrongSign, UserNotAMember
        ApprovalRequired: by a person, above the organization's threshold; such a movement is
            proposed in the journal.
        RoleUnfilled: no account of this currency has a role that the posting needs.
        BooksClosed, AccountArchived, …: as for any posting.
    """
    kind = CashKind(kind)
    _check_sign(kind, amount)
    moment = now or timezone.now()
    with atomic_use_case(actor, "record_cash_entry") as audit:
        user_id = _member(actor.organization, user)
        main, counterpart = _main_role(kind, amount), _COUNTERPARTS[kind]
        accounts = accounts_by_role(actor.organization, [main, counterpart], currency)
        recorded = _post(
            actor,
            CashEntry(
                organization_id=actor.organization.pk,
                kind=kind,
                amount=amount,
                currency=currency,
                occurred_at=occurred_at or moment,
                user_id=user_id,
                memo=memo,
            ),
            main=accounts[main].pk,
            counterpart=accounts[counterpart].pk,
            now=moment,
        )
        audit(recorded, after=_as_audited(recorded))
        forget_cash_metrics(actor.organization)
    return recorded


def settle_debt(
    *,
    actor: Actor,
    cash_entry: CashEntry,
    settled_at: datetime | None = None,
    now: datetime | None = None,
) -> CashEntry:
    """Settle a debt: record the payment that clears it, and when, once and for all.

    Returns the debt; its `settled_by` is the payment, of the same amount and for the same user.

    Raises:
        NotADebt, SettledTooEarly
        DebtVoided: its posting was reversed, so nothing is owed.
        DebtAlreadySettled: also when two settle it at once; one of them wins.
        RoleUnfilled, BooksClosed, …: as for any posting.
    """
    moment = now or timezone.now()
    with atomic_use_case(actor, "settle_debt") as audit:
        debt = _lock(actor.organization, cash_entry.pk)
        _check_may_be_settled(debt, settled_at or moment)
        debt.settled_by = _pay(actor, debt, settled_at or moment, moment)
        debt.settled_at = debt.settled_by.occurred_at
        debt.save(update_fields=["settled_at", "settled_by"])
        audit(
            debt,
            before={"settled_at": None},
            after={"settled_at": debt.settled_at, "settled_by": debt.settled_by_id},
        )
        forget_cash_metrics(actor.organization)
    return debt


def _check_sign(kind: CashKind, amount: int) -> None:
    # The database says so too, but not before the amount has become a debit or a credit.
    fits = {CashKind.REVENUE: amount > 0, CashKind.EXPENSE: amount < 0}
    if not fits.get(kind, amount != 0):
        raise WrongSign(kind=kind.value, amount=amount)


def _member(organization: Organization, user: User | UUID | None) -> UUID | None:
    if user is None:
        return None
    user_id = user.pk if isinstance(user, User) else user
    if not members_of(organization).filter(user_id=user_id, is_active=True).exists():
        raise UserNotAMember(user=str(user))
    return user_id


def _main_role(kind: CashKind, amount: int) -> AccountRole:
    """The account on which the signed amount itself stands: cash, or a loan for a debt."""
    if kind != CashKind.DEBT:
        return AccountRole.CASH
    return AccountRole.LOANS_RECEIVABLE if amount > 0 else AccountRole.LOANS_PAYABLE


def _lock(organization: Organization, id: UUID) -> CashEntry:
    entry: CashEntry | None = (
        CashEntry.objects.of(organization)
        .select_for_update(of=("self", "entry"))
        .select_related("entry")
        .filter(pk=id)
        .first()
    )
    if entry is None:
        raise CashEntryNotFound(cash_entry=str(id))
    return entry


def _check_may_be_settled(debt: CashEntry, settled_at: datetime) -> None:
    if debt.kind != CashKind.DEBT:
        raise NotADebt(cash_entry=str(debt.pk), kind=debt.kind)
    if debt.settled_at is not None:
        raise DebtAlreadySettled(cash_entry=str(debt.pk))
    if is_undone(debt):
        raise DebtVoided(cash_entry=str(debt.pk))
    if settled_at < debt.occurred_at:
        raise SettledTooEarly(
            occurred_at=debt.occurred_at.isoformat(), settled_at=settled_at.isoformat()
        )


def _pay(actor: Actor, debt: CashEntry, occurred_at: datetime, now: datetime) -> CashEntry:
    """The payment of a debt: cash against the very account on which the debt stands."""
    loan = debt.entry.lines.get(position=1).account_id
    cash = account_by_role(actor.organization, AccountRole.CASH, debt.currency)
    payment = CashEntry(
        organization_id=actor.organization.pk,
        kind=CashKind.PAYMENT,
        amount=debt.amount,
        currency=debt.currency,
        occurred_at=occurred_at,
        user_id=debt.user_id,
        memo=debt.memo,
    )
    return _post(actor, payment, main=cash.pk, counterpart=loan, now=now)


def _post(
    actor: Actor, cash_entry: CashEntry, *, main: UUID, counterpart: UUID, now: datetime
) -> CashEntry:
    """Post a cash entry and keep it: the signed amount on the first line, the rest on the second.

    That the first line carries the amount is what reconciliation holds a cash entry against.
    """
    require_transaction()
    cash_entry.pk = uuid7()
    [entry] = post_entries(
        actor.organization,
        [
            EntryDraft(
                reference=f"cash-{cash_entry.pk}",
                effective_on=actor.organization.today(cash_entry.occurred_at),
                lines=[signed(main, cash_entry.amount), signed(counterpart, -cash_entry.amount)],
                description=cash_entry.memo or CashKind(cash_entry.kind).label,
                reference_type=CASH_ENTRY,
                reference_id=str(cash_entry.pk),
            )
        ],
        actor=actor,
        now=now,
    )
    if actor.user is not None:
        # Money counted by a person is as manual as a journal entry by one.
        refuse_above_threshold(actor.organization, [entry])
    cash_entry.entry = entry
    cash_entry.save(force_insert=True)
    return cash_entry


def _as_audited(cash_entry: CashEntry) -> dict[str, object]:
    entry: JournalEntry = cash_entry.entry
    return {
        "kind": cash_entry.kind,
        "amount": cash_entry.amount,
        "currency": cash_entry.currency,
        "occurred_at": cash_entry.occurred_at,
        "user": cash_entry.user_id,
        "memo": cash_entry.memo,
        "entry": entry.reference,
    }
