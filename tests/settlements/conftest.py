"""What tests of settlements share."""

from typing import Any

import pytest
from django.test import Client

from organizations.models import Organization, Role
from tests.fixtures import make_member, make_organization
from tests.settlements.market import Market
from tests.settlements.story import Story


@pytest.fixture
def market_ltd(db: None) -> Organization:
    """Sells for organizers, in euro, from Dublin."""
    return make_organization(
        "market", "Market Ltd", "EUR", "ticketing", country="IE", time_zone="Europe/Dublin"
    )


@pytest.fixture
def market(market_ltd: Organization) -> Market:
    """Petra is its accountant and prepares, Anton its controller and approves."""
    return Market(
        market_ltd,
        prepares=make_member(market_ltd, "Petra", Role.ACCOUNTANT),
        approves=make_member(market_ltd, "Anton", Role.CONTROLLER),
    )


@pytest.fixture
def market_api(market_ltd: Organization, make_key: Any) -> Client:
    """A client with a key of Market that may do everything."""
    return Client(headers={"Authorization": f"Api-Key {make_key(market_ltd)[1]}"})


@pytest.fixture
def story(market: Market) -> Story:
    """Two payees in whose accounts everything has happened, and all of it ties."""
    story = Story(market)
    assert story.third.total_amount < 0
    assert story.findings() == []
    return story
