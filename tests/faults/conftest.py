"""What tests of faults share with the tests of an app."""

from tests.settlements.conftest import market, market_ltd

__all__ = ["market", "market_ltd"]
