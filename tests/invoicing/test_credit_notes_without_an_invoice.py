"""What a credit note without an invoice is refused for, as an order would be at its lock."""

from typing import Any

import pytest

from core.errors import AmountOutOfRange
from core.money import MOST_MINOR_UNITS
from invoicing.errors import ReverseChargeNeedsTaxId
from invoicing.models import CreditNote
from invoicing.services.crediting import issue_credit_note
from invoicing.services.customers import create_customer
from tests.invoicing.selling import DAY, Till, item, refused


@pytest.fixture
def till(as_alice: Any) -> Till:
    return Till(as_alice)


def give(till: Till, *items: Any, **others: Any) -> CreditNote:
    given = {"currency": "GBP", "reason": "returned", "on": DAY, **others}
    return issue_credit_note(actor=till.actor, items=items, **given)


def test_the_reverse_charge_needs_the_customers_vat_id(acme, till):
    till.rate("RC", "0", category="reverse_charge")
    customer = create_customer(actor=till.actor, name="Lindqvist AB", country="SE")

    with refused(ReverseChargeNeedsTaxId, acme) as caught:
        give(till, item(10_00), item(10_00, "RC"), customer=customer)

    assert (caught.value.position, caught.value.tax_rate) == (2, "RC")


def test_the_reverse_charge_is_credited_to_a_business(till):
    till.rate("RC", "0", category="reverse_charge")
    business = create_customer(
        actor=till.actor, name="Lindqvist AB", country="SE", tax_id="SE556703748501"
    )

    note = give(till, item(10_00, "RC"), customer=business)

    assert (note.total_amount, note.tax_amount) == (10_00, 0)


def test_nothing_is_given_that_with_its_tax_exceeds_64_bits(acme, till):
    with refused(AmountOutOfRange, acme):
        give(till, item(MOST_MINOR_UNITS))
