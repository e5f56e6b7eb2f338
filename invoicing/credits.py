"""How much of an invoice a credit note takes back, and of which of its parts.

Pure calculation in minor units. Whatever is taken back comes out of what earlier credit notes have
left of a part, so that all of them together are the invoice and never a penny more.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple
from uuid import UUID

from core.rounding import allocate, round_half_up
from invoicing.parts import Part, PartKey, merged, taxes_by_rate
from invoicing.tax import Line, Rate, Rounding, calculate


@dataclass(frozen=True, slots=True)
class SoldItem:
    """An item of the invoice, and what earlier credit notes have taken back of it."""

    id: UUID
    position: int
    sku: str
    description: str
    quantity: Decimal
    unit_amount: int
    discount_amount: int
    part: Part
    credited_quantity: Decimal = Decimal()
    credited_net: int = 0
    credited_tax: int = 0

    @property
    def left(self) -> Decimal:
        return self.quantity - self.credited_quantity


class CreditedItem(NamedTuple):
    """So much of an item is taken back."""

    item: SoldItem
    quantity: Decimal
    net: int
    tax: int


class CreditedRate(NamedTuple):
    """What of one rate is taken back; `taxable` is what it was charged on."""

    code: str
    taxable: int
    tax: int


def left_of(sold: Sequence[Part], credited: Iterable[Part]) -> list[Part]:
    """What earlier credit notes have left of an invoice's parts, in the invoice's order."""
    taken = {part.key: part for part in merged(credited)}
    left = []
    for part in merged(sold):
        gone = taken.get(part.key)
        left.append(part if gone is None else _less(part, gone))
    return left


def by_amount(left: Sequence[Part], amount: int) -> list[Part]:
    """An amount with tax, split over net and the taxes in proportion to what is left of each, and
    then each of them over its parts. `amount` is at most what is left in total."""
    if amount == sum(part.total for part in left):
        return list(left)
    # A line of a penny with two inclusive taxes may have a net amount below zero: it goes last.
    nets = [max(part.net, 0) for part in left]
    taxes = {code: _cells(left, code) for code in taxes_by_rate(left)}
    net_amount, *tax_amounts = allocate(amount, [sum(nets), *(sum(c) for c in taxes.values())])
    net_parts = allocate(net_amount, nets)
    tax_parts = {
        code: allocate(tax_amount, cells)
        for (code, cells), tax_amount in zip(taxes.items(), tax_amounts, strict=True)
    }
    return [
        Part(part.account, part.codes, net, tuple(tax_parts[code][index] for code in part.codes))
        for index, (part, net) in enumerate(zip(left, net_parts, strict=True))
    ]


def by_items(
    left: Sequence[Part],
    wanted: Sequence[tuple[SoldItem, Decimal]],
    rates: Mapping[str, Rate],
    rounding: Rounding,
    *,
    is_everything: bool,
) -> tuple[list[Part], list[CreditedItem]]:
    """Quantities of items, taxed as they were when they were sold.

    `is_everything`: with this nothing is left of any item, and so of no part either. Otherwise a
    part gives at most what is left of it, and its items share that.
    """
    computed = _computed(wanted, rates, rounding)
    asked = {part.key: part for part in merged(computed)}
    given: dict[PartKey, Part] = {}
    for part in left:
        if is_everything:
            given[part.key] = part
        elif part.key in asked:
            given[part.key] = _at_most(asked[part.key], part)
    nets, taxes = [0] * len(wanted), [0] * len(wanted)
    for key, part in given.items():
        # A penny that rounding has left of a part whose items are gone falls to the last item.
        rows = [row for row, own in enumerate(computed) if own.key == key] or [len(wanted) - 1]
        for row, net in zip(rows, _spread(part.net, [computed[r].net for r in rows]), strict=True):
            nets[row] += net
        tax = sum(part.taxes)
        weights = [sum(computed[row].taxes) for row in rows]
        for row, share in zip(rows, _spread(tax, weights), strict=True):
            taxes[row] += share
    items = [
        CreditedItem(item, quantity, net, tax)
        for (item, quantity), net, tax in zip(wanted, nets, taxes, strict=True)
    ]
    return list(given.values()), items


def credited_rates(parts: Sequence[Part], rates: Mapping[str, Rate]) -> list[CreditedRate]:
    """What is taken back of each rate, in the order of `rates`; those not concerned left out."""
    concerned: dict[str, CreditedRate] = {}
    for code in rates:
        on = [part for part in parts if code in part.codes]
        taxable = sum(_taxable(part, code, rates) for part in on)
        tax = sum(part.taxes[part.codes.index(code)] for part in on)
        if taxable or tax:
            concerned[code] = CreditedRate(code, max(taxable, 0), tax)
    return list(concerned.values())


def _computed(
    wanted: Sequence[tuple[SoldItem, Decimal]], rates: Mapping[str, Rate], rounding: Rounding
) -> list[Part]:
    """What the quantities come to, item by item; the last of an item is what is left of it."""
    taxed = calculate([_line(item, quantity, rates) for item, quantity in wanted], rounding)
    parts = []
    for (item, quantity), line in zip(wanted, taxed.lines, strict=True):
        net, tax = line.net_amount, line.tax_amount
        net_left = item.part.net - item.credited_net
        tax_left = sum(item.part.taxes) - item.credited_tax
        if quantity == item.left:
            net, tax = net_left, tax_left
        else:
            net, tax = _capped(net, net_left), _capped(tax, tax_left)
        weights = line.taxes if any(line.taxes) else item.part.taxes
        parts.append(Part(item.part.account, item.part.codes, net, tuple(_spread(tax, weights))))
    return parts


def _line(item: SoldItem, quantity: Decimal, rates: Mapping[str, Rate]) -> Line:
    """The part of an item's line; of its discount as much as its quantity is of the whole, counted
    from the first unit on, so that no penny of it is lost between credit notes."""
    before = _discount(item, item.credited_quantity)
    after = _discount(item, item.credited_quantity + quantity)
    return Line(
        quantity, item.unit_amount, after - before, tuple(rates[code] for code in item.part.codes)
    )


def _discount(item: SoldItem, quantity: Decimal) -> int:
    share = Fraction(quantity) / Fraction(item.quantity)
    return round_half_up(share * item.discount_amount)


def _taxable(part: Part, code: str, rates: Mapping[str, Rate]) -> int:
    """What a rate is charged on in a part: compound ones also on the taxes before them."""
    if not rates[code].compound:
        return part.net
    charged = sorted(range(len(part.codes)), key=lambda i: rates[part.codes[i]].compound)
    before = charged[: charged.index(part.codes.index(code))]
    return part.net + sum(part.taxes[index] for index in before)


def _cells(parts: Sequence[Part], code: str) -> list[int]:
    return [
        max(part.taxes[part.codes.index(code)], 0) if code in part.codes else 0 for part in parts
    ]


def _less(part: Part, gone: Part) -> Part:
    return Part(
        part.account,
        part.codes,
        part.net - gone.net,
        tuple(one - other for one, other in zip(part.taxes, gone.taxes, strict=True)),
    )


def _at_most(asked: Part, left: Part) -> Part:
    return Part(
        asked.account,
        asked.codes,
        _capped(asked.net, left.net),
        tuple(_capped(one, other) for one, other in zip(asked.taxes, left.taxes, strict=True)),
    )


def _capped(asked: int, left: int) -> int:
    """What is asked for, between nothing and what is left (which may lie below zero)."""
    return max(0, min(asked, left)) if left >= 0 else min(0, max(asked, left))


def _spread(total: int, weights: Sequence[int]) -> list[int]:
    """A total over weights; evenly where they say nothing."""
    if not weights:
        return []
    return allocate(total, weights if sum(weights) else [1] * len(weights))
