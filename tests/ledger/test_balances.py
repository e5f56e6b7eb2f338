"""Balances at a date, and as the books stood at a posting time."""

import random
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from django.db import connection, transaction

from ledger.drafts import EntryDraft, LineDraft, credit, debit
from ledger.models import Account, JournalEntry
from ledger.selectors import spans
from ledger.selectors.balances import NOTHING, Totals, balance_at, balances_at, totals_between
from ledger.services.posting import post_entries
from organizations.models import Organization

pytestmark = pytest.mark.django_db

NOON = datetime(2025, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def books():
    organization = Organization.objects.create(slug="acme", name="Acme", currency="GBP")
    Account.objects.bulk_create(
        Account(organization=organization, code=code, name=code, type=kind, currency="GBP")
        for code, kind in [
            ("1000", "asset"),
            ("1100", "asset"),
            ("2000", "liability"),
            ("4000", "revenue"),
            ("5000", "expense"),
        ]
    )
    return organization


def post(books, reference, on, *lines, now=NOON):
    with transaction.atomic():
        [entry] = post_entries(books, [EntryDraft(reference, on, lines)], now=now)
    return entry


def summed_plainly(books, since, until, known_at=None) -> dict[UUID, Totals]:
    """The figure by its definition: every line, joined with its entry."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT l.account_id, sum(l.debit), sum(l.credit)
              FROM ledger_journalline l
              JOIN ledger_journalentry e
                ON e.organization_id = l.organization_id AND e.id = l.entry_id
             WHERE l.organization_id = %s AND e.effective_on BETWEEN %s AND %s
               AND e.posted_at <= %s
             GROUP BY l.account_id
            """,
            [
                books.pk,
                since or date.min,
                until or date(9999, 1, 1),
                known_at or datetime(9999, 1, 1, tzinfo=UTC),
            ],
        )
        return {account: Totals(int(d), int(c)) for account, d, c in cursor.fetchall()}


def test_balances_are_those_of_the_end_of_the_day(books):
    post(books, "a", date(2025, 3, 10), debit("1000", 500), credit("4000", 500))
    post(books, "b", date(2025, 3, 11), debit("5000", 200), credit("1000", 200))

    assert balance_at(books, account(books, "1000"), date(2025, 3, 9)) == 0
    assert balance_at(books, account(books, "1000"), date(2025, 3, 10)) == 500
    assert balance_at(books, account(books, "1000"), date(2025, 3, 11)) == 300
    assert balance_at(books, account(books, "4000"), date(2025, 3, 31)) == 500


def account(books, code):
    return Account.objects.of(books).get(code=code)


@pytest.mark.parametrize("on", [date.min, date(1899, 12, 31)])
def test_nothing_is_known_before_the_first_date(books, on):
    post(books, "a", date(1900, 1, 1), debit("1000", 1), credit("4000", 1))

    assert balances_at(books, on) == {}


@pytest.mark.parametrize("on", [None, date.max, date(2199, 12, 31)])
def test_the_end_of_time_holds_everything(books, on):
    post(books, "a", date(1900, 1, 1), debit("1000", 1), credit("4000", 1))
    post(books, "z", date(2199, 12, 31), debit("1000", 2), credit("4000", 2))

    assert balance_at(books, account(books, "1000"), on) == 3


def test_a_span_that_ends_before_it_begins_is_empty(books):
    post(books, "a", date(2025, 3, 10), debit("1000", 500), credit("4000", 500))

    assert totals_between(books, date(2025, 3, 11), date(2025, 3, 10)) == {}


def test_sums_beyond_64_bits_are_exact(books):
    most = 2**62
    for year in (2020, 2021, 2022, 2023):
        post(books, f"{year}", date(year, 1, 1), debit("1000", most), credit("4000", most))

    assert balance_at(books, account(books, "1000"), None) == 4 * most


def test_another_organization_counts_nowhere(books):
    stranger = Organization.objects.create(slug="evil", name="Evil", currency="GBP")
    Account.objects.create(
        organization=stranger, code="1000", name="x", type="asset", currency="GBP"
    )
    post(books, "a", date(2025, 3, 10), debit("1000", 500), credit("4000", 500))

    assert balances_at(stranger, None) == {}
    assert totals_between(stranger, date(2025, 3, 5), date(2025, 3, 20)) == {}


@pytest.mark.parametrize("seed", range(12))
def test_equal_plain_summing_for_any_postings_and_dates(books, seed):
    chance = random.Random(seed)
    codes = ["1000", "1100", "2000", "4000", "5000"]
    first = date(2024, 11, 1)
    for number in range(60):
        one, other = chance.sample(codes, 2)
        amount = chance.randint(1, 10_000)
        post(
            books,
            f"e{number}",
            first + timedelta(days=chance.randrange(150)),
            LineDraft(one, debit=amount),
            LineDraft(other, credit=amount),
            now=NOON + timedelta(hours=chance.randrange(60)),
        )

    for _ in range(40):
        on = first + timedelta(days=chance.randrange(-5, 160))
        since = first + timedelta(days=chance.randrange(-5, 160))
        known_at = chance.choice([None, NOON + timedelta(hours=chance.randrange(-1, 62))])

        assert balances_at(books, on, known_at=known_at) == summed_plainly(
            books, None, on, known_at
        )
        assert totals_between(books, since, on, known_at) == summed_plainly(
            books, since, on, known_at
        )


@pytest.mark.parametrize("side", ["few later", "few earlier", "later", "earlier"])
def test_as_known_at_is_the_same_from_either_side(books, monkeypatch, side):
    for number in range(8):
        post(
            books,
            f"e{number}",
            date(2025, 1, 1 + number),
            debit("1000", 10**number),
            credit("4000", 10**number),
            now=NOON + timedelta(days=number),
        )
    monkeypatch.setattr("ledger.selectors.spans._SIDES", f"SELECT '{side}'")

    known = balances_at(books, date(2025, 1, 6), known_at=NOON + timedelta(days=3))

    assert known[account(books, "1000").pk] == Totals(1_111, 0)


@pytest.mark.parametrize(
    ("few", "known_at", "side"),
    [
        (100, 6, "few later"),
        (2, 0, "few earlier"),
        (2, 2, "earlier"),
        (2, 5, "later"),
    ],
)
def test_the_side_with_fewer_entries_is_summed(books, monkeypatch, few, known_at, side):
    for number in range(8):
        on = date(2025, 1, 1 + number)
        posted_at = NOON + timedelta(days=number)
        post(books, f"e{number}", on, debit("1000", 1), credit("4000", 1), now=posted_at)
    monkeypatch.setattr(spans, "_SIDES", spans._SIDES.replace(str(spans._FEW), str(few)))

    assert spans._smaller_side(books.pk, NOON + timedelta(days=known_at)) == side


def test_a_pending_entry_counts_nowhere(books):
    JournalEntry.objects.create(
        organization=books,
        reference="p",
        effective_on=date(2025, 3, 10),
        posted_at=None,
        status="pending",
        currency="GBP",
        total_amount=500,
    )

    assert balances_at(books, date(2025, 3, 15)).get(account(books, "1000").pk, NOTHING) == NOTHING
