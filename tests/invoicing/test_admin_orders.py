"""Orders in the back-office: written, locked, invoiced, paid, cancelled."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from invoicing.models import FinancialTransaction, Invoice, Order
from invoicing.services.customers import create_customer
from invoicing.services.tax_rates import create_tax_rate
from ledger.models import Account, JournalEntry
from organizations.models import AuditEvent
from tests.invoicing.pages import follow, listed, page, rows_form, text_of
from tests.invoicing.selling import DAY, Till, fresh, item

ADD = "/admin/invoicing/order/add/"
MUGS = {"description": "Mug", "sku": "M-1", "quantity": "3", "price": "2.55"}


@pytest.fixture
def till(acme, as_alice):
    return Till(as_alice)


@pytest.fixture
def lindqvist_ab(as_alice):
    return create_customer(actor=as_alice, name="Lindqvist AB", code="12347", country="SE")


# --- Writing ----------------------------------------------------------------------------------


def test_saves_a_draft_as_it_was_written(acme, lindqvist_ab, dan, signed_in):
    sent = rows_form(
        {**MUGS, "discount": "0.65", "account": "4020"},
        {},
        {"description": "Postage", "price": "4"},
        customer="Lindqvist AB (12347)",
        reference="WEB-1",
        _save="1",
    )

    answer = signed_in(dan).post(ADD, sent)

    order = Order.objects.of(acme).get()
    assert answer.headers["Location"] == page(order)
    assert (order.status, order.customer, order.reference) == ("draft", lindqvist_ab, "WEB-1")
    first, second = order.items.all()
    assert (first.quantity, first.unit_amount, first.discount_amount) == (3, 2_55, 65)
    assert (first.sku, first.revenue_account.code, first.tax_codes) == ("M-1", "4020", None)
    assert (second.description, second.quantity, second.unit_amount) == ("Postage", 1, 4_00)
    assert AuditEvent.objects.of(acme).get(action="create_order").user == dan


@pytest.mark.parametrize(
    ("currency", "written", "amount"),
    [("JPY", "1,200", 1_200), ("KWD", "1.255", 1_255), ("USD", "90071992547409.93", 2**53 + 1)],
)
def test_reads_prices_in_the_decimals_of_the_orders_currency(
    acme, dan, signed_in, currency, written, amount
):
    sent = rows_form({**MUGS, "price": written}, currency=currency, _save="1")

    signed_in(dan).post(ADD, sent)

    assert Order.objects.of(acme).get().items.get().unit_amount == amount


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"quantity": "0"}, "a quantity is above 0, not 0"),
        ({"quantity": "-1"}, "a quantity is above 0, not -1"),
        ({"quantity": "nan"}, "Enter a number"),
        ({"quantity": "1.2345678"}, "no more than 6 decimal places"),
        ({"quantity": "9" * 40}, "no more than 18 digits"),
        ({"price": ""}, "At what price?"),
        ({"price": "-1"}, "a price is 0 to"),
        ({"price": "2.555"}, "GBP has 2 decimals"),
        ({"price": "2,55"}, "is not an amount"),
        ({"price": "99999999999999999999"}, "64 bits"),
        ({"discount": "8"}, "It is more than the row comes to."),
        ({"description": "", "sku": ""}, "What is sold?"),
        ({"account": "1000"}, "No revenue account is called"),
        ({"account": "nowhere"}, "No revenue account is called “nowhere”"),
        ({"taxes": ["GONE"]}, "GONE is not one of the available choices"),
        ({"taxes": ["VAT", "no tax"]}, "No tax, or some: not both"),
    ],
)
def test_says_at_the_row_what_is_wrong_with_it_and_writes_nothing(
    acme, till, dan, signed_in, row, said
):
    answer = signed_in(dan).post(ADD, rows_form({**MUGS, **row}, _save="1"))

    assert answer.status_code == 200
    assert said in text_of(answer)
    assert not Order.objects.of(acme).exists()


def test_keeps_the_rates_that_were_chosen(acme, till, dan, signed_in):
    till.rate("EXTRA", "5")
    rows: list[dict[str, Any]] = [
        {**MUGS, "taxes": ["VAT", "EXTRA"]},
        {**MUGS, "taxes": ["no tax"]},
        MUGS,
    ]

    signed_in(dan).post(ADD, rows_form(*rows, _save="1"))

    codes = [one.tax_codes for one in Order.objects.of(acme).get().items.all()]
    assert sorted(codes[0]) == ["EXTRA", "VAT"]
    assert codes[1:] == [[], None]


def test_takes_a_rate_whatever_it_is_called(acme, till, dan, signed_in):
    till.rate("-", "5")

    signed_in(dan).post(ADD, rows_form({**MUGS, "taxes": ["-"]}, _save="1"))

    assert Order.objects.of(acme).get().items.get().tax_codes == ["-"]


@pytest.mark.parametrize("head", [{"customer": "Nobody"}, {"currency": "XXQ"}, {"customer": "T"}])
def test_refuses_a_head_that_names_nothing_of_ours(acme, till, as_mallory, dan, signed_in, head):
    create_customer(actor=as_mallory, name="Theirs", code="T")

    answer = signed_in(dan).post(ADD, rows_form(MUGS, **{"_save": "1", **head}))

    assert answer.status_code == 200
    assert not Order.objects.of(acme).exists()


def test_takes_neither_rates_nor_accounts_of_another_organization(
    acme, mallory_ltd, as_mallory, dan, signed_in
):
    create_tax_rate(actor=as_mallory, code="THEIRS", name="Theirs", percentage=Decimal(5))
    account = Account.objects.of(mallory_ltd).get(code="4000")
    client = signed_in(dan)

    for row in ({"taxes": ["THEIRS"]}, {"account": str(account.pk)}):
        answer = client.post(ADD, rows_form({**MUGS, **row}, _save="1"))
        assert answer.status_code == 200
    assert not Order.objects.of(acme).exists()
    assert "THEIRS" not in client.get(ADD).content.decode()


def test_asks_which_of_two_customers_of_one_name_is_meant(
    acme, as_alice, lindqvist_ab, dan, signed_in
):
    twin = create_customer(actor=as_alice, name="Lindqvist AB")
    client = signed_in(dan)

    asked = client.post(ADD, rows_form(MUGS, customer="Lindqvist AB", _save="1"))
    client.post(ADD, rows_form(MUGS, customer=f"Lindqvist AB ({twin.pk})", _save="1"))

    assert "Several customers are called “Lindqvist AB”" in text_of(asked)
    assert Order.objects.of(acme).get().customer == twin


def test_adds_rows_without_a_script(acme, dan, signed_in):
    answer = signed_in(dan).post(ADD, rows_form(MUGS, _rows="1"))

    shown = answer.content.decode()
    assert 'name="items-5-price"' in shown
    assert 'value="2.55"' in shown
    assert not Order.objects.of(acme).exists()


def test_edits_a_draft(acme, till, lindqvist_ab, dan, signed_in):
    order = till.draft(item(1_00), item(2_00), customer=lindqvist_ab, reference="WEB-1")
    client = signed_in(dan)

    form = client.get(f"{page(order)}?edit").content.decode()
    answer = client.post(page(order), rows_form(MUGS, reference="WEB-2", _save="1"))

    assert 'value="Lindqvist AB (12347)"' in form
    assert 'value="2.00"' in form
    assert answer.headers["Location"] == page(order)
    changed = fresh(order)
    assert (changed.reference, changed.customer, changed.items.get().description) == (
        "WEB-2",
        None,
        "Mug",
    )


def test_a_locked_order_is_only_read(till, alice, signed_in):
    order = till.order()
    client = signed_in(alice)

    shown = client.get(page(order)).content.decode()

    assert "?edit" not in shown
    assert client.get(f"{page(order)}?edit").status_code == 403
    assert client.post(page(order), rows_form(MUGS, _save="1")).status_code == 403
    assert fresh(order).items.get().description == "Teapot"


# --- The lock ---------------------------------------------------------------------------------


def test_foretells_what_a_draft_comes_to_and_then_locks_it(till, dan, signed_in):
    order = till.draft()
    client = signed_in(dan)

    before = text_of(client.get(page(order)))
    asked = text_of(client.get(page(order, "lock")))
    said = follow(client, page(order, "lock"), country="GB", region="", on="2026-03-10")

    assert "20.00" in before
    assert "it comes to 120.00 GBP, with 20.00 of tax" in asked
    assert "is locked: it comes to 120.00 GBP" in said
    locked = fresh(order)
    assert (locked.status, locked.country, locked.taxed_on) == ("pending", "GB", DAY)


def test_locks_for_the_place_that_is_chosen(acme, as_alice, dan, signed_in, till):
    create_tax_rate(actor=as_alice, code="GST", name="GST", percentage=Decimal(5), country="CA")
    order = till.draft(item(100_00, tax_codes=None))

    follow(signed_in(dan), page(order, "lock"), country="CA", region="QC")

    locked = fresh(order)
    assert (locked.country, locked.region, locked.tax_amount) == ("CA", "QC", 5_00)


def test_leaves_the_place_to_the_customer(till, as_alice, dan, signed_in):
    customer = create_customer(
        actor=as_alice, name="Papeterie", code="1", country="CA", region="QC"
    )
    order = till.draft(customer=customer)

    follow(signed_in(dan), page(order, "lock"), country="", region="")

    assert (fresh(order).country, fresh(order).region) == ("CA", "QC")


def test_says_why_it_cannot_be_locked(till, as_alice, dan, signed_in):
    create_tax_rate(
        actor=as_alice, code="OLD", name="Old", percentage=Decimal(5), valid_to=date(2020, 1, 1)
    )
    order = till.draft(item(100_00, "OLD"))
    client = signed_in(dan)

    shown = text_of(client.get(page(order)))
    said = follow(client, page(order, "lock"), country="GB", region="")

    assert "It cannot be locked as it is. Item 1: the tax rate OLD does not hold" in shown
    assert "it was valid to 2020-01-01" in said
    assert fresh(order).status == "draft"


def test_says_why_a_locked_order_cannot_be_locked_again(till, dan, signed_in):
    order = till.order(reference="WEB-1")

    said = follow(signed_in(dan), page(order, "lock"), country="GB", region="")

    assert "Order WEB-1 is pending and cannot change any more." in said


def test_shows_what_was_locked_item_by_item_and_rate_by_rate(till, dan, signed_in):
    till.rate("EXTRA", "5")
    order = till.order(item(100_00, "VAT", "EXTRA", discount_amount=10_00))

    shown = text_of(signed_in(dan).get(page(order)))

    assert "Teapot 1 100.00 -10.00 90.00 22.50 VAT 18.00 EXTRA 4.50 112.50" in shown
    assert "VAT VAT everywhere 20 % 90.00 18.00" in shown
    assert "as on 10 March 2026, rounded per document" in shown


# --- Invoice, payment, refund, cancellation ---------------------------------------------------


def test_issues_the_invoice(acme, till, dan, signed_in):
    order = till.order()

    said = follow(signed_in(dan), page(order, "issue"), issued_on="2026-03-11", due_on="2026-04-01")

    invoice = Invoice.objects.of(acme).get(order_id=order.pk)
    assert f"Invoice {invoice.number} is issued." in said
    assert (invoice.issued_on, invoice.due_on) == (date(2026, 3, 11), date(2026, 4, 1))


def test_issues_in_the_series_that_is_chosen(acme, till, as_olga, dan, signed_in):
    from invoicing.services.numbering import create_series

    create_series(actor=as_olga, kind="invoice", code="shop", prefix="S-", width=3)
    order = till.order()

    follow(signed_in(dan), page(order, "issue"), series="shop")

    assert Invoice.objects.of(acme).get().number == "S-001"


def test_says_why_an_invoice_is_refused(acme, till, dan, signed_in):
    order = till.order()
    client = signed_in(dan)

    late = follow(client, page(order, "issue"), issued_on="2026-03-11", due_on="2026-03-01")
    draft = follow(client, page(till.draft(), "issue"))

    assert "An invoice of 2026-03-11 cannot be due on 2026-03-01." in late
    assert "lock it first" in draft
    assert not Invoice.objects.of(acme).exists()


def test_pays_an_order_and_issues_its_invoice_with_it(acme, till, dan, signed_in):
    order = till.order()
    client = signed_in(dan)

    form = client.get(page(order, "pay")).content.decode()
    said = follow(client, page(order, "pay"), amount="120.00", method="cash")

    assert 'value="120.00"' in form
    assert "Payment of 120.00 GBP is taken, cash." in said
    assert fresh(order).status == "paid"
    assert FinancialTransaction.objects.of(acme).get().amount == 120_00


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"amount": "120.01"}, "120.01 GBP cannot be paid: of"),
        ({"amount": "0"}, "An amount is at least 1 minor unit"),
        ({"amount": "-5"}, "An amount is at least 1 minor unit"),
        ({"amount": "1.005"}, "GBP has 2 decimals"),
        ({"amount": "nan"}, "is not an amount"),
        ({"method": "shells"}, "Select a valid choice"),
        ({"on": "2026-02-30"}, "Enter a valid date"),
    ],
)
def test_says_why_a_payment_is_refused_and_takes_nothing(acme, till, dan, signed_in, sent, said):
    order = till.order()

    answer = follow(signed_in(dan), page(order, "pay"), **{"method": "cash", **sent})

    assert said in answer
    assert not FinancialTransaction.objects.of(acme).exists()
    assert fresh(order).status == "pending"


def test_says_that_a_draft_has_to_be_locked_before_it_is_paid(till, dan, signed_in):
    assert "lock it first" in follow(signed_in(dan), page(till.draft(), "pay"), method="cash")


def test_refunds_an_order(till, carol, signed_in):
    invoice = till.invoice()
    till.pay(invoice)

    said = follow(
        signed_in(carol), page(invoice.order, "refund"), amount="50.00", reason="Broken", method=""
    )

    assert "Refund of 50.00 GBP is paid out." in said
    assert fresh(invoice.order).status == "partially_refunded"
    assert (fresh(invoice).refunded_amount, fresh(invoice).credited_amount) == (50_00, 50_00)


def test_cancels_an_order_that_was_not_invoiced(till, dan, signed_in):
    order = till.order()

    assert "is cancelled" in follow(signed_in(dan), page(order, "cancel"))

    assert fresh(order).status == "cancelled"


def test_says_why_an_invoiced_order_cannot_be_cancelled(till, dan, signed_in):
    invoice = till.invoice()

    said = follow(signed_in(dan), page(invoice.order, "cancel"))

    assert "has been invoiced: issue a credit note instead" in said


def test_offers_the_steps_that_make_sense(acme, till, olga, signed_in):
    client = signed_in(olga)
    draft, locked, invoice = till.draft(), till.order(), till.invoice()
    paid = till.invoice()
    till.pay(paid)

    def offered(order):
        shown = client.get(page(order)).content.decode()
        steps = ("lock", "issue", "pay", "refund", "cancel")
        return {step for step in steps if f'href="{page(order, step)}"' in shown}

    assert offered(draft) == {"lock", "cancel"}
    assert offered(locked) == {"issue", "pay", "cancel"}
    assert offered(invoice.order) == {"pay"}
    assert offered(paid.order) == {"refund"}
    assert offered(till.cancel(till.draft())) == set()


# --- The list ---------------------------------------------------------------------------------


def test_lists_orders_by_status_customer_date_and_search(till, lindqvist_ab, alice, signed_in):
    draft = till.draft(reference="WEB-1")
    sold = till.invoice(customer=lindqvist_ab).order
    client = signed_in(alice)

    def found(**query):
        answer = client.get(listed("order"), query)
        return {row.pk for row in answer.context["cl"].result_list}

    assert found() == {draft.pk, sold.pk}
    assert found(status__exact="draft") == {draft.pk}
    assert found(customer="12347") == {sold.pk}
    assert found(q="web-1") == {draft.pk}
    assert found(q="lindq") == {sold.pk}
    assert found(created_at_from="2020-01-01", created_at_to="2020-02-01") == set()
    assert found(created_at_to="2020-02-01") == set()
    assert found(created_at_from="2020-02-01") == {draft.pk, sold.pk}


def test_the_list_leads_to_the_invoice(till, alice, signed_in):
    invoice = till.invoice()

    shown = signed_in(alice).get(listed("order")).content.decode()

    assert f'href="{page(invoice)}"' in shown


def test_the_journal_entry_leads_back_to_the_invoice(till, alice, signed_in):
    invoice = till.invoice()
    entry = JournalEntry.objects.of(invoice.organization_id).get(pk=invoice.entry_id)

    shown = (
        signed_in(alice)
        .get(reverse("admin:ledger_journalentry_change", args=[entry.pk]))
        .content.decode()
    )

    assert f'href="{page(invoice)}"' in shown
