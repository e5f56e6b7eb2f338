"""Settlements' statements, payees' balances and their reconciliation over HTTP."""

import csv
import io
import json
from typing import Any

import pytest

from settlements.models import Settlement
from tests.api import ROOT, code_of
from tests.settlements.market import IBAN, Market

pytestmark = pytest.mark.django_db


@pytest.fixture
def settlement(market: Market) -> Settlement:
    """Ana's, approved."""
    payee = market.payee(iban=IBAN)
    market.sell(payee)
    return market.approve(market.settle(payee))


def whole(answer: Any) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def streamed_json(answer: Any) -> Any:
    assert answer.status_code == 200
    return json.loads(whole(answer))


class TestStatement:
    def test_it_is_told_as_json(self, market_api, settlement):
        answer = market_api.get(f"{ROOT}/settlements/{settlement.pk}/statement")

        told = streamed_json(answer)
        assert answer["Content-Type"] == "application/json"
        assert told["settlement"] == str(settlement.pk)
        assert (told["opening_amount"], told["payout_amount"], told["closing_amount"]) == (
            0,
            90_00,
            0,
        )
        assert [line["entry_reference"] for line in told["lines"]] == ["sale:sale-1"]

    @pytest.mark.parametrize(
        ("format", "content_type", "start"),
        [
            ("csv", "text/csv; charset=utf-8", b"row,currency,date,what"),
            ("pdf", "application/pdf", b"%PDF-"),
            ("html", "text/html; charset=utf-8", b"<!doctype html>"),
            (
                "xlsx",
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                b"PK",
            ),
        ],
    )
    def test_it_is_a_file_or_a_page(self, market_api, settlement, format, content_type, start):
        answer = market_api.get(f"{ROOT}/settlements/{settlement.pk}/statement?format={format}")

        assert answer["Content-Type"] == content_type
        assert whole(answer).startswith(start)
        assert ("attachment" in answer.get("Content-Disposition", "")) == (format != "html")

    @pytest.mark.parametrize(
        ("query", "status"), [("format=docx", 400), ("format=csv&format=pdf", 400), ("x=1", 400)]
    )
    def test_a_form_that_there_is_not_is_refused(self, market_api, settlement, query, status):
        answer = market_api.get(f"{ROOT}/settlements/{settlement.pk}/statement?{query}")

        assert answer.status_code == status

    def test_another_organizations_is_not_there(self, mallorys_api, settlement):
        answer = mallorys_api.get(f"{ROOT}/settlements/{settlement.pk}/statement")

        assert (answer.status_code, code_of(answer)) == (404, "settlement_not_found")


class TestBalances:
    def test_all_payees_are_told_with_the_ledgers_word(self, market_api, market, settlement):
        market.sell(market.payee("bela"), 50_00)

        told = streamed_json(market_api.get(f"{ROOT}/payee-balances"))

        assert told["ties"] is True
        [part] = told["currencies"]
        assert [
            (row["code"], row["open_amount"], row["ledger_amount"]) for row in part["rows"]
        ] == [
            ("ana", 90_00, 90_00),
            ("bela", 45_00, 45_00),
        ]
        assert part["rows"][0]["awaiting_payout_amount"] == 90_00
        assert part["total_open_amount"] == part["total_ledger_amount"] == 135_00

    def test_on_an_earlier_day_it_was_unsettled(self, market_api, settlement):
        answer = market_api.get(f"{ROOT}/payee-balances?as_of=2026-03-15&payee=ana")

        [row] = streamed_json(answer)["currencies"][0]["rows"]
        assert (row["unsettled_amount"], row["awaiting_payout_amount"]) == (90_00, 0)

    def test_as_csv_with_a_total_that_ties(self, market_api, settlement):
        answer = market_api.get(f"{ROOT}/payee-balances?as_of=2026-12-31&format=csv")

        rows = list(csv.DictReader(io.StringIO(whole(answer).decode(), newline="")))
        assert answer["Content-Disposition"] == (
            'attachment; filename="market-payee-balances-2026-12-31.csv"'
        )
        assert [row["row"] for row in rows] == ["line", "result", "ties"]
        assert rows[1]["in the ledger"] == "90.00"

    @pytest.mark.parametrize("format", ["pdf", "xlsx"])
    def test_as_a_file(self, market_api, settlement, format):
        answer = market_api.get(f"{ROOT}/payee-balances?format={format}")

        assert answer.status_code == 200
        assert len(whole(answer)) > 1_000

    def test_another_organizations_payee_is_not_there(self, mallorys_api, settlement):
        payee = settlement.payee_id

        answer = mallorys_api.get(f"{ROOT}/payee-balances?payee={payee}")

        assert (answer.status_code, code_of(answer)) == (422, "unknown_payee")
        assert streamed_json(mallorys_api.get(f"{ROOT}/payee-balances"))["currencies"] == []


class TestReconciliation:
    def test_it_is_asked_for_now_and_for_any_day(self, market_api, settlement):
        for query in ("", "?as_of=2026-03-10", "?as_of=2030-01-01"):
            told = market_api.get(f"{ROOT}/reconciliation/settlements{query}").json()
            assert told == {
                "ties": True,
                "checks": [
                    {
                        "name": "settlements",
                        "passed": True,
                        "mismatch_count": 0,
                        "findings": [],
                    }
                ],
            }

    def test_a_check_that_is_of_now_takes_no_day(self, market_api, settlement):
        answer = market_api.get(f"{ROOT}/reconciliation/integrity?as_of=2026-03-10")
        assert answer.status_code == 400

        answer = market_api.get(f"{ROOT}/reconciliation/invoices?as_of=2026-03-10")
        assert (answer.status_code, code_of(answer)) == (422, "undated_check")

    def test_a_day_that_is_none_is_refused(self, market_api, settlement):
        answer = market_api.get(f"{ROOT}/reconciliation/settlements?as_of=yesterday")

        assert answer.status_code == 400
