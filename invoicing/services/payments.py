"""Take payments, and take them back when they bounce."""

from datetime import date, datetime
from uuid import UUID

from invoicing.errors import (
    InvalidTransaction,
    NotAPayment,
    OrderCancelled,
    OrderNotLocked,
    PaymentAlreadyReversed,
    PaymentNotFound,
    PaymentRefunded,
)
from invoicing.models import (
    FinancialTransaction,
    Invoice,
    Order,
    OrderStatus,
    TransactionStatus,
    TransactionType,
)
from invoicing.services.issuing import issue
from invoicing.services.locking import lock_invoice, lock_invoice_of, lock_order
from invoicing.services.paying import PaymentDraft, pay
from invoicing.services.postings import Document, payment_taken_back
from invoicing.services.transactions import (
    check_reason,
    insert_transaction,
    record_transaction,
)
from ledger.models import JournalLine
from ledger.services.posting import post_entries
from organizations.actors import Actor
from organizations.services.auditing import atomic_use_case


def record_payment(
    *,
    actor: Actor,
    invoice: Invoice,
    method: str,
    amount: int | None = None,
    provider_reference: str = "",
    on: date | None = None,
    now: datetime | None = None,
) -> FinancialTransaction:
    """Take a payment of an invoice: of all that is open, unless an amount (minor units) is given.

    Raises:
        InvoiceNotFound, UnknownMethod, InvalidAmount, NothingOwed, OverPayment,
        ProviderReferenceTaken, RoleUnfilled, BooksClosed: nothing was written.
    """
    with atomic_use_case(actor, "record_payment") as audit:
        locked = lock_invoice(actor.organization, invoice.pk)
        draft = PaymentDraft(method, amount, provider_reference, on)
        return pay(audit, actor, locked, draft, now=now)


def pay_order(
    *,
    actor: Actor,
    order: Order,
    method: str,
    amount: int | None = None,
    provider_reference: str = "",
    on: date | None = None,
    now: datetime | None = None,
) -> FinancialTransaction:
    """The same for the invoice of an order, which is issued in the same transaction where the
    order has none yet, dated the day of the payment.

    Raises:
        OrderNotFound, OrderNotLocked, OrderCancelled and what `record_payment` raises.
    """
    with atomic_use_case(actor, "pay_order") as audit:
        locked = lock_order(actor.organization, order.pk)
        if locked.status == OrderStatus.DRAFT:
            raise OrderNotLocked(order=locked.name, status=locked.status)
        if locked.status == OrderStatus.CANCELLED:
            raise OrderCancelled(order=locked.name)
        invoice = lock_invoice_of(locked) or issue(audit, actor, locked, issued_on=on, now=now)
        draft = PaymentDraft(method, amount, provider_reference, on)
        return pay(audit, actor, invoice, draft, now=now)


def reverse_payment(
    *,
    actor: Actor,
    payment: FinancialTransaction,
    reason: str,
    on: date | None = None,
    now: datetime | None = None,
) -> FinancialTransaction:
    """Take back a payment that came to nothing (a cheque that bounced, a direct debit returned):
    its invoice is open again. Returns the debit.

    Raises:
        PaymentNotFound, NotAPayment, PaymentAlreadyReversed, PaymentRefunded, BooksClosed
        InvalidTransaction: `on` lies before the payment.
    """
    reason = check_reason(reason)
    organization = actor.organization
    with atomic_use_case(actor, "reverse_payment") as audit:
        invoice, taken = _lock_payment(actor, payment)
        on = on or organization.today(now)
        if on < taken.occurred_on:
            raise InvalidTransaction(
                field="on", problem=f"the payment was made on {taken.occurred_on}, after {on}"
            )
        draft = payment_taken_back(
            Document.invoice(invoice.pk, invoice.number),
            taken.pk,
            on,
            taken.amount,
            taken.method,
            # Where the payment went in, whichever account has the role by now.
            account=_account_paid_into(taken),
            receivable=invoice.receivable_id,
        )
        [entry] = post_entries(organization, [draft], actor=actor, now=now)
        debit = FinancialTransaction(
            organization=organization,
            type=TransactionType.DEBIT,
            invoice_id=invoice.pk,
            customer_id=invoice.customer_id,
            reverses_id=taken.pk,
            method=taken.method,
            amount=taken.amount,
            currency=taken.currency,
            occurred_on=on,
            reason=reason,
            entry_id=entry.pk,
        )
        insert_transaction(debit)
        record_transaction(audit, debit, invoice)
    return debit


def _lock_payment(
    actor: Actor, payment: FinancialTransaction
) -> tuple[Invoice, FinancialTransaction]:
    """The payment as it stands, behind the lock of its invoice."""
    payments = FinancialTransaction.objects.of(actor.organization).filter(pk=payment.pk)
    found = payments.values_list("invoice_id", "type").first()
    if found is None:
        raise PaymentNotFound(payment=str(payment.pk))
    invoice_id, type = found
    if type != TransactionType.CREDIT:
        raise NotAPayment(payment=str(payment.pk))
    invoice = lock_invoice(actor.organization, invoice_id)
    taken: FinancialTransaction = payments.get()
    if taken.status == TransactionStatus.REVERSED:
        raise PaymentAlreadyReversed(payment=str(taken.pk))
    left = invoice.paid_amount - invoice.refunded_amount
    if taken.amount > left:
        raise PaymentRefunded(amount=taken.amount, left=left, document=invoice.number)
    return invoice, taken


def _account_paid_into(payment: FinancialTransaction) -> UUID:
    account: UUID = (
        JournalLine.objects.of(payment.organization_id)
        .filter(entry_id=payment.entry_id, debit__gt=0)
        .values_list("account_id", flat=True)
        .get()
    )
    return account
