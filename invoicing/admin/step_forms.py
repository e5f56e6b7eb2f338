"""What is asked before a step: dates, amounts, methods, reasons."""

from typing import Any

from django import forms

from core.forms import AmountField, DateInput, PageForm, dress
from invoicing.admin.countries import country_choices
from invoicing.models import PaymentMethod

TODAY = "Empty: today."


def day_field(label: str, help_text: str = TODAY) -> forms.DateField:
    return forms.DateField(label=label, required=False, widget=DateInput, help_text=help_text)


def reason_field(help_text: str) -> forms.CharField:
    return forms.CharField(max_length=500, widget=forms.TextInput, help_text=help_text)


class LockForm(PageForm):
    """Where it is sold to, and on which day."""

    country = forms.ChoiceField(choices=lambda: country_choices("As the customer, or else yours"))
    region = forms.CharField(max_length=20, required=False)
    on = day_field("Taxed as on", "The day whose rates hold. Empty: today.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["country"].required = False


class IssueForm(PageForm):
    issued_on = day_field("Issued on")
    due_on = day_field("Due on", "Empty: as the terms of payment say.")


class MoneyForm(PageForm):
    """An amount of a document's currency, and where the money goes."""

    method = forms.ChoiceField(choices=PaymentMethod.choices)
    provider_reference = forms.CharField(
        label="Provider's reference",
        max_length=200,
        required=False,
        help_text="Of the bank or the card company. Taken once, so that nothing is booked twice.",
    )
    on = day_field("On")

    amount_help = ""

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["amount"] = AmountField(
            label=f"Amount ({currency})",
            currency=currency,
            required=False,
            help_text=self.amount_help,
        )
        self.order_fields(["amount"])
        dress(self)


class PayForm(MoneyForm):
    amount_help = "Empty: all that is open."


class RefundForm(MoneyForm):
    amount_help = "Empty: all that can be refunded."

    method = forms.ChoiceField(
        choices=[("", "As it was paid"), *PaymentMethod.choices], required=False
    )
    reason = reason_field("Stands in the books, and on the credit note that goes with it.")

    field_order = ("reason", "method", "provider_reference", "on")


class CreditNoteRefundForm(MoneyForm):
    amount_help = "Empty: all that has not been refunded."

    reason = reason_field("Stands in the books.")

    field_order = ("reason", "method", "provider_reference", "on")


class ReasonForm(PageForm):
    """Why, and when."""

    reason = reason_field("The audit trail and the books keep it.")
    on = day_field("On")
