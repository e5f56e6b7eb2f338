"""What the demo holds against each other, and what came of it."""

from dataclasses import dataclass, field

from core.money import format_amount
from demo.gift_shop import CURRENCY


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must be so; amounts of money are in pennies."""

    name: str
    expected: object
    got: object
    is_money: bool = False

    @property
    def holds(self) -> bool:
        return self.expected == self.got

    @property
    def expected_text(self) -> str:
        return self._text(self.expected)

    @property
    def got_text(self) -> str:
        return self._text(self.got)

    def _text(self, value: object) -> str:
        if self.is_money and isinstance(value, int):
            return format_amount(value, CURRENCY)
        if isinstance(value, bool):
            return "yes" if value else "no"
        return f"{value:,}" if isinstance(value, int) else str(value)


@dataclass(slots=True)
class Checks:
    """All that was checked, in order."""

    made: list[Check] = field(default_factory=list)

    def add(self, name: str, *, expected: object, got: object, is_money: bool = False) -> Check:
        check = Check(name, expected, got, is_money)
        self.made.append(check)
        return check

    @property
    def failed(self) -> list[Check]:
        return [check for check in self.made if not check.holds]
