"""A credit note as it is about to be posted, and its rows once it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from core.db.rows import insert_row
from invoicing.credits import credited_rates
from invoicing.errors import InvalidCreditNote, NumberingChanged
from invoicing.models import (
    CreditNote,
    CreditNoteItem,
    CreditNoteTaxLine,
    DocumentKind,
    Invoice,
)
from invoicing.parts import Part, net_of, total_of
from invoicing.rules import text_problem
from invoicing.services.issue_facts import issue_facts
from invoicing.services.numbering import lock_number
from invoicing.services.postings import Document, credit
from invoicing.tax import Rate
from ledger.drafts import EntryDraft
from ledger.models import AccountRole, JournalEntry
from organizations.models import Organization
from organizations.services.auditing import Audit

_ROLES = (AccountRole.ACCOUNTS_RECEIVABLE, AccountRole.SALES_RETURNS, AccountRole.TAX_PAYABLE)
_GIVEN = ("fiscal_year", "sequence", "number", "refunded_amount", "created_at")
_MOST_REFERENCE = 100


class ItemAmounts(NamedTuple):
    """A line of a credit note; `order_item` is the item that it takes back of."""

    sku: str
    description: str
    quantity: Any
    unit_amount: int
    net: int
    tax: int
    order_item: UUID | None = None


@dataclass(frozen=True, slots=True)
class CreditRequest:
    """What is to be credited, and how it comes apart. Amounts are positive minor units."""

    currency: str
    parts: Sequence[Part]
    rates: Mapping[str, Rate]
    reason: str
    on: date
    series: str
    invoice: Invoice | None = None
    customer_id: UUID | None = None
    items: Sequence[ItemAmounts] = field(default=())
    reference: str = ""


@dataclass(frozen=True, slots=True)
class PreparedCredit:
    """A credit note that has its number and lacks its entry."""

    request: CreditRequest
    credit_note: CreditNote
    number: str
    draft: EntryDraft


def check_credit_reference(reference: str) -> str:
    """Raises InvalidCreditNote."""
    problem = text_problem(reference, most=_MOST_REFERENCE)
    if problem is not None:
        raise InvalidCreditNote(field="reference", problem=problem)
    return reference.strip()


def prepare_credit(organization: Organization, request: CreditRequest) -> PreparedCredit:
    """Lock the number, and say what is to be posted.

    Raises:
        SeriesNotFound, RoleUnfilled
    """
    facts = issue_facts(organization, request.customer_id, request.currency, _ROLES)
    invoice = request.invoice
    receivable: UUID = (
        invoice.receivable_id if invoice else facts.accounts[AccountRole.ACCOUNTS_RECEIVABLE]
    )
    next_number = lock_number(organization, DocumentKind.CREDIT_NOTE, request.series, request.on)
    subtotal, total = net_of(request.parts), total_of(request.parts)
    credit_note = CreditNote(
        organization=organization,
        series_id=next_number.series_id,
        issued_on=request.on,
        invoice_id=invoice.pk if invoice else None,
        customer_id=request.customer_id,
        reference=request.reference,
        reason=request.reason,
        currency=request.currency,
        subtotal_amount=subtotal,
        tax_amount=total - subtotal,
        total_amount=total,
        # The parts tell the next credit note what this one has left of each.
        snapshot={**facts.snapshot, "parts": [_as_told(part) for part in request.parts]},
        receivable_id=receivable,
    )
    own = Document.credit_note(credit_note.pk, next_number.number, facts.customer_name)
    draft = credit(
        Document.invoice(invoice.pk, invoice.number, facts.customer_name) if invoice else own,
        own,
        request.on,
        request.parts,
        receivable=receivable,
        accounts=facts.accounts,
    )
    return PreparedCredit(request, credit_note, next_number.number, draft)


def write_credit(audit: Audit, prepared: PreparedCredit, entry: JournalEntry) -> CreditNote:
    """The rows, after the entry: the credit note, its tax lines, its items, by one statement.

    Raises:
        NumberingChanged, OverCredit, CreditNoteReferenceTaken, …: what the database still finds.
    """
    credit_note = prepared.credit_note
    credit_note.entry_id = entry.pk
    tax_lines, items = _tax_lines(prepared), _items(prepared)
    credit_note.part_count = len(tax_lines) + len(items)
    insert_row(credit_note, _GIVEN, tax_lines, items)
    if credit_note.number != prepared.number:
        raise NumberingChanged(number=prepared.number)
    said = {
        "credit_note": credit_note.pk,
        "number": credit_note.number,
        "invoice": credit_note.invoice_id,
        "total_amount": credit_note.total_amount,
        "currency": credit_note.currency,
        "reason": credit_note.reason,
    }
    audit(credit_note, after={**said, "issued_on": credit_note.issued_on})
    audit.event("credit_note_issued", credit_note, **said)
    return credit_note


def parts_of(snapshot: Mapping[str, Any]) -> list[Part]:
    """What a credit note has taken of each part of its invoice."""
    return [
        Part(
            UUID(told["revenue_account"]) if told["revenue_account"] else None,
            tuple(told["tax_codes"]),
            told["net_amount"],
            tuple(told["tax_amounts"]),
        )
        for told in snapshot.get("parts", ())
    ]


def _as_told(part: Part) -> dict[str, Any]:
    return {
        "revenue_account": str(part.account) if part.account else None,
        "tax_codes": list(part.codes),
        "net_amount": part.net,
        "tax_amounts": list(part.taxes),
    }


def _tax_lines(prepared: PreparedCredit) -> list[CreditNoteTaxLine]:
    rates = prepared.request.rates
    return [
        CreditNoteTaxLine(
            organization_id=prepared.credit_note.organization_id,
            credit_note_id=prepared.credit_note.pk,
            position=position,
            code=credited.code,
            name=rates[credited.code].name,
            percentage=rates[credited.code].percentage,
            country=rates[credited.code].country,
            region=rates[credited.code].region,
            category=rates[credited.code].category,
            inclusive=rates[credited.code].inclusive,
            compound=rates[credited.code].compound,
            taxable_amount=credited.taxable,
            tax_amount=credited.tax,
        )
        for position, credited in enumerate(credited_rates(prepared.request.parts, rates), start=1)
    ]


def _items(prepared: PreparedCredit) -> list[CreditNoteItem]:
    return [
        CreditNoteItem(
            organization_id=prepared.credit_note.organization_id,
            credit_note_id=prepared.credit_note.pk,
            position=position,
            order_item_id=item.order_item,
            sku=item.sku,
            description=item.description,
            quantity=item.quantity,
            unit_amount=item.unit_amount,
            net_amount=item.net,
            tax_amount=item.tax,
            total_amount=item.net + item.tax,
        )
        for position, item in enumerate(prepared.request.items, start=1)
    ]
