"""What a draft would come to: the page says it, or why the order cannot be locked."""

from typing import Any

import pytest

from core.errors import Refusal
from invoicing.models import Order, TaxRate
from invoicing.services.customers import change_customer, create_customer
from invoicing.services.orders import lock_order
from invoicing.services.tax_rates import change_tax_rate
from ledger.models import Account, AccountStatus
from tests.invoicing.pages import page, text_of
from tests.invoicing.selling import DELIVERY, Till, item


@pytest.fixture
def till(as_alice: Any) -> Till:
    return Till(as_alice)


def of_the_reverse_charge(till: Till) -> Order:
    till.rate("RC", "0", category="reverse_charge")
    private = create_customer(actor=till.actor, name="Lindqvist", country="SE")
    return till.draft(item(10_00, "RC"), customer=private)


def of_an_inactive_customer(till: Till) -> Order:
    gone = create_customer(actor=till.actor, name="Lindqvist", country="SE")
    order = till.draft(customer=gone)
    change_customer(actor=till.actor, customer=gone, active=False)
    return order


def on_an_archived_account(till: Till) -> Order:
    order = till.draft(item(10_00, revenue_account=DELIVERY))
    Account.objects.of(till.organization).filter(code=DELIVERY).update(
        status=AccountStatus.ARCHIVED
    )
    return order


def under_a_rate_that_is_not_active(till: Till) -> Order:
    order = till.draft()
    rate = TaxRate.objects.of(till.organization).get(code="VAT")
    change_tax_rate(actor=till.actor, tax_rate=rate, active=False)
    return order


def without_fault(till: Till) -> Order:
    return till.draft()


def test_a_draft_shows_what_it_would_come_to(till, dan, signed_in):
    shown = text_of(signed_in(dan).get(page(without_fault(till))))

    assert "120.00" in shown


@pytest.mark.parametrize(
    "faulty",
    [
        of_the_reverse_charge,
        of_an_inactive_customer,
        on_an_archived_account,
        under_a_rate_that_is_not_active,
    ],
)
@pytest.mark.parametrize("step", ["change", "lock"])
def test_a_draft_that_cannot_be_locked_shows_the_locks_own_words(
    till, dan, signed_in, faulty, step
):
    order = faulty(till)

    shown = text_of(signed_in(dan).get(page(order, step)))

    with pytest.raises(Refusal) as refused:
        lock_order(actor=till.actor, order=order)
    assert refused.value.message in shown
    assert "it comes to" not in shown
