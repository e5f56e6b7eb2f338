"""Figures straight from the lines in the books, in the shape in which the file gives them.

Amounts are debits less credits, in pennies, by the role of the account.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date

from ledger.models import JournalEntry, JournalLine
from organizations.models import Organization

Effects = dict[str, int]


def entries_by_reference(
    shop: Organization, references: Iterable[str]
) -> dict[str, tuple[date, Effects]]:
    """Of each of these entries its date and what its lines do, straight from the lines."""
    lines = JournalLine.objects.of(shop).filter(entry__reference__in=list(references))
    days: dict[str, date] = {}
    effects: dict[str, Effects] = defaultdict(lambda: defaultdict(int))
    for reference, day, role, debit, credit in lines.values_list(
        "entry__reference", "entry__effective_on", "account__role", "debit", "credit"
    ):
        days[reference] = day
        effects[reference][role] += debit - credit
    return {reference: (days[reference], dict(effects[reference])) for reference in days}


def count_entries(shop: Organization) -> int:
    return int(JournalEntry.objects.of(shop).count())
