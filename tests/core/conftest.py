"""What tests of figures share."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from core.db import uuid7
from tests.core.figures import Truth
from tests.core.redis_servers import OwnRedis


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[OwnRedis]:
    """One to be killed."""
    redis = OwnRedis(tmp_path / "redis")
    yield redis
    redis.stop()


@pytest.fixture
def organization_id() -> UUID:
    return uuid7()


@pytest.fixture
def truth() -> Truth:
    return Truth()
