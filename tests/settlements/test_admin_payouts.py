"""Files for the bank in the back-office, and the account that they are paid from."""

import hashlib
from datetime import date

import pytest
from django.urls import reverse

from settlements.admin import export_forms
from settlements.models import PayoutBatch, PayoutProfile
from settlements.services.profile import save_payout_profile
from tests.invoicing.pages import follow, text_of
from tests.settlements.market import IBAN, OTHER_IBAN
from tests.settlements.pages import adding, listed, page

URL = reverse("admin:settlements_payoutprofile_changelist")


@pytest.fixture
def petra(market, signed_in):
    return signed_in(market.prepares)


@pytest.fixture
def anton(market, signed_in):
    return signed_in(market.approves)


@pytest.fixture
def profile(market):
    return save_payout_profile(actor=market.approver, name="Market Ltd", iban=IBAN)


@pytest.fixture
def approved(market):
    """approved("ana"): 90.00 EUR that are approved."""

    def approve(code="ana", **others):
        payee = market.payee(code, **{"iban": OTHER_IBAN, **others})
        market.sell(payee)
        return market.approve(market.settle(payee))

    return approve


def chosen(*settlements, **others):
    ids = [str(settlement.pk) for settlement in settlements]
    return {"settlements": ids, "format": "pain.001", **others}


def test_exports_what_is_chosen_and_keeps_the_file(market, petra, profile, approved):
    ana, ben = approved("ana"), approved("ben")

    said = follow(petra, adding("payoutbatch"), **chosen(ana, ben))
    batch = PayoutBatch.objects.of(market.organization).get()
    file = petra.get(page(batch, "file"))

    assert f"2 payouts over 180.00 EUR are in {batch.file_name}." in said
    assert "Payouts 2 Control sum 180.00 EUR" in said
    assert batch.content_hash in said
    assert hashlib.sha256(file.content).hexdigest() == batch.content_hash
    assert file.headers["Content-Type"] == "application/xml"
    assert file.headers["Content-Disposition"] == f'attachment; filename="{batch.file_name}"'
    assert f"{ana.pk.hex}-1".encode() in file.content
    assert f'href="{page(batch)}"' in petra.get(page(ana)).content.decode()


def test_offers_what_is_under_way_and_chooses_what_no_file_holds(petra, profile, approved):
    ana, ben = approved("ana"), approved("ben")
    follow(petra, adding("payoutbatch"), **chosen(ana))

    source = petra.get(adding("payoutbatch")).content.decode()

    def box(row):
        return source.split(f'value="{row.pk}"')[1].split(">")[0]

    assert "checked" not in box(ana)
    assert "checked" in box(ben)
    assert source.index(str(ben.pk)) < source.index(str(ana.pk))


def test_asks_why_the_bank_is_asked_twice(market, petra, profile, approved):
    ana = approved()
    follow(petra, adding("payoutbatch"), **chosen(ana))

    refused = follow(petra, adding("payoutbatch"), **chosen(ana))
    again = follow(petra, adding("payoutbatch"), **chosen(ana, reason="the bank lost it"))

    assert "The payout to Ana is in an earlier batch" in refused
    assert "the bank lost it" in again
    assert PayoutBatch.objects.of(market.organization).count() == 2


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"settlements": []}, "A payout batch needs at least one settlement."),
        ({"format": "fax"}, "Select a valid choice."),
        ({"executes_on": "2000-01-01"}, "2000-01-01 is not a day from"),
        ({"executes_on": "2027-01-01"}, "2027-01-01 is no bank day"),
        ({"settlements": ["x"]}, "is not under way any more"),
    ],
)
def test_says_at_the_form_why_there_is_no_file(market, petra, profile, approved, sent, said):
    answer = petra.post(adding("payoutbatch"), {**chosen(approved()), **sent})

    assert answer.status_code == 200
    assert said in text_of(answer)
    assert not PayoutBatch.objects.of(market.organization).exists()


def test_says_who_has_no_iban(petra, profile, approved):
    settlement = approved(iban="")

    assert "No IBAN" in text_of(petra.get(adding("payoutbatch")))
    said = follow(petra, adding("payoutbatch"), **chosen(settlement))
    assert "Payee ana has no IBAN, which a pain.001 file needs." in said


def test_says_that_nobody_has_set_the_account_that_pays(anton, approved):
    said = follow(anton, adding("payoutbatch"), **chosen(approved()))

    assert "set the payout profile" in said
    assert "nobody has said which it is" in said


def test_names_a_settlement_that_is_not_under_way_any_more(market, petra, profile, approved):
    ana = approved()
    sent = chosen(ana)
    market.pay(ana)
    approved("ben")

    assert "choose anew" in follow(petra, adding("payoutbatch"), **sent)


def test_writes_csv_without_a_profile(petra, approved):
    settlement = approved(iban="")

    follow(petra, adding("payoutbatch"), **chosen(settlement, format="csv"))
    batch = PayoutBatch.objects.get()

    file = petra.get(page(batch, "file"))
    assert file.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert b"90.00" in file.content


def test_says_that_more_are_under_way_than_are_shown(petra, approved, monkeypatch):
    monkeypatch.setattr(export_forms, "MOST_ROWS", 1)
    approved("ana")
    approved("ben")

    assert "only the first" in text_of(petra.get(adding("payoutbatch")))


def test_is_reached_from_the_list_of_settlements(petra):
    url = reverse("admin:settlements_settlement_export")

    assert url in petra.get(listed("settlement")).content.decode()
    assert petra.get(url).headers["Location"] == adding("payoutbatch")


def test_says_that_nothing_is_to_be_paid(petra):
    assert "Nothing is to be paid" in text_of(petra.get(adding("payoutbatch")))


def test_finds_a_file_by_the_payout_in_it(petra, profile, approved):
    ana = approved()
    follow(petra, adding("payoutbatch"), **chosen(ana))
    batch = PayoutBatch.objects.get()

    def found(text):
        return page(batch) in petra.get(listed("payoutbatch"), {"q": text}).content.decode()

    assert found(f"{ana.pk.hex}-1")
    assert not found("nothing")


def test_sets_the_account_that_pays(market, anton):
    said = follow(anton, URL, name="Market Ltd", iban="IE29 AIBK 9311 5212 3456 78", bic="")

    profile = PayoutProfile.objects.of(market.organization).get()
    assert "The payout profile is saved." in said
    assert (profile.name, profile.iban) == ("Market Ltd", IBAN)


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"iban": "IE00"}, "is no IBAN"),
        ({"bic": "X"}, "is no BIC"),
        ({"name": ""}, "This field is required."),
    ],
)
def test_says_at_the_form_why_the_account_is_refused(market, anton, sent, said):
    shown = follow(anton, URL, **{"name": "Market Ltd", "iban": IBAN, "bic": "", **sent})

    assert said in shown
    assert not PayoutProfile.objects.of(market.organization).exists()


def test_opens_the_one_page_from_the_row(anton, profile):
    assert anton.get(page(profile)).headers["Location"] == URL


def test_the_overview_says_what_is_open_and_what_waits(market, anton, approved):
    approved("ana")
    ben = market.payee("ben")
    market.sell(ben, 200_00)
    market.settle(ben)
    cleo = market.payee("cleo")
    market.sell(cleo, 50_00)
    market.fail(market.approve(market.settle(cleo)))

    answer = anton.get(reverse("admin:index"))
    shown, source = text_of(answer), answer.content.decode()

    assert "Open settlements 315.00 EUR 3 settlements not paid, 1 failed" in shown
    assert "Waiting for approval 180.00 EUR 1 settlement" in shown
    assert f'href="{listed("settlement")}?status=open"' in source
    assert f'href="{listed("settlement")}?status=pending"' in source


def test_the_overview_says_nothing_of_settlements_where_nobody_is_a_payee(market, anton):
    assert "Open settlements" not in text_of(anton.get(reverse("admin:index")))


def test_the_overview_says_that_everything_is_paid(market, anton, approved):
    market.pay(approved(), date(2026, 4, 1))

    shown = text_of(anton.get(reverse("admin:index")))

    assert "Open settlements None Everything is paid" in shown
    assert "Waiting for approval None Everything is approved" in shown
