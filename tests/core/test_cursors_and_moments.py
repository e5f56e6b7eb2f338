"""What of a cursor or a moment the database could not be asked about is refused or made plain."""

import base64
import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from core.api.errors import Malformed
from core.api.pagination import read_cursor
from core.api.serializers import Moment
from ledger.models import Account, CashEntry

FAR_OFFSET = "2020-01-01T12:00:00+23:59"
NOON_THERE = datetime(2019, 12, 31, 12, 1, tzinfo=UTC)


def cursor(value: Any) -> str:
    content = json.dumps([value, str(uuid4()), False])
    return base64.urlsafe_b64encode(content.encode()).decode()


def test_a_moment_is_taken_to_utc_as_postgresql_knows_no_offset_beyond_16_hours() -> None:
    taken = Moment().to_internal_value(FAR_OFFSET)

    assert (taken, taken.tzinfo) == (NOON_THERE, UTC)


def test_a_cursor_is_taken_to_utc_as_well() -> None:
    place = read_cursor(CashEntry, "occurred_at", cursor(FAR_OFFSET))

    assert (place.value, place.value.tzinfo) == (NOON_THERE, UTC)


@pytest.mark.parametrize(
    ("model", "field", "value"),
    [
        (Account, "code", "\ud800"),
        (CashEntry, "occurred_at", "0001-01-01T00:00:00+23:59"),
        (CashEntry, "occurred_at", "9999-12-31T23:59:59-23:59"),
    ],
)
def test_refuses_a_cursor_that_names_no_place(model: Any, field: str, value: str) -> None:
    with pytest.raises(Malformed) as refused:
        read_cursor(model, field, cursor(value))

    assert refused.value.code == "invalid_cursor"
