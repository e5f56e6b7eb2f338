"""Orders that are locked as they are made: refused as drafts and locks are, by few statements."""

from typing import Any

import pytest

from core.errors import AmountOutOfRange, Refusal
from invoicing.errors import (
    CustomerInactive,
    InvalidItem,
    InvalidOrder,
    InvalidRevenueAccount,
    OrderIsEmpty,
    OrderReferenceTaken,
    ReverseChargeNeedsTaxId,
    TaxRateNotValid,
    TaxRateRepeated,
    UnknownCountry,
    UnknownCustomer,
    UnknownTaxRate,
)
from invoicing.models import InvoicingProfile, Order
from invoicing.services.customers import change_customer
from invoicing.services.orders import ItemDraft, add_locked_order
from organizations.actors import Actor
from organizations.errors import UnknownCurrency
from organizations.models import AuditEvent
from organizations.services.auditing import Audit, atomic_use_case
from tests.invoicing.drafting import DAY, lindqvist, mug, rate, vat
from tests.invoicing.selling import refused, statements_of

pytestmark = pytest.mark.django_db


def sell(actor: Actor, *items: ItemDraft, **others: Any) -> Order:
    given = {"currency": "GBP", "items": items or [mug()], "country": "GB", "on": DAY}
    with atomic_use_case(actor, "sell") as audit:
        return add_locked_order(audit, actor, **{**given, **others})


def test_leaves_an_audit_row_and_the_event_of_the_lock(acme, as_alice):
    vat(as_alice)

    order = sell(as_alice, mug(2), reference="A-1")

    by_action = {event.action: event for event in AuditEvent.objects.of(acme)}
    assert by_action["sell"].subject_ids == by_action["order_locked"].subject_ids == [order.pk]
    assert by_action["sell"].after["reference"] == "A-1"
    assert by_action["order_locked"].facts["total_amount"] == 24_00


def test_rounds_where_the_profile_says(acme, as_alice):
    vat(as_alice, "17.5")
    InvoicingProfile.objects.create(organization=acme, rounding="line")

    assert sell(as_alice, mug(1, 10), mug(1, 10), mug(1, 10)).tax_amount == 6


@pytest.mark.parametrize("count", [1, 100])
def test_needs_as_many_statements_for_a_hundred_items_as_for_one(as_alice, count):
    vat(as_alice)
    customer = lindqvist(as_alice)
    items = [mug(tax_codes=["GB-S"])] * count

    asked = statements_of(lambda: sell(as_alice, *items, customer=customer))

    # Rounding and rates; then the order with its parts, its lock, and the trail.
    assert [sql.split()[0] for sql in asked] == ["SELECT", "SELECT", "WITH", "UPDATE", "INSERT"]


REFUSALS: list[tuple[dict[str, Any], type[Refusal]]] = [
    ({"items": []}, OrderIsEmpty),
    ({"items": [mug(0)]}, InvalidItem),
    ({"items": [mug("NaN")]}, InvalidItem),
    ({"items": [mug(1, -1)]}, InvalidItem),
    ({"items": [mug(1, 2**63 - 1)]}, AmountOutOfRange),
    ({"items": [mug(tax_codes=["XX"])]}, UnknownTaxRate),
    ({"items": [mug(tax_codes=["GB-S", "GB-S"])]}, TaxRateRepeated),
    ({"items": [mug(tax_codes=["OFF"])]}, TaxRateNotValid),
    ({"items": [mug(tax_codes=["AE"])]}, ReverseChargeNeedsTaxId),
    ({"items": [mug(revenue_account="1000")]}, InvalidRevenueAccount),
    ({"currency": "XXL"}, UnknownCurrency),
    ({"country": "XX"}, UnknownCountry),
    ({"region": "x" * 21}, InvalidOrder),
    ({"reference": "\x00"}, InvalidOrder),
    ({"reference": "B, 2"}, OrderReferenceTaken),
    ({"metadata": {"a": "\x00"}}, InvalidOrder),
]


@pytest.mark.parametrize(("changes", "refusal"), REFUSALS)
def test_refuses_what_a_draft_or_its_lock_would(acme, as_alice, changes, refusal):
    vat(as_alice)
    rate(as_alice, "OFF", "5", active=False)
    rate(as_alice, "AE", "0", category="reverse_charge")
    sell(as_alice, reference="B, 2")

    with refused(refusal, acme) as said:
        sell(as_alice, **changes)

    assert "None" not in said.value.message


def test_refuses_an_inactive_customer(acme, as_alice):
    customer = change_customer(actor=as_alice, customer=lindqvist(as_alice), active=False)

    with refused(CustomerInactive, acme):
        sell(as_alice, customer=customer)


def test_refuses_another_organizations_customer(acme, as_alice, as_mallory):
    customer = lindqvist(as_mallory)

    with refused(UnknownCustomer, acme):
        sell(as_alice, customer=customer)


@pytest.mark.django_db(transaction=True)
def test_is_a_part_of_a_transaction(as_alice):
    with pytest.raises(RuntimeError):
        add_locked_order(Audit(as_alice, "sell"), as_alice, currency="GBP", items=[mug()])
