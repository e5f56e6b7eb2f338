"""Payees: made, changed and found."""

from decimal import Decimal
from typing import Any

import pytest

from core.db import uuid7
from invoicing.errors import UnknownCountry
from ledger.errors import RoleUnfilled
from ledger.models import Account
from ledger.services.accounts import archive_account, create_account
from organizations.errors import UnknownCurrency
from organizations.models import AuditEvent, Organization
from settlements.errors import (
    InvalidPayableAccount,
    InvalidPayee,
    PayeeCodeTaken,
    PayeeCurrencyIsFixed,
    PayeeNotFound,
)
from settlements.fees import FeeBearer, FeePolicy
from settlements.models import Payee
from settlements.policies import fee_policy_of, reserve_of, schedule_of
from settlements.reserves import ReservePolicy
from settlements.schedules import Every, Schedule
from settlements.selectors.payees import get_payee
from settlements.services.payees import change_payee, create_payee
from tests.settlements.market import IBAN, at_once, outcomes

pytestmark = pytest.mark.django_db


class TestCreate:
    def test_keeps_what_is_given(self, market):
        market.payee(
            "ana",
            name=" Ana's Concerts ",
            schedule={"every": "week", "weekday": 3},
            minimum_payout_amount=50_00,
            reserve={"percentage": "12.5", "days": 30},
            fee_policy={"percentage": "7.25", "per_ticket_amount": 50, "borne_by": "buyer"},
            country="ie",
            email="ana@concerts.example",
            account_holder=" Ana Byrne ",
            iban="ie29 aibk 9311 5212 3456 78",
            bic="aibkie2d",
        )

        stored = get_payee(market.organization, "ana")
        assert (stored.name, stored.email) == ("Ana's Concerts", "ana@concerts.example")
        assert (stored.currency, stored.country, stored.status) == ("EUR", "IE", "active")
        assert (stored.account_holder, stored.iban) == ("Ana Byrne", IBAN)
        assert (stored.bic, stored.minimum_payout_amount) == ("AIBKIE2D", 50_00)
        assert schedule_of(stored) == Schedule(Every.WEEK, weekday=3)
        assert reserve_of(stored) == ReservePolicy(percentage=Decimal("12.5"), days=30)
        assert fee_policy_of(stored) == FeePolicy(Decimal("7.25"), 50, FeeBearer.BUYER)

    def test_needs_no_more_than_code_name_and_currency(self, market):
        made = market.payee("ana")

        stored = get_payee(market.organization, "ana")
        assert stored == made
        assert stored.payable.code == "2120"
        assert stored.created_at is not None
        assert schedule_of(stored) == Schedule(Every.MANUAL)
        assert reserve_of(stored) == ReservePolicy()
        assert fee_policy_of(stored) == FeePolicy()

    def test_leaves_an_audit_row(self, market):
        payee = market.payee("ana", schedule={"every": "event", "days": 5})

        event = AuditEvent.objects.of(market.organization).get(action="create_payee")
        assert (event.subject_ids, event.user) == ([payee.pk], market.prepares)
        assert event.after["schedule"] == {"every": "event", "days": 5}
        assert event.after["fee_policy"]["percentage"] == "0"
        assert (event.after["reserve"], event.after["payable"]) == (None, "2120")

    @pytest.mark.parametrize("by", ["code", "id"])
    def test_takes_the_account_that_is_named(self, market, by):
        account = Account.objects.of(market.organization).get(code="2150")

        payee = market.payee("ana", payable=account.code if by == "code" else account.pk)

        assert payee.payable == account

    def test_has_codes_of_its_own_beside_another_organizations(self, market, as_mallory):
        account = liability(as_mallory, "GBP")
        create_payee(actor=as_mallory, code="ana", name="Ana", currency="GBP", payable=account.pk)

        market.payee("ana")

        assert get_payee(market.organization, "ana").organization == market.organization


class TestRefuses:
    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("code", ""),
            ("code", "a/b"),
            ("code", "x" * 101),
            ("code", "ana\n"),
            ("code", 7),
            ("name", ""),
            ("name", " \u200b"),
            ("name", "A\x07na"),
            ("name", "A\x00na"),
            ("name", "\ud800"),
            ("name", "x" * 201),
            ("name", None),
            ("email", "ana"),
            ("email", f"{'x' * 250}@example.com"),
            ("account_holder", "x" * 71),
            ("account_holder", "A\tB"),
            ("minimum_payout_amount", -1),
            ("minimum_payout_amount", 2**63),
            ("minimum_payout_amount", 1.0),
            ("minimum_payout_amount", "5"),
            ("minimum_payout_amount", True),
        ],
    )
    def test_a_value_that_does_not_fit_and_names_the_field(self, market, field, value):
        with pytest.raises(InvalidPayee) as caught:
            create_payee(actor=market.preparer, **{**ANA, field: value})

        assert caught.value.attr == field
        assert nothing_is_written(market.organization)

    def test_a_country_that_there_is_not(self, market):
        with pytest.raises(UnknownCountry, match="XX"):
            market.payee("ana", country="XX")

        assert nothing_is_written(market.organization)

    @pytest.mark.parametrize("currency", ["", "XXX", "eur", "EURO"])
    def test_a_currency_that_there_is_not(self, market, currency):
        with pytest.raises(UnknownCurrency):
            market.payee("ana", currency=currency)

        assert nothing_is_written(market.organization)

    def test_a_currency_without_an_account_for_organizers(self, market):
        with pytest.raises(RoleUnfilled, match="organizer_payable in USD"):
            market.payee("ana", currency="USD")

        assert nothing_is_written(market.organization)

    @pytest.mark.parametrize("account", ["4100", "1010", "nowhere", "\x00", ""])
    def test_an_account_that_is_no_liability(self, market, account):
        with pytest.raises(InvalidPayableAccount, match="is no liability account in EUR"):
            market.payee("ana", payable=account)

        assert nothing_is_written(market.organization)

    def test_a_liability_in_another_currency(self, market):
        dollars = liability(market.system, "USD")

        with pytest.raises(InvalidPayableAccount, match="2999 is no liability account in EUR"):
            market.payee("ana", payable=dollars.code)

    def test_an_account_of_another_organization(self, market, as_mallory):
        theirs = liability(as_mallory, "EUR")

        with pytest.raises(InvalidPayableAccount, match=str(theirs.pk)):
            market.payee("ana", payable=theirs.pk)

        assert nothing_is_written(market.organization)

    def test_an_account_that_takes_no_lines(self, market):
        archived = archive_account(actor=market.system, account=liability(market.system, "EUR"))

        with pytest.raises(InvalidPayee, match="2999 is archived"):
            market.payee("ana", payable=archived.code)
        with pytest.raises(InvalidPayee, match="21 has children"):
            market.payee("ana", payable="21")

        assert nothing_is_written(market.organization)

    def test_a_code_that_is_taken(self, market):
        market.payee("ana")

        with pytest.raises(PayeeCodeTaken, match="ana"):
            market.payee("ana", name="Other")

        assert Payee.objects.of(market.organization).count() == 1


class TestChange:
    def test_changes_what_is_given_and_nothing_else(self, market):
        payee = market.payee("ana", country="IE", minimum_payout_amount=5)

        changed = market.change(payee, name=" Anna ", iban=IBAN.lower())

        stored = get_payee(market.organization, "ana")
        assert changed == stored
        assert (stored.name, stored.iban) == ("Anna", IBAN)
        assert (stored.country, stored.minimum_payout_amount) == ("IE", 5)

    def test_leaves_the_terms_before_and_after_in_the_trail(self, market):
        payee = market.payee("ana", schedule={"every": "week", "weekday": 3})

        market.change(
            payee,
            schedule={"every": "month", "day": 31},
            reserve={"floor_amount": 500_00},
            fee_policy={"percentage": "10"},
        )

        event = AuditEvent.objects.of(market.organization).get(action="change_payee")
        assert event.before == {
            "schedule": {"every": "week", "weekday": 3},
            "reserve": None,
            "fee_policy": {"percentage": "0", "per_ticket_amount": 0, "borne_by": "organizer"},
        }
        assert event.after == {
            "schedule": {"every": "month", "day": 31},
            "reserve": {"floor_amount": 500_00},
            "fee_policy": {"percentage": "10", "per_ticket_amount": 0, "borne_by": "organizer"},
        }

    def test_that_changes_nothing_leaves_no_audit_row(self, market):
        payee = market.payee("ana", reserve={"percentage": "10", "days": 30}, iban=IBAN)

        market.change(
            payee,
            name="Ana ",
            currency="EUR",
            payable="2120",
            reserve={"percentage": "10.0", "days": 30},
            iban="IE29 AIBK 9311 5212 3456 78",
            status="active",
        )

        assert not AuditEvent.objects.of(market.organization).filter(action="change_payee").exists()

    def test_none_takes_schedule_reserve_and_fee_away(self, market):
        payee = market.payee(
            "ana",
            schedule={"every": "day"},
            reserve={"percentage": "10", "days": 30},
            fee_policy={"percentage": "10", "borne_by": "buyer"},
        )

        changed = market.change(payee, schedule=None, reserve=None, fee_policy=None)

        assert schedule_of(changed) == Schedule(Every.MANUAL)
        assert reserve_of(changed) == ReservePolicy()
        assert fee_policy_of(changed) == FeePolicy()

    def test_from_a_percentage_to_a_floor_and_back(self, market):
        payee = market.payee("ana", reserve={"percentage": "10", "days": 30})

        floor = market.change(payee, reserve={"floor_amount": 1})
        assert reserve_of(floor) == ReservePolicy(floor_amount=1)

        percentage = market.change(payee, reserve={"percentage": "1", "days": 1})
        assert reserve_of(percentage) == ReservePolicy(percentage=Decimal(1), days=1)

    def test_suspends_and_makes_active_again(self, market):
        payee = market.payee("ana")

        assert market.change(payee, status="suspended").status == "suspended"
        assert market.change(payee, status="active").status == "active"
        with pytest.raises(InvalidPayee, match="active or suspended, not gone") as caught:
            market.change(payee, status="gone")

        assert caught.value.attr == "status"
        trail = AuditEvent.objects.of(market.organization).filter(action="change_payee")
        assert [event.after for event in trail.order_by("occurred_at", "id")] == [
            {"status": "suspended"},
            {"status": "active"},
        ]

    def test_keeps_the_currency(self, market):
        payee = market.payee("ana")

        with pytest.raises(PayeeCurrencyIsFixed, match="ana stays in EUR"):
            market.change(payee, name="Anna", currency="USD")

        assert get_payee(market.organization, "ana").name == "Ana"

    @pytest.mark.parametrize("by", ["code", "id"])
    def test_keeps_the_account(self, market, by):
        payee = market.payee("ana")
        other = Account.objects.of(market.organization).get(code="2150")

        with pytest.raises(InvalidPayee, match="it stays account 2120") as caught:
            market.change(payee, payable=other.code if by == "code" else other.pk)

        assert caught.value.attr == "payable"

    @pytest.mark.parametrize(
        ("changes", "refusal"),
        [
            ({"name": " "}, InvalidPayee),
            ({"code": "taken"}, PayeeCodeTaken),
            ({"code": "a b"}, InvalidPayee),
            ({"country": "Atlantis"}, UnknownCountry),
            ({"minimum_payout_amount": -1}, InvalidPayee),
        ],
    )
    def test_is_held_to_what_a_new_payee_is(self, market, changes, refusal):
        market.payee("taken")
        payee = market.payee("ana")

        with pytest.raises(refusal):
            market.change(payee, email="ana@concerts.example", **changes)

        assert get_payee(market.organization, "ana").email == ""

    def test_does_not_find_another_organizations_payee(self, market, as_mallory):
        payee = market.payee("ana")

        with pytest.raises(PayeeNotFound, match="ana"):
            change_payee(actor=as_mallory, payee=payee, name="Mine")

        assert get_payee(market.organization, "ana").name == "Ana"

    def test_knows_what_can_change(self, market):
        with pytest.raises(TypeError, match="id"):
            market.change(market.payee("ana"), id=uuid7())


@pytest.mark.django_db(transaction=True)
class TestRaces:
    def test_of_many_with_one_code_one_is_made(self, market):
        results = at_once(*[lambda: market.payee("ana")] * 6)

        assert outcomes(results) == ["PayeeCodeTaken"] * 5 + ["done"]
        assert Payee.objects.of(market.organization).count() == 1
        trail = AuditEvent.objects.of(market.organization).filter(action="create_payee")
        assert trail.count() == 1

    def test_changes_of_different_fields_all_hold(self, market):
        payee = market.payee("ana")

        results = at_once(
            lambda: market.change(payee, name="Anna"),
            lambda: market.change(payee, iban=IBAN),
            lambda: market.change(payee, schedule={"every": "day"}),
            lambda: market.change(payee, reserve={"floor_amount": 1}),
        )

        assert outcomes(results) == ["done"] * 4
        stored = get_payee(market.organization, "ana")
        assert (stored.name, stored.iban) == ("Anna", IBAN)
        assert (stored.schedule_every, stored.reserve_floor_amount) == ("day", 1)

    def test_of_two_that_take_a_code_one_gets_it(self, market):
        ana, ben = market.payee("ana"), market.payee("ben")

        results = at_once(
            lambda: market.change(ana, code="zoe"), lambda: market.change(ben, code="zoe")
        )

        assert outcomes(results) == ["PayeeCodeTaken", "done"]


ANA: dict[str, Any] = {"code": "ana", "name": "Ana", "currency": "EUR"}


def liability(actor: Any, currency: str) -> Account:
    return create_account(
        actor=actor, code="2999", name="Organizers", type="liability", currency=currency
    )


def nothing_is_written(organization: Organization) -> bool:
    return not (
        Payee.objects.of(organization).exists()
        or AuditEvent.objects.of(organization).filter(subject_type="payee").exists()
    )
