"""The page of what every payee was owed on a day, and whether the ledger says so."""

from datetime import date

import pytest
from django.urls import reverse

from tests.invoicing.pages import text_of
from tests.settlements.pages import page

URL = reverse("admin:payee_balances")


@pytest.fixture
def bob(market, signed_in):
    return signed_in(market.approves)


def test_says_what_was_owed_at_the_end_of_a_day(market, bob):
    ana = market.payee(reserve={"percentage": "10", "days": 30})
    market.sell(ana, 100_00, on=date(2026, 3, 10))
    market.settle(ana, date(2026, 3, 15))
    market.sell(ana, 50_00, on=date(2026, 3, 20))

    before = text_of(bob.get(URL, {"as_of": "2026-03-12"}))
    after = bob.get(URL, {"as_of": "2026-03-20"})

    assert "Ana ana 90.00 90.00 90.00 Total 90.00 0.00 0.00 0.00 90.00 90.00" in before
    assert "Ana ana 45.00 9.00 81.00 135.00 135.00" in text_of(after)
    assert "It ties with the ledger." in text_of(after)
    assert f'href="{page(ana)}"' in after.content.decode()


def test_names_whoever_does_not_tie(market, bob, by_force):
    market.sell(market.payee("ben"))
    sale = market.sell(market.payee("ana"))
    by_force(
        "UPDATE settlements_sale SET organizer_amount = organizer_amount + 1,"
        " total_amount = total_amount + 1 WHERE id = %s",
        sale.pk,
    )

    shown = text_of(bob.get(URL))

    assert "Ana ana Does not tie" in shown
    assert "Ben ben Does not tie" not in shown
    assert "What is open in EUR is not what the ledger says." in shown
    assert "It ties with the ledger." not in shown


@pytest.mark.parametrize("format", ["csv", "xlsx", "pdf"])
def test_gives_the_same_as_files(market, bob, format):
    market.sell(market.payee("ana"))

    answer = bob.get(URL, {"format": format, "as_of": "2026-03-31"})

    name = f'filename="market-payee-balances-2026-03-31.{format}"'
    assert answer.headers["Content-Disposition"] == f"attachment; {name}"
    assert answer.getvalue()


def test_says_that_there_is_nobody_and_that_a_day_is_none(market, bob):
    nobody = text_of(bob.get(URL))
    market.sell(market.payee("ana"))
    refused = text_of(bob.get(URL, {"as_of": "2026-02-30"}))

    assert "There are no payees yet" in nobody
    assert "Enter a valid date." in refused
