"""What all reports share: whose they are, for when, in which currencies, and that they tie."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from ledger.errors import PeriodReversed
from ledger.models import AccountType
from ledger.selectors.balances import Totals
from ledger.selectors.exchange import UsedRate, rates_into
from ledger.selectors.reports.chart import Chart, Place
from organizations.models import Organization


@dataclass(frozen=True, kw_only=True)
class Report:
    """A report, computed from lines alone; amounts are minor units of each part's currency."""

    name: ClassVar[str]
    title: ClassVar[str]

    organization: Organization
    known_at: datetime | None = None
    reporting_currency: str | None = None
    rates: Sequence[UsedRate] = ()

    @property
    def ties(self) -> bool:
        """Whether the report's own check holds. It always does, or the books are broken."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class ReportAsOf(Report):
    """A report of where things stand at the end of a day."""

    as_of: date


@dataclass(frozen=True, kw_only=True)
class ReportOfPeriod(Report):
    """A report of what happened from one day to another, both included."""

    since: date
    until: date

    def __post_init__(self) -> None:
        if self.since > self.until:
            raise PeriodReversed(since=self.since.isoformat(), until=self.until.isoformat())


@dataclass(frozen=True, slots=True)
class FigureRow:
    """An account and its amount in the normal sign; a roll-up adds up the accounts below it."""

    code: str
    name: str
    type: str
    amount: int
    depth: int = 0
    parent: str | None = None
    is_rollup: bool = False


@dataclass(frozen=True, slots=True)
class Nets:
    """Debits less credits of each account, in one currency.

    `difference` is by how much the books themselves are off: zero, or something is broken.
    `translation_difference` is what rounding each account by itself has left over, as a debit.
    """

    currency: str
    nets: Mapping[UUID, int]
    difference: int = 0
    translation_difference: int = 0

    def of(self, chart: Chart, *types: AccountType) -> list[tuple[Place, int]]:
        """The accounts of these types that are not at zero, in tree order."""
        return [
            (place, self.nets[place.id])
            for place in chart.places.values()
            if place.type in types and self.nets.get(place.id)
        ]


@dataclass(frozen=True, slots=True)
class Translated:
    """Figures by currency, as they are kept or in one reporting currency."""

    currencies: Sequence[Nets]
    rates: Sequence[UsedRate] = ()


def by_currency(
    organization: Organization,
    totals: Mapping[UUID, Totals],
    chart: Chart,
    reporting_currency: str | None,
    on: date,
) -> Translated:
    """Split what accounts took by currency, or translate it at the rates of one day.

    Each account is translated and rounded half up by itself, so that the same account reads the
    same in every report of that day; what the roundings leave over is stated, not hidden.

    Raises:
        RateMissing: a currency in use has no rate on or before that day.
    """
    own: dict[str, dict[UUID, int]] = {}
    for place in chart.places.values():
        if place.id in totals:
            own.setdefault(place.currency, {})[place.id] = totals[place.id].net
    kept = [
        Nets(currency, nets, difference=sum(nets.values()))
        for currency, nets in sorted(own.items())
    ]
    if reporting_currency is None:
        return Translated(kept)
    in_use = [part.currency for part in kept if any(part.nets.values())]
    rates = rates_into(organization, reporting_currency, in_use, on)
    nets = {
        account_id: rates.translate(net, part.currency)
        for part in kept
        for account_id, net in part.nets.items()
        if net
    }
    # The books' own difference is told apart from what rounding leaves over.
    difference = sum(rates.translate(p.difference, p.currency) for p in kept if p.difference)
    one = Nets(reporting_currency, nets, difference, difference - sum(nets.values()))
    return Translated([one] if nets else [], rates.used)


def figure_rows(amounts: Iterable[tuple[Place, int]]) -> tuple[FigureRow, ...]:
    """Rows in the accounts' normal sign, below the accounts above them with their roll-ups."""
    found = list(amounts)
    rolled_up: dict[UUID, int] = {}
    for place, net in found:
        for above in place.ancestors():
            rolled_up[above.id] = rolled_up.get(above.id, 0) + net
    rows: list[FigureRow] = []
    shown: set[UUID] = set()
    for place, net in found:
        for above in reversed(list(place.ancestors())):
            if above.id not in shown:
                shown.add(above.id)
                rows.append(_row(above, rolled_up[above.id], is_rollup=True))
        rows.append(_row(place, net))
    return tuple(rows)


def _row(place: Place, net: int, *, is_rollup: bool = False) -> FigureRow:
    return FigureRow(
        code=place.code,
        name=place.name,
        type=place.type.value,
        amount=net * place.type.normal_sign,
        depth=place.depth,
        parent=place.parent_code,
        is_rollup=is_rollup,
    )


def sum_of(rows: Iterable[FigureRow]) -> int:
    """The sum of the rows themselves, without the roll-ups, which only repeat them."""
    return sum(row.amount for row in rows if not row.is_rollup)
