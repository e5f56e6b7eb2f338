"""The check `invoices` finds every way in which documents and books can differ, and names the row
with both figures."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bench.invoice_volume import fill_invoices
from core.db import uuid7
from invoicing.models import FinancialTransaction
from invoicing.selectors.reconciliation import check_invoices
from invoicing.services.crediting import issue_credit_note
from invoicing.services.refunds import refund_credit_note
from ledger.drafts import credit, debit
from ledger.models import Account, ReconciliationRun
from ledger.selectors.integrity import verify_books
from tests.fixtures import make_organization
from tests.invoicing.selling import (
    BANK,
    DAY,
    DELIVERY,
    RECEIVABLE,
    RETURNS,
    TAX,
    Till,
    item,
)


@pytest.fixture
def till(system):
    return Till(system)


@pytest.fixture
def invoice(till):
    """100.00 and 20.00 tax, of which 50.00 are paid."""
    issued = till.invoice()
    till.pay(issued, 50_00)
    return issued


@pytest.fixture
def note(till):
    """A credit note of its own over 10.00 and 2.00 tax, of which 4.00 are refunded."""
    given = issue_credit_note(
        actor=till.actor, currency="GBP", items=[item(10_00)], reason="old sale", on=DAY
    )
    refund_credit_note(
        actor=till.actor, credit_note=given, method="bank", reason="old sale", amount=4_00, on=DAY
    )
    return given


@pytest.fixture
def payment(acme, invoice):
    return FinancialTransaction.objects.of(acme).get(type="credit")


def found(organization):
    """{(problem, name): (expected, got)} of everything that is off."""
    result = check_invoices(organization)
    assert result.mismatch_count == len(result.findings)
    return {(f.problem, f.name): (f.expected, f.got) for f in result.findings}


def the_finding(organization, problem):
    [finding] = [f for f in check_invoices(organization).findings if f.problem == problem]
    return finding


def change_line(by_force, entry_id, account, change):
    """Add to both sides' figure of one line of an entry, on the side that it has."""
    by_force(
        "UPDATE ledger_journalline SET debit = debit + CASE WHEN debit > 0 THEN %s ELSE 0 END,"
        " credit = credit + CASE WHEN credit > 0 THEN %s ELSE 0 END"
        " WHERE entry_id = %s AND account_id = (SELECT id FROM ledger_account WHERE code = %s"
        " AND organization_id = ledger_journalline.organization_id)",
        change,
        change,
        entry_id,
        account,
    )


# --- What is sound --------------------------------------------------------------------------------


def test_nothing_sold_ties(acme):
    assert check_invoices(acme).passed


def test_a_history_with_everything_in_it_ties(acme, till, invoice, note):
    till.reverse(till.pay(invoice, 10_00, on=DAY + timedelta(1)), on=DAY + timedelta(2))
    till.pay(invoice, on=DAY + timedelta(3))
    till.refund(invoice, 30_00, on=DAY + timedelta(4))
    till.credit(invoice, 5_00, on=DAY + timedelta(5))
    till.void(till.invoice(item(3_00), item(4_00, revenue_account=DELIVERY)))
    till.invoice(item(0))
    till.cancel(till.order())
    till.draft()
    two = till.invoice(item(10_00, quantity="2"))
    till.credit_items(two, (1, "1"))

    assert found(acme) == {}


def test_an_entry_that_is_only_called_like_an_invoice_is_nobodys_business(acme, post):
    """The journal is used without invoicing too: the API's own example is of this name."""
    post(debit("1000", 100), credit("4000", 100), reference="invoice-536365")
    post(debit("1000", 100), credit("4000", 100), reference="credit-note-7-issuance")

    assert found(acme) == {}


def test_ties_also_when_roles_have_moved_since(acme, invoice, note):
    Account.objects.of(acme).filter(code__in=[RECEIVABLE, TAX, "4000", RETURNS]).update(role="")

    assert found(acme) == {}


def test_takes_seven_statements_whatever_there_is(db):
    few, many = make_organization("few", "Few"), make_organization("many", "Many")
    fill_invoices(few, 20)
    fill_invoices(many, 2_000)

    counts = []
    for organization in (few, many):
        with CaptureQueriesContext(connection) as asked:
            assert check_invoices(organization).passed
        assert verify_books(organization).ties
        counts.append(len(asked))

    assert counts == [7, 7]


# --- Invoices against the ledger ------------------------------------------------------------------


def test_names_an_invoice_whose_receivable_line_is_off(acme, invoice, by_force):
    change_line(by_force, invoice.entry_id, RECEIVABLE, -1_00)

    finding = the_finding(acme, "issued_amount_is_off")
    assert (finding.row, finding.id, finding.name) == ("invoice", str(invoice.pk), invoice.number)
    assert (finding.expected, finding.got, finding.detail) == ("12000", "11900", "GBP")
    assert finding.message == (
        f"{invoice.number} says 12000 GBP was charged; the ledger says 11900"
    )
    assert len(found(acme)) == 1


def test_names_an_invoice_whose_revenue_line_is_off(acme, invoice, by_force):
    change_line(by_force, invoice.entry_id, "4000", 1)

    assert found(acme) == {("revenue_is_off", invoice.number): ("10000", "10001")}


def test_names_an_invoice_whose_tax_line_is_off(acme, invoice, by_force):
    change_line(by_force, invoice.entry_id, TAX, 5)

    assert found(acme) == {("tax_is_off", invoice.number): ("2000", "2005")}


def test_names_an_invoice_whose_tax_stands_on_revenue(acme, invoice, by_force):
    by_force(
        "UPDATE ledger_journalline SET account_id = %s WHERE entry_id = %s AND credit = 2000",
        Account.objects.of(acme).get(code="4000").pk,
        invoice.entry_id,
    )

    assert found(acme) == {
        ("tax_is_off", invoice.number): ("2000", "0"),
        ("revenue_is_off", invoice.number): ("10000", "12000"),
    }


def test_names_an_invoice_whose_lines_are_gone(acme, invoice, by_force):
    by_force("DELETE FROM ledger_journalline WHERE entry_id = %s", invoice.entry_id)

    assert found(acme)["issued_amount_is_off", invoice.number] == ("12000", "0")


def test_names_an_invoice_whose_payment_line_is_off(acme, invoice, payment, by_force):
    change_line(by_force, payment.entry_id, RECEIVABLE, 1)

    assert found(acme) == {("paid_amount_is_off", invoice.number): ("5000", "5001")}


def test_names_an_invoice_whose_payment_stands_on_another_account(acme, invoice, payment, by_force):
    by_force(
        "UPDATE ledger_journalline SET account_id = %s WHERE entry_id = %s AND credit > 0",
        Account.objects.of(acme).get(code=BANK).pk,
        payment.entry_id,
    )

    assert found(acme) == {("paid_amount_is_off", invoice.number): ("5000", "0")}


def test_counts_a_payment_that_was_taken_back_as_not_paid(acme, till, invoice, payment, by_force):
    back = till.reverse(payment)
    change_line(by_force, back.entry_id, RECEIVABLE, -10)

    assert found(acme) == {("paid_amount_is_off", invoice.number): ("0", "10")}


def test_names_an_invoice_whose_refund_is_off(acme, till, invoice, by_force):
    refund = till.refund(invoice, 30_00)
    change_line(by_force, refund.entry_id, RECEIVABLE, 7)

    assert found(acme) == {("refunded_amount_is_off", invoice.number): ("3000", "3007")}


def test_names_an_invoice_and_its_credit_note_when_that_is_off(acme, till, invoice, by_force):
    note = till.credit(invoice, 12_00)
    change_line(by_force, note.entry_id, RECEIVABLE, 3)

    assert found(acme) == {
        ("credited_amount_is_off", invoice.number): ("1200", "1203"),
        ("credit_note_amount_is_off", note.number): ("1200", "1203"),
    }


# --- Credit notes against the ledger --------------------------------------------------------------


@pytest.mark.parametrize(
    ("account", "problem", "figures"),
    [
        (RECEIVABLE, "credit_note_amount_is_off", ("1200", "1209")),
        (RETURNS, "credit_note_revenue_is_off", ("1000", "1009")),
        (TAX, "credit_note_tax_is_off", ("200", "209")),
    ],
)
def test_names_a_credit_note_of_which_a_line_is_off(
    acme, note, by_force, account, problem, figures
):
    change_line(by_force, note.entry_id, account, 9)

    assert found(acme) == {(problem, note.number): figures}


def test_names_a_credit_note_whose_refund_is_off(acme, note, by_force):
    refund = FinancialTransaction.objects.of(acme).get(credit_note=note)
    change_line(by_force, refund.entry_id, RECEIVABLE, -1)

    assert found(acme) == {("credit_note_refunded_amount_is_off", note.number): ("400", "399")}


# --- Entries and documents ------------------------------------------------------------------------


def test_names_a_document_whose_entry_is_voided(acme, invoice, by_force):
    by_force("UPDATE ledger_journalentry SET status = 'voided' WHERE id = %s", invoice.entry_id)

    expected, got = found(acme)["document_is_not_posted", invoice.number]
    assert expected == f"posted 2026-03-10 12000 GBP invoice-{invoice.pk}-issuance"
    assert got == f"voided 2026-03-10 12000 GBP invoice-{invoice.pk}-issuance"


def test_names_a_payment_whose_entry_is_gone(acme, invoice, payment, by_force):
    by_force("DELETE FROM ledger_journalline WHERE entry_id = %s", payment.entry_id)
    by_force("DELETE FROM ledger_journalentry WHERE id = %s", payment.entry_id)

    assert the_finding(acme, "document_is_not_posted").id == str(payment.pk)
    assert found(acme)["document_is_not_posted", invoice.number][1] == "no entry"
    assert found(acme)["paid_amount_is_off", invoice.number] == ("5000", "0")


def test_names_a_document_whose_entry_is_of_another_day(acme, note, by_force):
    by_force(
        "UPDATE ledger_journalentry SET effective_on = effective_on + 1 WHERE id = %s",
        note.entry_id,
    )

    assert found(acme)["document_is_not_posted", note.number][1].startswith("posted 2026-03-11")


def test_names_entries_of_an_invoice_that_is_not_there(acme, post):
    reference = f"invoice-{uuid7()}-issuance"
    post(debit("1000", 100), credit("4000", 100), reference=reference)
    payment = f"invoice-{uuid7()}-payment-{uuid7()}"
    post(debit("1000", 30), credit("4000", 30), reference=payment)

    assert found(acme) == {
        ("entry_has_no_document", reference): ("a document", "100"),
        ("entry_has_no_document", payment): ("a document", "30"),
    }


def test_names_the_entries_of_a_payment_that_was_deleted(acme, invoice, payment, by_force):
    reference = f"invoice-{invoice.pk}-payment-{payment.pk}"
    by_force("DELETE FROM invoicing_financialtransaction WHERE id = %s", payment.pk)

    assert found(acme) == {
        ("entry_has_no_document", reference): ("a document", "5000"),
        ("kept_paid_amount_is_off", invoice.number): ("0", "5000"),
    }


# --- The control account --------------------------------------------------------------------------


def test_names_the_control_account_when_something_else_was_posted_to_it(acme, invoice, note, post):
    post(debit(RECEIVABLE, 7_00), credit("4000", 7_00), on=DAY)

    finding = the_finding(acme, "control_account_is_off")
    assert (finding.row, finding.name, finding.detail) == ("account", RECEIVABLE, "GBP")
    # 120.00 less 50.00 paid, less what is left of the credit note: 12.00 less 4.00.
    assert (finding.expected, finding.got) == ("6200", "6900")
    assert len(found(acme)) == 1


# --- Kept sums ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "problem", "figures"),
    [
        ("paid_amount", "paid_amount", ("5000", "5001")),
        ("credited_amount", "credited_amount", ("0", "1")),
    ],
)
def test_names_a_kept_amount_that_its_rows_do_not_make(
    acme, invoice, by_force, column, problem, figures
):
    by_force(f"UPDATE invoicing_invoice SET {column} = {column} + 1 WHERE id = %s", invoice.pk)

    off = found(acme)
    assert off[f"kept_{problem}_is_off", invoice.number] == figures
    assert off[f"{problem}_is_off", invoice.number] == figures[::-1]
    assert off["control_account_is_off", RECEIVABLE] == ("6999", "7000")


def test_names_kept_refunds_that_no_refund_made(acme, invoice, note, by_force):
    by_force("UPDATE invoicing_invoice SET refunded_amount = 2 WHERE id = %s", invoice.pk)
    by_force("UPDATE invoicing_creditnote SET refunded_amount = 401 WHERE id = %s", note.pk)

    off = found(acme)
    assert off["kept_refunded_amount_is_off", invoice.number] == ("0", "2")
    assert off["kept_refunded_amount_is_off", note.number] == ("400", "401")


def test_names_a_payment_that_says_reversed_and_nothing_took_it_back(
    acme, invoice, payment, by_force
):
    by_force(
        "UPDATE invoicing_financialtransaction SET status = 'reversed' WHERE id = %s", payment.pk
    )

    finding = the_finding(acme, "payment_status_is_off")
    assert (finding.id, finding.expected, finding.got) == (
        str(payment.pk),
        "completed",
        "reversed",
    )


# --- Parts ----------------------------------------------------------------------------------------


def test_names_an_order_that_is_not_the_sum_of_its_items(acme, till, by_force):
    order = till.order(reference="PO-7")
    by_force(
        "UPDATE invoicing_orderitem SET net_amount = net_amount - 1, tax_amount = tax_amount + 1"
        " WHERE order_id = %s",
        order.pk,
    )

    assert found(acme) == {
        ("order_subtotal_is_off", "PO-7"): ("10000", "9999"),
        ("order_tax_of_items_is_off", "PO-7"): ("2000", "2001"),
    }


def test_names_an_order_that_is_not_the_sum_of_its_tax_lines(acme, till, by_force):
    order = till.order(reference="PO-7")
    by_force("DELETE FROM invoicing_ordertaxline WHERE order_id = %s", order.pk)

    assert found(acme) == {("order_tax_lines_are_off", "PO-7"): ("2000", "0")}


def test_names_an_invoice_that_is_not_what_its_order_is(acme, invoice, by_force):
    by_force(
        "UPDATE invoicing_order SET subtotal_amount = 9000, total_amount = 11000 WHERE id = %s",
        invoice.order_id,
    )

    assert found(acme)["invoice_is_not_its_order", invoice.number] == (
        "9000 + 2000 GBP",
        "10000 + 2000 GBP",
    )


def test_names_an_order_whose_status_its_invoice_does_not_have(acme, till, by_force):
    invoice = till.invoice(reference="PO-7")
    by_force(
        "UPDATE invoicing_order SET status = 'paid', paid_at = now() WHERE id = %s",
        invoice.order_id,
    )

    assert found(acme) == {("order_status_is_off", "PO-7"): ("pending", "paid")}


def test_names_a_credit_note_that_is_not_the_sum_of_its_parts(acme, note, by_force):
    by_force(
        "UPDATE invoicing_creditnotetaxline SET tax_amount = 201 WHERE credit_note_id = %s",
        note.pk,
    )
    by_force("DELETE FROM invoicing_creditnoteitem WHERE credit_note_id = %s", note.pk)

    assert found(acme) == {
        ("credit_note_tax_lines_are_off", note.number): ("200", "201"),
        ("credit_note_subtotal_is_off", note.number): ("1000", "0"),
        ("credit_note_tax_of_items_is_off", note.number): ("200", "0"),
    }


# --- Numbers --------------------------------------------------------------------------------------


def test_names_a_gap_and_the_number_after_it(acme, till, by_force):
    till.invoice()
    lost, last = till.invoice(), till.invoice()
    by_force("DELETE FROM invoicing_invoice WHERE id = %s", lost.pk)

    finding = the_finding(acme, "numbers_have_a_gap")
    assert (finding.name, finding.expected, finding.got) == (last.number, "2", "3")
    assert finding.detail == "invoice series main 2026"
    assert ("entry_has_no_document", f"invoice-{lost.pk}-issuance") in found(acme)


def test_names_a_series_that_does_not_begin_at_one(acme, till, by_force):
    first, second = till.invoice(), till.invoice()
    by_force("DELETE FROM invoicing_invoice WHERE id = %s", first.pk)

    assert found(acme)["numbers_have_a_gap", second.number] == ("1", "2")


def test_names_a_counter_that_is_not_at_the_last_number(acme, note, by_force):
    by_force("UPDATE invoicing_numbercounter SET last_number = 9")

    assert found(acme) == {("counter_is_off", "main"): ("1", "9")}


def test_names_a_counter_that_is_gone(acme, invoice, by_force):
    by_force("DELETE FROM invoicing_numbercounter")

    assert found(acme) == {("counter_is_off", "main"): ("1", "no counter")}


# --- Among the reconciliations --------------------------------------------------------------------


def test_organizations_are_kept_apart(acme, mallory_ltd, invoice, by_force):
    change_line(by_force, invoice.entry_id, TAX, 5)

    assert check_invoices(mallory_ltd).passed


def test_the_endpoint_lists_each_mismatch_with_both_figures(acme, api, invoice, by_force):
    change_line(by_force, invoice.entry_id, TAX, 5)

    answer = api.get("/api/v1/reconciliation/invoices").json()

    [check] = answer["checks"]
    assert (answer["ties"], check["name"], check["mismatch_count"]) == (False, "invoices", 1)
    [finding] = check["findings"]
    assert (finding["name"], finding["expected"], finding["got"]) == (
        invoice.number,
        "2000",
        "2005",
    )


def test_the_command_runs_it_records_it_and_fails_on_a_mismatch(acme, invoice, by_force):
    output = StringIO()
    call_command("reconcile", "--organization", "acme", "--check", "invoices", stdout=output)
    change_line(by_force, invoice.entry_id, TAX, 5)

    with pytest.raises(SystemExit) as ended:
        call_command("reconcile", "--organization", "acme", "--check", "invoices", stdout=output)

    assert ended.value.code == 1
    assert "acme: invoices: ties" in output.getvalue()
    assert "the ledger says 2005" in output.getvalue()
    runs = ReconciliationRun.objects.of(acme).order_by("started_at")
    assert [(run.check_name, run.mismatch_count) for run in runs] == [
        ("invoices", 0),
        ("invoices", 1),
    ]
