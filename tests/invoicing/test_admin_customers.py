"""Customers in the back-office: kept, found again, with what they owe beside their name."""

import pytest
from django.urls import reverse

from invoicing.models import Customer
from invoicing.services.customers import create_customer
from organizations.models import AuditEvent
from tests.invoicing.pages import follow, listed, page, text_of
from tests.invoicing.selling import Till, item

ADD = "/admin/invoicing/customer/add/"
SUGGEST = "/admin/invoicing/customer/suggest/"
FORM = {
    "name": "Lindqvist AB",
    "code": "12347",
    "email": "post@lindqvist.example",
    "phone": "",
    "address": "Storgatan 1",
    "postcode": "211 34",
    "city": "Malmö",
    "region": "",
    "country": "SE",
    "tax_id": "",
    "payment_terms_days": "",
}


@pytest.fixture
def till(acme, as_alice):
    return Till(as_alice)


@pytest.fixture
def lindqvist_ab(as_alice):
    return create_customer(actor=as_alice, name="Lindqvist AB", code="12347", country="SE")


def test_adds_a_customer_who_is_active(acme, dan, signed_in):
    answer = signed_in(dan).post(ADD, FORM)

    customer = Customer.objects.of(acme).get()
    assert answer.status_code == 302
    assert (customer.name, customer.country, customer.active) == ("Lindqvist AB", "SE", True)
    assert AuditEvent.objects.of(acme).get(action="create_customer").user == dan


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"name": ""}, "This field is required"),
        ({"country": "XX"}, "Select a valid choice"),
        ({"tax_id": "SE123"}, "is no VAT id"),
        ({"payment_terms_days": "366"}, "365"),
        ({"email": "nobody"}, "email"),
    ],
)
def test_says_what_is_wrong_with_a_customer(acme, alice, signed_in, given, said):
    answer = signed_in(alice).post(ADD, {**FORM, **given})

    assert answer.status_code == 200
    assert said in text_of(answer)
    assert not Customer.objects.of(acme).exists()


def test_makes_a_customer_inactive(acme, lindqvist_ab, alice, signed_in):
    signed_in(alice).post(page(lindqvist_ab), FORM)

    assert Customer.objects.of(acme).get().active is False


def test_says_why_somebody_with_orders_cannot_be_deleted(
    acme, till, lindqvist_ab, alice, signed_in
):
    till.draft(customer=lindqvist_ab)

    said = follow(signed_in(alice), page(lindqvist_ab, "delete"))

    assert "has orders or documents and stays" in said
    assert Customer.objects.of(acme).exists()


def test_lists_what_customers_owe_less_what_is_owed_to_them(
    till, lindqvist_ab, alice, signed_in, as_alice
):
    till.invoice(customer=lindqvist_ab)
    till.invoice(item(50_00), customer=lindqvist_ab)
    till.credit(till.invoice(item(10_00), customer=lindqvist_ab), 5_00)
    create_customer(actor=as_alice, name="Owes nothing", code="0")

    shown = text_of(signed_in(alice).get(listed("customer")))

    assert "187.00 GBP" in shown


def test_shows_what_is_open_overdue_and_invoiced_last(acme, till, lindqvist_ab, alice, signed_in):
    old = till.invoice(customer=lindqvist_ab)
    new = till.invoice(item(50_00), customer=lindqvist_ab, on=acme.today())

    shown = text_of(signed_in(alice).get(page(lindqvist_ab)))

    assert "Open 180.00 GBP" in shown
    assert "Overdue 120.00 GBP" in shown
    assert old.number in shown
    assert new.number in shown


def test_leads_to_everything_of_a_customer(till, lindqvist_ab, alice, signed_in):
    theirs = till.invoice(customer=lindqvist_ab)
    others = till.invoice()
    client = signed_in(alice)

    statement = client.get(page(lindqvist_ab, "statement"), follow=True)
    ageing = client.get(page(lindqvist_ab, "ageing"), follow=True)
    invoices = client.get(page(lindqvist_ab, "invoices"), follow=True)
    order = client.get(page(lindqvist_ab, "new_order"), follow=True)

    assert theirs.number in text_of(statement)
    assert "120.00" in text_of(ageing)
    assert theirs.number in text_of(invoices)
    assert others.number not in text_of(invoices)
    assert "Lindqvist AB (12347)" in order.content.decode()


def test_offers_customers_while_one_types(acme, lindqvist_ab, as_alice, as_mallory, dan, signed_in):
    create_customer(actor=as_alice, name="Lind gone", code="1", country="SE")
    Customer.objects.of(acme).filter(code="1").update(active=False)
    create_customer(actor=as_mallory, name="Lindas", code="9")
    client = signed_in(dan)

    assert client.get(SUGGEST, {"q": "lind"}).json() == {"offered": ["Lindqvist AB (12347)"]}
    assert client.get(SUGGEST, {"q": "123"}).json() == {"offered": ["Lindqvist AB (12347)"]}
    assert client.get(SUGGEST, {"q": "\x00%_"}).json() == {"offered": []}


def test_offers_no_customers_to_a_stranger(lindqvist_ab, mallory, signed_in):
    assert signed_in(mallory).get(SUGGEST, {"q": "lind"}).json() == {"offered": []}


@pytest.mark.parametrize("typed", ["12347", "Lindqvist AB", "lindqvist ab (12347)", "lindq"])
def test_finds_the_invoices_of_a_customer_by_what_is_typed(
    till, lindqvist_ab, alice, signed_in, typed
):
    theirs = till.invoice(customer=lindqvist_ab)
    till.invoice()

    answer = signed_in(alice).get(listed("invoice"), {"customer": typed})

    assert [row.number for row in answer.context["cl"].result_list] == [theirs.number]


def test_finds_nothing_of_another_organizations_customer(till, as_mallory, alice, signed_in):
    theirs = create_customer(actor=as_mallory, name="Theirs", code="T")
    till.invoice()
    client = signed_in(alice)

    for typed in ("T", "Theirs", str(theirs.pk)):
        answer = client.get(listed("invoice"), {"customer": typed})
        assert not answer.context["cl"].result_list


def test_lists_customers_by_state_and_country(acme, lindqvist_ab, as_alice, alice, signed_in):
    create_customer(actor=as_alice, name="Gone", code="1")
    Customer.objects.of(acme).filter(code="1").update(active=False)
    client = signed_in(alice)

    def codes(**query):
        answer = client.get(listed("customer"), query)
        return [row.code for row in answer.context["cl"].result_list]

    assert codes(state="active") == ["12347"]
    assert codes(state="inactive") == ["1"]
    assert codes(country="SE") == ["12347"]
    assert codes(country="-") == ["1"]


def test_shows_an_auditor_a_customer_without_a_form(lindqvist_ab, bob, signed_in):
    shown = signed_in(bob).get(page(lindqvist_ab)).content.decode()

    assert "Lindqvist AB" in shown
    assert 'name="name"' not in shown
    assert reverse("admin:invoicing_customer_delete", args=[lindqvist_ab.pk]) not in shown
