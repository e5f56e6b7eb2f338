"""Books to measure on: an organization with as many accounts as a row of the table needs."""

from dataclasses import dataclass
from datetime import date
from itertools import count
from uuid import UUID

from ledger.drafts import EntryDraft, credit, debit
from ledger.models import Account, AccountRole, AccountType
from organizations.models import Organization

DAY = date(2010, 12, 1)


def account_id(number: int) -> UUID:
    """Account number n's id, so that pgbench can name an account by a number."""
    return UUID(int=0x7000 << 64 | 0x8 << 60 | number)


@dataclass(frozen=True, slots=True)
class Books:
    organization: Organization
    accounts: tuple[Account, ...]


def make_books(slug: str, *, first: int, accounts: int, slots: int = 1) -> Books:
    """An organization whose accounts have the numbers from `first` on."""
    organization = Organization.objects.create(slug=slug, name=slug.title(), currency="GBP")
    rows = Account.objects.bulk_create(
        Account(
            organization=organization,
            id=account_id(number),
            code=str(number),
            name=f"Account {number}",
            type=AccountType.ASSET if number % 2 else AccountType.REVENUE,
            role=AccountRole.CASH if number == first else "",
            currency="GBP",
            balance_slots=slots,
        )
        for number in range(first, first + accounts)
    )
    return Books(organization, tuple(rows))


_numbers = count(1)


def two_line_drafts(how_many: int, *, from_code: str, to_code: str) -> list[EntryDraft]:
    """Entries of two lines, each under a reference that no other draft of this run has."""
    return [
        EntryDraft(
            reference=f"bench-{number}",
            effective_on=DAY,
            description="A sale",
            lines=(debit(from_code, 100 + number % 900), credit(to_code, 100 + number % 900)),
        )
        for number in (next(_numbers) for _ in range(how_many))
    ]
