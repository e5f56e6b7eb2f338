"""Adjustments: what a payee is owed more or less, and why."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any
from uuid import UUID

from core.db import uuid7
from core.db.rows import insert_row
from core.money import MOST_MINOR_UNITS
from invoicing.rules import shown
from ledger.errors import ReferenceConflict as EntryConflict
from ledger.models import AccountRole, JournalEntry
from ledger.selectors.accounts import as_uuid
from ledger.services.posting import post_entries
from organizations.actors import Actor
from organizations.services.auditing import atomic_use_case
from settlements.errors import InvalidAdjustment, ReferenceConflict
from settlements.item_rules import (
    first_problem,
    reason_problem,
    reference_problem,
)
from settlements.models import Adjustment, AdjustmentKind, Payee
from settlements.rules import amount_problem, day_problem
from settlements.services import postings
from settlements.services.item_facts import ItemFacts, as_recorded, item_facts


def record_adjustment(
    *,
    actor: Actor,
    payee: str | UUID | Payee,
    amount: int,
    reason: str,
    adjusted_on: date,
    kind: str = AdjustmentKind.ADJUSTMENT,
    reference: str = "",
    event: str | UUID | None = None,
    account: str | UUID | None = None,
    now: datetime | None = None,
) -> Adjustment:
    """Add to what the payee is owed, or take off it where the amount is below zero.

    `account` takes the other side; without one, platform fees for a fee, else operating expense
    or other income. Without a reference it gets one. The very same under the same reference is
    returned as it stands, with `is_replay`.

    Raises:
        InvalidAdjustment, UnknownPayee, UnknownEvent, ReferenceConflict, RoleUnfilled,
        BooksClosed, …
    """
    reference = str(uuid7()) if reference == "" else reference
    _check(reference, adjusted_on, amount, kind, reason)
    organization = actor.organization
    role = _role(kind, amount)
    with atomic_use_case(actor, "record_adjustment") as audit:
        facts = item_facts(
            organization,
            Adjustment,
            reference,
            payee.pk if isinstance(payee, Payee) else payee,
            event,
            [] if account else [role],
            account or "",
        )
        asked = Adjustment(
            organization_id=organization.pk,
            payee_id=facts.payee.pk,
            event_id=facts.event_id,
            reference=reference,
            currency=facts.payee.currency,
            kind=str(kind),
            adjusted_on=adjusted_on,
            amount=amount,
            reason=reason.strip(),
        )
        named = _other_side(facts, account) if account else None
        if facts.is_taken:
            return _recorded(asked, named)
        asked.account_id = named or facts.accounts[role]
        entry = _post(actor, facts, asked, now)
        if entry is None:
            return _recorded(asked, named)
        asked.entry_id = entry.pk
        insert_row(asked, ("created_at",))
        audit(asked, after=_as_told(asked, facts.payee))
    return asked


def _check(reference: object, on: object, amount: object, kind: object, reason: object) -> None:
    found = first_problem(_problems(reference, on, amount, kind, reason))
    if found is not None:
        raise InvalidAdjustment(field=found[0], problem=found[1])


def _problems(
    reference: object, on: object, amount: object, kind: object, reason: object
) -> Iterator[tuple[str, str | None]]:
    yield "reference", reference_problem(reference)
    yield "adjusted_on", day_problem(on)
    known = AdjustmentKind.values
    yield "kind", None if kind in known else f"{shown(kind)} is none of {', '.join(known)}"
    most = -1 if kind == AdjustmentKind.FEE else MOST_MINOR_UNITS
    yield "amount", amount_problem(amount, least=-MOST_MINOR_UNITS, most=most)
    yield "amount", "not 0" if amount == 0 else None
    yield "reason", reason_problem(reason, least=1)


def _role(kind: str, amount: int) -> AccountRole:
    if kind == AdjustmentKind.FEE:
        return AccountRole.PLATFORM_FEES
    return AccountRole.OPERATING_EXPENSE if amount > 0 else AccountRole.OTHER_INCOME


def _other_side(facts: ItemFacts, name: str | UUID) -> UUID:
    """The account that was named: one in the payee's currency, and not the payee's own."""
    found = facts.known.by_name.get(name) or facts.known.by_name.get(as_uuid(str(name)) or "")
    payee = facts.payee
    if found is None:
        problem = f"there is no account {shown(name)}"
    elif found.id == payee.payable_id:
        problem = f"on {found.code} stands what the payee is owed"
    elif found.currency != payee.currency:
        problem = f"{found.code} is kept in {found.currency}, not in {payee.currency}"
    else:
        return found.id
    raise InvalidAdjustment(field="account", problem=problem)


def _post(
    actor: Actor, facts: ItemFacts, asked: Adjustment, now: datetime | None
) -> JournalEntry | None:
    """The entry, or None where one stands under the reference already."""
    posting = postings.adjustment(
        asked.reference,
        asked.adjusted_on,
        asked.amount,
        f"{asked.get_kind_display()} of {facts.payee.code}: {asked.reason}",
        payable=facts.payee.payable_id,
        account=asked.account_id,
    )
    try:
        [entry] = post_entries(
            actor.organization, [posting], actor=actor, now=now, accounts=facts.known
        )
    except EntryConflict:
        return None
    return None if entry.is_replay else entry


_COMPARED = (
    "payee_id",
    "event_id",
    "currency",
    "kind",
    "adjusted_on",
    "amount",
    "reason",
)


def _recorded(asked: Adjustment, account: UUID | None) -> Adjustment:
    """The adjustment that stands under the reference, if it is what is asked for; an account that
    was not named follows from the rest.

    Raises:
        ReferenceConflict
    """
    rows = Adjustment.objects.of(asked.organization_id)
    found: Adjustment | None = rows.filter(reference=asked.reference).first()
    if found is None:
        raise ReferenceConflict(reference=asked.reference, differs="its content")
    differs = [
        name.removesuffix("_id")
        for name in _COMPARED
        if getattr(found, name) != getattr(asked, name)
    ]
    if account not in (None, found.account_id):
        differs.append("account")
    return as_recorded(found, differs)


def _as_told(adjustment: Adjustment, payee: Payee) -> dict[str, Any]:
    """What the audit trail says of it."""
    return {
        "reference": adjustment.reference,
        "payee": payee.code,
        "event": adjustment.event_id,
        "kind": adjustment.kind,
        "adjusted_on": adjustment.adjusted_on,
        "amount": adjustment.amount,
        "currency": adjustment.currency,
        "account": adjustment.account_id,
        "reason": adjustment.reason,
    }
