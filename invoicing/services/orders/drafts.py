"""What is asked to be sold: items before they are in an order."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from core.errors import AmountOutOfRange
from core.money import MOST_MINOR_UNITS
from invoicing.errors import InvalidItem, TaxRateRepeated, TooManyItems, UnknownTaxRate
from invoicing.rules import is_code, is_whole, shown, text_problem
from invoicing.tax import Line

MOST_ITEMS = 5_000
MOST_RATES = 50
MOST_DECIMALS = 6
MOST_QUANTITY = Decimal(10) ** 12


class ItemDraft(NamedTuple):
    """`unit_amount` is the price of one, with the taxes that are inclusive; `discount_amount` comes
    off the item as a whole. Both in minor units.

    Without `tax_codes` the lock finds the rates of the place; an empty list is no tax at all.
    `revenue_account` is a code or an id; without it the account that has the role sales revenue.
    """

    description: str
    quantity: Decimal
    unit_amount: int
    discount_amount: int = 0
    sku: str = ""
    tax_codes: Sequence[str] | None = None
    revenue_account: str | UUID | None = None


def check_items(items: Sequence[ItemDraft]) -> list[ItemDraft]:
    """Each item alone; their texts come back without surrounding white space.

    Raises:
        TooManyItems, InvalidItem, TaxRateRepeated, UnknownTaxRate
        AmountOutOfRange: an item, or all of them together, exceed 64 bits.
    """
    if len(items) > MOST_ITEMS:
        raise TooManyItems(most=MOST_ITEMS, got=len(items))
    checked = [_check_item(position, item) for position, item in enumerate(items, start=1)]
    if sum(_amount(item) for item in checked) > MOST_MINOR_UNITS:
        raise AmountOutOfRange()
    return checked


def _check_item(position: int, item: ItemDraft) -> ItemDraft:
    problems = (
        ("description", _problem("the description", item.description, 500, has_lines=True)),
        ("sku", _problem("the SKU", item.sku, 100)),
        ("quantity", quantity_problem(item.quantity)),
        ("unit_amount", _amount_problem("price", item.unit_amount)),
        ("discount_amount", _amount_problem("discount", item.discount_amount)),
    )
    for member, problem in problems:
        if problem is not None:
            raise InvalidItem(position=position, member=member, problem=problem)
    item = item._replace(
        description=item.description.strip(),
        sku=item.sku.strip(),
        quantity=Decimal(item.quantity),
        tax_codes=_check_codes(position, item.tax_codes),
    )
    if not item.description and not item.sku:
        raise InvalidItem(
            position=position,
            member="description",
            problem="it has neither a description nor a SKU",
        )
    _check_amount(position, item)
    return item


def _problem(what: str, text: object, most: int, *, has_lines: bool = False) -> str | None:
    problem = text_problem(text, most=most, has_lines=has_lines)
    return problem and f"{what}: {problem}"


def quantity_problem(quantity: object) -> str | None:
    """What is wrong with how much of an item there is to be; None if nothing."""
    if not is_whole(quantity) and not isinstance(quantity, Decimal):
        return f"{shown(quantity)} is no quantity"
    number = Decimal(quantity)  # type: ignore[arg-type]
    if not number.is_finite():
        return f"{shown(quantity)} is no quantity"
    if number <= 0:
        return f"a quantity is above 0, not {shown(quantity)}"
    if number >= MOST_QUANTITY:
        return f"a quantity is below {MOST_QUANTITY:,f}, not {shown(quantity)}"
    exponent = number.as_tuple().exponent
    # Asked of the digits as given first: 6.0000000 is 6.
    if -int(exponent) > MOST_DECIMALS and number != number.quantize(Decimal("0.000001")):
        return f"a quantity has at most {MOST_DECIMALS} decimals, not {shown(quantity)}"
    return None


def _amount_problem(what: str, amount: object) -> str | None:
    if not is_whole(amount):
        return f"a {what} is a whole number of minor units, not {shown(amount)}"
    if not 0 <= amount <= MOST_MINOR_UNITS:  # type: ignore[operator]
        return f"a {what} is 0 to {MOST_MINOR_UNITS}, not {shown(amount)}"
    return None


def _check_codes(position: int, codes: Sequence[str] | None) -> tuple[str, ...] | None:
    if codes is None:
        return None
    if isinstance(codes, str) or len(codes) > MOST_RATES:
        raise InvalidItem(
            position=position,
            member="tax_rates",
            problem=f"tax rates are a list of at most {MOST_RATES} codes",
        )
    for number, code in enumerate(codes):
        if not is_code(code):
            raise UnknownTaxRate(position=position, tax_rate=shown(code))
        if code in codes[:number]:
            raise TaxRateRepeated(position=position, tax_rate=code)
    return tuple(codes)


def _check_amount(position: int, item: ItemDraft) -> None:
    whole = Line(item.quantity, item.unit_amount).amount
    if item.discount_amount > whole:
        raise InvalidItem(
            position=position,
            member="discount_amount",
            problem=f"a discount of {item.discount_amount} is more than the item's {whole}",
        )
    if whole > MOST_MINOR_UNITS:
        raise AmountOutOfRange()


def _amount(item: ItemDraft) -> int:
    return Line(item.quantity, item.unit_amount, item.discount_amount).amount
