"""Draft orders."""

from collections.abc import Mapping, Sequence
from typing import Any

from core.db import require_transaction
from invoicing.errors import (
    CustomerInactive,
    InvalidOrder,
    UnknownCustomer,
)
from invoicing.models import Customer, Order
from invoicing.rules import metadata_problem, shown, text_problem
from invoicing.services.orders.accounts import revenue_accounts
from invoicing.services.orders.drafts import ItemDraft, check_items
from invoicing.services.orders.rows import insert_order, new_items
from organizations.actors import Actor
from organizations.models import Organization
from organizations.rules import check_currency
from organizations.services.auditing import Audit, atomic_use_case

MOST_REFERENCE = 100


def create_order(
    *,
    actor: Actor,
    currency: str,
    items: Sequence[ItemDraft],
    customer: Customer | None = None,
    reference: str = "",
    metadata: Mapping[str, Any] | None = None,
) -> Order:
    """A draft, to be edited until it is locked. Without a customer it is a sale over the counter.

    Raises:
        UnknownCurrency, InvalidOrder, InvalidItem, TooManyItems, AmountOutOfRange,
        UnknownTaxRate, TaxRateRepeated, InvalidRevenueAccount, UnknownCustomer, CustomerInactive,
        OrderReferenceTaken
    """
    with atomic_use_case(actor, "create_order") as audit:
        return add_order(
            audit,
            actor,
            currency=currency,
            items=items,
            customer=customer,
            reference=reference,
            metadata=metadata,
        )


def add_order(
    audit: Audit,
    actor: Actor,
    *,
    currency: str,
    items: Sequence[ItemDraft],
    customer: Customer | None = None,
    reference: str = "",
    metadata: Mapping[str, Any] | None = None,
) -> Order:
    """The same inside the caller's transaction and trail. Raises as create_order does."""
    require_transaction()
    organization = actor.organization
    drafts = check_items(items)
    order = Order(
        organization=organization,
        currency=check_order_currency(currency),
        customer=check_customer(organization, customer),
        reference=check_reference(reference),
        metadata=check_metadata(metadata or {}),
    )
    accounts = revenue_accounts(organization, drafts, currency)
    insert_order(order, new_items(order, drafts, accounts))
    audit(order, after=as_audited_draft(order, len(drafts)))
    return order


def as_audited_draft(order: Order, items: int) -> dict[str, Any]:
    return {
        "reference": order.reference,
        "customer": order.customer_id,
        "currency": order.currency,
        "items": items,
    }


def check_order_currency(currency: object) -> str:
    """Raises UnknownCurrency."""
    return check_currency(currency if isinstance(currency, str) else shown(currency))


def check_customer(organization: Organization, customer: Customer | None) -> Customer | None:
    """Raises UnknownCustomer, CustomerInactive."""
    if customer is not None:
        if customer.organization_id != organization.pk:
            raise UnknownCustomer(customer=customer.pk)
        if not customer.active:
            raise CustomerInactive(customer=customer.code or customer.name)
    return customer


def check_reference(reference: str) -> str:
    """Raises InvalidOrder."""
    problem = text_problem(reference, most=MOST_REFERENCE)
    if problem is not None:
        raise InvalidOrder(field="reference", problem=problem)
    return reference.strip()


def check_metadata(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Raises InvalidOrder."""
    problem = metadata_problem(metadata)
    if problem is not None:
        raise InvalidOrder(field="metadata", problem=problem)
    return dict(metadata)
