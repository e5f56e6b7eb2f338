"""Which rates apply where and when."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from invoicing.tax import Rate, applicable_rates

VAT = Rate("GB-17.5", "VAT", Decimal("17.5"))
GST = Rate("CA-GST", "GST", Decimal(5))
QST = Rate("CA-QC-QST", "QST", Decimal("9.975"), compound=True)


class TestRate:
    @pytest.mark.parametrize("percentage", ["-0.001", "NaN", "Infinity"])
    def test_refuses_what_is_no_percentage(self, percentage):
        with pytest.raises(ValueError, match=percentage):
            Rate("X", "X", Decimal(percentage))

    @pytest.mark.parametrize("category", ["zero", "exempt", "reverse_charge"])
    def test_charges_nothing_unless_it_is_standard(self, category):
        with pytest.raises(ValueError, match=category):
            Rate("X", "X", Decimal("0.1"), category=category)

    @pytest.mark.parametrize(
        ("day", "holds"),
        [
            (date(2026, 3, 31), False),
            (date(2026, 4, 1), True),
            (date(2026, 6, 30), True),
            (date(2026, 7, 1), False),
        ],
    )
    def test_holds_on_the_first_and_on_the_last_day(self, day, holds):
        rate = replace(VAT, valid_from=date(2026, 4, 1), valid_to=date(2026, 6, 30))

        assert rate.holds_on(day) is holds

    def test_without_dates_holds_always(self):
        assert VAT.holds_on(date.min)
        assert VAT.holds_on(date.max)

    def test_that_is_not_active_holds_never(self):
        assert not replace(VAT, active=False).holds_on(date(2026, 4, 1))


class TestApplicableRates:
    ANYWHERE = Rate("ANY", "Anywhere", Decimal(1))
    CANADA = replace(GST, country="CA")
    QUEBEC = replace(QST, country="CA", region="QC")
    QUEBEC_GST = replace(GST, code="CA-QC-GST", country="CA", region="QC")
    BRITAIN = replace(VAT, country="GB")
    ALL = (QUEBEC, QUEBEC_GST, CANADA, BRITAIN, ANYWHERE)
    DAY = date(2026, 4, 1)

    def at(self, country, region="", rates=ALL, on=DAY):
        return applicable_rates(rates, country=country, region=region, on=on)

    def test_are_all_of_the_region_simple_ones_first(self):
        assert self.at("CA", "QC") == (self.QUEBEC_GST, self.QUEBEC)

    def test_are_sorted_by_code(self):
        assert [rate.code for rate in self.at("", rates=[VAT, QST, GST])] == [
            "CA-GST",
            "GB-17.5",
            "CA-QC-QST",
        ]

    def test_are_the_countrys_where_the_region_has_none(self):
        assert self.at("CA", "AB") == (self.CANADA,)

    def test_are_the_countrys_where_no_region_is_given(self):
        assert self.at("CA") == (self.CANADA,)

    def test_are_those_of_anywhere_where_the_country_has_none(self):
        assert self.at("FR") == (self.ANYWHERE,)
        assert self.at("FR", "QC") == (self.ANYWHERE,)
        assert self.at("") == (self.ANYWHERE,)

    def test_may_be_none(self):
        assert self.at("FR", rates=[self.BRITAIN]) == ()

    def test_of_a_region_do_not_apply_to_the_country(self):
        assert self.at("CA", rates=[self.QUEBEC]) == ()

    def test_are_found_in_any_case_and_with_spaces(self):
        assert self.at(" gb ") == (self.BRITAIN,)
        assert self.at("ca", "qc ") == (self.QUEBEC_GST, self.QUEBEC)

    def test_are_those_of_the_day(self):
        old = replace(self.BRITAIN, code="GB-15", valid_to=date(2010, 1, 3))
        new = replace(self.BRITAIN, valid_from=date(2010, 1, 4))

        assert self.at("GB", rates=[old, new], on=date(2010, 1, 3)) == (old,)
        assert self.at("GB", rates=[old, new], on=date(2010, 1, 4)) == (new,)

    def test_are_of_the_next_place_where_the_nearest_has_only_expired_ones(self):
        expired = replace(self.QUEBEC, valid_to=date(2026, 3, 31))
        retired = replace(self.QUEBEC_GST, active=False)

        assert self.at("CA", "QC", rates=[expired, retired, self.CANADA]) == (self.CANADA,)
