"""The chart of accounts as reports read it: in tree order, each account with its place."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from ledger.models import AccountType
from organizations.models import Organization


@dataclass(frozen=True, slots=True)
class Place:
    """An account and where it stands; `depth` is 0 for those at the top."""

    id: UUID
    code: str
    name: str
    type: AccountType
    currency: str
    role: str
    parent: "Place | None"
    depth: int

    @property
    def parent_code(self) -> str | None:
        return self.parent.code if self.parent else None

    def ancestors(self) -> Iterator["Place"]:
        """The accounts above this one, nearest first."""
        above = self.parent
        while above is not None:
            yield above
            above = above.parent


@dataclass(frozen=True, slots=True)
class Chart:
    """Every account, parents before their children and siblings by code."""

    places: Mapping[UUID, Place]

    def below(self, top: set[UUID]) -> list[UUID]:
        """These accounts and all that stand below them."""
        return [
            place.id
            for place in self.places.values()
            if place.id in top or any(above.id in top for above in place.ancestors())
        ]


def chart_of(organization: Organization) -> Chart:
    """One SELECT, to be made after the figures: an account is there before its first line."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, code, name, type, currency, role, parent_id "
            "FROM ledger_account WHERE organization_id = %s",
            [organization.pk],
        )
        rows = sorted(cursor.fetchall(), key=lambda row: row[1], reverse=True)
    children: dict[UUID | None, list[tuple[Any, ...]]] = {}
    for row in rows:
        children.setdefault(row[-1], []).append(row)
    types = {kind.value: kind for kind in AccountType}
    places: dict[UUID, Place] = {}
    ahead: list[tuple[tuple[Any, ...], Place | None]] = [
        (row, None) for row in children.get(None, [])
    ]
    while ahead:
        (account_id, code, name, kind, currency, role, _), parent = ahead.pop()
        depth = parent.depth + 1 if parent else 0
        place = Place(account_id, code, name, types[kind], currency, role, parent, depth)
        places[account_id] = place
        ahead.extend((child, place) for child in children.get(account_id, []))
    return Chart(places)
