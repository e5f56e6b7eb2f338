"""What each report looks like as JSON, for the API's description (ledger.exports writes them)."""

from typing import Any

from rest_framework import serializers

from ledger.models import AccountType

Shape = serializers.Serializer[Any]


class RateShape(Shape):
    currency = serializers.CharField()
    quote_currency = serializers.CharField()
    rate = serializers.CharField()
    valid_on = serializers.DateField()


class ReportShape(Shape):
    """What all reports begin with."""

    report = serializers.CharField()
    organization = serializers.CharField(help_text="The slug.")
    known_at = serializers.DateTimeField(allow_null=True)
    reporting_currency = serializers.CharField(required=False)
    rates = RateShape(many=True, required=False)
    ties = serializers.BooleanField(help_text="Whether the report's own check holds.")


class AsOfShape(ReportShape):
    as_of = serializers.DateField()


class PeriodShape(ReportShape):
    to = serializers.DateField()

    def get_fields(self) -> Any:
        return {**super().get_fields(), "from": serializers.DateField()}


class FigureShape(Shape):
    code = serializers.CharField()
    name = serializers.CharField()
    type = serializers.ChoiceField(AccountType.choices)
    parent = serializers.CharField(allow_null=True)  # type: ignore[assignment]
    depth = serializers.IntegerField()


class BalanceRow(FigureShape):
    balance = serializers.IntegerField(help_text="In the account's normal sign.")


class AmountRow(FigureShape):
    amount = serializers.IntegerField(help_text="In the account's normal sign.")


class TrialBalanceRow(Shape):
    code = serializers.CharField()
    name = serializers.CharField()
    type = serializers.ChoiceField(AccountType.choices)
    parent = serializers.CharField(allow_null=True)  # type: ignore[assignment]
    debit = serializers.IntegerField()
    credit = serializers.IntegerField()


class TrialBalancePart(Shape):
    currency = serializers.CharField()
    total_debit = serializers.IntegerField()
    total_credit = serializers.IntegerField()
    translation_difference = serializers.IntegerField()
    rows = TrialBalanceRow(many=True)


class TrialBalanceOutput(AsOfShape):
    currencies = TrialBalancePart(many=True)


class BalanceSheetPart(Shape):
    currency = serializers.CharField()
    assets = BalanceRow(many=True)
    liabilities = BalanceRow(many=True)
    equity = BalanceRow(many=True)
    current_earnings = serializers.IntegerField()
    translation_difference = serializers.IntegerField()
    total_assets = serializers.IntegerField()
    total_liabilities = serializers.IntegerField()
    total_equity = serializers.IntegerField(help_text="Current earnings included.")
    is_balanced = serializers.BooleanField(help_text="Assets equal liabilities and equity.")
    rollups = BalanceRow(many=True)


class BalanceSheetOutput(AsOfShape):
    currencies = BalanceSheetPart(many=True)


class IncomeStatementPart(Shape):
    currency = serializers.CharField()
    revenue = AmountRow(many=True)
    expenses = AmountRow(many=True)
    total_revenue = serializers.IntegerField()
    total_expenses = serializers.IntegerField()
    net_income = serializers.IntegerField()
    rollups = AmountRow(many=True)


class IncomeStatementOutput(PeriodShape):
    currencies = IncomeStatementPart(many=True)


class RevenuePart(Shape):
    currency = serializers.CharField()
    items = AmountRow(many=True)
    total_revenue = serializers.IntegerField()
    rollups = AmountRow(many=True)


class RevenueOutput(PeriodShape):
    currencies = RevenuePart(many=True)


class CashAccountRow(Shape):
    code = serializers.CharField()
    name = serializers.CharField()
    opening = serializers.IntegerField()
    closing = serializers.IntegerField()


class CashFlowItem(Shape):
    code = serializers.CharField()
    name = serializers.CharField()
    type = serializers.CharField()
    activity = serializers.CharField()
    inflow = serializers.IntegerField()
    outflow = serializers.IntegerField()
    amount = serializers.IntegerField()


class CashFlowPart(Shape):
    currency = serializers.CharField()
    opening_cash = serializers.IntegerField()
    closing_cash = serializers.IntegerField()
    net_flow = serializers.IntegerField()
    translation_difference = serializers.IntegerField()
    accounts = CashAccountRow(many=True)
    totals = serializers.DictField(child=serializers.IntegerField())
    items = CashFlowItem(many=True)


class CashFlowOutput(PeriodShape):
    currencies = CashFlowPart(many=True)


class LedgerLine(Shape):
    entry = serializers.UUIDField()
    reference = serializers.CharField()
    effective_on = serializers.DateField()
    posted_at = serializers.DateTimeField()
    status = serializers.CharField()
    description = serializers.CharField(allow_blank=True)
    debit = serializers.IntegerField()
    credit = serializers.IntegerField()
    balance = serializers.IntegerField()


class LedgerAccount(Shape):
    code = serializers.CharField()
    name = serializers.CharField()
    type = serializers.ChoiceField(AccountType.choices)
    opening = serializers.IntegerField()
    debits = serializers.IntegerField()
    credits = serializers.IntegerField()
    closing = serializers.IntegerField()
    lines = LedgerLine(many=True)


class LedgerPart(Shape):
    currency = serializers.CharField()
    total_debit = serializers.IntegerField()
    total_credit = serializers.IntegerField()
    accounts = LedgerAccount(many=True)


class FindingsShape(PeriodShape):
    account = serializers.CharField(allow_null=True)
    findings = serializers.ListField(help_text="What does not tie.")


class GeneralLedgerOutput(FindingsShape):
    currencies = LedgerPart(many=True)


class JournalTotal(Shape):
    currency = serializers.CharField()
    total_debit = serializers.IntegerField()
    total_credit = serializers.IntegerField()


class JournalRowLine(Shape):
    account = serializers.CharField()
    name = serializers.CharField()
    currency = serializers.CharField()
    debit = serializers.IntegerField()
    credit = serializers.IntegerField()
    description = serializers.CharField(allow_blank=True)


class JournalRow(Shape):
    id = serializers.UUIDField()
    reference = serializers.CharField()
    effective_on = serializers.DateField()
    posted_at = serializers.DateTimeField()
    status = serializers.CharField()
    description = serializers.CharField(allow_blank=True)
    reference_type = serializers.CharField(allow_blank=True)
    reference_id = serializers.CharField(allow_blank=True)
    reverses = serializers.UUIDField(allow_null=True)
    lines = JournalRowLine(many=True)


class JournalOutput(FindingsShape):
    currencies = JournalTotal(many=True)
    entries = JournalRow(many=True)


SHAPES: dict[str, type[Shape]] = {
    "trial-balance": TrialBalanceOutput,
    "balance-sheet": BalanceSheetOutput,
    "income-statement": IncomeStatementOutput,
    "revenue": RevenueOutput,
    "cash-flow": CashFlowOutput,
    "general-ledger": GeneralLedgerOutput,
    "journal": JournalOutput,
}
