"""Who may open which page of sales, and who may do what there."""

from decimal import Decimal

import pytest
from django.urls import reverse

from invoicing.models import CreditNote, FinancialTransaction, Invoice, NumberSeries, Order
from invoicing.services.crediting import issue_credit_note
from invoicing.services.customers import create_customer
from invoicing.services.tax_rates import create_tax_rate
from organizations.models import AuditEvent
from tests.invoicing.pages import ALL, A, C, K, O, R, page
from tests.invoicing.selling import Till, item

# Page → the roles that get it. Everybody else is refused (403).
LISTS = {
    "invoicing_order_changelist": ALL,
    "invoicing_order_add": {O, A, K},
    "invoicing_invoice_changelist": ALL,
    "invoicing_invoice_add": set(),
    "invoicing_creditnote_changelist": ALL,
    "invoicing_creditnote_add": {O, C, A},
    "invoicing_financialtransaction_changelist": ALL,
    "invoicing_financialtransaction_add": set(),
    "invoicing_customer_changelist": ALL,
    "invoicing_customer_add": {O, A, K},
    "invoicing_customer_suggest": ALL,
    "invoicing_taxrate_changelist": ALL,
    "invoicing_taxrate_add": {O, C, A},
    "invoicing_numberseries_changelist": ALL,
    "invoicing_numberseries_add": {O, C},
    "invoicing_invoicingprofile_changelist": ALL,
    "invoicing_invoicingprofile_add": set(),
    "ageing": {O, C, A, R},
}
ROWS = {
    ("draft", "change"): ALL,
    ("draft", "history"): {O, C, R},
    ("draft", "delete"): set(),
    ("draft", "lock"): {O, A, K},
    ("draft", "cancel"): {O, A, K},
    ("locked", "issue"): {O, A, K},
    ("locked", "pay"): {O, A, K},
    ("locked", "refund"): {O, C, A},
    ("invoice", "change"): ALL,
    ("invoice", "history"): {O, C, R},
    ("invoice", "delete"): set(),
    ("invoice", "pdf"): ALL,
    ("invoice", "html"): ALL,
    ("invoice", "pay"): {O, A, K},
    ("invoice", "refund"): {O, C, A},
    ("invoice", "credit"): {O, C, A},
    ("invoice", "void"): {O, C, A},
    ("note", "change"): ALL,
    ("note", "delete"): set(),
    ("note", "pdf"): ALL,
    ("note", "html"): ALL,
    ("note", "refund"): {O, C, A},
    ("payment", "change"): ALL,
    ("payment", "delete"): set(),
    ("payment", "pdf"): ALL,
    ("payment", "html"): ALL,
    ("payment", "take_back"): {O, C, A},
    ("customer", "change"): ALL,
    ("customer", "history"): {O, C, R},
    ("customer", "delete"): {O, A, K},
    ("rate", "change"): ALL,
    ("rate", "delete"): {O, C, A},
    ("series", "change"): ALL,
    ("series", "delete"): set(),
}
STEPS = ("lock", "cancel", "issue", "pay", "refund", "credit", "void", "take_back")


@pytest.fixture
def rows(acme, as_alice):
    """A row of every kind, all of them Acme's."""
    till = Till(as_alice)
    customer = create_customer(actor=as_alice, name="Lindqvist AB", code="12347")
    invoice = till.invoice(customer=customer, reference="WEB-1")
    payment = till.pay(invoice, 50_00)
    note = issue_credit_note(
        actor=as_alice, currency="GBP", items=[item(10_00)], reason="Old", customer=customer
    )
    return {
        "draft": till.draft(customer=customer),
        "locked": till.order(),
        "invoice": invoice,
        "payment": payment,
        "note": note,
        "customer": customer,
        "rate": create_tax_rate(actor=as_alice, code="FIVE", name="Five", percentage=Decimal(5)),
        "series": NumberSeries.objects.of(acme).get(kind="invoice"),
    }


def addresses(rows):
    return {key: page(rows[key[0]], key[1]) for key in ROWS}


@pytest.mark.parametrize("role", sorted(ALL))
def test_each_role_opens_its_pages_and_no_others(role, cast, rows, signed_in):
    client = signed_in(cast[role])
    expected = {
        **{reverse(f"admin:{name}"): roles for name, roles in LISTS.items()},
        **{url: ROWS[key] for key, url in addresses(rows).items()},
    }

    answers = {url: client.get(url).status_code for url in expected}

    assert answers == {url: 200 if role in roles else 403 for url, roles in expected.items()}


@pytest.mark.parametrize("role", [K, R])
def test_what_a_role_may_not_do_is_refused_when_it_is_sent(role, acme, cast, rows, signed_in):
    client = signed_in(cast[role])
    before = _counts(acme)

    refused = {
        key: client.post(url, {"reason": "x", "amount": "1", "method": "bank"}).status_code
        for key, url in addresses(rows).items()
        if key[1] in STEPS and role not in ROWS[key]
    }

    assert refused
    assert set(refused.values()) == {403}
    assert _counts(acme) == before


def test_an_auditor_changes_nothing(acme, cast, rows, signed_in):
    client = signed_in(cast[R])
    before = _counts(acme)

    answers = [client.post(url, {"_save": "1"}).status_code for url in addresses(rows).values()]
    answers += [client.post(reverse(f"admin:{n}"), {}).status_code for n in LISTS if "_add" in n]

    assert _counts(acme) == before
    # Pages that only show take no form; they may show themselves.
    assert set(answers) <= {200, 403}


def _counts(acme):
    models = (Order, Invoice, CreditNote, FinancialTransaction, AuditEvent)
    return [model.objects.of(acme).count() for model in models]


def test_another_organizations_rows_are_not_there(cast, rows, signed_in):
    client = signed_in(cast["stranger"])

    got = {key: client.get(url).status_code for key, url in addresses(rows).items()}
    sent = {
        key: client.post(url, {"reason": "x"}).status_code for key, url in addresses(rows).items()
    }

    assert set(got.values()) == {404}
    assert set(sent.values()) == {404}


def test_another_organizations_rows_are_in_no_list(cast, rows, signed_in):
    client = signed_in(cast["stranger"])
    names = ["Lindqvist", "WEB-1", "FIVE", rows["invoice"].number, rows["note"].number]

    for name in LISTS:
        answer = client.get(reverse(f"admin:{name}"))
        if answer.status_code == 200:
            assert not [one for one in names if one in answer.content.decode()]


def test_whoever_is_not_signed_in_is_asked_to(rows, client):
    for url in addresses(rows).values():
        answer = client.get(url)

        assert answer.status_code == 302
        assert answer.headers["Location"].startswith(reverse("admin:login"))


@pytest.mark.parametrize("role", sorted(ALL))
def test_buttons_that_may_not_be_used_are_not_shown(role, cast, rows, signed_in):
    client = signed_in(cast[role])

    for (kind, step), roles in ROWS.items():
        if step not in STEPS or (kind, step) == ("locked", "refund"):
            continue
        shown = client.get(page(rows[kind])).content.decode()
        assert (f'href="{page(rows[kind], step)}"' in shown) == (role in roles), (kind, step)


@pytest.mark.parametrize(
    ("role", "shown", "hidden"),
    [
        (K, {"invoicing_order_changelist", "invoicing_invoice_changelist"}, {"ageing"}),
        (R, {"ageing", "invoicing_taxrate_changelist"}, set()),
    ],
)
def test_the_sidebar_leaves_out_what_a_role_may_not_open(
    role, shown, hidden, cast, rows, signed_in
):
    index = signed_in(cast[role]).get(reverse("admin:index")).content.decode()

    for name in shown:
        assert f'href="{reverse(f"admin:{name}")}"' in index
    for name in hidden:
        assert f'href="{reverse(f"admin:{name}")}"' not in index


def test_pages_carry_no_script_of_their_own(cast, rows, signed_in):
    """The content security policy allows none, so one would silently do nothing."""
    client = signed_in(cast[O])

    for url in (reverse("admin:invoicing_order_add"), page(rows["invoice"], "html")):
        answer = client.get(url)
        policy = answer.headers["Content-Security-Policy"]
        scripts = next(part for part in policy.split(";") if part.strip().startswith("script-src"))
        assert "unsafe-inline" not in scripts
        for piece in answer.content.decode().split("<script")[1:]:
            assert "src=" in piece.split(">")[0]
