"""How commands show what checks found."""

from collections.abc import Sequence
from typing import Protocol

from ledger.reconciliation import CheckResult

# Of each check so many rows are shown on a screen; --format json has more.
SHOWN = 20


class Output(Protocol):
    def write(self, text: str, /) -> object: ...


def write_checks(output: Output, title: str, checks: Sequence[CheckResult]) -> None:
    """One line for each check, the rows that are off below it, and the sum of it all."""
    output.write(title)
    width = max((len(check.name) for check in checks), default=0)
    for check in checks:
        verdict = "ok" if check.passed else f"{check.mismatch_count} off"
        output.write(f"  {check.name:<{width}}  {verdict}")
        for finding in check.findings[:SHOWN]:
            output.write(f"    {finding.organization}: {finding.message} [{finding.id}]")
        if (hidden := check.mismatch_count - len(check.findings[:SHOWN])) > 0:
            output.write(f"    … and {hidden} more")
    count = sum(check.mismatch_count for check in checks)
    output.write(f"{count} rows are off." if count else "Everything ties.")
