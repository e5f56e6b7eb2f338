"""What a snapshot and a range of days can be."""

from datetime import date, timedelta

from analytics.errors import (
    CompletedExceedsStarted,
    ImplausibleDay,
    InvalidCampaign,
    InvalidSnapshotMetadata,
    NegativeCount,
    NegativeRevenue,
    RangeBackwards,
    RangeTooLong,
)
from analytics.models import MOST_CAMPAIGN
from invoicing.rules import metadata_problem, text_problem
from ledger.drafts import FIRST_DATE, LAST_DATE

# Ten years; the range before it is as long.
MOST_DAYS = 3_660


def check_campaign(campaign: str) -> str:
    """Without white space around it; empty is no campaign. Raises InvalidCampaign."""
    problem = text_problem(campaign, most=MOST_CAMPAIGN)
    if problem is not None:
        raise InvalidCampaign(problem=problem)
    return campaign.strip()


def check_day(day: date, field: str = "snapshot_on") -> None:
    """Raises ImplausibleDay."""
    if not FIRST_DATE <= day <= LAST_DATE:
        raise ImplausibleDay(field=field, day=day.isoformat())


def check_counts(visitors: int, started: int, completed: int, revenue: int) -> None:
    """Raises NegativeCount, CompletedExceedsStarted, NegativeRevenue."""
    for field, number in (
        ("visitor_count", visitors),
        ("checkout_started_count", started),
        ("checkout_completed_count", completed),
    ):
        if number < 0:
            raise NegativeCount(field=field, count=number)
    if completed > started:
        raise CompletedExceedsStarted(completed=completed, started=started)
    if revenue < 0:
        raise NegativeRevenue(revenue=revenue)


def check_metadata(metadata: object) -> None:
    """Raises InvalidSnapshotMetadata."""
    problem = metadata_problem(metadata)
    if problem is not None:
        raise InvalidSnapshotMetadata(problem=problem)


def check_range(since: date, until: date) -> None:
    """Raises RangeBackwards, RangeTooLong, ImplausibleDay."""
    if since > until:
        raise RangeBackwards(since=since.isoformat(), until=until.isoformat())
    days = (until - since).days + 1
    if days > MOST_DAYS:
        raise RangeTooLong(days=days, most=MOST_DAYS)
    check_day(since, "from")
    check_day(until, "to")


def last_days(until: date, days: int) -> date:
    """The first of so many days that end on a day. Raises ImplausibleDay."""
    check_day(until, "to")
    return until - timedelta(days=days - 1)


def days_before(since: date, until: date) -> tuple[date, date]:
    """The first and the last day of the range of equal length that ends the day before."""
    return since - (until - since) - timedelta(days=1), since - timedelta(days=1)
