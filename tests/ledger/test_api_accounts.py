"""The chart of accounts over HTTP: made, changed, archived, deleted, and its balances."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.api import SALE, code_of, send

pytestmark = pytest.mark.django_db


def test_creates_an_account_in_the_organizations_currency(api):
    answer = send(api, "POST", "/accounts", {"code": "vans", "name": "Vans", "type": "asset"})

    assert answer.status_code == 201
    account = answer.json()
    assert (account["code"], account["currency"], account["status"]) == ("vans", "GBP", "active")
    assert (account["balance"], account["parent"], account["role"]) == (0, None, "")
    assert send(api, "GET", "/accounts/vans").json() == account
    assert send(api, "GET", f"/accounts/{account['id']}").json() == account


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        ({"code": "1100", "name": "Again", "type": "asset"}, 409, "account_code_taken"),
        (
            {"code": "x", "name": "X", "type": "asset", "role": "cash"},
            409,
            "account_role_taken",
        ),
        ({"code": "x", "name": "X", "type": "asset", "parent": "nope"}, 422, "unknown_parent"),
        ({"code": "a b", "name": "X", "type": "asset"}, 422, "invalid_account_code"),
        ({"code": "x", "name": "X", "type": "asset", "currency": "ZZZ"}, 422, "unknown_currency"),
    ],
)
def test_refuses_an_account_that_does_not_fit(api, acme, content, status, code):
    answer = send(api, "POST", "/accounts", content)

    assert (answer.status_code, code_of(answer)) == (status, code)


def test_shows_balances_in_their_normal_sign_as_of_a_day(api):
    send(api, "POST", "/journal-entries", SALE)

    def balance(code: str, **query: str) -> int:
        return int(send(api, "GET", f"/accounts/{code}", query).json()["balance"])

    assert balance("1100") == 163_47
    assert balance("4000") == 139_12
    assert balance("1100", as_of="2010-11-30") == 0
    assert balance("1100", as_of="2010-12-01") == 163_47


def test_rolls_a_parents_balance_up(api):
    send(api, "POST", "/accounts", {"code": "top", "name": "Top", "type": "asset"})
    for code in ("a", "b"):
        account = {"code": code, "name": code, "type": "asset", "parent": "top"}
        assert send(api, "POST", "/accounts", account).json()["parent"] == "top"
        lines = [{"account": code, "debit": 100}, {"account": "4000", "credit": 100}]
        send(api, "POST", "/journal-entries", {**SALE, "reference": code, "lines": lines})

    listed = send(api, "GET", "/accounts", {"page_size": 500}).json()["results"]

    assert send(api, "GET", "/accounts/top").json()["balance"] == 200
    assert send(api, "GET", "/accounts/top/balance").json()["balance"] == 200
    assert {a["code"]: a["balance"] for a in listed if a["code"] in ("top", "a", "b")} == {
        "top": 200,
        "a": 100,
        "b": 100,
    }


def test_lists_by_code_and_filters(api):
    everything = send(api, "GET", "/accounts", {"page_size": 500}).json()["results"]
    cash = send(api, "GET", "/accounts", {"role": "cash"}).json()["results"]
    equity = send(api, "GET", "/accounts", {"type": "equity"}).json()["results"]
    archived = send(api, "GET", "/accounts", {"status": "archived"}).json()["results"]

    codes = [account["code"] for account in everything]
    assert codes == sorted(codes)
    assert [account["code"] for account in cash] == ["1000"]
    assert {account["type"] for account in equity} == {"equity"}
    assert archived == []


def test_pages_the_chart_without_gap_or_repetition(api):
    everything = send(api, "GET", "/accounts", {"page_size": 500}).json()["results"]

    seen = []
    page = send(api, "GET", "/accounts", {"page_size": 7}).json()
    while True:
        seen += page["results"]
        if page["next"] is None:
            break
        page = api.get(page["next"]).json()

    assert [a["code"] for a in seen] == [a["code"] for a in everything]


def test_changes_what_is_given_and_leaves_the_rest(api):
    before = send(api, "GET", "/accounts/1100").json()

    after = send(api, "PATCH", "/accounts/1100", {"name": "Trade debtors"}).json()

    assert after == {**before, "name": "Trade debtors"}


def test_replaces_an_account_whole(api):
    content = {"code": "vans", "name": "Vans", "type": "asset", "description": "All of them"}
    send(api, "POST", "/accounts", content)

    answer = send(api, "PUT", "/accounts/vans", {"code": "cars", "name": "Cars", "type": "asset"})

    assert answer.status_code == 200
    assert (answer.json()["code"], answer.json()["description"]) == ("cars", "")
    assert send(api, "GET", "/accounts/vans").status_code == 404


def test_archives_and_restores(api):
    archived = send(api, "PATCH", "/accounts/1100", {"status": "archived"})
    refused = send(api, "POST", "/journal-entries", SALE)
    restored = send(api, "PATCH", "/accounts/1100", {"status": "active"})

    assert archived.json()["status"] == "archived"
    assert (refused.status_code, code_of(refused)) == (422, "account_archived")
    assert restored.json()["status"] == "active"
    assert send(api, "POST", "/journal-entries", SALE).status_code == 201


@pytest.mark.parametrize("change", [{"type": "expense"}, {"currency": "USD"}])
def test_keeps_type_and_currency_under_lines(api, change):
    send(api, "POST", "/journal-entries", SALE)

    answer = send(api, "PATCH", "/accounts/1100", change)

    assert (answer.status_code, code_of(answer)) == (409, "account_in_use")


def test_deletes_an_account_that_nothing_refers_to(api):
    send(api, "POST", "/accounts", {"code": "vans", "name": "Vans", "type": "asset"})

    assert send(api, "DELETE", "/accounts/vans").status_code == 204
    assert send(api, "GET", "/accounts/vans").status_code == 404


def test_does_not_delete_an_account_with_lines(api):
    send(api, "POST", "/journal-entries", SALE)

    answer = send(api, "DELETE", "/accounts/1100")

    assert (answer.status_code, code_of(answer)) == (409, "account_in_use")


def test_gives_gross_totals_and_a_balance_as_the_books_stood(api):
    posted = send(api, "POST", "/journal-entries", SALE).json()

    now = send(api, "GET", "/accounts/2200/balance", {"as_of": "2010-12-31"}).json()
    before = send(api, "GET", "/accounts/2200/balance", {"known_at": "2010-12-31T00:00:00Z"}).json()
    known = send(api, "GET", "/accounts/2200/balance", {"known_at": posted["posted_at"]}).json()

    assert now == {
        "account": "2200",
        "as_of": "2010-12-31",
        "known_at": None,
        "currency": "GBP",
        "debits": 0,
        "credits": 24_35,
        "balance": 24_35,
    }
    assert before["balance"] == 0
    assert known["balance"] == 24_35


def test_gives_an_accounts_lines_with_running_balances(api):
    for day in (1, 2, 3):
        entry = {**SALE, "reference": f"sale-{day}", "effective_on": f"2010-12-0{day}"}
        send(api, "POST", "/journal-entries", entry)

    statement = send(
        api, "GET", "/accounts/1100/lines", {"from": "2010-12-02", "to": "2010-12-03"}
    ).json()

    assert (statement["opening"], statement["closing"]) == (163_47, 3 * 163_47)
    assert [(line["reference"], line["balance"]) for line in statement["lines"]] == [
        ("sale-2", 2 * 163_47),
        ("sale-3", 3 * 163_47),
    ]
    assert statement["lines"][0]["description"] == "receivable"


class TestTheLinesOfAParent:
    """`top` holds `b` and `a`, `a1` below `a`, all in pounds; below `us`, in dollars, are
    `us1` in dollars and `uk` in pounds."""

    @pytest.fixture(autouse=True)
    def chart(self, api):
        usd = {"currency": "USD"}
        for code, parent, more in (
            ("top", None, {}),
            ("b", "top", {}),
            ("a", "top", {}),
            ("a1", "a", {}),
            ("us", "top", usd),
            ("us1", "us", usd),
            ("uk", "us", {}),
        ):
            account = {"code": code, "name": code, "type": "asset", "parent": parent, **more}
            assert send(api, "POST", "/accounts", account).status_code == 201
        sales = {"code": "us-sales", "name": "US", "type": "revenue", **usd}
        assert send(api, "POST", "/accounts", sales).status_code == 201

    @pytest.fixture
    def sell(self, api):
        def sell(reference, day, account, amount, revenue="4000"):
            side, other = ("debit", "credit") if amount > 0 else ("credit", "debit")
            lines = [
                {"account": account, side: abs(amount)},
                {"account": revenue, other: abs(amount)},
            ]
            entry = {"reference": reference, "effective_on": day, "lines": lines}
            assert send(api, "POST", "/journal-entries", entry).status_code == 201

        return sell

    def test_are_those_below_it_in_its_currency_by_date(self, api, sell):
        sell("before", "2010-11-30", "b", 7)
        sell("third", "2010-12-03", "a1", 100)
        sell("first", "2010-12-01", "b", 50)
        sell("dollars", "2010-12-02", "us1", 1_000, "us-sales")
        sell("second", "2010-12-02", "a1", -20)
        sell("fourth", "2010-12-04", "uk", 1)
        sell("after", "2011-01-01", "b", 5)

        span = {"from": "2010-12-01", "to": "2010-12-31"}
        statement = send(api, "GET", "/accounts/top/lines", span).json()

        lines = [
            (line["reference"], line["account"], line["balance"]) for line in statement["lines"]
        ]
        assert lines == [
            ("first", "b", 57),
            ("second", "a1", 37),
            ("third", "a1", 137),
            ("fourth", "uk", 138),
        ]
        assert (statement["account"], statement["currency"]) == ("top", "GBP")
        assert (statement["opening"], statement["closing"]) == (7, 138)
        assert (statement["debits"], statement["credits"]) == (151, 20)
        for day, expected in (("2010-11-30", 7), ("2010-12-31", 138)):
            figure = send(api, "GET", "/accounts/top/balance", {"as_of": day}).json()
            assert figure["balance"] == expected

    def test_of_an_entry_on_two_of_them_are_in_the_entrys_order(self, api):
        lines = [{"account": "b", "credit": 30}, {"account": "a1", "debit": 30}]
        entry = {"reference": "moved", "effective_on": "2010-12-01", "lines": lines}
        assert send(api, "POST", "/journal-entries", entry).status_code == 201

        statement = send(api, "GET", "/accounts/top/lines").json()

        found = [
            (line["account"], line["position"], line["balance"]) for line in statement["lines"]
        ]
        assert found == [("b", 1, -30), ("a1", 2, 0)]
        assert statement["closing"] == 0

    def test_are_as_the_books_stood(self, api, sell):
        sell("known", "2010-12-01", "b", 50)
        known_at = send(api, "GET", "/accounts/top/lines").json()["lines"][0]["posted_at"]
        sell("later", "2010-12-01", "a1", 8)

        statement = send(api, "GET", "/accounts/top/lines", {"known_at": known_at}).json()

        assert [line["reference"] for line in statement["lines"]] == ["known"]
        assert (statement["opening"], statement["closing"]) == (0, 50)

    def test_leave_other_branches_out(self, api, sell):
        sell("b", "2010-12-01", "b", 50)
        sell("a1", "2010-12-02", "a1", 8)

        statement = send(api, "GET", "/accounts/a/lines").json()

        assert [line["account"] for line in statement["lines"]] == ["a1"]
        assert statement["closing"] == 8

    def test_take_as_many_statements_whatever_there_is(self, api, sell):
        def count():
            with CaptureQueriesContext(connection) as queries:
                assert send(api, "GET", "/accounts/top/lines").status_code == 200
            return len(queries)

        sell("one", "2010-12-01", "b", 50)
        few = count()
        for number in range(10):
            account = {"code": f"a-{number}", "name": "x", "type": "asset", "parent": "a"}
            assert send(api, "POST", "/accounts", account).status_code == 201
            sell(f"more-{number}", f"2010-{number + 1:02}-02", f"a-{number}", 1)

        assert count() == few


def test_refuses_more_lines_than_an_answer_holds(api, monkeypatch):
    monkeypatch.setattr("ledger.api.account_figures.MOST_LINES", 1)
    for reference in ("a", "b"):
        send(api, "POST", "/journal-entries", {**SALE, "reference": reference})

    answer = send(api, "GET", "/accounts/1100/lines")

    assert (answer.status_code, code_of(answer)) == (422, "too_many_lines")


def test_a_cashier_sees_accounts_without_their_balances(api, dan, signed_in):
    send(api, "POST", "/journal-entries", SALE)
    browser = signed_in(dan)

    one = browser.get("/api/v1/accounts/1000").json()
    many = browser.get("/api/v1/accounts").json()["results"]

    assert (one["code"], one["balance"], one["balances"]) == ("1000", None, None)
    assert {account["balance"] for account in many} == {None}
