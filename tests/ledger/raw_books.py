"""Books kept by plain SQL, for tests that attack the database or watch it under load."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, transaction

from core.db import uuid7
from ledger.models import Account
from organizations.models import Organization

Side = tuple[str, int, int]  # account code, debit, credit

# One entry with its lines, as `post_entries` writes them: one statement.
POST = """
WITH e AS (
  INSERT INTO ledger_journalentry (organization_id, id, reference, effective_on, posted_at, status,
                                   currency, total_amount, reverses_id)
  VALUES (%(organization)s, %(id)s, %(reference)s, %(on)s, now(), 'posted', %(currency)s,
          %(total)s, %(reverses)s)
  RETURNING id
)
INSERT INTO ledger_journalline (organization_id, id, entry_id, account_id, position, debit, credit)
SELECT %(organization)s, gen_random_uuid(), e.id, u.*
  FROM e, unnest(%(accounts)s::uuid[], %(positions)s::smallint[], %(debits)s::bigint[],
                 %(credits)s::bigint[]) AS u
"""


class RawBooks:
    """One organization's books; its accounts are known by their codes."""

    def __init__(self, slug: str, closed_through: date | None = None) -> None:
        self.organization = Organization.objects.create(
            slug=slug, name=slug.title(), currency="GBP", closed_through=closed_through
        )
        self.id: UUID = self.organization.pk
        self.accounts: dict[str, UUID] = {}
        for code, account_type, currency in [
            ("cash", "asset", "GBP"),
            ("bank", "asset", "GBP"),
            ("euros", "asset", "EUR"),
            ("sales", "revenue", "GBP"),
            ("exports", "revenue", "EUR"),
        ]:
            self.open(code, account_type, currency)

    def open(
        self, code: str, type: str = "asset", currency: str = "GBP", parent: str | None = None
    ) -> UUID:
        account: Account = Account.objects.create(
            organization=self.organization,
            code=code,
            name=code,
            type=type,
            currency=currency,
            parent_id=self.accounts[parent] if parent else None,
        )
        self.accounts[code] = account.pk
        return self.accounts[code]

    def posting(self, reference: str, *sides: Side, **changes: Any) -> dict[str, Any]:
        """The parameters of POST."""
        first = next((code for code, _, _ in sides), "cash")
        currency = Account.objects.of(self.id).get(pk=self.accounts[first]).currency
        return {
            "organization": self.id,
            "id": uuid7(),
            "reference": reference,
            "on": date(2025, 3, 10),
            "currency": currency,
            "total": sum(
                debit
                for code, debit, _ in sides
                if Account.objects.of(self.id).get(pk=self.accounts[code]).currency == currency
            ),
            "reverses": None,
            "accounts": [self.accounts[code] for code, _, _ in sides],
            "positions": list(range(1, len(sides) + 1)),
            "debits": [debit for _, debit, _ in sides],
            "credits": [credit for _, _, credit in sides],
            **changes,
        }

    def post(self, reference: str, *sides: Side, **changes: Any) -> UUID:
        given = self.posting(reference, *(sides or SALE), **changes)
        run(POST, given)
        entry: UUID = given["id"]
        return entry

    def propose(self, reference: str, *sides: Side) -> UUID:
        given = self.posting(reference, *(sides or SALE))
        run(
            """INSERT INTO ledger_journalentry (organization_id, id, reference, effective_on,
                                                posted_at, status, currency, total_amount)
               VALUES (%(organization)s, %(id)s, %(reference)s, %(on)s, NULL, 'pending',
                       %(currency)s, %(total)s)""",
            given,
        )
        run(
            """INSERT INTO ledger_proposedline (organization_id, id, entry_id, account_id, position,
                                                debit, credit)
               SELECT %(organization)s, gen_random_uuid(), %(id)s, u.*
                 FROM unnest(%(accounts)s::uuid[], %(positions)s::smallint[],
                             %(debits)s::bigint[], %(credits)s::bigint[]) AS u""",
            given,
        )
        entry: UUID = given["id"]
        return entry

    def add_lines(self, entry: UUID, *sides: Side, first: int = 1) -> None:
        """One INSERT of lines for an entry that stands already."""
        run(
            """INSERT INTO ledger_journalline (organization_id, id, entry_id, account_id, position,
                                               debit, credit)
               SELECT %(organization)s, gen_random_uuid(), %(entry)s, u.*
                 FROM unnest(%(accounts)s::uuid[], %(positions)s::smallint[],
                             %(debits)s::bigint[], %(credits)s::bigint[]) AS u""",
            {
                "organization": self.id,
                "entry": entry,
                "accounts": [self.accounts[code] for code, _, _ in sides],
                "positions": list(range(first, first + len(sides))),
                "debits": [debit for _, debit, _ in sides],
                "credits": [credit for _, _, credit in sides],
            },
        )

    def void(self, entry: UUID, reversal: str, *sides: Side, **changes: Any) -> UUID:
        given = self.posting(reversal, *sides, reverses=entry, **changes)
        run(VOID + POST.replace("WITH e AS", ", e AS"), {**given, "original": entry})
        reversed_by: UUID = given["id"]
        return reversed_by

    def status(self, entry: UUID) -> str:
        [[status]] = run(
            "SELECT status FROM ledger_journalentry WHERE organization_id = %s AND id = %s",
            [self.id, entry],
        )
        return str(status)

    def balance(self, code: str) -> tuple[int, int]:
        """Debits and credits as AccountBalance has them."""
        [totals] = run(
            """SELECT coalesce(sum(debits), 0), coalesce(sum(credits), 0) FROM ledger_accountbalance
                WHERE organization_id = %s AND account_id = %s""",
            [self.id, self.accounts[code]],
        )
        return int(totals[0]), int(totals[1])

    def lines(self, code: str) -> tuple[int, int]:
        """The same from the lines, by definition."""
        [totals] = run(
            """SELECT coalesce(sum(debit), 0), coalesce(sum(credit), 0) FROM ledger_journalline
                WHERE organization_id = %s AND account_id = %s""",
            [self.id, self.accounts[code]],
        )
        return int(totals[0]), int(totals[1])


VOID = """
WITH voided AS (
  UPDATE ledger_journalentry SET status = 'voided'
   WHERE organization_id = %(organization)s AND id = %(original)s
)"""

SALE: tuple[Side, ...] = (("cash", 100, 0), ("sales", 0, 100))
SALE_REVERSED: tuple[Side, ...] = (("cash", 0, 100), ("sales", 100, 0))


def run(sql: str, parameters: Any = None) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall() if cursor.description else []


@contextmanager
def refused(constraint: str) -> Iterator[dict[str, Any]]:
    """The block breaks this constraint; yields the facts that the refusal states."""
    facts: dict[str, Any] = {}
    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        yield facts
    assert broken(caught.value) == constraint
    detail = diagnostics(caught.value).message_detail or ""
    if detail.startswith("{"):
        facts.update(json.loads(detail))


@contextmanager
def failing(sqlstate: str) -> Iterator[None]:
    """The block fails with this code, where PostgreSQL names no constraint."""
    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        yield
    assert diagnostics(caught.value).sqlstate == sqlstate


def broken(error: BaseException) -> str | None:
    name: str | None = diagnostics(error).constraint_name
    return name or f"{diagnostics(error).sqlstate} {error}"


def diagnostics(error: BaseException) -> Any:
    cause: Any = error.__cause__ or error
    return cause.diag
