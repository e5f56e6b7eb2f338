"""What PostgreSQL refuses by itself about invoices: of a locked order, posted as they say."""

from datetime import date

import pytest

from core.db import uuid7
from tests.invoicing.raw_sales import (
    NET,
    TAX,
    RawSales,
    insert,
    insert_together,
)
from tests.ledger.raw_books import POST, refused, run

pytestmark = [pytest.mark.django_db, pytest.mark.database_rules]

TOTAL = NET + TAX


@pytest.fixture
def acme() -> RawSales:
    return RawSales("acme")


@pytest.fixture
def mallory() -> RawSales:
    return RawSales("mallory")


# --- Its order ------------------------------------------------------------------------------------


def test_a_draft_is_not_invoiced(acme):
    with refused("invoice_is_of_its_locked_order") as facts:
        acme.issue(acme.filled())

    assert facts["status"] == "draft"


def test_a_cancelled_order_is_not_invoiced(acme):
    order = acme.locked()
    run("UPDATE invoicing_order SET status = 'cancelled', cancelled_at = now()")

    with refused("invoice_is_of_its_locked_order"):
        acme.issue(order)


def test_an_order_is_invoiced_once(acme):
    order = acme.locked()
    acme.issue(order)

    with refused("invoice_is_one_per_order"):
        acme.issue(order)


def test_an_order_is_invoiced_once_by_one_statement(acme):
    order = acme.locked()
    rows = []
    for series in (acme.invoices, acme.series("invoice", "shop", "S")):
        posting, (_, row) = acme.issuing(order, series_id=series)
        run(*posting)
        rows.append(row)

    with refused("invoice_is_one_per_order"):
        run(*insert_together("invoice", *rows))


def test_another_organizations_order_is_not_invoiced(acme, mallory):
    with refused("invoice_is_of_its_locked_order"):
        acme.issue(mallory.locked())


AMOUNTS = {
    "more": (NET + 1, TAX, {}),
    "less": (NET - 1, TAX, {}),
    "moved": (NET + 1, TAX - 1, {}),
    "currency": (NET, TAX, {"currency": "EUR"}),
}


@pytest.mark.parametrize(("net", "tax", "others"), AMOUNTS.values(), ids=AMOUNTS.keys())
def test_an_invoice_has_the_amounts_of_its_order(acme, net, tax, others):
    with refused("invoice_is_of_its_locked_order"):
        acme.issue(acme.locked(), net, tax, **others)


def test_an_invoice_has_the_customer_of_its_order(acme):
    with refused("invoice_is_of_its_locked_order"):
        acme.issue(acme.locked(customer_id=acme.customer()))
    with refused("invoice_is_of_its_locked_order"):
        acme.issue(acme.locked(), customer_id=acme.customer())


@pytest.mark.parametrize("column", ["paid_amount", "refunded_amount", "credited_amount"])
def test_an_invoice_begins_unpaid(acme, column):
    order = acme.locked()

    with refused("invoice_begins_unpaid"):
        acme.issue(order, **{column: 1})


@pytest.mark.parametrize(
    ("issued_on", "due_on", "constraint"),
    [
        ("2025-03-10", "2025-03-09", "invoice_is_due_after_its_issue"),
        ("1899-12-31", "2025-03-09", "invoice_dates_are_plausible"),
        ("2025-03-10", "2200-01-01", "invoice_dates_are_plausible"),
        ("2025-03-10", "infinity", "invoice_dates_are_plausible"),
    ],
)
def test_what_costs_nothing_has_plausible_dates_too(acme, issued_on, due_on, constraint):
    with refused(constraint):
        acme.issue(acme.locked(0, 0), 0, 0, issued_on=issued_on, due_on=due_on)


# --- Its posting ----------------------------------------------------------------------------------


def test_an_invoice_is_posted(acme):
    row = acme.invoice_row(acme.locked())

    with refused("invoice_is_posted"):
        run(*insert("invoice", row))


POSTINGS = {
    "reference": {"reference": "sale"},
    "day": {"on": date(2025, 3, 11)},
    "amount": {"total": 60_00, "debits": [60_00, 0], "credits": [0, 60_00]},
    "currency": {"currency": "EUR", "accounts": ["euros", "exports"]},
    "another account": {"accounts": ["cash", "sales"]},
    "the wrong side": {"debits": [0, TOTAL], "credits": [TOTAL, 0]},
    "a part of it": {
        "accounts": ["receivable", "cash", "sales"],
        "positions": [1, 2, 3],
        "debits": [TOTAL - 1, 1, 0],
        "credits": [0, 0, TOTAL],
    },
}


@pytest.mark.parametrize("changes", POSTINGS.values(), ids=POSTINGS.keys())
def test_an_invoice_is_posted_as_it_says(acme, changes):
    row = acme.invoice_row(acme.locked())
    posting = acme.entry(
        f"invoice-{row['id']}-issuance", ("receivable", TOTAL, 0), ("sales", 0, TOTAL)
    )
    posting[1].update({**changes, "accounts": accounts(acme, changes)})
    run(*posting)

    with refused("document_is_posted_as_it_says") as facts:
        run(*insert("invoice", {**row, "entry_id": posting[1]["id"]}))

    assert facts["reference"] == f"invoice-{row['id']}-issuance"


def test_an_invoice_does_not_name_the_posting_of_another(acme):
    acme.invoice()
    [(taken,)] = acme.of("invoice", "entry_id")

    with refused("document_is_posted_as_it_says"):
        acme.issue(acme.locked(), entry_id=taken)


def test_an_invoice_does_not_name_an_entry_that_is_pending(acme):
    row = acme.invoice_row(acme.locked())
    pending = acme.books.propose(
        f"invoice-{row['id']}-issuance", ("receivable", TOTAL, 0), ("sales", 0, TOTAL)
    )

    with refused("document_is_posted_as_it_says"):
        run(*insert("invoice", {**row, "entry_id": pending}))


def test_an_invoice_does_not_name_an_entry_that_is_voided(acme):
    row = acme.invoice_row(acme.locked())
    posting = acme.issuance(row)
    run(*posting)
    void(posting)

    with refused("document_is_posted_as_it_says"):
        run(*insert("invoice", {**row, "entry_id": posting[1]["id"]}))


def test_an_invoice_does_not_name_an_entry_that_its_own_statement_voids(acme):
    row = acme.invoice_row(acme.locked())
    posting = acme.issuance(row)
    run(*posting)
    sql, given = insert("invoice", {**row, "entry_id": posting[1]["id"]})
    entry, lines = POST.split(")\nINSERT", 1)
    one_statement = f"""{entry}), voided AS (
      UPDATE ledger_journalentry SET status = 'voided' WHERE id = %(reverses)s
    ), l AS (INSERT{lines}) {sql.replace("%(", "%(b_")}"""

    with refused("entry_of_a_document_stays"):
        run(one_statement, both(mirrored(posting), given))


def test_another_organizations_entry_is_no_posting_of_ours(acme, mallory):
    row = acme.invoice_row(acme.locked())
    posting = mallory.issuance(row)
    run(*posting)

    with refused("document_is_posted_as_it_says"):
        run(*insert("invoice", {**row, "entry_id": posting[1]["id"]}))


def test_what_costs_nothing_posts_nothing(acme):
    order = acme.locked(0, 0)
    entry = acme.books.post("sale")

    with refused("document_is_posted_as_it_says"):
        acme.issue(order, 0, 0, entry_id=entry)
    acme.issue(order, 0, 0)

    assert acme.of("order", "status", order) == "paid"


def test_a_receivable_is_an_account_of_the_same_organization(acme, mallory):
    order = acme.locked(0, 0)

    with refused("invoice_receivable_is_of_its_organization"):
        acme.issue(order, 0, 0, receivable_id=mallory.accounts["receivable"])


# --- The entry stays ------------------------------------------------------------------------------


@pytest.mark.parametrize("table", ["invoice", "creditnote", "financialtransaction"])
def test_the_entry_of_a_document_is_not_voided(acme, table):
    statements = acme.documents()[table]

    with refused("entry_of_a_document_stays") as facts:
        void(statements[0])

    assert facts["reference"] == statements[0][1]["reference"]


def test_an_entry_that_no_document_names_is_voided(acme):
    acme.documents()
    posting = acme.entry("invoice-of-paper", ("cash", 5, 0), ("sales", 0, 5))
    run(*posting)

    void(posting)

    assert acme.books.status(posting[1]["id"]) == "voided"


# --- The attacks' tools ---------------------------------------------------------------------------


def accounts(acme, changes):
    return [acme.accounts[code] for code in changes.get("accounts", ["receivable", "sales"])]


def mirrored(posting):
    """The parameters of the entry that reverses this one."""
    _, given = posting
    return {
        **given,
        "id": uuid7(),
        "reference": f"{given['reference']}-void",
        "reverses": given["id"],
        "debits": given["credits"],
        "credits": given["debits"],
    }


def void(posting):
    run(
        "WITH voided AS (UPDATE ledger_journalentry SET status = 'voided' WHERE id = %(reverses)s)"
        + POST.replace("WITH e AS", ", e AS"),
        mirrored(posting),
    )


def both(one, other):
    """The parameters of two statements, of which the second's are named b_…."""
    return {**one, **{f"b_{name}": value for name, value in other.items()}}
