"""Recording a sale: what it posts, what it refuses, and what a second one of the same gives."""

import pytest

from tests.settlements.market import CARD, FEES, PAYABLE, lines_of

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_sale_is_owed_to_its_payee_less_the_fee(market):
    ana = market.payee()

    sale = market.sell(ana, 100_00, fee=10_00)

    assert lines_of(sale) == [(CARD, 100_00, 0), (FEES, 0, 10_00), (PAYABLE, 0, 90_00)]
    assert market.owed() == 90_00
