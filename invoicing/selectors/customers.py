"""Customers, one or many."""

from uuid import UUID

from django.db.models import Q, QuerySet

from invoicing.errors import CustomerNotFound
from invoicing.models import Customer
from ledger.selectors.accounts import as_uuid
from organizations.models import Organization
from organizations.rules import is_storable


def get_customer(organization: Organization, name: str | UUID) -> Customer:
    """The customer of this code, or else of this id.

    Raises:
        CustomerNotFound: there is none, or it is another organization's.
    """
    text = str(name)
    found: list[Customer] = []
    if text and is_storable(text):
        by_id = as_uuid(text)
        wanted = Q(code=text) if by_id is None else Q(code=text) | Q(pk=by_id)
        found = list(Customer.objects.of(organization).filter(wanted))
    # A code may look like an id; the code is what its keeper meant.
    found.sort(key=lambda customer: customer.code != text)
    if not found:
        raise CustomerNotFound(customer=ascii(text[:100]))
    return found[0]


def list_customers(
    organization: Organization, *, active: bool | None = None, search: str | None = None
) -> QuerySet[Customer]:
    """Customers by name. `search` is part of a name, an email, a code or a VAT id."""
    customers: QuerySet[Customer] = Customer.objects.of(organization)
    if active is not None:
        customers = customers.filter(active=active)
    if search:
        if not is_storable(search):
            return customers.none()
        customers = customers.filter(
            Q(name__icontains=search)
            | Q(email__icontains=search)
            | Q(code__icontains=search)
            | Q(tax_id__icontains=search)
        )
    return customers.order_by("name", "id")
