"""Invoices, credit notes, payments and refunds: one or many."""

from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from invoicing.errors import CreditNoteNotFound, InvoiceNotFound, PaymentNotFound
from invoicing.models import CreditNote, Customer, FinancialTransaction, Invoice, Order
from ledger.models import JournalEntry
from ledger.selectors.accounts import as_uuid
from organizations.models import Organization
from organizations.rules import is_storable


def get_invoice(organization: Organization, name: str | UUID) -> Invoice:
    """The invoice of this number, or else of this id, with its order and customer.

    Raises:
        InvoiceNotFound: there is none, or it is another organization's.
    """
    found = _by_number(Invoice.objects.of(organization).select_related("order", "customer"), name)
    if found is None:
        raise InvoiceNotFound(invoice=str(name)[:100])
    invoice: Invoice = found
    return invoice


def list_invoices(
    organization: Organization,
    *,
    status: str | None = None,
    customer: Customer | None = None,
    order: Order | None = None,
    number: str | None = None,
    since: date | None = None,
    until: date | None = None,
    overdue_on: date | None = None,
) -> QuerySet[Invoice]:
    """Invoices with their order and customer, the latest first. `since` and `until` are dates of
    issue, both included; `overdue_on`: what was due before that day and is still owed."""
    invoices: QuerySet[Invoice] = Invoice.objects.of(organization).filter(
        **_given(
            status=status,
            customer_id=customer and customer.pk,
            order_id=order and order.pk,
            number=number,
            issued_on__gte=since,
            issued_on__lte=until,
        )
    )
    if overdue_on is not None:
        invoices = invoices.filter(due_on__lt=overdue_on, open_amount__gt=0)
    return invoices.select_related("order", "customer").order_by("-issued_on", "-id")


def get_credit_note(organization: Organization, name: str | UUID) -> CreditNote:
    """The credit note of this number, or else of this id, with its items, tax lines, invoice and
    customer.

    Raises:
        CreditNoteNotFound: there is none, or it is another organization's.
    """
    found = _by_number(
        CreditNote.objects.of(organization)
        .select_related("invoice", "customer")
        .prefetch_related("items", "tax_lines"),
        name,
    )
    if found is None:
        raise CreditNoteNotFound(credit_note=str(name)[:100])
    credit_note: CreditNote = found
    return credit_note


def list_credit_notes(
    organization: Organization,
    *,
    invoice: Invoice | None = None,
    customer: Customer | None = None,
    since: date | None = None,
    until: date | None = None,
) -> QuerySet[CreditNote]:
    """Credit notes with their invoice and customer, the latest first; both days included."""
    credit_notes: QuerySet[CreditNote] = CreditNote.objects.of(organization).filter(
        **_given(
            invoice_id=invoice and invoice.pk,
            customer_id=customer and customer.pk,
            issued_on__gte=since,
            issued_on__lte=until,
        )
    )
    return credit_notes.select_related("invoice", "customer").order_by("-issued_on", "-id")


def get_transaction(organization: Organization, id: str | UUID) -> FinancialTransaction:
    """The payment or refund with this id, with its document and customer.

    Raises:
        PaymentNotFound: there is none, or it is another organization's.
    """
    by_id = as_uuid(str(id))
    found: FinancialTransaction | None = (
        FinancialTransaction.objects.of(organization)
        .select_related("invoice", "credit_note", "customer")
        .filter(pk=by_id)
        .first()
        if by_id
        else None
    )
    if found is None:
        raise PaymentNotFound(payment=str(id)[:100])
    return found


def list_transactions(
    organization: Organization,
    *,
    type: str | None = None,
    method: str | None = None,
    invoice: Invoice | None = None,
    customer: Customer | None = None,
    since: date | None = None,
    until: date | None = None,
) -> QuerySet[FinancialTransaction]:
    """Payments and refunds with their document and customer, the latest first; both days
    included."""
    transactions: QuerySet[FinancialTransaction] = FinancialTransaction.objects.of(
        organization
    ).filter(
        **_given(
            type=type,
            method=method,
            invoice_id=invoice and invoice.pk,
            customer_id=customer and customer.pk,
            occurred_on__gte=since,
            occurred_on__lte=until,
        )
    )
    return transactions.select_related("invoice", "credit_note", "customer").order_by(
        "-occurred_on", "-id"
    )


def entries_of(invoice: Invoice) -> QuerySet[JournalEntry]:
    """What an invoice, its payments, refunds and credit notes have posted, in the order of the
    posting."""
    organization = invoice.organization_id
    documents = (
        Invoice.objects.of(organization).filter(pk=invoice.pk),
        CreditNote.objects.of(organization).filter(invoice_id=invoice.pk),
        FinancialTransaction.objects.of(organization).filter(invoice_id=invoice.pk),
    )
    wanted = Q()
    for rows in documents:
        # Without an order, by which the subquery would be sorted for nothing.
        wanted |= Q(pk__in=rows.order_by().values("entry_id"))
    entries: QuerySet[JournalEntry] = JournalEntry.objects.of(organization).filter(wanted)
    return entries.order_by("posted_at", "id")


def _by_number(rows: Any, name: str | UUID) -> Any:
    text = str(name)
    if not is_storable(text):
        return None
    by_id = as_uuid(text)
    wanted = Q(number=text) if by_id is None else Q(number=text) | Q(pk=by_id)
    # A number may look like an id; the number is what its keeper meant.
    return next(iter(sorted(rows.filter(wanted), key=lambda row: row.number != text)), None)


def _given(**filters: Any) -> dict[str, Any]:
    return {name: value for name, value in filters.items() if value is not None}
