"""Tax rates: made, changed, deleted and found."""

from datetime import date
from decimal import Decimal

import pytest

from invoicing.errors import (
    InvalidPercentage,
    InvalidTaxRate,
    InvalidTaxRateCode,
    InvalidValidity,
    RegionWithoutCountry,
    TaxRateCodeTaken,
    TaxRateNotFound,
    UnknownCountry,
)
from invoicing.models import TaxRate
from invoicing.selectors.tax_rates import get_tax_rate, list_tax_rates
from invoicing.services.tax_rates import change_tax_rate, create_tax_rate, delete_tax_rate
from organizations.models import AuditEvent
from tests.invoicing.drafting import rate, vat

pytestmark = pytest.mark.django_db


class TestCreate:
    def test_keeps_what_is_given(self, acme, as_alice):
        create_tax_rate(
            actor=as_alice,
            code="CA-QC-QST",
            name=" Québec sales tax ",
            percentage=Decimal("9.975"),
            country="ca",
            region=" QC ",
            compound=True,
            inclusive=True,
            valid_from=date(2013, 1, 1),
            valid_to=date(2013, 1, 1),
        )

        stored = get_tax_rate(acme, "CA-QC-QST")
        assert (stored.name, stored.percentage) == ("Québec sales tax", Decimal("9.975"))
        assert (stored.country, stored.region, stored.category) == ("CA", "QC", "standard")
        assert (stored.compound, stored.inclusive, stored.active) == (True, True, True)
        assert stored.valid_from == stored.valid_to == date(2013, 1, 1)

    def test_answers_with_what_is_in_the_database(self, acme, as_alice):
        made = vat(as_alice, "17.5")

        stored = get_tax_rate(acme, "GB-S")
        assert (made.pk, made.percentage, made.created_at) == (
            stored.pk,
            stored.percentage,
            stored.created_at,
        )

    def test_without_a_category_is_zero_rated_where_nothing_is_charged(self, as_alice):
        assert rate(as_alice, "EXP", "0").category == "zero"

    def test_leaves_an_audit_row(self, acme, as_alice):
        made = vat(as_alice, "17.50", valid_from=date(2010, 1, 1))

        event = AuditEvent.objects.of(acme).get(action="create_tax_rate")
        assert (event.subject_ids, event.user) == ([made.pk], as_alice.user)
        assert event.after == {
            "code": "GB-S",
            "name": "GB-S",
            "percentage": "17.5",
            "country": "GB",
            "region": "",
            "inclusive": False,
            "compound": False,
            "category": "standard",
            "valid_from": "2010-01-01",
            "valid_to": None,
            "active": True,
        }

    def test_takes_a_code_that_another_organization_has(self, acme, as_alice, as_mallory):
        vat(as_mallory)

        vat(as_alice)

        assert get_tax_rate(acme, "GB-S").organization == acme


class TestRefuses:
    @pytest.mark.parametrize(
        ("percentage", "category"),
        [
            ("-1", None),
            ("100.00001", None),
            ("17.123456", None),
            ("1e-40", None),
            ("1" * 40, None),
            ("NaN", None),
            ("sNaN", None),
            ("Infinity", None),
            ("0", "standard"),
            ("5", "zero"),
            ("5", "exempt"),
            ("0.00001", "reverse_charge"),
        ],
    )
    def test_a_percentage_that_is_none(self, acme, as_alice, percentage, category):
        with pytest.raises(InvalidPercentage) as refused:
            rate(as_alice, "X", percentage, category=category)

        assert str(Decimal(percentage)) in refused.value.message
        assert nothing_is_written(acme)

    @pytest.mark.parametrize("percentage", [17.5, "17.5", None, True])
    def test_a_percentage_that_is_no_decimal(self, acme, as_alice, percentage):
        with pytest.raises(InvalidPercentage, match=str(percentage)):
            create_tax_rate(actor=as_alice, code="X", name="X", percentage=percentage)

        assert nothing_is_written(acme)

    @pytest.mark.parametrize("code", ["", "a b", "ä", "x" * 51, "a\x00", "a\n", None])
    def test_a_code_that_is_none(self, acme, as_alice, code):
        with pytest.raises(InvalidTaxRateCode):
            rate(as_alice, code, "5")

        assert nothing_is_written(acme)

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("name", ""),
            ("name", " "),
            ("name", "x" * 101),
            ("name", "a\x00b"),
            ("region", "x" * 21),
            ("region", "\x00"),
            ("category", "luxury"),
        ],
    )
    def test_a_value_that_cannot_be_kept(self, acme, as_alice, field, value):
        given = {"code": "X", "name": "X", "percentage": Decimal(5), "country": "GB", field: value}

        with pytest.raises(InvalidTaxRate) as refused:
            create_tax_rate(actor=as_alice, **given)

        assert refused.value.attr == field
        assert nothing_is_written(acme)

    @pytest.mark.parametrize("country", ["XX", "UK", "England", "\x00\x00", "1"])
    def test_a_country_that_does_not_exist(self, acme, as_alice, country):
        with pytest.raises(UnknownCountry):
            rate(as_alice, "X", "5", country=country)

        assert nothing_is_written(acme)

    def test_a_region_of_no_country(self, acme, as_alice):
        with pytest.raises(RegionWithoutCountry, match="QC"):
            rate(as_alice, "X", "5", region="QC")

        assert nothing_is_written(acme)

    def test_an_end_before_the_beginning(self, acme, as_alice):
        with pytest.raises(InvalidValidity, match="2026-02-01 to 2026-01-31"):
            vat(as_alice, valid_from=date(2026, 2, 1), valid_to=date(2026, 1, 31))

        assert nothing_is_written(acme)

    def test_a_code_that_is_taken(self, acme, as_alice):
        vat(as_alice)

        with pytest.raises(TaxRateCodeTaken, match="GB-S"):
            vat(as_alice)

        assert TaxRate.objects.of(acme).count() == 1


class TestChange:
    def test_leaves_an_audit_row_with_before_and_after(self, acme, as_alice):
        tax_rate = vat(as_alice, "20")

        change_tax_rate(actor=as_alice, tax_rate=tax_rate, percentage=Decimal("17.5"), name="GB-S")

        assert get_tax_rate(acme, "GB-S").percentage == Decimal("17.5")
        event = AuditEvent.objects.of(acme).get(action="change_tax_rate")
        assert (event.before, event.after) == ({"percentage": "20"}, {"percentage": "17.5"})

    def test_that_changes_nothing_leaves_none(self, acme, as_alice):
        change_tax_rate(actor=as_alice, tax_rate=vat(as_alice), percentage=20, country="gb")

        assert not AuditEvent.objects.of(acme).filter(action="change_tax_rate").exists()

    @pytest.mark.parametrize(
        ("changes", "refusal"),
        [
            ({"percentage": Decimal(0)}, InvalidPercentage),
            ({"category": "exempt"}, InvalidPercentage),
            ({"country": "", "region": "QC"}, RegionWithoutCountry),
            ({"valid_to": date(2009, 12, 31)}, InvalidValidity),
            ({"code": "taken"}, TaxRateCodeTaken),
            ({"name": "\x00"}, InvalidTaxRate),
        ],
    )
    def test_is_held_to_what_a_new_rate_is(self, acme, as_alice, changes, refusal):
        rate(as_alice, "taken", "5")
        tax_rate = vat(as_alice, valid_from=date(2010, 1, 1))

        with pytest.raises(refusal):
            change_tax_rate(actor=as_alice, tax_rate=tax_rate, active=False, **changes)

        assert get_tax_rate(acme, "GB-S").active

    def test_does_not_find_another_organizations_rate(self, as_alice, as_mallory):
        tax_rate = vat(as_alice)

        with pytest.raises(TaxRateNotFound, match="GB-S"):
            change_tax_rate(actor=as_mallory, tax_rate=tax_rate, active=False)

    def test_knows_what_can_change(self, as_alice):
        with pytest.raises(TypeError, match="organization"):
            change_tax_rate(actor=as_alice, tax_rate=vat(as_alice), organization=None)


class TestDelete:
    def test_leaves_an_audit_row(self, acme, as_alice):
        tax_rate = vat(as_alice)

        delete_tax_rate(actor=as_alice, tax_rate=tax_rate)

        assert not TaxRate.objects.of(acme).exists()
        event = AuditEvent.objects.of(acme).get(action="delete_tax_rate")
        assert (event.subject_ids, event.before["percentage"]) == ([tax_rate.pk], "20")

    def test_a_second_time_finds_nothing(self, as_alice):
        tax_rate = vat(as_alice)
        delete_tax_rate(actor=as_alice, tax_rate=tax_rate)

        with pytest.raises(TaxRateNotFound, match="GB-S"):
            delete_tax_rate(actor=as_alice, tax_rate=tax_rate)

    def test_does_not_find_another_organizations_rate(self, acme, as_alice, as_mallory):
        tax_rate = vat(as_alice)

        with pytest.raises(TaxRateNotFound):
            delete_tax_rate(actor=as_mallory, tax_rate=tax_rate)

        assert TaxRate.objects.of(acme).exists()


class TestSelectors:
    def test_a_rate_is_found_by_its_code_or_its_id(self, acme, as_alice):
        tax_rate = vat(as_alice)

        assert get_tax_rate(acme, "GB-S") == tax_rate
        assert get_tax_rate(acme, tax_rate.pk) == tax_rate
        assert get_tax_rate(acme, tax_rate.pk.hex) == tax_rate

    def test_a_code_that_looks_like_an_id_comes_first(self, acme, as_alice):
        other = vat(as_alice)
        named = rate(as_alice, str(other.pk), "5")

        assert get_tax_rate(acme, other.pk) == named

    @pytest.mark.parametrize(
        "name", ["gb-s", "", "a\x00", "\ud800", "01a1fac3-4f92-70da-9f9a-3d3ce9766535"]
    )
    def test_there_is_no_such_rate(self, acme, as_alice, name):
        vat(as_alice)

        with pytest.raises(TaxRateNotFound):
            get_tax_rate(acme, name)

    def test_another_organizations_rate_is_as_good_as_none(self, mallory_ltd, as_alice):
        tax_rate = vat(as_alice)

        with pytest.raises(TaxRateNotFound):
            get_tax_rate(mallory_ltd, tax_rate.pk)
        assert list(list_tax_rates(mallory_ltd)) == []

    def test_rates_are_listed_by_code_country_and_whether_they_are_active(self, acme, as_alice):
        french = rate(as_alice, "FR", "20", country="FR", active=False)
        british = vat(as_alice)
        anywhere = rate(as_alice, "ANY", "1")

        assert list(list_tax_rates(acme)) == [anywhere, french, british]
        assert list(list_tax_rates(acme, active=False)) == [french]
        assert list(list_tax_rates(acme, country="gb")) == [british]
        assert list(list_tax_rates(acme, country="")) == [anywhere]


def nothing_is_written(organization):
    return not (
        TaxRate.objects.of(organization).exists()
        or AuditEvent.objects.of(organization).filter(subject_type="taxrate").exists()
    )
