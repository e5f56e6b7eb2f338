"""Payees: made, changed and found."""

import pytest

from settlements.selectors.payees import get_payee

pytestmark = pytest.mark.django_db


class TestCreate:
    def test_needs_no_more_than_code_name_and_currency(self, market):
        made = market.payee("ana")

        assert get_payee(market.organization, "ana") == made
