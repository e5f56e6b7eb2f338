"""What of a sales file is in the books already, and what its customers owe."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from core.db import prepared_cursor
from invoicing.imports.documents import SalesDocument
from invoicing.models import (
    CreditNote,
    CreditNoteItem,
    Customer,
    FinancialTransaction,
    Invoice,
    Order,
    OrderItem,
)
from organizations.models import Organization

# How many were sold, by SKU and price in minor units.
Goods = dict[tuple[str, int], Decimal]


@dataclass(frozen=True, slots=True)
class Booked:
    """A document that is in the books under the number that one of the file has.

    `day` is None where an order has no invoice, `invoice` where it is a credit note.
    """

    day: date | None
    customer_id: UUID | None
    goods: Goods
    invoice: Invoice | None = None

    def says_the_same(self, document: SalesDocument, customer: Customer | None) -> bool:
        return (
            self.day == document.day
            and self.customer_id == (customer.pk if customer else None)
            and self.goods == goods_of(document)
        )


def goods_of(document: SalesDocument) -> Goods:
    return _added_up((line.sku, line.unit_amount, abs(line.quantity)) for line in document.lines)


def booked_sales(organization: Organization, numbers: Iterable[str]) -> dict[str, Booked]:
    """The orders that have these references, each with its invoice."""
    orders = Order.objects.of(organization).filter(reference__in=list(numbers))
    by_id = {order.pk: order for order in orders}
    if not by_id:
        return {}
    invoices = Invoice.objects.of(organization).filter(order__in=by_id)
    invoice_of = {invoice.order_id: invoice for invoice in invoices}
    sold = OrderItem.objects.of(organization).filter(order__in=by_id)
    goods = _by_document(sold.values_list("order_id", "sku", "unit_amount", "quantity"))
    return {
        order.reference: Booked(
            invoice_of[id].issued_on if id in invoice_of else None,
            order.customer_id,
            goods[id],
            invoice_of.get(id),
        )
        for id, order in by_id.items()
    }


def booked_cancellations(organization: Organization, numbers: Iterable[str]) -> dict[str, Booked]:
    """The credit notes that have these references."""
    notes = CreditNote.objects.of(organization).filter(reference__in=list(numbers))
    by_id = {note.pk: note for note in notes}
    if not by_id:
        return {}
    credited = CreditNoteItem.objects.of(organization).filter(credit_note__in=by_id)
    goods = _by_document(credited.values_list("credit_note_id", "sku", "unit_amount", "quantity"))
    return {
        note.reference: Booked(note.issued_on, note.customer_id, goods[id])
        for id, note in by_id.items()
    }


def customers_by_code(organization: Organization, codes: Iterable[str]) -> dict[str, Customer]:
    found = Customer.objects.of(organization).filter(code__in=list(codes))
    return {customer.code: customer for customer in found}


def references_taken(organization: Organization, provider_references: Iterable[str]) -> set[str]:
    """Which of these payments are in the books."""
    return set(
        FinancialTransaction.objects.of(organization)
        .filter(provider_reference__in=list(provider_references))
        .values_list("provider_reference", flat=True)
    )


class Debt(NamedTuple):
    """Minor units: what is open on a customer's invoices, and what credit notes without an invoice
    have left to their good."""

    open_amount: int = 0
    has_open_invoices: bool = False
    credit_amount: int = 0

    @property
    def owed_amount(self) -> int:
        """Not below zero."""
        return max(0, self.open_amount - self.credit_amount)


def debt_of(organization: Organization, customer: Customer, currency: str) -> Debt:
    """As it stands now."""
    of_customer = (organization.pk, customer.pk, currency)
    with prepared_cursor() as cursor:
        cursor.execute(_DEBT, of_customer * 2)
        open_amount, has_open_invoices, credit_amount = cursor.fetchone()
    return Debt(int(open_amount), has_open_invoices, int(credit_amount))


_DEBT = """
SELECT coalesce(sum(i.open_amount), 0), coalesce(bool_or(i.open_amount > 0), false),
       (SELECT coalesce(sum(c.total_amount - c.refunded_amount), 0) FROM invoicing_creditnote c
         WHERE c.organization_id = %s AND c.customer_id = %s AND c.currency = %s
           AND c.invoice_id IS NULL)
  FROM invoicing_invoice i
 WHERE i.organization_id = %s AND i.customer_id = %s AND i.currency = %s
"""


def _by_document(
    rows: Iterable[tuple[UUID, str, int, Decimal]],
) -> defaultdict[UUID, Goods]:
    items: defaultdict[UUID, list[tuple[str, int, Decimal]]] = defaultdict(list)
    for id, sku, unit_amount, quantity in rows:
        items[id].append((sku, unit_amount, quantity))
    return defaultdict(dict, {id: _added_up(goods) for id, goods in items.items()})


def _added_up(items: Iterable[tuple[str, int, Decimal]]) -> Goods:
    goods: Goods = {}
    for sku, unit_amount, quantity in items:
        goods[sku, unit_amount] = goods.get((sku, unit_amount), Decimal(0)) + quantity
    return goods
