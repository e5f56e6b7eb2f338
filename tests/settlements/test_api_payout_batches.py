"""Files for the bank over HTTP: made, listed, read, downloaded, refused."""

import hashlib
from base64 import b64encode
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from settlements.models import PayoutBatch, Settlement
from tests.api import ROOT, code_of, send
from tests.invoicing.api import made
from tests.settlements.market import IBAN, OTHER_IBAN, Market

pytestmark = pytest.mark.django_db

DEBTOR = {"name": "Market Ltd", "iban": OTHER_IBAN}


@pytest.fixture
def settlement(market: Market) -> Settlement:
    """Ana's, approved."""
    payee = market.payee(iban=IBAN)
    market.sell(payee)
    return market.approve(market.settle(payee))


def body(*settlements: Settlement, format: str = "pain.001", **others: Any) -> dict[str, Any]:
    given = {"debtor": DEBTOR} if format == "pain.001" else {}
    return {"settlements": [str(s.pk) for s in settlements], "format": format, **given, **others}


def export(api: Client, *settlements: Settlement, **others: Any) -> dict[str, Any]:
    batch: dict[str, Any] = made(send(api, "POST", "/payout-batches", body(*settlements, **others)))
    return batch


def refused(api: Client, content: Any) -> tuple[int, str, str | None]:
    answer = send(api, "POST", "/payout-batches", content)
    [error] = answer.json()["errors"]
    return answer.status_code, error["code"], error["attr"]


class TestExport:
    def test_a_file_is_made(self, market_api, settlement):
        batch = export(market_api, settlement)

        row = PayoutBatch.objects.of(settlement.organization_id).get()
        assert batch == {
            "id": str(row.pk),
            "format": "pain.001",
            "message_id": row.message_id,
            "currency": "EUR",
            "payout_count": 1,
            "control_sum_amount": 90_00,
            "executes_on": row.executes_on.isoformat(),
            "reason": "",
            "file_name": row.file_name,
            "content_hash": row.content_hash,
            "created_at": batch["created_at"],
        }

    def test_the_same_request_again_gets_the_same_answer(self, market_api, settlement):
        given = body(settlement)
        answers = [
            send(market_api, "POST", "/payout-batches", given, Idempotency_Key="once")
            for _ in range(2)
        ]

        assert answers[0].content == answers[1].content
        assert PayoutBatch.objects.of(settlement.organization_id).count() == 1

    def test_a_second_file_needs_a_reason(self, market_api, settlement):
        export(market_api, settlement)

        assert refused(market_api, body(settlement)) == (409, "already_exported", "reason")
        assert export(market_api, settlement, reason="lost")["reason"] == "lost"

    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({"settlements": []}, (422, "empty_payout_batch", "settlements")),
            ({"settlements": [str(uuid4())]}, (422, "unknown_settlement", "settlements")),
            ({"executes_on": "2020-01-01"}, (422, "invalid_payout_batch", "executes_on")),
            ({"executes_on": "2040-12-25"}, (422, "invalid_payout_batch", "executes_on")),
            ({"debtor": {"name": "M", "iban": "XX"}}, (422, "invalid_iban", "debtor.iban")),
            (
                {"debtor": {"name": "M", "iban": OTHER_IBAN, "bic": "NOBIC"}},
                (422, "invalid_bic", "debtor.bic"),
            ),
            ({"format": "mt101"}, (400, "invalid_choice", "format")),
            ({"settlements": ["ana"]}, (400, "invalid", "settlements.0")),
            ({"debtor": {"name": "M"}}, (400, "required", "debtor.iban")),
            ({"currency": "EUR"}, (400, "unknown_field", "currency")),
        ],
    )
    def test_what_makes_no_sense_is_refused(self, market_api, settlement, changes, expected):
        assert refused(market_api, {**body(settlement), **changes}) == expected
        assert not PayoutBatch.objects.of(settlement.organization_id).exists()

    def test_one_named_twice_is_refused(self, market_api, settlement):
        assert refused(market_api, body(settlement, settlement)) == (
            422,
            "settlement_repeated",
            "settlements",
        )

    def test_without_a_debtor_the_payout_profile_has_to_be_set(self, market_api, settlement):
        given = body(settlement)
        del given["debtor"]

        assert refused(market_api, given) == (422, "payout_profile_missing", "debtor")

    def test_one_that_is_not_approved_is_refused(self, market_api, market):
        payee = market.payee(iban=IBAN)
        market.sell(payee)

        assert refused(market_api, body(market.settle(payee))) == (
            422,
            "batch_settlement_not_processing",
            "settlements",
        )

    def test_another_organizations_settlement_is_not_there(self, mallorys_api, settlement):
        assert refused(mallorys_api, body(settlement, format="csv")) == (
            422,
            "unknown_settlement",
            "settlements",
        )


class TestReading:
    def test_the_list_has_the_latest_first(self, market_api, settlement):
        first = export(market_api, settlement)
        second = export(market_api, settlement, format="csv", reason="as CSV")

        listed = send(market_api, "GET", "/payout-batches").json()["results"]

        assert listed == [second, first]

    def test_it_is_filtered_by_format_and_settlement(self, market_api, market, settlement):
        export(market_api, settlement)
        bela = market.payee("bela", iban=IBAN)
        market.sell(bela)
        belas = export(market_api, market.approve(market.settle(bela)), format="csv")

        def ids(query: str) -> list[str]:
            answer = send(market_api, "GET", f"/payout-batches?{query}")
            return [row["id"] for row in answer.json()["results"]]

        assert ids("format=csv") == [belas["id"]]
        assert belas["id"] not in ids(f"settlement={settlement.pk}")
        assert len(ids(f"settlement={settlement.pk}")) == 1
        unknown = send(market_api, "GET", f"/payout-batches?settlement={uuid4()}")
        assert (unknown.status_code, code_of(unknown)) == (422, "unknown_settlement")

    def test_one_is_told_payout_by_payout(self, market_api, settlement):
        batch = export(market_api, settlement)

        told = send(market_api, "GET", f"/payout-batches/{batch['id']}").json()

        assert told == {
            **batch,
            "payouts": [
                {
                    "position": 1,
                    "settlement": str(settlement.pk),
                    "payee": "ana",
                    "end_to_end_id": f"{settlement.pk.hex}-1",
                    "amount": 90_00,
                    "status": "initiated",
                }
            ],
        }

    @pytest.mark.parametrize(
        ("format", "content_type"),
        [("pain.001", "application/xml"), ("csv", "text/csv; charset=utf-8")],
    )
    def test_the_file_is_downloaded_as_it_was_made(
        self, market_api, settlement, format, content_type
    ):
        batch = export(market_api, settlement, format=format)

        answer = market_api.get(f"{ROOT}/payout-batches/{batch['id']}/file")

        digest = hashlib.sha256(answer.content)
        assert answer.status_code == 200
        assert answer["Content-Type"] == content_type
        assert answer["Content-Disposition"] == f'attachment; filename="{batch["file_name"]}"'
        assert digest.hexdigest() == batch["content_hash"]
        assert answer["ETag"] == f'"{batch["content_hash"]}"'
        assert answer["Repr-Digest"] == f"sha-256=:{b64encode(digest.digest()).decode()}:"

    def test_who_has_it_already_does_not_get_it_again(self, market_api, settlement):
        batch = export(market_api, settlement)

        answer = market_api.get(
            f"{ROOT}/payout-batches/{batch['id']}/file",
            headers={"If-None-Match": f'"{batch["content_hash"]}"'},
        )

        assert (answer.status_code, answer.content) == (304, b"")

    @pytest.mark.parametrize("path", ["", "/file"])
    def test_another_organizations_is_not_there(self, market_api, mallorys_api, settlement, path):
        batch = export(market_api, settlement)

        answer = mallorys_api.get(f"{ROOT}/payout-batches/{batch['id']}{path}")

        assert (answer.status_code, code_of(answer)) == (404, "payout_batch_not_found")
