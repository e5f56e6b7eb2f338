"""Rows of Acme's for every route that names one, and bodies that such a route takes."""

from typing import Any
from uuid import UUID

from django.test import Client

from ledger.models import Account
from ledger.services.cashbook import record_cash_entry
from organizations.actors import Actor
from organizations.models import Role
from settlements.selectors.settlements import get_settlement
from settlements.services.settling import approve_settlement
from tests.api import SALE, send
from tests.fixtures import make_member
from tests.invoicing.api import LINDQVIST, VAT, Shop, made

# Of settlements, (method, route): the scope that a key needs, and the roles that may.
O, C, A, R = "owner", "controller", "accountant", "auditor"  # noqa: E741
_SEE, _SETTLE = "settlements:read", "settlements:write"
_PAYEE, _EVENT = "payees/<code:payee>", "events/<code:event>"
_SALE_OF, _SETTLEMENT = "sales/<sale:sale>", "settlements/<uuid:id>"
_BATCH = "payout-batches/<uuid:id>"
RULES_OF_SETTLEMENTS: dict[tuple[str, str], tuple[str, set[str]]] = {
    ("GET", "payees"): (_SEE, {O, C, A, R}),
    ("POST", "payees"): (_SETTLE, {O, A}),
    ("GET", _PAYEE): (_SEE, {O, C, A, R}),
    ("PATCH", _PAYEE): (_SETTLE, {O, A}),
    ("GET", "events"): (_SEE, {O, C, A, R}),
    ("POST", "events"): (_SETTLE, {O, A}),
    ("GET", _EVENT): (_SEE, {O, C, A, R}),
    ("PATCH", _EVENT): (_SETTLE, {O, A}),
    ("GET", "sales"): (_SEE, {O, C, A, R}),
    ("POST", "sales"): (_SETTLE, {O, A}),
    ("GET", _SALE_OF): (_SEE, {O, C, A, R}),
    ("POST", f"{_SALE_OF}/refunds"): (_SETTLE, {O, A}),
    ("GET", "refunds"): (_SEE, {O, C, A, R}),
    ("GET", "adjustments"): (_SEE, {O, C, A, R}),
    ("POST", "adjustments"): (_SETTLE, {O, A}),
    ("GET", "settlements"): (_SEE, {O, C, A, R}),
    ("POST", "settlements/calculate"): (_SETTLE, {O, C, A}),
    ("GET", _SETTLEMENT): (_SEE, {O, C, A, R}),
    ("DELETE", _SETTLEMENT): (_SETTLE, {O, C, A}),
    ("GET", f"{_SETTLEMENT}/lines"): (_SEE, {O, C, A, R}),
    ("POST", f"{_SETTLEMENT}/approve"): (_SETTLE, {O, C}),
    ("POST", f"{_SETTLEMENT}/pay"): (_SETTLE, {O, C, A}),
    ("POST", f"{_SETTLEMENT}/fail"): (_SETTLE, {O, C, A}),
    ("POST", f"{_SETTLEMENT}/retry"): (_SETTLE, {O, C}),
    ("GET", f"{_SETTLEMENT}/statement"): (_SEE, {O, C, A, R}),
    ("GET", "payee-balances"): (_SEE, {O, C, A, R}),
    ("GET", "payout-batches"): (_SEE, {O, C, A, R}),
    ("POST", "payout-batches"): (_SETTLE, {O, C, A}),
    ("GET", _BATCH): (_SEE, {O, C, A, R}),
    ("GET", f"{_BATCH}/file"): (_SEE, {O, C, A, R}),
    ("GET", "payout-profile"): (_SEE, {O, C, A, R}),
    ("PUT", "payout-profile"): (_SETTLE, {O, C}),
}
# What stands for a row in a route of settlements.
NAMES_OF_SETTLEMENTS = ("<code:payee>", "<code:event>", "<sale:sale>")

# Acme's chart has no account for organizers.
_ANA = {"code": "ana", "name": "Ana", "currency": "GBP", "payable": "2150"}
_CONCERT = {"code": "concert", "name": "Concert", "payee": "ana", "ends_on": "2026-03-10"}
_TICKETS = {
    "reference": "tickets-1",
    "payee": "ana",
    "sold_on": "2026-03-10",
    "method": "bank",
    "total_amount": 100_00,
    "organizer_amount": 100_00,
    "currency": "GBP",
}


def rows_of_settlements(api: Client) -> dict[str, Any]:
    """A payee with an event, a sale and a settlement; by the route's first part."""
    payee = made(send(api, "POST", "/payees", _ANA))
    event = made(send(api, "POST", "/events", _CONCERT))
    sale = made(send(api, "POST", "/sales", _TICKETS))
    cutoff = {"payee": "ana", "through": "2026-03-31"}
    settlement = made(send(api, "POST", "/settlements/calculate", cutoff))
    return {
        "payees": payee["id"],
        "events": event["id"],
        "sales": sale["id"],
        "settlements": settlement["id"],
    }


def row_of_a_batch(api: Client, acme: Any) -> Any:
    """A file for the bank, of a settlement that somebody else has approved."""
    settlement = get_settlement(acme, UUID(rows_of_settlements(api)["settlements"]))
    approver = make_member(acme, "Anton", Role.CONTROLLER)
    approve_settlement(actor=Actor.of_user(acme, approver), settlement=settlement)
    batch = {"settlements": [str(settlement.pk)], "format": "csv"}
    return made(send(api, "POST", "/payout-batches", batch))["id"]


def rows_of_sales(api: Client) -> dict[str, Any]:
    """A sale that was invoiced, credited in part and paid; by the route's first part."""
    rate = made(send(api, "POST", "/tax-rates", VAT))
    customer = made(send(api, "POST", "/customers", LINDQVIST))
    shop = Shop(api)
    invoice = shop.invoice(customer=customer["code"])
    credited = shop.post(f"/invoices/{invoice['id']}/credit-notes", {"amount": 1, "reason": "x"})
    paid = made(shop.post(f"/invoices/{invoice['id']}/payments", {"method": "cash"}))
    series = shop.get("/number-series")["results"][0]
    return {
        "tax-rates": rate["id"],
        "customers": customer["id"],
        "orders": invoice["order"],
        "invoices": invoice["id"],
        "credit-notes": made(credited)["id"],
        "payments": paid["payment"]["id"],
        "receipts": paid["receipt"]["id"],
        "number-series": series["id"],
    }


def rows_of(api: Client, acme: Any, system: Any, route: str) -> tuple[Any, Any]:
    """Ids of a row and of an account of Acme's that the route could be about."""
    account = Account.objects.of(acme).get(code="1100")
    if route.startswith("cash-entries"):
        debt = record_cash_entry(actor=system, kind="DEBT", amount=100, currency="GBP")
        return debt.pk, account.pk
    if route.startswith(("journal-entries", "accounts")):
        is_pending = not route.endswith("/void")
        entry = {**SALE, "status": "pending" if is_pending else "posted"}
        return send(api, "POST", "/journal-entries", entry).json()["id"], account.pk
    first = route.split("/")[0]
    if first == "payout-batches":
        return row_of_a_batch(api, acme), account.pk
    if first == "settlements" or any(name in route for name in NAMES_OF_SETTLEMENTS):
        return rows_of_settlements(api)[first], account.pk
    return rows_of_sales(api)[first], account.pk


# What is well-formed, so that it is the path that decides; {} for all others.
_BODIES: dict[tuple[str, str], dict[str, Any]] = {
    ("PUT", "journal-entries/<uuid:id>"): {**SALE, "description": "Edited"},
    ("PUT", "accounts/<account:account>"): {"code": "1100", "name": "Debtors", "type": "asset"},
    ("PATCH", "accounts/<account:account>"): {"name": "Debtors"},
    ("POST", f"{_SETTLEMENT}/pay"): {"paid_on": "2026-04-02"},
    ("POST", f"{_SETTLEMENT}/fail"): {"reason": "Mine now"},
    ("POST", f"{_SALE_OF}/refunds"): {"reference": "refund-1", "refunded_on": "2026-03-11"},
}
_BODIES_OF_ACTIONS: dict[str, dict[str, Any]] = {
    "void": {"reason": "Mine now"},
    "pay": {"method": "cash"},
    "payments": {"method": "cash"},
    "refund": {"reason": "Mine now"},
    "refunds": {"reason": "Mine now", "method": "cash"},
    "credit-notes": {"reason": "Mine now", "amount": 1},
    "reverse": {"reason": "Mine now"},
}


def body_for(method: str, route: str) -> dict[str, Any]:
    """A body that such a request takes."""
    of_actions = _BODIES_OF_ACTIONS if method == "POST" else {}
    return _BODIES.get((method, route), of_actions.get(route.rpartition("/")[2], {}))
