"""Payees and events in the back-office: added, changed, suspended, and what they are owed."""

from datetime import date

import pytest

from settlements.models import Event, Payee
from tests.invoicing.pages import follow, text_of
from tests.settlements.market import IBAN, LATER, fresh
from tests.settlements.pages import adding, listed, page, payee_form


@pytest.fixture
def petra(market, signed_in):
    return signed_in(market.prepares)


def test_adds_a_payee_with_all_their_terms(market, petra):
    said = follow(
        petra,
        adding("payee"),
        **payee_form(
            schedule_every="week",
            weekday="3",
            minimum_payout="50.00",
            reserve_kind="percentage",
            reserve_percentage="12.5",
            reserve_days="30",
            fee_percentage="10",
            fee_per_ticket="0.50",
            fee_borne_by="buyer",
            account_holder="Ana Byrne",
            iban="IE29 AIBK 9311 5212 3456 78",
        ),
    )

    ana = Payee.objects.of(market.organization).get()
    assert "Ana's Concerts is a payee now." in said
    assert "Weekly, through Wednesday" in said
    assert "12.5 % of sales less refunds, for 30 days" in said
    assert "10 % and 0.50 EUR a ticket, borne by the buyer" in said
    assert "Ana Byrne, IE29 AIBK 9311 5212 3456 78" in said
    assert (ana.schedule_weekday, ana.minimum_payout_amount, ana.iban) == (3, 50_00, IBAN)


def test_ignores_what_belongs_to_another_schedule_or_reserve(market, petra):
    follow(
        petra,
        adding("payee"),
        **payee_form(
            schedule_every="month",
            weekday="3",
            day="31",
            days="7",
            reserve_kind="floor",
            reserve_percentage="10",
            reserve_days="30",
            reserve_floor="500",
        ),
    )

    ana = Payee.objects.of(market.organization).get()
    assert (ana.schedule_every, ana.schedule_day, ana.schedule_weekday) == ("month", 31, None)
    assert (ana.reserve_floor_amount, ana.reserve_percentage) == (500_00, None)


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"iban": "IE29AIBK93115212345679"}, "is no IBAN: its check digits do not fit"),
        ({"code": "a b"}, "is no code: use letters"),
        ({"name": ""}, "This field is required."),
        ({"schedule_every": "week"}, "This is needed here."),
        ({"reserve_kind": "percentage", "reserve_days": "30"}, "This is needed here."),
        (
            {"reserve_kind": "percentage", "reserve_percentage": "101", "reserve_days": "30"},
            "less than or equal to 100",
        ),
        ({"fee_percentage": "ten"}, "Enter a number."),
        ({"fee_percentage": "100.5"}, "less than or equal to 100"),
        ({"minimum_payout": "-1"}, "This is not below zero."),
        ({"email": "nobody"}, "nobody is no email address."),
        ({"payable": "4110"}, "4110"),
    ],
)
def test_says_at_the_form_what_is_refused(market, petra, sent, said):
    answer = petra.post(adding("payee"), payee_form(**sent))

    assert answer.status_code == 200
    assert said in text_of(answer)
    assert not Payee.objects.of(market.organization).exists()


def test_refuses_a_code_that_is_taken(market, petra):
    market.payee("ana")

    said = follow(petra, adding("payee"), **payee_form())

    assert "There is a payee ana already." in said


def test_changes_a_payee_and_keeps_what_was_not_changed(market, petra):
    ana = market.payee(
        schedule={"every": "event", "days": 3}, reserve={"floor_amount": 100_00}, iban=IBAN
    )
    form = petra.get(f"{page(ana)}?edit").context["form"]
    shown = {field.name: field.value() for field in form if field.value() is not None}

    said = follow(petra, page(ana), **{**shown, "name": "Ana B."})

    changed = fresh(ana)
    assert "Ana B. is saved." in said
    assert (changed.name, changed.schedule_days, changed.reserve_floor_amount) == (
        "Ana B.",
        3,
        100_00,
    )
    assert (changed.iban, changed.payable_id) == (IBAN, ana.payable_id)


def test_suspends_a_payee_and_activates_them_again(market, petra):
    ana = market.payee()

    suspended = follow(petra, page(ana, "suspend"))
    activated = follow(petra, page(ana, "activate"))

    assert "Ana is suspended." in suspended
    assert "Calculate settlement" not in suspended
    assert "Ana is active again." in activated
    assert fresh(ana).status == "active"


def test_shows_what_they_are_owed_by_what_becomes_of_it(market, petra):
    ana = market.payee(reserve={"percentage": "10", "days": 30})
    market.sell(ana, 100_00)
    market.settle(ana)
    market.sell(ana, 50_00, on=date(2026, 4, 2))

    shown = text_of(petra.get(page(ana)))
    listing = text_of(petra.get(listed("payee")))

    assert (
        "Not settled 45.00 Held in reserve 9.00 Settled, to be paid 81.00 Open 135.00 EUR" in shown
    )
    assert "45.00 9.00 81.00 135.00 EUR" in listing


def test_shows_their_settlements_and_last_items_with_links(market, petra):
    ana = market.payee()
    sale = market.sell(ana, event=market.event(ana))
    settlement = market.settle(ana)
    refund = market.refund(sale, 10_00, on=LATER)

    answer = petra.get(page(ana))
    source = answer.content.decode()

    for row in (sale, settlement, refund):
        assert f'href="{page(row)}"' in source
    assert "No. 1" in text_of(answer)


def test_says_that_a_balance_does_not_tie(market, petra, by_force):
    ana = market.payee()
    sale = market.sell(ana)
    by_force(
        "UPDATE settlements_sale SET organizer_amount = organizer_amount + 1,"
        " total_amount = total_amount + 1 WHERE id = %s",
        sale.pk,
    )

    shown = text_of(petra.get(page(ana)))

    assert "The ledger says 90.00 EUR." in shown


def test_shows_names_as_they_are_written_and_runs_nothing(market, petra):
    ana = market.payee(name='<script>alert("Ana")</script>')
    event = market.event(ana, name="<b>Spring</b>")
    sale = market.sell(ana, event=event, reference="<i>1</i>")
    adjustment = market.adjust(ana, 1_00, reason="<u>why</u>")
    settlement = market.settle(ana)
    pages = [page(row) for row in (ana, event, sale, adjustment, settlement)]
    pages += [page(settlement, step) for step in ("approve", "discard", "statement_html")]
    pages += [listed(name) for name in ("payee", "event", "sale", "adjustment", "settlement")]
    pages += [page(ana, "suspend"), f"{page(ana)}?edit", page(sale, "refund")]
    pages += [f"{adding('settlement')}?payee=ana", f"{adding('sale')}?payee=ana"]
    raw = ("<script>alert", "<b>Spring", "<i>1</i>", "<u>why")

    for url in pages:
        answer = signed_in_as(petra, market, url)
        assert not [text for text in raw if text in answer], url


def signed_in_as(petra, market, url):
    """Of the approver where only they may open it."""
    answer = petra.get(url)
    if answer.status_code == 403:
        petra.force_login(market.approves)
        answer = petra.get(url)
        petra.force_login(market.prepares)
    assert answer.status_code == 200, url
    return answer.content.decode()


def test_offers_the_payees_that_are_meant_while_one_types(market, petra):
    market.payee("ana", name="Ana's Concerts")
    market.payee("ben", name="Banana Hall")

    def offered(typed):
        return petra.get(f"{listed('payee')}suggest/", {"q": typed}).json()["offered"]

    assert offered("ana") == ["Ana's Concerts (ana)", "Banana Hall (ben)"]
    assert offered("be") == ["Banana Hall (ben)"]
    assert offered("\x00zzz") == []


def test_adds_an_event_and_changes_it(market, petra):
    ana = market.payee()

    added = follow(
        petra, adding("event"), payee="ana", name="Spring", code="spring", ends_on="2026-03-20"
    )
    event = Event.objects.of(market.organization).get()
    changed = follow(petra, page(event), name="Spring", code="spring", ends_on="2026-03-27")

    assert "Spring is added." in added
    assert "Spring is saved." in changed
    assert (fresh(event).ends_on, event.payee_id) == (date(2026, 3, 27), ana.pk)


def test_says_that_an_events_code_is_taken(market, petra):
    market.event(market.payee(), "spring")
    sent = {"payee": "ana", "name": "Spring", "code": "spring", "ends_on": "2026-03-20"}

    assert "There is an event spring already." in follow(petra, adding("event"), **sent)


def test_says_that_nobody_or_several_are_meant(market, petra):
    market.payee("one", name="Twin")
    market.payee("two", name="twin")
    sent = {"name": "Spring", "code": "spring", "ends_on": "2026-03-20"}

    nobody = follow(petra, adding("event"), payee="zoe", **sent)
    several = follow(petra, adding("event"), payee="Twin", **sent)

    assert "No payee is called “zoe”." in nobody
    assert "Several payees are called “Twin”: choose one, or write its code." in several
