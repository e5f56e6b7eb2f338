"""How tests sell over the API."""

from typing import Any

from django.test import Client

from tests.api import send

VAT: dict[str, Any] = {"code": "GB-S", "name": "VAT", "percentage": "17.5", "country": "GB"}
LINDQVIST: dict[str, Any] = {"code": "17850", "name": "Lindqvist Ltd", "country": "GB"}
# 6 × 2.55 = 15.30 net, 2.68 VAT.
MUGS: dict[str, Any] = {
    "sku": "85123A",
    "description": "White mugs",
    "quantity": "6",
    "unit_amount": 2_55,
}
ORDER: dict[str, Any] = {"currency": "GBP", "items": [MUGS]}
NET, TAX, TOTAL = 15_30, 2_68, 17_98


def made(answer: Any, status: int = 201) -> Any:
    """What an answer holds, once it is seen to be a good one."""
    assert answer.status_code == status, answer.content
    return answer.json()


def refusal(answer: Any, status: int) -> tuple[str, str | None, str]:
    """Code, attr and detail of an answer's first error."""
    assert answer.status_code == status, answer.content
    error = answer.json()["errors"][0]
    return error["code"], error["attr"], error["detail"]


class Shop:
    """Sells mugs through a client of the API."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def get(self, path: str, **query: Any) -> Any:
        return made(send(self.client, "GET", path, query), 200)

    def post(self, path: str, content: Any = None, **headers: str) -> Any:
        return send(self.client, "POST", path, content or {}, **headers)

    def order(self, **changes: Any) -> Any:
        return made(self.post("/orders", {**ORDER, **changes}))

    def locked(self, **changes: Any) -> Any:
        order = self.order(**changes)
        return made(self.post(f"/orders/{order['id']}/lock", {"country": "GB"}), 200)

    def invoice(self, **changes: Any) -> Any:
        """An invoice of 17.98 in one call."""
        return made(self.post("/invoices", {**ORDER, "country": "GB", **changes}))

    def paid(self, **changes: Any) -> Any:
        """An invoice of 17.98 that has been paid by bank: the answer to the payment."""
        invoice = self.invoice(**changes)
        return made(self.post(f"/invoices/{invoice['id']}/payments", {"method": "bank"}))
