"""What a payee's schedule, reserve, fee and bank details have to be."""

from datetime import date
from decimal import Decimal

import pytest

from core.errors import Refusal
from organizations.models import AuditEvent
from settlements.errors import (
    InvalidBic,
    InvalidIban,
    InvalidPayee,
    InvalidReserve,
    InvalidSchedule,
)
from settlements.fees import FeeBearer, FeePolicy
from settlements.models import Payee
from settlements.policies import next_cutoff_on
from settlements.rules import check_bic, check_iban, parse_fee_policy
from tests.settlements.market import IBAN, OTHER_IBAN, Market

TODAY = date(2026, 3, 11)  # a Wednesday


class TestIban:
    @pytest.mark.parametrize(
        "written",
        [
            "IE29AIBK93115212345678",
            "ie29aibk93115212345678",
            " IE29 AIBK 9311 5212 3456 78 ",
            "IE29\u00a0AIBK\u202f9311 5212 3456 78",
        ],
    )
    def test_is_kept_in_capitals_and_without_spaces(self, written):
        assert check_iban(written) == IBAN

    @pytest.mark.parametrize(
        "iban", [OTHER_IBAN, "NO9386011117947", "MT84MALT011000012345MTLCAST001S"]
    )
    def test_of_any_country_is_taken(self, iban):
        assert check_iban(iban) == iban

    @pytest.mark.parametrize(
        ("written", "problem"),
        [
            ("IE29AIBK93115212345679", "IE29AIBK93115212345679 is no IBAN: its check digits"),
            ("IE92AIBK93115212345678", "check digits"),
            ("IE29AIBK931152123456", "length"),
            ("ZZ29AIBK93115212345678", "no country"),
            ("IE29AIBK9311521234567X", "malformed"),
            ("12345", "malformed|country"),
            ("IE29-AIBK-9311-5212-3456-78", "more than letters, digits and spaces"),
            ("IE29AIBK9311521234567\uff18", "more than letters"),
            ("IE29AIBK\n93115212345678", "more than letters"),
            ("IE29AIBK93115212345678\x00", "more than letters"),
            ("\ud800", "more than letters"),
            ("I" * 61, "more than letters"),
            (29, "more than letters"),
            (None, "more than letters"),
        ],
    )
    def test_that_is_none_is_refused_by_its_name(self, written, problem):
        with pytest.raises(InvalidIban, match=problem) as caught:
            check_iban(written)

        assert caught.value.attr == "iban"

    def test_may_be_missing(self):
        assert check_iban("") == check_iban("  ") == ""


class TestBic:
    @pytest.mark.parametrize("written", ["AIBKIE2D", "aibk ie 2d", "AIBKIE2DXXX", "AIBKIE2D123"])
    def test_fits_the_bank_of_the_iban_by_any_branch(self, written):
        assert check_bic(written, IBAN) == written.replace(" ", "").upper()

    def test_of_another_bank_than_the_ibans_is_refused(self):
        with pytest.raises(InvalidBic, match=f"COBADEFF is no BIC: the bank of {IBAN} has AIBKIE"):
            check_bic("COBADEFF", IBAN)

    @pytest.mark.parametrize("bic", ["POPUESMM", "BSCHESMM", "BSCHESMMXXX"])
    def test_is_any_of_those_of_a_bank_that_has_several(self, bic):
        assert check_bic(bic, "ES3300750000300000000000") == bic

    @pytest.mark.parametrize("iban", ["", "CY17002001280000001200527600", "GB33BUKB20201555555555"])
    def test_is_taken_where_nothing_contradicts_it(self, iban):
        bic = "BUKBGB22" if iban.startswith("GB") else "BCYPCY2N"

        assert check_bic(bic, iban) == bic

    @pytest.mark.parametrize(
        ("written", "problem"),
        [
            ("COBADEF", "COBADEF is no BIC: it has neither 8 nor 11 characters"),
            ("COBADEFFXX", "neither 8 nor 11"),
            ("COBAZZFF", "no country"),
            ("COBA1EFF", "malformed|country"),
            ("COBA-DEFF", "more than letters"),
            ("COBADEFF\n1", "more than letters"),
            (None, "more than letters"),
        ],
    )
    def test_that_is_none_is_refused_by_its_name(self, written, problem):
        with pytest.raises(InvalidBic, match=problem) as caught:
            check_bic(written, "")

        assert caught.value.attr == "bic"

    def test_may_be_missing(self):
        assert check_bic("", IBAN) == ""


class TestFeePolicy:
    @pytest.mark.parametrize(
        ("written", "policy"),
        [
            ({}, FeePolicy()),
            ({"percentage": 10}, FeePolicy(Decimal(10))),
            ({"percentage": "100"}, FeePolicy(Decimal(100))),
            ({"percentage": "0.0001"}, FeePolicy(Decimal("0.0001"))),
            ({"percentage": Decimal("2.50000")}, FeePolicy(Decimal("2.5"))),
            ({"per_ticket_amount": 50}, FeePolicy(per_ticket_amount=50)),
            (
                {"percentage": "3", "per_ticket_amount": 0, "borne_by": "buyer"},
                FeePolicy(Decimal(3), 0, FeeBearer.BUYER),
            ),
        ],
    )
    def test_is_read_exactly(self, written, policy):
        assert parse_fee_policy(written) == policy

    @pytest.mark.parametrize(
        ("written", "problem"),
        [
            ({"percentage": 2.5}, 'a text like "2.5", not 2.5'),
            ({"percentage": "101"}, "0 to 100, not 101"),
            ({"percentage": 101}, "0 to 100, not 101"),
            ({"percentage": "100.0001"}, "0 to 100"),
            ({"percentage": "-1"}, "not -1"),
            ({"percentage": -1}, "not -1"),
            ({"percentage": "0.00001"}, "up to 4 decimals"),
            ({"percentage": "1e1"}, "not 1e1"),
            ({"percentage": "ten"}, "not ten"),
            ({"percentage": "\u0661"}, "not"),
            ({"percentage": Decimal("NaN")}, "0 to 100, not NaN"),
            ({"percentage": Decimal("1E-999")}, "4 decimals"),
            ({"percentage": True}, "not True"),
            ({"percentage": None}, "not None"),
            ({"per_ticket_amount": -1}, "not -1"),
            ({"per_ticket_amount": 2**63}, "not 9223372036854775808"),
            ({"per_ticket_amount": 0.5}, "not 0.5"),
            ({"borne_by": "nobody"}, "organizer, not nobody|buyer"),
            ({"borne_by": None}, "not None"),
            ({"borne_by": []}, "not"),
            ({"rate": "10"}, "there is no rate, only percentage"),
            ("10", "10 is not an object"),
            ([], "is not an object"),
        ],
    )
    def test_that_is_none_is_refused_by_its_name(self, written, problem):
        with pytest.raises(InvalidPayee, match=problem) as caught:
            parse_fee_policy(written)

        assert caught.value.attr == "fee_policy"


@pytest.mark.django_db
class TestNothingIsWritten:
    @pytest.mark.parametrize(
        ("terms", "refusal", "attr"),
        [
            ({"schedule": {"every": "week"}}, InvalidSchedule, "schedule"),
            ({"schedule": {"every": "week", "weekday": 8}}, InvalidSchedule, "schedule"),
            ({"schedule": {"every": "month", "day": 0}}, InvalidSchedule, "schedule"),
            ({"schedule": {"every": "event", "days": 2**63}}, InvalidSchedule, "schedule"),
            ({"schedule": {"every": "never"}}, InvalidSchedule, "schedule"),
            ({"schedule": {"every": "day", "weekday": 1}}, InvalidSchedule, "schedule"),
            ({"schedule": {}}, InvalidSchedule, "schedule"),
            ({"schedule": "weekly"}, InvalidSchedule, "schedule"),
            ({"reserve": {"percentage": "101", "days": 30}}, InvalidReserve, "reserve"),
            ({"reserve": {"percentage": 2.5, "days": 30}}, InvalidReserve, "reserve"),
            ({"reserve": {"percentage": "10"}}, InvalidReserve, "reserve"),
            ({"reserve": {"percentage": "10", "days": 731}}, InvalidReserve, "reserve"),
            ({"reserve": {"floor_amount": 2**63}}, InvalidReserve, "reserve"),
            ({"reserve": {"floor_amount": -1}}, InvalidReserve, "reserve"),
            ({"reserve": {"percent": "10"}}, InvalidReserve, "reserve"),
            ({"fee_policy": {"percentage": 2.5}}, InvalidPayee, "fee_policy"),
            ({"iban": "IE29AIBK93115212345679"}, InvalidIban, "iban"),
            ({"iban": IBAN, "bic": "COBADEFF"}, InvalidBic, "bic"),
        ],
    )
    def test_of_a_payee_with_such_terms(
        self, market: Market, terms: dict[str, object], refusal: type[Refusal], attr: str
    ) -> None:
        payee = market.payee("ana")

        with pytest.raises(refusal) as made:
            market.payee("ben", **terms)
        with pytest.raises(refusal) as changed:
            market.change(payee, name="Anna", **terms)

        assert made.value.attr == changed.value.attr == attr
        assert [row.name for row in Payee.objects.of(market.organization)] == ["Ana"]
        trail = AuditEvent.objects.of(market.organization).filter(subject_type="payee")
        assert trail.count() == 1

    def test_of_an_iban_that_the_kept_bic_contradicts(self, market: Market) -> None:
        payee = market.payee("ana", iban=IBAN, bic="AIBKIE2D")

        with pytest.raises(InvalidBic, match="COBADEFF"):
            market.change(payee, iban=OTHER_IBAN)
        changed = market.change(payee, iban=OTHER_IBAN, bic="COBADEFF")

        assert (changed.iban, changed.bic) == (OTHER_IBAN, "COBADEFF")


@pytest.mark.django_db
class TestNextCutoff:
    @pytest.mark.parametrize(
        ("schedule", "expected"),
        [
            ({"every": "day"}, TODAY),
            ({"every": "week", "weekday": 3}, TODAY),
            ({"every": "week", "weekday": 2}, date(2026, 3, 17)),
            ({"every": "month", "day": 10}, date(2026, 4, 10)),
            ({"every": "month", "day": 31}, date(2026, 3, 31)),
            ({"every": "manual"}, None),
            ({"every": "event", "days": 5}, None),
        ],
    )
    def test_is_the_end_of_the_period_that_is_running(
        self, market: Market, schedule: dict[str, object], expected: date | None
    ) -> None:
        payee = market.payee("ana", schedule=schedule)

        assert next_cutoff_on(payee, TODAY) == expected

    def test_is_none_while_the_payee_is_suspended(self, market: Market) -> None:
        payee = market.payee("ana", schedule={"every": "day"})

        assert next_cutoff_on(market.suspend(payee), TODAY) is None
