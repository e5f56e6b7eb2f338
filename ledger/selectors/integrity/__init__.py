"""Re-derive the books from their lines, and name every row that does not agree."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ledger.reconciliation import CheckResult, as_json, summed_up
from ledger.selectors.integrity import statements
from ledger.selectors.integrity.findings import Problem, Question, find
from organizations.models import Organization

# The checks in the order in which they are shown: name, and the problems that each looks for.
_CHECKS = {
    "entries_have_lines": ("entry_has_too_few_lines", "pending_entry_has_lines"),
    "entries_balance": ("entry_is_unbalanced",),
    "totals_match_lines": ("total_is_off",),
    "lines_are_debit_or_credit": ("line_is_not_one_sided",),
    "lines_stay_in_their_organization": ("line_has_no_entry", "line_account_is_foreign"),
    "balances_equal_lines": ("balance_is_missing", "balance_is_surplus", "balance_is_off"),
    "accounting_equation": ("equation_does_not_hold",),
    "references_are_unique": ("reference_is_not_unique", "alias_is_a_reference"),
    "voided_entries_are_reversed": (
        "voided_entry_has_no_reversal",
        "reversed_entry_is_not_voided",
        "reversal_is_no_mirror",
    ),
    "posted_entries_have_no_proposals": ("proposal_is_left_over",),
    "closed_periods_are_untouched": ("closed_period_was_entered", "closing_has_no_trail"),
    "accounts_form_a_tree": ("account_is_above_itself", "account_differs_from_its_parent"),
    "only_leaf_accounts_have_lines": ("parent_account_has_lines",),
}

_QUESTIONS = (
    Question(
        statements.ENTRIES,
        {
            "entry_is_unbalanced": Problem(
                "journal entry",
                "{name} does not balance in {detail}: debits {expected}, credits {got}",
            ),
            "entry_has_too_few_lines": Problem(
                "journal entry", "{name} is {detail} and has {got} lines; it needs at least two"
            ),
            "pending_entry_has_lines": Problem(
                "journal entry", "{name} is pending and has {got} lines in the books"
            ),
            "total_is_off": Problem(
                "journal entry",
                "{name} says that its total is {got} {detail}; its debits are {expected}",
            ),
        },
    ),
    Question(
        statements.LINES,
        {
            "line_has_no_entry": Problem(
                "journal line", "{detail} of entry {expected}: there is no such entry"
            ),
            "line_account_is_foreign": Problem(
                "journal line",
                "{name}, {detail}: its account belongs elsewhere ({got}, not {expected})",
            ),
            "line_is_not_one_sided": Problem(
                "journal line",
                "{name}, {detail}: neither a debit nor a credit (debit {expected}, credit {got})",
            ),
        },
    ),
    Question(
        statements.BALANCES,
        {
            "balance_is_missing": Problem(
                "account",
                "account {name}, {detail}: no balance is kept; its lines make {expected}",
            ),
            "balance_is_surplus": Problem(
                "account balance", "account {name}, {detail}: a balance of {got} and not one line"
            ),
            "balance_is_off": Problem(
                "account balance",
                "account {name}, {detail}: the balance says {got}, its lines make {expected} "
                "(debits / credits)",
            ),
            "equation_does_not_hold": Problem(
                "organization",
                "in {name}, assets and expenses are {expected}; liabilities, equity and revenue "
                "are {got}",
            ),
        },
    ),
    Question(
        statements.REFERENCES,
        {
            "reference_is_not_unique": Problem(
                "journal entry", "{got} entries have the reference {name}: {detail}"
            ),
            "alias_is_a_reference": Problem(
                "entry alias", "{name} is an alias of {expected} and the reference of entry {got}"
            ),
        },
    ),
    Question(
        statements.VOIDS,
        {
            "voided_entry_has_no_reversal": Problem(
                "journal entry", "{name} is voided and nothing reverses it"
            ),
            "reversed_entry_is_not_voided": Problem(
                "journal entry", "{name} is {got}, though {detail} reverses it"
            ),
            "reversal_is_no_mirror": Problem(
                "journal entry", "{name} and what it reverses leave {got} on {detail}"
            ),
        },
    ),
    Question(
        statements.PROPOSALS,
        {
            "proposal_is_left_over": Problem(
                "proposed line", "{name} is {got} and still has a proposed line, {detail}"
            ),
        },
    ),
    Question(
        statements.PERIODS,
        {
            "closed_period_was_entered": Problem(
                "journal entry",
                "{name} is dated {got} and was {detail}, when only days {expected} were open",
            ),
            "closing_has_no_trail": Problem(
                "organization",
                "the books of {name} are closed through {got}; by the audit trail {expected}",
            ),
        },
    ),
    Question(
        statements.ACCOUNTS,
        {
            "account_is_above_itself": Problem("account", "account {name} stands below itself"),
            "account_differs_from_its_parent": Problem(
                "account", "account {name} is of type {got}; its {detail} is of type {expected}"
            ),
            "parent_account_has_lines": Problem(
                "account", "account {name} has children and {got} lines of its own"
            ),
        },
    ),
)


@dataclass(frozen=True, slots=True)
class BooksCheck:
    """Whether the books tie, and what each check found."""

    checks: Sequence[CheckResult]

    @property
    def ties(self) -> bool:
        return all(check.passed for check in self.checks)

    def as_json(self) -> dict[str, Any]:
        return dict(as_json(self.checks))


def verify_books(organization: Organization | None = None) -> BooksCheck:
    """Re-derive everything, for one organization or for all; nothing is written.

    Eight statements, however many lines and organizations there are.
    """
    findings, counts = find(_QUESTIONS, organization)
    return BooksCheck(
        [
            CheckResult(
                name,
                [finding for problem in problems for finding in findings.get(problem, [])],
                sum(counts.get(problem, 0) for problem in problems),
            )
            for name, problems in _CHECKS.items()
        ]
    )


def check_integrity(organization: Organization) -> CheckResult:
    """All of `verify_books` as one check among the reconciliations."""
    return summed_up("integrity", verify_books(organization).checks)
