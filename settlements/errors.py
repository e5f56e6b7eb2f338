"""What settlements refuse. Which database constraint says so is in `settlements/constraints.py`.

Facts that are amounts are minor units of the currency that is named beside them.
"""

from core.errors import Conflict, Invalid, NotFound


class _AtItsField(Invalid):
    """{field}: {problem}."""

    def __init__(self, **facts: object) -> None:
        super().__init__(**facts)
        self.attr = str(facts.get("field", "")) or None


# --- Payees, events, schedules --------------------------------------------------------------------


class PayeeNotFound(NotFound):
    """There is no payee {payee} in this organization."""


class UnknownPayee(Invalid):
    """There is no payee {payee} in this organization."""

    attr = "payee"


class PayeeCodeTaken(Conflict):
    """There is a payee {payee} already."""

    attr = "code"


class InvalidPayee(_AtItsField):
    """{field}: {problem}."""


class InvalidSchedule(Invalid):
    """This schedule cannot be followed: {problem}."""

    attr = "schedule"


class InvalidReserve(Invalid):
    """This reserve cannot be held: {problem}."""

    attr = "reserve"


class InvalidIban(Invalid):
    """{iban} is no IBAN: {problem}."""

    attr = "iban"


class InvalidBic(Invalid):
    """{bic} is no BIC: {problem}."""

    attr = "bic"


class PayeeCurrencyIsFixed(Conflict):
    """Payee {payee} stays in {currency}; a payee in another currency is another payee."""

    attr = "currency"


class InvalidPayableAccount(Invalid):
    """{account} is no liability account in {currency}."""

    attr = "payable"


class PayableAccountInUse(Conflict):
    """What payees are owed stands on account {account}: it stays as it is, in {currency}."""


class PayeeSuspended(Invalid):
    """Payee {payee} is suspended: nothing is settled until they are active again."""

    attr = "payee"


class EventNotFound(NotFound):
    """There is no event {event} in this organization."""


class UnknownEvent(Invalid):
    """There is no event {event} of this payee in this organization."""

    attr = "event"


class EventCodeTaken(Conflict):
    """There is an event {event} already."""

    attr = "code"


class InvalidEvent(_AtItsField):
    """{field}: {problem}."""


class EventPayeeIsFixed(Conflict):
    """Event {event} stays with its payee."""

    attr = "payee"


# --- Sales, refunds, adjustments ------------------------------------------------------------------


class SaleNotFound(NotFound):
    """There is no sale {sale} in this organization."""


class InvalidSale(_AtItsField):
    """{field}: {problem}."""


class PartsDoNotAddUp(Invalid):
    """The parts add up to {parts}, and the total is {total} {currency}."""

    attr = "total_amount"


class FeeAboveSale(Invalid):
    """The platform fee {fee} is more than the {available} {currency} that the sale leaves."""

    attr = "total_amount"


class CurrencyMismatch(Invalid):
    """Payee {payee} is paid in {expected}, not in {currency}."""

    attr = "currency"


class ReferenceConflict(Conflict):
    """There is something else under the reference {reference}: {differs} differs."""

    attr = "reference"


class RefundNotFound(NotFound):
    """There is no refund {refund} in this organization."""


class InvalidRefund(_AtItsField):
    """{field}: {problem}."""


class OverRefund(Invalid):
    """{amount} {currency} cannot be refunded: of the sale {sale}, {left} are left."""

    attr = "amount"


class NothingLeftToRefund(Conflict):
    """Nothing of the sale {sale} is left to refund."""


class RefundBeforeSale(Invalid):
    """The sale {sale} is of {sold_on}: it cannot be refunded on {refunded_on}."""

    attr = "refunded_on"


class AdjustmentNotFound(NotFound):
    """There is no adjustment {adjustment} in this organization."""


class InvalidAdjustment(_AtItsField):
    """{field}: {problem}."""


class ItemIsFinal(Conflict):
    """What is on a payee's account never changes and is never deleted; another item corrects it."""


class EntryBelongsToPayee(Conflict):
    """{reference} is the posting of a sale, a refund, an adjustment or a payout: record another of
    them instead of voiding the entry."""


class ItemPostingMismatch(Conflict):
    """What {reference} posts is not what its row says."""


# --- Settlements ----------------------------------------------------------------------------------


class SettlementNotFound(NotFound):
    """There is no settlement {settlement} in this organization."""


class UnknownSettlement(Invalid):
    """There is no settlement {settlement} in this organization."""

    attr = "settlements"


class NothingToSettle(Invalid):
    """Payee {payee} has nothing to settle through {through}."""

    attr = "through"


class BelowMinimumPayout(Invalid):
    """{total} {currency} are below the minimum payout of {minimum} of payee {payee}: it waits."""

    attr = "payee"


class SettledAlready(Invalid):
    """Payee {payee} has been settled through {before}: {through} is before that."""

    attr = "through"


class ImplausibleCutoff(Invalid):
    """A settlement goes through a day from 1900-01-01 to 2199-12-31, not {through}."""

    attr = "through"


class CutoffInTheFuture(Invalid):
    """Nothing is settled through {through}: that day has not begun ({today} is today)."""

    attr = "through"


class SettlementsBusy(Conflict):
    """The account of payee {payee} keeps changing: repeat."""

    passes = True


class OwnApproval(Invalid):
    """Whoever prepared a settlement cannot approve it: somebody else has to."""


class SettlementNotPending(Conflict):
    """Settlement {settlement} is {status}: only a pending one can be approved or discarded."""


class SettlementNotLast(Conflict):
    """Settlement {settlement} is not the payee's last: discard the later ones first."""


class SettlementNotApproved(Invalid):
    """Settlement {settlement} is {status}: it has to be approved before it is paid."""


class SettlementAlreadyPaid(Conflict):
    """Settlement {settlement} has been paid already, on {paid_on}."""


class NothingToPay(Invalid):
    """Settlement {settlement} has nothing to pay: its total is {total} {currency}."""


class SettlementNotPaying(Conflict):
    """Settlement {settlement} is {status}: there is no payout under way."""


class SettlementNotFailed(Conflict):
    """Settlement {settlement} is {status}: only a failed one is tried again."""


class PayoutDateRefused(_AtItsField):
    """{field}: {problem}."""


class InvalidFailure(_AtItsField):
    """{field}: {problem}."""


class SettlementIsFinal(Conflict):
    """A settlement never changes; only its payouts go on."""


class SettlementAmountsDoNotAddUp(Conflict):
    """The amounts of the settlement are not those of its items: repeat."""


class PayoutIsFinal(Conflict):
    """A payout goes forward only."""


# --- Payout batches -------------------------------------------------------------------------------


class PayoutBatchNotFound(NotFound):
    """There is no payout batch {batch} in this organization."""


class EmptyPayoutBatch(Invalid):
    """A payout batch needs at least one settlement."""

    attr = "settlements"


class MixedCurrencies(Invalid):
    """A payout batch is in one currency, not in {currencies}."""

    attr = "settlements"


class BatchSettlementNotProcessing(Invalid):
    """Settlement {settlement} is {status}: only approved ones whose payout is under way go into a
    batch."""

    attr = "settlements"


class SettlementRepeated(Invalid):
    """Settlement {settlement} is named twice."""

    attr = "settlements"


class AlreadyExported(Conflict):
    """{payout} is in an earlier batch ({batch}): asking the bank again needs a reason."""

    attr = "reason"


class PayeeHasNoIban(Invalid):
    """Payee {payee} has no IBAN, which a pain.001 file needs."""

    attr = "settlements"


class PayoutProfileMissing(Invalid):
    """A pain.001 file needs the account that pays: set the payout profile, or name the debtor."""

    attr = "debtor"


class InvalidPayoutProfile(_AtItsField):
    """{field}: {problem}."""


class SepaNeedsEuro(Invalid):
    """A pain.001 file for SEPA is in EUR, not in {currency}: use CSV."""

    attr = "format"


class InvalidPayoutBatch(_AtItsField):
    """{field}: {problem}."""


class BatchAmountsDoNotAddUp(Conflict):
    """The sums of the batch are not those of its payouts: repeat."""
