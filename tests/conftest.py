"""What every test stands on: a real PostgreSQL, and a real Redis for those who ask for one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from core.servers import database_url, ensure_redis, ensure_servers, redis_url
from tests import clean_database

if TYPE_CHECKING:
    from pytest_django.plugin import DjangoDbBlocker

pytest_plugins = ["tests.fixtures", "tests.tenant_sql"]

# Tests ask for pages as a browser on this machine would.
os.environ["PRODUCTION"] = "off"

# What PostgreSQL itself refuses is asked of every version that we support: `.ci/run`.
DATABASE_RULES = ("test_database_rules", "test_tenant_schema.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.name.startswith(DATABASE_RULES):
            item.add_marker(pytest.mark.database_rules)
        if item.get_closest_marker("redis"):
            item.fixturenames.insert(0, "redis_server")  # type: ignore[attr-defined]


def pytest_report_header() -> list[str]:
    return [f"database: {database_url().rpartition('@')[2]}"]


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """The first thing that a test with a database waits for, in each of xdist's workers."""
    ensure_servers()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    with django_db_blocker.unblock():
        clean_database.remember_seeds()


@pytest.fixture(scope="session", autouse=True)
def _clean_by_deleting() -> Iterator[None]:
    """Clean up after transactional tests without TRUNCATE, which the books refuse."""
    from django.test import TransactionTestCase

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", _fixture_teardown)
        yield


def _fixture_teardown(_test: Any) -> None:
    clean_database.restore()


@pytest.fixture(scope="session")
def redis_server() -> str:
    """The URL of a Redis that runs."""
    ensure_redis()
    return redis_url()
