"""Issue an invoice from a locked order."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from core.db import require_transaction
from core.db.rows import insert_row
from invoicing.errors import (
    DueBeforeIssue,
    NumberingChanged,
    OrderAlreadyInvoiced,
    OrderCancelled,
    OrderNotLocked,
)
from invoicing.models import Customer, DocumentKind, Invoice, InvoiceStatus, Order, OrderStatus
from invoicing.parts import merged
from invoicing.services.issue_facts import IssueFacts, issue_facts
from invoicing.services.locking import lock_invoice, lock_order
from invoicing.services.numbering import MAIN, lock_number
from invoicing.services.order_parts import parts_of_order
from invoicing.services.orders import ItemDraft, add_locked_order
from invoicing.services.paying import PaymentDraft, pay, record_paid
from invoicing.services.postings import Document, issuance
from ledger.models import AccountRole
from ledger.services.posting import post_entries
from organizations.actors import Actor
from organizations.services.auditing import Audit, atomic_use_case

_ROLES = (AccountRole.ACCOUNTS_RECEIVABLE, AccountRole.SALES_REVENUE, AccountRole.TAX_PAYABLE)
_GIVEN = ("fiscal_year", "sequence", "number", "open_amount", "status", "created_at")


def issue_invoice(
    *,
    actor: Actor,
    order: Order,
    issued_on: date | None = None,
    due_on: date | None = None,
    series: str = MAIN,
    now: datetime | None = None,
) -> Invoice:
    """Issue the invoice of a locked order: its number, its posting, its claim on the customer.

    `issued_on` is today by default; `due_on` follows from the customer's terms, or else the
    organization's.

    Raises:
        OrderNotFound, OrderNotLocked, OrderCancelled, OrderAlreadyInvoiced, DueBeforeIssue,
        SeriesNotFound, RoleUnfilled, BooksClosed, …: nothing was written, no number is used up.
    """
    with atomic_use_case(actor, "issue_invoice") as audit:
        locked = lock_order(actor.organization, order.pk)
        return issue(
            audit, actor, locked, issued_on=issued_on, due_on=due_on, series=series, now=now
        )


def invoice_order(
    *,
    actor: Actor,
    currency: str,
    items: Sequence[ItemDraft],
    customer: Customer | None = None,
    reference: str = "",
    metadata: Mapping[str, Any] | None = None,
    country: str | None = None,
    region: str | None = None,
    issued_on: date | None = None,
    due_on: date | None = None,
    series: str = MAIN,
    payment: PaymentDraft | None = None,
    now: datetime | None = None,
) -> Invoice:
    """An order created, locked and issued in one transaction, and paid where a payment comes with
    it; taxed with the rates of the day of the issue.

    Raises:
        What `create_order`, `lock_order`, `issue_invoice` and `record_payment` raise.
    """
    on = issued_on or actor.organization.today(now)
    with atomic_use_case(actor, "invoice_order") as audit:
        order = add_locked_order(
            audit,
            actor,
            currency=currency,
            items=items,
            customer=customer,
            reference=reference,
            metadata=metadata,
            country=country,
            region=region,
            on=on,
            now=now,
        )
        invoice = issue(audit, actor, order, issued_on=on, due_on=due_on, series=series, now=now)
        if payment is not None:
            pay(audit, actor, invoice, payment._replace(on=payment.on or on), now=now)
            invoice = lock_invoice(actor.organization, invoice.pk)
    return invoice


def issue(
    audit: Audit,
    actor: Actor,
    order: Order,
    *,
    issued_on: date | None = None,
    due_on: date | None = None,
    series: str = MAIN,
    now: datetime | None = None,
) -> Invoice:
    """The part: `order` is as its caller has locked it in this transaction. Raises as above."""
    require_transaction()
    _check_is_locked(order)
    organization = actor.organization
    on = issued_on or organization.today(now)
    facts = issue_facts(organization, order.customer_id, order.currency, _ROLES, order.pk)
    if facts.invoiced_as is not None:
        raise OrderAlreadyInvoiced(order=order.name, invoice=facts.invoiced_as)
    due_on = due_on or _due_after(on, facts.payment_terms_days)
    if due_on < on:
        raise DueBeforeIssue(issued_on=on.isoformat(), due_on=due_on.isoformat())
    receivable = facts.accounts[AccountRole.ACCOUNTS_RECEIVABLE]
    next_number = lock_number(organization, DocumentKind.INVOICE, series, on)
    invoice = Invoice(
        organization=organization,
        series_id=next_number.series_id,
        issued_on=on,
        order_id=order.pk,
        customer_id=order.customer_id,
        due_on=due_on,
        currency=order.currency,
        subtotal_amount=order.subtotal_amount,
        tax_amount=order.tax_amount,
        total_amount=order.total_amount,
        snapshot=facts.snapshot,
        receivable_id=receivable,
    )
    if invoice.total_amount:
        invoice.entry_id = _post(actor, order, invoice, facts, next_number.number, now)
    insert_row(invoice, _GIVEN)
    if invoice.number != next_number.number:
        # The series or the fiscal year changed in between; the entry would say another number.
        raise NumberingChanged(number=next_number.number)
    _record(audit, order, invoice)
    return invoice


def _check_is_locked(order: Order) -> None:
    if order.status == OrderStatus.CANCELLED:
        # Also one whose invoice was voided.
        raise OrderCancelled(order=order.name)
    if order.status == OrderStatus.DRAFT:
        raise OrderNotLocked(order=order.name, status=order.status)


def _due_after(issued_on: date, days: int) -> date:
    try:
        return issued_on + timedelta(days=days)
    except OverflowError:
        # Dated so late that the books refuse it anyway, by a message that says so.
        return date.max


def _post(
    actor: Actor,
    order: Order,
    invoice: Invoice,
    facts: IssueFacts,
    number: str,
    now: datetime | None,
) -> UUID:
    """Post the issue; the id of its entry."""
    parts = merged(parts_of_order(order))
    draft = issuance(
        Document.invoice(invoice.pk, number, facts.customer_name),
        invoice.issued_on,
        parts,
        receivable=invoice.receivable_id,
        accounts=facts.accounts,
    )
    # Accounts of the items' own are not among those that fill the roles.
    known = None if any(part.account for part in parts) else facts.accounts.known
    [entry] = post_entries(actor.organization, [draft], actor=actor, now=now, accounts=known)
    id: UUID = entry.pk
    return id


def _record(audit: Audit, order: Order, invoice: Invoice) -> None:
    said = {
        "invoice": invoice.pk,
        "number": invoice.number,
        "order": order.pk,
        "total_amount": invoice.total_amount,
        "currency": invoice.currency,
    }
    audit(invoice, after={**said, "issued_on": invoice.issued_on, "due_on": invoice.due_on})
    audit.event("invoice_issued", invoice, **said)
    if invoice.status == InvoiceStatus.PAID:
        # What costs nothing is paid.
        record_paid(audit, invoice)
