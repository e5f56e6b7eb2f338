"""Tax rates in the back-office: made, changed and deleted through the services."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from invoicing.models import OrderTaxLine, TaxRate
from invoicing.services.tax_rates import create_tax_rate
from organizations.models import AuditEvent
from tests.invoicing.pages import follow, listed, page, text_of
from tests.invoicing.selling import Till

ADD = "/admin/invoicing/taxrate/add/"
FORM = {
    "code": "GB-VAT",
    "name": "VAT",
    "percentage": "17.5",
    "category": "standard",
    "country": "GB",
    "region": "",
    "active": "on",
}


@pytest.fixture
def vat_rate(as_alice):
    return create_tax_rate(
        actor=as_alice, code="GB-VAT", name="VAT", percentage=Decimal("17.5"), country="GB"
    )


def test_adds_a_rate_digit_by_digit_and_leaves_it_in_the_audit_trail(acme, alice, signed_in):
    answer = signed_in(alice).post(ADD, {**FORM, "percentage": "9.975", "compound": "on"})

    assert answer.status_code == 302
    rate = TaxRate.objects.of(acme).get()
    assert (rate.percentage, rate.compound, rate.inclusive) == (Decimal("9.97500"), True, False)
    event = AuditEvent.objects.of(acme).get(action="create_tax_rate")
    assert (event.user, event.subject_ids) == (alice, [rate.pk])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"percentage": "nan"}, "Enter a number"),
        ({"percentage": "17,5"}, "Enter a number"),
        ({"percentage": "-1"}, "A percentage is 0 to 100"),
        ({"percentage": "101"}, "A percentage is 0 to 100"),
        ({"percentage": "1.234567"}, "no more than 5 decimal places"),
        ({"percentage": "5", "category": "zero"}, "only a standard rate is above 0"),
        ({"country": "XX"}, "Select a valid choice"),
        ({"country": "", "region": "QC"}, "needs its country"),
        ({"code": "a b"}, "is no tax rate's code"),
        ({"valid_from": "2026-02-01", "valid_to": "2026-01-01"}, "cannot be valid from"),
    ],
)
def test_says_what_is_wrong_with_a_rate_and_writes_nothing(acme, alice, signed_in, given, said):
    answer = signed_in(alice).post(ADD, {**FORM, **given})

    assert answer.status_code == 200
    assert said in text_of(answer)
    assert not TaxRate.objects.of(acme).exists()


def test_says_on_the_field_that_a_code_is_taken(vat_rate, alice, signed_in):
    answer = signed_in(alice).post(ADD, FORM)

    assert "There is a tax rate GB-VAT already." in text_of(answer)


def test_changes_a_rate_but_not_what_was_locked_with_it(acme, vat_rate, as_alice, alice, signed_in):
    Till(as_alice).order()
    locked = OrderTaxLine.objects.of(acme).values("percentage", "tax_amount").get()

    signed_in(alice).post(page(vat_rate), {**FORM, "percentage": "20"})

    assert TaxRate.objects.of(acme).get(code="GB-VAT").percentage == 20
    assert OrderTaxLine.objects.of(acme).values("percentage", "tax_amount").get() == locked


def test_deletes_a_rate_after_asking(acme, vat_rate, alice, signed_in):
    client = signed_in(alice)
    delete = page(vat_rate, "delete")

    asked = text_of(client.get(delete))
    assert TaxRate.objects.of(acme).count() == 1
    said = follow(client, delete)

    assert "keep it as it was" in asked
    assert "GB-VAT VAT is deleted." in said
    assert not TaxRate.objects.of(acme).exists()
    assert AuditEvent.objects.of(acme).filter(action="delete_tax_rate").exists()


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("holds", {"ALWAYS"}),
        ("expired", {"OLD"}),
        ("future", {"NEXT"}),
        ("inactive", {"OFF"}),
    ],
)
def test_lists_rates_by_whether_they_hold(acme, as_alice, alice, signed_in, state, expected):
    today = acme.today()
    days = timedelta(days=1)
    for code, given in {
        "ALWAYS": {},
        "OLD": {"valid_to": today - days},
        "NEXT": {"valid_from": today + days},
        "OFF": {"active": False},
    }.items():
        create_tax_rate(actor=as_alice, code=code, name=code, percentage=Decimal(5), **given)

    answer = signed_in(alice).get(listed("taxrate"), {"state": state})

    assert {row.code for row in answer.context["cl"].result_list} == expected


def test_lists_rates_by_country(acme, as_alice, vat_rate, alice, signed_in):
    create_tax_rate(actor=as_alice, code="ALL", name="All", percentage=Decimal(5))
    client = signed_in(alice)

    british = client.get(listed("taxrate"), {"country": "GB"})
    anywhere = client.get(listed("taxrate"), {"country": "-"})

    assert [row.code for row in british.context["cl"].result_list] == ["GB-VAT"]
    assert [row.code for row in anywhere.context["cl"].result_list] == ["ALL"]


def test_shows_who_changed_a_rate_to_those_who_may_read_the_trail(vat_rate, olga, signed_in):
    history = reverse("admin:invoicing_taxrate_history", args=[vat_rate.pk])

    assert "Create tax rate" in text_of(signed_in(olga).get(history))


def test_shows_from_when_to_when_a_rate_is_valid(acme, as_alice, alice, signed_in):
    create_tax_rate(
        actor=as_alice,
        code="GB-VAT",
        name="VAT",
        percentage=Decimal("17.5"),
        valid_from=date(2011, 1, 1),
        valid_to=date(2011, 1, 3),
    )

    shown = text_of(signed_in(alice).get(listed("taxrate")))

    assert "1 Jan 2011 to 3 Jan 2011" in shown
    assert "17.5 %" in shown
