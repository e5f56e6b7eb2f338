"""The journal: every posted entry of a period with its lines, in the order of their dates."""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from itertools import groupby
from typing import Any, ClassVar
from uuid import UUID

from ledger.models import Account
from ledger.selectors.account_lines import stream
from ledger.selectors.reports.base import ReportOfPeriod
from ledger.selectors.reports.chart import chart_of
from organizations.models import Organization


@dataclass(frozen=True, slots=True)
class JournalRow:
    """One line of an entry."""

    account: str
    account_name: str
    currency: str
    debit: int
    credit: int
    description: str


@dataclass(frozen=True, slots=True)
class JournalItem:
    """One entry with all its lines. What was voided is followed by its reversal, both shown."""

    id: UUID
    reference: str
    effective_on: date
    posted_at: datetime
    status: str
    description: str
    reference_type: str
    reference_id: str
    reverses: UUID | None
    lines: Sequence[JournalRow]

    def differences(self) -> dict[str, int]:
        """Debits less credits by currency, where they are not zero."""
        nets: dict[str, int] = {}
        for line in self.lines:
            nets[line.currency] = nets.get(line.currency, 0) + line.debit - line.credit
        return {currency: net for currency, net in nets.items() if net}


@dataclass(frozen=True, slots=True)
class JournalTotals:
    """What one currency's lines came to."""

    currency: str
    total_debit: int
    total_credit: int


@dataclass
class JournalCheck:
    """Adds up what was streamed, and names entries whose sides differ."""

    off: list[str]
    sums: dict[str, tuple[int, int]]

    def add(self, item: JournalItem) -> None:
        for line in item.lines:
            debit, credit = self.sums.get(line.currency, (0, 0))
            self.sums[line.currency] = (debit + line.debit, credit + line.credit)
        if item.differences():
            self.off.append(f"entry {item.reference}: debits and credits differ")

    @property
    def totals(self) -> tuple[JournalTotals, ...]:
        return tuple(JournalTotals(c, *sums) for c, sums in sorted(self.sums.items()))


@dataclass(frozen=True, kw_only=True)
class JournalReport(ReportOfPeriod):
    """From one day to another; with an account, the entries that touch it or those below it.

    `stream` reads a million lines in bounded memory, each call anew; close what you do not read to
    its end. `items` keeps them.
    """

    name: ClassVar[str] = "journal"
    title: ClassVar[str] = "Journal"

    account: Account | None = None

    def stream(self) -> Generator[JournalItem, None, None]:
        """Every entry by date and id, whole."""
        parameters: dict[str, Any] = {
            "organization": self.organization.pk,
            "first": self.since,
            "last": self.until,
        }
        narrowed = ""
        if self.known_at is not None:
            narrowed += _KNOWN
            parameters["known_at"] = self.known_at
        if self.account is not None:
            narrowed += _TOUCHING
            parameters["accounts"] = chart_of(self.organization).below({self.account.pk})
        rows = stream(_JOURNAL.format(narrowed=narrowed), parameters)
        for _, lines in groupby(rows, key=lambda row: row["id"]):
            yield _item(list(lines))

    @cached_property
    def items(self) -> Sequence[JournalItem]:
        """All entries, in memory."""
        return tuple(self.stream())

    @property
    def ties(self) -> bool:
        return not self.check().off

    def check(self) -> JournalCheck:
        """The whole report added up."""
        check = self.new_check()
        for item in self.items if "items" in self.__dict__ else self.stream():
            check.add(item)
        return check

    def new_check(self) -> JournalCheck:
        return JournalCheck([], {})


_KNOWN = " AND e.posted_at <= %(known_at)s"

_TOUCHING = """
   AND EXISTS (SELECT FROM ledger_journalline t
                WHERE t.organization_id = %(organization)s AND t.entry_id = e.id
                  AND t.account_id = ANY(%(accounts)s))"""

_JOURNAL = """
SELECT e.id, e.reference, e.effective_on, e.posted_at, e.status,
       e.description AS entry_description, e.reference_type, e.reference_id, e.reverses_id,
       a.code, a.name, a.currency, l.debit, l.credit, l.description
  FROM ledger_journalentry e
  JOIN ledger_journalline l ON l.organization_id = e.organization_id AND l.entry_id = e.id
  JOIN ledger_account a ON a.organization_id = l.organization_id AND a.id = l.account_id
 WHERE e.organization_id = %(organization)s
   AND l.organization_id = %(organization)s AND a.organization_id = %(organization)s
   AND e.effective_on BETWEEN %(first)s AND %(last)s{narrowed}
 ORDER BY e.effective_on, e.id, l.position
"""


def _item(rows: list[Mapping[str, Any]]) -> JournalItem:
    head = rows[0]
    return JournalItem(
        id=head["id"],
        reference=head["reference"],
        effective_on=head["effective_on"],
        posted_at=head["posted_at"],
        status=head["status"],
        description=head["entry_description"],
        reference_type=head["reference_type"],
        reference_id=head["reference_id"],
        reverses=head["reverses_id"],
        lines=tuple(
            JournalRow(
                account=row["code"],
                account_name=row["name"],
                currency=row["currency"],
                debit=row["debit"],
                credit=row["credit"],
                description=row["description"],
            )
            for row in rows
        ),
    )


def journal_report(
    organization: Organization,
    *,
    since: date,
    until: date,
    known_at: datetime | None = None,
    account: Account | None = None,
) -> JournalReport:
    """Every entry posted in a period, voided ones and reversals too; pending ones are not.

    Raises:
        PeriodReversed
    """
    return JournalReport(
        organization=organization, since=since, until=until, known_at=known_at, account=account
    )
