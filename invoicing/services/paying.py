"""The part that every payment of an invoice is made of."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from core.db import require_transaction
from invoicing.errors import NothingOwed, OverPayment
from invoicing.models import FinancialTransaction, Invoice, Order, TransactionType
from invoicing.services.postings import Document, payment
from invoicing.services.transactions import (
    check_amount,
    check_method,
    check_provider_references,
    insert_transaction,
    payment_accounts,
    record_transaction,
)
from ledger.services.posting import post_entries
from organizations.actors import Actor
from organizations.models import Organization
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
    [paid] = pay_all(audit, actor, [(invoice, draft)], now)
    return paid


def pay_all(
    audit: Audit,
    actor: Actor,
    payments: Sequence[tuple[Invoice, PaymentDraft]],
    now: datetime | None = None,
) -> list[FinancialTransaction]:
    """Payments of several invoices, none of them twice, with one posting for all. Raises as above,
    and nothing of the transaction may stay."""
    require_transaction()
    organization = actor.organization
    for _, draft in payments:
        check_method(draft.method)
        check_amount(draft.amount)
    references = check_provider_references(
        organization, [draft.provider_reference for _, draft in payments]
    )
    made = [
        _payment(organization, invoice, draft, reference, now)
        for (invoice, draft), reference in zip(payments, references, strict=True)
    ]
    accounts = payment_accounts(
        organization, [(invoice, draft.method) for invoice, draft in payments]
    )
    postings = [
        payment(
            Document.invoice(invoice.pk, invoice.number),
            paid.pk,
            paid.occurred_on,
            paid.amount,
            paid.method,
            account=accounts.get(paid.method, paid.currency),
            receivable=invoice.receivable_id,
        )
        for paid, (invoice, _) in zip(made, payments, strict=True)
    ]
    entries = post_entries(organization, postings, actor=actor, now=now, accounts=accounts.known)
    for paid, entry, (invoice, _) in zip(made, entries, payments, strict=True):
        paid.entry_id = entry.pk
        insert_transaction(paid)
        record_transaction(audit, paid, invoice)
        if paid.amount == invoice.open_amount:
            record_paid(audit, invoice)
    return made


def _payment(
    organization: Organization,
    invoice: Invoice,
    draft: PaymentDraft,
    provider_reference: str,
    now: datetime | None,
) -> FinancialTransaction:
    """The row, which lacks its entry."""
    return FinancialTransaction(
        organization=organization,
        type=TransactionType.CREDIT,
        invoice_id=invoice.pk,
        customer_id=invoice.customer_id,
        method=draft.method,
        amount=_payable(invoice, draft.amount),
        currency=invoice.currency,
        provider_reference=provider_reference,
        occurred_on=draft.on or organization.today(now),
    )


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
