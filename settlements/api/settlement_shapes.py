"""What settlements look like: the bodies that are read, and the answers."""

from collections.abc import Sequence
from typing import Any

from rest_framework import serializers

from core.api.answers import moment
from core.api.serializers import Day, Paged, Span, StrictSerializer, Text
from settlements.api.views import PayeeName
from settlements.models import Payout, PayoutStatus, Settlement, SettlementStatus
from settlements.selectors.settlements import SettlementLine
from settlements.services.settling import MOST_FAILURE_CODE, MOST_REASON

# Of one that has more, GET /settlements/{id}/lines has the rest.
MOST_LINES = 1_000

CALCULATE_EXAMPLE = {"payee": "ana", "through": "2026-03-31"}
PAY_EXAMPLE = {"paid_on": "2026-04-02"}
FAIL_EXAMPLE = {"reason": "Account closed", "code": "AC04"}


class CalculateInput(StrictSerializer):
    payee = PayeeName()
    through = Day(help_text="The last day: what is dated later waits for the next settlement.")


class ApproveInput(StrictSerializer):
    """Nothing is to be said."""


class RetryInput(StrictSerializer):
    """Nothing is to be said."""


class PayInput(StrictSerializer):
    paid_on = Day(help_text="When the bank paid; not before the last day of the settlement.")


class FailInput(StrictSerializer):
    reason = Text(max_length=MOST_REASON, help_text="Such as: account closed.")
    code = Text(
        required=False,
        allow_blank=True,
        max_length=MOST_FAILURE_CODE,
        help_text="The bank's own: AC04.",
    )
    failed_on = Day(
        required=False, help_text="When it failed or came back; today, unless it is given."
    )


class PayoutOutput(serializers.Serializer[Any]):
    """An attempt at paying, with the bank details as they were then."""

    id = serializers.UUIDField()
    attempt = serializers.IntegerField()
    end_to_end_id = serializers.CharField(help_text="What the bank's files call it.")
    status = serializers.ChoiceField(PayoutStatus.choices)
    amount = serializers.IntegerField()
    currency = serializers.CharField()
    account_holder = serializers.CharField()
    iban = serializers.CharField(allow_blank=True)
    bic = serializers.CharField(allow_blank=True)
    initiated_at = serializers.DateTimeField()
    paid_on = serializers.DateField(allow_null=True)
    journal_entry = serializers.UUIDField(allow_null=True, help_text="What the payment posted.")
    failed_on = serializers.DateField(allow_null=True)
    failure_reason = serializers.CharField(allow_blank=True)
    failure_code = serializers.CharField(allow_blank=True)
    return_journal_entry = serializers.UUIDField(
        allow_null=True, help_text="What its coming back posted."
    )


class SettlementSummary(serializers.Serializer[Any]):
    """total = sales − refunds + adjustments + carried forward − reserve held + reserve released.

    One whose total is not above zero is completed at once; what it is below zero is carried
    forward by the next one.
    """

    id = serializers.UUIDField()
    payee = serializers.CharField(help_text="The payee's code.")
    sequence = serializers.IntegerField(help_text="Its number among the payee's.")
    through = serializers.DateField()
    due_on = serializers.DateField(help_text="The bank day on which it is to be paid.")
    currency = serializers.CharField()
    status = serializers.ChoiceField(SettlementStatus.choices)
    item_count = serializers.IntegerField()
    sales_amount = serializers.IntegerField(help_text="The organizer's parts of the sales.")
    refunds_amount = serializers.IntegerField(help_text="What the organizer bears of the refunds.")
    adjustments_amount = serializers.IntegerField()
    carried_forward_amount = serializers.IntegerField(
        help_text="At most 0: what the settlement before was below zero."
    )
    reserve_held_amount = serializers.IntegerField()
    reserve_released_amount = serializers.IntegerField()
    reserve_release_on = serializers.DateField(
        allow_null=True, help_text="When what it holds is released; null for a floor, or nothing."
    )
    total_amount = serializers.IntegerField()
    prepared_by = serializers.UUIDField(allow_null=True, help_text="The user.")
    prepared_by_key = serializers.UUIDField(allow_null=True, help_text="The API key.")
    prepared_at = serializers.DateTimeField()
    approved_by = serializers.UUIDField(allow_null=True)
    approved_by_key = serializers.UUIDField(allow_null=True)
    approved_at = serializers.DateTimeField(allow_null=True)
    payouts = PayoutOutput(many=True, help_text="The attempts at paying, the latest first.")


class SettlementLineOutput(serializers.Serializer[Any]):
    """An item. Amounts are signed as they count for the organizer: what a refund took back is
    below zero."""

    kind = serializers.ChoiceField(["sale", "refund", "adjustment", "fee"])
    id = serializers.UUIDField(help_text="Of the sale, the refund or the adjustment.")
    occurred_on = serializers.DateField()
    reference = serializers.CharField()
    event = serializers.CharField(allow_null=True, help_text="The event's code.")
    sale = serializers.UUIDField(allow_null=True, help_text="The sale, or the one refunded.")
    description = serializers.CharField(allow_blank=True, help_text="The reason given for it.")
    quantity = serializers.IntegerField(help_text="Of tickets sold.")
    total_amount = serializers.IntegerField(help_text="What the buyer paid, or got back.")
    ticket_revenue = serializers.IntegerField()
    platform_fee = serializers.IntegerField()
    tax_amount = serializers.IntegerField()
    amount = serializers.IntegerField(help_text="What it adds to the settlement.")
    journal_entry = serializers.UUIDField(help_text="What it posted.")


class SettlementOutput(SettlementSummary):
    lines = SettlementLineOutput(
        many=True, help_text=f"By date; of more than {MOST_LINES} the first."
    )
    line_count = serializers.IntegerField(
        help_text="All of them: GET `/settlements/{id}/lines` has every one."
    )


class SettlementPage(serializers.Serializer[Any]):
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = SettlementSummary(many=True)


class SettlementLinePage(serializers.Serializer[Any]):
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = SettlementLineOutput(many=True)


class SettlementFilters(Paged, Span):
    payee = PayeeName(required=False, help_text="Only this payee's: code or id.")
    status = serializers.ChoiceField(SettlementStatus.choices, required=False)


class LinePages(Paged):
    """All of them, page by page."""


_AS_THEY_ARE = (
    *("sequence", "through", "due_on", "currency", "status", "item_count"),
    *("sales_amount", "refunds_amount", "adjustments_amount", "carried_forward_amount"),
    *("reserve_held_amount", "reserve_released_amount", "reserve_release_on", "total_amount"),
)


def settlement_as_json(settlement: Settlement) -> dict[str, Any]:
    """Without its lines; `payee` and `payouts` are at hand."""
    return {
        "id": settlement.pk,
        "payee": settlement.payee.code,
        **{name: getattr(settlement, name) for name in _AS_THEY_ARE},
        "prepared_by": settlement.prepared_by_id,
        "prepared_by_key": settlement.prepared_by_key_id,
        "prepared_at": moment(settlement.prepared_at),
        "approved_by": settlement.approved_by_id,
        "approved_by_key": settlement.approved_by_key_id,
        "approved_at": moment(settlement.approved_at),
        "payouts": [payout_as_json(payout) for payout in settlement.payouts.all()],
    }


def payout_as_json(payout: Payout) -> dict[str, Any]:
    return {
        "id": payout.pk,
        "attempt": payout.attempt,
        "end_to_end_id": payout.end_to_end_id,
        "status": payout.status,
        "amount": payout.amount,
        "currency": payout.currency,
        "account_holder": payout.account_holder,
        "iban": payout.iban,
        "bic": payout.bic,
        "initiated_at": moment(payout.initiated_at),
        "paid_on": payout.paid_on,
        "journal_entry": payout.entry_id,
        "failed_on": payout.failed_on,
        "failure_reason": payout.failure_reason,
        "failure_code": payout.failure_code,
        "return_journal_entry": payout.return_entry_id,
    }


def lines_as_json(lines: Sequence[SettlementLine]) -> list[dict[str, Any]]:
    return [
        {
            "kind": line.kind,
            "id": line.id,
            "occurred_on": line.occurred_on,
            "reference": line.reference,
            "event": line.event or None,
            "sale": line.sale_id,
            "description": line.description,
            "quantity": line.quantity,
            "total_amount": line.total_amount,
            "ticket_revenue": line.ticket_revenue,
            "platform_fee": line.platform_fee,
            "tax_amount": line.tax_amount,
            "amount": line.amount,
            "journal_entry": line.journal_entry_id,
        }
        for line in lines
    ]
