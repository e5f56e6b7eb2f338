"""Give money back for what was sold."""

from datetime import date, datetime

from invoicing.errors import (
    CreditNoteOfAnInvoice,
    InvalidTransaction,
    NothingToRefund,
    OrderNotPaid,
    OverRefund,
)
from invoicing.models import (
    CreditNote,
    FinancialTransaction,
    Invoice,
    Order,
    TransactionStatus,
    TransactionType,
)
from invoicing.services.crediting import prepare_refunded, write_credit
from invoicing.services.locking import (
    lock_credit_note,
    lock_invoice,
    lock_invoice_of,
    lock_order,
)
from invoicing.services.postings import Document
from invoicing.services.postings import refund as refund_draft
from invoicing.services.transactions import (
    account_of,
    as_told,
    check_amount,
    check_method,
    check_provider_reference,
    check_reason,
    insert_transaction,
    record_transaction,
)
from ledger.drafts import EntryDraft
from ledger.services.posting import post_entries
from organizations.actors import Actor
from organizations.models import Organization
from organizations.services.auditing import Audit, atomic_use_case


def refund_invoice(
    *,
    actor: Actor,
    invoice: Invoice,
    reason: str,
    amount: int | None = None,
    method: str | None = None,
    provider_reference: str = "",
    on: date | None = None,
    now: datetime | None = None,
) -> FinancialTransaction:
    """Give back an amount (minor units) of what was paid on an invoice: all of it, unless one is
    given; the way the last payment came, unless a method is given.

    What is refunded and was not credited yet is credited in the same transaction: who gets their
    money back does not owe it again.

    Raises:
        InvoiceNotFound, InvalidAmount, UnknownMethod, NothingToRefund, OverRefund,
        InvalidTransaction: also before the first payment that still stands.
        ProviderReferenceTaken, RoleUnfilled, BooksClosed, …: nothing was written.
    """
    with atomic_use_case(actor, "refund_invoice") as audit:
        locked = lock_invoice(actor.organization, invoice.pk)
        return _refund(audit, actor, locked, reason, amount, method, provider_reference, on, now)


def refund_order(
    *,
    actor: Actor,
    order: Order,
    reason: str,
    amount: int | None = None,
    method: str | None = None,
    provider_reference: str = "",
    on: date | None = None,
    now: datetime | None = None,
) -> FinancialTransaction:
    """The same for the invoice of an order.

    Raises:
        OrderNotFound, OrderNotPaid and what `refund_invoice` raises.
    """
    with atomic_use_case(actor, "refund_order") as audit:
        locked = lock_order(actor.organization, order.pk)
        invoice = lock_invoice_of(locked)
        if invoice is None or not invoice.paid_amount:
            raise OrderNotPaid(order=locked.name)
        return _refund(audit, actor, invoice, reason, amount, method, provider_reference, on, now)


def refund_credit_note(
    *,
    actor: Actor,
    credit_note: CreditNote,
    method: str,
    reason: str,
    amount: int | None = None,
    provider_reference: str = "",
    on: date | None = None,
    now: datetime | None = None,
) -> FinancialTransaction:
    """Pay out a credit note that has no invoice: all that is left of it, unless an amount is given.

    Raises:
        CreditNoteNotFound, CreditNoteOfAnInvoice, InvalidAmount, UnknownMethod, NothingToRefund,
        OverRefund, ProviderReferenceTaken, RoleUnfilled, BooksClosed
        InvalidTransaction: also before the credit note was issued.
    """
    check_method(method)
    check_amount(amount)
    reason = check_reason(reason)
    with atomic_use_case(actor, "refund_credit_note") as audit:
        locked = lock_credit_note(actor.organization, credit_note.pk)
        if locked.invoice_id is not None:
            raise CreditNoteOfAnInvoice(credit_note=locked.number)
        wanted = _refundable(locked, locked.total_amount - locked.refunded_amount, amount)
        provider_reference = check_provider_reference(actor.organization, provider_reference)
        on = on or actor.organization.today(now)
        if on < locked.issued_on:
            raise _too_early(f"{locked.number} was issued on {locked.issued_on}, after {on}")
        refund, draft = _prepare(
            actor.organization, locked, wanted, method, reason, provider_reference, on
        )
        [entry] = post_entries(actor.organization, [draft], actor=actor, now=now)
        refund.entry_id = entry.pk
        insert_transaction(refund)
        record_transaction(audit, refund, locked)
    return refund


def _refund(
    audit: Audit,
    actor: Actor,
    invoice: Invoice,
    reason: str,
    amount: int | None,
    method: str | None,
    provider_reference: str,
    on: date | None,
    now: datetime | None,
) -> FinancialTransaction:
    organization = actor.organization
    if method is not None:
        check_method(method)
    check_amount(amount)
    reason = check_reason(reason)
    provider_reference = check_provider_reference(organization, provider_reference)
    wanted = _refundable(invoice, invoice.paid_amount - invoice.refunded_amount, amount)
    on = on or organization.today(now)
    payments = _payments_of(invoice)
    first_paid_on, last_method = payments[0][0], payments[-1][1]
    if on < first_paid_on:
        raise _too_early(f"{invoice.number} was first paid on {first_paid_on}, after {on}")
    to_credit = wanted - min(wanted, max(0, -invoice.open_amount))
    credit = prepare_refunded(organization, invoice, to_credit, reason, on) if to_credit else None
    method = method or last_method
    refund, draft = _prepare(organization, invoice, wanted, method, reason, provider_reference, on)
    drafts = [credit.draft, draft] if credit else [draft]
    entries = post_entries(organization, drafts, actor=actor, now=now)
    if credit:
        # Before the refund: what goes back is never more than what is owed to the customer.
        write_credit(audit, credit, entries[0])
    refund.entry_id = entries[-1].pk
    insert_transaction(refund)
    record_transaction(audit, refund, invoice)
    order = Order(organization_id=invoice.organization_id, id=invoice.order_id)
    audit.event("order_refunded", order, order=order.pk, **as_told(refund, invoice))
    return refund


def _refundable(document: Invoice | CreditNote, left: int, amount: int | None) -> int:
    """The amount to be refunded: what is given, within what is left, or else all of that."""
    if amount is None and not left:
        raise NothingToRefund(document=document.number)
    if amount is not None and amount > left:
        raise OverRefund(
            amount=amount, currency=document.currency, document=document.number, left=left
        )
    return left if amount is None else amount


def _too_early(problem: str) -> InvalidTransaction:
    return InvalidTransaction(field="on", problem=problem)


def _payments_of(invoice: Invoice) -> list[tuple[date, str]]:
    """Day and method of those that were not taken back, the earliest first."""
    return list(
        FinancialTransaction.objects.of(invoice.organization_id)
        .filter(
            invoice_id=invoice.pk,
            type=TransactionType.CREDIT,
            status=TransactionStatus.COMPLETED,
        )
        .order_by("occurred_on", "id")
        .values_list("occurred_on", "method")
    )


def _prepare(
    organization: Organization,
    document: Invoice | CreditNote,
    amount: int,
    method: str,
    reason: str,
    provider_reference: str,
    on: date,
) -> tuple[FinancialTransaction, EntryDraft]:
    """The refund without its entry, and what it posts. Raises RoleUnfilled."""
    is_invoice = isinstance(document, Invoice)
    refund = FinancialTransaction(
        organization=organization,
        type=TransactionType.REFUND,
        invoice_id=document.pk if is_invoice else None,
        credit_note_id=None if is_invoice else document.pk,
        customer_id=document.customer_id,
        method=method,
        amount=amount,
        currency=document.currency,
        provider_reference=provider_reference,
        occurred_on=on,
        reason=reason,
    )
    fact = Document.invoice if is_invoice else Document.credit_note
    draft = refund_draft(
        fact(document.pk, document.number),
        refund.pk,
        on,
        amount,
        method,
        account=account_of(organization, method, document.currency),
        receivable=document.receivable_id,
    )
    return refund, draft
