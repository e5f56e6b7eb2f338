"""What PostgreSQL refuses by itself about credit notes: never more than was sold, in whole and in
part."""

from datetime import date
from decimal import Decimal

import pytest

from invoicing.models import CreditNoteTaxLine
from tests.invoicing.raw_sales import NET, TAX, RawSales, insert, insert_together
from tests.ledger.raw_books import refused, run

pytestmark = [pytest.mark.django_db, pytest.mark.database_rules]

TOTAL = NET + TAX


@pytest.fixture
def acme() -> RawSales:
    return RawSales("acme")


@pytest.fixture
def mallory() -> RawSales:
    return RawSales("mallory")


# --- As a whole -----------------------------------------------------------------------------------


def test_nothing_is_credited_beyond_the_invoice(acme):
    invoice = acme.invoice()
    acme.credit(invoice, NET - 10_00, TAX - 2_00)

    with refused("invoice_is_not_overcredited") as facts:
        acme.credit(invoice, 10_00, 2_01)
    assert (facts["amount"], facts["left"]) == (12_01, 12_00)
    acme.credit(invoice, 10_00, 2_00)

    assert acme.amounts(invoice) == (0, 0, TOTAL)


@pytest.mark.parametrize(
    ("net", "tax", "constraint"),
    [
        (TOTAL, 0, "invoice_is_not_overcredited"),
        (NET + 1, TAX - 1, "invoice_is_not_overcredited"),
        (0, TOTAL, "invoice_tax_is_not_overcredited"),
        (NET - 1, TAX + 1, "invoice_tax_is_not_overcredited"),
    ],
)
def test_what_is_left_of_the_net_does_not_stand_in_for_the_tax(acme, net, tax, constraint):
    invoice = acme.invoice()

    with refused(constraint):
        acme.credit(invoice, net, tax)


def test_two_credit_notes_of_one_statement_are_not_too_much_together(acme):
    """Of two series, for one gives one number a statement."""
    invoice = acme.invoice()
    shop = acme.series("credit_note", "shop", "S")

    for net, tax in [(NET, TAX), (NET, 0), (60_00, 0)]:
        with refused("invoice_is_not_overcredited"):
            run(
                *insert_together(
                    "creditnote",
                    posted_note(acme, invoice, net, tax),
                    posted_note(acme, invoice, net, tax, series_id=shop),
                )
            )

    assert acme.amounts(invoice) == (0, 0, 0)


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"refunded_amount": 1}, "creditnote_begins_unrefunded"),
        ({"currency": "EUR"}, "creditnote_is_of_its_invoice"),
        ({"subtotal_amount": 9_00}, "creditnote_total_is_subtotal_and_tax"),
        ({"subtotal_amount": 14_00, "tax_amount": -2_00}, "creditnote_amounts_are_positive"),
        ({"subtotal_amount": -2_00, "tax_amount": 14_00}, "creditnote_amounts_are_positive"),
        (
            {"subtotal_amount": 0, "tax_amount": 0, "total_amount": 0},
            "document_is_posted_as_it_says",
        ),
    ],
    ids=str,
)
def test_a_credit_note_is_of_a_known_form(acme, changes, constraint):
    row = {**posted_note(acme, acme.invoice(), 10_00, 2_00), **changes}

    with refused(constraint):
        run(*insert("creditnote", row))


def test_a_credit_note_is_for_the_customer_and_the_receivable_of_its_invoice(acme):
    invoice = acme.invoice(customer_id=acme.customer())
    [(customer,)] = acme.of("customer", "id")

    for changes in ({}, {"customer_id": acme.customer("Other")}):
        with refused("creditnote_is_of_its_invoice"):
            acme.credit(invoice, 10_00, 2_00, **changes)
    with refused("creditnote_is_of_its_invoice"):
        acme.credit(invoice, 10_00, 2_00, customer_id=customer, receivable_id=acme.accounts["cash"])


POSTINGS = {
    "reference": {"reference": "sale"},
    "day": {"on": date(2025, 3, 11)},
    "the wrong side": {"debits": [12_00, 0], "credits": [0, 12_00]},
    "another account": {"codes": ["bank", "returns"]},
    "amount": {"total": 1, "debits": [0, 1], "credits": [1, 0]},
}


@pytest.mark.parametrize("changes", POSTINGS.values(), ids=POSTINGS.keys())
@pytest.mark.parametrize("standing", ["of an invoice", "alone"])
def test_a_credit_note_is_posted_as_it_says(acme, changes, standing):
    invoice = acme.invoice() if standing == "of an invoice" else None
    row = acme.credit_row(invoice, 12_00, 0)
    sql, given = acme.credit_entry(row)
    codes = changes.get("codes", ["receivable", "returns"])
    given.update({**changes, "accounts": [acme.accounts[code] for code in codes]})
    run(sql, given)

    with refused("document_is_posted_as_it_says"):
        run(*insert("creditnote", {**row, "entry_id": given["id"]}))


def test_a_reference_is_taken_once(acme, mallory):
    acme.standalone(NET, TAX, reference="R-1")
    mallory.standalone(NET, TAX, reference="R-1")

    with refused("creditnote_reference_is_unique"):
        acme.standalone(NET, TAX, reference="R-1")


# --- By rate --------------------------------------------------------------------------------------


def test_nothing_of_a_rate_is_credited_beyond_what_it_charged(acme):
    invoice = two_rates(acme)
    credit_by_rates(acme, invoice, 40_00, 8_00, ("A", 40_00, 8_00))

    with refused("invoice_tax_is_not_overcredited") as facts:
        credit_by_rates(acme, invoice, 20_00, 4_00, ("A", 20_00, 4_00))
    assert (facts["rate"], facts["amount"], facts["left"]) == ("A", 4_00, 2_00)
    with refused("invoice_tax_is_not_overcredited"):
        credit_by_rates(acme, invoice, 11_00, 2_00, ("A", 11_00, 2_00))
    credit_by_rates(acme, invoice, 60_00, 12_00, ("A", 10_00, 2_00), ("B", 50_00, 10_00))

    assert acme.amounts(invoice) == (0, 0, TOTAL)


@pytest.mark.parametrize(
    "changes",
    [{"code": "C"}, {"percentage": Decimal(5)}, {"category": "zero"}],
    ids=["code", "percentage", "category"],
)
def test_a_credit_note_takes_back_the_rates_of_its_invoice(acme, changes):
    invoice = acme.invoice()

    with refused("invoice_tax_is_not_overcredited"):
        acme.credit(invoice, 10_00, 2_00, taxes=[acme.tax_row(10_00, 2_00, **changes)])


def test_rates_of_a_credit_note_are_not_negative(acme):
    with refused("creditnotetaxline_amounts_are_not_negative"):
        credit_by_rates(acme, two_rates(acme), 10_00, 2_00, ("A", 10_00, 4_00), ("B", 10_00, -2_00))


@pytest.mark.parametrize("tax", [1_99, 2_01, 0])
def test_the_tax_lines_add_up_to_the_tax(acme, tax):
    with refused("creditnote_amounts_are_those_of_its_parts"):
        acme.credit(acme.invoice(), 10_00, 2_00, taxes=[acme.tax_row(10_00, tax)])


# --- By one statement -----------------------------------------------------------------------------


def test_a_credit_note_does_not_come_without_its_tax_lines(acme):
    with refused("creditnote_amounts_are_those_of_its_parts"):
        acme.credit(acme.invoice(), 10_00, 2_00, taxes=[])


def test_a_credit_note_without_an_invoice_does_not_come_without_items(acme):
    with refused("creditnote_amounts_are_those_of_its_parts"):
        acme.credit(None, 10_00, 2_00)


@pytest.mark.parametrize("part_count", [0, 2])
def test_a_credit_note_comes_with_as_many_parts_as_it_says(acme, part_count):
    with refused(
        "creditnote_gets_its_parts_once"
        if part_count == 0
        else "creditnote_amounts_are_those_of_its_parts"
    ):
        acme.credit(acme.invoice(), 10_00, 2_00, part_count=part_count)


def test_parts_that_come_by_a_later_statement_are_refused(acme):
    invoice = two_rates(acme)
    note = credit_by_rates(acme, invoice, 10_00, 2_00, ("A", 10_00, 2_00))
    nothing = acme.tax_row(0, 0, code="B", credit_note_id=note)

    with refused("creditnote_gets_its_parts_once"):
        run(*insert("creditnotetaxline", nothing))
    with refused("creditnote_gets_its_parts_once"):
        CreditNoteTaxLine.objects.bulk_create([CreditNoteTaxLine(**nothing, country="", region="")])
    with refused("creditnote_gets_its_parts_once"):
        item = item_of(acme, invoice)
        row = acme.credit_item_row(10_00, 2_00, credit_note_id=note, order_item_id=item)
        run(*insert("creditnoteitem", row))


def test_no_item_comes_after_the_others(acme):
    invoice = acme.invoice()
    item = item_of(acme, invoice)
    note = credit_of_item(acme, invoice, item, Decimal(1))
    row = acme.credit_item_row(0, 0, credit_note_id=note, order_item_id=item, position=2)

    with refused("creditnote_gets_its_parts_once"):
        run(*insert("creditnoteitem", row))


@pytest.mark.parametrize(
    "touching",
    [
        "WITH t AS (UPDATE invoicing_creditnote SET reason = reason) {insert}",
        "WITH t AS (SELECT FROM invoicing_creditnote FOR UPDATE) {insert}",
    ],
)
def test_a_credit_note_that_the_statement_touches_gets_no_more_parts(acme, touching):
    """The row's new version is of this statement; the credit note is not."""
    note = acme.standalone(10_00, 2_00)
    sql, given = insert("creditnotetaxline", acme.tax_row(0, 0, code="B", credit_note_id=note))

    with refused("creditnote_gets_its_parts_once"):
        run(touching.format(insert=sql), given)


def test_a_credit_note_that_was_refunded_gets_no_more_parts(acme):
    note = acme.standalone(10_00, 0)
    acme.refund_note(note, 1)

    with refused("creditnote_gets_its_parts_once"):
        run(*insert("creditnotetaxline", acme.tax_row(10_00, 0, credit_note_id=note)))


# --- By item --------------------------------------------------------------------------------------


def test_no_more_of_an_item_is_credited_than_was_sold(acme):
    invoice = acme.invoice()
    item = item_of(acme, invoice)
    credit_of_item(acme, invoice, item, Decimal(3))

    with refused("invoice_item_is_not_overcredited") as facts:
        credit_of_item(acme, invoice, item, Decimal("1.000001"))
    assert (facts["quantity"], facts["left"]) == (1.000001, 1)
    credit_of_item(acme, invoice, item, Decimal(1))


def test_two_lines_of_one_credit_note_are_not_too_much_together(acme):
    invoice = acme.invoice()
    item = item_of(acme, invoice)
    rows = [
        acme.credit_item_row(10_00, 2_00, order_item_id=item, quantity=Decimal("2.5"), position=n)
        for n in (1, 2)
    ]

    with refused("invoice_item_is_not_overcredited"):
        acme.credit(invoice, 20_00, 4_00, items=rows)


def test_an_item_of_another_order_or_of_none_is_not_credited(acme, mallory):
    invoice, other = acme.invoice(), acme.invoice()
    theirs = item_of(mallory, mallory.invoice())

    for item in (item_of(acme, other), None):
        with refused("invoice_item_is_not_overcredited"):
            credit_of_item(acme, invoice, item, Decimal(1))
    with refused("invoice_item_is_not_overcredited"):
        credit_of_item(acme, None, item_of(acme, other), Decimal(1))
    with refused("creditnoteitem_order_item_is_of_its_organization"):
        credit_of_item(acme, invoice, theirs, Decimal(1))


@pytest.mark.parametrize(("net", "tax"), [(9_99, 2_00), (10_00, 2_01), (9_00, 3_00)])
def test_the_items_add_up_to_the_credit_note(acme, net, tax):
    invoice = acme.invoice()
    row = acme.credit_item_row(net, tax, order_item_id=item_of(acme, invoice))

    with refused("creditnote_amounts_are_those_of_its_parts"):
        acme.credit(invoice, 10_00, 2_00, items=[row])


CHANGES_OF_PARTS = [
    "UPDATE invoicing_{table} SET tax_amount = 0",
    "UPDATE invoicing_{table} SET position = position WHERE false",
    "DELETE FROM invoicing_{table}",
    "TRUNCATE invoicing_{table}",
    "MERGE INTO invoicing_{table} t USING (SELECT 1) s ON true WHEN MATCHED THEN DELETE",
]


@pytest.mark.parametrize("attack", CHANGES_OF_PARTS)
@pytest.mark.parametrize("table", ["creditnoteitem", "creditnotetaxline"])
def test_parts_of_a_credit_note_never_change(acme, table, attack):
    acme.standalone(10_00, 2_00)

    with refused("row_is_final"):
        run(attack.format(table=table))


# --- Law 7: of one organization -------------------------------------------------------------------


def test_a_credit_note_stays_within_its_organization(acme, mallory):
    theirs = mallory.invoice()
    entry = mallory.books.post("sale")

    with refused("creditnote_is_of_its_invoice"):
        acme.credit(theirs, 10_00, 2_00)
    with refused("creditnote_customer_is_of_its_organization"):
        acme.standalone(10_00, 2_00, customer_id=mallory.customer())
    with refused("document_is_posted_as_it_says"):
        run(*insert("creditnote", {**acme.credit_row(None, 10, 0), "entry_id": entry}))
    with refused("document_is_posted_as_it_says"):
        acme.credit(None, 10_00, 2_00, receivable_id=mallory.accounts["receivable"])


@pytest.mark.parametrize("table", ["creditnoteitem", "creditnotetaxline"])
def test_parts_are_of_their_credit_notes_organization(acme, mallory, table):
    note = mallory.standalone(NET, TAX)
    row = (
        acme.credit_item_row(0, 0, position=2)
        if table == "creditnoteitem"
        else acme.tax_row(0, 0, code="x")
    )

    with refused(f"{table}_credit_note_is_of_its_organization"):
        run(*insert(table, {**row, "credit_note_id": note}))


# --- The attacks' tools ---------------------------------------------------------------------------


def posted_note(acme, invoice, net, tax, **changes):
    """The row of a credit note whose entry is posted already."""
    row = acme.credit_row(invoice, net, tax, **changes)
    posting = acme.credit_entry(row)
    run(*posting)
    return {**row, "entry_id": posting[1]["id"]}


def credit_by_rates(acme, invoice, net, tax, *rates):
    """Each rate with its net and its tax."""
    taxes = [
        acme.tax_row(taxable, charged, code=code, position=position)
        for position, (code, taxable, charged) in enumerate(rates, 1)
    ]
    return acme.credit(invoice, net, tax, taxes=taxes)


def two_rates(acme):
    """An invoice that charged half of its tax under rate A, and half under B."""
    order = acme.draft()
    acme.item(order)
    acme.tax_line(order, NET // 2, TAX // 2, code="A")
    acme.tax_line(order, NET // 2, TAX // 2, code="B", position=2)
    run(*acme.locking(order))
    return acme.issue(order)


def item_of(sales, invoice):
    [[item]] = run(
        "SELECT id FROM invoicing_orderitem WHERE order_id = %s",
        [sales.of("invoice", "order_id", invoice)],
    )
    return item


def credit_of_item(acme, invoice, item, quantity):
    row = acme.credit_item_row(10_00, 2_00, order_item_id=item, quantity=quantity)
    return acme.credit(invoice, 10_00, 2_00, items=[row])
