"""The API against its own description: what it answers is what the description says."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import schemathesis
import yaml
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import CHECKS

from config.wsgi import application
from core.servers import PROJECT
from ledger.services.cashbook import record_cash_entry
from tests.api import ROOT, SALE, send
from tests.api_rows import rows_of_sales, rows_of_settlements
from tests.invoicing.api import Shop

DESCRIPTION = PROJECT / "docs" / "reference" / "openapi.yaml"

schema = schemathesis.openapi.from_dict(yaml.safe_load(DESCRIPTION.read_text()))
schema.app = application

CHECKED = [
    CHECKS.get_one(name)
    for name in (
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_schema_conformance",
    )
]


def described() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(DESCRIPTION.read_text())
    return content


def operations() -> list[Any]:
    return [
        pytest.param(operation, id=f"{method.upper()} {path}")
        for path, methods in described()["paths"].items()
        for method, operation in methods.items()
    ]


def test_the_description_is_fresh_and_drawn_up_without_a_warning(tmp_path: Path) -> None:
    fresh = tmp_path / "openapi.yaml"

    call_command("spectacular", file=str(fresh), fail_on_warn=True, validate=True)

    assert fresh.read_text() == DESCRIPTION.read_text(), (
        "run: manage.py spectacular --fail-on-warn --file docs/reference/openapi.yaml"
    )


def test_the_description_is_the_same_each_time_that_a_process_draws_it_up(tmp_path: Path) -> None:
    drawn = [tmp_path / "first.yaml", tmp_path / "second.yaml"]

    for path in drawn:
        call_command("spectacular", file=str(path))

    first, second = (path.read_text() for path in drawn)
    assert first == second


@pytest.mark.parametrize("operation", operations())
def test_every_operation_is_described(operation: dict[str, Any]) -> None:
    assert operation["summary"]
    assert len(operation["description"]) > len(operation["summary"])
    assert operation["tags"] not in ([], ["other"])
    for parameter in operation.get("parameters", []):
        assert parameter.get("description"), parameter["name"]


@pytest.mark.parametrize("operation", operations())
def test_every_body_has_an_example(operation: dict[str, Any]) -> None:
    if "requestBody" in operation:
        [content] = operation["requestBody"]["content"].values()
        assert content["examples"]


@pytest.fixture
def rows(api: Any, acme: Any, system: Any) -> Iterator[dict[str, Any]]:
    """Something to be found, so that not every answer is a 404."""
    entry = send(api, "POST", "/journal-entries", SALE).json()
    pending = {**SALE, "reference": "proposed", "status": "pending"}
    proposed = send(api, "POST", "/journal-entries", pending).json()
    debt = record_cash_entry(actor=system, kind="DEBT", amount=100, currency="GBP")
    shop = Shop(api)
    rows = {
        **rows_of_sales(api),
        **rows_of_settlements(api),
        "cash-entries": debt.pk,
        "journal-entries": proposed["id"],
        "journal-entries/void": entry["id"],
        "reconciliation": "cashbook",
        "orders": shop.order()["id"],
        "orders/pay": shop.locked()["id"],
        "orders/refund": shop.paid()["invoice"]["order"],
    }
    # Requests join the test's transaction, as they do with Django's own test client.
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield rows
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


turns = count()


@pytest.mark.django_db
@schema.parametrize()
@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_answers_as_described(case: Any, rows: dict[str, Any], key_text: str) -> None:
    if next(turns) % 2:
        _point_at_what_is_there(case, rows)

    case.call_and_validate(headers={"Authorization": f"Api-Key {key_text}"}, checks=CHECKED)


def _point_at_what_is_there(case: Any, rows: dict[str, Any]) -> None:
    parts = case.path.removeprefix(ROOT).strip("/").split("/")
    for name in case.path_parameters or {}:
        if name == "account":
            case.path_parameters[name] = "1100"
        else:
            found = rows.get(f"{parts[0]}/{parts[-1]}", rows.get(parts[0]))
            case.path_parameters[name] = str(found)
