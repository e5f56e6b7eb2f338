"""Naming an event: typed by code, offered while one types, as there may be thousands."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse_lazy

from core.admin import require_permission
from organizations.admin.base import organization_of, site
from organizations.models import Organization
from settlements.errors import EventNotFound
from settlements.models import Event
from settlements.selectors.payees import get_event, list_events

MOST_OFFERED = 20
PERMISSION = "analytics.view_funnelsnapshot"


@site.page("funnel/events/", "funnel_events")
def suggest(request: HttpRequest) -> HttpResponse:
    """The codes of the first events whose code or name holds what was typed."""
    require_permission(request, PERMISSION)
    typed = request.GET.get("q", "")[:100].replace("\x00", "").strip()
    events = list_events(organization_of(request), search=typed or None)
    codes = events.order_by("-ends_on", "code").values_list("code", flat=True)
    return JsonResponse({"offered": list(codes[:MOST_OFFERED])})


class EventInput(forms.TextInput):
    """The field asks for what fits while one types (static/countinghouse/admin.js)."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(
            {
                "data-suggest": reverse_lazy("admin:funnel_events"),
                "autocomplete": "off",
                "placeholder": "Code",
                **(attrs or {}),
            }
        )


def event_typed(organization: Organization, typed: str) -> Event | None:
    """The event that is meant, or None where nothing is typed.

    Raises:
        ValidationError: there is none of that code.
    """
    if not typed:
        return None
    try:
        return get_event(organization, typed)
    except EventNotFound as refusal:
        raise forms.ValidationError(refusal.message) from None
