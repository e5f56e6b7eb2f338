"""Each connection limits how long it waits for locks, and how long it holds them doing nothing."""

import pytest
from django.db import connection

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("name", "limit"),
    [("lock_timeout", "30s"), ("idle_in_transaction_session_timeout", "1min")],
)
def test_has_a_limit(name: str, limit: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SHOW {name}")

        assert cursor.fetchone() == (limit,)
