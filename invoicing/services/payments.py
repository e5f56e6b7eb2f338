"""Take payments, and take them back when they bounce."""

from datetime import date, datetime
from uuid import UUID

from core.db import require_transaction, uuid7
from invoicing.errors import (
    NotAPayment,
    NothingOwed,
    OrderCancelled,
    OrderNotLocked,
    OverPayment,
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
from invoicing.services.issuing import issue, record_paid
from invoicing.services.locking import lock_invoice, lock_invoice_of, lock_order
from invoicing.services.postings import Document, payment_taken_back
from invoicing.services.postings import payment as payment_draft
from invoicing.services.transactions import (
    account_of,
    check_amount,
    check_method,
    check_provider_reference,
    check_reason,
    insert_transaction,
    record_transaction,
)
from ledger.models import JournalLine
from ledger.services.posting import post_entries
from organizations.actors import Actor
from organizations.services.auditing import Audit, atomic_use_case


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
        return pay(audit, actor, locked, method, amount, provider_reference, on=on, now=now)


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
        return pay(audit, actor, invoice, method, amount, provider_reference, on=on, now=now)


def pay(
    audit: Audit,
    actor: Actor,
    invoice: Invoice,
    method: str,
    amount: int | None = None,
    provider_reference: str = "",
    *,
    on: date | None = None,
    now: datetime | None = None,
) -> FinancialTransaction:
    """The part: `invoice` is as its caller has locked or issued it in this transaction."""
    require_transaction()
    check_method(method)
    check_amount(amount)
    organization = actor.organization
    check_provider_reference(organization, provider_reference)
    wanted = _payable(invoice, amount)
    on = on or organization.today(now)
    id = uuid7()
    draft = payment_draft(
        Document.invoice(invoice.pk, invoice.number),
        id,
        on,
        wanted,
        method,
        account=account_of(organization, method, invoice.currency),
        receivable=invoice.receivable_id,
    )
    [entry] = post_entries(organization, [draft], actor=actor, now=now)
    paid = FinancialTransaction(
        organization=organization,
        id=id,
        type=TransactionType.CREDIT,
        invoice_id=invoice.pk,
        customer_id=invoice.customer_id,
        method=method,
        amount=wanted,
        currency=invoice.currency,
        provider_reference=provider_reference,
        occurred_on=on,
        entry_id=entry.pk,
    )
    insert_transaction(paid)
    record_transaction(audit, paid, invoice)
    if wanted == invoice.open_amount:
        record_paid(audit, invoice)
    return paid


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
    """
    reason = check_reason(reason)
    organization = actor.organization
    with atomic_use_case(actor, "reverse_payment") as audit:
        invoice, taken = _lock_payment(actor, payment)
        on = on or organization.today(now)
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


def _payable(invoice: Invoice, amount: int | None) -> int:
    """The amount to be paid: what is given, within what is open, or else all of that."""
    owed: int = invoice.open_amount
    if owed <= 0:
        raise NothingOwed(invoice=invoice.number)
    if amount is None:
        return owed
    if amount > owed:
        raise OverPayment(
            amount=amount, currency=invoice.currency, invoice=invoice.number, open=owed
        )
    return amount


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
