"""Periods, reports, reconciliation, the cashbook, rates and the audit trail over HTTP."""

import csv
import io
from typing import Any
from uuid import uuid4

import pytest

from ledger.selectors.reports import REPORTS
from organizations.models import ApiKey, AuditEvent
from organizations.services.auditing import atomic_use_case
from organizations.services.members import remove_member
from tests.api import SALE, code_of, send

pytestmark = pytest.mark.django_db


class TestPeriods:
    def test_are_closed_and_reopened(self, api):
        before = send(api, "GET", "/periods").json()
        closed = send(api, "POST", "/periods/close", {"through": "2010-12-31"})
        refused = send(api, "POST", "/journal-entries", SALE)
        reopened = send(
            api, "POST", "/periods/reopen", {"through": "2010-11-30", "reason": "A late invoice"}
        )

        assert before["closed_through"] is None
        assert (closed.status_code, closed.json()) == (200, {"closed_through": "2010-12-31"})
        assert code_of(refused) == "books_closed"
        assert reopened.json() == {"closed_through": "2010-11-30"}
        assert send(api, "GET", "/periods").json()["closed_through"] == "2010-11-30"
        assert send(api, "POST", "/journal-entries", SALE).status_code == 201

    def test_are_opened_altogether(self, api):
        send(api, "POST", "/periods/close", {"through": "2010-12-31"})

        answer = send(api, "POST", "/periods/reopen", {"through": None, "reason": "A new start"})

        assert answer.json() == {"closed_through": None}

    @pytest.mark.parametrize(
        ("path", "content", "code"),
        [
            ("close", {"through": "2199-12-31"}, "close_in_the_future"),
            ("reopen", {"through": "2010-11-30", "reason": "Not closed"}, "not_closed"),
            ("close-year", {"year": 2198}, "year_not_over"),
            ("reopen-year", {"year": 2010, "reason": "Not closed"}, "year_not_closed"),
        ],
    )
    def test_are_not_closed_or_opened_where_that_makes_no_sense(self, api, path, content, code):
        answer = send(api, "POST", f"/periods/{path}", content)

        assert answer.status_code in (409, 422)
        assert code_of(answer) == code

    def test_a_year_is_closed_and_reopened(self, api):
        send(api, "POST", "/journal-entries", SALE)

        closed = send(api, "POST", "/periods/close-year", {"year": 2010})
        earned = send(api, "GET", "/accounts", {"role": "retained_earnings"}).json()["results"]
        reopened = send(api, "POST", "/periods/reopen-year", {"year": 2010, "reason": "Late"})

        assert closed.status_code == 200
        assert closed.json()["closed_through"] == "2010-12-31"
        assert earned[0]["balance"] == 139_12
        assert reopened.json()["closed_through"] == "2010-12-30"
        entry = send(api, "GET", f"/journal-entries/{closed.json()['entry']}").json()
        assert entry["reversed_by"] == reopened.json()["entry"]


class TestReports:
    @pytest.fixture(autouse=True)
    def sale(self, api: Any) -> None:
        assert send(api, "POST", "/journal-entries", SALE).status_code == 201

    def test_the_trial_balance_is_in_its_promised_shape(self, api):
        report = send(api, "GET", "/reports/trial-balance", {"as_of": "2010-12-31"}).json()

        assert (report["report"], report["organization"]) == ("trial-balance", "acme")
        assert (report["as_of"], report["ties"]) == ("2010-12-31", True)
        [gbp] = report["currencies"]
        assert (gbp["currency"], gbp["total_debit"], gbp["total_credit"]) == (
            "GBP",
            163_47,
            163_47,
        )
        assert [(r["code"], r["debit"], r["credit"]) for r in gbp["rows"]] == [
            ("1100", 163_47, 0),
            ("2200", 0, 24_35),
            ("4000", 0, 139_12),
        ]

    def test_the_balance_sheet_is_in_its_promised_shape(self, api):
        [gbp] = send(api, "GET", "/reports/balance-sheet", {"as_of": "2010-12-31"}).json()[
            "currencies"
        ]

        assert gbp["current_earnings"] == 139_12
        assert (gbp["total_assets"], gbp["total_liabilities"], gbp["is_balanced"]) == (
            163_47,
            24_35,
            True,
        )
        [row] = gbp["assets"]
        assert (row["code"], row["balance"]) == ("1100", 163_47)

    def test_the_revenue_report_is_in_its_promised_shape(self, api):
        query = {"from": "2010-12-01", "to": "2010-12-31"}
        [gbp] = send(api, "GET", "/reports/revenue", query).json()["currencies"]

        assert gbp["total_revenue"] == 139_12
        [item] = gbp["items"]
        assert (item["code"], item["amount"]) == ("4000", 139_12)

    def test_moments_are_spelt_as_everywhere_else(self, api):
        [entry] = send(api, "GET", "/journal-entries").json()["results"]
        query = {"from": "2010-12-01", "to": "2010-12-31", "known_at": "2199-01-01T01:00:00+01:00"}

        report = send(api, "GET", "/reports/journal", query).json()

        assert report["known_at"] == "2199-01-01T00:00:00Z"
        assert report["entries"][0]["posted_at"] == entry["posted_at"]

    @pytest.mark.parametrize("name", REPORTS)
    @pytest.mark.parametrize(
        ("format", "content_type", "begins"),
        [
            ("json", "application/json", b"{"),
            ("csv", "text/csv", b""),
            (
                "xlsx",
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                b"PK",
            ),
            ("pdf", "application/pdf", b"%PDF"),
        ],
    )
    def test_every_report_comes_in_every_format(self, api, name, format, content_type, begins):
        span = (
            {"as_of": "2010-12-31"}
            if "as_of" in REPORTS[name].parameters
            else {"from": "2010-12-01", "to": "2010-12-31"}
        )

        answer = send(api, "GET", f"/reports/{name}", {**span, "format": format})

        assert answer.status_code == 200
        assert answer["Content-Type"].startswith(content_type)
        content = answer.getvalue()
        assert content.startswith(begins)
        assert len(content) > 40
        if format != "json":
            disposition = answer["Content-Disposition"]
            assert disposition.startswith(f'attachment; filename="acme-{name}-2010-12-')
            assert disposition.endswith(f'.{format}"')

    def test_a_csv_holds_the_same_figures(self, api):
        answer = send(
            api, "GET", "/reports/trial-balance", {"as_of": "2010-12-31", "format": "csv"}
        )

        text = answer.getvalue().decode("utf-8-sig")
        codes = [row for row in csv.reader(io.StringIO(text)) if "1100" in row]
        assert len(codes) == 1

    @pytest.mark.parametrize(
        ("path", "query", "attr"),
        [
            ("trial-balance", {"as_of": "2010-02-30"}, "as_of"),
            ("trial-balance", {"from": "2010-01-01"}, "from"),
            ("trial-balance", {"format": "doc"}, "format"),
            ("revenue", {"from": "2010-12-31", "to": "2010-12-01"}, "from"),
            ("revenue", {"known_at": "yesterday"}, "known_at"),
            ("revenue", {"currency": "pounds"}, "currency"),
        ],
    )
    def test_refuses_a_parameter_that_it_does_not_understand(self, api, path, query, attr):
        answer = send(api, "GET", f"/reports/{path}", query)

        assert answer.status_code == 400
        assert attr in [error["attr"] for error in answer.json()["errors"]]

    def test_refuses_a_currency_into_which_no_rate_leads(self, api):
        answer = send(api, "GET", "/reports/trial-balance", {"currency": "USD"})

        assert (answer.status_code, code_of(answer)) == (422, "rate_missing")

    def test_reads_the_books_in_another_currency(self, api):
        rate = {
            "currency": "GBP",
            "quote_currency": "USD",
            "valid_on": "2010-12-01",
            "rate": "1.5",
        }
        assert send(api, "POST", "/exchange-rates", rate).status_code == 201

        query = {"currency": "USD", "as_of": "2010-12-31"}
        report = send(api, "GET", "/reports/balance-sheet", query).json()

        assert report["reporting_currency"] == "USD"
        assert report["currencies"][0]["total_assets"] == 245_21  # 163.47 × 1.5 = 245.205

    def test_are_listed_with_what_they_take(self, api):
        listed = send(api, "GET", "/reports").json()

        assert [report["name"] for report in listed] == list(REPORTS)


class TestReconciliation:
    def test_the_books_are_re_derived(self, api):
        send(api, "POST", "/journal-entries", SALE)

        answer = send(api, "GET", "/reconciliation/integrity").json()

        assert answer["ties"] is True
        assert {check["passed"] for check in answer["checks"]} == {True}
        assert all(check["findings"] == [] for check in answer["checks"])

    def test_one_check_is_run_by_its_name(self, api):
        answer = send(api, "GET", "/reconciliation/cashbook").json()

        assert [check["name"] for check in answer["checks"]] == ["cashbook"]

    def test_a_check_that_is_not_there_is_404(self, api):
        answer = send(api, "GET", "/reconciliation/horoscope")

        assert (answer.status_code, code_of(answer)) == (404, "unknown_check")

    def test_runs_are_recorded_and_listed(self, api):
        recorded = send(api, "POST", "/reconciliation/runs", {"checks": ["cashbook"]})
        send(api, "POST", "/reconciliation/runs", {})

        assert recorded.status_code == 201
        assert recorded.json()["ties"] is True
        [run] = recorded.json()["runs"]
        query = {"check": "cashbook", "page_size": 500}
        listed = send(api, "GET", "/reconciliation/runs", query).json()["results"]
        assert len(listed) == 2
        assert run in listed


class TestCashbook:
    def test_records_a_movement_backed_by_an_entry(self, api):
        content = {
            "kind": "REVENUE",
            "amount": 125_00,
            "currency": "GBP",
            "occurred_at": "2010-12-01T10:00:00+01:00",
            "memo": "Stall",
        }

        answer = send(api, "POST", "/cash-entries", content)

        assert answer.status_code == 201
        entry = answer.json()
        assert (entry["amount"], entry["occurred_at"]) == (125_00, "2010-12-01T09:00:00Z")
        backing = send(api, "GET", f"/journal-entries/{entry['journal_entry']}").json()
        assert (backing["status"], backing["total_amount"]) == ("posted", 125_00)

    def test_settles_a_debt_once(self, api):
        debt = {"kind": "DEBT", "amount": 100_00, "currency": "GBP"}
        lent = send(api, "POST", "/cash-entries", debt).json()

        settled = send(api, "POST", f"/cash-entries/{lent['id']}/settle", {})
        again = send(api, "POST", f"/cash-entries/{lent['id']}/settle", {})

        assert settled.status_code == 200
        assert settled.json()["settled_by"] is not None
        assert (again.status_code, code_of(again)) == (409, "debt_already_settled")

    @pytest.mark.parametrize(("kind", "amount"), [("REVENUE", -1), ("EXPENSE", 1), ("DEBT", 0)])
    def test_refuses_a_wrong_sign(self, api, kind, amount):
        content = {"kind": kind, "amount": amount, "currency": "GBP"}

        answer = send(api, "POST", "/cash-entries", content)

        assert (answer.status_code, code_of(answer)) == (422, "wrong_sign")

    def test_a_closed_day_is_refused_by_the_name_that_the_body_has_for_it(self, api):
        day = {"occurred_at": "2010-11-30T12:00:00Z"}
        debt = {"kind": "DEBT", "amount": 1_00, "currency": "GBP", **day}
        lent = send(api, "POST", "/cash-entries", debt).json()
        send(api, "POST", "/periods/close", {"through": "2010-12-31"})

        entered = send(api, "POST", "/cash-entries", debt)
        settled = send(
            api,
            "POST",
            f"/cash-entries/{lent['id']}/settle",
            {"settled_at": "2010-12-31T12:00:00Z"},
        )

        for answer, attr in ((entered, "occurred_at"), (settled, "settled_at")):
            assert (answer.status_code, code_of(answer)) == (422, "books_closed")
            assert answer.json()["errors"][0]["attr"] == attr

    def test_an_archived_account_is_no_field_of_the_body(self, api):
        content = {"kind": "DEBT", "amount": 1_00, "currency": "GBP"}
        lent = send(api, "POST", "/cash-entries", content).json()
        [loan] = send(api, "GET", "/accounts", {"role": "loans_receivable"}).json()["results"]
        send(api, "PATCH", f"/accounts/{loan['id']}", {"status": "archived"})

        answer = send(api, "POST", f"/cash-entries/{lent['id']}/settle", {})

        assert (answer.status_code, code_of(answer)) == (422, "account_archived")
        assert answer.json()["errors"][0]["attr"] is None

    def test_gives_metrics_per_currency(self, api):
        for kind, amount in (("REVENUE", 500), ("EXPENSE", -200), ("DEBT", 70)):
            content = {"kind": kind, "amount": amount, "currency": "GBP"}
            assert send(api, "POST", "/cash-entries", content).status_code == 201

        [gbp] = send(api, "GET", "/cash-metrics").json()["currencies"]

        assert gbp == {
            "currency": "GBP",
            "current_balance": 300,
            "loan_balance": 70,
            "mtd_revenue": 500,
        }

    def test_lists_the_latest_first_and_filters(self, api, alice):
        for day, user in ((1, None), (2, str(alice.pk)), (3, None)):
            content = {
                "kind": "REVENUE",
                "amount": day,
                "currency": "GBP",
                "occurred_at": f"2010-12-0{day}T23:59:59Z",
                "user": user,
            }
            assert send(api, "POST", "/cash-entries", content).status_code == 201

        def amounts(**query: str) -> list[int]:
            listed = send(api, "GET", "/cash-entries", query).json()["results"]
            return [entry["amount"] for entry in listed]

        assert amounts() == [3, 2, 1]
        assert amounts(user=str(alice.pk)) == [2]
        assert amounts(to="2010-12-02") == [2, 1]
        assert amounts(**{"from": "2010-12-02"}) == [3, 2]
        assert amounts(kind="DEBT") == []

    @pytest.mark.parametrize("path", ["/cash-entries", "/cash-metrics"])
    def test_of_somebody_who_does_not_belong_here_are_404(self, api, mallory, path):
        for user in (mallory.pk, uuid4()):
            answer = send(api, "GET", path, {"user": str(user)})

            assert (answer.status_code, code_of(answer)) == (404, "not_a_member")

    def test_of_somebody_who_has_left_are_still_there(self, api, as_olga, alice):
        for amount, user in ((5_00, str(alice.pk)), (7_00, None)):
            content = {"kind": "REVENUE", "amount": amount, "currency": "GBP", "user": user}
            assert send(api, "POST", "/cash-entries", content).status_code == 201
        remove_member(actor=as_olga, user=alice)

        query = {"user": str(alice.pk)}
        [entry] = send(api, "GET", "/cash-entries", query).json()["results"]
        [gbp] = send(api, "GET", "/cash-metrics", query).json()["currencies"]

        assert (entry["amount"], entry["user"]) == (5_00, str(alice.pk))
        assert gbp["current_balance"] == 5_00


class TestExchangeRates:
    def test_are_set_replaced_and_listed(self, api):
        rate = {
            "currency": "EUR",
            "quote_currency": "GBP",
            "valid_on": "2010-12-01",
            "rate": "0.8432",
        }
        first = send(api, "POST", "/exchange-rates", rate)
        send(api, "POST", "/exchange-rates", {**rate, "rate": "0.85"})

        [listed] = send(api, "GET", "/exchange-rates", {"currency": "EUR"}).json()["results"]
        assert (first.status_code, first.json()["rate"]) == (201, "0.8432")
        assert listed["rate"] == "0.85"
        assert send(api, "GET", "/exchange-rates", {"to": "2010-11-30"}).json()["results"] == []

    @pytest.mark.parametrize("rate", ["0", "-1", "many", "NaN", "1e400", "1" * 30])
    def test_are_refused_where_they_are_none(self, api, rate):
        content = {
            "currency": "EUR",
            "quote_currency": "GBP",
            "valid_on": "2010-12-01",
            "rate": rate,
        }

        answer = send(api, "POST", "/exchange-rates", content)

        assert (answer.status_code, code_of(answer)) == (422, "bad_rate")


class TestAuditTrail:
    def test_says_who_did_what_to_which_row_and_from_where(self, api, api_key):
        entry = send(api, "POST", "/journal-entries", SALE).json()

        [event] = send(api, "GET", "/audit-events", {"subject": entry["id"]}).json()["results"]

        assert event["action"] == "post_entries"
        assert (event["subject_count"], event["subject_ids"]) == (1, [entry["id"]])
        assert event["api_key"] == entry["maker"]["id"]
        assert event["ip_address"] == "127.0.0.1"
        assert event["after"]["reference"] == SALE["reference"]

    def test_every_write_leaves_one(self, api):
        writes: list[tuple[str, str, Any]] = [
            ("POST", "/accounts", {"code": "x", "name": "X", "type": "asset"}),
            ("PATCH", "/accounts/x", {"name": "Y"}),
            ("DELETE", "/accounts/x", None),
            ("POST", "/journal-entries", SALE),
            ("POST", "/journal-entries", {**SALE, "reference": "p", "status": "pending"}),
            ("POST", "/periods/close", {"through": "2010-11-30"}),
            ("POST", "/periods/reopen", {"through": None, "reason": "Late"}),
            ("POST", "/cash-entries", {"kind": "REVENUE", "amount": 1, "currency": "GBP"}),
            ("POST", "/reconciliation/runs", {"checks": ["cashbook"]}),
        ]
        for method, path, content in writes:
            before = AuditEvent.objects.count()
            assert send(api, method, path, content).status_code < 300, path
            assert AuditEvent.objects.count() == before + 1, path

    def test_counts_the_rows_of_a_bulk_and_lists_the_first_hundred(self, api):
        entries = [{**SALE, "reference": f"sale-{n}"} for n in range(150)]
        posted = send(api, "POST", "/journal-entries/bulk", {"entries": entries}).json()["results"]
        ids = [result["id"] for result in posted]

        listed = send(api, "GET", "/audit-events", {"action": "post_entries"}).json()["results"]
        by_last = send(api, "GET", "/audit-events", {"subject": ids[-1]}).json()["results"]

        [event] = listed
        assert event["subject_count"] == 150
        assert event["subject_ids"] == ids[:100]
        assert by_last == listed

    def test_an_event_about_no_row_counts_none(self, api, system):
        with atomic_use_case(system, "look_around") as audit:
            audit()

        [event] = send(api, "GET", "/audit-events", {"action": "look_around"}).json()["results"]

        assert (event["subject_count"], event["subject_ids"]) == (0, [])

    def test_a_key_of_the_same_name_elsewhere_finds_nothing_here(self, api, mallorys_api):
        send(api, "POST", "/journal-entries", SALE)

        query = {"actor": "Shop", "action": "post_entries"}
        assert send(mallorys_api, "GET", "/audit-events", query).json()["results"] == []

    def test_filters_by_actor_action_and_day(self, api, acme, signed_in, alice):
        [api_key] = ApiKey.objects.of(acme)
        send(api, "POST", "/journal-entries", SALE)
        send(signed_in(alice), "POST", "/journal-entries", {**SALE, "reference": "alices"})

        def found(**query: str) -> int:
            return len(send(api, "GET", "/audit-events", query).json()["results"])

        assert found(actor=str(alice.pk)) == 1
        assert found(actor="Alice") == 1
        assert found(actor="alice") == 1
        assert found(actor="Shop") == found(actor=str(api_key)) == 1
        assert found(actor="Nobody") == 0
        assert found(action="post_entries") == 2
        assert found(action="post_entries", to="2010-12-31") == 0
        assert found(subject="journalentry") == 2
        assert found(subject="nothing") == 0
