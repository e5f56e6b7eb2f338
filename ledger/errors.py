"""What the books refuse. Which database constraint says so is in `ledger/constraints.py`."""

from core.errors import Conflict, Invalid, NotFound

# --- Accounts and charts --------------------------------------------------------------------------


class AccountNotFound(NotFound):
    """There is no account {account} in this organization."""


class UnknownAccount(Invalid):
    """Entry {reference}, line {position}: there is no account {account}."""

    attr = "lines"


class RoleUnfilled(Invalid):
    """No account has the role {role} in {currency}: give it to one in the chart of accounts."""


class AccountArchived(Invalid):
    """Account {account} is archived and takes no lines (entries: {references})."""

    attr = "lines"


class AccountHasChildren(Invalid):
    """Account {account} has children and takes no lines: post to one of them
    (entries: {references})."""

    attr = "lines"


class AccountInUse(Conflict):
    """Account {account} is in use: it has lines, proposed lines or children."""


class AccountTypeMismatch(Invalid):
    """Account {account} must have the type of the accounts above and below it."""

    attr = "type"


class AccountCycle(Invalid):
    """Account {account} cannot stand below itself."""

    attr = "parent"


class AccountCodeTaken(Conflict):
    """There is an account {account} already."""

    attr = "code"


class AccountRoleTaken(Conflict):
    """Another account has the role {role} in {currency} already."""

    attr = "role"


class InvalidAccountCode(Invalid):
    """{account} is no account code: use letters, digits and .:_- , up to 100 of them."""

    attr = "code"


class InvalidAccountName(Invalid):
    """{name} is no account name: it has 1 to 200 characters and none that cannot be kept."""

    attr = "name"


class InvalidAccountDescription(Invalid):
    """The description of account {account} has at most {most} characters and none that cannot be
    kept."""

    attr = "description"


class InvalidBalanceSlots(Invalid):
    """An account has 1 to 64 balance slots, not {balance_slots}."""

    attr = "balance_slots"


class UnknownAccountType(Invalid):
    """There is no account type {type}; the types are {known}."""

    attr = "type"


class UnknownAccountRole(Invalid):
    """There is no account role {role}; the roles are {known}."""

    attr = "role"


class UnknownAccountStatus(Invalid):
    """There is no account status {status}; an account is active or archived."""

    attr = "status"


class UnknownParent(Invalid):
    """There is no account {parent} to stand below."""

    attr = "parent"


class ParentArchived(Invalid):
    """Account {parent} is archived: restore it before an account below it is used."""

    attr = "parent"


class AccountHasActiveChildren(Invalid):
    """Account {account} has active accounts below it: archive those first ({children})."""

    attr = "status"


class UnknownChart(Invalid):
    """There is no chart template {chart}; the templates are {known}."""

    attr = "chart"


class ChartHeaderWrong(Invalid):
    """The first line of a chart names its columns: {reason}. The columns are {columns}."""


class ChartTooLong(Invalid):
    """A chart has at most {most} accounts; nothing was imported."""


class ChartNotApplied(Invalid):
    """The chart {chart} was refused: line {line}, account {account}: {reason}"""


# --- Entries --------------------------------------------------------------------------------------


class EntryNotFound(NotFound):
    """There is no journal entry {entry} in this organization."""


class UnbalancedEntry(Invalid):
    """Entry {reference} does not balance in {currency}: debits {debit}, credits {credit},
    difference {difference} (minor units)."""

    attr = "lines"


class EntryHasTooFewLines(Invalid):
    """Entry {reference} needs at least two lines; it has {lines}."""

    attr = "lines"


class EntryHasTooManyLines(Invalid):
    """Entry {reference} has {lines} lines; at most {most} are taken."""

    attr = "lines"


class LineNotDebitOrCredit(Invalid):
    """Entry {reference}, line {position}: a line is either a debit or a credit above zero
    (debit {debit}, credit {credit})."""

    attr = "lines"


class AmountTooLarge(Invalid):
    """Entry {reference}, line {position}: {amount} does not fit into 64 bits of minor units."""

    attr = "lines"


class TotalMismatch(Invalid):
    """The total of entry {reference} is not the sum of its debits."""


class CurrencyMismatch(Invalid):
    """Entry {reference}, line {position}: account {account} keeps {expected}, not {got}."""

    attr = "lines"


class ReferenceConflict(Conflict):
    """The reference {reference} is in the books already, with another content: {differs}."""

    attr = "reference"


class ReservedReferenceType(Invalid):
    """Entry {reference}: the reference type {reference_type} is kept for what the program itself
    posts."""

    attr = "reference_type"


class ImplausibleDate(Invalid):
    """Entry {reference} is dated {effective_on}; take a date between 1900-01-01 and 2199-12-31."""

    attr = "effective_on"


class EntryIsFinal(Conflict):
    """Entry {reference} is {status}: it cannot be changed or deleted, only voided."""


class EntryNotPending(Conflict):
    """Entry {reference} is {status}, not pending."""


class EntryNotPosted(Conflict):
    """Entry {reference} is {status}, not posted: there is nothing to void."""


class EntryChanged(Conflict):
    """Entry {reference} was edited since you looked at it (revision {expected}, now {got})."""


class OwnApproval(Invalid):
    """Entry {reference} needs a second person: its maker may not approve it."""


class ApprovalRequired(Invalid):
    """Entry {reference} is above the threshold of {threshold} {currency} (minor units): propose
    it as pending, and somebody else approves it."""

    attr = "status"


class AlreadyVoided(Conflict):
    """Entry {reference} is voided already."""


class ReversalMismatch(Invalid):
    """Entry {reference} is not the mirror image of the entry that it reverses."""


# --- Periods --------------------------------------------------------------------------------------


class BooksClosed(Invalid):
    """The books are closed through {closed_through}: entry {reference} may not be dated
    {effective_on}."""

    attr = "effective_on"


class BooksBusy(Conflict):
    """The books are busy with postings in flight; nothing was changed: try again."""


class NotClosed(Invalid):
    """The books are closed through {closed_through}; reopening them to {through} opens no day."""


class CloseGoesBack(Invalid):
    """The books are closed through {closed_through} already; to open days again, reopen them."""

    attr = "through"


class CloseInTheFuture(Invalid):
    """The books cannot be closed through {through}: that day has not begun ({today} is today)."""

    attr = "through"


class YearNotOver(Invalid):
    """The fiscal year {year} ends on {ends_on}; it cannot be closed before it is over."""

    attr = "year"


class YearAlreadyClosed(Conflict):
    """The fiscal year {year} is closed already (entry {reference}): reopen the year first."""

    attr = "year"


class YearNotClosed(Conflict):
    """The fiscal year {year} is not closed."""

    attr = "year"


# --- Cashbook -------------------------------------------------------------------------------------


class CashEntryNotFound(NotFound):
    """There is no cash entry {cash_entry} in this organization."""


class UserNotAMember(Invalid):
    """{user} is not an active member of this organization."""

    attr = "user"


class WrongSign(Invalid):
    """A {kind} of {amount} has the wrong sign: revenue is positive, an expense negative, and
    nothing is zero."""

    attr = "amount"


class NotADebt(Invalid):
    """Cash entry {cash_entry} is a {kind}; only a debt is settled."""


class DebtAlreadySettled(Conflict):
    """The debt {cash_entry} is settled already."""


class DebtVoided(Conflict):
    """The posting of the debt {cash_entry} was voided: nothing is owed."""


class SettledTooEarly(Invalid):
    """A debt of {occurred_at} cannot be settled before that, at {settled_at}."""

    attr = "settled_at"


# --- Backfill -------------------------------------------------------------------------------------


class BeforeOpening(Invalid):
    """Entry {reference} is dated {effective_on}, before the opening balances of {opened_on}: they
    contain it already."""

    attr = "effective_on"


class LegacyReferenceUnknown(Invalid):
    """Neither {legacy_reference} nor {reference} is in the books, and there are no lines to post
    under them."""

    attr = "legacy_reference"


class LegacyReferenceTaken(Conflict):
    """{legacy_reference} and {reference} stand for different entries in the books."""

    attr = "legacy_reference"


class RepeatedInFile(Conflict):
    """{reference} stands in line {line} already, with another content."""

    attr = "reference"


# --- Exchange rates -------------------------------------------------------------------------------


class RateMissing(Invalid):
    """There is no exchange rate from {currency} to {quote_currency} on or before {on}."""


class BadRate(Invalid):
    """That is no exchange rate: {rate}."""

    attr = "rate"


# --- Reports --------------------------------------------------------------------------------------


class PeriodReversed(Invalid):
    """The period begins on {since}, after it ends on {until}."""

    attr = "from"


class BadReportParameter(Invalid):
    """{parameter}: {problem}."""

    @property
    def attr(self) -> str:  # type: ignore[override]
        return str(self.facts["parameter"])


class UnknownReport(NotFound):
    """There is no report {report}; there are: {reports}."""


class ReportTooLong(Invalid):
    """The {report} has more than {most} rows, too many for {format}: take csv or xlsx, or a
    shorter period."""

    attr = "format"
