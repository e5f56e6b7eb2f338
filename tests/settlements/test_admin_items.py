"""Sales, refunds and adjustments in the back-office: looked through, and recorded by hand."""

from datetime import date

import pytest
from django.urls import reverse

from ledger.services.accounts import create_account
from organizations.actors import Actor
from settlements.models import Adjustment, Refund, Sale
from tests.invoicing.pages import follow, text_of
from tests.settlements.market import LATER, fresh, lines_of
from tests.settlements.pages import adding, listed, page

POLICY = {"percentage": "10", "per_ticket_amount": 50}


@pytest.fixture
def petra(market, signed_in):
    return signed_in(market.prepares)


@pytest.fixture
def ana(market):
    return market.payee(fee_policy=POLICY)


def sale_form(**others):
    return {
        "payee": "ana",
        "reference": "order-1",
        "sold_on": "2026-03-10",
        "quantity": "2",
        "method": "card",
        "total_amount": "100.00",
        **others,
    }


def test_records_a_sale_by_the_payees_fee_policy(market, petra, ana):
    said = follow(petra, adding("sale"), **sale_form())

    sale = Sale.objects.of(market.organization).get()
    assert "The sale order-1 is recorded: 89.00 EUR are owed to the payee." in said
    assert "Platform fee 11.00 To the payee 89.00 Total 100.00 EUR" in said
    assert (sale.platform_fee, sale.quantity, sale.sold_on) == (11_00, 2, date(2026, 3, 10))


def test_records_a_sale_with_parts_of_its_own(market, petra, ana):
    event = market.event(ana)

    follow(
        petra,
        adding("sale"),
        **sale_form(platform_fee="5.00", tax_amount="20.00", event="Concert (concert)"),
    )

    sale = Sale.objects.of(market.organization).get()
    assert (sale.platform_fee, sale.tax_amount, sale.organizer_amount) == (5_00, 20_00, 75_00)
    assert sale.event_id == event.pk


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (
            {"platform_fee": "50", "organizer_amount": "60"},
            "The parts add up to 110.00, and the total is 100.00 EUR.",
        ),
        ({"total_amount": "0.10"}, "The platform fee 1.01 is more than the 0.10 EUR"),
        ({"total_amount": "ten"}, "ten"),
        ({"payee": "zoe"}, "No payee is called “zoe”."),
        ({"event": "zoe"}, "No event is called “zoe”."),
        ({"total_amount": "-1"}, "This is not below zero."),
        ({"method": "shells"}, "Select a valid choice."),
        ({"quantity": "0"}, "greater than or equal to 1"),
        ({"reference": "a\nb"}, "Reference"),
    ],
)
def test_says_at_the_form_why_a_sale_is_refused(market, petra, ana, sent, said):
    answer = petra.post(adding("sale"), sale_form(**sent))

    assert answer.status_code == 200
    assert said in text_of(answer)
    assert not Sale.objects.of(market.organization).exists()


def test_says_that_another_sale_has_the_reference(market, petra, ana):
    market.sell(ana, 40_00, reference="order-1")

    said = follow(petra, adding("sale"), **sale_form())

    assert "There is something else under the reference order-1" in said


def test_shows_all_of_a_sale(market, petra, ana):
    sale = market.sell(ana, event=market.event(ana), metadata={"till": "7 <b>"})
    refund = market.refund(sale, 30_00, on=LATER, reason="cancelled")
    settlement = market.settle(ana)

    answer = petra.get(page(fresh(sale)))
    shown, source = text_of(answer), answer.content.decode()

    assert "Refunded -30.00 Left 70.00 EUR" in shown
    assert "Partly refunded" in shown
    assert "till 7 <b>" in shown
    assert "cancelled" in shown
    for row in (ana, refund, settlement):
        assert f'href="{page(row)}"' in source
    assert reverse("admin:ledger_journalentry_change", args=[sale.entry_id]) in source


def test_refunds_a_part_of_a_sale_and_keeps_the_fee(market, petra, ana):
    sale = market.sell(ana, 100_00, 10_00, reference="order-1")

    said = follow(
        petra,
        page(sale, "refund"),
        amount="30",
        fee="keep",
        reference="refund-1",
        refunded_on="2026-03-20",
        reason="cancelled",
    )

    refund = Refund.objects.of(market.organization).get()
    assert "30.00 EUR of order-1 are refunded." in said
    assert (refund.amount, refund.platform_fee, refund.organizer_amount) == (30_00, 0, 30_00)
    assert "Fee that was kept 3.00" in text_of(petra.get(page(refund)))


def test_offers_what_is_left_and_a_reference(market, petra, ana):
    sale = market.sell(ana, 100_00, reference="order-1")
    market.refund(sale, 30_00)

    source = petra.get(page(sale, "refund")).content.decode()

    assert 'value="70.00"' in source
    assert 'value="order-1-refund-2"' in source


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"amount": "100.01"}, "100.01 EUR cannot be refunded: of the sale order-1, 100.00 are"),
        ({"refunded_on": "2026-03-01"}, "The sale order-1 is of 2026-03-10"),
        ({"fee": "burn"}, "Select a valid choice."),
    ],
)
def test_says_at_the_form_why_a_refund_is_refused(market, petra, ana, sent, said):
    sale = market.sell(ana, 100_00, reference="order-1")
    asked = {"amount": "", "fee": "return", "reference": "r", "refunded_on": "2026-03-20"}

    shown = follow(petra, page(sale, "refund"), **{**asked, **sent})

    assert said in shown
    assert not Refund.objects.of(market.organization).exists()


def test_a_sale_that_is_refunded_as_a_whole_cannot_be_refunded_again(market, petra, ana):
    sale = market.sell(ana, reference="order-1")
    market.refund(sale)

    asked = {"amount": "", "fee": "return", "reference": "r", "refunded_on": "2026-03-20"}
    said = follow(petra, page(sale, "refund"), **asked)

    assert "Nothing of the sale order-1 is left to refund." in said
    assert page(sale, "refund") not in petra.get(page(sale)).content.decode()


def test_records_an_adjustment_with_its_reason(market, petra, ana):
    said = follow(
        petra,
        adding("adjustment"),
        payee="Ana (ana)",
        kind="adjustment",
        amount="-25.00",
        adjusted_on="2026-03-12",
        reason="Chargeback",
    )

    adjustment = Adjustment.objects.of(market.organization).get()
    assert "The adjustment of -25.00 EUR is recorded." in said
    assert "Chargeback" in said
    assert (adjustment.amount, adjustment.adjusted_on) == (-25_00, date(2026, 3, 12))


def test_posts_an_adjustment_against_the_account_that_is_named(market, petra, ana):
    follow(
        petra,
        adding("adjustment"),
        payee="ana",
        kind="adjustment",
        amount="5",
        adjusted_on="",
        reason="Goodwill",
        account="1010",
    )

    adjustment = Adjustment.objects.of(market.organization).get()
    assert {line[0] for line in lines_of(adjustment)} == {"1010", "2120"}
    assert adjustment.adjusted_on == market.organization.today()


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"amount": "0"}, "not 0."),
        ({"kind": "fee", "amount": "5"}, "A fee is below zero."),
        ({"reason": ""}, "This field is required."),
        ({"account": "9999"}, "there is no account"),
        ({"account": "2120"}, "on 2120 stands what the payee is owed."),
    ],
)
def test_says_at_the_form_why_an_adjustment_is_refused(market, petra, ana, sent, said):
    asked = {"payee": "ana", "kind": "adjustment", "amount": "5", "reason": "Goodwill"}

    shown = follow(petra, adding("adjustment"), **{**asked, **sent})

    assert said in shown
    assert not Adjustment.objects.of(market.organization).exists()


def test_narrows_the_lists_by_payee_event_date_and_settlement(market, petra, ana):
    ben = market.payee("ben", name="Ben's Hall")
    event = market.event(ana)
    market.sell(ana, event=event, reference="ana-settled")
    market.settle(ana)
    market.sell(ana, reference="ana-open", on=date(2026, 4, 2))
    market.sell(ben, reference="ben-open", on=date(2026, 4, 2))

    def found(**query):
        shown = text_of(petra.get(listed("sale"), query))
        return {name for name in ("ana-settled", "ana-open", "ben-open") if name in shown}

    assert found(payee="Ana (ana)") == {"ana-settled", "ana-open"}
    assert found(payee="hall") == {"ben-open"}
    assert found(event="concert") == {"ana-settled"}
    assert found(settled="no") == {"ana-open", "ben-open"}
    assert found(settled="yes") == {"ana-settled"}
    assert found(sold_on_from="2026-04-01") == {"ana-open", "ben-open"}
    assert found(q="ben-op") == {"ben-open"}
    assert found(payee="nobody") == set()


def test_says_that_the_event_is_another_payees(market, petra, ana):
    market.event(market.payee("ben"), "gala")

    said = follow(petra, adding("sale"), **sale_form(event="gala"))

    assert "There is no event gala of this payee in this organization." in said
    assert not Sale.objects.of(market.organization).exists()


def test_reads_amounts_in_the_currency_of_the_payee(market, petra):
    payable = add_account(market.organization, "2190", "JPY")
    yuki = market.payee("yuki", currency="JPY", payable=payable)
    page_for_yuki = petra.get(f"{adding('sale')}?payee=yuki").content.decode()

    said = follow(petra, adding("sale"), **sale_form(payee="yuki", total_amount="100.50"))

    assert "Total (JPY)" in page_for_yuki
    assert "100.50" in said
    assert not Sale.objects.of(market.organization).filter(payee_id=yuki.pk).exists()


def add_account(organization, code, currency):
    """A liability in a currency that the chart does not have."""
    account = create_account(
        actor=Actor.system(organization),
        code=code,
        name=f"Organizers in {currency}",
        type="liability",
        currency=currency,
    )
    return account.code
