"""What payments and refunds have in common: their input, their account, their row."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from core.db import prepared_cursor, require_transaction
from core.db.prepared import array_parameter, text_array_parameter
from core.db.rows import insert_row
from invoicing.errors import (
    InvalidAmount,
    InvalidTransaction,
    ProviderReferenceTaken,
    UnknownMethod,
)
from invoicing.models import CreditNote, FinancialTransaction, Invoice, PaymentMethod
from invoicing.rules import is_whole, shown, text_problem
from invoicing.services.issue_facts import role_accounts
from invoicing.services.postings import METHOD_ROLES
from ledger.errors import RoleUnfilled
from ledger.services.posting import AccountsByName
from organizations.models import Organization
from organizations.services.auditing import Audit

_MOST_REASON, _MOST_PROVIDER_REFERENCE = 500, 200


def check_method(method: str) -> None:
    """Raises UnknownMethod."""
    if method not in METHOD_ROLES:
        raise UnknownMethod(method=str(method)[:100], known=", ".join(PaymentMethod.values))


def check_amount(amount: int | None) -> None:
    """Raises InvalidAmount below 1; None is for the service to fill in."""
    if amount is not None and (not is_whole(amount) or amount < 1):
        raise InvalidAmount(amount=shown(amount))


def check_reason(reason: str) -> str:
    """The reason without white space around it. Raises InvalidTransaction."""
    problem = text_problem(reason, least=1, most=_MOST_REASON, has_lines=True)
    if problem is not None:
        raise InvalidTransaction(field="reason", problem=problem)
    return reason.strip()


def check_provider_reference(organization: Organization, reference: str) -> str:
    """One that can be stored and was not taken yet, without white space around it; of two that race
    the database refuses one.

    Raises:
        InvalidTransaction, ProviderReferenceTaken
    """
    [checked] = check_provider_references(organization, [reference])
    return checked


def check_provider_references(organization: Organization, references: Sequence[str]) -> list[str]:
    """The same for several, by one statement."""
    require_transaction()
    for reference in references:
        problem = text_problem(reference, most=_MOST_PROVIDER_REFERENCE)
        if problem is not None:
            raise InvalidTransaction(field="provider_reference", problem=problem)
    checked = [reference.strip() for reference in references]
    given = [reference for reference in checked if reference]
    if given:
        with prepared_cursor() as cursor:
            cursor.execute(_TAKEN, (organization.pk, text_array_parameter(given)))
            taken = cursor.fetchone()
        if taken is not None:
            raise ProviderReferenceTaken(provider_reference=taken[0])
    return checked


_TAKEN = """
SELECT t.provider_reference FROM invoicing_financialtransaction t
 WHERE t.organization_id = %s AND t.provider_reference = ANY(%s::text[])
   AND t.provider_reference <> ''
"""


def account_of(organization: Organization, method: str, currency: str) -> UUID:
    """Where money of this method lies. Raises RoleUnfilled."""
    role = METHOD_ROLES[method]
    return role_accounts(organization, currency, [role])[role]


class PaymentAccounts:
    """Where money of each method and currency lies; `known` is what posting needs to know of these
    accounts and of the receivables, so that it does not have to look them up again."""

    def __init__(self, rows: Iterable[tuple[UUID, str, str, str]]) -> None:
        """Rows are (id, code, currency, role); one that is not active has none."""
        rows = list(rows)
        self.known = AccountsByName(row[:3] for row in rows)
        self._by_role = {(role, currency): id for id, _, currency, role in rows if role}

    def get(self, method: str, currency: str) -> UUID:
        """Raises RoleUnfilled."""
        role = METHOD_ROLES[method]
        account = self._by_role.get((role, currency))
        if account is None:
            raise RoleUnfilled(role=str(role), currency=currency)
        return account


def payment_accounts(
    organization: Organization, payments: Sequence[tuple[Invoice, str]]
) -> PaymentAccounts:
    """The accounts of payments of these invoices by these methods, by one statement."""
    roles = {METHOD_ROLES[method] for _, method in payments}
    with prepared_cursor() as cursor:
        cursor.execute(
            _PAYMENT_ACCOUNTS,
            (
                organization.pk,
                array_parameter({invoice.receivable_id for invoice, _ in payments}),
                text_array_parameter(roles),
                text_array_parameter({invoice.currency for invoice, _ in payments}),
            ),
        )
        return PaymentAccounts(cursor.fetchall())


_PAYMENT_ACCOUNTS = """
SELECT a.id, a.code, a.currency, CASE a.status WHEN 'active' THEN a.role ELSE '' END
  FROM ledger_account a
 WHERE a.organization_id = %s
   AND (a.id = ANY(%s::uuid[]) OR (a.role = ANY(%s::text[]) AND a.currency = ANY(%s::text[])))
"""


def insert_transaction(transaction: FinancialTransaction) -> None:
    """The row goes in after its entry; triggers apply it to its document.

    Raises:
        ProviderReferenceTaken, OverPayment, OverRefund, …: what the database still finds.
    """
    insert_row(transaction, ("created_at",))


def record_transaction(
    audit: Audit, transaction: FinancialTransaction, document: Invoice | CreditNote
) -> None:
    audit(transaction, after=as_told(transaction, document))


def as_told(transaction: FinancialTransaction, document: Invoice | CreditNote) -> dict[str, Any]:
    """What the audit trail and the events say of it."""
    return {
        "type": transaction.type,
        "document": document.pk,
        "number": document.number,
        "method": transaction.method,
        "amount": transaction.amount,
        "currency": transaction.currency,
        "occurred_on": transaction.occurred_on,
        "provider_reference": transaction.provider_reference,
        "reason": transaction.reason,
    }
