"""What tests of the API of sales send, and what they compare."""

from typing import Any

from organizations.models import Organization
from tests.invoicing.selling import state_of

TICKETS: dict[str, Any] = {
    "reference": "tickets-1",
    "payee": "ana",
    "event": "concert",
    "sold_on": "2026-03-10",
    "method": "card",
    "total_amount": 110_00,
    "platform_fee": 10_00,
    "organizer_amount": 100_00,
    "currency": "EUR",
    "quantity": 2,
    "metadata": {"seats": ["A1", "A2"], "price": 1e23},
}


def books_of(organization: Organization) -> dict[str, list[str]]:
    """Every row of an organization, but for when its key was used."""
    return {name: rows for name, rows in state_of(organization).items() if "apikey" not in name}
