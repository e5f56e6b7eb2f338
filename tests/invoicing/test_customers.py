"""Customers: made, changed, deleted and found."""

import pytest

from core.db import uuid7
from invoicing.errors import (
    CustomerCodeTaken,
    CustomerInUse,
    CustomerNotFound,
    InvalidCustomer,
    InvalidTaxId,
    RegionWithoutCountry,
    UnknownCountry,
)
from invoicing.models import Customer
from invoicing.selectors.customers import get_customer, list_customers
from invoicing.services.customers import change_customer, create_customer, delete_customer
from organizations.models import AuditEvent
from tests.invoicing.drafting import draft, lindqvist

pytestmark = pytest.mark.django_db


class TestCreate:
    def test_keeps_what_is_given(self, acme, as_alice):
        create_customer(
            actor=as_alice,
            name=" Müller & Söhne ",
            code="DE-1",
            email="buero@mueller.example",
            phone="+49 30 1",
            address="Hauptstraße 1\nHinterhaus",
            postcode="10115",
            city="Berlin",
            region="BE",
            country="de",
            tax_id="DE 136 695 976",
            payment_terms_days=0,
            metadata={"since": 1998},
        )

        stored = get_customer(acme, "DE-1")
        assert (stored.name, stored.email) == ("Müller & Söhne", "buero@mueller.example")
        assert (stored.address, stored.postcode) == ("Hauptstraße 1\nHinterhaus", "10115")
        assert (stored.city, stored.region, stored.country) == ("Berlin", "BE", "DE")
        assert (stored.tax_id, stored.payment_terms_days) == ("DE136695976", 0)
        assert (stored.metadata, stored.active, stored.phone) == (
            {"since": 1998},
            True,
            "+49 30 1",
        )

    def test_needs_no_more_than_a_name(self, acme, as_alice):
        one = create_customer(actor=as_alice, name="Ann")
        other = create_customer(actor=as_alice, name="Ann")

        assert set(list_customers(acme)) == {one, other}
        assert one.created_at is not None

    def test_leaves_an_audit_row(self, acme, as_alice):
        customer = lindqvist(as_alice, payment_terms_days=14)

        event = AuditEvent.objects.of(acme).get(action="create_customer")
        assert (event.subject_ids, event.user) == ([customer.pk], as_alice.user)
        assert (event.after["name"], event.after["payment_terms_days"]) == ("Lindqvist & Co", 14)


class TestRefuses:
    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("name", ""),
            ("name", " \n"),
            ("name", "x" * 201),
            ("name", "a\x00b"),
            ("name", "a\x1b[31mb"),
            ("name", "a\nb"),
            ("name", "\u200b\u2060"),
            ("name", "\u3164"),
            ("name", None),
            ("code", "a b"),
            ("code", "x" * 51),
            ("code", "\x00"),
            ("email", "nobody"),
            ("email", "a@b"),
            ("email", "a\n@example.com"),
            ("email", "x" * 250 + "@example.com"),
            ("phone", "1" * 41),
            ("address", "x" * 501),
            ("address", "\ud800"),
            ("address", "1 High St\x9bm"),
            ("postcode", "1" * 21),
            ("city", "x" * 101),
            ("region", "x" * 21),
            ("payment_terms_days", -1),
            ("payment_terms_days", 366),
            ("payment_terms_days", 2.5),
            ("payment_terms_days", True),
            ("metadata", {"a": "\x00"}),
            ("metadata", ["a"]),
        ],
    )
    def test_a_value_that_cannot_be_kept(self, acme, as_alice, field, value):
        with pytest.raises(InvalidCustomer) as refused:
            lindqvist(as_alice, **{field: value})

        assert refused.value.attr == field
        assert nothing_is_written(acme)

    @pytest.mark.parametrize("country", ["XX", "UK", "Sweden", "S\x00"])
    def test_a_country_that_does_not_exist(self, acme, as_alice, country):
        with pytest.raises(UnknownCountry):
            lindqvist(as_alice, country=country)

        assert nothing_is_written(acme)

    def test_a_region_of_no_country(self, acme, as_alice):
        with pytest.raises(RegionWithoutCountry, match="ENG"):
            lindqvist(as_alice, country="", region="ENG")

        assert nothing_is_written(acme)

    def test_a_vat_id_that_is_none(self, acme, as_alice):
        with pytest.raises(InvalidTaxId, match="GB980780685 is no VAT id of GB"):
            lindqvist(as_alice, tax_id="GB980780685")

        assert nothing_is_written(acme)

    def test_a_code_that_is_taken(self, acme, as_alice):
        lindqvist(as_alice)

        with pytest.raises(CustomerCodeTaken, match="C-1"):
            lindqvist(as_alice, name="Other")

        assert Customer.objects.of(acme).count() == 1

    def test_no_code_that_only_another_organization_has(self, acme, as_alice, as_mallory):
        lindqvist(as_mallory)

        lindqvist(as_alice)

        assert get_customer(acme, "C-1").organization == acme


class TestChange:
    def test_leaves_an_audit_row_with_before_and_after(self, acme, as_alice):
        customer = lindqvist(as_alice, city="Leeds")

        changed = change_customer(actor=as_alice, customer=customer, city=" York ", code="C-1")

        assert changed.city == get_customer(acme, "C-1").city == "York"
        event = AuditEvent.objects.of(acme).get(action="change_customer")
        assert (event.before, event.after) == ({"city": "Leeds"}, {"city": "York"})

    def test_that_changes_nothing_leaves_none(self, acme, as_alice):
        customer = lindqvist(as_alice, tax_id="GB980780684")

        change_customer(actor=as_alice, customer=customer, tax_id="980 7806 84", metadata={})

        assert not AuditEvent.objects.of(acme).filter(action="change_customer").exists()

    def test_holds_the_vat_id_to_the_new_country(self, acme, as_alice):
        customer = lindqvist(as_alice, tax_id="GB980780684")

        with pytest.raises(InvalidTaxId, match="GB980780684 is no VAT id of DE"):
            change_customer(actor=as_alice, customer=customer, country="DE")

        assert get_customer(acme, "C-1").country == "GB"

    @pytest.mark.parametrize(
        ("changes", "refusal"),
        [
            ({"name": " "}, InvalidCustomer),
            ({"country": "XX"}, UnknownCountry),
            ({"country": "", "region": "ENG"}, RegionWithoutCountry),
            ({"code": "taken"}, CustomerCodeTaken),
            ({"payment_terms_days": 366}, InvalidCustomer),
        ],
    )
    def test_is_held_to_what_a_new_customer_is(self, acme, as_alice, changes, refusal):
        lindqvist(as_alice, code="taken")
        customer = lindqvist(as_alice)

        with pytest.raises(refusal):
            change_customer(actor=as_alice, customer=customer, city="York", **changes)

        assert get_customer(acme, "C-1").city == ""

    def test_does_not_find_another_organizations_customer(self, as_alice, as_mallory):
        customer = lindqvist(as_alice)

        with pytest.raises(CustomerNotFound, match="C-1"):
            change_customer(actor=as_mallory, customer=customer, city="York")

    def test_knows_what_can_change(self, as_alice):
        with pytest.raises(TypeError, match="id"):
            change_customer(actor=as_alice, customer=lindqvist(as_alice), id=uuid7())


class TestDelete:
    def test_leaves_an_audit_row(self, acme, as_alice):
        customer = lindqvist(as_alice)

        delete_customer(actor=as_alice, customer=customer)

        assert not Customer.objects.of(acme).exists()
        event = AuditEvent.objects.of(acme).get(action="delete_customer")
        assert (event.subject_ids, event.before["code"]) == ([customer.pk], "C-1")

    @pytest.mark.parametrize(("code", "named"), [("C-1", "C-1"), ("", "Lindqvist & Co")])
    def test_refuses_one_who_has_orders(self, acme, as_alice, code, named):
        customer = lindqvist(as_alice, code=code)
        draft(as_alice, customer=customer)

        with pytest.raises(CustomerInUse, match=f"Customer {named} has orders"):
            delete_customer(actor=as_alice, customer=customer)

        assert Customer.objects.of(acme).get() == customer
        assert not AuditEvent.objects.of(acme).filter(action="delete_customer").exists()

    def test_does_not_find_another_organizations_customer(self, acme, as_alice, as_mallory):
        customer = lindqvist(as_alice)

        with pytest.raises(CustomerNotFound):
            delete_customer(actor=as_mallory, customer=customer)

        assert Customer.objects.of(acme).exists()


class TestSelectors:
    def test_a_customer_is_found_by_code_or_id(self, acme, as_alice):
        customer = lindqvist(as_alice)

        assert get_customer(acme, "C-1") == customer
        assert get_customer(acme, customer.pk) == customer
        assert get_customer(acme, customer.pk.hex) == customer

    def test_a_code_that_looks_like_an_id_comes_first(self, acme, as_alice):
        other = lindqvist(as_alice)
        named = lindqvist(as_alice, code=str(other.pk))

        assert get_customer(acme, other.pk) == named

    @pytest.mark.parametrize(
        "name", ["c-1", "", "a\x00", "\ud800", "01a1fac3-4f92-70da-9f9a-3d3ce9766535"]
    )
    def test_there_is_no_such_customer(self, acme, as_alice, name):
        lindqvist(as_alice)
        lindqvist(as_alice, code="")

        with pytest.raises(CustomerNotFound):
            get_customer(acme, name)

    def test_another_organizations_customer_is_as_good_as_none(self, mallory_ltd, as_alice):
        customer = lindqvist(as_alice)

        with pytest.raises(CustomerNotFound):
            get_customer(mallory_ltd, customer.pk)
        assert list(list_customers(mallory_ltd)) == []

    def test_customers_are_listed_by_name_and_found_by_what_they_are_called(self, acme, as_alice):
        lindqvist(as_alice, name="Zoe", code="Z", email="zoe@shop.example")
        lindqvist(as_alice, name="Ann 100%", code="A", tax_id="GB980780684", active=False)

        def names(**filters):
            return [customer.name for customer in list_customers(acme, **filters)]

        assert names() == ["Ann 100%", "Zoe"]
        assert names(active=True) == ["Zoe"]
        assert names(search="zo") == names(search="@SHOP") == names(search="z") == ["Zoe"]
        assert names(search="0%") == names(search="9807806") == ["Ann 100%"]
        assert names(search="\x00") == names(search="nobody") == []


def nothing_is_written(organization):
    return not (
        Customer.objects.of(organization).exists()
        or AuditEvent.objects.of(organization).filter(subject_type="customer").exists()
    )
