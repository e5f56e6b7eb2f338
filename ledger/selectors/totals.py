"""What an account took: gross debits and credits, and the balance that they make."""

from dataclasses import dataclass

from ledger.models import AccountType


@dataclass(frozen=True, slots=True)
class Totals:
    """Gross debits and credits in minor units of the account's currency."""

    debits: int = 0
    credits: int = 0

    @property
    def net(self) -> int:
        """Debits less credits."""
        return self.debits - self.credits

    def balance(self, account_type: str) -> int:
        """The balance in the normal sign of this type of account."""
        return self.net * AccountType(account_type).normal_sign

    def __add__(self, other: "Totals") -> "Totals":
        return Totals(self.debits + other.debits, self.credits + other.credits)

    def __sub__(self, other: "Totals") -> "Totals":
        return Totals(self.debits - other.debits, self.credits - other.credits)


NOTHING = Totals()
