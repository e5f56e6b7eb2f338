"""Which invoice a cancellation takes back: the file does not say.

It is the customer's latest unpaid invoice, not younger than the cancellation and taxed alike, that
has all its goods at the same prices and as many of each left, provided that crediting them comes
to the cancellation's own tax. Where there is none, what is cancelled was sold before these books
began, or has been paid.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Sum

from core.rounding import round_half_up
from invoicing import tax
from invoicing.imports.books import goods_of
from invoicing.imports.documents import SalesDocument
from invoicing.models import CreditNote, CreditNoteItem, Customer, Invoice, OrderItem, TaxRate
from invoicing.selectors.profile import rounding_of
from invoicing.services.crediting import CreditItem
from organizations.models import Organization


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The invoice, and what of it is taken back."""

    invoice: Invoice
    items: Sequence[CreditItem]


@dataclass(frozen=True, slots=True)
class _Left:
    """What of an invoice has not been credited."""

    net_amount: int
    tax_amount: int
    items: Sequence[tuple[OrderItem, Decimal]]


_Picked = Sequence[tuple[OrderItem, Decimal]]


def cancelled_invoice(
    organization: Organization, document: SalesDocument, customer: Customer, rate: TaxRate
) -> Cancelled | None:
    """None where no invoice will do."""
    own_tax = _tax(
        ((abs(line.quantity), line.unit_amount) for line in document.lines),
        rate,
        rounding_of(organization),
    )
    for invoice in _candidates(organization, document, customer, rate):
        left = _left_of(organization, invoice)
        picked = _pick(left, document, rate)
        if picked and _comes_to(document.net_amount, own_tax, picked, left, rate, invoice):
            items = [CreditItem(item.position, quantity) for item, quantity in picked]
            return Cancelled(invoice, items)
    return None


def _candidates(
    organization: Organization, document: SalesDocument, customer: Customer, rate: TaxRate
) -> Iterator[Invoice]:
    """The latest first."""
    invoices: Iterator[Invoice] = (
        Invoice.objects.of(organization)
        .filter(
            customer=customer,
            issued_on__lte=document.day,
            paid_amount=0,
            open_amount__gte=document.net_amount,
            order__items__sku=document.lines[0].sku,
            order__items__unit_amount=document.lines[0].unit_amount,
            order__tax_lines__code=rate.code,
            order__tax_lines__percentage=rate.percentage,
        )
        .select_related("order")
        .order_by("-issued_on", "-fiscal_year", "-sequence")
        .distinct()
        .iterator(chunk_size=50)
    )
    return invoices


def _left_of(organization: Organization, invoice: Invoice) -> _Left:
    credited = (
        CreditNote.objects.of(organization)
        .filter(invoice=invoice)
        .aggregate(net=Sum("subtotal_amount"), tax=Sum("tax_amount"))
    )
    taken_back = dict(
        CreditNoteItem.objects.of(organization)
        .filter(credit_note__invoice=invoice)
        .values_list("order_item_id")
        .annotate(taken_back=Sum("quantity"))
    )
    sold = OrderItem.objects.of(organization).filter(order=invoice.order_id).order_by("position")
    return _Left(
        invoice.subtotal_amount - (credited["net"] or 0),
        invoice.tax_amount - (credited["tax"] or 0),
        [(item, item.quantity - taken_back.get(item.pk, 0)) for item in sold],
    )


def _pick(left: _Left, document: SalesDocument, rate: TaxRate) -> _Picked | None:
    """Of which items how many come back, the first ones first; None if there are not enough."""
    wanted = goods_of(document)
    picked: list[tuple[OrderItem, Decimal]] = []
    for item, quantity in left.items:
        missing = wanted.get((item.sku, item.unit_amount), Decimal(0))
        if item.tax_codes == [rate.code] and not item.discount_amount and missing and quantity:
            taken = min(quantity, missing)
            wanted[item.sku, item.unit_amount] -= taken
            picked.append((item, taken))
    return None if any(wanted.values()) else picked


def _comes_to(
    net_amount: int, tax_amount: int, picked: _Picked, left: _Left, rate: TaxRate, invoice: Invoice
) -> bool:
    """Whether the credit note would have these amounts.

    Who takes back all that is left gets what is left, to the penny; nobody gets more.
    """
    prices = [(quantity, item.unit_amount) for item, quantity in picked]
    net = sum(round_half_up(quantity * unit_amount) for quantity, unit_amount in prices)
    if (net, _tax(prices, rate, invoice.order.rounding)) != (net_amount, tax_amount):
        return False
    if sum(quantity for _, quantity in left.items) == sum(quantity for _, quantity in picked):
        return (net_amount, tax_amount) == (left.net_amount, left.tax_amount)
    return net_amount <= left.net_amount and tax_amount <= left.tax_amount


def _tax(prices: Iterable[tuple[Decimal, int]], rate: TaxRate, rounding: str) -> int:
    """On quantities at unit amounts."""
    rates = (tax.Rate(rate.code, rate.name, rate.percentage, category=rate.category),)
    lines = [tax.Line(quantity, unit_amount, rates=rates) for quantity, unit_amount in prices]
    return tax.calculate(lines, tax.Rounding(rounding)).tax_amount
