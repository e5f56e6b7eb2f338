"""How taxes are told: by rate, on each line, and in words where none is charged."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple, Self

from core.money import format_amount
from invoicing.documents.content import TaxRow
from invoicing.documents.wording import written_percentage
from invoicing.models import TaxCategory
from invoicing.models.tax_rates import FrozenTax

_ON_THE_LINE = {
    TaxCategory.EXEMPT: "Exempt",
    TaxCategory.REVERSE_CHARGE: "Reverse charge",
}
# EN 16931 BR-E-10, BR-AE-10: why nothing is charged has to be said; Directive 2006/112/EC,
# article 226 (11a), gives the words for the reverse charge.
_REASONS = {
    TaxCategory.ZERO: "{names}: zero-rated.",
    TaxCategory.EXEMPT: "{names}: exempt from tax.",
    TaxCategory.REVERSE_CHARGE: "Reverse charge: the recipient accounts for the VAT.",
}


class Tax(NamedTuple):
    """One rate as a document froze it. Amounts are minor units."""

    code: str
    name: str
    percentage: Decimal
    category: str
    inclusive: bool
    compound: bool
    taxable_amount: int
    tax_amount: int

    @classmethod
    def of_row(cls, row: FrozenTax) -> Self:
        return cls(*(getattr(row, name) for name in cls._fields))

    @classmethod
    def of_snapshot(cls, line: dict[str, Any]) -> Self:
        known = {**line, "percentage": Decimal(line["percentage"])}
        return cls(*(known[name] for name in cls._fields))


def tax_rows(taxes: Iterable[Tax], currency: str) -> tuple[TaxRow, ...]:
    return tuple(
        TaxRow(
            name=f"{tax.name} (on the taxes before it too)" if tax.compound else tax.name,
            percentage=written_percentage(tax.percentage),
            taxable=format_amount(tax.taxable_amount, currency),
            tax=format_amount(tax.tax_amount, currency),
        )
        for tax in taxes
    )


def rates_on_line(codes: Sequence[str], taxes: dict[str, Tax]) -> str:
    """What a line was taxed with: “17.5 %”, “5 % + 7 %”, “Reverse charge”."""
    known = [taxes[code] for code in codes if code in taxes]
    return " + ".join(
        _ON_THE_LINE.get(TaxCategory(tax.category)) or written_percentage(tax.percentage)
        for tax in known
    )


def tax_notes(taxes: Sequence[Tax]) -> tuple[str, ...]:
    """Which prices hold tax, and why some hold none."""
    return (*_inclusive_note(taxes), *_reasons(taxes))


def _inclusive_note(taxes: Sequence[Tax]) -> list[str]:
    inclusive = [tax for tax in taxes if tax.inclusive]
    if not inclusive:
        return []
    if len(inclusive) == len(taxes):
        return ["Unit prices include tax."]
    return [f"Unit prices include {_listed(tax.name for tax in inclusive)}."]


def _reasons(taxes: Sequence[Tax]) -> list[str]:
    return [
        reason.format(names=_listed(names))
        for category, reason in _REASONS.items()
        if (names := [tax.name for tax in taxes if tax.category == category])
    ]


def _listed(names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(names))
