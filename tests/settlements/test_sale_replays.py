"""A sale sent again: the one that is there, or a conflict that names what differs."""

import pytest

from ledger.drafts import credit, debit
from ledger.selectors.accounts import get_account
from ledger.services.accounts import archive_account
from ledger.services.periods import close_books
from organizations.models import AuditEvent
from settlements.errors import ReferenceConflict
from tests.invoicing.selling import refused
from tests.settlements.market import CARD, LATER, PAYABLE

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ana(market):
    return market.payee()


def test_the_very_same_again_is_the_sale_that_is_there(market, ana):
    metadata = {"seats": [1, 2.50], "price": 1e23, "is_new": True}
    first = market.sell(ana, reference="s", metadata=metadata)

    again = market.sell(ana, reference="s", metadata=metadata)

    assert (again.pk, again.is_replay, first.is_replay) == (first.pk, True, False)
    assert market.owed() == 90_00
    assert AuditEvent.objects.of(market.organization).filter(action="record_sale").count() == 1


@pytest.mark.parametrize(
    ("other", "differs"),
    [
        ({"total_amount": 100_01}, "total_amount"),
        ({"platform_fee": 9_99}, "platform_fee"),
        ({"platform_fee": None, "organizer_amount": 1}, "organizer_amount"),
        ({"platform_fee": 0, "tax_amount": 10_00}, "tax_amount, platform_fee"),
        ({"sold_on": LATER}, "sold_on"),
        ({"method": "cash"}, "method"),
        ({"quantity": 2}, "quantity"),
        ({"payee": "bob"}, "payee"),
        ({"metadata": {"is_new": 1}}, "metadata"),
        ({"metadata": {}}, "metadata"),
    ],
)
def test_something_else_under_its_reference_is_refused(market, ana, other, differs):
    market.payee("bob")
    first = {"reference": "s", "metadata": {"is_new": True}}
    market.record(ana, **first)

    with refused(ReferenceConflict, market.organization) as caught:
        market.record(ana, **{**first, **other})

    assert caught.value.differs == differs


def test_another_event_under_its_reference_is_refused(market, ana):
    market.sell(ana, reference="s")
    event = market.event(ana)

    with refused(ReferenceConflict, market.organization) as caught:
        market.sell(ana, reference="s", event=event)

    assert caught.value.differs == "event"


def test_is_the_same_sale_though_the_fee_policy_has_changed_since(market, ana):
    first = market.sell(ana, 100, platform_fee=None, reference="s")
    market.change(ana, fee_policy={"percentage": "50"})

    again = market.sell(ana, 100, platform_fee=None, reference="s")

    assert (again.pk, again.platform_fee) == (first.pk, 0)


def test_is_the_same_sale_though_the_fee_would_be_above_it_now(market, ana):
    first = market.sell(ana, 100, platform_fee=None, reference="s")
    market.change(ana, fee_policy={"per_ticket_amount": 101})

    assert market.sell(ana, 100, platform_fee=None, reference="s").pk == first.pk


def test_is_the_same_sale_though_its_account_is_archived_now(market, ana):
    first = market.sell(ana, reference="s")
    archive_account(actor=market.approver, account=get_account(market.organization, CARD))

    assert market.sell(ana, reference="s").pk == first.pk


def test_is_the_same_sale_though_the_books_are_closed_now(market, ana):
    first = market.sell(ana, reference="s")
    close_books(actor=market.system, through=LATER)

    assert market.sell(ana, reference="s").pk == first.pk


def test_an_entry_that_no_sale_belongs_to_is_in_the_way(market, ana, post):
    post(
        debit(CARD, 100),
        credit(PAYABLE, 100),
        organization=market.organization,
        reference="sale:s",
    )

    with refused(ReferenceConflict, market.organization):
        market.sell(ana, reference="s")


def test_one_organizations_references_are_not_anothers(market, ana, acme, post):
    post(debit("1000", 5), credit("4000", 5), organization=acme, reference="sale:s")

    assert not market.sell(ana, reference="s").is_replay
