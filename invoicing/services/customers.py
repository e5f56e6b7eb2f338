"""Customers: made, changed, deleted while nothing refers to them."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import IntegrityError

from core.db import require_transaction
from invoicing.errors import CustomerInUse, CustomerNotFound, InvalidCustomer
from invoicing.models import Customer
from invoicing.rules import (
    MOST_REGION,
    check_country,
    check_region,
    email_problem,
    is_code,
    metadata_problem,
    shown,
    terms_problem,
    text_problem,
)
from invoicing.vat_ids import check_tax_id
from organizations.actors import Actor
from organizations.models import Organization
from organizations.services.auditing import Audit, atomic_use_case, save_changed

FIELDS = (
    "code",
    "name",
    "email",
    "phone",
    "address",
    "postcode",
    "city",
    "region",
    "country",
    "tax_id",
    "payment_terms_days",
    "active",
    "metadata",
)

_MOST = {
    "name": 200,
    "email": 254,
    "phone": 40,
    "address": 500,
    "postcode": 20,
    "city": 100,
    "region": MOST_REGION,
}


def create_customer(
    *,
    actor: Actor,
    name: str,
    code: str = "",
    email: str = "",
    phone: str = "",
    address: str = "",
    postcode: str = "",
    city: str = "",
    region: str = "",
    country: str = "",
    tax_id: str = "",
    payment_terms_days: int | None = None,
    active: bool = True,
    metadata: Mapping[str, Any] | None = None,
) -> Customer:
    """A new customer. `address` is street and number, `country` an ISO 3166 code; without payment
    terms those of the organization hold.

    Raises:
        InvalidCustomer, UnknownCountry, RegionWithoutCountry, InvalidTaxId, CustomerCodeTaken
    """
    customer = Customer(
        organization=actor.organization,
        code=code,
        name=name,
        email=email,
        phone=phone,
        address=address,
        postcode=postcode,
        city=city,
        region=region,
        country=country,
        tax_id=tax_id,
        payment_terms_days=payment_terms_days,
        active=active,
        metadata=metadata or {},
    )
    with atomic_use_case(actor, "create_customer") as audit:
        add_customers(audit, [customer])
    return customer


def add_customers(audit: Audit, customers: Sequence[Customer]) -> None:
    """The part: new customers, checked and inserted by one statement. Raises as above."""
    require_transaction()
    for customer in customers:
        _check(customer)
    Customer.objects.bulk_create(customers)
    for customer in customers:
        audit(customer, after=_as_audited(customer))


def change_customer(*, actor: Actor, customer: Customer, **changes: Any) -> Customer:
    """Change the fields that are given (`FIELDS`); a change to what is there already is none. What
    was issued keeps the customer as they were.

    Raises:
        CustomerNotFound: they are gone, or another organization's.
        As create_customer does.
    """
    unknown = set(changes) - set(FIELDS)
    if unknown:
        raise TypeError(f"a customer has no {', '.join(sorted(unknown))} to change")
    with atomic_use_case(actor, "change_customer") as audit:
        row = _locked(actor.organization, customer)
        before = _as_audited(row)
        for name, value in changes.items():
            setattr(row, name, value)
        _check(row)
        save_changed(audit, row, before, _as_audited(row))
    return row


def delete_customer(*, actor: Actor, customer: Customer) -> None:
    """Delete a customer to whom nothing refers.

    Raises:
        CustomerNotFound: they are gone, or another organization's.
        CustomerInUse: they have orders, invoices, credit notes or payments.
    """
    with atomic_use_case(actor, "delete_customer") as audit:
        row = _locked(actor.organization, customer)
        try:
            row.delete()
        except IntegrityError as error:
            raise CustomerInUse(customer=row.code or row.name) from error
        audit(row, before=_as_audited(row))


def _check(customer: Customer) -> None:
    """Each value alone, and those that depend on another; without surrounding white space.

    Raises:
        InvalidCustomer, UnknownCountry, RegionWithoutCountry, InvalidTaxId
    """
    if customer.code and not is_code(customer.code):
        raise InvalidCustomer(
            field="code",
            problem=f"{shown(customer.code)} is no code: use letters, digits and .:_- , up to 50",
        )
    for field, most in _MOST.items():
        text = getattr(customer, field)
        problem = text_problem(
            text,
            least=1 if field == "name" else 0,
            most=most,
            has_lines=field == "address",
        )
        if problem is not None:
            raise InvalidCustomer(field=field, problem=problem)
        setattr(customer, field, text.strip())
    terms = customer.payment_terms_days
    problems = {
        "email": email_problem(customer.email),
        "payment_terms_days": None if terms is None else terms_problem(terms),
        "metadata": metadata_problem(customer.metadata),
    }
    for field, problem in problems.items():
        if problem is not None:
            raise InvalidCustomer(field=field, problem=problem)
    customer.metadata = dict(customer.metadata)
    customer.country = check_country(customer.country)
    customer.region = check_region(customer.region, customer.country)
    customer.tax_id = check_tax_id(customer.tax_id, customer.country)


def _locked(organization: Organization, customer: Customer) -> Customer:
    # Orders for the customer go on being written meanwhile.
    rows = Customer.objects.of(organization).select_for_update(no_key=True)
    row: Customer | None = rows.filter(pk=customer.pk).first()
    if row is None:
        raise CustomerNotFound(customer=customer.code or customer.name)
    return row


def _as_audited(customer: Customer) -> dict[str, Any]:
    return {name: getattr(customer, name) for name in FIELDS}
