"""The main job, step by step: post the sales, prove the books, report them, check every figure.

Running it again changes nothing and finds the same figures: what is posted is replayed, the void
and the closing are found done.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from demo import gift_shop
from demo.checks import Check, Checks
from demo.expected import Expected
from demo.figures import count_entries, entries_by_reference
from demo.gift_shop import CLOSED_THROUGH, MISDATED, MISDATED_REASON, RIGHT_DATE
from demo.output import Output
from demo.reports import ReportChecks
from demo.sales import Sales
from ledger.drafts import EntryDraft
from ledger.errors import BooksClosed
from ledger.models import EntryStatus, JournalEntry
from ledger.selectors.entries import list_entries
from ledger.selectors.integrity import verify_books
from ledger.services.entries import submit_entries, void_entry
from ledger.services.periods import close_books
from organizations.actors import Actor
from organizations.models import Organization

# Beside the file's documents stand the reversal and the correction of one of them.
ENTRIES_BESIDE_THE_FILE = 2


@dataclass
class MainJob:
    """One run: `expected` is what the file says without the program, `folder` takes the files."""

    sales: Sales
    expected: Expected
    output: Output
    folder: Path

    def __post_init__(self) -> None:
        self.checks = Checks()

    def run(self) -> Checks:
        """All steps; none stops at a check that fails, so that all of them are seen."""
        self.read_sales()
        self.post_sales()
        self.post_sales_again()
        self.correct_a_sale()
        self.close_the_books()
        self.verify_the_books()
        ReportChecks(self.shop, self.expected, self.checks, self.output, self.folder).run()
        self.output.outcome(self.checks)
        return self.checks

    @cached_property
    def shop(self) -> Organization:
        return gift_shop.open_shop()[0]

    @cached_property
    def actor(self) -> Actor:
        return Actor.system(self.shop, "demo")

    @cached_property
    def drafts(self) -> list[EntryDraft]:
        codes = gift_shop.codes_by_role(self.shop)
        return [gift_shop.draft_of(document, codes) for document in self.sales.documents]

    def check(self, name: str, *, expected: object, got: object, is_money: bool = False) -> Check:
        check = self.checks.add(name, expected=expected, got=got, is_money=is_money)
        self.output.check(check)
        return check

    def read_sales(self) -> None:
        sales, expected = self.sales, self.expected
        credit_notes = sum(document.is_credit_note for document in sales.documents)
        self.output.step(
            "Read the sales", "Every line of a gift wholesaler's invoices, 1 to 5 December 2010."
        )
        self.check("lines read", expected=expected.lines, got=sales.line_count)
        self.check(
            "lines without money, left out",
            expected=expected.lines_without_money,
            got=sales.lines_without_money,
        )
        self.check(
            "invoices",
            expected=len(expected.invoices) - expected.credit_notes,
            got=len(sales.documents) - credit_notes,
        )
        self.check("credit notes", expected=expected.credit_notes, got=credit_notes)
        self.check(
            "invoices without money, skipped",
            expected=expected.invoices_without_money,
            got=sales.documents_without_money,
        )

    def post_sales(self) -> None:
        self.output.step(
            "Post them",
            f"Each document is one journal entry of {self.shop.name} ({self.shop.slug}, GBP).",
        )
        entries = submit_entries(actor=self.actor, drafts=self.drafts)
        replayed = sum(entry.is_replay for entry in entries)
        self.output.say(f"posted {len(entries) - replayed}, replayed {replayed}")
        self.check("documents in the books", expected=len(self.expected.invoices), got=len(entries))
        found = entries_by_reference(self.shop, [entry.reference for entry in entries])
        right = sum(
            found.get(invoice.reference) == (invoice.day, invoice.effects)
            for invoice in self.expected.invoices
        )
        self.check(
            "entries with the date, accounts and amounts of their document",
            expected=len(self.expected.invoices),
            got=right,
        )

    def post_sales_again(self) -> None:
        self.output.step("Post them again", "The same references with the same content.")
        before = count_entries(self.shop)
        entries = submit_entries(actor=self.actor, drafts=self.drafts)
        replayed = sum(entry.is_replay for entry in entries)
        self.check("replayed", expected=len(self.expected.invoices), got=replayed)
        self.check("posted", expected=0, got=len(entries) - replayed)
        self.check("new entries", expected=0, got=count_entries(self.shop) - before)

    def correct_a_sale(self) -> None:
        [draft] = [draft for draft in self.drafts if draft.reference_id == MISDATED]
        self.output.step(
            "Void an entry and post its correction", f"{draft.reference}: {MISDATED_REASON}."
        )
        reversal = self._void(draft)
        [correction] = submit_entries(actor=self.actor, drafts=[gift_shop.correction_of(draft)])

        references = [draft.reference, reversal.reference, correction.reference]
        found = entries_by_reference(self.shop, references)
        day, effects = found[draft.reference]
        mirrored = {role: -amount for role, amount in effects.items()}
        self.check(
            f"{draft.reference} is",
            expected=EntryStatus.VOIDED.value,
            got=str(self._entry(draft.reference).status),
        )
        self.check(
            f"{reversal.reference} mirrors it on its date",
            expected=True,
            got=found[reversal.reference] == (day, mirrored),
        )
        self.check(
            f"{correction.reference} says the same on {RIGHT_DATE}",
            expected=True,
            got=found[correction.reference] == (RIGHT_DATE, effects),
        )

    def _void(self, draft: EntryDraft) -> JournalEntry:
        """The reversal of an entry, which an earlier run may have posted."""
        entry = self._entry(draft.reference)
        if entry.status == EntryStatus.VOIDED:
            reversals = list_entries(self.shop, reference_id=draft.reference_id)
            return reversals.get(reverses=entry)
        return void_entry(actor=self.actor, entry=entry, on=None, reason=MISDATED_REASON)

    def _entry(self, reference: str) -> JournalEntry:
        return list_entries(self.shop, reference=reference).get()

    def close_the_books(self) -> None:
        self.output.step(
            "Close the books", f"Through {CLOSED_THROUGH}; then a sale of that day turns up."
        )
        closed_through = self.shop.closed_through
        if closed_through is None or closed_through < CLOSED_THROUGH:
            closed_through = close_books(actor=self.actor, through=CLOSED_THROUGH)
        self.check("closed through", expected=CLOSED_THROUGH, got=closed_through)
        before = count_entries(self.shop)
        self.check("the late sale is refused", expected="books_closed", got=self._post_late_sale())
        self.check("new entries", expected=0, got=count_entries(self.shop) - before)

    def _post_late_sale(self) -> str:
        """The code of the refusal."""
        late = gift_shop.late_draft(gift_shop.codes_by_role(self.shop))
        try:
            submit_entries(actor=self.actor, drafts=[late])
        except BooksClosed as refusal:
            self.output.say(f"“{refusal.message}”")
            return refusal.code
        return "posted"

    def verify_the_books(self) -> None:
        self.output.step("Verify the books", "Everything is derived anew from the lines.")
        verified = verify_books(self.shop)
        for result in verified.checks:
            for finding in result.findings:
                self.output.say(finding.message)
            self.check(result.name.replace("_", " "), expected=True, got=result.passed)
        self.check(
            "entries in the books (the file's, one reversal, one correction)",
            expected=len(self.expected.invoices) + ENTRIES_BESIDE_THE_FILE,
            got=count_entries(self.shop),
        )
