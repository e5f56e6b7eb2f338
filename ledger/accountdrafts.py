"""What is asked to be an account, before the database can be asked."""

import re
from dataclasses import dataclass
from typing import Self

from ledger.errors import (
    InvalidAccountCode,
    InvalidAccountDescription,
    InvalidAccountName,
    InvalidBalanceSlots,
    UnknownAccountRole,
    UnknownAccountType,
)
from ledger.models import Account, AccountRole, AccountType
from organizations.rules import check_currency, is_storable

MOST_DESCRIPTION = 2_000
MOST_BALANCE_SLOTS = 64

_CODE = re.compile(r"[A-Za-z0-9.:_-]{1,100}")


@dataclass(frozen=True, slots=True)
class AccountDraft:
    """An account's own values; where it stands in the tree is another matter."""

    code: str
    name: str
    type: str
    currency: str
    role: str = ""
    description: str = ""
    balance_slots: int = 1

    @classmethod
    def of(cls, account: Account) -> Self:
        return cls(
            account.code,
            account.name,
            account.type,
            account.currency,
            account.role,
            account.description,
            account.balance_slots,
        )

    def check(self) -> None:
        """Each value alone.

        Raises:
            InvalidAccountCode, InvalidAccountName, UnknownAccountType, UnknownCurrency,
            UnknownAccountRole, InvalidAccountDescription, InvalidBalanceSlots
        """
        if not _CODE.fullmatch(self.code):
            raise InvalidAccountCode(account=_shown(self.code))
        if not 1 <= len(self.name) <= 200 or not is_storable(self.name):
            raise InvalidAccountName(name=_shown(self.name))
        if self.type not in AccountType.values:
            raise UnknownAccountType(type=_shown(self.type), known=", ".join(AccountType.values))
        check_currency(self.currency)
        if self.role and self.role not in AccountRole.values:
            raise UnknownAccountRole(role=_shown(self.role), known=", ".join(AccountRole.values))
        if len(self.description) > MOST_DESCRIPTION or not is_storable(self.description):
            raise InvalidAccountDescription(account=self.code, most=MOST_DESCRIPTION)
        if not 1 <= self.balance_slots <= MOST_BALANCE_SLOTS:
            raise InvalidBalanceSlots(balance_slots=self.balance_slots)


def _shown(value: str) -> str:
    """A value as it can stand in a message: quoted, with what cannot be printed escaped."""
    return ascii(value) if len(value) <= 60 else ascii(value[:57] + "...")
