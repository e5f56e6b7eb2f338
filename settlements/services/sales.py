"""Sales: what a buyer paid, split up and posted, and owed to the payee from then on."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from core.db.rows import insert_row
from ledger.errors import ReferenceConflict as EntryConflict
from ledger.models import JournalEntry
from ledger.services.posting import post_entries
from organizations.actors import Actor
from organizations.models import Organization
from organizations.services.auditing import atomic_use_case
from settlements.errors import (
    CurrencyMismatch,
    FeeAboveSale,
    InvalidSale,
    PartsDoNotAddUp,
    ReferenceConflict,
)
from settlements.fees import (
    FeeExceedsSale,
    PartsExceedSale,
    SaleParts,
    sale_parts,
)
from settlements.item_rules import (
    MOST_QUANTITY,
    first_problem,
    metadata_fault,
    method_problem,
    reference_problem,
    same_json,
)
from settlements.models import Payee, Sale
from settlements.policies import fee_policy_of
from settlements.rules import amount_problem, day_problem
from settlements.services import postings
from settlements.services.item_facts import ItemFacts, as_recorded, item_facts


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleDraft:
    """What is asked to be recorded; `payee` and `event` are codes or ids.

    Without fee and organizer's part both come from the payee's fee policy; of the two, one that is
    missing is the rest.
    """

    reference: str
    payee: str | UUID
    sold_on: date
    method: str
    total_amount: int
    currency: str
    platform_fee: int | None = None
    organizer_amount: int | None = None
    ticket_revenue: int = 0
    tax_amount: int = 0
    event: str | UUID | None = None
    quantity: int = 1
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def check(self) -> None:
        """What each field has to be before the database can be asked.

        Raises:
            InvalidSale
        """
        found = first_problem(self._problems())
        if found is not None:
            raise InvalidSale(field=found[0], problem=found[1])

    def _problems(self) -> Iterator[tuple[str, str | None]]:
        yield "reference", reference_problem(self.reference)
        yield "sold_on", day_problem(self.sold_on)
        yield "method", method_problem(self.method)
        yield "total_amount", amount_problem(self.total_amount, least=1)
        yield "ticket_revenue", amount_problem(self.ticket_revenue)
        yield "tax_amount", amount_problem(self.tax_amount)
        if self.platform_fee is not None:
            yield "platform_fee", amount_problem(self.platform_fee)
        if self.organizer_amount is not None:
            yield "organizer_amount", amount_problem(self.organizer_amount)
        yield "quantity", amount_problem(self.quantity, least=1, most=MOST_QUANTITY)
        yield "metadata", metadata_fault(self.metadata)


def record_sale(*, actor: Actor, draft: SaleDraft, now: datetime | None = None) -> Sale:
    """Post a sale and add the organizer's part to what the payee is owed.

    The very same under the same reference is returned as it stands, with `is_replay`. The payee
    may be suspended: the money came in.

    Raises:
        InvalidSale, UnknownPayee, UnknownEvent, CurrencyMismatch, PartsDoNotAddUp, FeeAboveSale,
        ReferenceConflict, RoleUnfilled, BooksClosed, …
    """
    draft.check()
    organization = actor.organization
    with atomic_use_case(actor, "record_sale") as audit:
        facts = item_facts(
            organization,
            Sale,
            draft.reference,
            draft.payee,
            draft.event,
            postings.roles_of_sale(draft.method),
        )
        if facts.is_taken:
            return _recorded(organization, draft, facts)
        sale = _sale(organization, draft, facts)
        entry = _post(actor, facts, sale, now)
        if entry is None:
            return _recorded(organization, draft, facts)
        sale.entry_id = entry.pk
        audit(sale, after=_as_told(sale, facts.payee))
        insert_row(sale, ("created_at",), beside=audit.taken())
    return sale


def _post(actor: Actor, facts: ItemFacts, sale: Sale, now: datetime | None) -> JournalEntry | None:
    """The entry, or None where one stands under the reference: it came in while this one waited,
    or it is no sale's."""
    posting = postings.sale(
        sale.reference,
        sale.sold_on,
        sale.method,
        parts_of(sale),
        payee=facts.payee.code,
        payable=facts.payee.payable_id,
        accounts=facts.accounts,
    )
    try:
        [entry] = post_entries(
            actor.organization, [posting], actor=actor, now=now, accounts=facts.known
        )
    except EntryConflict:
        return None
    return None if entry.is_replay else entry


def parts_of(sale: Sale) -> SaleParts:
    """What its total consists of."""
    return SaleParts(sale.ticket_revenue, sale.platform_fee, sale.tax_amount, sale.organizer_amount)


def _sale(organization: Organization, draft: SaleDraft, facts: ItemFacts) -> Sale:
    """The row, which lacks its entry."""
    payee = facts.payee
    if draft.currency != payee.currency:
        raise CurrencyMismatch(
            payee=payee.code, expected=payee.currency, currency=str(draft.currency)[:10]
        )
    parts = _parts(draft, payee)
    return Sale(
        organization_id=organization.pk,
        payee_id=payee.pk,
        event_id=facts.event_id,
        reference=draft.reference,
        currency=payee.currency,
        sold_on=draft.sold_on,
        method=draft.method,
        quantity=draft.quantity,
        total_amount=draft.total_amount,
        ticket_revenue=parts.ticket_revenue,
        platform_fee=parts.platform_fee,
        tax_amount=parts.tax_amount,
        organizer_amount=parts.organizer_amount,
        fee_borne_by=payee.fee_borne_by,
        metadata=dict(draft.metadata),
    )


def _parts(draft: SaleDraft, payee: Payee) -> SaleParts:
    total, revenue, tax = draft.total_amount, draft.ticket_revenue, draft.tax_amount
    fee, organizer = draft.platform_fee, draft.organizer_amount
    if fee is None and organizer is None:
        return _parts_by_policy(draft, payee)
    rest = total - revenue - tax - (fee or 0) - (organizer or 0)
    if rest < 0 or (rest and fee is not None and organizer is not None):
        raise PartsDoNotAddUp(parts=total - rest, total=total, currency=draft.currency)
    return SaleParts(
        revenue,
        rest if fee is None else fee,
        tax,
        rest if organizer is None else organizer,
    )


def _parts_by_policy(draft: SaleDraft, payee: Payee) -> SaleParts:
    try:
        return sale_parts(
            fee_policy_of(payee),
            total_amount=draft.total_amount,
            quantity=draft.quantity,
            ticket_revenue=draft.ticket_revenue,
            tax_amount=draft.tax_amount,
        )
    except PartsExceedSale as exceeds:
        raise PartsDoNotAddUp(
            parts=exceeds.parts_amount, total=draft.total_amount, currency=draft.currency
        ) from None
    except FeeExceedsSale as exceeds:
        raise FeeAboveSale(
            fee=exceeds.fee_amount, available=exceeds.available_amount, currency=draft.currency
        ) from None


_COMPARED = (
    "sold_on",
    "method",
    "total_amount",
    "currency",
    "ticket_revenue",
    "tax_amount",
    "quantity",
)


def _recorded(organization: Organization, draft: SaleDraft, facts: ItemFacts) -> Sale:
    """The sale that stands under the reference, if it is what is asked for.

    What the caller left to the fee policy is not compared: it may have changed since.

    Raises:
        ReferenceConflict
    """
    rows = Sale.objects.of(organization)
    found: Sale | None = rows.filter(reference=draft.reference).first()
    if found is None:
        raise ReferenceConflict(reference=draft.reference, differs="its content")
    differs = [name for name in _COMPARED if getattr(found, name) != getattr(draft, name)]
    differs += [
        name
        for name in ("platform_fee", "organizer_amount")
        if getattr(draft, name) not in (None, getattr(found, name))
    ]
    if found.payee_id != facts.payee.pk:
        differs.append("payee")
    if found.event_id != facts.event_id:
        differs.append("event")
    if not same_json(found.metadata, draft.metadata):
        differs.append("metadata")
    return as_recorded(found, differs)


def _as_told(sale: Sale, payee: Payee) -> dict[str, Any]:
    """What the audit trail says of it."""
    return {
        "reference": sale.reference,
        "payee": payee.code,
        "event": sale.event_id,
        "sold_on": sale.sold_on,
        "method": sale.method,
        "total_amount": sale.total_amount,
        "platform_fee": sale.platform_fee,
        "organizer_amount": sale.organizer_amount,
        "currency": sale.currency,
    }
