"""Which refusal each constraint of the ledger's tables stands for."""

from core.errors import ConstraintRegistry
from ledger.errors import (
    AccountArchived,
    AccountCodeTaken,
    AccountCycle,
    AccountHasChildren,
    AccountInUse,
    AccountRoleTaken,
    AccountTypeMismatch,
    AlreadyVoided,
    BooksClosed,
    DebtAlreadySettled,
    EntryHasTooFewLines,
    EntryIsFinal,
    EntryNotPending,
    EntryNotPosted,
    ImplausibleDate,
    LineNotDebitOrCredit,
    OwnApproval,
    ReferenceConflict,
    ReversalMismatch,
    TotalMismatch,
    UnbalancedEntry,
    UnknownAccount,
    WrongSign,
)


def register_constraints() -> None:
    ConstraintRegistry.register(
        {
            "entry_is_balanced": lambda facts: UnbalancedEntry(**facts),
            "entry_has_lines": lambda facts: EntryHasTooFewLines(lines=0, **facts),
            "entry_total_matches_its_lines": lambda facts: TotalMismatch(**facts),
            "entry_period_is_open": lambda facts: BooksClosed(**facts),
            "entry_gets_its_lines_once": lambda facts: EntryIsFinal(status="posted", **facts),
            "entry_is_final": lambda facts: EntryIsFinal(**facts),
            "entry_is_voided_by_its_reversal": lambda facts: ReversalMismatch(**facts),
            "reversal_mirrors_its_entry": lambda facts: ReversalMismatch(**facts),
            "entry_reference_is_unique": lambda facts: ReferenceConflict(
                reference=facts.get("reference"), differs="it is another entry's"
            ),
            "entry_is_reversed_once": lambda facts: AlreadyVoided(reference="named"),
            "entry_is_approved_by_another": lambda facts: OwnApproval(reference="named"),
            "entry_effective_on_is_plausible": lambda facts: ImplausibleDate(),
            "line_entry_is_posted": lambda facts: EntryNotPosted(status="pending", **facts),
            "line_is_debit_or_credit": lambda facts: LineNotDebitOrCredit(),
            "proposedline_is_debit_or_credit": lambda facts: LineNotDebitOrCredit(),
            "line_account_is_active": lambda facts: AccountArchived(**facts),
            "line_account_has_no_children": lambda facts: AccountHasChildren(**facts),
            "journalline_account_is_of_its_organization": lambda facts: UnknownAccount(),
            "account_keeps_its_type_and_currency": lambda facts: AccountInUse(**facts),
            "account_has_the_type_of_its_parent": lambda facts: AccountTypeMismatch(**facts),
            "account_is_not_above_itself": lambda facts: AccountCycle(**facts),
            "account_with_lines_has_no_children": lambda facts: AccountInUse(**facts),
            "account_with_lines_stays": lambda facts: AccountInUse(**facts),
            "account_code_is_unique": lambda facts: AccountCodeTaken(account="of this code"),
            "account_role_is_unique_per_currency": lambda facts: AccountRoleTaken(),
            "proposedline_entry_is_pending": lambda facts: EntryNotPending(**facts),
            "cashentry_is_final": lambda facts: DebtAlreadySettled(cash_entry=facts.get("id")),
            "cashentry_sign_fits_its_kind": lambda facts: WrongSign(),
        }
    )
