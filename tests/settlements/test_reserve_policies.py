"""Which reserves there are, and how they are written. 1_00 is 1.00."""

from decimal import Decimal

import pytest

from core.money import MOST_MINOR_UNITS
from settlements.errors import InvalidReserve
from settlements.reserves import ReservePolicy, as_json, parse_reserve

NONE = ReservePolicy()
TEN_PERCENT = ReservePolicy(Decimal(10), 30)


def floor(amount: int) -> ReservePolicy:
    return ReservePolicy(floor_amount=amount)


class TestParseReserve:
    @pytest.mark.parametrize(
        ("written", "policy"),
        [
            ({"percentage": "10", "days": 30}, TEN_PERCENT),
            ({"percentage": "2.5", "days": 1}, ReservePolicy(Decimal("2.5"), 1)),
            ({"percentage": "0.0001", "days": 730}, ReservePolicy(Decimal("0.0001"), 730)),
            ({"percentage": "100", "days": 30}, ReservePolicy(Decimal(100), 30)),
            ({"floor_amount": 500_00}, floor(500_00)),
            ({"floor_amount": MOST_MINOR_UNITS}, floor(MOST_MINOR_UNITS)),
            ({}, NONE),
        ],
    )
    def test_reads_what_is_written_the_same_way_again(self, written, policy):
        assert parse_reserve(written) == policy
        assert as_json(policy) == written

    @pytest.mark.parametrize(
        ("written", "policy"),
        [
            (None, NONE),
            ({"percentage": 10, "days": 30}, TEN_PERCENT),
            ({"percentage": "10.0000", "days": 30}, TEN_PERCENT),
            ({"percentage": "0", "days": 30}, NONE),
            ({"percentage": 0, "days": 30}, NONE),
            ({"floor_amount": 0}, NONE),
        ],
    )
    def test_reads_other_ways_to_write_it(self, written, policy):
        assert parse_reserve(written) == policy

    def test_writes_a_percentage_as_people_do(self):
        assert as_json(ReservePolicy(Decimal("10.5000"), 30))["percentage"] == "10.5"
        assert as_json(ReservePolicy(Decimal("1E+2"), 30))["percentage"] == "100"

    @pytest.mark.parametrize(
        ("written", "problem"),
        [
            ("10", "10 is not an object"),
            (10, "10 is not an object"),
            ([], "is not an object"),
            ({"percent": "10", "days": 30}, "knows no percent"),
            ({"percentage": "10"}, '"percentage" and "days" go together'),
            ({"days": 30}, '"percentage" and "days" go together'),
            ({"percentage": "10", "days": 30, "floor_amount": 1}, '"floor_amount" stands alone'),
            ({"days": 30, "floor_amount": 1}, '"floor_amount" stands alone'),
            ({"percentage": "10", "days": None}, '"days" is null'),
            ({"floor_amount": None}, '"floor_amount" is null'),
        ],
    )
    def test_refuses_what_is_no_reserve(self, written, problem):
        with pytest.raises(InvalidReserve) as refused:
            parse_reserve(written)

        assert problem in refused.value.problem

    @pytest.mark.parametrize(
        "percentage",
        [
            *(10.0, 2.5, True, -1, 101, "-1", "100.0001", "101", "", " 10", "10 ", "10%", "ten"),
            *("1e1", "0.00001", ".5", "5.", "1,5", "NaN", "Infinity", "٣", ["10"], {}),
        ],
    )
    def test_refuses_a_percentage_that_is_none(self, percentage):
        with pytest.raises(InvalidReserve, match='"percentage" is'):
            parse_reserve({"percentage": percentage, "days": 30})

    @pytest.mark.parametrize("days", [0, -1, 731, True, "30", 30.0, [30]])
    def test_refuses_days_that_are_none(self, days):
        with pytest.raises(InvalidReserve, match='"days" is a whole number from 1 to 730'):
            parse_reserve({"percentage": "10", "days": days})

    @pytest.mark.parametrize("amount", [-1, True, "500", 500.0, MOST_MINOR_UNITS + 1])
    def test_refuses_a_floor_that_is_no_amount(self, amount):
        with pytest.raises(InvalidReserve, match='"floor_amount" is a whole number'):
            parse_reserve({"floor_amount": amount})


class TestReservePolicy:
    @pytest.mark.parametrize("percentage", ["-0.01", "100.01", "NaN", "Infinity", "0.00001"])
    def test_cannot_be_made_with_a_percentage_that_is_none(self, percentage):
        with pytest.raises(InvalidReserve, match='"percentage"'):
            ReservePolicy(Decimal(percentage), 30)
