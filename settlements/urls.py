"""The routes of settlements, below /api/v1/."""

from django.urls import path, register_converter

from settlements.api import events, payees, profile


class CodeOrId:
    """A code or an id; anything else leads nowhere."""

    regex = "[A-Za-z0-9.:_-]{1,100}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(CodeOrId, "code")

urlpatterns = [
    path("payees", payees.PayeeList.as_view()),
    path("payees/<code:payee>", payees.PayeeDetail.as_view()),
    path("events", events.EventList.as_view()),
    path("events/<code:event>", events.EventDetail.as_view()),
    path("payout-profile", profile.PayoutProfileDetail.as_view()),
]
