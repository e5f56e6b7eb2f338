"""What PostgreSQL refuses by itself about payments, payments taken back, and refunds."""

from datetime import date

import pytest

from core.db import uuid7
from invoicing.models import FinancialTransaction
from tests.invoicing.raw_sales import DAY, NET, TAX, RawSales, insert, insert_together, run_all
from tests.ledger.raw_books import refused, run

pytestmark = [pytest.mark.django_db, pytest.mark.database_rules]

TOTAL = NET + TAX


@pytest.fixture
def acme() -> RawSales:
    return RawSales("acme")


@pytest.fixture
def mallory() -> RawSales:
    return RawSales("mallory")


# --- Payments -------------------------------------------------------------------------------------


def test_nothing_is_paid_beyond_what_is_open(acme):
    invoice = acme.invoice()
    acme.pay(invoice, TOTAL - 10)

    with refused("invoice_is_not_overpaid") as facts:
        acme.pay(invoice, 11)

    assert (facts["amount"], facts["open"], facts["currency"]) == (11, 10, "GBP")
    assert acme.amounts(invoice) == (TOTAL - 10, 0, 0)


def test_nothing_is_paid_twice(acme):
    invoice = acme.invoice()
    acme.pay(invoice, TOTAL)

    with refused("invoice_is_not_overpaid") as facts:
        acme.pay(invoice, 1)

    assert facts["open"] == 0


def test_nothing_is_paid_on_what_was_credited(acme):
    invoice = acme.invoice()
    acme.credit(invoice, NET, TAX)

    with refused("invoice_is_not_overpaid"):
        acme.pay(invoice, 1)


def test_nothing_is_paid_on_what_costs_nothing(acme):
    with refused("invoice_is_not_overpaid"):
        acme.pay(acme.invoice(0, 0), 1)


def test_two_rows_of_one_statement_are_not_too_much_together(acme):
    invoice = acme.invoice()

    with refused("invoice_is_not_overpaid"):
        run(*insert_together("financialtransaction", *posted(acme, invoice, TOTAL - 10, 11)))
    assert acme.amounts(invoice) == (0, 0, 0)
    run(*insert_together("financialtransaction", *posted(acme, invoice, TOTAL - 10, 10)))

    assert acme.amounts(invoice) == (TOTAL, 0, 0)
    assert acme.order_of(invoice) == "paid"


def test_payments_of_a_common_table_are_not_too_much_together(acme):
    invoice = acme.invoice()
    (one, given), (other, more) = (
        insert("financialtransaction", row) for row in posted(acme, invoice, TOTAL - 10, 11)
    )
    more = {f"b_{name}": value for name, value in more.items()}

    with refused("invoice_is_not_overpaid"):
        run(f"WITH one AS ({one}) {other.replace('%(', '%(b_')}", {**given, **more})


def test_bulk_created_payments_are_not_too_much_together(acme):
    invoice = acme.invoice()
    rows = posted(acme, invoice, TOTAL - 10, 11)

    with refused("invoice_is_not_overpaid"):
        FinancialTransaction.objects.bulk_create([FinancialTransaction(**row) for row in rows])


def test_a_payment_that_comes_to_nothing_pays_nothing(acme):
    invoice = acme.invoice()
    _, (_, row) = statements = acme.paying(invoice, 10)
    run_all(statements)

    run(*insert("financialtransaction", row, "ON CONFLICT DO NOTHING"))
    with refused("document_is_final"):
        run(
            *insert(
                "financialtransaction",
                row,
                "ON CONFLICT (id, organization_id) DO UPDATE SET amount = 99",
            )
        )

    assert acme.amounts(invoice) == (10, 0, 0)


@pytest.mark.parametrize("amount", [0, -1])
def test_an_amount_is_positive(acme, amount):
    entry = acme.books.post("sale")

    with refused("transaction_amount_is_positive"):
        acme.pay(acme.invoice(), amount, entry_id=entry)


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"type": "gift"}, "transaction_type_is_known"),
        ({"method": "gold"}, "transaction_method_is_known"),
        ({"status": "reversed"}, "transaction_begins_completed"),
        ({"status": "failed"}, "transaction_status_fits_its_type"),
        ({"type": "refund", "status": "reversed"}, "transaction_status_fits_its_type"),
        ({"invoice_id": None}, "transaction_is_of_one_document"),
        ({"type": "debit"}, "transaction_reverses_a_payment"),
        ({"currency": "EUR"}, "transaction_is_of_its_document"),
    ],
    ids=str,
)
def test_a_payment_is_of_a_known_form(acme, changes, constraint):
    row = {**acme.payment_row(acme.invoice(), 10), **changes}
    row["entry_id"] = acme.books.post("sale")

    with refused(constraint):
        run(*insert("financialtransaction", row))


def test_a_payment_is_of_the_customer_of_its_invoice(acme):
    invoice = acme.invoice(customer_id=acme.customer())

    for customer in (None, acme.customer("Other")):
        with refused("transaction_is_of_its_document"):
            acme.pay(invoice, 10, customer_id=customer)


def test_a_provider_reference_is_taken_once(acme, mallory):
    one, other = acme.invoice(), acme.invoice()
    acme.pay(one, 10, provider_reference="QX1")
    mallory.pay(mallory.invoice(), 10, provider_reference="QX1")

    for invoice in (one, other):
        with refused("transaction_provider_reference_is_taken_once"):
            acme.pay(invoice, 10, provider_reference="QX1")
    with refused("transaction_provider_reference_is_taken_once"):
        acme.refund(one, 10, provider_reference="QX1")

    acme.pay(other, 10)
    acme.pay(other, 10)


POSTINGS = {
    "reference": {"reference": "sale"},
    "day": {"on": date(2025, 3, 11)},
    "amount": {"total": 9, "debits": [9, 0], "credits": [0, 9]},
    "another account": {"codes": ["bank", "sales"]},
    "the wrong side": {"codes": ["receivable", "bank"]},
    "nothing owed": {"codes": ["receivable", "receivable"]},
    "currency": {"currency": "EUR", "codes": ["euros", "exports"]},
}


@pytest.mark.parametrize("changes", POSTINGS.values(), ids=POSTINGS.keys())
def test_a_payment_is_posted_as_it_says(acme, changes):
    row = acme.payment_row(acme.invoice(), 10)
    sql, given = acme.movement(row)
    codes = changes.get("codes", ["bank", "receivable"])
    given.update({**changes, "accounts": [acme.accounts[code] for code in codes]})
    run(sql, given)

    with refused("document_is_posted_as_it_says"):
        run(*insert("financialtransaction", {**row, "entry_id": given["id"]}))


def test_a_refund_and_a_payment_taken_back_are_posted_the_other_way(acme):
    invoice = acme.invoice()
    payment = acme.pay(invoice, 10)

    for changes in ({"type": "refund"}, {"type": "debit", "reverses_id": payment}):
        row = acme.payment_row(invoice, 10, **changes)
        sql, given = acme.movement(row)
        given.update(debits=given["credits"], credits=given["debits"])
        run(sql, given)
        with refused("document_is_posted_as_it_says"):
            run(*insert("financialtransaction", {**row, "entry_id": given["id"]}))


def test_two_payments_do_not_share_an_entry(acme):
    invoice = acme.invoice()
    _, (_, row) = statements = acme.paying(invoice, 10)
    run_all(statements)

    with refused("transaction_has_an_entry_of_its_own"):
        acme.pay(invoice, 10, entry_id=row["entry_id"])
    with refused("document_is_posted_as_it_says"):
        acme.pay(invoice, 10, entry_id=acme.of("invoice", "entry_id", invoice))


# --- Payments taken back --------------------------------------------------------------------------


def test_a_payment_is_taken_back_once(acme):
    invoice = acme.invoice()
    payment = acme.pay(invoice, 30)
    acme.pay(invoice, 30)
    acme.bounce(payment, invoice, 30)

    assert acme.amounts(invoice) == (30, 0, 0)
    assert acme.of("financialtransaction", "status", payment) == "reversed"
    again = acme.payment_row(invoice, 30, type="debit", reverses_id=payment)
    again["entry_id"] = acme.books.post("again")
    with refused("transaction_is_reversed_once"):
        run(*insert("financialtransaction", again))


def test_a_payment_is_taken_back_once_by_two_rows_of_one_statement(acme):
    invoice = acme.invoice()
    payment = acme.pay(invoice, 30)
    rows = [
        {
            **acme.payment_row(invoice, 30, type="debit", reverses_id=payment),
            "entry_id": acme.books.post(reference),
        }
        for reference in ("one", "other")
    ]

    with refused("transaction_is_reversed_once"):
        run(*insert_together("financialtransaction", *rows))


@pytest.mark.parametrize(
    "changes", [{"amount": 29}, {"amount": 31}, {"method": "cash"}], ids=["part", "more", "method"]
)
def test_a_payment_is_taken_back_as_a_whole(acme, changes):
    invoice = acme.invoice()
    payment = acme.pay(invoice, 30)
    acme.pay(invoice, 30)

    with refused("transaction_takes_back_a_whole_payment"):
        acme.bounce(payment, invoice, **{"amount": 30, **changes})

    assert acme.of("financialtransaction", "status", payment) == "completed"


def test_only_a_payment_of_this_invoice_is_taken_back(acme):
    invoice, other = acme.invoice(), acme.invoice()
    payment = acme.pay(other, 30)
    acme.pay(invoice, 30)
    refund = acme.refund(other, 5)

    for taken_back, of, amount in [(payment, invoice, 30), (refund, other, 5)]:
        with refused("transaction_takes_back_a_whole_payment"):
            acme.bounce(taken_back, of, amount)


def test_a_payment_that_was_refunded_is_not_taken_back(acme):
    invoice = acme.invoice()
    payment = acme.pay(invoice, 30)
    acme.refund(invoice, 1)

    with refused("payment_was_not_refunded") as facts:
        acme.bounce(payment, invoice, 30)

    assert (facts["amount"], facts["left"]) == (30, 29)


def test_another_organizations_payment_is_not_taken_back(acme, mallory):
    theirs = mallory.pay(mallory.invoice(), 30)
    invoice = acme.invoice()
    acme.pay(invoice, 30)

    with refused("financialtransaction_reverses_is_of_its_organization"):
        acme.bounce(theirs, invoice, 30)


def test_a_payment_does_not_take_itself_back(acme):
    invoice = acme.invoice()
    acme.pay(invoice, 30)
    own = uuid7()

    with refused("transaction_takes_back_a_whole_payment"):
        acme.bounce(own, invoice, 30, id=own)


# --- Refunds --------------------------------------------------------------------------------------


def test_nothing_is_refunded_beyond_what_was_paid(acme):
    invoice = acme.invoice()
    acme.pay(invoice, 30)
    acme.refund(invoice, 20)

    with refused("invoice_is_not_overrefunded") as facts:
        acme.refund(invoice, 11)

    assert (facts["amount"], facts["left"]) == (11, 10)
    assert acme.amounts(invoice) == (30, 20, 0)


def test_nothing_is_refunded_of_what_was_not_paid_or_was_taken_back(acme):
    invoice = acme.invoice()

    with refused("invoice_is_not_overrefunded"):
        acme.refund(invoice, 1)
    acme.bounce(acme.pay(invoice, 30), invoice, 30)
    with refused("invoice_is_not_overrefunded"):
        acme.refund(invoice, 1)


def test_two_refunds_of_one_statement_are_not_too_much_together(acme):
    invoice = acme.invoice()
    acme.pay(invoice, 30)

    with refused("invoice_is_not_overrefunded"):
        run(*insert_together("financialtransaction", *posted(acme, invoice, 20, 11, type="refund")))


def test_a_credit_note_of_an_invoice_is_refunded_on_the_invoice(acme):
    invoice = acme.invoice()
    acme.pay(invoice, TOTAL)
    note = acme.credit(invoice, NET, TAX)

    with refused("transaction_is_of_its_document"):
        acme.refund_note(note, 10)


def test_a_credit_note_without_an_invoice_is_refunded_up_to_its_total(acme):
    note = acme.standalone(NET, TAX)
    acme.refund_note(note, TOTAL - 10)

    with refused("invoice_is_not_overrefunded") as facts:
        acme.refund_note(note, 11)
    assert (facts["amount"], facts["left"]) == (11, 10)
    acme.refund_note(note, 10)

    assert acme.of("creditnote", "refunded_amount", note) == TOTAL


def test_nothing_is_paid_on_a_credit_note(acme):
    note = acme.standalone(NET, TAX)
    entry = acme.books.post("sale")

    for changes in ({"type": "credit"}, {"type": "debit", "reverses_id": uuid7()}):
        with refused("transaction_is_of_one_document"):
            acme.refund_note(note, 10, entry_id=entry, **changes)


def test_a_refund_is_of_an_invoice_or_of_a_credit_note(acme):
    entry = acme.books.post("sale")

    with refused("transaction_is_of_one_document"):
        acme.refund_note(acme.standalone(NET, TAX), 10, invoice_id=acme.invoice(), entry_id=entry)


def test_a_refund_of_a_credit_note_is_in_its_currency_and_for_its_customer(acme):
    note = acme.standalone(NET, TAX, customer_id=acme.customer())
    entry = acme.books.post("sale")

    for changes in ({"currency": "EUR"}, {"customer_id": None}):
        with refused("transaction_is_of_its_document"):
            acme.refund_note(note, 10, entry_id=entry, **changes)


# --- Law 7: of one organization -------------------------------------------------------------------


def test_money_moves_within_one_organization(acme, mallory):
    ours, theirs = acme.invoice(), mallory.invoice(customer_id=mallory.customer())
    [(customer,)] = mallory.of("customer", "id")
    note = mallory.standalone(NET, TAX)
    entry = mallory.books.post("sale")
    own = acme.books.post("sale")

    with refused("financialtransaction_invoice_is_of_its_organization"):
        acme.pay(theirs, 10, entry_id=own)
    with refused("financialtransaction_credit_note_is_of_its_organization"):
        acme.refund_note(note, 10, entry_id=own)
    with refused("financialtransaction_customer_is_of_its_organization"):
        acme.pay(ours, 10, customer_id=customer, entry_id=own)
    with refused("financialtransaction_entry_is_of_its_organization"):
        acme.pay(ours, 10, entry_id=entry)


# --- The attacks' tools ---------------------------------------------------------------------------


def posted(acme, invoice, *amounts, **changes):
    """Rows of transactions whose entries are posted already."""
    rows = []
    for amount in amounts:
        posting, (_, row) = acme.paying(invoice, amount, occurred_on=DAY, **changes)
        run(*posting)
        rows.append(row)
    return rows
