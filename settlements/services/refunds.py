"""Refunds: what a buyer gets back of a sale, within what earlier refunds have left of it."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from core.db import prepared_cursor
from core.db.rows import as_instance, columns_of, insert_row
from invoicing.rules import shown
from ledger.errors import ReferenceConflict as EntryConflict
from ledger.models import JournalEntry
from ledger.services.posting import post_entries
from organizations.actors import Actor
from organizations.models import Organization
from organizations.services.auditing import atomic_use_case
from settlements.errors import (
    InvalidRefund,
    NothingLeftToRefund,
    OverRefund,
    ReferenceConflict,
    RefundBeforeSale,
    SaleNotFound,
)
from settlements.fees import FeeOnRefund, RefundExceedsSale, RefundParts, SaleParts, refund_parts
from settlements.item_rules import (
    first_problem,
    reason_problem,
    reference_problem,
)
from settlements.models import Refund, Sale
from settlements.rules import amount_problem, day_problem
from settlements.services import postings
from settlements.services.item_facts import ItemFacts, as_recorded, item_facts
from settlements.services.sales import parts_of


def record_refund(
    *,
    actor: Actor,
    sale: Sale,
    reference: str,
    refunded_on: date,
    amount: int | None = None,
    fee: str = FeeOnRefund.RETURN,
    reason: str = "",
    now: datetime | None = None,
) -> Refund:
    """Give back an amount of a sale, or all that is left of it, by the method it was paid by.

    `fee` is a FeeOnRefund. The very same under the same reference is returned as it stands, with
    `is_replay`.

    Raises:
        InvalidRefund, SaleNotFound, RefundBeforeSale, OverRefund, NothingLeftToRefund,
        ReferenceConflict, RoleUnfilled, BooksClosed, …
    """
    _check(_problems(reference, refunded_on, amount, fee, reason))
    organization, reason = actor.organization, reason.strip()
    with atomic_use_case(actor, "record_refund") as audit:
        sold = _lock_sale(organization, sale)
        # After the lock, so that it sees what came in while that was waited for.
        facts = item_facts(
            organization,
            Refund,
            reference,
            sold.payee_id,
            None,
            postings.roles_of_sale(sold.method),
        )
        asked = Refund(
            organization_id=organization.pk,
            payee_id=sold.payee_id,
            event_id=sold.event_id,
            sale_id=sold.pk,
            reference=reference,
            currency=sold.currency,
            method=sold.method,
            refunded_on=refunded_on,
            reason=reason,
        )
        if facts.is_taken:
            return _recorded(asked, amount, fee)
        if refunded_on < sold.sold_on:
            raise RefundBeforeSale(
                sale=sold.reference, sold_on=sold.sold_on, refunded_on=refunded_on
            )
        parts = _parts(sold, amount, fee)
        metadata = {"fee": str(fee), **({"rest": True} if amount is None else {})}
        entry = _post(actor, facts, sold, asked, parts, metadata, now)
        asked.entry_id = entry.pk
        _take(asked, parts)
        insert_row(asked, ("created_at",))
        audit(asked, after=_as_told(asked, sold, fee))
    return asked


def _check(problems: Iterator[tuple[str, str | None]]) -> None:
    found = first_problem(problems)
    if found is not None:
        raise InvalidRefund(field=found[0], problem=found[1])


def _problems(
    reference: object, on: object, amount: object, fee: object, reason: object
) -> Iterator[tuple[str, str | None]]:
    yield "reference", reference_problem(reference)
    yield "refunded_on", day_problem(on)
    if amount is not None:
        yield "amount", amount_problem(amount, least=1)
    known = list(FeeOnRefund)
    yield "fee", None if fee in known else f"{shown(fee)} is none of {', '.join(known)}"
    yield "reason", reason_problem(reason)


def _lock_sale(organization: Organization, sale: Sale) -> Sale:
    """The sale as it now stands. It is locked before the ledger, as everywhere."""
    with prepared_cursor() as cursor:
        cursor.execute(_LOCK, (organization.pk, sale.pk))
        row = cursor.fetchone()
    if row is None:
        raise SaleNotFound(sale=sale.pk)
    return as_instance(Sale, row)


_LOCK = f"""
SELECT {columns_of(Sale, "s")} FROM settlements_sale s
 WHERE s.organization_id = %s AND s.id = %s FOR NO KEY UPDATE
"""


def _left_of(sale: Sale) -> SaleParts:
    """What earlier refunds have left of a locked sale."""
    with prepared_cursor() as cursor:
        cursor.execute(_REFUNDED, (sale.organization_id, sale.pk))
        given = RefundParts(*(int(value) for value in cursor.fetchone()))
    return parts_of(sale).less(given)


_REFUNDED = """
SELECT coalesce(sum(r.amount), 0), coalesce(sum(r.ticket_revenue), 0),
       coalesce(sum(r.platform_fee), 0), coalesce(sum(r.tax_amount), 0),
       coalesce(sum(r.organizer_amount), 0), coalesce(sum(r.kept_fee_amount), 0)
  FROM settlements_refund r
 WHERE r.organization_id = %s AND r.sale_id = %s
"""


def _parts(sale: Sale, amount: int | None, fee: str) -> RefundParts:
    try:
        return refund_parts(_left_of(sale), amount, fee=fee, borne_by=sale.fee_borne_by)
    except RefundExceedsSale as exceeds:
        if not exceeds.left_amount:
            raise NothingLeftToRefund(sale=sale.reference) from None
        raise OverRefund(
            amount=amount,
            currency=sale.currency,
            sale=sale.reference,
            left=exceeds.left_amount,
        ) from None


def _post(
    actor: Actor,
    facts: ItemFacts,
    sale: Sale,
    asked: Refund,
    parts: RefundParts,
    metadata: Mapping[str, Any],
    now: datetime | None,
) -> JournalEntry:
    posting = postings.refund(
        asked.reference,
        asked.refunded_on,
        asked.method,
        parts,
        sale=sale.reference,
        metadata=metadata,
        payable=facts.payee.payable_id,
        accounts=facts.accounts,
    )
    try:
        [entry] = post_entries(
            actor.organization, [posting], actor=actor, now=now, accounts=facts.known
        )
    except EntryConflict as conflict:
        raise ReferenceConflict(reference=asked.reference, differs=conflict.differs) from None
    if entry.is_replay:
        raise ReferenceConflict(reference=asked.reference, differs="its content")
    return entry


def _take(refund: Refund, parts: RefundParts) -> None:
    refund.amount = parts.amount
    refund.ticket_revenue = parts.ticket_revenue
    refund.platform_fee = parts.platform_fee
    refund.tax_amount = parts.tax_amount
    refund.organizer_amount = parts.organizer_amount
    refund.kept_fee_amount = parts.kept_fee_amount


def _recorded(asked: Refund, amount: int | None, fee: str) -> Refund:
    """The refund that stands under the reference, if it is what is asked for.

    Raises:
        ReferenceConflict
    """
    rows = Refund.objects.of(asked.organization_id).select_related("entry")
    found: Refund = rows.get(reference=asked.reference)
    differs = [
        name
        for name, is_same in (
            ("sale", found.sale_id == asked.sale_id),
            ("refunded_on", found.refunded_on == asked.refunded_on),
            ("amount", _is_of(found, amount)),
            ("fee", found.entry.metadata.get("fee") == fee),
            ("reason", found.reason == asked.reason),
        )
        if not is_same
    ]
    return as_recorded(found, differs)


def _is_of(found: Refund, amount: int | None) -> bool:
    """Whether it is of that amount, or of all that was left then where none is given."""
    if amount is None:
        return bool(found.entry.metadata.get("rest"))
    return int(found.amount) == amount


def _as_told(refund: Refund, sale: Sale, fee: str) -> dict[str, Any]:
    """What the audit trail says of it."""
    return {
        "reference": refund.reference,
        "sale": sale.reference,
        "refunded_on": refund.refunded_on,
        "amount": refund.amount,
        "organizer_amount": refund.organizer_amount,
        "fee": str(fee),
        "currency": refund.currency,
        "reason": refund.reason,
    }
