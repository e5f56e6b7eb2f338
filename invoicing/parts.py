"""What a document consists of: net amounts by revenue account and set of rates, with the taxes.

Amounts are minor units.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Part:
    """What of a document belongs to one revenue account under one set of rates.

    `account` None is the account that has the role. `taxes[i]` is what the rate `codes[i]` charges
    on it.
    """

    account: UUID | None
    codes: tuple[str, ...]
    net: int
    taxes: tuple[int, ...]

    @property
    def key(self) -> "PartKey":
        return self.account, self.codes

    @property
    def total(self) -> int:
        return self.net + sum(self.taxes)


PartKey = tuple[UUID | None, tuple[str, ...]]


def merged(parts: Iterable[Part]) -> list[Part]:
    """One part for each account and set of rates, in the order of first use."""
    summed: dict[PartKey, Part] = {}
    for part in parts:
        so_far = summed.get(part.key)
        if so_far is None:
            summed[part.key] = part
        else:
            summed[part.key] = Part(
                part.account,
                part.codes,
                so_far.net + part.net,
                tuple(one + other for one, other in zip(so_far.taxes, part.taxes, strict=True)),
            )
    return list(summed.values())


def parts_of_items(
    snapshot: Mapping[str, Any], accounts: Mapping[int, UUID] | None = None
) -> list[Part]:
    """The items of a locked order, one part each; `accounts` are their own revenue accounts, by
    position."""
    accounts = accounts or {}
    return [
        Part(
            accounts.get(item["position"]),
            tuple(tax["code"] for tax in item["taxes"]),
            item["net_amount"],
            tuple(tax["tax_amount"] for tax in item["taxes"]),
        )
        for item in snapshot["items"]
    ]


def taxes_by_rate(parts: Iterable[Part]) -> dict[str, int]:
    """What each rate charges on all parts, in the order of first use."""
    taxes: dict[str, int] = {}
    for part in parts:
        for code, tax in zip(part.codes, part.taxes, strict=True):
            taxes[code] = taxes.get(code, 0) + tax
    return taxes


def net_of(parts: Sequence[Part]) -> int:
    return sum(part.net for part in parts)


def total_of(parts: Sequence[Part]) -> int:
    return sum(part.total for part in parts)
