"""What each document posts: drafts for the ledger, without a look at the database.

A tax's line says in its description of which rate it is, a revenue line under which rates. Amounts
of zero get no line, and need no account. The references are those that the database compares with
the document.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

from invoicing.models import PaymentMethod
from invoicing.parts import Part, taxes_by_rate, total_of
from ledger.drafts import EntryDraft, LineDraft
from ledger.errors import RoleUnfilled
from ledger.models import AccountRole
from ledger.services.posting import AccountsByName

METHOD_ROLES: dict[str, AccountRole] = {
    PaymentMethod.CASH: AccountRole.CASH,
    PaymentMethod.BANK: AccountRole.BANK,
    PaymentMethod.CARD: AccountRole.CARD_CLEARING,
    PaymentMethod.MOBILE_MONEY: AccountRole.MOBILE_MONEY,
    PaymentMethod.WALLET: AccountRole.CUSTOMER_WALLETS,
}

_INVOICE, _CREDIT_NOTE = "invoice", "credit-note"


class RoleAccounts:
    """The active accounts that fill roles, in one currency.

    `known` is what posting needs to know of them, so that it does not have to look them up again.
    """

    def __init__(self, currency: str, rows: Iterable[tuple[str, UUID, str]]) -> None:
        """Rows are (role, id, code)."""
        self.currency = currency
        rows = list(rows)
        self._accounts = {role: id for role, id, _ in rows}
        self.known = AccountsByName((id, code, currency) for _, id, code in rows)

    def __getitem__(self, role: str) -> UUID:
        """Raises RoleUnfilled: nobody has the role in this currency."""
        account = self._accounts.get(role)
        if account is None:
            raise RoleUnfilled(role=str(role), currency=self.currency)
        return account


class Document(NamedTuple):
    """The business fact that entries are of: an invoice, or a credit note that has none."""

    kind: str
    id: UUID
    number: str
    customer: str = ""

    @classmethod
    def invoice(cls, id: UUID, number: str, customer: str = "") -> "Document":
        return cls(_INVOICE, id, number, customer)

    @classmethod
    def credit_note(cls, id: UUID, number: str, customer: str = "") -> "Document":
        return cls(_CREDIT_NOTE, id, number, customer)

    def draft(
        self, suffix: str, on: date, description: str, lines: Sequence[LineDraft]
    ) -> EntryDraft:
        return EntryDraft(
            reference=f"{self.kind}-{self.id}-{suffix}",
            effective_on=on,
            description=description,
            reference_type=self.kind,
            reference_id=str(self.id),
            lines=lines,
        )


def issuance(
    document: Document, on: date, parts: Sequence[Part], *, receivable: UUID, accounts: RoleAccounts
) -> EntryDraft:
    """Receivable against revenue and tax.

    Raises:
        RoleUnfilled
    """
    lines = [
        LineDraft(receivable, debit=total_of(parts), description=document.number),
        *_by_account(parts, AccountRole.SALES_REVENUE, accounts, sign=1),
    ]
    return document.draft("issuance", on, _said(f"Invoice {document.number}", document), lines)


def credit(
    document: Document,
    credit_note: Document,
    on: date,
    parts: Sequence[Part],
    *,
    receivable: UUID,
    accounts: RoleAccounts,
) -> EntryDraft:
    """Returns and tax against receivable: the mirror of an issue. `document` is the invoice, or
    the credit note itself where there is none.

    Raises:
        RoleUnfilled
    """
    lines = [
        *_by_account(parts, AccountRole.SALES_RETURNS, accounts, sign=-1),
        LineDraft(receivable, credit=total_of(parts), description=credit_note.number),
    ]
    if document.kind == _INVOICE:
        suffix = f"credit-note-{credit_note.id}"
        said = f"Credit note {credit_note.number} to {document.number}"
    else:
        suffix, said = "issuance", f"Credit note {credit_note.number}"
    return document.draft(suffix, on, _said(said, document), lines)


def payment(
    document: Document,
    id: UUID,
    on: date,
    amount: int,
    method: str,
    *,
    account: UUID,
    receivable: UUID,
) -> EntryDraft:
    """The method's account against receivable."""
    said = f"Payment of {document.number}, {_name(method)}"
    lines = _moved(document, amount, debited=account, credited=receivable)
    return document.draft(f"payment-{id}", on, said, lines)


def payment_taken_back(
    document: Document,
    id: UUID,
    on: date,
    amount: int,
    method: str,
    *,
    account: UUID,
    receivable: UUID,
) -> EntryDraft:
    """The mirror of a payment; `id` is the payment's."""
    said = f"Payment of {document.number} taken back, {_name(method)}"
    lines = _moved(document, amount, debited=receivable, credited=account)
    return document.draft(f"payment-{id}-reversal", on, said, lines)


def refund(
    document: Document,
    id: UUID,
    on: date,
    amount: int,
    method: str,
    *,
    account: UUID,
    receivable: UUID,
) -> EntryDraft:
    """Receivable against the method's account."""
    said = f"Refund of {document.number}, {_name(method)}"
    lines = _moved(document, amount, debited=receivable, credited=account)
    return document.draft(f"refund-{id}", on, said, lines)


def _moved(document: Document, amount: int, *, debited: UUID, credited: UUID) -> list[LineDraft]:
    return [
        LineDraft(debited, debit=amount, description=document.number),
        LineDraft(credited, credit=amount, description=document.number),
    ]


def _by_account(
    parts: Sequence[Part], role: AccountRole, accounts: RoleAccounts, *, sign: int
) -> Iterator[LineDraft]:
    """Net amounts on their own account or the role's, and a line for each rate; with sign −1 as
    debits."""
    for part in parts:
        if part.net:
            yield _credit(part.account or accounts[role], sign * part.net, ", ".join(part.codes))
    for code, amount in taxes_by_rate(parts).items():
        if amount:
            yield _credit(accounts[AccountRole.TAX_PAYABLE], sign * amount, code)


def _credit(account: UUID, amount: int, description: str) -> LineDraft:
    """A credit; a debit where the amount is below zero."""
    return LineDraft(account, max(-amount, 0), max(amount, 0), description)


def _said(what: str, document: Document) -> str:
    return f"{what}, {document.customer}" if document.customer else what


def _name(method: str) -> str:
    return PaymentMethod(method).label.lower()
