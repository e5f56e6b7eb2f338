"""Every route × every role, × every scope, and × another organization.

`RULES` is written by hand and held against the URL conf: a route or a method without a rule
fails, as does a rule without its route.
"""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import URLResolver, get_resolver

from core.api.views import ApiView
from ledger.models import Account
from tests.api import ROOT, SALE, send
from tests.api_rows import NAMES_OF_SETTLEMENTS, RULES_OF_SETTLEMENTS, body_for, rows_of

O, C, A, K, R = "owner", "controller", "accountant", "cashier", "auditor"  # noqa: E741
EVERYBODY = {O, C, A, K, R}
READERS = {O, C, A, R}
READ, WRITE = "ledger:read", "ledger:write"
SEE, SELL = "invoicing:read", "invoicing:write"

ENTRY = "journal-entries/<uuid:id>"
ACCOUNT = "accounts/<account:account>"
TAX_RATE, CUSTOMER = "tax-rates/<name:tax_rate>", "customers/<name:customer>"
ORDER, SERIES = "orders/<uuid:id>", "number-series/<uuid:id>"
INVOICE = "invoices/<document:invoice>"
CREDIT_NOTE = "credit-notes/<document:credit_note>"

# (method, route): the scope that a key needs, and the roles that may.
RULES: dict[tuple[str, str], tuple[str, set[str]]] = {
    ("GET", "organization"): (READ, EVERYBODY),
    ("PUT", "organization"): (READ, EVERYBODY),
    ("GET", "audit-events"): ("audit:read", {O, C, R}),
    ("GET", "job-runs"): (READ, {O, C, A, R}),
    ("GET", "accounts"): (READ, EVERYBODY),
    ("POST", "accounts"): (WRITE, {O, C, A}),
    ("GET", ACCOUNT): (READ, EVERYBODY),
    ("PUT", ACCOUNT): (WRITE, {O, C, A}),
    ("PATCH", ACCOUNT): (WRITE, {O, C, A}),
    ("DELETE", ACCOUNT): (WRITE, {O, C, A}),
    ("GET", f"{ACCOUNT}/lines"): (READ, READERS),
    ("GET", f"{ACCOUNT}/balance"): (READ, READERS),
    ("GET", "journal-entries"): (READ, READERS),
    ("POST", "journal-entries"): (WRITE, {O, C, A}),
    ("POST", "journal-entries/bulk"): (WRITE, {O, A}),
    ("GET", ENTRY): (READ, READERS),
    ("PUT", ENTRY): (WRITE, {O, A}),
    ("DELETE", ENTRY): (WRITE, {O, A}),
    ("POST", f"{ENTRY}/post"): (WRITE, {O, C, A}),
    ("POST", f"{ENTRY}/void"): (WRITE, {O, C}),
    ("GET", "periods"): (READ, EVERYBODY),
    ("POST", "periods/close"): (WRITE, {O, C}),
    ("POST", "periods/reopen"): (WRITE, {O, C}),
    ("POST", "periods/close-year"): (WRITE, {O, C}),
    ("POST", "periods/reopen-year"): (WRITE, {O, C}),
    ("GET", "reports"): (READ, READERS),
    ("GET", "reports/trial-balance"): (READ, READERS),
    ("GET", "reports/balance-sheet"): (READ, READERS),
    ("GET", "reports/income-statement"): (READ, READERS),
    ("GET", "reports/revenue"): (READ, READERS),
    ("GET", "reports/general-ledger"): (READ, READERS),
    ("GET", "reports/journal"): (READ, READERS),
    ("GET", "reports/cash-flow"): (READ, READERS),
    ("GET", "reconciliation/runs"): (READ, READERS),
    ("POST", "reconciliation/runs"): (WRITE, {O, C, A}),
    ("GET", "reconciliation/integrity"): (READ, READERS),
    ("GET", "reconciliation/<slug:check>"): (READ, READERS),
    ("GET", "cash-entries"): (READ, EVERYBODY),
    ("POST", "cash-entries"): (WRITE, {O, A, K}),
    ("POST", "cash-entries/<uuid:id>/settle"): (WRITE, {O, A, K}),
    ("GET", "cash-metrics"): (READ, EVERYBODY),
    ("GET", "exchange-rates"): (READ, READERS),
    ("POST", "exchange-rates"): (WRITE, {O, A}),
    ("GET", "tax-rates"): (SEE, EVERYBODY),
    ("POST", "tax-rates"): (SELL, {O, C, A}),
    ("GET", TAX_RATE): (SEE, EVERYBODY),
    ("PATCH", TAX_RATE): (SELL, {O, C, A}),
    ("DELETE", TAX_RATE): (SELL, {O, C, A}),
    ("GET", "customers"): (SEE, EVERYBODY),
    ("POST", "customers"): (SELL, {O, A, K}),
    ("GET", CUSTOMER): (SEE, EVERYBODY),
    ("PATCH", CUSTOMER): (SELL, {O, A, K}),
    ("DELETE", CUSTOMER): (SELL, {O, A, K}),
    ("GET", "orders"): (SEE, EVERYBODY),
    ("POST", "orders"): (SELL, {O, A, K}),
    ("GET", ORDER): (SEE, EVERYBODY),
    ("PATCH", ORDER): (SELL, {O, A, K}),
    ("POST", f"{ORDER}/lock"): (SELL, {O, A, K}),
    ("POST", f"{ORDER}/pay"): (SELL, {O, A, K}),
    ("POST", f"{ORDER}/refund"): (SELL, {O, C, A}),
    ("POST", f"{ORDER}/cancel"): (SELL, {O, A, K}),
    ("GET", "invoices"): (SEE, EVERYBODY),
    ("POST", "invoices"): (SELL, {O, A, K}),
    ("GET", INVOICE): (SEE, EVERYBODY),
    ("GET", f"{INVOICE}/payments"): (SEE, EVERYBODY),
    ("POST", f"{INVOICE}/payments"): (SELL, {O, A, K}),
    ("GET", f"{INVOICE}/credit-notes"): (SEE, EVERYBODY),
    ("POST", f"{INVOICE}/credit-notes"): (SELL, {O, C, A}),
    ("POST", f"{INVOICE}/void"): (SELL, {O, C, A}),
    ("POST", f"{INVOICE}/refunds"): (SELL, {O, C, A}),
    ("GET", f"{INVOICE}/document"): (SEE, EVERYBODY),
    ("GET", "credit-notes"): (SEE, EVERYBODY),
    ("POST", "credit-notes"): (SELL, {O, C, A}),
    ("GET", CREDIT_NOTE): (SEE, EVERYBODY),
    ("POST", f"{CREDIT_NOTE}/refunds"): (SELL, {O, C, A}),
    ("GET", f"{CREDIT_NOTE}/document"): (SEE, EVERYBODY),
    ("GET", "payments"): (SEE, EVERYBODY),
    ("GET", "payments/<uuid:id>"): (SEE, EVERYBODY),
    ("POST", "payments/<uuid:id>/reverse"): (SELL, {O, C, A}),
    ("GET", "receipts/<uuid:id>/document"): (SEE, EVERYBODY),
    ("GET", "statements"): (SEE, READERS),
    ("GET", "ageing"): (SEE, READERS),
    ("GET", "funnel-snapshots"): ("analytics:read", READERS),
    ("PUT", "funnel-snapshots"): ("analytics:write", {O, A}),
    ("GET", "funnel"): ("analytics:read", READERS),
    ("GET", "number-series"): (SEE, EVERYBODY),
    ("POST", "number-series"): (SELL, {O, C}),
    ("GET", SERIES): (SEE, EVERYBODY),
    ("PATCH", SERIES): (SELL, {O, C}),
    **RULES_OF_SETTLEMENTS,
}
PUBLIC = {"ping", "schema", "docs"}
# Which of the refused ones are refused by what the body says: not by the empty one sent here.
SCOPES = (
    *(READ, WRITE, SEE, SELL, "settlements:read", "settlements:write"),
    *("analytics:read", "analytics:write", "audit:read", "*"),
)


def names_a_row(route: str) -> bool:
    return "<" in route and "<slug:check>" not in route


RULE_IDS = [f"{method} {route}" for method, route in RULES]


def routes() -> Iterator[tuple[str, Any]]:
    """Every route below /api/v1/ with its view."""
    [root] = [
        pattern
        for pattern in get_resolver().url_patterns
        if isinstance(pattern, URLResolver) and str(pattern.pattern) == "api/v1/"
    ]
    yield from _below(root, "")


def _below(resolver: URLResolver, prefix: str) -> Iterator[tuple[str, Any]]:
    for pattern in resolver.url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _below(pattern, route)
        elif route:
            yield route, pattern.callback


def methods_of(view: Any) -> list[str]:
    return [
        method.upper()
        for method in ("get", "post", "put", "patch", "delete")
        if hasattr(view.cls, method)
    ]


def path_of(route: str, row: object = None, account: object = None) -> str:
    """A path that the route matches, naming these rows, or some that are not there."""
    names = {
        "<account:account>": account or "1100",
        "<slug:check>": "cashbook",
        "<name:tax_rate>": row or uuid4(),
        "<name:customer>": row or uuid4(),
        "<document:invoice>": row or uuid4(),
        "<document:credit_note>": row or uuid4(),
        "<uuid:id>": row or uuid4(),
        **{part: row or uuid4() for part in NAMES_OF_SETTLEMENTS},
    }
    for part, name in names.items():
        route = route.replace(part, str(name))
    return f"/{route}"


def test_every_route_has_a_rule_and_every_rule_a_route():
    found = {(method, route) for route, view in routes() for method in methods_of(view)}

    ruled = set(RULES) | {("GET", route) for route in PUBLIC}
    assert found - ruled == set()
    assert ruled - found == set()


def test_only_what_is_meant_to_be_is_public():
    public = {route for route, view in routes() if getattr(view.cls, "is_public", False)}

    assert public == PUBLIC


def test_every_view_says_what_each_of_its_methods_takes():
    for route, view in routes():
        if issubclass(view.cls, ApiView) and route not in PUBLIC:
            assert set(methods_of(view)) == set(view.cls.access), route


@pytest.mark.django_db
@pytest.mark.parametrize("role", sorted(EVERYBODY))
def test_a_person_may_what_their_role_may(role, cast, signed_in):
    client = signed_in(cast[role])

    allowed = {
        (method, route)
        for method, route in RULES
        if send(client, method, path_of(route), {}).status_code != 403
    }

    assert allowed == {rule for rule, (_, roles) in RULES.items() if role in roles}


@pytest.mark.django_db
@pytest.mark.parametrize("scope", SCOPES)
def test_a_key_may_what_its_scope_allows_and_nothing_else(scope, acme, make_key):
    _, text = make_key(acme, scope)
    client = Client(headers={"Authorization": f"Api-Key {text}"})

    allowed = {
        (method, route)
        for method, route in RULES
        if send(client, method, path_of(route), {}).status_code != 403
    }

    wanted = {rule for rule, (needed, _) in RULES.items() if scope in (needed, "*")}
    assert allowed == wanted


@pytest.mark.django_db
@pytest.mark.parametrize(("method", "route"), RULES, ids=RULE_IDS)
def test_nobody_is_let_in_without_a_credential(method, route):
    answer = send(Client(), method, path_of(route), {})

    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == 'Api-Key realm="api"'
    assert answer.json()["errors"][0]["code"] == "not_authenticated"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("method", "route"),
    [rule for rule in RULES if names_a_row(rule[1])],
    ids=[name for name in RULE_IDS if names_a_row(name)],
)
@pytest.mark.parametrize("by", ["key", "session"])
def test_rows_of_another_organization_are_not_there(
    method, route, by, api, acme, system, mallorys_api, mallory, signed_in
):
    path = path_of(route, *(rows_of(api, acme, system, route)))
    stranger = mallorys_api if by == "key" else signed_in(mallory)

    theirs = send(stranger, method, path, body_for(method, route))
    of_nothing = send(stranger, method, path_of(route, account=uuid4()), body_for(method, route))

    assert theirs.status_code == 404, theirs.content
    # It looks just like what does not exist at all.
    assert theirs.json()["errors"][0]["code"] == of_nothing.json()["errors"][0]["code"]
    assert send(api, method, path, body_for(method, route)).status_code != 404


@pytest.mark.django_db
class TestIdsOfAnotherOrganizationInBodiesAndFilters:
    @pytest.fixture
    def theirs(self, acme: Any) -> Account:
        account: Account = Account.objects.of(acme).get(code="1100")
        return account

    def test_a_parent(self, mallorys_api, theirs):
        content = {"code": "x", "name": "X", "type": "asset", "parent": str(theirs.pk)}

        answer = send(mallorys_api, "POST", "/accounts", content)

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["code"] == "unknown_parent"

    def test_an_account_of_a_line(self, mallorys_api, theirs):
        lines = [{"account": str(theirs.pk), "debit": 1}, {"account": "4000", "credit": 1}]

        for path, content in (
            ("/journal-entries", {**SALE, "lines": lines}),
            ("/journal-entries", {**SALE, "lines": lines, "status": "pending"}),
            ("/journal-entries/bulk", {"entries": [{**SALE, "lines": lines}]}),
        ):
            answer = send(mallorys_api, "POST", path, content)
            assert answer.status_code == 422
            assert answer.json()["errors"][0]["code"] == "unknown_account"

    def test_a_user_of_a_cash_entry(self, mallorys_api, alice):
        content = {"kind": "REVENUE", "amount": 1, "currency": "GBP", "user": str(alice.pk)}

        answer = send(mallorys_api, "POST", "/cash-entries", content)

        assert answer.status_code == 422

    def test_filters(self, api, mallorys_api, theirs, alice, acme):
        entry = send(api, "POST", "/journal-entries", SALE).json()

        for path, query in (
            ("/journal-entries", {"account": str(theirs.pk)}),
            ("/reports/general-ledger", {"account": str(theirs.pk)}),
            ("/reports/journal", {"account": str(theirs.pk)}),
            ("/cash-entries", {"user": str(alice.pk)}),
            ("/cash-metrics", {"user": str(alice.pk)}),
        ):
            assert send(mallorys_api, "GET", path, query).status_code == 404
        for path, query in (
            ("/journal-entries", {"reference": SALE["reference"]}),
            ("/audit-events", {"subject": entry["id"]}),
            ("/audit-events", {"actor": str(alice.pk)}),
        ):
            assert send(mallorys_api, "GET", path, query).json()["results"] == []

    def test_a_cursor(self, api, mallorys_api):
        entries = [{**SALE, "reference": f"sale-{n}"} for n in range(3)]
        send(api, "POST", "/journal-entries/bulk", {"entries": entries})
        page = send(api, "GET", "/journal-entries", {"page_size": 1}).json()

        assert mallorys_api.get(page["next"]).json()["results"] == []

    def test_the_organization_to_switch_to(self, signed_in, mallory, acme):
        answer = send(signed_in(mallory), "PUT", "/organization", {"organization": "acme"})

        assert answer.status_code == 404


@pytest.mark.django_db
def test_a_switch_of_organization_counts_for_everything_after_it(
    signed_in, alice, acme, mallory_ltd
):
    from organizations.actors import Actor
    from organizations.services.members import add_member

    add_member(actor=Actor.system(mallory_ltd), user=alice, role="auditor")
    client = signed_in(alice)
    here = send(client, "GET", "/organization").json()

    there = send(client, "PUT", "/organization", {"organization": "mallory-ltd"}).json()

    assert (here["slug"], there["slug"]) == ("acme", "mallory-ltd")
    assert {m["organization"] for m in here["memberships"]} == {"acme", "mallory-ltd"}
    assert send(client, "GET", "/organization").json()["slug"] == "mallory-ltd"
    # Alice keeps Acme's books and may only look here.
    assert send(client, "POST", "/journal-entries", SALE).status_code == 403


@pytest.mark.django_db
def test_reopening_a_year_takes_the_permission_to_reopen_books(signed_in, carol):
    Group.objects.get(name=C).permissions.remove(Permission.objects.get(codename="reopen_books"))
    client = signed_in(carol)

    reopened = send(client, "POST", "/periods/reopen-year", {"year": 2010, "reason": "Late"})
    closed = send(client, "POST", "/periods/close-year", {"year": 2010})

    assert (reopened.status_code, closed.status_code) == (403, 200)


@pytest.mark.django_db
def test_proposing_and_posting_take_a_permission_each(signed_in, carol):
    """The controller posts and approves, and does not prepare."""
    client = signed_in(carol)

    assert send(client, "POST", "/journal-entries", SALE).status_code == 201
    pending = {**SALE, "reference": "other", "status": "pending"}
    assert send(client, "POST", "/journal-entries", pending).status_code == 403


@pytest.mark.django_db
def test_posting_in_bulk_takes_the_permission_to_import(signed_in, alice, carol):
    """The controller posts one entry at a time; the accountant also many."""
    bulk = {"entries": [SALE]}

    by_carol = send(signed_in(carol), "POST", "/journal-entries/bulk", bulk)
    by_alice = send(signed_in(alice), "POST", "/journal-entries/bulk", bulk)

    assert (by_carol.status_code, by_alice.status_code) == (403, 201)
    assert "ledger.import_journal" in by_carol.json()["errors"][0]["detail"]


def test_the_root_is_where_it_is_promised():
    assert ROOT == "/api/v1"
