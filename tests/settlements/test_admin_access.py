"""Who may open which page of settlements, and who may do what there."""

from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from organizations.models import AuditEvent, Role, User
from settlements.models import (
    Adjustment,
    Payee,
    PayoutBatch,
    PayoutProfile,
    Refund,
    Sale,
    Settlement,
)
from settlements.services.batches import export_batch
from settlements.services.profile import save_payout_profile
from tests.fixtures import make_member
from tests.invoicing.pages import A, C, K, O, R
from tests.settlements.market import IBAN, Market
from tests.settlements.pages import page

SEES = {O, C, A, R}
# Page → the roles that get it. Everybody else is refused (403).
LISTS = {
    "settlements_payee_changelist": SEES,
    "settlements_payee_add": {O, A},
    "settlements_payee_suggest": SEES,
    "settlements_event_changelist": SEES,
    "settlements_event_add": {O, A},
    "settlements_event_suggest": SEES,
    "settlements_sale_changelist": SEES,
    "settlements_sale_add": {O, A},
    "settlements_refund_changelist": SEES,
    "settlements_refund_add": set(),
    "settlements_adjustment_changelist": SEES,
    "settlements_adjustment_add": {O, A},
    "settlements_settlement_changelist": SEES,
    "settlements_settlement_add": {O, C, A},
    "settlements_settlement_run_due": {O, C, A},
    "settlements_payoutbatch_changelist": SEES,
    "settlements_payoutbatch_add": {O, C, A},
    "settlements_payoutprofile_changelist": SEES,
    "settlements_payoutprofile_add": set(),
    "payee_balances": SEES,
}
ROWS = {
    ("payee", "change"): SEES,
    ("payee", "history"): {O, C, R},
    ("payee", "delete"): set(),
    ("payee", "suspend"): {O, A},
    ("suspended", "activate"): {O, A},
    ("event", "change"): SEES,
    ("event", "delete"): set(),
    ("sale", "change"): SEES,
    ("sale", "delete"): set(),
    ("sale", "refund"): {O, A},
    ("refund", "change"): SEES,
    ("refund", "delete"): set(),
    ("adjustment", "change"): SEES,
    ("adjustment", "delete"): set(),
    ("pending", "change"): SEES,
    ("pending", "delete"): set(),
    ("pending", "approve"): {O, C},
    ("pending", "discard"): {O, C, A},
    ("pending", "statement_html"): SEES,
    ("pending", "statement_csv"): SEES,
    ("processing", "pay"): {O, C, A},
    ("processing", "fail"): {O, C, A},
    ("failed", "retry"): {O, C},
    ("batch", "change"): SEES,
    ("batch", "delete"): set(),
    ("batch", "file"): SEES,
}
STEPS = ("suspend", "activate", "refund", "approve", "discard", "pay", "fail", "retry")


@pytest.fixture
def people(market: Market, mallory: User) -> dict[str, User]:
    """Everybody, by role; `stranger` is Mallory."""
    return {
        A: market.prepares,
        C: market.approves,
        O: make_member(market.organization, "Olga", Role.OWNER),
        K: make_member(market.organization, "Dan", Role.CASHIER),
        R: make_member(market.organization, "Bob", Role.AUDITOR),
        "stranger": mallory,
    }


@pytest.fixture
def rows(market: Market) -> dict[str, Any]:
    """A row of every kind, all of them Market's."""
    ana = market.payee(name="Ana's Concerts", iban=IBAN)
    event = market.event(ana)
    sale = market.sell(ana, event=event, reference="order-4711")
    refund = market.refund(market.sell(ana), 10_00, on=date(2026, 3, 12))
    failed = market.fail(market.approve(market.settle(ana, date(2026, 3, 15))))
    market.sell(ana, on=date(2026, 3, 16))
    processing = market.approve(market.settle(ana, date(2026, 3, 17)))
    save_payout_profile(actor=market.approver, name="Market Ltd", iban=IBAN)
    batch = export_batch(actor=market.preparer, settlements=[processing.pk], format="pain.001")
    market.sell(ana, on=date(2026, 3, 18))
    return {
        "payee": ana,
        "suspended": market.suspend(market.payee("sam")),
        "event": event,
        "sale": sale,
        "refund": refund,
        "adjustment": market.adjust(ana, 5_00, on=date(2026, 3, 25), reason="goodwill of ours"),
        "failed": failed,
        "processing": processing,
        "pending": market.settle(ana, date(2026, 3, 19)),
        "batch": batch,
    }


def addresses(rows: dict[str, Any]) -> dict[tuple[str, str], str]:
    return {key: page(rows[key[0]], key[1]) for key in ROWS}


def counts(market: Market) -> list[int]:
    models = (Payee, Sale, Refund, Adjustment, Settlement, PayoutBatch, PayoutProfile, AuditEvent)
    return [model.objects.of(market.organization).count() for model in models]


def test_each_role_opens_its_pages_and_no_others(people, rows, signed_in):
    for role in (O, C, A, K, R):
        client = signed_in(people[role])
        expected = {
            **{reverse(f"admin:{name}"): roles for name, roles in LISTS.items()},
            **{url: ROWS[key] for key, url in addresses(rows).items()},
        }

        answers = {url: client.get(url).status_code for url in expected}

        assert answers == {url: 200 if role in roles else 403 for url, roles in expected.items()}


@pytest.mark.parametrize("role", [K, R])
def test_what_a_role_may_not_do_is_refused_when_it_is_sent(role, market, people, rows, signed_in):
    client = signed_in(people[role])
    before = counts(market)

    answers = [
        client.post(url, {"reason": "x", "paid_on": "2026-03-31"}).status_code
        for key, url in addresses(rows).items()
        if key[1] in STEPS
    ]
    answers += [client.post(reverse(f"admin:{name}"), {}).status_code for name in FORMS]

    assert set(answers) == {403}
    assert counts(market) == before


FORMS = (
    "settlements_payee_add",
    "settlements_event_add",
    "settlements_sale_add",
    "settlements_adjustment_add",
    "settlements_settlement_add",
    "settlements_settlement_run_due",
    "settlements_payoutbatch_add",
    "settlements_payoutprofile_changelist",
)


def test_nothing_that_is_final_can_be_edited(market, people, rows, signed_in):
    client = signed_in(people[O])
    before = counts(market)
    final = ("sale", "refund", "adjustment", "pending", "batch")

    answers = [client.post(page(rows[kind]), {"amount": "1"}).status_code for kind in final]
    answers += [client.get(f"{page(rows[kind])}?edit").status_code for kind in final]

    assert set(answers) == {403}
    assert counts(market) == before


def test_an_accountant_does_not_say_from_which_account_payouts_leave(market, rows, signed_in):
    client = signed_in(market.prepares)
    url = reverse("admin:settlements_payoutprofile_changelist")

    sent = client.post(url, {"name": "Mine", "iban": IBAN})

    assert sent.status_code == 403
    assert "Save" not in client.get(url).content.decode()


def test_another_organizations_rows_are_not_there(people, rows, signed_in):
    client = signed_in(people["stranger"])

    got = {key: client.get(url).status_code for key, url in addresses(rows).items()}
    sent = {
        key: client.post(url, {"reason": "x"}).status_code for key, url in addresses(rows).items()
    }

    assert set(got.values()) == {404}
    assert set(sent.values()) == {404}


def test_another_organizations_rows_are_in_no_list(people, rows, signed_in):
    client = signed_in(people["stranger"])
    names = ["Concerts", "order-4711", "goodwill", rows["batch"].message_id]

    for name in LISTS:
        answer = client.get(reverse(f"admin:{name}"))
        if answer.status_code == 200:
            assert not [one for one in names if one in answer.content.decode()]


def test_another_organizations_rows_cannot_be_named_in_a_form(people, rows, signed_in):
    client = signed_in(people["stranger"])
    day = {"through": "2026-03-31", "amount": "1.00", "kind": "adjustment", "reason": "x"}

    for name in ("settlements_settlement_add", "settlements_adjustment_add"):
        answer = client.post(reverse(f"admin:{name}"), {"payee": "ana", **day})
        assert "No payee is called “ana”." in answer.content.decode()


def test_whoever_is_not_signed_in_is_asked_to(rows, client: Client):
    for url in addresses(rows).values():
        answer = client.get(url)

        assert answer.status_code == 302
        assert answer.headers["Location"].startswith(reverse("admin:login"))


@pytest.mark.parametrize("role", [O, C, A, R])
def test_buttons_that_may_not_be_used_are_not_shown(role, people, rows, signed_in):
    client = signed_in(people[role])

    for (kind, step), roles in ROWS.items():
        if step in STEPS:
            shown = client.get(page(rows[kind])).content.decode()
            assert (f'href="{page(rows[kind], step)}"' in shown) == (role in roles), (kind, step)


@pytest.mark.parametrize(("role", "sees"), [(K, False), (R, True), (A, True)])
def test_the_sidebar_leaves_out_what_a_role_may_not_open(role, sees, people, rows, signed_in):
    index = signed_in(people[role]).get(reverse("admin:index")).content.decode()

    for name in LISTS:
        if name.endswith("_changelist"):
            assert (f'href="{reverse(f"admin:{name}")}"' in index) == sees
    assert ("Waiting for approval" in index) == sees


def test_those_who_may_not_read_the_journal_get_no_link_to_it(market, people, rows, signed_in):
    sale = rows["sale"]
    entry = reverse("admin:ledger_journalentry_change", args=[sale.entry_id])

    assert entry in signed_in(people[R]).get(page(sale)).content.decode()
