"""Funnel snapshots over HTTP."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from analytics.api import READ, WRITE
from analytics.errors import SnapshotNotFound
from analytics.models import MOST_CAMPAIGN
from analytics.rules import check_campaign
from analytics.selectors.snapshots import Snapshot, as_snapshot, get_snapshot, list_snapshots
from analytics.services.snapshots import record_snapshot
from core.api.answers import json_answer, moment
from core.api.pagination import Page
from core.api.schema import answered, asked
from core.api.serializers import (
    MOST_MINOR_UNITS,
    CurrencyCode,
    Day,
    MinorUnits,
    Paged,
    Span,
    StrictSerializer,
    Text,
    Whole,
)
from organizations.api.callers import access
from organizations.api.views import OrganizationView
from settlements.errors import EventNotFound, UnknownEvent
from settlements.models import Event
from settlements.selectors.payees import get_event

TAG = "Analytics"

SNAPSHOT_EXAMPLE = {
    "event": "summer-fair",
    "campaign": "newsletter",
    "snapshot_on": "2010-12-01",
    "visitor_count": 1800,
    "checkout_started_count": 240,
    "checkout_completed_count": 180,
    "revenue_total": 540000,
    "currency": "GBP",
    "metadata": {"source": "web"},
}


class Count(Whole):
    """What was counted; below zero is understood, and refused."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=-MOST_MINOR_UNITS, max_value=MOST_MINOR_UNITS, **kwargs)


class Campaign(Text):
    """A campaign's name; empty is none."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            required=False,
            allow_blank=True,
            trim_whitespace=False,
            max_length=MOST_CAMPAIGN,
            **kwargs,
        )


class FunnelSnapshotInput(StrictSerializer):
    """One day of one event, of one campaign or of none."""

    event = Text(max_length=100, help_text="The event's code or id.")
    campaign = Campaign(help_text="Empty, or left out: of no campaign.")
    snapshot_on = Day(help_text="The day, 1900 to 2199.")
    visitor_count = Count(help_text="Who visited.")
    checkout_started_count = Count(help_text="Checkouts that were begun; these may exceed visits.")
    checkout_completed_count = Count(help_text="Those of them that were completed.")
    revenue_total = MinorUnits(help_text="What they brought, in minor units; not below zero.")
    currency = CurrencyCode(help_text="The currency of the event's payee.")
    metadata = serializers.JSONField(
        required=False, help_text="An object of your own, up to 20,000 characters."
    )


class FunnelSnapshotOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    event = serializers.UUIDField(help_text="The event's id.")
    event_code = serializers.CharField()
    campaign = serializers.CharField(allow_blank=True)
    snapshot_on = serializers.DateField()
    visitor_count = serializers.IntegerField()
    checkout_started_count = serializers.IntegerField()
    checkout_completed_count = serializers.IntegerField()
    revenue_total = serializers.IntegerField(help_text="Minor units.")
    currency = serializers.CharField()
    metadata = serializers.DictField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class FunnelSnapshotPage(serializers.Serializer[Any]):
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = FunnelSnapshotOutput(many=True)


class FunnelFilters(Span):
    """What a funnel or a list of snapshots is about."""

    event = Text(required=False, max_length=100, help_text="Only this event's: its code or id.")
    campaign = Campaign(help_text="Only this campaign's; empty: those of none.")


class SnapshotFilters(Paged, FunnelFilters):
    pass


def _as_json(snapshot: Snapshot, event: Event) -> dict[str, Any]:
    return {
        "id": snapshot.id,
        "event": snapshot.event_id,
        "event_code": event.code,
        "campaign": snapshot.campaign,
        "snapshot_on": snapshot.snapshot_on,
        "visitor_count": snapshot.visitor_count,
        "checkout_started_count": snapshot.checkout_started_count,
        "checkout_completed_count": snapshot.checkout_completed_count,
        "revenue_total": snapshot.revenue_total,
        "currency": snapshot.currency,
        "metadata": snapshot.metadata,
        "created_at": moment(snapshot.created_at),
        "updated_at": moment(snapshot.updated_at),
    }


class AnalyticsView(OrganizationView):
    tag = TAG
    names_rows = True

    def filters(self, given: dict[str, Any]) -> dict[str, Any]:
        """What a `FunnelFilters` took, with the event itself.

        Raises:
            EventNotFound, InvalidCampaign
        """
        if "event" in given:
            given["event"] = get_event(self.organization, given["event"])
        if "campaign" in given:
            given["campaign"] = check_campaign(given["campaign"])
        return given


class FunnelSnapshots(AnalyticsView):
    refuses_reads = True
    access = {
        "GET": access(READ, "analytics.view_funnelsnapshot"),
        "PUT": access(WRITE, "analytics.change_funnelsnapshot"),
    }

    @extend_schema(
        operation_id="list_funnel_snapshots",
        parameters=[SnapshotFilters],
        responses=FunnelSnapshotPage,
    )
    def get(self, request: HttpRequest) -> HttpResponse:
        """List funnel snapshots, the latest day first.

        With an event, a campaign (it may be empty) and the same day in `from` and `to` it is that
        one snapshot, which is read from the cache.
        """
        given = self.filters(self.query(SnapshotFilters))
        wanted = {name: given[name] for name in _NARROWED if name in given}
        if "cursor" not in given and _names_one(wanted):
            return json_answer(Page((), None, None).as_json(self._found(wanted)))
        page = self.page(
            request, list_snapshots(self.organization, **wanted), given, "-snapshot_on"
        )
        return json_answer(page.as_json([_as_json(as_snapshot(r), r.event) for r in page.rows]))

    def _found(self, given: dict[str, Any]) -> list[dict[str, Any]]:
        try:
            snapshot = get_snapshot(
                self.organization,
                event=given["event"],
                campaign=given["campaign"],
                snapshot_on=given["since"],
            )
        except SnapshotNotFound:
            return []
        return [_as_json(snapshot, given["event"])]

    @extend_schema(
        operation_id="record_funnel_snapshot",
        request=FunnelSnapshotInput,
        responses={200: FunnelSnapshotOutput, 201: FunnelSnapshotOutput},
        examples=[
            asked(SNAPSHOT_EXAMPLE),
            answered(
                {
                    "id": "0199e0a4-6a5f-7c3e-8a52-0d7f5c1b2a90",
                    **SNAPSHOT_EXAMPLE,
                    "event": "0199e0a4-6a5f-7c3e-8a52-0d7f5c1b2a91",
                    "event_code": "summer-fair",
                    "created_at": "2010-12-02T00:05:00Z",
                    "updated_at": "2010-12-02T00:05:00Z",
                }
            ),
        ],
    )
    def put(self, request: HttpRequest) -> HttpResponse:
        """Record the snapshot of an event, a campaign and a day.

        201 where it is new; 200 where it replaces the one that was there, or says the same again.
        """
        self.no_query()
        given = self.read(FunnelSnapshotInput)
        name = given.pop("event")
        try:
            event = get_event(self.organization, name)
        except EventNotFound as refusal:
            raise UnknownEvent(**refusal.facts) from None
        row, is_new = record_snapshot(actor=self.actor, event=event, now=self.now, **given)
        return json_answer(_as_json(as_snapshot(row), event), 201 if is_new else 200)


_NARROWED = ("event", "campaign", "since", "until")


def _names_one(given: dict[str, Any]) -> bool:
    day = given.get("since")
    return (
        "event" in given and "campaign" in given and day is not None and day == given.get("until")
    )
