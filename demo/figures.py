"""Figures straight from the rows and lines in the books, in the shape in which the file gives them.

Amounts are debits less credits, in pennies, by the role of the account.
"""

from collections import defaultdict
from datetime import date
from uuid import UUID

from demo.expected import Effects, Fact
from invoicing.models import CreditNote, FinancialTransaction, Invoice
from ledger.models import JournalEntry, JournalLine
from organizations.models import Organization


def postings(shop: Organization) -> dict[Fact, tuple[date, Effects]]:
    """Of each document, payment and refund the date of its entry, and what the lines do."""
    facts = _facts_by_entry(shop)
    days: dict[Fact, date] = {}
    effects: dict[Fact, Effects] = defaultdict(lambda: defaultdict(int))
    lines = JournalLine.objects.of(shop).filter(entry__in=facts)
    for entry, day, role, debit, credit in lines.values_list(
        "entry_id", "entry__effective_on", "account__role", "debit", "credit"
    ):
        fact = facts[entry]
        days[fact] = day
        effects[fact][role] += debit - credit
    return {fact: (day, dict(effects[fact])) for fact, day in days.items()}


def _facts_by_entry(shop: Organization) -> dict[UUID, Fact]:
    invoices = Invoice.objects.of(shop).values_list("entry_id", "order__reference")
    notes = CreditNote.objects.of(shop).values_list("entry_id", "reference")
    payments = (
        FinancialTransaction.objects.of(shop)
        .filter(type="credit")
        .values_list("entry_id", "invoice__order__reference")
    )
    refunds = (
        FinancialTransaction.objects.of(shop)
        .filter(type="refund")
        .values_list("entry_id", "credit_note__reference")
    )
    return {
        entry: (what, number)
        for what, rows in (
            ("issued", invoices),
            ("credited", notes),
            ("paid", payments),
            ("refunded", refunds),
        )
        for entry, number in rows
    }


def entry_effects(shop: Organization, entry: JournalEntry) -> Effects:
    effects: Effects = defaultdict(int)
    lines = JournalLine.objects.of(shop).filter(entry=entry)
    for role, debit, credit in lines.values_list("account__role", "debit", "credit"):
        effects[role] += debit - credit
    return dict(effects)


def count_entries(shop: Organization) -> int:
    return int(JournalEntry.objects.of(shop).count())


def is_gapless(shop: Organization, documents: type[Invoice] | type[CreditNote]) -> bool:
    """Whether the legal numbers of each series and year are 1, 2, 3 … as many as there are, in the
    order of the dates."""
    given: dict[tuple[UUID, int], list[tuple[int, date]]] = defaultdict(list)
    for series, year, sequence, day in documents.objects.of(shop).values_list(
        "series", "fiscal_year", "sequence", "issued_on"
    ):
        given[series, year].append((sequence, day))
    return all(
        [sequence for sequence, _ in sorted(numbers)] == list(range(1, len(numbers) + 1))
        and [day for _, day in sorted(numbers)] == sorted(day for _, day in numbers)
        for numbers in given.values()
    )
