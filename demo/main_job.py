"""The main job, step by step: lead the sales through invoicing, prove the books, report them, show
the customers what they owe, sell once more as a marketplace, check every figure.

Running it again changes nothing and finds the same figures: what is in the books stays, the void
and the closing are found done.
"""

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from pathlib import Path

from core.errors import Refusal
from demo import gift_shop
from demo.checks import Check, Checks
from demo.customers import CustomerChecks
from demo.expected import Expected
from demo.figures import count_entries, entry_effects, is_gapless, postings
from demo.gift_shop import (
    BANKED,
    BANKED_ON,
    BANKED_WRONGLY,
    BANKED_WRONGLY_REASON,
    CLOSED_THROUGH,
    CURRENCY,
    SALES_FILE,
)
from demo.market_expected import expected_market
from demo.market_job import MarketJob
from demo.output import Output
from demo.reports import ReportChecks
from invoicing.imports.documents import Omission, Outcome, SalesDocument, Scope, documents_of
from invoicing.imports.importing import SalesImport
from invoicing.imports.lines import read_lines
from invoicing.imports.rates import sales_rates
from invoicing.imports.tally import Tally
from invoicing.models import CreditNote, Invoice
from invoicing.selectors.invoices import list_invoices
from invoicing.services.issuing import invoice_order
from invoicing.services.orders import ItemDraft
from invoicing.services.paying import PaymentDraft
from ledger.models import EntryStatus, JournalEntry
from ledger.reconciliation import run_checks
from ledger.selectors.entries import list_entries
from ledger.selectors.integrity import verify_books
from ledger.services.entries import submit_entries, void_entry
from ledger.services.periods import close_books
from organizations.actors import Actor
from organizations.models import Organization

BANKING = "cash-to-bank-2010-12-03"
CORRECTED_BANKING = f"{BANKING}-corrected"
# Beside what the file tells: cash taken to the bank, wrongly, its reversal, and once more.
ENTRIES_BESIDE_THE_FILE = 3


@dataclass
class MainJob:
    """One run: `expected` is what the file says without the program, `folder` takes the files."""

    expected: Expected
    output: Output
    folder: Path

    def __post_init__(self) -> None:
        self.checks = Checks()

    def run(self) -> Checks:
        """All steps; none stops at a check that fails, so that all of them are seen."""
        self.read_sales()
        self.import_sales()
        self.import_sales_again()
        self.correct_an_entry()
        self.close_the_books()
        self.verify_the_books()
        given = (self.shop, self.expected, self.checks, self.output, self.folder)
        ReportChecks(*given).run()
        CustomerChecks(*given).run()
        MarketJob(expected_market(SALES_FILE), self.checks, self.output, self.folder).run()
        self.output.outcome(self.checks)
        return self.checks

    @cached_property
    def shop(self) -> Organization:
        return gift_shop.open_shop()[0]

    @cached_property
    def actor(self) -> Actor:
        return Actor.system(self.shop, "demo")

    def check(self, name: str, *, expected: object, got: object, is_money: bool = False) -> Check:
        check = self.checks.add(name, expected=expected, got=got, is_money=is_money)
        self.output.check(check)
        return check

    def read_sales(self) -> None:
        self.output.step(
            "Read the sales", "Every line of a gift wholesaler's invoices, 1 to 5 December 2010."
        )
        with SALES_FILE.open("rb") as file:
            found = list(documents_of(read_lines(file, CURRENCY)))
        documents = [document for document in found if isinstance(document, SalesDocument)]
        omitted = [omission for omission in found if isinstance(omission, Omission)]
        without_money = [o.scope for o in omitted if o.outcome is Outcome.LEFT_OUT]
        expected = self.expected
        lines = sum(len(d.lines) for d in documents) + without_money.count(Scope.LINE)
        cancellations = sum(document.is_cancellation for document in documents)
        self.check("lines read", expected=expected.lines, got=lines)
        self.check(
            "lines without money, left out",
            expected=expected.lines_without_money,
            got=without_money.count(Scope.LINE),
        )
        self.check("invoices", expected=len(expected.invoices), got=len(documents) - cancellations)
        self.check("cancellations", expected=len(expected.credit_notes), got=cancellations)
        self.check(
            "invoices without money, left out",
            expected=expected.documents_without_money,
            got=without_money.count(Scope.DOCUMENT),
        )
        self.check("lines and documents refused", expected=0, got=len(omitted) - len(without_money))

    def import_sales(self) -> None:
        self.output.step(
            "Lead them through invoicing",
            f"Each sale of {self.shop.name} ({self.shop.slug}, {CURRENCY}) is an order that is"
            " locked and invoiced. Customers pay by bank some days on, walk-ins in cash at once;"
            " a cancellation is a credit note, and refunded where nothing is left to set it"
            " against.",
        )
        tally = self._import()
        self.output.say(
            f"{tally.invoices} invoices and {tally.credit_notes} credit notes new, "
            f"{tally.there_already} there already; "
            f"{tally.payments} payments and {tally.refunds} refunds new"
        )
        expected, got = self.expected.postings(), postings(self.shop)
        for what, name in (
            ("issued", "invoices with the date, accounts and amounts of the file"),
            ("paid", "payments with the date and amount that follow from it"),
            ("credited", "credit notes with the date, accounts and amounts of the file"),
            ("refunded", "refunds with the date and amount that follow from it"),
        ):
            facts = [fact for fact in expected if fact[0] == what]
            right = sum(got.get(fact) == expected[fact] for fact in facts)
            self.check(name, expected=len(facts), got=right)
        self.check("documents, payments and refunds", expected=len(expected), got=len(got))
        for documents, name in ((Invoice, "invoices"), (CreditNote, "credit notes")):
            self.check(
                f"the numbers of {name} have no gap",
                expected=True,
                got=is_gapless(self.shop, documents),
            )

    def import_sales_again(self) -> None:
        self.output.step("Import them again", "The same file.")
        before = count_entries(self.shop)
        tally = self._import()
        documents = len(self.expected.documents)
        self.check("there already", expected=documents, got=tally.there_already)
        new = tally.invoices + tally.credit_notes + tally.payments + tally.refunds
        self.check("new documents and payments", expected=0, got=new)
        self.check("new entries", expected=0, got=count_entries(self.shop) - before)

    def _import(self) -> Tally:
        run = SalesImport(
            Actor.system(self.shop, "import_sales"),
            CURRENCY,
            sales_rates(self.shop),
            sample_payments=True,
        )
        with SALES_FILE.open("rb") as file:
            return run.run(file)

    def correct_an_entry(self) -> None:
        self.output.step(
            "Void an entry and post its correction", f"{BANKING}: {BANKED_WRONGLY_REASON}."
        )
        codes = gift_shop.codes_by_role(self.shop)
        wrong, right = (
            gift_shop.banking(codes, reference, amount)
            for reference, amount in ((BANKING, BANKED_WRONGLY), (CORRECTED_BANKING, BANKED))
        )
        [entry] = submit_entries(actor=self.actor, drafts=[wrong])
        reversal = self._void(entry)
        [correction] = submit_entries(actor=self.actor, drafts=[right])
        mirrored = {"bank": -BANKED_WRONGLY, "cash": BANKED_WRONGLY}
        got = (reversal.effective_on, entry_effects(self.shop, reversal))
        taken = self.expected.cash_taken(through=BANKED_ON)
        self.check(
            f"{BANKING} is", expected=EntryStatus.VOIDED.value, got=str(self._entry(BANKING).status)
        )
        self.check(
            f"{reversal.reference} mirrors it on its date",
            expected=True,
            got=got == (BANKED_ON, mirrored),
        )
        self.check(
            "the correction takes all cash of these days to the bank",
            expected=True,
            got=entry_effects(self.shop, correction) == {"bank": taken, "cash": -taken},
        )
        invoice = list_invoices(self.shop).get(order__reference=self.expected.invoices[0].number)
        self.check(
            f"voiding what {invoice.number} has posted",
            expected="entry_belongs_to_document",
            got=self._try_to_void(self._entry(f"invoice-{invoice.pk}-issuance")),
        )

    def _void(self, entry: JournalEntry) -> JournalEntry:
        """The reversal of an entry, which an earlier run may have posted."""
        entry = self._entry(entry.reference)
        if entry.status == EntryStatus.VOIDED:
            return list_entries(self.shop).get(reverses=entry)
        return void_entry(actor=self.actor, entry=entry, on=None, reason=BANKED_WRONGLY_REASON)

    def _entry(self, reference: str) -> JournalEntry:
        return list_entries(self.shop, reference=reference).get()

    def _try_to_void(self, entry: JournalEntry) -> str:
        """The code of the refusal: a document's posting is corrected by another document."""
        try:
            void_entry(actor=self.actor, entry=entry, on=None, reason="to see it refused")
        except Refusal as refusal:
            return refusal.code
        return "voided"

    def close_the_books(self) -> None:
        self.output.step(
            "Close the books", f"Through {CLOSED_THROUGH}; then an invoice of that day turns up."
        )
        closed_through = self.shop.closed_through
        if closed_through is None or closed_through < CLOSED_THROUGH:
            closed_through = close_books(actor=self.actor, through=CLOSED_THROUGH)
        self.check("closed through", expected=CLOSED_THROUGH, got=closed_through)
        before = count_entries(self.shop)
        self.check("issuing it is refused", expected="books_closed", got=self._issue_late())
        self.check("new entries", expected=0, got=count_entries(self.shop) - before)
        self.check(
            "its number has not been used up", expected=True, got=is_gapless(self.shop, Invoice)
        )

    def _issue_late(self) -> str:
        """The code of the refusal."""
        try:
            invoice_order(
                actor=self.actor,
                currency=CURRENCY,
                items=[ItemDraft("A sale that turns up too late", Decimal(1), 10_00)],
                issued_on=CLOSED_THROUGH,
                payment=PaymentDraft("cash"),
            )
        except Refusal as refusal:
            self.output.say(f"“{refusal.message}”")
            return refusal.code
        return "issued"

    def verify_the_books(self) -> None:
        self.output.step(
            "Verify the books",
            "Everything is derived anew from the lines, and every document held against them.",
        )
        verified = verify_books(self.shop)
        for result in [*verified.checks, *run_checks(self.shop, ["invoices"])]:
            for finding in result.findings:
                self.output.say(finding.message)
            self.check(result.name.replace("_", " "), expected=True, got=result.passed)
        self.check(
            "entries in the books (the file's, and three about cash)",
            expected=len(self.expected.postings()) + ENTRIES_BESIDE_THE_FILE,
            got=count_entries(self.shop),
        )
