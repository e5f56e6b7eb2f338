"""Credit an invoice: an amount, quantities of its items, or all that is left of it."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Sum

from invoicing.credits import SoldItem, by_amount, by_items, left_of
from invoicing.errors import (
    InvalidCreditNote,
    ItemOverCredit,
    NothingToCredit,
    OverCredit,
)
from invoicing.models import CreditNote, CreditNoteItem, Invoice, Order, OrderItem
from invoicing.parts import Part, total_of
from invoicing.rules import plain_number, shown
from invoicing.services.crediting.writing import (
    CreditRequest,
    ItemAmounts,
    PreparedCredit,
    check_credit_reference,
    parts_of,
    prepare_credit,
    write_credit,
)
from invoicing.services.locking import lock_invoice
from invoicing.services.numbering import MAIN
from invoicing.services.order_parts import parts_of_order, rates_of_order
from invoicing.services.orders.drafts import quantity_problem
from invoicing.services.transactions import check_amount, check_reason
from invoicing.tax import Rounding
from ledger.services.posting import post_entries
from organizations.actors import Actor
from organizations.models import Organization
from organizations.services.auditing import atomic_use_case


class CreditItem(NamedTuple):
    """So much of the item at a position of the order."""

    position: int
    quantity: Decimal


def credit_invoice(
    *,
    actor: Actor,
    invoice: Invoice,
    reason: str,
    amount: int | None = None,
    items: Sequence[CreditItem] | None = None,
    reference: str = "",
    on: date | None = None,
    series: str = MAIN,
    now: datetime | None = None,
) -> CreditNote:
    """Credit an amount of an invoice (minor units, with tax), or quantities of its items.

    `reference` is the seller's own name for the credit note.

    Raises:
        InvoiceNotFound, InvalidCreditNote, CreditNoteReferenceTaken, InvalidAmount,
        NothingToCredit, OverCredit, ItemOverCredit, SeriesNotFound, RoleUnfilled, BooksClosed, …:
        nothing was written.
    """
    if (amount is None) == (items is None):
        raise InvalidCreditNote(field="amount", problem="give either an amount or items")
    reference = check_credit_reference(reference)
    with atomic_use_case(actor, "credit_invoice") as audit:
        credited = _Credited(actor.organization, lock_invoice(actor.organization, invoice.pk))
        parts, lines = (
            (credited.by_amount(amount), []) if items is None else credited.by_items(items)
        )
        on = on or actor.organization.today(now)
        prepared = credited.prepare(parts, lines, reason, on, series, reference)
        [entry] = post_entries(actor.organization, [prepared.draft], actor=actor, now=now)
        return write_credit(audit, prepared, entry)


def void_invoice(
    *,
    actor: Actor,
    invoice: Invoice,
    reason: str,
    on: date | None = None,
    series: str = MAIN,
    now: datetime | None = None,
) -> CreditNote:
    """Credit all that is left of an invoice. What was paid of it is then owed to the customer,
    until it is refunded; where nothing was, the order is cancelled.

    Raises:
        InvoiceNotFound, InvalidTransaction, NothingToCredit, BooksClosed, …
    """
    with atomic_use_case(actor, "void_invoice") as audit:
        credited = _Credited(actor.organization, lock_invoice(actor.organization, invoice.pk))
        on = on or actor.organization.today(now)
        prepared = credited.prepare(credited.by_amount(None), [], reason, on, series)
        [entry] = post_entries(actor.organization, [prepared.draft], actor=actor, now=now)
        return write_credit(audit, prepared, entry)


def prepare_refunded(
    organization: Organization, invoice: Invoice, amount: int, reason: str, on: date
) -> PreparedCredit:
    """The credit note that goes with a refund; `invoice` is locked by the caller."""
    credited = _Credited(organization, invoice)
    return credited.prepare(credited.by_amount(amount), [], reason, on, MAIN)


class _Credited:
    """A locked invoice with what earlier credit notes have left of it."""

    def __init__(self, organization: Organization, invoice: Invoice) -> None:
        self.organization = organization
        self.invoice = invoice
        self.order: Order = Order.objects.of(organization).get(pk=invoice.order_id)
        self.sold = parts_of_order(self.order)
        self.rates = rates_of_order(self.order)
        self.left = left_of(self.sold, self._taken())

    def by_amount(self, amount: int | None) -> list[Part]:
        """Raises InvalidAmount, NothingToCredit, OverCredit. None is all that is left."""
        left = self.invoice.total_amount - self.invoice.credited_amount
        check_amount(amount)
        if not left:
            raise NothingToCredit(invoice=self.invoice.number)
        wanted = left if amount is None else amount
        if wanted > left:
            raise OverCredit(
                amount=wanted,
                currency=self.invoice.currency,
                invoice=self.invoice.number,
                left=left,
            )
        return by_amount(self.left, wanted)

    def by_items(self, items: Sequence[CreditItem]) -> tuple[list[Part], list[ItemAmounts]]:
        """Raises InvalidCreditNote, ItemOverCredit, NothingToCredit."""
        sold = {item.position: item for item in self._sold_items()}
        wanted = self._wanted(sold, items)
        gone = {item.position for item, quantity in wanted if quantity == item.left}
        parts, credited = by_items(
            self.left,
            wanted,
            self.rates,
            Rounding(self.order.rounding),
            is_everything=all(not item.left or item.position in gone for item in sold.values()),
        )
        if total_of(parts) <= 0:
            raise NothingToCredit(invoice=self.invoice.number)
        return parts, [
            ItemAmounts(
                sku=one.item.sku,
                description=one.item.description,
                quantity=one.quantity,
                unit_amount=one.item.unit_amount,
                net=one.net,
                tax=one.tax,
                order_item=one.item.id,
            )
            for one in credited
        ]

    def prepare(
        self,
        parts: Sequence[Part],
        items: Sequence[ItemAmounts],
        reason: str,
        on: date,
        series: str,
        reference: str = "",
    ) -> PreparedCredit:
        """Raises InvalidTransaction, InvalidCreditNote and what prepare_credit raises."""
        if on < self.invoice.issued_on:
            raise InvalidCreditNote(
                field="on",
                problem=f"{self.invoice.number} was issued on {self.invoice.issued_on}, which is "
                f"after {on}",
            )
        return prepare_credit(
            self.organization,
            CreditRequest(
                currency=self.invoice.currency,
                parts=parts,
                rates=self.rates,
                reason=check_reason(reason),
                on=on,
                series=series,
                invoice=self.invoice,
                customer_id=self.invoice.customer_id,
                items=items,
                reference=reference,
            ),
        )

    def _taken(self) -> Iterator[Part]:
        if self.invoice.credited_amount:
            snapshots = (
                CreditNote.objects.of(self.organization)
                .filter(invoice_id=self.invoice.pk)
                .values_list("snapshot", flat=True)
            )
            for snapshot in snapshots:
                yield from parts_of(snapshot)

    def _sold_items(self) -> Iterator[SoldItem]:
        credited = self._credited_by_item()
        rows = OrderItem.objects.of(self.organization).filter(order_id=self.order.pk)
        for row, part in zip(rows.order_by("position"), self.sold, strict=True):
            yield SoldItem(
                row.pk,
                row.position,
                row.sku,
                row.description,
                row.quantity,
                row.unit_amount,
                row.discount_amount,
                part,
                *credited.get(row.pk, ()),
            )

    def _credited_by_item(self) -> dict[UUID, tuple[Any, ...]]:
        if not self.invoice.credited_amount:
            return {}
        rows = (
            CreditNoteItem.objects.of(self.organization)
            .filter(credit_note__invoice_id=self.invoice.pk)
            .order_by()
            .values_list("order_item_id")
            .annotate(Sum("quantity"), Sum("net_amount"), Sum("tax_amount"))
        )
        return {item: (quantity, int(net), int(tax)) for item, quantity, net, tax in rows}

    def _wanted(
        self, sold: dict[int, SoldItem], items: Sequence[CreditItem]
    ) -> list[tuple[SoldItem, Decimal]]:
        wanted: dict[int, tuple[SoldItem, Decimal]] = {}
        for position, quantity in items:
            item = sold.get(position)
            if item is None or position in wanted:
                problem = "has no item" if item is None else "names twice the item"
                raise _invalid(f"{self.invoice.number} {problem} {shown(position)}")
            checked = _check_quantity(position, quantity)
            if checked > item.left:
                raise ItemOverCredit(
                    quantity=plain_number(checked),
                    item=item.description or item.sku,
                    invoice=self.invoice.number,
                    left=plain_number(item.left),
                )
            wanted[position] = item, checked
        if not wanted:
            raise _invalid("there are none")
        return list(wanted.values())


def _check_quantity(position: int, quantity: Any) -> Decimal:
    problem = quantity_problem(quantity)
    if problem is not None:
        raise _invalid(f"item {position}: {problem}")
    return Decimal(quantity)


def _invalid(problem: str) -> InvalidCreditNote:
    return InvalidCreditNote(field="items", problem=problem)
