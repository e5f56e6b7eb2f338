"""What invoices and credit notes look like: the bodies that are read, and the answers."""

from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from core.api.serializers import (
    CurrencyCode,
    Day,
    Exact,
    MinorUnits,
    Paged,
    Span,
    StrictSerializer,
    Text,
    Whole,
)
from invoicing.api.expanding import CustomerOrId, Expand, InvoiceOrId, OrderOrId
from invoicing.api.order_shapes import ItemInput, OrderInput, PlaceInput, TaxLineOutput
from invoicing.api.views import CustomerName
from invoicing.models import InvoiceStatus, PaymentMethod

CREDIT_EXAMPLE = {"items": [{"position": 1, "quantity": "2"}], "reason": "Two arrived broken"}


class RowId(serializers.UUIDField):
    """An id as text: REST framework's own field makes one of a number, too."""

    def to_internal_value(self, data: Any) -> UUID:
        if not isinstance(data, str):
            self.fail("invalid", value=data)
        return super().to_internal_value(data)


class IssueTerms(StrictSerializer):
    """When an invoice is issued and due, and in which series it is numbered."""

    issued_on = Day(required=False, help_text="The date on the invoice; today, unless it is given.")
    due_on = Day(
        required=False,
        help_text="Without it as the customer's terms of payment say, or the organization's.",
    )
    series = Text(required=False, max_length=30, help_text="The series' code; `main` without it.")


class PaymentInput(StrictSerializer):
    method = serializers.ChoiceField(PaymentMethod.choices)
    amount = MinorUnits(required=False, help_text="Minor units; without it all that is open.")
    provider_reference = Text(
        required=False,
        allow_blank=True,
        max_length=200,
        help_text="The bank's or the provider's name for it; taken once.",
    )
    on = Day(required=False, help_text="When the money came; today, unless it is given.")


class InvoiceOfOrderInput(IssueTerms):
    """The invoice of an order that is locked."""

    order = RowId(help_text="The order's id.")


class SaleInput(IssueTerms, PlaceInput, OrderInput):
    """An order to create, lock and issue in one call, and to pay where a payment comes with it."""

    payment = PaymentInput(required=False, help_text="Dated as the invoice, unless it has a day.")


class InvoiceOutput(serializers.Serializer[Any]):
    """An invoice. It never changes; what was paid, refunded and credited since is beside it."""

    id = serializers.UUIDField()
    number = serializers.CharField(help_text="Legal: without gaps in its series and fiscal year.")
    series = serializers.CharField(help_text="The series' code.")
    fiscal_year = serializers.IntegerField()
    status = serializers.ChoiceField(InvoiceStatus.choices)
    issued_on = serializers.DateField()
    due_on = serializers.DateField()
    order = OrderOrId()
    customer = CustomerOrId(allow_null=True)
    currency = serializers.CharField()
    subtotal_amount = serializers.IntegerField()
    tax_amount = serializers.IntegerField()
    total_amount = serializers.IntegerField()
    paid_amount = serializers.IntegerField()
    refunded_amount = serializers.IntegerField()
    credited_amount = serializers.IntegerField()
    open_amount = serializers.IntegerField(
        help_text="total − credited − paid + refunded; below zero it is owed to the customer."
    )
    journal_entry = serializers.UUIDField(
        allow_null=True, help_text="What the issue posted; null where the total is zero."
    )
    snapshot = serializers.DictField(help_text="Seller and buyer as they were at the issue.")
    created_at = serializers.DateTimeField()


class InvoicePage(serializers.Serializer[Any]):
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = InvoiceOutput(many=True)


class PageQuery(Paged):
    """A page, and nothing else to choose."""


class InvoiceExpand(StrictSerializer):
    expand = Expand("customer", "order")


class InvoiceFilters(Paged, Span, InvoiceExpand):
    status = serializers.ChoiceField(
        InvoiceStatus.choices, required=False, help_text="Only those of this status."
    )
    customer = serializers.CharField(
        required=False, max_length=50, help_text="Only this customer's: code or id."
    )
    order = serializers.UUIDField(required=False, help_text="The one of this order.")
    number = serializers.CharField(
        required=False, max_length=50, help_text="The one of this number."
    )
    overdue_on = Day(required=False, help_text="Those that are open, and due before that day.")


class VoidInvoiceInput(StrictSerializer):
    reason = Text(max_length=500)
    on = Day(required=False, help_text="The credit note's date; today, unless it is given.")


class CreditItemInput(StrictSerializer):
    position = Whole(min_value=1, max_value=32_767, help_text="The item's, in the order.")
    quantity = Exact(help_text="How much of it is credited.")


class CreditInput(StrictSerializer):
    """Either an amount with its tax, or quantities of items."""

    amount = MinorUnits(required=False, help_text="With tax, in minor units.")
    items = CreditItemInput(many=True, required=False)
    reason = Text(max_length=500)
    reference = Text(
        required=False, allow_blank=True, max_length=100, help_text="Your own name; taken once."
    )
    on = Day(required=False, help_text="The credit note's date; today, unless it is given.")
    series = Text(required=False, max_length=30, help_text="The series' code; `main` without it.")

    def validate(self, attrs: Any) -> Any:
        if ("amount" in attrs) == ("items" in attrs):
            detail = ErrorDetail("Give either `amount` or `items`.", code="amount_or_items")
            raise ValidationError({"amount": [detail]})
        return attrs


class CreditNoteInput(PlaceInput):
    """A credit note without an invoice: its items are given in full and taxed afresh."""

    customer = CustomerName(required=False, allow_null=True)
    currency = CurrencyCode()
    items = ItemInput(many=True)
    reason = Text(max_length=500)
    reference = Text(
        required=False, allow_blank=True, max_length=100, help_text="Your own name; taken once."
    )
    on = Day(required=False, help_text="The credit note's date; today, unless it is given.")
    taxed_on = Day(required=False, help_text="The day whose tax rates count; `on` without it.")
    series = Text(required=False, max_length=30, help_text="The series' code; `main` without it.")


class CreditedItemOutput(serializers.Serializer[Any]):
    position = serializers.IntegerField()
    order_position = serializers.IntegerField(
        allow_null=True, help_text="Of the item that is credited, in the order."
    )
    sku = serializers.CharField(allow_blank=True)
    description = serializers.CharField()
    quantity = serializers.CharField(help_text='"2"')
    unit_amount = serializers.IntegerField()
    net_amount = serializers.IntegerField()
    tax_amount = serializers.IntegerField()
    total_amount = serializers.IntegerField()


class CreditNoteOutput(serializers.Serializer[Any]):
    """A credit note. Its amounts are positive: they reduce what the customer owes."""

    id = serializers.UUIDField()
    number = serializers.CharField()
    series = serializers.CharField(help_text="The series' code.")
    fiscal_year = serializers.IntegerField()
    issued_on = serializers.DateField()
    invoice = InvoiceOrId(allow_null=True)
    customer = CustomerOrId(allow_null=True)
    reference = serializers.CharField(allow_blank=True)
    reason = serializers.CharField()
    currency = serializers.CharField()
    subtotal_amount = serializers.IntegerField()
    tax_amount = serializers.IntegerField()
    total_amount = serializers.IntegerField()
    refunded_amount = serializers.IntegerField(
        help_text="Of one without an invoice; that of others is on their invoice."
    )
    items = CreditedItemOutput(many=True)
    tax_lines = TaxLineOutput(many=True)
    journal_entry = serializers.UUIDField(help_text="What it posted.")
    snapshot = serializers.DictField(help_text="Seller and buyer as they were at the issue.")
    created_at = serializers.DateTimeField()


class CreditNotePage(serializers.Serializer[Any]):
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = CreditNoteOutput(many=True)


class CreditNoteExpand(StrictSerializer):
    expand = Expand("customer", "invoice")


class CreditNoteFilters(Paged, Span, CreditNoteExpand):
    invoice = serializers.CharField(
        required=False, max_length=50, help_text="Only this invoice's: id or number."
    )
    customer = serializers.CharField(
        required=False, max_length=50, help_text="Only this customer's: code or id."
    )
    number = serializers.CharField(
        required=False, max_length=50, help_text="The one of this number."
    )
