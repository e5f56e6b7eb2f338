"""Payees over HTTP."""

from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers

from core.api.answers import json_answer, moment
from core.api.schema import asked
from core.api.serializers import (
    CurrencyCode,
    MinorUnits,
    Paged,
    StrictSerializer,
    Text,
    Whole,
)
from organizations.api.callers import access
from settlements.api import READ, WRITE
from settlements.api.views import SettlementsView
from settlements.models import Every, FeeBearer, Payee, PayeeStatus
from settlements.policies import next_cutoff_on, terms_as_json
from settlements.rules import MOST_CODE
from settlements.selectors.payees import get_payee, list_payees
from settlements.services.payees import change_payee, create_payee

TAG = "Payees"

PAYEE_EXAMPLE = {
    "code": "ana",
    "name": "Ana's Concerts",
    "currency": "EUR",
    "country": "IE",
    "schedule": {"every": "week", "weekday": 3},
    "minimum_payout_amount": 50_00,
    "reserve": {"percentage": "10", "days": 30},
    "fee_policy": {"percentage": "10", "per_ticket_amount": 50, "borne_by": "organizer"},
    "account_holder": "Ana Byrne",
    "iban": "IE29 AIBK 9311 5212 3456 78",
}


@extend_schema_field(
    {"oneOf": [{"type": "string", "pattern": r"^[0-9]{1,3}(\.[0-9]{1,4})?$"}, {"type": "integer"}]}
)
class Percentage(serializers.Field[Any, Any, Any, Any]):
    """A percentage as text or as a whole number, and no float: 0.1 is none of those."""

    default_error_messages = {"invalid": 'Expected a percentage as text, such as "2.5".'}

    def to_internal_value(self, data: Any) -> str | int:
        if not isinstance(data, str) and type(data) is not int:
            self.fail("invalid")
        return data


class ScheduleInput(StrictSerializer):
    """When a payee is settled: by hand, daily, weekly, monthly, or days after each event."""

    every = serializers.ChoiceField(Every.choices)
    weekday = Whole(required=False, help_text="With `week`: its last day, 1 Monday to 7 Sunday.")
    day = Whole(
        required=False,
        help_text="With `month`: its last day, 1 to 31; a shorter month ends on its own last day.",
    )
    days = Whole(required=False, help_text="With `event`: how many after its end, 0 to 365.")


class ReserveInput(StrictSerializer):
    """What is held back: a percentage for some days, or a floor that is never paid out."""

    percentage = Percentage(
        required=False,
        help_text="Of sales less refunds; 10 means 10 %, up to four decimals.",
    )
    days = Whole(required=False, help_text="After how many it is released, 1 to 730.")
    floor_amount = MinorUnits(
        required=False, help_text="Instead of both: what is held at all times."
    )


class FeePolicyInput(StrictSerializer):
    """The platform's fee on a sale that does not say its own."""

    percentage = Percentage(
        required=False, help_text="Of the price; 2.5 means 2.5 %, up to four decimals."
    )
    per_ticket_amount = MinorUnits(required=False, help_text="For each ticket, besides.")
    borne_by = serializers.ChoiceField(
        FeeBearer.choices,
        required=False,
        help_text="`organizer`: out of the price; `buyer`: on top of it.",
    )


class _PayeeFields(StrictSerializer):
    """What can be said of a payee from the beginning, and changed."""

    schedule = ScheduleInput(required=False, allow_null=True, help_text="Null: settled by hand.")
    minimum_payout_amount = MinorUnits(
        required=False, help_text="What is below it waits for the next settlement."
    )
    reserve = ReserveInput(required=False, allow_null=True, help_text="Null: none.")
    fee_policy = FeePolicyInput(required=False, allow_null=True, help_text="Null: no fee.")
    country = Text(
        required=False,
        allow_blank=True,
        max_length=60,
        help_text="ISO 3166, such as IE: whose bank days count. Without one, the organization's.",
    )
    email = Text(required=False, allow_blank=True, max_length=254)
    account_holder = Text(
        required=False,
        allow_blank=True,
        max_length=70,
        help_text="To whom the bank account belongs, where that is another name.",
    )
    iban = Text(
        required=False,
        allow_blank=True,
        max_length=60,
        help_text="Checked: country, length, check digits. Spaces and small letters are taken.",
    )
    bic = Text(
        required=False,
        allow_blank=True,
        max_length=60,
        help_text="Has to be that of the IBAN's bank, where that is known.",
    )
    payable = Text(
        required=False,
        max_length=MOST_CODE,
        help_text="The account on which stands what is owed to them, by code or id: a liability in "
        "their currency. Without it, the one with the role `organizer_payable`. It never changes.",
    )


class PayeeInput(_PayeeFields):
    """One who is paid for what is sold."""

    code = Text(max_length=MOST_CODE, help_text="Letters, digits and `.:-_`; unique.")
    name = Text(max_length=200)
    currency = CurrencyCode(help_text="In which they sell and are paid; it never changes.")


class PayeePatch(_PayeeFields):
    """What changes; the rest stays. Schedule, reserve and fee policy are replaced as a whole."""

    code = Text(required=False, max_length=MOST_CODE)
    name = Text(required=False, max_length=200)
    currency = CurrencyCode(required=False, help_text="Only the one that it is.")
    status = serializers.ChoiceField(
        PayeeStatus.choices,
        required=False,
        help_text="`suspended`: nothing is settled until they are `active` again.",
    )


class ScheduleOutput(serializers.Serializer[Any]):
    every = serializers.ChoiceField(Every.choices)
    weekday = serializers.IntegerField(required=False)
    day = serializers.IntegerField(required=False)
    days = serializers.IntegerField(required=False)


class ReserveOutput(serializers.Serializer[Any]):
    percentage = serializers.CharField(required=False)
    days = serializers.IntegerField(required=False)
    floor_amount = serializers.IntegerField(required=False)


class FeePolicyOutput(serializers.Serializer[Any]):
    percentage = serializers.CharField(help_text='As text, so that it is exact: "2.5".')
    per_ticket_amount = serializers.IntegerField()
    borne_by = serializers.ChoiceField(FeeBearer.choices)


class PayeeOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    code = serializers.CharField()
    name = serializers.CharField()
    email = serializers.CharField(allow_blank=True)
    currency = serializers.CharField()
    country = serializers.CharField(allow_blank=True)
    status = serializers.ChoiceField(PayeeStatus.choices)
    payable = serializers.CharField(help_text="The account's code.")
    schedule = ScheduleOutput()
    next_cutoff_on = serializers.DateField(
        allow_null=True,
        help_text="The end of the period that is running. Null where people or events decide, and "
        "of a suspended payee.",
    )
    minimum_payout_amount = serializers.IntegerField()
    reserve = ReserveOutput(allow_null=True)
    fee_policy = FeePolicyOutput()
    account_holder = serializers.CharField(allow_blank=True)
    iban = serializers.CharField(allow_blank=True)
    bic = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()


class PayeePage(serializers.Serializer[Any]):
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = PayeeOutput(many=True)


class PayeeFilters(Paged):
    status = serializers.ChoiceField(
        PayeeStatus.choices, required=False, help_text="Only those who are."
    )
    currency = CurrencyCode(required=False, help_text="Only those who are paid in it.")
    every = serializers.ChoiceField(
        Every.choices, required=False, help_text="Only those on such a schedule."
    )
    search = serializers.CharField(
        required=False, max_length=200, help_text="A part of the code, the name or the email."
    )


_COLUMNS = (
    "id",
    "code",
    "name",
    "email",
    "currency",
    "country",
    "status",
    "minimum_payout_amount",
    "account_holder",
    "iban",
    "bic",
)


def payee_as_json(payee: Payee, today: date) -> dict[str, Any]:
    return {
        **{name: getattr(payee, name) for name in _COLUMNS},
        "payable": payee.payable.code,
        **terms_as_json(payee),
        "next_cutoff_on": next_cutoff_on(payee, today),
        "created_at": moment(payee.created_at),
    }


class PayeeList(SettlementsView):
    tag = TAG
    access = {
        "GET": access(READ, "settlements.view_payee"),
        "POST": access(WRITE, "settlements.add_payee"),
    }

    @extend_schema(operation_id="list_payees", parameters=[PayeeFilters], responses=PayeePage)
    def get(self, request: HttpRequest) -> HttpResponse:
        """List payees, by code.

        Filters are combined.
        """
        given = self.query(PayeeFilters)
        wanted = {name: given.get(name) for name in ("status", "currency", "every", "search")}
        page = self.page(request, list_payees(self.organization, **wanted), given, "code")
        return json_answer(page.as_json([payee_as_json(row, self.today) for row in page.rows]))

    @extend_schema(
        operation_id="create_payee",
        request=PayeeInput,
        responses={201: PayeeOutput},
        examples=[
            asked(PAYEE_EXAMPLE),
            asked(
                {
                    "code": "ben",
                    "name": "Ben's Courses",
                    "currency": "EUR",
                    "schedule": {"every": "event", "days": 5},
                    "reserve": {"floor_amount": 500_00},
                },
                "Settled five days after each event, with a floor",
            ),
        ],
    )
    def post(self, request: HttpRequest) -> HttpResponse:
        """Create a payee.

        Without a schedule they are settled by hand, without a reserve nothing is held back.
        """
        self.no_query()
        payee = create_payee(actor=self.actor, **self.read(PayeeInput))
        return json_answer(payee_as_json(payee, self.today), 201)


class PayeeDetail(SettlementsView):
    tag = TAG
    access = {
        "GET": access(READ, "settlements.view_payee"),
        "PATCH": access(WRITE, "settlements.change_payee"),
    }

    @extend_schema(operation_id="get_payee", responses=PayeeOutput)
    def get(self, request: HttpRequest, payee: str) -> HttpResponse:
        """Read a payee."""
        self.no_query()
        return json_answer(payee_as_json(get_payee(self.organization, payee), self.today))

    @extend_schema(
        operation_id="change_payee",
        request=PayeePatch,
        responses=PayeeOutput,
        examples=[
            asked({"schedule": {"every": "month", "day": 31}}),
            asked({"status": "suspended"}, "Nothing is settled for now"),
            asked({"reserve": None}, "Nothing is held back any more"),
        ],
    )
    def patch(self, request: HttpRequest, payee: str) -> HttpResponse:
        """Change a payee.

        What has been sold and settled stays as it was. A new schedule counts from the payee's last
        settlement on, and a payout that is tried again goes to the bank details of then.
        """
        self.no_query()
        changes = self.read(PayeePatch, partial=True)
        found = get_payee(self.organization, payee)
        changed = change_payee(actor=self.actor, payee=found, **changes)
        return json_answer(payee_as_json(changed, self.today))
