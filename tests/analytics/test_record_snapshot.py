"""Recording what was counted on a day: once, again, corrected, and what is refused."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from analytics.errors import (
    CompletedExceedsStarted,
    ImplausibleDay,
    InvalidCampaign,
    InvalidSnapshotMetadata,
    NegativeCount,
    NegativeRevenue,
    SnapshotCurrencyMismatch,
)
from analytics.models import FunnelSnapshot
from organizations.errors import UnknownCurrency
from organizations.models import AuditEvent, OutboxMessage
from settlements.errors import UnknownEvent
from tests.analytics.conftest import DAY, NOON

pytestmark = pytest.mark.django_db


def test_keeps_what_was_counted_and_says_who_told_it(record, as_alice, fair):
    row = record(1800, 240, 180, 5400_00, actor=as_alice, campaign=" spring ", metadata={"a": 1})

    row.refresh_from_db()
    assert (row.visitor_count, row.checkout_started_count, row.checkout_completed_count) == (
        1800,
        240,
        180,
    )
    assert (row.revenue_total, row.currency, row.campaign) == (5400_00, "GBP", "spring")
    assert (row.event_id, row.snapshot_on, row.metadata) == (fair.pk, DAY, {"a": 1})
    assert (row.created_at, row.updated_at) == (NOON, NOON)
    event = AuditEvent.objects.get(action="record_snapshot")
    assert event.user_id == as_alice.user_id
    assert event.after["visitor_count"] == 1800


def test_the_same_again_changes_nothing_and_leaves_no_trace(record):
    first = record()
    messages, events = OutboxMessage.objects.count(), AuditEvent.objects.count()

    again = record(now=NOON + timedelta(hours=1))

    assert again.pk == first.pk
    assert again.updated_at == NOON
    assert (OutboxMessage.objects.count(), AuditEvent.objects.count()) == (messages, events)


def test_a_correction_replaces_what_was_there_and_says_what_it_was(record):
    first = record(100, 20, 10)

    again = record(100, 30, 10, now=NOON + timedelta(hours=1))

    assert again.pk == first.pk
    assert FunnelSnapshot.objects.get().checkout_started_count == 30
    assert again.updated_at == NOON + timedelta(hours=1)
    event = AuditEvent.objects.filter(action="record_snapshot").latest("id")
    assert (event.before, event.after) == (
        {"checkout_started_count": 20},
        {"checkout_started_count": 30},
    )


def test_events_campaigns_and_days_each_have_their_own(record, ball):
    record()
    record(campaign="spring")
    record(on=DAY + timedelta(days=1))
    record(event=ball, currency="EUR")

    assert FunnelSnapshot.objects.count() == 4


def test_more_may_begin_a_checkout_than_have_visited(record):
    assert record(0, 5, 5).visitor_count == 0


@pytest.mark.parametrize(
    ("counted", "refusal", "attr"),
    [
        ((-1, 0, 0, 0), NegativeCount, "visitor_count"),
        ((1, -1, 0, 0), NegativeCount, "checkout_started_count"),
        ((1, 0, -1, 0), NegativeCount, "checkout_completed_count"),
        ((9, 1, 2, 0), CompletedExceedsStarted, "checkout_completed_count"),
        ((1, 1, 1, -1), NegativeRevenue, "revenue_total"),
    ],
)
def test_refuses_what_cannot_have_been_counted(record, counted, refusal, attr):
    with pytest.raises(refusal) as refused:
        record(*counted)

    assert refused.value.attr == attr
    assert not FunnelSnapshot.objects.exists()
    assert not AuditEvent.objects.filter(action="record_snapshot").exists()


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        ({"campaign": "a\x07b"}, InvalidCampaign),
        ({"campaign": "a\nb"}, InvalidCampaign),
        ({"campaign": "\u200b"}, InvalidCampaign),
        ({"campaign": "x" * 101}, InvalidCampaign),
        ({"campaign": "a\x00"}, InvalidCampaign),
        ({"metadata": ["no", "object"]}, InvalidSnapshotMetadata),
        ({"metadata": {"x": "y" * 20_000}}, InvalidSnapshotMetadata),
        ({"metadata": {"x": "\x00"}}, InvalidSnapshotMetadata),
        ({"on": date(1, 1, 1)}, ImplausibleDay),
        ({"on": date(9999, 12, 31)}, ImplausibleDay),
        ({"currency": "XXX"}, UnknownCurrency),
        ({"currency": "EUR"}, SnapshotCurrencyMismatch),
    ],
)
def test_refuses_what_cannot_be_said_of_a_day(record, given, refusal):
    with pytest.raises(refusal):
        record(**given)

    assert not FunnelSnapshot.objects.exists()


def test_refuses_an_event_of_another_organization(record, their_fair):
    with pytest.raises(UnknownEvent):
        record(event=their_fair)


def test_takes_the_same_few_statements_however_many_there_are(record):
    record(on=DAY - timedelta(days=1))
    with CaptureQueriesContext(connection) as first:
        record(on=DAY)
    for days in range(1, 20):
        record(on=DAY + timedelta(days=days))

    with CaptureQueriesContext(connection) as later:
        record(on=DAY + timedelta(days=30))

    assert len(later) == len(first) <= 9


# --- What the database refuses by itself ----------------------------------------------------------


def broken(error: Any) -> str:
    """The truth that a statement would have broken."""
    return str(error.__cause__.diag.constraint_name)


@pytest.mark.parametrize(
    ("fields", "truth"),
    [
        ({"visitor_count": -1}, "funnelsnapshot_counts_are_not_negative"),
        ({"checkout_completed_count": 21}, "funnelsnapshot_completes_what_was_started"),
        ({"revenue_total": -1}, "funnelsnapshot_revenue_is_not_negative"),
        ({"currency": "eur"}, "funnelsnapshot_is_in_the_currency_of_its_payee"),
        ({"currency": "EUR"}, "funnelsnapshot_is_in_the_currency_of_its_payee"),
        ({"snapshot_on": date(1899, 12, 31)}, "funnelsnapshot_day_is_plausible"),
        ({"campaign": "a\x07"}, "funnelsnapshot_campaign_is_plain"),
    ],
)
def test_the_database_refuses_an_update_that_breaks_a_rule(record, fields, truth):
    row = record()

    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        FunnelSnapshot.objects.filter(pk=row.pk).update(**fields)

    assert broken(refused.value) == truth


def test_the_database_refuses_a_second_snapshot_of_a_day(record, acme, fair):
    row = record()

    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        FunnelSnapshot.objects.create(
            organization=acme,
            event=fair,
            campaign=row.campaign,
            snapshot_on=row.snapshot_on,
            visitor_count=1,
            checkout_started_count=1,
            checkout_completed_count=1,
            revenue_total=0,
            currency="GBP",
        )

    truth = "funnelsnapshot_is_one_per_event_campaign_and_day"
    assert broken(refused.value) == truth
