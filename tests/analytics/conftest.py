"""Acme puts on a fair, and a ball in euro; Mallory has an event of the same code as the fair."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from analytics.models import FunnelSnapshot
from analytics.services.snapshots import record_snapshot
from organizations.actors import Actor
from organizations.models import Organization
from settlements.models import Event, Payee
from tests.factories import AccountFactory

DAY = date(2026, 3, 10)
NOON = datetime(2026, 3, 11, 12, tzinfo=UTC)

Record = Callable[..., FunnelSnapshot]


def make_event(organization: Organization, code: str, currency: str = "GBP") -> Event:
    """An event and the payee whose it is."""
    payable = AccountFactory.create(
        organization=organization, type="liability", currency=currency, code=f"owed-{code}"
    )
    payee = Payee.objects.create(
        organization=organization, code=code, name=code.title(), currency=currency, payable=payable
    )
    event: Event = Event.objects.create(
        organization=organization, code=code, name=code.title(), payee=payee, ends_on=DAY
    )
    return event


@pytest.fixture
def fair(acme: Organization) -> Event:
    return make_event(acme, "fair")


@pytest.fixture
def ball(acme: Organization) -> Event:
    """Its payee is paid in euro."""
    return make_event(acme, "ball", "EUR")


@pytest.fixture
def their_fair(mallory_ltd: Organization) -> Event:
    return make_event(mallory_ltd, "fair")


@pytest.fixture
def record(system: Actor, fair: Event) -> Record:
    """record(100, 20, 10, 500_00): visitors, started, completed and revenue of the fair on DAY."""

    def make(
        visitors: int = 100,
        started: int = 20,
        completed: int = 10,
        revenue: int = 500_00,
        *,
        event: Event = fair,
        on: date = DAY,
        actor: Actor = system,
        currency: str = "GBP",
        **others: Any,
    ) -> FunnelSnapshot:
        return record_snapshot(
            actor=actor,
            event=event,
            snapshot_on=on,
            visitor_count=visitors,
            checkout_started_count=started,
            checkout_completed_count=completed,
            revenue_total=revenue,
            currency=currency,
            **{"now": NOON, **others},
        )[0]

    return make
