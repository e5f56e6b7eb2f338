"""Settlements in the back-office: calculated, approved, paid, failed, tried again, discarded."""

import json
from datetime import date
from io import BytesIO

import pytest
from django.urls import reverse
from pypdf import PdfReader

from organizations.actors import Actor
from organizations.models import AuditEvent
from settlements.admin import lines
from settlements.admin.waterfall import WIDTH, waterfall
from settlements.documents import statements
from settlements.models import Payout, PayoutStatus, Settlement
from tests.invoicing.pages import follow, text_of
from tests.settlements.market import CUTOFF, IBAN, OTHER_IBAN, fresh
from tests.settlements.pages import adding, listed, page


@pytest.fixture
def petra(market, signed_in):
    """Prepares."""
    return signed_in(market.prepares)


@pytest.fixture
def anton(market, signed_in):
    """Approves."""
    return signed_in(market.approves)


@pytest.fixture
def ana(market):
    return market.payee(iban=IBAN)


@pytest.fixture
def pending(market, ana):
    """90.00 EUR that Petra has calculated."""
    market.sell(ana)
    return market.settle(ana)


def test_goes_from_its_calculation_to_the_payment(market, petra, anton, ana):
    market.sell(ana)

    calculated = follow(petra, adding("settlement"), payee="Ana (ana)", through="2026-03-31")
    settlement = Settlement.objects.of(market.organization).get()
    approved = follow(anton, page(settlement, "approve"))
    paid = follow(petra, page(settlement, "pay"), paid_on="2026-04-02")

    assert "Settlement 1 of Ana comes to 90.00 EUR. Somebody else has to approve it." in calculated
    assert "90.00 EUR for Ana are approved." in approved
    assert "90.00 EUR were paid to Ana on 2 Apr 2026." in paid
    assert "Prepared by Petra" in paid
    assert "Approved by Anton" in paid
    assert fresh(settlement).status == "completed"


def test_shows_how_the_total_comes_about(market, petra):
    ana = market.payee(reserve={"percentage": "10", "days": 30})
    sale = market.sell(ana, 100_00)
    market.refund(sale, 20_00, on=date(2026, 3, 20))
    market.adjust(ana, 5_00)

    shown = text_of(petra.get(page(market.settle(ana))))

    assert (
        "Sales 90.00 Refunds -18.00 Adjustments 5.00 Held in reserve -7.20 Total 69.80 EUR" in shown
    )


def test_draws_each_amount_from_where_the_one_before_ends():
    settlement = Settlement(
        currency="EUR",
        carried_forward_amount=-50_00,
        sales_amount=150_00,
        refunds_amount=50_00,
        adjustments_amount=0,
        reserve_held_amount=0,
        reserve_released_amount=0,
    )

    bars = waterfall(settlement)

    # From -50 to 100.
    assert [(bar.name, bar.x, bar.width) for bar in bars] == [
        ("Carried forward", 0, 333),
        ("Sales", 0, 1_000),
        ("Refunds", 666, 334),
        ("Total", 333, 333),
    ]
    assert all(bar.x + bar.width <= WIDTH for bar in bars)


def test_links_every_line_to_its_item_and_journal_entry(market, petra, ana):
    sale = market.sell(ana)
    refund = market.refund(sale, 10_00)
    adjustment = market.adjust(ana, 5_00)

    source = petra.get(page(market.settle(ana))).content.decode()

    for item in (sale, refund, adjustment):
        assert f'href="{page(item)}"' in source
        assert reverse("admin:ledger_journalentry_change", args=[item.entry_id]) in source


def test_shows_long_settlements_a_page_at_a_time(market, petra, ana, monkeypatch):
    monkeypatch.setattr(lines, "MOST_LINES", 2)
    for number in range(5):
        market.sell(ana, reference=f"order-{number}", on=date(2026, 3, 10 + number))
    url = page(market.settle(ana))

    def shown(query):
        answer = petra.get(f"{url}{query.split('#')[0]}")
        found = [f"order-{n}" for n in range(5) if f"order-{n}" in text_of(answer)]
        return found, answer.context["earlier"], answer.context["later"]

    first, nothing, later = shown("")
    second, _, later = shown(later)
    third, earlier, end = shown(later)
    back, _, _ = shown(earlier)

    assert [first, second, third, back] == [
        ["order-0", "order-1"],
        ["order-2", "order-3"],
        ["order-4"],
        ["order-2", "order-3"],
    ]
    assert (nothing, end) == ("", "")


@pytest.mark.parametrize("query", ["?after=x", "?after=2026-03-10_x", "?before=%00", "?before=_"])
def test_bears_any_place_in_its_lines(petra, pending, query):
    assert petra.get(f"{page(pending)}{query}").status_code == 200


def test_names_who_prepared_it_when_it_is_approved(anton, pending):
    shown = text_of(anton.get(page(pending, "approve")))

    assert "Approve 90.00 EUR for Ana?" in shown
    assert "Prepared by Petra. 1 item through 31 Mar 2026, due on" in shown
    assert "To Ana, IE29 AIBK 9311 5212 3456 78." in shown


def test_refuses_the_approval_of_ones_own_with_words(market, anton, ana):
    market.sell(ana)
    own = market.settle(ana, actor=market.approver)

    shown = text_of(anton.get(page(own)))
    said = follow(anton, page(own, "approve"))

    assert "You prepared it: somebody else has to approve it." in shown
    assert page(own, "approve") not in anton.get(page(own)).content.decode()
    assert "Whoever prepared a settlement cannot approve it: somebody else has to." in said
    assert fresh(own).status == "pending"


def test_lets_anybody_entitled_approve_what_the_clock_prepared(market, anton, ana):
    market.sell(ana)
    settlement = market.settle(ana, actor=Actor.system(market.organization))

    assert "Prepared by the clock." in text_of(anton.get(page(settlement, "approve")))
    assert "are approved" in follow(anton, page(settlement, "approve"))


@pytest.mark.parametrize(
    ("through", "said"),
    [
        ("2026-03-01", "Payee ana has nothing to settle through 2026-03-01."),
        ("2026-02-30", "Enter a valid date."),
        ("1800-01-01", "A settlement goes through a day from 1900-01-01"),
    ],
)
def test_says_at_the_form_why_nothing_is_calculated(market, petra, ana, through, said):
    market.sell(ana)

    assert said in follow(petra, adding("settlement"), payee="ana", through=through)
    assert not Settlement.objects.of(market.organization).exists()


def test_says_amounts_in_major_units_where_the_minimum_is_not_reached(market, petra):
    market.sell(market.payee(minimum_payout_amount=500_00))

    said = follow(petra, adding("settlement"), payee="ana", through="2026-03-31")

    assert "90.00 EUR are below the minimum payout of 500.00 of payee ana: it waits." in said


def test_says_that_a_suspended_payee_is_not_settled(market, petra, ana):
    market.sell(ana)
    market.suspend(ana)

    said = follow(petra, adding("settlement"), payee="ana", through="2026-03-31")

    assert "Payee ana is suspended: nothing is settled until they are active again." in said


def test_says_that_nothing_is_to_be_paid(market, petra, ana):
    market.adjust(ana, -5_00)

    said = follow(petra, adding("settlement"), payee="ana", through="2026-03-31")

    assert "Settlement 1 of Ana comes to -5.00 EUR: there is nothing to pay." in said
    assert "What is below zero is taken off the payee's next settlement." in said


def test_discards_what_nobody_has_approved(market, petra, pending):
    said = follow(petra, page(pending, "discard"))

    assert "Settlement 1 of Ana is discarded." in said
    assert not Settlement.objects.of(market.organization).exists()


def test_names_the_settlement_where_a_step_is_refused(market, petra, pending):
    market.approve(pending)

    said = follow(petra, page(pending, "discard"))

    assert "Settlement 1 of Ana is processing: only a pending one can be" in said


def test_refuses_to_pay_before_the_settlements_end_or_without_an_approval(market, petra, pending):
    unapproved = follow(petra, page(pending, "pay"), paid_on="2026-04-02")
    market.approve(pending)
    early = follow(petra, page(pending, "pay"), paid_on="2026-03-01")

    assert "it has to be approved before it is paid." in unapproved
    assert "the settlement goes through 2026-03-31, after 2026-03-01." in early
    assert fresh(pending).status == "processing"


def test_fails_and_is_tried_again_at_the_account_of_now(market, petra, anton, ana, pending):
    market.approve(pending)

    failed = follow(
        petra, page(pending, "fail"), reason="Account closed", failure_code="AC04", failed_on=""
    )
    market.change(ana, iban=OTHER_IBAN)
    asked = text_of(anton.get(page(pending, "retry")))
    retried = follow(anton, page(pending, "retry"))

    assert "The payout to Ana has failed." in failed
    assert "Account closed (AC04)" in failed
    assert "To Ana, DE89 3704 0044 0532 0130 00." in asked
    assert "The payout to Ana is tried again." in retried
    ids = [f"{pending.pk.hex}-{attempt}" for attempt in (1, 2)]
    assert all(id in retried for id in ids)


def test_takes_back_a_payout_that_came_back(market, petra, pending):
    paid = market.pay(market.approve(pending))

    asked = text_of(petra.get(page(paid, "fail")))
    said = follow(petra, page(paid, "fail"), reason="Wrong account", failed_on="2026-04-07")

    payout = Payout.objects.of(market.organization).get()
    assert "The payment is reversed in the books" in asked
    assert "The payout to Ana came back." in said
    assert (payout.status, payout.failed_on) == (PayoutStatus.RETURNED, date(2026, 4, 7))
    source = petra.get(page(paid)).content.decode()
    for entry in (payout.entry_id, payout.return_entry_id):
        assert reverse("admin:ledger_journalentry_change", args=[entry]) in source


def test_asks_for_a_reason_when_it_fails(market, petra, pending):
    market.approve(pending)

    said = follow(petra, page(pending, "fail"), reason="", failure_code="x" * 40)

    assert "This field is required." in said
    assert "at most 35 characters" in said


def test_offers_only_the_steps_that_make_sense(market, anton, pending):
    def offered(row):
        source = anton.get(page(row)).content.decode()
        steps = ("approve", "discard", "pay", "fail", "retry")
        return [step for step in steps if page(row, step) in source]

    assert offered(pending) == ["approve", "discard"]
    assert offered(market.approve(pending)) == ["pay", "fail"]
    assert offered(market.pay(pending)) == ["fail"]
    assert offered(market.fail(pending)) == ["retry"]


def test_gives_its_statement_as_page_and_files(market, petra, pending):
    html = text_of(petra.get(page(pending, "statement_html")))
    pdf = petra.get(page(pending, "statement_pdf"))
    csv = petra.get(page(pending, "statement_csv"))
    told = json.loads(petra.get(page(pending, "statement_json")).getvalue())

    assert "sale-1" in html
    assert "sale-1" in "".join(p.extract_text() for p in PdfReader(BytesIO(pdf.content)).pages)
    assert b"sale-1" in csv.getvalue()
    assert csv.headers["Content-Disposition"].startswith('attachment; filename="market-settlement')
    assert "no-store" in csv.headers["Cache-Control"]
    assert told["closing_amount"] == 0


def test_says_that_a_statement_is_too_long_for_a_page(petra, pending, monkeypatch):
    monkeypatch.setattr(statements, "MOST_LINES", 0)

    answer = petra.get(page(pending, "statement_html"))

    assert answer.status_code == 422
    assert "statement" in answer.content.decode()


def test_narrows_the_list_to_what_waits(market, petra, ana, pending):
    ben = market.payee("ben", name="Ben's Hall")
    market.sell(ben)
    approved = market.approve(market.settle(ben))

    def found(**query):
        shown = petra.get(listed("settlement"), query).content.decode()
        return {row.payee.code for row in (pending, approved) if page(row) in shown}

    assert found() == {"ana", "ben"}
    assert found(status="pending") == {"ana"}
    assert found(status="open") == {"ana", "ben"}
    assert found(status="processing") == {"ben"}
    assert found(status="completed") == set()
    assert found(payee="ben") == {"ben"}
    assert found(through_from="2026-04-01") == set()
    assert found(q=f"{approved.pk.hex}-1") == {"ben"}


def test_settles_everybody_who_is_due(market, petra):
    ana = market.payee(schedule={"every": "day"})
    low = market.payee("low", schedule={"every": "day"}, minimum_payout_amount=500_00)
    market.payee("idle", schedule={"every": "day"})
    market.sell(ana)
    market.sell(low)
    url = reverse("admin:settlements_settlement_run_due")

    asked = text_of(petra.get(url))
    first = follow(petra, url)
    second = follow(petra, url)

    assert "2 due through" in asked
    assert "1 settled, 1 below their minimum payout, so they wait." in first
    assert "1 below their minimum payout" in second
    assert Settlement.objects.of(market.organization).count() == 1


def test_who_settles_everybody_approves_none_of_it(market, anton):
    market.sell(market.payee(schedule={"every": "day"}))
    follow(anton, reverse("admin:settlements_settlement_run_due"))
    settlement = Settlement.objects.of(market.organization).get()

    refused = follow(anton, page(settlement, "approve"))

    assert settlement.prepared_by_id == market.approves.pk
    assert "somebody else has to" in refused
    assert fresh(settlement).status == "pending"


def test_says_that_nobody_is_due(market, petra, ana):
    shown = text_of(petra.get(reverse("admin:settlements_settlement_run_due")))

    assert "Nobody is due through" in shown
    assert "Settle them" not in shown


def test_leaves_its_steps_in_the_audit_trail(market, petra, anton, pending):
    follow(anton, page(pending, "approve"))
    follow(petra, page(pending, "pay"), paid_on=CUTOFF.isoformat())

    shown = text_of(anton.get(page(pending)))
    actions = AuditEvent.objects.of(market.organization).values_list("action", flat=True)

    assert {"approve_settlement", "pay_settlement"} <= set(actions)
    assert "Calculate settlement Petra" in shown
    assert "Pay settlement Petra" in shown
