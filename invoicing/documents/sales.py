"""Invoices and credit notes, worded from the rows and snapshots that their issue froze."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from core.money import format_amount
from core.rounding import round_half_up
from invoicing.documents.content import Fact, Item, Notice, SalesDocument, Sum
from invoicing.documents.parties import buyer_of, letterhead_of
from invoicing.documents.taxes import Tax, rates_on_line, tax_notes, tax_rows
from invoicing.documents.wording import (
    written_day,
    written_money,
    written_quantity,
)
from invoicing.models import CreditNote, CreditNoteItem, CreditNoteTaxLine, Invoice, Order
from invoicing.selectors.profile import get_profile


def invoice_document(invoice: Invoice) -> SalesDocument:
    """The invoice, with what has been paid and credited until now."""
    order = invoice.order
    frozen: dict[str, Any] = order.snapshot or {}
    taxes = [Tax.of_snapshot(line) for line in frozen.get("tax_lines", ())]
    return SalesDocument(
        kind="invoice",
        title="Invoice",
        number=invoice.number,
        dated=invoice.issued_on,
        letterhead=letterhead_of(invoice.snapshot["seller"], get_profile(invoice.organization)),
        buyer=buyer_of(invoice.snapshot.get("buyer")),
        currency=invoice.currency,
        facts=_invoice_facts(invoice, order),
        notices=_invoice_notices(invoice),
        notes=(*_payment_terms(invoice), *tax_notes(taxes)),
        items=_sold_items(frozen.get("items", ()), taxes, invoice.currency),
        taxes=tax_rows(taxes, invoice.currency),
        sums=_invoice_sums(invoice),
    )


def credit_note_document(credit_note: CreditNote) -> SalesDocument:
    """The credit note, with what has been paid out on it where it has no invoice."""
    rows = CreditNoteTaxLine.objects.of(credit_note.organization_id)
    taxes = [Tax.of_row(row) for row in rows.filter(credit_note_id=credit_note.pk)]
    return SalesDocument(
        kind="credit-note",
        title="Credit note",
        number=credit_note.number,
        dated=credit_note.issued_on,
        letterhead=letterhead_of(
            credit_note.snapshot["seller"], get_profile(credit_note.organization)
        ),
        buyer=buyer_of(credit_note.snapshot.get("buyer")),
        currency=credit_note.currency,
        facts=_credit_facts(credit_note),
        notes=(f"Reason: {credit_note.reason}", *tax_notes(taxes)),
        items=_credited_items(credit_note, taxes),
        taxes=tax_rows(taxes, credit_note.currency),
        sums=_credit_sums(credit_note, taxes),
    )


# --- The invoice ----------------------------------------------------------------------------------


def _invoice_facts(invoice: Invoice, order: Order) -> tuple[Fact, ...]:
    facts = [
        Fact("Invoice number", invoice.number),
        Fact("Issue date", written_day(invoice.issued_on)),
        Fact("Due date", written_day(invoice.due_on)),
    ]
    if order.taxed_on and order.taxed_on != invoice.issued_on:
        facts.append(Fact("Tax point", written_day(order.taxed_on)))
    if order.reference:
        facts.append(Fact("Order", order.reference))
    return (*facts, *_customer_number(invoice.snapshot), Fact("Currency", invoice.currency))


def _customer_number(snapshot: dict[str, Any]) -> list[Fact]:
    buyer = buyer_of(snapshot.get("buyer"))
    return [Fact("Customer number", buyer.code)] if buyer and buyer.code else []


def _invoice_notices(invoice: Invoice) -> tuple[Notice, ...]:
    """What a reader has to know before all figures: that nothing is to be paid any more."""
    if invoice.total_amount and invoice.credited_amount == invoice.total_amount:
        return (Notice("Credited in full", "bad"),)
    if invoice.open_amount <= 0:
        return (Notice("Paid", "good"),)
    return ()


def _payment_terms(invoice: Invoice) -> list[str]:
    if invoice.open_amount <= 0:
        return []
    days = (invoice.due_on - invoice.issued_on).days
    by = written_day(invoice.due_on)
    if not days:
        return [f"Payment terms: due on receipt, {by}."]
    return [f"Payment terms: {days} day{'s' if days > 1 else ''}, due by {by}."]


def _invoice_sums(invoice: Invoice) -> tuple[Sum, ...]:
    def amount(of: int) -> str:
        return format_amount(of, invoice.currency)

    sums = [
        Sum("Subtotal", amount(invoice.subtotal_amount)),
        Sum("Tax", amount(invoice.tax_amount)),
        Sum("Total", written_money(invoice.total_amount, invoice.currency), strong=True),
    ]
    if invoice.paid_amount:
        sums.append(Sum("Paid", amount(-invoice.paid_amount)))
    if invoice.refunded_amount:
        sums.append(Sum("Refunded", amount(invoice.refunded_amount)))
    if invoice.credited_amount:
        sums.append(Sum("Credited", amount(-invoice.credited_amount)))
    if invoice.open_amount < 0:
        owed = written_money(-invoice.open_amount, invoice.currency)
        return (*sums, Sum("Owed to you", owed, strong=True))
    due = written_money(invoice.open_amount, invoice.currency)
    return (*sums, Sum("Amount due", due, strong=True))


def _sold_items(
    items: Sequence[dict[str, Any]], taxes: Iterable[Tax], currency: str
) -> tuple[Item, ...]:
    by_code = {tax.code: tax for tax in taxes}
    discounted = any(item["discount_amount"] for item in items)
    inclusive = any(tax.inclusive for tax in by_code.values())
    return tuple(
        Item(
            position=str(item["position"]),
            sku=item["sku"],
            description=item["description"],
            quantity=written_quantity(Decimal(item["quantity"])),
            unit=format_amount(item["unit_amount"], currency),
            discount=_discount(item["discount_amount"], currency) if discounted else "",
            rates=rates_on_line([tax["code"] for tax in item["taxes"]], by_code),
            net=format_amount(item["net_amount"], currency),
            total=format_amount(item["total_amount"], currency) if inclusive else "",
        )
        for item in items
    )


def _discount(amount: int, currency: str) -> str:
    return format_amount(-amount, currency) if amount else "–"


# --- The credit note ------------------------------------------------------------------------------


def _credit_facts(credit_note: CreditNote) -> tuple[Fact, ...]:
    facts = [
        Fact("Credit note number", credit_note.number),
        Fact("Issue date", written_day(credit_note.issued_on)),
    ]
    if invoice := credit_note.invoice:
        facts.append(Fact("Credits invoice", invoice.number))
        facts.append(Fact("Invoice date", written_day(invoice.issued_on)))
    if credit_note.reference:
        facts.append(Fact("Reference", credit_note.reference))
    customer = _customer_number(credit_note.snapshot)
    return (*facts, *customer, Fact("Currency", credit_note.currency))


def _credit_sums(credit_note: CreditNote, taxes: Sequence[Tax]) -> tuple[Sum, ...]:
    def amount(of: int) -> str:
        return format_amount(of, credit_note.currency)

    total = written_money(credit_note.total_amount, credit_note.currency)
    sums = [
        Sum("Subtotal", amount(credit_note.subtotal_amount)),
        Sum("Tax", amount(credit_note.tax_amount)),
        Sum("Total credited", total, strong=True),
    ]
    if credit_note.refunded_amount:
        left = credit_note.total_amount - credit_note.refunded_amount
        sums.append(Sum("Refunded", amount(-credit_note.refunded_amount)))
        sums.append(Sum("Left to your credit", written_money(left, credit_note.currency), True))
    return tuple(sums)


def _credited_items(credit_note: CreditNote, taxes: Sequence[Tax]) -> tuple[Item, ...]:
    """The lines that are taken back; none where an amount was credited as a whole."""
    rows = CreditNoteItem.objects.of(credit_note.organization_id)
    items = list(rows.filter(credit_note_id=credit_note.pk).select_related("order_item"))
    by_code = {tax.code: tax for tax in taxes}
    discounts = [discount_credited(item, taxes) for item in items]
    currency = credit_note.currency
    inclusive = any(tax.inclusive for tax in taxes)
    return tuple(
        Item(
            position=str(item.position),
            sku=item.sku,
            description=item.description,
            quantity=written_quantity(item.quantity),
            unit=format_amount(item.unit_amount, currency),
            discount=_discount(discount, currency) if any(discounts) else "",
            rates=_rates_of(item, taxes, by_code),
            net=format_amount(item.net_amount, currency),
            total=format_amount(item.total_amount, currency) if inclusive else "",
        )
        for item, discount in zip(items, discounts, strict=True)
    )


def discount_credited(item: CreditNoteItem, taxes: Iterable[Tax | CreditNoteTaxLine]) -> int:
    """What of the discount went with the item that was credited: what quantity times price is above
    the amount in which the item is priced. 0 where only some prices hold their tax."""
    inclusive = {tax.inclusive for tax in taxes if tax.tax_amount}
    if len(inclusive) > 1:
        return 0
    priced: int = item.total_amount if True in inclusive else item.net_amount
    return max(0, round_half_up(item.quantity * item.unit_amount) - priced)


def _rates_of(item: CreditNoteItem, taxes: Sequence[Tax], by_code: dict[str, Tax]) -> str:
    """As the order's item was taxed; without an order, only where there is but one rate."""
    if item.order_item is not None:
        return rates_on_line(item.order_item.tax_codes or (), by_code)
    if len(taxes) == 1 and (item.tax_amount or not taxes[0].percentage):
        return rates_on_line([taxes[0].code], by_code)
    return ""
