"""What orders look like: the bodies that are read, and the answers."""

from collections.abc import Mapping, Sequence
from typing import Any

from rest_framework import serializers

from core.api.serializers import (
    CurrencyCode,
    Day,
    Exact,
    MinorUnits,
    Paged,
    Span,
    StrictSerializer,
    Text,
)
from invoicing.api.expanding import CustomerOrId, Expand, InvoiceOrId
from invoicing.api.views import CustomerName
from invoicing.models import OrderStatus, TaxCategory
from invoicing.services.orders import ItemDraft

ORDER_EXAMPLE = {
    "customer": "17850",
    "currency": "GBP",
    "reference": "536365",
    "items": [
        {
            "sku": "85123A",
            "description": "White hanging heart t-light holder",
            "quantity": "6",
            "unit_amount": 255,
        },
        {
            "description": "Carriage",
            "quantity": "1",
            "unit_amount": 1500,
            "discount_amount": 500,
            "tax_rates": ["GB-S"],
        },
    ],
}
LOCK_EXAMPLE = {"country": "GB", "on": "2010-12-01"}


class ItemInput(StrictSerializer):
    """`quantity` × `unit_amount`, rounded half up, less the discount."""

    sku = Text(required=False, allow_blank=True, max_length=100)
    description = Text(
        max_length=500, allow_blank=True, help_text="May be empty where there is a SKU."
    )
    quantity = Exact(help_text="Above zero, with up to six decimals: as text or as a number.")
    unit_amount = MinorUnits(help_text="Minor units; contains the rates that are inclusive.")
    discount_amount = MinorUnits(required=False, help_text="Of the whole item; minor units.")
    tax_rates = serializers.ListField(
        child=Text(max_length=50),
        required=False,
        allow_null=True,
        max_length=50,
        help_text="Codes. Without them the rates that hold where the order goes; [] is no tax.",
    )
    revenue_account = Text(
        required=False,
        allow_null=True,
        max_length=100,
        help_text="Code or id; without it the account that has the role `sales_revenue`.",
    )


class OrderInput(StrictSerializer):
    """What is sold, to whom. Without a customer it is a sale over the counter."""

    customer = CustomerName(required=False, allow_null=True)
    currency = CurrencyCode()
    items = ItemInput(many=True)
    reference = Text(
        required=False,
        allow_blank=True,
        max_length=100,
        help_text="Your own name for it; taken once.",
    )
    metadata = serializers.DictField(required=False, help_text="An object of your own.")


class OrderPatch(OrderInput):
    """What changes; the rest stays. `items` replaces all items."""


class PlaceInput(StrictSerializer):
    """Where it goes, which decides the tax rates."""

    country = Text(
        required=False,
        max_length=60,
        help_text="ISO 3166; without it the customer's, or the organization's own.",
    )
    region = Text(required=False, allow_blank=True, max_length=20)


class LockInput(PlaceInput):
    on = Day(required=False, help_text="The day whose tax rates count; today, unless it is given.")


class CancelInput(StrictSerializer):
    """An empty object."""


class TaxLineOutput(serializers.Serializer[Any]):
    """What one rate charges, and the rate as it was."""

    position = serializers.IntegerField()
    code = serializers.CharField()
    name = serializers.CharField()
    percentage = serializers.CharField(help_text='"17.5"')
    country = serializers.CharField(allow_blank=True)
    region = serializers.CharField(allow_blank=True)
    category = serializers.ChoiceField(TaxCategory.choices)
    inclusive = serializers.BooleanField()
    compound = serializers.BooleanField()
    taxable_amount = serializers.IntegerField()
    tax_amount = serializers.IntegerField()


class ItemOutput(serializers.Serializer[Any]):
    """An item; net, tax and total are 0 before the lock."""

    position = serializers.IntegerField()
    sku = serializers.CharField(allow_blank=True)
    description = serializers.CharField()
    quantity = serializers.CharField(help_text='"6"')
    unit_amount = serializers.IntegerField()
    discount_amount = serializers.IntegerField()
    tax_rates = serializers.ListField(
        child=serializers.CharField(), allow_null=True, help_text="As given; null: by the place."
    )
    revenue_account = serializers.CharField(allow_null=True, help_text="The code, as given.")
    net_amount = serializers.IntegerField()
    tax_amount = serializers.IntegerField()
    total_amount = serializers.IntegerField()


class OrderOutput(serializers.Serializer[Any]):
    """An order. Amounts are minor units of `currency`, 0 before the lock."""

    id = serializers.UUIDField()
    reference = serializers.CharField(allow_blank=True)
    status = serializers.ChoiceField(OrderStatus.choices)
    customer = CustomerOrId(allow_null=True)
    currency = serializers.CharField()
    country = serializers.CharField(allow_blank=True, help_text="As it was taxed.")
    region = serializers.CharField(allow_blank=True)
    taxed_on = serializers.DateField(allow_null=True)
    rounding = serializers.CharField(allow_blank=True, help_text="`document` or `line`.")
    subtotal_amount = serializers.IntegerField()
    tax_amount = serializers.IntegerField()
    total_amount = serializers.IntegerField()
    items = ItemOutput(many=True)
    tax_lines = TaxLineOutput(many=True)
    snapshot = serializers.DictField(
        allow_null=True, help_text="Everything that the lock computed, as it was; null before."
    )
    invoice = InvoiceOrId(allow_null=True)
    metadata = serializers.DictField()
    created_at = serializers.DateTimeField()
    locked_at = serializers.DateTimeField(allow_null=True)
    paid_at = serializers.DateTimeField(allow_null=True)
    cancelled_at = serializers.DateTimeField(allow_null=True)


class OrderPage(serializers.Serializer[Any]):
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = OrderOutput(many=True)


class OrderExpand(StrictSerializer):
    expand = Expand("customer", "invoice")


class OrderFilters(Paged, Span, OrderExpand):
    status = serializers.ChoiceField(
        OrderStatus.choices, required=False, help_text="Only those of this status."
    )
    customer = serializers.CharField(
        required=False, max_length=50, help_text="Only this customer's: code or id."
    )
    reference = serializers.CharField(
        required=False, max_length=100, help_text="The one order of this reference."
    )


def item_drafts(items: Sequence[Mapping[str, Any]]) -> list[ItemDraft]:
    """What `ItemInput` has read, as the services take it."""
    return [
        ItemDraft(
            description=item["description"],
            quantity=item["quantity"],
            unit_amount=item["unit_amount"],
            discount_amount=item.get("discount_amount", 0),
            sku=item.get("sku", ""),
            tax_codes=item.get("tax_rates"),
            revenue_account=item.get("revenue_account"),
        )
        for item in items
    ]
