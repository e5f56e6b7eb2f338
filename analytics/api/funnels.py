"""Funnels over HTTP."""

from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from analytics.api import READ
from analytics.api.snapshots import AnalyticsView, FunnelFilters
from analytics.funnels import Change, CurrencySteps, Funnel, FunnelRange, Steps
from analytics.rules import last_days
from analytics.selectors.funnels import funnel
from core.api.answers import json_answer
from core.api.schema import answered
from organizations.api.callers import access

# Without a first day: so many days up to the last one.
DAYS = 30


class ConversionRateOutput(serializers.Serializer[Any]):
    rate = serializers.CharField(
        allow_null=True,
        help_text="`count` by `of` as a decimal with four places; null where `of` is 0.",
    )
    count = serializers.IntegerField(help_text="How many went on.")
    of = serializers.IntegerField(help_text="Of how many: the denominator.")


class ConversionRatesOutput(serializers.Serializer[Any]):
    visit_to_start = ConversionRateOutput()
    start_to_complete = ConversionRateOutput()
    visit_to_complete = ConversionRateOutput()


class FunnelStepsOutput(serializers.Serializer[Any]):
    visitor_count = serializers.IntegerField()
    checkout_started_count = serializers.IntegerField()
    checkout_completed_count = serializers.IntegerField()
    rates = ConversionRatesOutput()


class FunnelCurrencyOutput(FunnelStepsOutput):
    currency = serializers.CharField()
    revenue_total = serializers.IntegerField(help_text="Minor units.")


class FunnelRangeOutput(FunnelStepsOutput):
    """A range; its counts are those of all currencies together."""

    days = serializers.IntegerField()
    days_with_data = serializers.IntegerField(
        help_text="Days that have a snapshot; the others count as nothing."
    )
    currencies = FunnelCurrencyOutput(many=True)

    def get_fields(self) -> Any:
        fields = super().get_fields()
        fields["from"] = serializers.DateField(help_text="The first day.")
        fields["to"] = serializers.DateField(help_text="The last day.")
        return fields


class FigureChangeOutput(serializers.Serializer[Any]):
    difference = serializers.IntegerField(help_text="This range less the one before.")
    relative = serializers.CharField(
        allow_null=True,
        help_text="The difference as a part of what was before; null where that is 0.",
    )


class RateChangesOutput(serializers.Serializer[Any]):
    visit_to_start = serializers.CharField(allow_null=True)
    start_to_complete = serializers.CharField(allow_null=True)
    visit_to_complete = serializers.CharField(allow_null=True)


class RevenueChangeOutput(FigureChangeOutput):
    currency = serializers.CharField()


class FunnelChangeOutput(serializers.Serializer[Any]):
    visitor_count = FigureChangeOutput()
    checkout_started_count = FigureChangeOutput()
    checkout_completed_count = FigureChangeOutput()
    rates = RateChangesOutput(help_text="The differences of the rates.")
    revenue = RevenueChangeOutput(many=True)


class FunnelOutput(FunnelRangeOutput):
    event = serializers.UUIDField(allow_null=True)
    campaign = serializers.CharField(allow_null=True, allow_blank=True)
    before = FunnelRangeOutput(help_text="The range of equal length that ends the day before.")
    change = FunnelChangeOutput()


def _steps(steps: Steps) -> dict[str, Any]:
    return {
        "visitor_count": steps.visitors,
        "checkout_started_count": steps.started,
        "checkout_completed_count": steps.completed,
        "rates": {
            name: {"rate": rate.text, "count": rate.count, "of": rate.of}
            for name, rate in steps.rates.items()
        },
    }


def _range(one: FunnelRange) -> dict[str, Any]:
    return {
        "from": one.since,
        "to": one.until,
        "days": one.days,
        "days_with_data": one.days_with_data,
        **_steps(one.steps),
        "currencies": [
            {"currency": part.currency, **_steps(part.steps), "revenue_total": part.revenue}
            for part in one.currencies
        ],
    }


def _change(change: Change) -> dict[str, Any]:
    return {"difference": change.difference, "relative": change.relative}


def funnel_as_json(found: Funnel) -> dict[str, Any]:
    return {
        **_range(found.range),
        "before": _range(found.before),
        "change": {
            **{name: _change(change) for name, change in found.counts.items()},
            "rates": found.rates,
            "revenue": [
                {"currency": currency, **_change(change)}
                for currency, change in found.revenues.items()
            ],
        },
    }


def _example() -> dict[str, Any]:

    def one(since: date, until: date, steps: Steps, revenue: int) -> FunnelRange:
        return FunnelRange(since, until, 7, (CurrencySteps("GBP", steps, revenue),))

    found = Funnel(
        one(date(2010, 12, 8), date(2010, 12, 14), Steps(1800, 240, 180), 540000),
        one(date(2010, 12, 1), date(2010, 12, 7), Steps(1500, 210, 150), 450000),
    )
    told = {"event": None, "campaign": None, **funnel_as_json(found)}
    for part in (told, told["before"]):
        part["from"], part["to"] = part["from"].isoformat(), part["to"].isoformat()
    return told


class FunnelFigures(AnalyticsView):
    refuses_reads = True
    access = {"GET": access(READ, "analytics.view_funnelsnapshot")}

    @extend_schema(
        operation_id="get_funnel",
        parameters=[FunnelFilters],
        responses=FunnelOutput,
        examples=[answered(_example())],
    )
    def get(self, request: HttpRequest) -> HttpResponse:
        """Read the conversion rates of a range, and of the range before it.

        Both days count, in the organization's time zone. Without `to` the range ends today,
        without `from` it has 30 days. The range before is as long, and ends the day before.
        """
        given = self.filters(self.query(FunnelFilters))
        until = given.pop("until", None) or self.today
        since = given.pop("since", None) or last_days(until, DAYS)
        found = funnel(self.organization, since=since, until=until, **given)
        event = given.get("event")
        return json_answer(
            {
                "event": event.pk if event else None,
                "campaign": given.get("campaign"),
                **funnel_as_json(found),
            }
        )
