"""How tests speak to the API."""

import json
from typing import Any

from django.test import Client

ROOT = "/api/v1"

SALE: dict[str, Any] = {
    "reference": "invoice-536365",
    "effective_on": "2010-12-01",
    "description": "Sale 536365",
    "reference_type": "invoice",
    "reference_id": "536365",
    "metadata": {"country": "United Kingdom"},
    "lines": [
        {"account": "1100", "debit": 163_47, "description": "receivable"},
        {"account": "4000", "credit": 139_12},
        {"account": "2200", "credit": 24_35},
    ],
}


def send(client: Client, method: str, path: str, content: Any = None, **headers: str) -> Any:
    """One request: `content` is the query of a GET, and the JSON body of anything else."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if method == "GET":
        return client.get(ROOT + path, content or {}, headers=named)
    body = "" if content is None else json.dumps(content)
    return client.generic(method, ROOT + path, body, "application/json", headers=named)


def code_of(answer: Any) -> str:
    """The code of an answer's only error."""
    [error] = answer.json()["errors"]
    return str(error["code"])
