"""What of an invoice is credited: items by quantity, or an amount."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import Sum

from core.forms import AmountField, AmountInput, PageForm, dress
from core.money import format_amount
from invoicing.admin.figures import decimals
from invoicing.admin.step_forms import day_field, reason_field
from invoicing.models import CreditNoteItem, Invoice, OrderItem
from invoicing.services.crediting import CreditItem

# Django reads at most 1,000 fields of a form.
MOST_ITEMS = 500


@dataclass(frozen=True, slots=True)
class ItemLeft:
    """An item of an invoice, and how much of it has not been credited."""

    position: int
    description: str
    sold: str
    left: Decimal
    total: str

    @property
    def field(self) -> str:
        return f"quantity-{self.position}"

    @property
    def left_text(self) -> str:
        return decimals(self.left)


def items_left(invoice: Invoice) -> list[ItemLeft]:
    """All items of an invoice; none where there are more than a form can ask for."""
    organization = invoice.organization_id
    items = list(
        OrderItem.objects.of(organization).filter(order_id=invoice.order_id)[: MOST_ITEMS + 1]
    )
    if len(items) > MOST_ITEMS:
        return []
    credited = dict(
        CreditNoteItem.objects.of(organization)
        .filter(credit_note__invoice_id=invoice.pk, order_item_id__isnull=False)
        .order_by()
        .values_list("order_item_id")
        .annotate(quantity=Sum("quantity"))
    )
    return [
        ItemLeft(
            position=item.position,
            description=item.description or item.sku,
            sold=decimals(item.quantity),
            left=item.quantity - credited.get(item.pk, Decimal(0)),
            total=format_amount(item.total_amount, invoice.currency),
        )
        for item in items
    ]


class CreditForm(PageForm):
    """Quantities of items, or one amount."""

    reason = reason_field("Printed on the credit note.")
    on = day_field("Issued on")
    reference = forms.CharField(
        max_length=100, required=False, help_text="Your own name for it, taken once. May be empty."
    )

    def __init__(self, *args: Any, currency: str, items: Sequence[ItemLeft], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.items = items
        self.fields["amount"] = AmountField(
            label=f"Amount ({currency})",
            currency=currency,
            required=False,
            help_text="With the taxes. Net and taxes are credited in the proportion in which they "
            "are left.",
        )
        for item in items:
            self.fields[item.field] = forms.DecimalField(
                max_digits=18,
                decimal_places=6,
                required=False,
                min_value=0,
                label=f"Quantity of item {item.position}",
                widget=AmountInput({"class": "ch-amount", "placeholder": "0"}),
                disabled=not item.left,
            )
        dress(self)

    def rows(self) -> list[tuple[ItemLeft, Any]]:
        """Each item with its field."""
        return [(item, self[item.field]) for item in self.items]

    def others(self) -> list[Any]:
        """The fields that are no quantities, in the order in which they are asked for."""
        quantities = {item.field for item in self.items}
        return [self[name] for name in self.fields if name not in quantities and name != "amount"]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        chosen = [
            CreditItem(item.position, cleaned[item.field])
            for item in self.items
            if cleaned.get(item.field)
        ]
        amount = cleaned.get("amount")
        if not self.errors and bool(chosen) == (amount is not None):
            self.add_error(
                None,
                "Either quantities of items, or an amount: not both."
                if chosen
                else "What is credited? Write quantities of items, or an amount.",
            )
        cleaned["items"] = chosen or None
        return cleaned

    def without_quantities(self) -> dict[str, Any]:
        """What the service takes."""
        quantities = {item.field for item in self.items}
        return {name: value for name, value in self.cleaned_data.items() if name not in quantities}
