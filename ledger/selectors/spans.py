"""What the totals of a span of days are made of: whole months, and lines at its edges.

What an account took through a date is its months (`AccountBalance`) and, within the date's own
month, the lines on the nearer side of the date: those up to it are added to the months before,
or those after it are taken off the months including it. At a month's end no line is read.
"""

import calendar
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from ledger.drafts import FIRST_DATE, LAST_DATE
from ledger.periods import YEAR_END


@dataclass(frozen=True, slots=True)
class Months:
    """Whole months, first and last included, as the posting trigger has summed them."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of entries dated from one day to another, added or taken off.

    `posted_after` and `posted_through` narrow them down by posting time; `closing_only` to
    year-end closing entries and their reversals. `many` says that they may be most lines there are.
    """

    sign: int
    first: date
    last: date
    posted_after: datetime | None = None
    posted_through: datetime | None = None
    closing_only: bool = False
    many: bool = False


Part = Months | Lines


@dataclass(frozen=True, slots=True)
class Span:
    """Days, first and last included, as the books knew them at a moment."""

    first: date
    last: date
    known_at: datetime | None = None

    @classmethod
    def of(
        cls, since: date | None, until: date | None, known_at: datetime | None = None
    ) -> "Span | None":
        """The span cut to the dates that an entry may have; None where nothing is left of it."""
        first = max(since or FIRST_DATE, FIRST_DATE)
        last = min(until or LAST_DATE, LAST_DATE)
        return cls(first, last, known_at) if first <= last else None

    def parts(self, organization_id: UUID) -> list[Part]:
        """What to add up, and what to take off, to get this span's totals."""
        if self.known_at is None:
            return self._effective_parts()
        side = _smaller_side(organization_id, self.known_at)
        many = not side.startswith("few")
        if side.endswith("earlier"):
            return [Lines(1, self.first, self.last, posted_through=self.known_at, many=many)]
        later = Lines(-1, self.first, self.last, posted_after=self.known_at, many=many)
        return [*self._effective_parts(), later]

    def closing_entries(self) -> Lines:
        """Takes the year-end closing entries of this span off."""
        return Lines(-1, self.first, self.last, posted_through=self.known_at, closing_only=True)

    def _effective_parts(self) -> list[Part]:
        if _month(self.first) == _month(self.last):
            return _within_one_month(self.first, self.last)
        first_month, before = _start(self.first)
        last_month, after = _end(self.last)
        parts: list[Part] = [*before, *after]
        if first_month <= last_month:
            parts.insert(0, Months(first_month, last_month))
        return parts


def _within_one_month(first: date, last: date) -> list[Part]:
    month, end = _month(first), _month_end(first)
    outside = (first - month).days + (end - last).days
    if outside > (last - first).days:
        return [Lines(1, first, last)]
    parts: list[Part] = [Months(month, month)]
    if month < first:
        parts.append(Lines(-1, month, day_before(first)))
    if last < end:
        parts.append(Lines(-1, _day_after(last), end))
    return parts


def _start(first: date) -> tuple[date, list[Lines]]:
    """The first whole month to take, and what stands between it and the first day."""
    month, end = _month(first), _month_end(first)
    if first == month:
        return month, []
    if first.day - 1 <= end.day - first.day:
        return month, [Lines(-1, month, day_before(first))]
    return _day_after(end), [Lines(1, first, end)]


def _end(last: date) -> tuple[date, list[Lines]]:
    """The last whole month to take, and what stands between it and the last day."""
    month, end = _month(last), _month_end(last)
    if last == end:
        return month, []
    if last.day <= end.day - last.day:
        return _month(day_before(month)), [Lines(1, month, last)]
    return month, [Lines(-1, _day_after(last), end)]


def _month(day: date) -> date:
    return day.replace(day=1)


def _month_end(day: date) -> date:
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def day_before(day: date) -> date:
    return day - timedelta(days=1)


def _day_after(day: date) -> date:
    return day + timedelta(days=1)


# --- SQL ------------------------------------------------------------------------------------------

# Beyond so many entries on one side of a posting time it is worth counting both.
_FEW = 5_000

_SIDES = f"""
SELECT CASE
  WHEN (SELECT count(*) FROM (SELECT FROM ledger_journalentry
         WHERE organization_id = %(organization)s AND posted_at > %(known_at)s
         LIMIT {_FEW}) later) < {_FEW} THEN 'few later'
  WHEN (SELECT count(*) FROM (SELECT FROM ledger_journalentry
         WHERE organization_id = %(organization)s AND posted_at <= %(known_at)s
         LIMIT {_FEW}) earlier) < {_FEW} THEN 'few earlier'
  WHEN (SELECT count(*) FROM ledger_journalentry
         WHERE organization_id = %(organization)s AND posted_at > %(known_at)s)
     > (SELECT count(*) FROM ledger_journalentry
         WHERE organization_id = %(organization)s AND posted_at <= %(known_at)s)
  THEN 'earlier' ELSE 'later'
END
"""


def _smaller_side(organization_id: UUID, known_at: datetime) -> str:
    """On which side of that moment fewer entries were posted, and whether they are few.

    This only chooses the cheapest of several ways to the same figure.
    """
    with connection.cursor() as cursor:
        cursor.execute(_SIDES, {"organization": organization_id, "known_at": known_at})
        [side] = cursor.fetchone()
        return str(side)


def totals_sql(
    parts: Iterable[Part], *, account: bool = False, prefix: str = "p"
) -> tuple[str, dict[str, Any]]:
    """One SELECT of (account_id, debits, credits) that adds up the parts, and its parameters.

    The caller adds the parameter `organization`, and `account` where it asks for one account.
    """
    selects: list[str] = []
    parameters: dict[str, Any] = {}
    for number, part in enumerate(parts):
        name = f"{prefix}{number}"
        if isinstance(part, Months):
            selects.append(_months_sql(name, account))
            parameters |= {f"{name}_first": part.first, f"{name}_last": part.last}
        else:
            selects.append(_lines_sql(part, name, account))
            parameters |= _lines_parameters(part, name)
    union = "\nUNION ALL\n".join(selects)
    sql = (
        "SELECT t.account_id, sum(t.debits) AS debits, sum(t.credits) AS credits\n"
        f"FROM (\n{union}\n) t GROUP BY t.account_id"
    )
    return sql, parameters


def _months_sql(name: str, account: bool) -> str:
    one = " AND b.account_id = %(account)s" if account else ""
    return (
        "SELECT b.account_id, sum(b.debits) AS debits, sum(b.credits) AS credits\n"
        "  FROM ledger_accountbalance b\n"
        f" WHERE b.organization_id = %(organization)s{one}\n"
        f"   AND b.month BETWEEN %({name}_first)s AND %({name}_last)s\n"
        " GROUP BY b.account_id"
    )


def _lines_sql(part: Lines, name: str, account: bool) -> str:
    """Entries by entry_by_date (or by posting time), their lines by line_position_is_unique.

    An array, not a join: the planner then looks the lines of the few entries up by index. As a
    join it may read the lines of all years to match them with half a month's entries. Where that
    is the cheaper way, because there are many, it is a join.
    """
    minus = "-" if part.sign < 0 else ""
    one = "\n   AND l.account_id = %(account)s" if account else ""
    if part.many:
        return f"""\
SELECT l.account_id, {minus}sum(l.debit) AS debits, {minus}sum(l.credit) AS credits
  FROM ledger_journalentry e
  JOIN ledger_journalline l ON l.organization_id = e.organization_id AND l.entry_id = e.id
 WHERE {_entry_conditions(part, name)}
   AND l.organization_id = %(organization)s{one}
 GROUP BY l.account_id"""
    return f"""\
SELECT l.account_id, {minus}sum(l.debit) AS debits, {minus}sum(l.credit) AS credits
  FROM ledger_journalline l
 WHERE l.organization_id = %(organization)s{one}
   AND l.entry_id = ANY(ARRAY({_entries_sql(part, name)}))
 GROUP BY l.account_id"""


def _entries_sql(part: Lines, name: str) -> str:
    where = _entry_conditions(part, name)
    if not part.closing_only:
        return f"SELECT e.id FROM ledger_journalentry e WHERE {where}"
    is_closing = f"reference_type = '{YEAR_END}'"
    # UNION, because a reversal may carry its original's reference type as well.
    return (
        f"SELECT e.id FROM ledger_journalentry e WHERE {where} AND e.{is_closing} "
        "UNION SELECT e.id FROM ledger_journalentry c JOIN ledger_journalentry e "
        "ON e.organization_id = c.organization_id AND e.reverses_id = c.id "
        f"WHERE c.organization_id = %(organization)s AND c.{is_closing} AND {where}"
    )


def _entry_conditions(part: Lines, name: str) -> str:
    conditions = [
        "e.organization_id = %(organization)s",
        f"e.effective_on BETWEEN %({name}_first)s AND %({name}_last)s",
    ]
    if part.posted_after is not None:
        conditions.append(f"e.posted_at > %({name}_posted)s")
    if part.posted_through is not None:
        conditions.append(f"e.posted_at <= %({name}_posted)s")
    return " AND ".join(conditions)


def _lines_parameters(part: Lines, name: str) -> dict[str, Any]:
    parameters: dict[str, Any] = {f"{name}_first": part.first, f"{name}_last": part.last}
    posted = part.posted_after or part.posted_through
    if posted is not None:
        parameters[f"{name}_posted"] = posted
    return parameters
