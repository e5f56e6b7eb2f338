"""What is asked before a step of a settlement."""

from typing import Any, ClassVar

from django import forms

from core.forms import DateInput, dress
from invoicing.admin.step_forms import day_field, reason_field
from organizations.models import Organization
from settlements.admin.row_choice import PayeeField
from settlements.admin.sections import SectionedForm


class CalculateForm(SectionedForm):
    """Who is settled, and through which day."""

    through = forms.DateField(
        label="Through",
        widget=DateInput,
        help_text="The last day that counts. What is sold later waits for the next settlement.",
    )

    def __init__(self, *args: Any, organization: Organization, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["payee"] = PayeeField(organization=organization)
        self.order_fields(["payee"])
        dress(self)


class PayForm(SectionedForm):
    paid_on = day_field("Paid on", "The day on which it left the bank account. Empty: today.")


class FailForm(SectionedForm):
    reason = reason_field("What the bank says. It stands on the statement.")
    failure_code = forms.CharField(
        label="The bank's code", max_length=35, required=False, help_text="Such as AC04 or MD07."
    )
    failed_on = day_field("On", "The day on which it failed or came back. Empty: today.")

    said_at: ClassVar[dict[str, str]] = {"code": "failure_code"}
