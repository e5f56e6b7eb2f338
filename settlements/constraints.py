"""Which refusal each constraint of the settlement tables stands for."""

from core.errors import ConstraintRegistry
from settlements.errors import (
    AlreadyExported,
    BatchAmountsDoNotAddUp,
    BatchSettlementNotProcessing,
    CurrencyMismatch,
    EntryBelongsToPayee,
    EventCodeTaken,
    EventPayeeIsFixed,
    InvalidAdjustment,
    InvalidBic,
    InvalidEvent,
    InvalidFailure,
    InvalidIban,
    InvalidPayableAccount,
    InvalidPayee,
    InvalidPayoutBatch,
    InvalidReserve,
    InvalidSale,
    InvalidSchedule,
    ItemIsFinal,
    ItemPostingMismatch,
    OverRefund,
    OwnApproval,
    PartsDoNotAddUp,
    PayableAccountInUse,
    PayeeCodeTaken,
    PayeeCurrencyIsFixed,
    PayeeSuspended,
    PayoutIsFinal,
    ReferenceConflict,
    RefundBeforeSale,
    SettlementAlreadyPaid,
    SettlementAmountsDoNotAddUp,
    SettlementIsFinal,
    SettlementNotApproved,
    SettlementNotPending,
    SettlementsBusy,
    UnknownEvent,
    UnknownPayee,
)


def register_constraints() -> None:
    """Make them known to the translator."""
    ConstraintRegistry.register(_PAYEES | _ITEMS | _SETTLEMENTS)


_PAYEES = {
    "payee_code_is_unique": lambda facts: PayeeCodeTaken(payee=facts.get("code")),
    "payee_code_is_plain": lambda facts: InvalidPayee(
        field="code", problem="letters, digits and .:_- , up to 100 of them"
    ),
    "payee_schedule_comes_due": lambda facts: InvalidSchedule(problem="it never comes due"),
    "payee_reserve_is_percentage_or_floor": lambda facts: InvalidReserve(
        problem="a percentage above 0 with days, or a floor above 0"
    ),
    "payee_minimum_payout_is_not_negative": lambda facts: InvalidPayee(
        field="minimum_payout_amount", problem="at least 0"
    ),
    "payee_fee_is_plausible": lambda facts: InvalidPayee(
        field="fee_policy", problem="a percentage of 0 to 100 and an amount of at least 0"
    ),
    "payee_iban_is_plain": lambda facts: InvalidIban(iban="this", problem="it is malformed"),
    "payoutprofile_iban_is_plain": lambda facts: InvalidIban(
        iban="this", problem="it is malformed"
    ),
    "payee_bic_is_plain": lambda facts: InvalidBic(bic="this", problem="it is malformed"),
    "payoutprofile_bic_is_plain": lambda facts: InvalidBic(bic="this", problem="it is malformed"),
    "payee_keeps_its_currency_and_account": lambda facts: PayeeCurrencyIsFixed(**facts),
    "payee_payable_is_a_liability_in_its_currency": lambda facts: InvalidPayableAccount(**facts),
    "payable_keeps_its_type_and_currency": lambda facts: PayableAccountInUse(**facts),
    "event_code_is_unique": lambda facts: EventCodeTaken(event=facts.get("code")),
    "event_code_is_plain": lambda facts: InvalidEvent(
        field="code", problem="letters, digits and .:_- , up to 100 of them"
    ),
    "event_ends_on_is_plausible": lambda facts: InvalidEvent(
        field="ends_on", problem="a day from 1900-01-01 to 2199-12-31"
    ),
    "event_keeps_its_payee": lambda facts: EventPayeeIsFixed(**facts),
}

_ITEMS = {
    "sale_reference_is_unique": lambda facts: ReferenceConflict(
        reference=facts.get("reference"), differs="its content"
    ),
    "refund_reference_is_unique": lambda facts: ReferenceConflict(
        reference=facts.get("reference"), differs="its content"
    ),
    "adjustment_reference_is_unique": lambda facts: ReferenceConflict(
        reference=facts.get("reference"), differs="its content"
    ),
    "sale_parts_add_up": lambda facts: PartsDoNotAddUp(),
    "sale_amounts_are_not_negative": lambda facts: InvalidSale(
        field="total_amount", problem="above 0, and no part below 0"
    ),
    "sale_refunds_are_within_its_total": lambda facts: OverRefund(),
    "sale_is_not_overrefunded": lambda facts: OverRefund(**facts),
    "refund_is_of_its_sale": lambda facts: RefundBeforeSale(**facts),
    "adjustment_sign_fits_its_kind": lambda facts: InvalidAdjustment(
        field="amount", problem="not 0, and of a fee below 0"
    ),
    "adjustment_has_a_reason": lambda facts: InvalidAdjustment(field="reason", problem="is needed"),
    "item_is_in_the_currency_of_its_payee": lambda facts: CurrencyMismatch(**facts),
    "item_is_of_an_event_of_its_payee": lambda facts: UnknownEvent(**facts),
    "item_is_posted_as_it_says": lambda facts: ItemPostingMismatch(**facts),
    "item_begins_unsettled": lambda facts: ItemIsFinal(**facts),
    "item_is_final": lambda facts: ItemIsFinal(**facts),
    "entry_of_a_payee_stays": lambda facts: EntryBelongsToPayee(**facts),
}

_SETTLEMENTS = {
    "settlement_is_of_an_active_payee": lambda facts: PayeeSuspended(**facts),
    "settlement_payee_is_of_its_organization": lambda facts: UnknownPayee(**facts),
    "settlement_keeps_its_items": lambda facts: SettlementIsFinal(**facts),
    "settlement_sequence_is_unique": lambda facts: SettlementsBusy(payee="this"),
    "settlement_follows_the_one_before": lambda facts: SettlementsBusy(**facts),
    "settlement_is_made_in_read_committed": lambda facts: SettlementsBusy(payee="this"),
    "settlement_amounts_are_those_of_its_items": lambda facts: SettlementAmountsDoNotAddUp(**facts),
    "settlement_amounts_add_up": lambda facts: SettlementAmountsDoNotAddUp(**facts),
    "settlement_is_approved_by_another": lambda facts: OwnApproval(),
    "settlement_is_approved_before_it_is_paid": lambda facts: SettlementNotApproved(
        settlement="this", status="not approved"
    ),
    "payout_is_of_an_approved_settlement": lambda facts: SettlementNotApproved(**facts),
    "settlement_is_final": lambda facts: SettlementIsFinal(**facts),
    "settlement_status_follows_its_payouts": lambda facts: SettlementIsFinal(**facts),
    "settlement_is_discarded_while_pending_and_last": lambda facts: SettlementNotPending(**facts),
    "payout_is_one_at_a_time": lambda facts: SettlementAlreadyPaid(
        settlement=facts.get("settlement_id"), paid_on="another attempt"
    ),
    "payout_failed_on_is_plausible": lambda facts: InvalidFailure(
        field="failed_on", problem="a day from 1900-01-01 to 2199-12-31"
    ),
    "payout_goes_forward_only": lambda facts: PayoutIsFinal(**facts),
    "payoutbatch_amounts_are_those_of_its_payouts": lambda facts: BatchAmountsDoNotAddUp(**facts),
    "payoutbatch_executes_on_is_plausible": lambda facts: InvalidPayoutBatch(
        field="executes_on", problem="a day from 1900-01-01 to 2199-12-31"
    ),
    "payoutbatch_asks_for_initiated_payouts": lambda facts: BatchSettlementNotProcessing(
        settlement="one of these", status="not processing"
    ),
    "payoutbatch_says_why_it_asks_again": lambda facts: AlreadyExported(
        batch="an earlier one", **facts
    ),
}
