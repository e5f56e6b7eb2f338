"""What is asked of a payee: who they are, when they are paid, what is kept of it, and where to."""

from typing import Any, ClassVar

from django import forms
from django.http import HttpRequest

from core.forms import AmountField, AmountInput, dress
from invoicing.admin.countries import country_choices
from invoicing.admin.documents import sent
from invoicing.admin.figures import decimals
from invoicing.admin.item_forms import currency_sent
from ledger.admin.accounts import CURRENCIES
from ledger.models import Account, AccountStatus, AccountType
from organizations.models import Organization
from settlements.admin.figures import in_groups
from settlements.admin.sections import Section, SectionedForm
from settlements.models import Every, FeeBearer, Payee
from settlements.schedules import WEEKDAYS

RESERVES = [
    ("none", "Nothing"),
    ("percentage", "A percentage, for some days"),
    ("floor", "A fixed amount, at all times"),
]


def percentage_field(help_text: str) -> forms.DecimalField:
    return forms.DecimalField(
        label="Percentage",
        max_digits=7,
        decimal_places=4,
        min_value=0,
        max_value=100,
        required=False,
        widget=AmountInput,
        help_text=help_text,
    )


class PayeeForm(SectionedForm):
    """A new payee, or another one's new terms. Currency and payable account never change."""

    sections = (
        Section("Who they are", "", ("name", "code", "email", "country", "currency", "payable")),
        Section(
            "When they are settled",
            "The day that is chosen is the last one of each period: what is sold through it is "
            "settled once it is over.",
            ("schedule_every", "weekday", "day", "days", "minimum_payout"),
        ),
        Section(
            "What is held back",
            "For refunds to come. It stays theirs, and is paid out later.",
            ("reserve_kind", "reserve_percentage", "reserve_days", "reserve_floor"),
        ),
        Section(
            "The platform's fee",
            "Of a sale that does not say its own. What has been sold keeps the fee that it had.",
            ("fee_percentage", "fee_per_ticket", "fee_borne_by"),
        ),
        Section(
            "Where it is paid to",
            "Payouts that are under way keep the account that they were made with.",
            ("account_holder", "iban", "bic"),
        ),
    )
    said_at: ClassVar[dict[str, str]] = {
        "schedule": "schedule_every",
        "reserve": "reserve_kind",
        "fee_policy": "fee_percentage",
        "minimum_payout_amount": "minimum_payout",
    }
    only_when: ClassVar[dict[str, str]] = {
        "weekday": "week",
        "day": "month",
        "days": "event",
        "reserve_percentage": "percentage",
        "reserve_days": "percentage",
        "reserve_floor": "floor",
    }
    not_negative = ("minimum_payout", "reserve_floor", "fee_per_ticket")

    name = forms.CharField(max_length=200)
    code = forms.CharField(
        max_length=100,
        help_text="Short, and taken once: by it programs name them. Letters, digits and . : _ -",
    )
    email = forms.CharField(max_length=254, required=False)
    country = forms.ChoiceField(
        choices=lambda: country_choices("The organization's"),
        required=False,
        help_text="Whose bank days count.",
    )
    schedule_every = forms.ChoiceField(label="How often", choices=Every.choices)
    weekday = forms.TypedChoiceField(
        label="Through which day of the week",
        choices=list(enumerate(WEEKDAYS, start=1)),
        coerce=int,
        empty_value=None,
        required=False,
    )
    day = forms.TypedChoiceField(
        label="Through which day of the month",
        choices=[*((day, str(day)) for day in range(1, 31)), (31, "The last one")],
        coerce=int,
        empty_value=None,
        required=False,
        help_text="A month that is shorter ends on its last day.",
    )
    days = forms.IntegerField(
        label="How many days after an event",
        required=False,
        min_value=0,
        max_value=365,
        help_text="0: the day after it ends.",
    )
    reserve_kind = forms.ChoiceField(label="Held back", choices=RESERVES)
    reserve_percentage = percentage_field("10 means 10 % of sales less refunds.")
    reserve_days = forms.IntegerField(
        label="Released after how many days", required=False, min_value=1, max_value=730
    )
    fee_percentage = percentage_field("2.5 means 2.5 % of the price. Empty: none.")
    fee_borne_by = forms.ChoiceField(
        label="Borne by",
        choices=[
            (FeeBearer.ORGANIZER, "The organizer: out of the price"),
            (FeeBearer.BUYER, "The buyer: on top of the price"),
        ],
    )
    account_holder = forms.CharField(
        max_length=70, required=False, help_text="Empty: the payee's name."
    )
    iban = forms.CharField(
        label="IBAN",
        max_length=60,
        required=False,
        help_text="A file for SEPA needs it. With or without spaces.",
    )
    bic = forms.CharField(
        label="BIC", max_length=20, required=False, help_text="Where the bank asks for it."
    )

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.update(
            {
                "minimum_payout": AmountField(
                    label=f"Minimum payout ({currency})",
                    currency=currency,
                    required=False,
                    help_text="What comes to less waits for the next settlement. Empty: none.",
                ),
                "reserve_floor": AmountField(
                    label=f"Amount held ({currency})", currency=currency, required=False
                ),
                "fee_per_ticket": AmountField(
                    label=f"And for each ticket ({currency})", currency=currency, required=False
                ),
            }
        )
        dress(self)

    def terms(self) -> dict[str, Any]:
        """What the services take."""
        given = self.cleaned_data
        plain = ("name", "code", "email", "country", "account_holder", "iban", "bic")
        return {
            **{name: given[name] for name in plain},
            "schedule": self._schedule(),
            "minimum_payout_amount": given["minimum_payout"] or 0,
            "reserve": self._reserve(),
            "fee_policy": {
                "percentage": given["fee_percentage"] or 0,
                "per_ticket_amount": given["fee_per_ticket"] or 0,
                "borne_by": given["fee_borne_by"],
            },
        }

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        for kind, names in _NEEDED.items():
            chosen = cleaned.get("schedule_every"), cleaned.get("reserve_kind")
            for name in names if kind in chosen else ():
                if name not in self.errors and cleaned.get(name) in (None, ""):
                    self.add_error(name, "This is needed here.")
        return cleaned

    def _schedule(self) -> dict[str, Any]:
        every = self.cleaned_data["schedule_every"]
        names = {"week": "weekday", "month": "day", "event": "days"}
        said = {names[every]: self.cleaned_data[names[every]]} if every in names else {}
        return {"every": every, **said}

    def _reserve(self) -> dict[str, Any] | None:
        given = self.cleaned_data
        if given["reserve_kind"] == "percentage":
            return {"percentage": f"{given['reserve_percentage']:f}", "days": given["reserve_days"]}
        if given["reserve_kind"] == "floor":
            return {"floor_amount": given["reserve_floor"]}
        return None


_NEEDED = {
    "week": ("weekday",),
    "month": ("day",),
    "event": ("days",),
    "percentage": ("reserve_percentage", "reserve_days"),
    "floor": ("reserve_floor",),
}


class NewPayeeForm(PayeeForm):
    """With what is said once."""

    currency = forms.ChoiceField(
        choices=CURRENCIES, help_text="What they are paid in. It stays as it is."
    )

    def __init__(self, *args: Any, organization: Organization, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["payable"] = forms.ChoiceField(
            label="Account",
            choices=_payable_accounts(organization),
            required=False,
            help_text="On it stands what they are owed. It stays as it is.",
        )
        dress(self)

    def terms(self) -> dict[str, Any]:
        given = self.cleaned_data
        said = {"currency": given["currency"], "payable": given["payable"] or None}
        return {**super().terms(), **said}


def new_payee_form(request: HttpRequest, organization: Organization) -> NewPayeeForm:
    data = sent(request)
    return NewPayeeForm(
        data,
        organization=organization,
        currency=currency_sent(data, organization.currency),
        initial={"currency": organization.currency, "weekday": 7, "day": 31},
    )


def payee_form(request: HttpRequest, payee: Payee) -> PayeeForm:
    return PayeeForm(sent(request), currency=payee.currency, initial=_initial(payee))


def _initial(payee: Payee) -> dict[str, Any]:
    if payee.reserve_floor_amount is not None:
        kind = "floor"
    else:
        kind = "none" if payee.reserve_percentage is None else "percentage"
    plain = ("name", "code", "email", "country", "schedule_every", "account_holder", "bic")
    return {
        **{name: getattr(payee, name) for name in (*plain, "reserve_days", "fee_borne_by")},
        "iban": in_groups(payee.iban),
        "weekday": payee.schedule_weekday or 7,
        "day": payee.schedule_day or 31,
        "days": payee.schedule_days,
        "minimum_payout": payee.minimum_payout_amount or None,
        "reserve_kind": kind,
        "reserve_percentage": _percentage(payee.reserve_percentage),
        "reserve_floor": payee.reserve_floor_amount,
        "fee_percentage": _percentage(payee.fee_percentage),
        "fee_per_ticket": payee.fee_per_ticket_amount or None,
    }


def _percentage(value: Any) -> str:
    return decimals(value) if value else ""


def _payable_accounts(organization: Organization) -> list[tuple[str, str]]:
    """Liabilities that take lines; the first choice leaves it to the account's role."""
    rows = Account.objects.of(organization)
    parents = rows.filter(parent__isnull=False).values("parent_id")
    found = rows.filter(type=AccountType.LIABILITY, status=AccountStatus.ACTIVE).exclude(
        pk__in=parents
    )
    named = found.order_by("code").values_list("code", "name", "currency")
    return [
        ("", "The organizers' account in the currency"),
        *((code, f"{code} {name} ({currency})") for code, name, currency in named),
    ]
