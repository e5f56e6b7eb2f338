"""What the ledger's tests share beyond the cast."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection


@pytest.fixture
def by_force(db: None) -> Callable[..., None]:
    """by_force(sql, *parameters) with all triggers off, foreign keys among them: what only a
    superuser could do to the books, and what verification must find."""

    def execute(sql: str, *parameters: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica")
            try:
                cursor.execute(sql, parameters or None)
            finally:
                cursor.execute("RESET session_replication_role")

    return execute
