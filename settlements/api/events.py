"""Events over HTTP."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from core.api.answers import json_answer, moment
from core.api.schema import asked
from core.api.serializers import Day, Paged, Span, StrictSerializer, Text
from organizations.api.callers import access
from settlements.api import READ, WRITE
from settlements.api.views import PayeeName, SettlementsView
from settlements.models import Event
from settlements.rules import MOST_CODE
from settlements.selectors.payees import get_event, get_payee, list_events
from settlements.services.events import change_event, create_event

TAG = "Events"

EVENT_EXAMPLE = {
    "code": "spring-2026",
    "name": "Spring Festival",
    "payee": "ana",
    "ends_on": "2026-05-03",
}


class EventInput(StrictSerializer):
    """What is sold for a payee."""

    code = Text(max_length=MOST_CODE, help_text="Letters, digits and `.:-_`; unique.")
    name = Text(max_length=200)
    payee = PayeeName(help_text="For whom it is sold, by code or id; it never changes.")
    ends_on = Day(help_text="Its last day: a schedule of days after the event counts from it.")


class EventPatch(StrictSerializer):
    """What changes; the rest stays."""

    code = Text(required=False, max_length=MOST_CODE)
    name = Text(required=False, max_length=200)
    payee = PayeeName(required=False, help_text="Only the one that it is.")
    ends_on = Day(required=False)


class EventOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    code = serializers.CharField()
    name = serializers.CharField()
    payee = serializers.CharField(help_text="The payee's code.")
    ends_on = serializers.DateField()
    created_at = serializers.DateTimeField()


class EventPage(serializers.Serializer[Any]):
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = EventOutput(many=True)


class EventFilters(Paged, Span):
    payee = PayeeName(required=False)
    search = serializers.CharField(
        required=False, max_length=200, help_text="A part of the code or the name."
    )


def event_as_json(event: Event) -> dict[str, Any]:
    return {
        "id": event.pk,
        "code": event.code,
        "name": event.name,
        "payee": event.payee.code,
        "ends_on": event.ends_on,
        "created_at": moment(event.created_at),
    }


class EventList(SettlementsView):
    tag = TAG
    names_rows = True
    access = {
        "GET": access(READ, "settlements.view_event"),
        "POST": access(WRITE, "settlements.add_event"),
    }

    @extend_schema(operation_id="list_events", parameters=[EventFilters], responses=EventPage)
    def get(self, request: HttpRequest) -> HttpResponse:
        """List events, those that end last first.

        `from` and `to` are of the days on which they end. Filters are combined.
        """
        given = self.query(EventFilters)
        payee = given.get("payee")
        rows = list_events(
            self.organization,
            payee=get_payee(self.organization, payee) if payee else None,
            since=given.get("since"),
            until=given.get("until"),
            search=given.get("search"),
        )
        page = self.page(request, rows, given, "-ends_on")
        return json_answer(page.as_json([event_as_json(row) for row in page.rows]))

    @extend_schema(
        operation_id="create_event",
        request=EventInput,
        responses={201: EventOutput},
        examples=[asked(EVENT_EXAMPLE)],
    )
    def post(self, request: HttpRequest) -> HttpResponse:
        """Create an event."""
        self.no_query()
        event = create_event(actor=self.actor, **self.read(EventInput))
        return json_answer(event_as_json(event), 201)


class EventDetail(SettlementsView):
    tag = TAG
    access = {
        "GET": access(READ, "settlements.view_event"),
        "PATCH": access(WRITE, "settlements.change_event"),
    }

    @extend_schema(operation_id="get_event", responses=EventOutput)
    def get(self, request: HttpRequest, event: str) -> HttpResponse:
        """Read an event."""
        self.no_query()
        return json_answer(event_as_json(get_event(self.organization, event)))

    @extend_schema(
        operation_id="change_event",
        request=EventPatch,
        responses=EventOutput,
        examples=[asked({"ends_on": "2026-05-10"}, "It is a week later")],
    )
    def patch(self, request: HttpRequest, event: str) -> HttpResponse:
        """Change an event.

        Its payee stays. What has been settled stays settled, whenever the event ends.
        """
        self.no_query()
        changes = self.read(EventPatch, partial=True)
        found = get_event(self.organization, event)
        return json_answer(event_as_json(change_event(actor=self.actor, event=found, **changes)))
