"""The general ledger: every account with its opening balance, its lines and its closing balance."""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import ClassVar

from ledger.models import Account
from ledger.selectors.account_lines import AccountLine, AccountMovement, account_movements
from ledger.selectors.reports.base import ReportOfPeriod
from ledger.selectors.reports.chart import Place, chart_of
from organizations.models import Organization


@dataclass(frozen=True, slots=True)
class AccountHead:
    """An account in the period, by the months' totals. Balances are in its normal sign."""

    place: Place
    opening: int
    debits: int
    credits: int

    @property
    def closing(self) -> int:
        return self.opening + (self.debits - self.credits) * self.place.type.normal_sign


@dataclass(frozen=True, slots=True)
class AccountFoot:
    """The same account again, after its lines: what they came to."""

    head: AccountHead
    debits: int
    credits: int

    @property
    def ties(self) -> bool:
        """The lines make what the months say."""
        return (self.debits, self.credits) == (self.head.debits, self.head.credits)


@dataclass(frozen=True, slots=True)
class LedgerAccount:
    """One account, whole."""

    head: AccountHead
    lines: Sequence[AccountLine]
    foot: AccountFoot


@dataclass
class LedgerCheck:
    """Adds up what was streamed: each account against its months, debits against credits."""

    off: list[str]
    nets: dict[str, int]

    def add(self, foot: AccountFoot) -> None:
        place = foot.head.place
        self.nets[place.currency] = self.nets.get(place.currency, 0) + foot.debits - foot.credits
        if not foot.ties:
            self.off.append(f"account {place.code}: its lines do not make its closing balance")

    def findings(self, *, of_all_accounts: bool) -> list[str]:
        """What does not tie, in words; empty when all does."""
        unequal = [f"debits and credits differ in {c}" for c, net in self.nets.items() if net]
        return self.off + (unequal if of_all_accounts else [])


@dataclass(frozen=True, kw_only=True)
class GeneralLedger(ReportOfPeriod):
    """From one day to another: all accounts that have a balance or lines, or some of them.

    `stream` reads a million lines in bounded memory, each call anew; close what you do not read to
    its end. `parts` keeps them.
    """

    name: ClassVar[str] = "general-ledger"
    title: ClassVar[str] = "General ledger"

    account: Account | None = None

    def stream(self) -> Generator[AccountHead | AccountLine | AccountFoot, None, None]:
        """For each account by code: its head, its lines, its foot. One moment's figures."""
        chart = chart_of(self.organization)
        wanted = None if self.account is None else chart.below({self.account.pk})
        movements = account_movements(
            self.organization.pk,
            self.since,
            self.until,
            known_at=self.known_at,
            accounts=wanted,
        )
        for movement in movements:
            place = chart.places.get(movement.account_id)
            if place is None:
                # It was opened after the chart was read.
                chart = chart_of(self.organization)
                place = chart.places[movement.account_id]
            yield from _account(place, movement)

    @cached_property
    def parts(self) -> Sequence[LedgerAccount]:
        """All accounts with all their lines, in memory."""
        parts: list[LedgerAccount] = []
        lines: list[AccountLine] = []
        for piece in self.stream():
            if isinstance(piece, AccountLine):
                lines.append(piece)
            elif isinstance(piece, AccountFoot):
                parts.append(LedgerAccount(piece.head, tuple(lines), piece))
                lines = []
        return tuple(parts)

    @property
    def ties(self) -> bool:
        check = self.new_check()
        if "parts" in self.__dict__:
            feet: Iterator[AccountFoot] = (part.foot for part in self.parts)
        else:
            feet = (piece for piece in self.stream() if isinstance(piece, AccountFoot))
        for foot in feet:
            check.add(foot)
        return not self.findings(check)

    def new_check(self) -> LedgerCheck:
        return LedgerCheck([], {})

    def findings(self, check: LedgerCheck) -> list[str]:
        """What a finished check says of this report."""
        return check.findings(of_all_accounts=self.account is None)


def _account(
    place: Place, movement: AccountMovement
) -> Iterator[AccountHead | AccountLine | AccountFoot]:
    sign = place.type.normal_sign
    head = AccountHead(
        place,
        opening=movement.before.net * sign,
        debits=movement.within.debits,
        credits=movement.within.credits,
    )
    lines = movement.lines(sign)
    first = next(lines, None)
    if first is None and not (head.opening or head.debits or head.credits):
        return
    yield head
    debits = credited = 0
    line = first
    while line is not None:
        debits += line.debit
        credited += line.credit
        yield line
        line = next(lines, None)
    yield AccountFoot(head, debits, credited)


def general_ledger(
    organization: Organization,
    *,
    since: date,
    until: date,
    known_at: datetime | None = None,
    account: Account | None = None,
) -> GeneralLedger:
    """All accounts, or one with those below it, each in its own currency.

    Raises:
        PeriodReversed
    """
    return GeneralLedger(
        organization=organization, since=since, until=until, known_at=known_at, account=account
    )
