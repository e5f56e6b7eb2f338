"""What statements and ageing take, and look like as JSON (invoicing.exports writes them)."""

from typing import Any

from rest_framework import serializers

from core.api.serializers import CurrencyCode, Day, Moment, Span, StrictSerializer
from invoicing.models import DocumentKind
from invoicing.selectors.movements import MovementKind

Shape = serializers.Serializer[Any]


# --- Parameters -----------------------------------------------------------------------------------


class StatementQuery(Span):
    customer = serializers.CharField(max_length=50, help_text="The customer's code or id.")
    currency = CurrencyCode(required=False, help_text="Only this one.")
    format = serializers.ChoiceField(
        ["json", "csv", "xlsx", "pdf", "html"],
        required=False,
        default="json",
        help_text="As JSON, as a file, or as a page. PDF and page are what the customer gets.",
    )


class AgeingQuery(StrictSerializer):
    as_of = Day(required=False, help_text="At the end of that day; today, unless it is given.")
    customer = serializers.CharField(
        required=False, max_length=50, help_text="Only this customer's: code or id."
    )
    known_at = Moment(required=False, help_text="As the books stood at that moment.")
    format = serializers.ChoiceField(
        ["json", "csv", "xlsx", "pdf"],
        required=False,
        default="json",
        help_text="As JSON, or as a file.",
    )


# --- Answers --------------------------------------------------------------------------------------


class AgedOutput(Shape):
    """Amounts by how long they are overdue."""

    current_amount = serializers.IntegerField(help_text="Not due.")
    days_1_30_amount = serializers.IntegerField()
    days_31_60_amount = serializers.IntegerField()
    days_61_90_amount = serializers.IntegerField()
    over_90_amount = serializers.IntegerField()
    unapplied_amount = serializers.IntegerField(help_text="What is owed to the customer.")
    total_amount = serializers.IntegerField(help_text="All but the last, less the last.")


class OpenItemOutput(Shape):
    kind = serializers.ChoiceField(DocumentKind.choices)
    id = serializers.UUIDField()
    number = serializers.CharField()
    issued_on = serializers.DateField()
    due_on = serializers.DateField(allow_null=True)
    total_amount = serializers.IntegerField()
    open_amount = serializers.IntegerField(help_text="Below zero it is owed to the customer.")
    days_overdue = serializers.IntegerField()
    bucket = serializers.CharField(help_text="`current`, `days_1_30`, …, `unapplied`.")


class MovementOutput(Shape):
    kind = serializers.ChoiceField([kind.value for kind in MovementKind])
    id = serializers.UUIDField(help_text="The invoice's, credit note's or payment's.")
    number = serializers.CharField(help_text="The document's; of a payment, of what it settles.")
    occurred_on = serializers.DateField()
    due_on = serializers.DateField(allow_null=True)
    description = serializers.CharField(allow_blank=True)
    debit = serializers.IntegerField()
    credit = serializers.IntegerField()
    balance = serializers.IntegerField(help_text="After it.")
    journal_entry = serializers.UUIDField(allow_null=True)


class StatementPart(Shape):
    currency = serializers.CharField()
    opening_amount = serializers.IntegerField()
    debit_amount = serializers.IntegerField()
    credit_amount = serializers.IntegerField()
    closing_amount = serializers.IntegerField()
    movements = MovementOutput(many=True)
    open_items = OpenItemOutput(many=True)
    ageing = AgedOutput()
    ties = serializers.BooleanField(help_text="Whether what is open adds up to the balance.")


class NamedCustomer(Shape):
    id = serializers.UUIDField()
    code = serializers.CharField(allow_blank=True)
    name = serializers.CharField()


class CustomerStatementOutput(Shape):
    """What a customer was charged and paid, and what is open at the end."""

    report = serializers.CharField()
    organization = serializers.CharField(help_text="The slug.")
    customer = NamedCustomer()
    to = serializers.DateField()
    ties = serializers.BooleanField()
    currencies = StatementPart(many=True)

    def get_fields(self) -> Any:
        return {**super().get_fields(), "from": serializers.DateField(allow_null=True)}


class AgeingRowOutput(AgedOutput):
    """One customer; all that was sold to nobody by name has no customer."""

    customer = serializers.UUIDField(allow_null=True)
    code = serializers.CharField(allow_blank=True)
    name = serializers.CharField()
    items = OpenItemOutput(many=True)


class AgeingPart(Shape):
    currency = serializers.CharField()
    rows = AgeingRowOutput(many=True)
    totals = AgedOutput()
    ledger_amount = serializers.IntegerField(
        allow_null=True, help_text="Of the receivable accounts; null where it is of one customer."
    )
    ties = serializers.BooleanField(help_text="Whether ledger and open items agree.")


class AgeingOutput(Shape):
    """Who owed what at the end of a day."""

    report = serializers.CharField()
    organization = serializers.CharField(help_text="The slug.")
    as_of = serializers.DateField()
    known_at = serializers.DateTimeField(allow_null=True)
    customer = NamedCustomer(allow_null=True)
    ties = serializers.BooleanField()
    currencies = AgeingPart(many=True)
