"""Record what became of a payout: paid, failed, or paid and returned."""

from datetime import date, datetime

from invoicing.rules import text_problem
from ledger.models import AccountRole, JournalEntry, JournalLine
from ledger.selectors.accounts import account_by_role
from ledger.services.posting import post_entries
from organizations.actors import Actor
from organizations.services.auditing import atomic_use_case
from settlements.errors import (
    InvalidFailure,
    NothingToPay,
    PayoutDateRefused,
    SettlementAlreadyPaid,
    SettlementNotApproved,
    SettlementNotPaying,
)
from settlements.models import Payout, PayoutStatus, Settlement
from settlements.rules import day_problem
from settlements.selectors.settlements import get_settlement
from settlements.services import postings
from settlements.services.settling.locking import lock_latest_payout, lock_settlement

MOST_REASON = 500
MOST_FAILURE_CODE = 35


def pay_settlement(
    *, actor: Actor, settlement: Settlement, paid_on: date, now: datetime | None = None
) -> Settlement:
    """Record that the bank has paid it on a day: what the payee was owed leaves the bank account.

    Raises:
        SettlementNotFound, SettlementNotApproved, SettlementAlreadyPaid, NothingToPay,
        SettlementNotPaying, RoleUnfilled, BooksClosed
        PayoutDateRefused: the day lies before the settlement's end.
    """
    with atomic_use_case(actor, "pay_settlement") as audit:
        found = lock_settlement(actor.organization, settlement.pk)
        payout = _payout_under_way(found)
        _check_day("paid_on", paid_on, found.through, "the settlement goes through")
        payout.entry = _post_payment(actor, found, payout, paid_on, now)
        payout.status, payout.paid_on = PayoutStatus.PAID, paid_on
        payout.save(update_fields=["status", "paid_on", "entry"])
        after = {"paid_on": paid_on, "end_to_end_id": payout.end_to_end_id}
        audit(found, before={"status": found.status}, after={"status": "completed", **after})
        audit.event(
            "settlement_paid",
            found,
            payee=found.payee.code,
            total_amount=found.total_amount,
            currency=found.currency,
            **after,
        )
        return get_settlement(actor.organization, found.pk)


def fail_settlement(
    *,
    actor: Actor,
    settlement: Settlement,
    reason: str,
    failure_code: str = "",
    failed_on: date | None = None,
    now: datetime | None = None,
) -> Settlement:
    """Record that the payout failed, or that it came back after it was paid: that posts the
    mirror of the payment, on the day on which it came back.

    Raises:
        SettlementNotFound, SettlementNotPaying, InvalidFailure, BooksClosed
        PayoutDateRefused: it cannot come back before it was paid.
    """
    reason = _checked("reason", reason, MOST_REASON, least=1)
    failure_code = _checked("code", failure_code, MOST_FAILURE_CODE)
    with atomic_use_case(actor, "fail_settlement") as audit:
        found = lock_settlement(actor.organization, settlement.pk)
        payout = lock_latest_payout(found)
        if payout is None or payout.status not in (PayoutStatus.INITIATED, PayoutStatus.PAID):
            raise SettlementNotPaying(settlement=str(found.pk), status=found.status)
        payout.failed_on = _failed_on(payout, failed_on, actor.organization.today(now))
        payout.failure_reason, payout.failure_code = reason, failure_code
        changed = ["status", "failed_on", "failure_reason", "failure_code"]
        if payout.status == PayoutStatus.PAID:
            payout.return_entry = _post_return(actor, found, payout, payout.failed_on, now)
            payout.status = PayoutStatus.RETURNED
            changed.append("return_entry")
        else:
            payout.status = PayoutStatus.FAILED
        payout.save(update_fields=changed)
        after = {
            "payout": payout.status.value,
            "end_to_end_id": payout.end_to_end_id,
            "failed_on": payout.failed_on,
            "failure_code": failure_code,
        }
        audit(
            found,
            before={"status": found.status},
            after={"status": "failed", **after},
            reason=reason,
        )
        audit.event("settlement_failed", found, payee=found.payee.code, reason=reason, **after)
        return get_settlement(actor.organization, found.pk)


def _payout_under_way(settlement: Settlement) -> Payout:
    """The attempt that the bank has been asked for, locked.

    Raises:
        NothingToPay, SettlementNotApproved, SettlementAlreadyPaid, SettlementNotPaying
    """
    facts = {"settlement": str(settlement.pk), "status": settlement.status}
    if settlement.total_amount <= 0:
        raise NothingToPay(
            settlement=str(settlement.pk),
            total=settlement.total_amount,
            currency=settlement.currency,
        )
    payout = lock_latest_payout(settlement)
    if payout is None:
        raise SettlementNotApproved(**facts)
    if payout.status == PayoutStatus.PAID:
        raise SettlementAlreadyPaid(settlement=str(settlement.pk), paid_on=str(payout.paid_on))
    if payout.status != PayoutStatus.INITIATED:
        raise SettlementNotPaying(**facts)
    return payout


def _post_payment(
    actor: Actor, settlement: Settlement, payout: Payout, paid_on: date, now: datetime | None
) -> JournalEntry:
    bank = account_by_role(actor.organization, AccountRole.BANK, payout.currency)
    draft = postings.payout(
        payout.end_to_end_id,
        paid_on,
        payout.amount,
        payee=settlement.payee,
        bank=bank.pk,
    )
    [entry] = post_entries(actor.organization, [draft], actor=actor, now=now)
    return entry


def _post_return(
    actor: Actor, settlement: Settlement, payout: Payout, failed_on: date, now: datetime | None
) -> JournalEntry:
    """Back to where the payment came from, whichever account has the role by now."""
    bank = (
        JournalLine.objects.of(payout.organization_id)
        .filter(entry_id=payout.entry_id, credit__gt=0)
        .values_list("account_id", flat=True)
        .get()
    )
    draft = postings.payout_return(
        payout.end_to_end_id,
        failed_on,
        payout.amount,
        payee=settlement.payee,
        bank=bank,
    )
    [entry] = post_entries(actor.organization, [draft], actor=actor, now=now)
    return entry


def _failed_on(payout: Payout, failed_on: date | None, today: date) -> date:
    """The day given, or today; what was recorded as paid for a later day came back on that."""
    if failed_on is None:
        return max(today, payout.paid_on or today)
    _check_day("failed_on", failed_on, payout.paid_on, "it was paid on")
    return failed_on


def _check_day(field: str, day: date, first: date | None, why: str) -> None:
    problem = day_problem(day)
    if problem is None and first is not None and day < first:
        problem = f"{why} {first}, after {day}"
    if problem is not None:
        raise PayoutDateRefused(field=field, problem=problem)


def _checked(field: str, text: str, most: int, least: int = 0) -> str:
    problem = text_problem(text, least=least, most=most)
    if problem is not None:
        raise InvalidFailure(field=field, problem=problem)
    return text.strip()
