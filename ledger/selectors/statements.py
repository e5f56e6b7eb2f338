"""An account's statement: opening balance, lines with a running balance, closing balance.

Of an account with others below it, which takes no lines itself, it is the statement of those that
are kept in its currency, as its balance is theirs.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime

from ledger.models import Account
from ledger.selectors.account_lines import AccountLine, AccountMovement, group_movement
from ledger.selectors.totals import NOTHING, Totals


@dataclass(frozen=True)
class AccountStatement:
    """An account from one day to another, both included. Balances are in its normal sign.

    `opening` and `closing` come from the months, and the lines of the first call to `lines` are
    of the same moment, so that they can be held against them.
    """

    account: Account
    since: date | None
    until: date | None
    known_at: datetime | None
    before: Totals
    within: Totals
    _first: list[Iterator[AccountLine]] = field(compare=False, repr=False)

    @property
    def opening(self) -> int:
        return self.before.balance(self.account.type)

    @property
    def closing(self) -> int:
        return (self.before + self.within).balance(self.account.type)

    @property
    def debits(self) -> int:
        return self.within.debits

    @property
    def credits(self) -> int:
        return self.within.credits

    def lines(self) -> Iterator[AccountLine]:
        """Every line by date, entry and position, in bounded memory."""
        if self._first:
            return self._first.pop()
        return account_statement(self.account, self.since, self.until, self.known_at).lines()


def account_statement(
    account: Account,
    since: date | None = None,
    until: date | None = None,
    known_at: datetime | None = None,
) -> AccountStatement:
    """What stood in the account, what moved it, and what stands in it then.

    One statement says which accounts are meant, and one all the rest, so that it ties.
    """
    movements = group_movement(account, since, until, known_at=known_at)
    movement = next(movements, None)
    return AccountStatement(
        account=account,
        since=since,
        until=until,
        known_at=known_at,
        before=movement.before if movement else NOTHING,
        within=movement.within if movement else NOTHING,
        _first=[_lines(account, movement, movements)],
    )


def _lines(
    account: Account,
    movement: AccountMovement | None,
    movements: Generator[AccountMovement, None, None],
) -> Iterator[AccountLine]:
    if movement is not None:
        yield from movement.lines(account.normal_sign)
    # Ends the cursor on the server.
    movements.close()
