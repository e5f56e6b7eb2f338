"""The register of checks that hold one account of the facts against another.

An app whose facts must agree with the books registers its check when it loads:
`ledger.reconciliation.register("invoices", check)`. Whoever runs them knows only this module.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from core.errors import Invalid, NotFound
from organizations.models import Organization

# Of each check so many findings are kept with their rows; all of them are counted.
MOST_FINDINGS = 1_000


class UnknownCheck(NotFound):
    """There is no check {check}; the checks are {known}."""


class UndatedCheck(Invalid):
    """The check {check} is of now only: leave out as_of."""

    attr = "as_of"


@dataclass(frozen=True, slots=True)
class Finding:
    """One row that is off: which, what was expected of it, what was found, and that in words.

    `name` is how people call the row: an entry's reference, an account's code. Amounts are in
    minor units.
    """

    organization: str
    row: str
    id: str
    name: str
    problem: str
    expected: str
    got: str
    detail: str
    message: str

    def as_json(self) -> dict[str, str]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What one check found. `mismatch_count` counts also what `findings` has no room for."""

    name: str
    findings: Sequence[Finding] = field(default_factory=list)
    mismatch_count: int = 0

    @property
    def passed(self) -> bool:
        return self.mismatch_count == 0

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "passed": self.passed,
            "mismatch_count": self.mismatch_count,
            "findings": [finding.as_json() for finding in self.findings],
        }


Check = Callable[[Organization], CheckResult]
DatedCheck = Callable[[Organization, date], CheckResult]

_checks: dict[str, Check] = {}
_dated_checks: dict[str, DatedCheck] = {}


def register(name: str, check: Check, *, as_of: DatedCheck | None = None) -> None:
    """Make a check known under the name by which people ask for it; `as_of` is the same at the end
    of a day, where it has such a form."""
    _checks[name] = check
    if as_of is not None:
        _dated_checks[name] = as_of


def check_names() -> list[str]:
    return sorted(_checks)


def run_checks(organization: Organization, names: Iterable[str] | None = None) -> list[CheckResult]:
    """Run these checks, or all that are registered; nothing is written.

    Raises:
        UnknownCheck
    """
    return [_check(name)(organization) for name in chosen_checks(names)]


def run_check_as_of(organization: Organization, name: str, as_of: date) -> CheckResult:
    """Run one check for the end of a day; nothing is written.

    Raises:
        UnknownCheck, UndatedCheck
    """
    _check(name)
    if name not in _dated_checks:
        raise UndatedCheck(check=name)
    return _dated_checks[name](organization, as_of)


def chosen_checks(names: Iterable[str] | None = None) -> list[str]:
    """The checks that are asked for, or all of them, each one once and in a stable order.

    Raises:
        UnknownCheck
    """
    chosen = check_names() if names is None else sorted(set(names))
    for name in chosen:
        _check(name)
    return chosen


def _check(name: str) -> Check:
    try:
        return _checks[name]
    except KeyError:
        raise UnknownCheck(check=name[:60], known=", ".join(check_names())) from None


def summed_up(name: str, results: Sequence[CheckResult]) -> CheckResult:
    """Several results as the one check `name`."""
    findings = [finding for result in results for finding in result.findings]
    count = sum(result.mismatch_count for result in results)
    return CheckResult(name, findings[:MOST_FINDINGS], count)


def as_json(results: Sequence[CheckResult]) -> Mapping[str, Any]:
    """The shape of the API: whether everything ties, and what each check found."""
    return {
        "ties": all(result.passed for result in results),
        "checks": [result.as_json() for result in results],
    }
