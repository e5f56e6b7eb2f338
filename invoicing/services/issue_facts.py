"""What a document needs to know when it is issued: seller, buyer, terms, accounts; one SELECT."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from core.db import prepared_cursor
from invoicing.services.postings import RoleAccounts
from organizations.models import Organization

_DEFAULT_TERMS_DAYS = 30


@dataclass(frozen=True, slots=True)
class IssueFacts:
    """`seller` and `buyer` are frozen into the document as they are now."""

    seller: dict[str, Any]
    buyer: dict[str, Any] | None
    payment_terms_days: int
    accounts: RoleAccounts
    # The number of the invoice that the order has already, if it was asked for.
    invoiced_as: str | None = None

    @property
    def snapshot(self) -> dict[str, Any]:
        return {"seller": self.seller, "buyer": self.buyer}

    @property
    def customer_name(self) -> str:
        return str(self.buyer["name"]) if self.buyer else ""


def issue_facts(
    organization: Organization,
    customer_id: UUID | None,
    currency: str,
    roles: Iterable[str],
    order_id: UUID | None = None,
) -> IssueFacts:
    """As they stand now; of the roles only those that somebody fills."""
    with prepared_cursor() as cursor:
        cursor.execute(_FACTS, (currency, list(roles), order_id, customer_id, organization.pk))
        seller, buyer, organizations_terms, customers_terms, rows, invoice = cursor.fetchone()
    terms = next(
        (days for days in (customers_terms, organizations_terms) if days is not None),
        _DEFAULT_TERMS_DAYS,
    )
    return IssueFacts(
        seller=json.loads(seller),
        buyer=json.loads(buyer) if customer_id else None,
        payment_terms_days=terms,
        accounts=RoleAccounts(
            currency, ((role, UUID(id), code) for role, id, code in json.loads(rows or "[]"))
        ),
        invoiced_as=invoice,
    )


def role_accounts(organization: Organization, currency: str, roles: Iterable[str]) -> RoleAccounts:
    """The active accounts that fill these roles in a currency; asking one for another raises."""
    with prepared_cursor() as cursor:
        cursor.execute(_ACCOUNTS, (organization.pk, currency, list(roles)))
        return RoleAccounts(currency, cursor.fetchall())


_ACCOUNTS = """
SELECT a.role, a.id, a.code FROM ledger_account a
 WHERE a.organization_id = %s AND a.currency = %s AND a.role = ANY(%s) AND a.status = 'active'
"""

_FACTS = """
SELECT jsonb_build_object(
         'name', coalesce(nullif(p.legal_name, ''), o.name), 'address', coalesce(p.address, ''),
         'tax_id', coalesce(p.tax_id, ''), 'email', coalesce(p.email, ''),
         'phone', coalesce(p.phone, ''), 'website', coalesce(p.website, ''),
         'footer', coalesce(p.footer, ''), 'country', o.country),
       jsonb_build_object(
         'code', c.code, 'name', c.name, 'address', c.address, 'postcode', c.postcode,
         'city', c.city, 'region', c.region, 'country', c.country, 'tax_id', c.tax_id,
         'email', c.email),
       p.payment_terms_days, c.payment_terms_days,
       (SELECT jsonb_agg(jsonb_build_array(a.role, a.id, a.code)) FROM ledger_account a
         WHERE a.organization_id = o.id AND a.currency = %s AND a.role = ANY(%s)
           AND a.status = 'active'),
       (SELECT i.number FROM invoicing_invoice i
         WHERE i.organization_id = o.id AND i.order_id = %s)
  FROM organizations_organization o
  LEFT JOIN invoicing_invoicingprofile p ON p.organization_id = o.id
  LEFT JOIN invoicing_customer c ON c.organization_id = o.id AND c.id = %s
 WHERE o.id = %s
"""
