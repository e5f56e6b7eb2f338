"""What statements and ageing look like: the parameters that are read, and the answers."""

from typing import Any

from rest_framework import serializers

from core.api.serializers import CurrencyCode, Day, Moment, Span, StrictSerializer
from invoicing.models import DocumentKind
from invoicing.open_items import Aged, OpenItem
from invoicing.selectors.ageing import Ageing, AgeingOfCurrency, AgeingRow
from invoicing.selectors.movements import MovementKind
from invoicing.selectors.statements import Movement, Statement, StatementOfCurrency

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
    overdue_amount = serializers.IntegerField(help_text="The last four together.")
    unapplied_amount = serializers.IntegerField(help_text="What is owed to the customer.")
    total_amount = serializers.IntegerField(help_text="current + overdue − unapplied.")


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
    ties = serializers.BooleanField(help_text="Whether what is open adds up to the balance.")
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


# --- From the selectors ---------------------------------------------------------------------------

_AGED = tuple(AgedOutput._declared_fields)
_OPEN = tuple(OpenItemOutput._declared_fields)


def statement_as_json(statement: Statement) -> dict[str, Any]:
    return {
        "report": "statement",
        "organization": statement.organization.slug,
        "customer": _customer(statement.customer),
        "from": statement.since,
        "to": statement.until,
        "ties": statement.ties,
        "currencies": [_statement_part(part) for part in statement.currencies],
    }


def _customer(customer: Any) -> dict[str, Any] | None:
    if customer is None:
        return None
    return {"id": customer.pk, "code": customer.code, "name": customer.name}


def _statement_part(part: StatementOfCurrency) -> dict[str, Any]:
    names = ("currency", "opening_amount", "debit_amount", "credit_amount", "closing_amount")
    return {
        **{name: getattr(part, name) for name in names},
        "movements": [_movement(movement) for movement in part.movements],
        "open_items": [_open_item(item) for item in part.open_items],
        "ageing": _aged(part.aged),
    }


def _movement(movement: Movement) -> dict[str, Any]:
    names = ("id", "number", "occurred_on", "due_on", "description", "debit", "credit", "balance")
    return {
        "kind": movement.kind.value,
        **{name: getattr(movement, name) for name in names},
        "journal_entry": movement.entry_id,
    }


def _open_item(item: OpenItem) -> dict[str, Any]:
    return {name: getattr(item, name) for name in _OPEN}


def _aged(aged: Aged) -> dict[str, Any]:
    return {name: getattr(aged, name) for name in _AGED}


def ageing_as_json(ageing: Ageing) -> dict[str, Any]:
    return {
        "report": "ageing",
        "organization": ageing.organization.slug,
        "as_of": ageing.as_of,
        "known_at": ageing.known_at,
        "customer": _customer(ageing.customer),
        "ties": ageing.ties,
        "currencies": [_ageing_part(part) for part in ageing.currencies],
    }


def _ageing_part(part: AgeingOfCurrency) -> dict[str, Any]:
    return {
        "currency": part.currency,
        "rows": [_ageing_row(row) for row in part.rows],
        "totals": _aged(part.totals),
        "ledger_amount": part.ledger_amount,
        "ties": part.ties,
    }


def _ageing_row(row: AgeingRow) -> dict[str, Any]:
    return {
        "customer": row.customer_id,
        "code": row.code,
        "name": row.name,
        **_aged(row.amounts),
        "items": [_open_item(item) for item in row.items],
    }
