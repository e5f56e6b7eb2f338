"""What the shop's customers owe: ageing, a statement, and the documents that they get."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from rich.table import Table

from core.money import format_amount
from demo.checks import Check, Checks
from demo.expected import Document, Expected
from demo.gift_shop import A_MONTH_LATER, CURRENCY, LAST_DAY, SITE
from demo.output import Output
from invoicing.documents import (
    credit_note_document,
    invoice_document,
    read_receipt_token,
    receipt_document,
    receipt_token,
    render_pdf,
    statement_document,
)
from invoicing.documents.content import Document as AnyDocument
from invoicing.exports import lay_out
from invoicing.models import CreditNote, Customer, FinancialTransaction, Invoice
from invoicing.open_items import Bucket
from invoicing.selectors.ageing import Ageing, AgeingOfCurrency, ageing
from invoicing.selectors.customers import get_customer
from invoicing.selectors.statements import Statement, customer_statement
from ledger.exports import whole
from ledger.exports.text_table import MOST_ROWS, draw_table
from organizations.models import Organization

SHOWN_DEBTORS = 8
PDF = b"%PDF-"


@dataclass
class CustomerChecks:
    """The customers' accounts, against what the file and its payments add up to."""

    shop: Organization
    expected: Expected
    checks: Checks
    output: Output
    folder: Path

    def run(self) -> None:
        self.output.step(
            "Age what is owed", f"At the end of {LAST_DAY}, and when the invoices are overdue."
        )
        for day in (LAST_DAY, A_MONTH_LATER):
            self._check_ageing(day)

        note = self._telling_credit_note()
        customer = get_customer(self.shop, note.customer)
        statement = customer_statement(self.shop, customer, since=None, until=LAST_DAY)
        self.output.step(
            "A customer's statement", f"{customer.name}, who has bought, sent back and paid."
        )
        self._show_statement(statement, note)

        self.output.step("Print documents", f"In {self.folder}.")
        self._print(customer, note, statement)

    def _check_ageing(self, day: date) -> None:
        aged = ageing(self.shop, as_of=day)
        [part] = aged.currencies
        expected = self.expected.ageing(as_of=day)
        figures = [
            self._figure(bucket.label, expected.get(bucket.value, 0), part.totals.amount(bucket))
            for bucket in Bucket
        ]
        total = self.expected.balances(through=day)["accounts_receivable"]
        figures += [
            self._figure("Total", total, part.totals.total_amount),
            self._figure("Receivable in the ledger", total, part.ledger_amount or 0),
        ]
        self.output.figures(f"Ageing, {day}", figures)
        self._check("the ageing ties with the ledger", expected=True, got=aged.ties)
        self._check_customers(aged, part)
        if day == A_MONTH_LATER:
            self.output.show(_largest_debts(part))

    def _check_customers(self, aged: Ageing, part: AgeingOfCurrency) -> None:
        owed = self.expected.owed(through=aged.as_of)
        got = {row.code: row.amounts.total_amount for row in part.rows}
        right = sum(got.get(code) == amount for code, amount in owed.items())
        self._check("customers who owe what the file says", expected=len(owed), got=right)
        settled = [code for code, amount in got.items() if amount and code not in owed]
        self._check("customers who owe anything else", expected=0, got=len(settled))

    def _telling_credit_note(self) -> Document:
        """Of a customer to whom everything happens: bought, paid, given credit, and refunded what
        was beyond the debt."""
        paid = {invoice.customer for invoice in self.expected.bank_payments}
        return next(
            note
            for note in self.expected.refunds
            if note.customer in paid and note.refunded < note.gross
        )

    def _show_statement(self, statement: Statement, note: Document) -> None:
        document = lay_out(statement)
        self.output.show(draw_table(document, whole(document, "table", MOST_ROWS)))
        [part] = statement.currencies
        owed = self.expected.owed(through=LAST_DAY)[note.customer]
        self._check("the statement ties", expected=True, got=statement.ties)
        check = self.checks.add(
            "the balance is that of the file",
            expected=owed,
            got=part.closing_amount,
            is_money=True,
        )
        self.output.check(check)

    def _print(self, customer: Customer, note: Document, statement: Statement) -> None:
        invoice: Invoice = (
            Invoice.objects.of(self.shop)
            .select_related("order", "customer")
            .filter(customer=customer)
            .order_by("issued_on", "sequence")[0]
        )
        credit_note = CreditNote.objects.of(self.shop).get(reference=note.number)
        payment = FinancialTransaction.objects.of(self.shop).get(invoice=invoice, type="credit")
        self._write("invoice", invoice.number, invoice_document(invoice))
        self._write("credit-note", credit_note.number, credit_note_document(credit_note))
        self._write("receipt", invoice.number, receipt_document(payment, base_url=SITE))
        self._write("statement", customer.code, statement_document(statement))
        token = receipt_token(payment)
        self.output.say(f"The receipt's QR code leads to {SITE}/r/{token}")
        named = read_receipt_token(token)
        self._check(
            "the receipt's token names the entry of the payment",
            expected=True,
            got=(named.organization_id, named.entry_id) == (self.shop.pk, payment.entry_id),
        )

    def _write(self, kind: str, name: str, document: AnyDocument) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{kind}-{name}.pdf"
        path.write_bytes(render_pdf(document))
        said = path.read_bytes()
        self._check(
            f"{path.name} is a PDF", expected=True, got=said.startswith(PDF) and len(said) > 1_000
        )

    def _figure(self, name: str, expected: int, got: int) -> Check:
        return self.checks.add(name, expected=expected, got=got, is_money=True)

    def _check(self, name: str, *, expected: object, got: object) -> None:
        self.output.check(self.checks.add(name, expected=expected, got=got))


def _largest_debts(part: AgeingOfCurrency) -> Table:
    """Who owes most, and for how long."""
    table = Table(title="The largest debts", title_justify="left", title_style="bold", box=None)
    table.add_column("Customer")
    for bucket in (Bucket.DAYS_1_30, Bucket.DAYS_31_60, Bucket.UNAPPLIED):
        table.add_column(bucket.label, justify="right")
    table.add_column("Total", justify="right")
    for row in sorted(part.rows, key=lambda row: -row.amounts.total_amount)[:SHOWN_DEBTORS]:
        amounts = row.amounts
        figures = (
            amounts.days_1_30_amount,
            amounts.days_31_60_amount,
            -amounts.unapplied_amount,
            amounts.total_amount,
        )
        table.add_row(row.name, *(format_amount(f, CURRENCY) if f else "" for f in figures))
    return table
