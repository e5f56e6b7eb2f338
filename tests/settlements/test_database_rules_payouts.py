"""Approvals and payouts in the database: by another, one at a time, forward only, posted."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now

from core.db import uuid7
from settlements.models import Payout, Settlement
from tests.factories import UserFactory
from tests.invoicing.raw_sales import a_trigger_of_ones_own, in_one, run_all
from tests.ledger.raw_books import refused, run
from tests.settlements.raw_market import LATER, SHARE, RawMarket, insert, refused_by_any

pytestmark = [pytest.mark.django_db, pytest.mark.database_rules]

BEFORE = LATER - timedelta(days=1)


@pytest.fixture
def acme() -> RawMarket:
    return RawMarket("acme")


@pytest.fixture
def elsewhere() -> RawMarket:
    return RawMarket("elsewhere")


def pending(acme: RawMarket, **changes: Any) -> Any:
    ana = acme.payee()
    acme.sell(ana)
    return acme.settle(ana, **changes)


def status(acme: RawMarket, payout: Any) -> tuple[str, str]:
    """Of the payout and of its settlement."""
    now, settlement = acme.of("payout", "status, settlement_id", payout)
    return now, acme.status(settlement)


# --- Approvals ------------------------------------------------------------------------------------


def test_whoever_prepared_it_does_not_approve_it(acme):
    settlement = pending(acme)

    with refused("settlement_is_approved_by_another"):
        acme.approve(settlement, approved_by_id=acme.prepares)
    with refused("settlement_is_approved_by_another"):
        Settlement.objects.of(acme.id).update(approved_at=Now(), approved_by_id=acme.prepares)


def test_the_key_that_prepared_it_does_not_approve_it(acme):
    key, other = acme.key("one"), acme.key("other")
    settlement = pending(acme, prepared_by_id=None, prepared_by_key_id=key)

    for with_user in (None, acme.approves):
        with refused("settlement_is_approved_by_another"):
            run(*acme.approving(settlement, approved_by_id=with_user, approved_by_key_id=key))
    acme.approve(settlement, approved_by_id=None, approved_by_key_id=other)


def test_whoever_prepared_it_is_not_made_somebody_else_to_approve_it(acme):
    settlement = pending(acme)

    for other in (None, acme.approves):
        with refused("settlement_is_approved_by_another"):
            acme.approve(settlement, approved_by_id=acme.prepares, prepared_by_id=other)
        with refused("settlement_is_final"):
            acme.approve(settlement, prepared_by_id=other)


def test_what_the_system_prepared_anybody_approves(acme):
    settlement = pending(acme, prepared_by_id=None)

    acme.approve(settlement, approved_by_id=acme.prepares)


def test_an_approval_says_by_whom_and_when(acme, elsewhere):
    settlement = pending(acme)

    with refused("settlement_is_approved_before_it_is_paid"):
        acme.approve(settlement, approved_by_id=None)
    with refused("settlement_is_approved_before_it_is_paid"):
        run("UPDATE settlements_settlement SET approved_by_id = %s", [acme.approves])
    with refused("settlement_approved_by_key_is_of_its_organization"):
        acme.approve(settlement, approved_by_key_id=elsewhere.key("one"))
    with refused("settlement_approved_by_exists"):
        acme.approve(settlement, approved_by_id=uuid7())


@pytest.mark.parametrize("with_payout", [True, False], ids=["processing", "approved"])
@pytest.mark.parametrize(
    "change",
    [
        "approved_at = NULL, approved_by_id = NULL",
        "approved_at = now() + interval '1 s'",
        "approved_by_id = %(other)s",
        "approved_by_id = NULL, approved_by_key_id = %(key)s",
        "approved_by_key_id = %(key)s",
    ],
)
def test_an_approval_is_neither_removed_nor_changed(acme, with_payout, change):
    settlement = pending(acme)
    run(*acme.approving(settlement))
    if with_payout:
        acme.initiate(settlement)

    with refused("settlement_is_final"):
        run(
            f"UPDATE settlements_settlement SET {change}",
            {"other": UserFactory.create(username="third").pk, "key": acme.key("one")},
        )


def test_one_with_nothing_to_pay_is_not_approved(acme):
    ana = acme.payee()
    acme.adjust(ana, -1_00)
    settlement = acme.settle(ana)

    with refused("settlement_is_final"):
        run(*acme.approving(settlement))
    with refused("payout_is_of_an_approved_settlement"):
        acme.initiate(settlement)


# --- The status follows ---------------------------------------------------------------------------


@pytest.mark.parametrize("wanted", ["pending", "processing", "completed", "failed", "paid"])
@pytest.mark.parametrize("begun", ["pending", "processing", "completed", "failed"])
def test_a_status_is_not_set_by_hand(acme, begun, wanted):
    settlement = pending(acme)
    if begun != "pending":
        payout = acme.approve(settlement)
        if begun == "completed":
            acme.pay(payout)
        elif begun == "failed":
            run(*acme.failing(payout))
    if begun == wanted:
        return

    with refused("settlement_status_follows_its_payouts"):
        run("UPDATE settlements_settlement SET status = %s", [wanted])
    with refused("settlement_status_follows_its_payouts"):
        a_trigger_of_ones_own(f"UPDATE settlements_settlement SET status = '{wanted}'")

    assert acme.status(settlement) == begun


def test_a_settlement_follows_its_payouts(acme):
    settlement = pending(acme)
    first = acme.approve(settlement)
    assert status(acme, first) == ("initiated", "processing")
    run(*acme.failing(first))
    assert status(acme, first) == ("failed", "failed")
    second = acme.initiate(settlement)
    assert status(acme, second) == ("initiated", "processing")
    acme.pay(second)
    assert status(acme, second) == ("paid", "completed")
    run_all(acme.returning(second))
    assert status(acme, second) == ("returned", "failed")
    acme.pay(acme.initiate(settlement))
    assert acme.status(settlement) == "completed"


# --- Which payouts there may be -------------------------------------------------------------------


def test_nothing_is_paid_that_nobody_has_approved(acme, elsewhere):
    settlement = pending(acme)
    ben = elsewhere.payee("ben")
    elsewhere.sell(ben)
    foreign = elsewhere.settle(ben)
    run(*elsewhere.approving(foreign))
    row = elsewhere.payout_row(foreign)

    with refused("payout_is_of_an_approved_settlement"):
        acme.initiate(settlement)
    with refused("payout_is_of_an_approved_settlement"):
        Payout.objects.bulk_create([Payout(**acme.payout_row(settlement))])
    with refused("payout_is_of_an_approved_settlement"):
        run(*insert("payout", {**row, "organization_id": acme.id}))
    with refused("payout_is_of_an_approved_settlement"):
        acme.add("payout", **{**acme.payout_row(settlement), "settlement_id": uuid7()})


@pytest.mark.parametrize(
    "off",
    [
        {"amount": SHARE + 1},
        {"amount": SHARE - 1},
        {"currency": "EUR"},
        {"attempt": 2, "end_to_end_id": "x"},
        {"attempt": 0, "end_to_end_id": "x"},
        {"failure_reason": "Closed"},
        {"failure_code": "AC04"},
    ],
)
def test_a_payout_is_of_its_settlement(acme, off):
    settlement = pending(acme)
    run(*acme.approving(settlement))

    with refused("payout_is_of_its_settlement"):
        acme.initiate(settlement, **off)


@pytest.mark.parametrize("begun", ["paid", "failed", "returned"])
def test_a_payout_begins_initiated(acme, begun):
    settlement = pending(acme)
    run(*acme.approving(settlement))

    with refused("payout_is_of_its_settlement"):
        acme.initiate(settlement, status=begun, paid_on=LATER, failed_on=LATER)


@pytest.mark.parametrize("already", ["initiated", "paid"])
def test_two_payouts_are_not_live_at_once(acme, already):
    settlement = pending(acme)
    payout = acme.approve(settlement)
    if already == "paid":
        acme.pay(payout)
    row = acme.payout_row(settlement)
    sql, given = insert("payout", row, "ON CONFLICT DO NOTHING")

    with refused("payout_is_one_at_a_time"):
        run(*insert("payout", row))
    run(sql, given)

    assert acme.count("payout") == 1


def test_the_attempts_have_no_gaps_and_are_not_repeated(acme):
    settlement = pending(acme)
    run(*acme.failing(acme.approve(settlement)))

    for attempt in (1, 3):
        with refused("payout_is_of_its_settlement"):
            acme.initiate(settlement, attempt=attempt, end_to_end_id="x")
    with refused("payout_end_to_end_id_is_unique"):
        acme.initiate(settlement, end_to_end_id=f"{settlement.hex}-1")
    acme.initiate(settlement)


@pytest.mark.parametrize("name", ["", "-x", "a b", "a\n", "é", "a" * 36])
def test_the_id_of_a_payout_is_one_that_a_bank_takes(acme, name):
    settlement = pending(acme)
    run(*acme.approving(settlement))

    with refused_by_any("payout_end_to_end_id_is_plain", "22001"):
        acme.initiate(settlement, end_to_end_id=name)


# --- Forward only ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("begun", "wanted"),
    [
        (begun, wanted)
        for begun, allowed in {
            "initiated": {"paid", "failed"},
            "paid": {"returned"},
            "failed": set(),
            "returned": set(),
        }.items()
        for wanted in ("initiated", "paid", "failed", "returned", "lost")
        if wanted != begun and wanted not in allowed
    ],
)
def test_a_payout_goes_forward_only(acme, begun, wanted):
    payout = acme.payout()
    if begun in ("paid", "returned"):
        acme.pay(payout)
    if begun == "returned":
        run_all(acme.returning(payout))
    if begun == "failed":
        run(*acme.failing(payout))

    for more in ("", ", paid_on = NULL, entry_id = NULL, failed_on = NULL, return_entry_id = NULL"):
        with refused("payout_goes_forward_only"):
            run(f"UPDATE settlements_payout SET status = %s{more}", [wanted])

    assert acme.of("payout", "status", payout) == begun


@pytest.mark.parametrize(
    "more", ["amount = 1", "iban = 'IE12BOFI90000112345678'", "attempt = 2", "currency = 'EUR'"]
)
def test_what_a_payout_says_does_not_change_as_it_goes_on(acme, more):
    payout = acme.payout()
    posting, _ = acme.paying(payout)
    run(*posting)
    marking, given = acme.marking_paid(payout, posting[1]["id"])
    failing, reason = acme.failing(payout)

    with refused("payout_goes_forward_only"):
        run(failing.replace("SET", f"SET {more},"), reason)
    with refused_by_any(
        "payout_goes_forward_only",
        "item_is_posted_as_it_says",
        "item_is_in_the_currency_of_its_payee",
    ):
        run(marking.replace("SET", f"SET {more},"), given)


def test_a_failed_payout_says_why_and_posted_nothing(acme):
    payout = acme.payout()
    posting, _ = acme.paying(payout)
    run(*posting)
    sql, given = acme.failing(payout)
    entry = posting[1]["id"]

    with refused("payout_facts_fit_its_status"):
        run(*acme.failing(payout, reason=""))
    with refused("payout_goes_forward_only"):
        run(sql.replace("SET", f"SET entry_id = '{entry}', paid_on = failed_on,"), given)
    for day in ("infinity", "-infinity", "2200-01-01"):
        with refused("payout_failed_on_is_plausible"):
            run(sql, {**given, "on": day})


# --- What a payout posts --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        {"reference": "payout:another"},
        {"on": BEFORE},
    ],
)
def test_a_payout_is_posted_as_it_says(acme, wrong):
    payout = acme.payout()
    name, amount = acme.of("payout", "end_to_end_id, amount", payout)
    on = wrong.get("on", LATER)
    sql, given = acme.moving(wrong.get("reference", f"payout:{name}"), -amount, "bank", on=on)
    run(sql, given)

    with refused("item_is_posted_as_it_says"):
        run(*acme.marking_paid(payout, given["id"]))


@pytest.mark.parametrize("off", [1, -1, -2 * SHARE], ids=["less", "more", "backwards"])
def test_a_payout_posts_its_amount(acme, off):
    payout = acme.payout()
    name = acme.of("payout", "end_to_end_id", payout)
    sql, given = acme.moving(f"payout:{name}", -SHARE - off, "bank", on=LATER)
    run(sql, given)

    with refused("item_is_posted_as_it_says"):
        run(*acme.marking_paid(payout, given["id"]))


def test_a_payout_is_posted_to_the_account_of_its_payee(acme):
    payout = acme.payout()
    name = acme.of("payout", "end_to_end_id", payout)
    sql, given = acme.entry(f"payout:{name}", ("tax", SHARE, 0), ("bank", 0, SHARE), on=LATER)
    run(sql, given)

    with refused("item_is_posted_as_it_says"):
        run(*acme.marking_paid(payout, given["id"]))


def test_a_payout_is_not_posted_by_a_pending_a_voided_or_a_foreign_entry(acme, elsewhere):
    payout = acme.payout()
    name = acme.of("payout", "end_to_end_id", payout)
    sides = [("owed", SHARE, 0), ("bank", 0, SHARE)]
    waiting = acme.books.propose(f"payout:{name}", *sides)
    foreign = elsewhere.books.post(f"payout:{name}", *sides, on=LATER)

    for entry in (waiting, foreign, uuid7(), None):
        with refused("item_is_posted_as_it_says"):
            run(*acme.marking_paid(payout, entry))
    run("DELETE FROM ledger_proposedline")
    run("DELETE FROM ledger_journalentry WHERE id = %s", [waiting])
    posted = acme.books.post(f"payout:{name}", *sides, on=LATER)
    run(*acme.voiding(posted))
    with refused("item_is_posted_as_it_says"):
        run(*acme.marking_paid(payout, posted))


def test_a_payout_is_not_posted_by_the_entry_of_another(acme):
    one, other = acme.payout(), acme.payout()
    posting, paying = acme.paying(one)
    run_all([posting, paying])

    with refused("item_is_posted_as_it_says"):
        run(*acme.marking_paid(other, posting[1]["id"]))


def test_a_return_is_posted_as_it_says_and_not_before_the_payment(acme):
    payout = acme.payout()
    acme.pay(payout)
    posting, returning = acme.returning(payout)
    entry = acme.of("payout", "entry_id", payout)

    for wrong in (entry, None, uuid7()):
        with refused("item_is_posted_as_it_says"):
            run(returning[0], {**returning[1], "entry": wrong})
    with refused("payout_facts_fit_its_status"):
        run_all(acme.returning(payout, BEFORE))
    with refused("payout_goes_forward_only"):
        run(*posting)
        run(returning[0].replace("SET", f"SET paid_on = '{BEFORE}',"), returning[1])
    run_all([posting, returning])

    assert status(acme, payout) == ("returned", "failed")


def test_two_payouts_are_not_paid_by_one_statement_unless_each_is_posted(acme):
    one, other = acme.payout(), acme.payout()
    posting, paying = acme.paying(one)
    run(*posting)

    with refused("item_is_posted_as_it_says"):
        run(*in_one(paying, acme.marking_paid(other, posting[1]["id"])))
    with refused("item_is_posted_as_it_says"):
        Payout.objects.of(acme.id).update(status="paid", paid_on=LATER, entry_id=posting[1]["id"])

    assert acme.of("payout", "status", one) == "initiated"
