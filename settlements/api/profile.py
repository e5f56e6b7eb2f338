"""The account that pays, over HTTP."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from core.api.answers import json_answer, moment
from core.api.schema import asked
from core.api.serializers import StrictSerializer, Text
from organizations.api.callers import access
from settlements.api import READ, WRITE
from settlements.api.views import SettlementsView
from settlements.models import PayoutProfile
from settlements.selectors.profile import get_payout_profile
from settlements.services.profile import MOST_NAME, save_payout_profile


class PayoutProfileInput(StrictSerializer):
    """From which account payouts leave; all of it is replaced."""

    name = Text(max_length=MOST_NAME, help_text="Who pays, as the bank knows them.")
    iban = Text(
        max_length=60,
        help_text="Checked: country, length, check digits. Spaces and small letters are taken.",
    )
    bic = Text(
        required=False,
        allow_blank=True,
        max_length=60,
        help_text="Has to be that of the IBAN's bank, where that is known.",
    )


class PayoutProfileOutput(serializers.Serializer[Any]):
    name = serializers.CharField(allow_blank=True)
    iban = serializers.CharField(allow_blank=True)
    bic = serializers.CharField(allow_blank=True)
    updated_at = serializers.DateTimeField(
        allow_null=True, help_text="Null: nobody has said yet from which account."
    )


def profile_as_json(profile: PayoutProfile | None) -> dict[str, Any]:
    if profile is None:
        return {"name": "", "iban": "", "bic": "", "updated_at": None}
    return {
        "name": profile.name,
        "iban": profile.iban,
        "bic": profile.bic,
        "updated_at": moment(profile.updated_at),
    }


class PayoutProfileDetail(SettlementsView):
    tag = "Payouts"
    access = {
        "GET": access(READ, "settlements.view_payoutprofile"),
        "PUT": access(WRITE, "settlements.change_payoutprofile"),
    }

    @extend_schema(operation_id="get_payout_profile", responses=PayoutProfileOutput)
    def get(self, request: HttpRequest) -> HttpResponse:
        """Read from which account payouts leave."""
        self.no_query()
        return json_answer(profile_as_json(get_payout_profile(self.organization)))

    @extend_schema(
        operation_id="save_payout_profile",
        request=PayoutProfileInput,
        responses=PayoutProfileOutput,
        examples=[asked({"name": "Market Ltd", "iban": "DE89 3704 0044 0532 0130 00"})],
    )
    def put(self, request: HttpRequest) -> HttpResponse:
        """Say from which account payouts leave.

        Bank files made before stay as they were.
        """
        self.no_query()
        profile = save_payout_profile(actor=self.actor, **self.read(PayoutProfileInput))
        return json_answer(profile_as_json(profile))
