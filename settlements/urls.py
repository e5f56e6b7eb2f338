"""The routes of settlements, below /api/v1/."""

from django.urls import path, register_converter

from settlements.api import (
    adjustments,
    batches,
    events,
    payees,
    profile,
    refunds,
    sales,
    settlements,
    statements,
)


class CodeOrId:
    """A code or an id; anything else leads nowhere."""

    regex = "[A-Za-z0-9.:_-]{1,100}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


class SaleName(CodeOrId):
    """A sale's id, or its reference, unless that has a slash in it."""

    regex = "[A-Za-z0-9.:_@+-][A-Za-z0-9 .:_@+-]{0,179}"


register_converter(CodeOrId, "code")
register_converter(SaleName, "sale")

urlpatterns = [
    path("payees", payees.PayeeList.as_view()),
    path("payees/<code:payee>", payees.PayeeDetail.as_view()),
    path("events", events.EventList.as_view()),
    path("events/<code:event>", events.EventDetail.as_view()),
    path("sales", sales.SaleList.as_view()),
    path("sales/<sale:sale>", sales.SaleDetail.as_view()),
    path("sales/<sale:sale>/refunds", refunds.SaleRefunds.as_view()),
    path("refunds", refunds.RefundList.as_view()),
    path("adjustments", adjustments.AdjustmentList.as_view()),
    path("settlements/<uuid:id>/statement", statements.SettlementStatementFile.as_view()),
    path("payee-balances", statements.PayeeBalances.as_view()),
    path("payout-batches", batches.BatchList.as_view()),
    path("payout-batches/<uuid:id>", batches.BatchDetail.as_view()),
    path("payout-batches/<uuid:id>/file", batches.BatchFile.as_view()),
    path("payout-profile", profile.PayoutProfileDetail.as_view()),
    path("settlements", settlements.SettlementList.as_view()),
    path("settlements/calculate", settlements.SettlementCalculation.as_view()),
    path("settlements/<uuid:id>", settlements.SettlementDetail.as_view()),
    path("settlements/<uuid:id>/lines", settlements.SettlementLines.as_view()),
    path("settlements/<uuid:id>/approve", settlements.SettlementApproval.as_view()),
    path("settlements/<uuid:id>/pay", settlements.SettlementPayment.as_view()),
    path("settlements/<uuid:id>/fail", settlements.SettlementFailure.as_view()),
    path("settlements/<uuid:id>/retry", settlements.SettlementRetry.as_view()),
]
