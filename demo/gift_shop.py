"""The shop's books: what each of its documents is posted as."""

from collections.abc import Mapping
from datetime import date

from core.db.transactions import shared_transaction
from demo.sales import CURRENCY, Document
from ledger.drafts import EntryDraft, LineDraft, credit, debit
from ledger.models import AccountRole
from ledger.selectors.accounts import accounts_by_role
from ledger.services.charts import install_chart
from organizations.actors import Actor
from organizations.models import Organization
from organizations.services.organizations import create_organization

SLUG = "gift-shop"
CHART = "retail"
ROLES = (
    AccountRole.ACCOUNTS_RECEIVABLE,
    AccountRole.CASH,
    AccountRole.TAX_PAYABLE,
    AccountRole.SALES_REVENUE,
    AccountRole.SALES_RETURNS,
)

CLOSED_THROUGH = date(2010, 12, 3)
LAST_DAY = date(2010, 12, 5)
FIRST_DAY = date(2010, 12, 1)

# The 120 cake stands of invoice 536970 are dated the 3rd but left the warehouse on the 5th.
MISDATED = "536970"
RIGHT_DATE = date(2010, 12, 5)
MISDATED_REASON = "dated 3 December; the goods left on the 5th"

Codes = Mapping[str, str]


def open_shop() -> tuple[Organization, bool]:
    """The shop with its chart of accounts, and whether it was made just now."""
    with shared_transaction():
        shop, is_new = create_organization(
            slug=SLUG,
            name="The Gift Shop",
            currency=CURRENCY,
            country="GB",
            time_zone="Europe/London",
        )
        if is_new:
            install_chart(actor=Actor.system(shop, "demo"), chart=CHART)
    return shop, is_new


def codes_by_role(shop: Organization) -> dict[str, str]:
    """The code of the account in each role that sales are posted to."""
    return {role: account.code for role, account in accounts_by_role(shop, ROLES).items()}


def draft_of(document: Document, codes: Codes) -> EntryDraft:
    """What a document is posted as; a walk-in customer paid in cash, the others owe."""
    kind = "credit-note" if document.is_credit_note else "invoice"
    whose = f"customer {document.customer}" if document.customer else "walk-in customer"
    return EntryDraft(
        reference=document.reference,
        effective_on=document.sold_on,
        description=f"{'Return' if document.is_credit_note else 'Sale'} {document.number}, {whose}",
        reference_type=kind,
        reference_id=document.number,
        metadata={"country": document.country, "lines": len(document.lines)},
        lines=credit_note_lines(document, codes)
        if document.is_credit_note
        else invoice_lines(document, codes),
    )


def invoice_lines(document: Document, codes: Codes) -> list[LineDraft]:
    return [
        debit(codes[_payer(document)], document.gross_amount),
        credit(codes[AccountRole.SALES_REVENUE], document.net_amount),
        *_tax(credit(codes[AccountRole.TAX_PAYABLE], document.tax_amount)),
    ]


def credit_note_lines(document: Document, codes: Codes) -> list[LineDraft]:
    return [
        debit(codes[AccountRole.SALES_RETURNS], document.net_amount),
        *_tax(debit(codes[AccountRole.TAX_PAYABLE], document.tax_amount)),
        credit(codes[_payer(document)], document.gross_amount),
    ]


def _payer(document: Document) -> AccountRole:
    return AccountRole.ACCOUNTS_RECEIVABLE if document.customer else AccountRole.CASH


def _tax(line: LineDraft) -> list[LineDraft]:
    """No line for an export: a line of zero is neither a debit nor a credit."""
    return [line] if line.debit or line.credit else []


def correction_of(draft: EntryDraft) -> EntryDraft:
    """The misdated sale once more, on the right day and under a reference of its own."""
    return draft._replace(
        reference=f"{draft.reference}-correction",
        effective_on=RIGHT_DATE,
        description=f"{draft.description}, corrected: goods left on 5 December",
    )


def late_draft(codes: Codes) -> EntryDraft:
    """A sale that comes in after its day is closed."""
    return EntryDraft(
        reference="late-sale",
        effective_on=CLOSED_THROUGH,
        description="A sale that turns up too late",
        lines=(
            debit(codes[AccountRole.CASH], 11_75),
            credit(codes[AccountRole.SALES_REVENUE], 10_00),
            credit(codes[AccountRole.TAX_PAYABLE], 1_75),
        ),
    )
