"""What is asked before a sale, a refund or an adjustment is recorded."""

from typing import Any

from django import forms
from django.http import HttpRequest

from core.forms import AmountField, DateInput, dress
from invoicing.admin.step_forms import day_field, reason_field
from invoicing.models import PaymentMethod
from organizations.models import Organization
from settlements.admin.row_choice import EventField, PayeeField, asked, named
from settlements.admin.sections import Section, SectionedForm
from settlements.fees import FeeOnRefund
from settlements.models import AdjustmentKind, Payee


class _ItemForm(SectionedForm):
    """For a payee, in whose currency the amounts are: named with them as soon as it is known."""

    def __init__(
        self, *args: Any, organization: Organization, payee: Payee | None, **kwargs: Any
    ) -> None:
        initial = {**kwargs.pop("initial", {}), "payee": payee}
        super().__init__(*args, initial=initial, **kwargs)
        self.fields["payee"] = PayeeField(organization=organization)
        self.fields["event"] = EventField(
            organization=organization, required=False, help_text="One of theirs, or none."
        )
        self.currency = payee.currency if payee else organization.currency
        self.unit = f" ({self.currency})" if payee else ""
        self.add_amounts()
        dress(self)

    def add_amounts(self) -> None:
        raise NotImplementedError


def payee_meant(request: HttpRequest, organization: Organization) -> Payee | None:
    """The payee that a form was sent with, or opened for."""
    typed = request.POST.get("payee", "")[:300].replace("\x00", "")
    found = named(Payee.objects.of(organization), typed or asked(request, "payee"))
    return found[0] if len(found) == 1 else None


class SaleForm(_ItemForm):
    """A sale; without fee and organizer's part both come from the payee's fee policy."""

    sections = (
        Section(
            "What was sold",
            "",
            ("payee", "event", "reference", "sold_on", "quantity", "method", "total_amount"),
        ),
        Section(
            "Whose it is",
            "Fee and organizer's part left empty: by the payee's fee policy. One of the two: the "
            "other is the rest.",
            ("platform_fee", "organizer_amount", "ticket_revenue", "tax_amount"),
        ),
    )

    not_negative = (
        "total_amount",
        "platform_fee",
        "organizer_amount",
        "ticket_revenue",
        "tax_amount",
    )

    reference = forms.CharField(
        max_length=150, help_text="The order's number. Taken once, so that it is booked once."
    )
    sold_on = forms.DateField(label="Sold on", widget=DateInput)
    quantity = forms.IntegerField(label="Tickets", min_value=1, initial=1)
    method = forms.ChoiceField(label="Paid by", choices=PaymentMethod.choices)

    def add_amounts(self) -> None:
        for name, label, help_text in (
            ("total_amount", "Total", "What the buyer paid, in the payee's currency."),
            ("platform_fee", "Platform fee", ""),
            ("organizer_amount", "Organizer's part", "What is owed to the payee for it."),
            ("ticket_revenue", "Our own tickets", "What is the platform's revenue. Mostly none."),
            ("tax_amount", "Tax", "What is owed to the tax office."),
        ):
            self.fields[name] = AmountField(
                label=f"{label}{self.unit}",
                currency=self.currency,
                required=name == "total_amount",
                help_text=help_text,
            )


FEE_CHOICES = [
    (FeeOnRefund.RETURN, "Given back in proportion"),
    (FeeOnRefund.KEEP, "Kept by the platform"),
]


class RefundForm(SectionedForm):
    """An amount of a sale, or all that is left of it."""

    not_negative = ("amount",)

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["amount"] = AmountField(
            label=f"Amount ({currency})",
            currency=currency,
            required=False,
            help_text="Empty: all that is left.",
        )
        self.order_fields(["amount", "fee", "reference", "refunded_on", "reason"])
        dress(self)

    fee = forms.ChoiceField(label="The platform's fee", choices=FEE_CHOICES)
    reference = forms.CharField(
        max_length=150, help_text="The refund's number. Taken once, so that it is booked once."
    )
    refunded_on = day_field("Refunded on")
    reason = forms.CharField(max_length=500, required=False)


class AdjustmentForm(_ItemForm):
    """More or less than what was sold, for a reason of its own."""

    sections = (
        Section("What is adjusted", "", ("payee", "event", "kind", "amount", "adjusted_on")),
        Section("Why", "", ("reason", "reference", "account")),
    )

    kind = forms.ChoiceField(
        choices=AdjustmentKind.choices,
        help_text="A fee is always below zero, and is the platform's revenue.",
    )
    adjusted_on = day_field("On")
    reason = reason_field("Stands in the books, and on the settlement's statement.")
    reference = forms.CharField(
        max_length=150, required=False, help_text="Your own name for it, taken once. May be empty."
    )
    account = forms.CharField(
        label="Other side",
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"placeholder": "Code of an account", "autocomplete": "off"}),
        help_text="Empty: platform fees for a fee, operating expense for what is owed more, other "
        "income for what is owed less.",
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("kind") == AdjustmentKind.FEE and (cleaned.get("amount") or 0) > 0:
            self.add_error("amount", "A fee is below zero.")
        return cleaned

    def add_amounts(self) -> None:
        self.fields["amount"] = AmountField(
            label=f"Amount{self.unit}",
            currency=self.currency,
            help_text="In the payee's currency. Above zero they are owed more, below zero less: "
            "-25.00.",
        )
