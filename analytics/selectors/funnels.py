"""The funnel of a range of days and of the range before it, by one statement."""

import json
from datetime import date
from functools import partial
from typing import Any

from django.db import connection

from analytics.funnels import CurrencySteps, Funnel, FunnelRange, Steps
from analytics.rules import check_range, days_before
from core.read_through.reading import Kept, ReadThrough
from organizations.models import Organization
from settlements.models import Event

# Every funnel of an organization: which ones a day belongs to is not worth knowing.
FUNNELS_GROUP = "all"

# The days with data are counted over all currencies, hence the second grouping.
_FUNNEL = """
SELECT f.snapshot_on < %(since)s AS is_before, f.currency, count(DISTINCT f.snapshot_on),
       sum(f.visitor_count), sum(f.checkout_started_count), sum(f.checkout_completed_count),
       sum(f.revenue_total)
  FROM analytics_funnelsnapshot f
 WHERE f.organization_id = %(organization)s
   AND f.snapshot_on BETWEEN %(before)s AND %(until)s
   AND (%(event)s::uuid IS NULL OR f.event_id = %(event)s::uuid)
   AND (%(campaign)s::text IS NULL OR f.campaign = %(campaign)s::text)
 GROUP BY GROUPING SETS ((1, 2), (1))
 ORDER BY 1, 2
"""

_DAYS = """
SELECT f.snapshot_on, sum(f.visitor_count), sum(f.checkout_started_count),
       sum(f.checkout_completed_count)
  FROM analytics_funnelsnapshot f
 WHERE f.organization_id = %(organization)s
   AND f.snapshot_on BETWEEN %(since)s AND %(until)s
   AND (%(event)s::uuid IS NULL OR f.event_id = %(event)s::uuid)
   AND (%(campaign)s::text IS NULL OR f.campaign = %(campaign)s::text)
 GROUP BY 1 ORDER BY 1
"""


def _dump_range(one: FunnelRange) -> list[Any]:
    rows = [
        [c.currency, c.steps.visitors, c.steps.started, c.steps.completed, c.revenue]
        for c in one.currencies
    ]
    return [one.since.isoformat(), one.until.isoformat(), one.days_with_data, rows]


def _load_range(kept: list[Any]) -> FunnelRange:
    since, until, days_with_data, rows = kept
    return FunnelRange(
        date.fromisoformat(since),
        date.fromisoformat(until),
        days_with_data,
        tuple(CurrencySteps(row[0], Steps(*row[1:4]), row[4]) for row in rows),
    )


FUNNELS: ReadThrough[Funnel] = ReadThrough(
    "funnel",
    Kept(
        lambda funnel: [_dump_range(funnel.range), _dump_range(funnel.before)],
        lambda kept: Funnel(*(_load_range(one) for one in kept)),
    ),
)


def funnel(
    organization: Organization,
    *,
    since: date,
    until: date,
    event: Event | None = None,
    campaign: str | None = None,
) -> Funnel:
    """How visits became sales from one day to another, both included, and in as many days before.

    Of one event or all, of one campaign ("" is none) or all.

    Raises:
        RangeBackwards, RangeTooLong, ImplausibleDay
    """
    check_range(since, until)
    asked = [str(event.pk) if event else None, campaign, since.isoformat(), until.isoformat()]
    return FUNNELS.read(
        organization.pk,
        FUNNELS_GROUP,
        json.dumps(asked),
        partial(_from_database, organization, since, until, event, campaign),
    )


def _from_database(
    organization: Organization, since: date, until: date, event: Event | None, campaign: str | None
) -> Funnel:
    before, last_before = days_before(since, until)
    asked = _asked(organization, since, until, event, campaign) | {"before": before}
    with connection.cursor() as cursor:
        cursor.execute(_FUNNEL, asked)
        rows = cursor.fetchall()

    def of(is_before: bool, since: date, until: date) -> FunnelRange:
        mine = [row for row in rows if row[0] is is_before]
        return FunnelRange(
            since,
            until,
            sum(row[2] for row in mine if row[1] is None),
            tuple(
                CurrencySteps(row[1], Steps(*map(int, row[3:6])), int(row[6]))
                for row in mine
                if row[1] is not None
            ),
        )

    return Funnel(of(False, since, until), of(True, before, last_before))


def funnel_by_day(
    organization: Organization,
    *,
    since: date,
    until: date,
    event: Event | None = None,
    campaign: str | None = None,
) -> dict[date, Steps]:
    """The days that have a snapshot, in their order, for a chart.

    Raises:
        RangeBackwards, RangeTooLong, ImplausibleDay
    """
    check_range(since, until)
    with connection.cursor() as cursor:
        cursor.execute(_DAYS, _asked(organization, since, until, event, campaign))
        return {day: Steps(*map(int, counts)) for day, *counts in cursor.fetchall()}


def _asked(
    organization: Organization, since: date, until: date, event: Event | None, campaign: str | None
) -> dict[str, Any]:
    return {
        "organization": organization.pk,
        "since": since,
        "until": until,
        "event": event.pk if event else None,
        "campaign": campaign,
    }
