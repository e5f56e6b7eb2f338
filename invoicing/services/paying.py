"""The part that every payment of an invoice is made of."""

from datetime import date, datetime
from typing import NamedTuple

from core.db import require_transaction, uuid7
from invoicing.errors import NothingOwed, OverPayment
from invoicing.models import FinancialTransaction, Invoice, Order, TransactionType
from invoicing.services.postings import Document, payment
from invoicing.services.transactions import (
    account_of,
    check_amount,
    check_method,
    check_provider_reference,
    insert_transaction,
    record_transaction,
)
from ledger.services.posting import post_entries
from organizations.actors import Actor
from organizations.services.auditing import Audit


class PaymentDraft(NamedTuple):
    """A payment that comes with the sale: of all that is owed, unless an amount is given."""

    method: str
    amount: int | None = None
    provider_reference: str = ""
    on: date | None = None


def pay(
    audit: Audit,
    actor: Actor,
    invoice: Invoice,
    draft: PaymentDraft,
    now: datetime | None = None,
) -> FinancialTransaction:
    """Take a payment of an invoice as its caller has locked or issued it in this transaction.

    Raises:
        UnknownMethod, InvalidAmount, InvalidTransaction, ProviderReferenceTaken, NothingOwed,
        OverPayment, RoleUnfilled, BooksClosed, …
    """
    require_transaction()
    check_method(draft.method)
    check_amount(draft.amount)
    organization = actor.organization
    provider_reference = check_provider_reference(organization, draft.provider_reference)
    amount = _payable(invoice, draft.amount)
    on = draft.on or organization.today(now)
    id = uuid7()
    posting = payment(
        Document.invoice(invoice.pk, invoice.number),
        id,
        on,
        amount,
        draft.method,
        account=account_of(organization, draft.method, invoice.currency),
        receivable=invoice.receivable_id,
    )
    [entry] = post_entries(organization, [posting], actor=actor, now=now)
    paid = FinancialTransaction(
        organization=organization,
        id=id,
        type=TransactionType.CREDIT,
        invoice_id=invoice.pk,
        customer_id=invoice.customer_id,
        method=draft.method,
        amount=amount,
        currency=invoice.currency,
        provider_reference=provider_reference,
        occurred_on=on,
        entry_id=entry.pk,
    )
    insert_transaction(paid)
    record_transaction(audit, paid, invoice)
    if amount == invoice.open_amount:
        record_paid(audit, invoice)
    return paid


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


def record_paid(audit: Audit, invoice: Invoice) -> None:
    """Tell that an invoice, and with it its order, has been paid in full."""
    said = {
        "invoice": invoice.pk,
        "number": invoice.number,
        "order": invoice.order_id,
        "total_amount": invoice.total_amount,
        "currency": invoice.currency,
    }
    audit.event("invoice_paid", invoice, **said)
    order = Order(organization_id=invoice.organization_id, id=invoice.order_id)
    audit.event("order_paid", order, **said)
